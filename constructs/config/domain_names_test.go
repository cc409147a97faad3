package config

import (
	"reflect"
	"strings"
	"testing"
)

// CloudFront refuses the second distribution of a name, in whichever account
// and Region.
func TestADomainNameBelongsToOneEnvironment(t *testing.T) {
	domain := func(names string) string {
		return `"domain": {"names": [` + names + `], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}`
	}
	const (
		because = ": CloudFront gives a domain name to one distribution in all of AWS"
		pattern = `"pr.example.com", which every environment of the pattern would have; write the environment's name into it, such as "{environment}.example.com", or give the name to an environment of its own` + because
	)
	for _, test := range []struct {
		name         string
		environments string
		want         []string
	}{
		{"names of their own", `"a": {` + domain(`"a.example.com", "*.a.example.com"`) + `}, "b": {` + domain(`"b.example.com"`) + `}`, nil},
		{"one name of two", `"a": {` + domain(`"a.example.com", "example.com"`) + `}, "b": {` + domain(`"b.example.com", "example.com"`) + `}, "c": {` + domain(`"example.com"`) + `}`, []string{
			`environments.b.domain.names[1]: "example.com", which environment "a" has too; write another one` + because,
			`environments.c.domain.names[0]: "example.com", which environment "a" has too; write another one` + because,
		}},
		{"one wildcard of two", `"a": {` + domain(`"a.example.com", "*.example.com"`) + `}, "b": {` + domain(`"b.example.com", "*.example.com"`) + `}`, []string{
			`environments.b.domain.names[1]: "*.example.com", which environment "a" has too; write another one` + because,
		}},
		{"one name in two Regions", `"a": {"region": "eu-west-1", ` + domain(`"example.com"`) + `}, "b": {"region": "us-east-1", ` + domain(`"example.com"`) + `}`, []string{
			`environments.b.domain.names[0]: "example.com", which environment "a" has too; write another one` + because,
		}},
		{"a name within a wildcard, which CloudFront serves by the name", `"a": {` + domain(`"a.example.com", "*.example.com"`) + `}, "b": {` + domain(`"b.example.com"`) + `}`, nil},
		{"a name of a pattern", `"a": {}, "pr-*": {` + domain(`"pr.example.com"`) + `}`, []string{`environments["pr-*"].domain.names[0]: ` + pattern}},
		{"a name of a pattern and of another one", `"a": {` + domain(`"pr.example.com"`) + `}, "pr-*": {` + domain(`"pr.example.com"`) + `}`, []string{`environments["pr-*"].domain.names[0]: ` + pattern}},
		{"names with those of their environments", `"a": {` + domain(`"{environment}.example.com"`) + `}, "pr-*": {` + domain(`"{environment}.example.com", "*.{environment}.example.com", "x-{environment}.example.com"`) + `}, "qa-*": {` + domain(`"{environment}.example.com"`) + `}`, nil},
		{"a name that an environment of a pattern makes too", `"live": {` + domain(`"pr-1.example.com"`) + `}, "pr-*": {` + domain(`"{environment}.example.com"`) + `}`, []string{
			`environments["pr-*"].domain.names[0]: "{environment}.example.com", which makes "pr-1.example.com", a name that environment "live" has too; write another one` + because,
		}},
		{"a name that an environment of a pattern would make, if it had none of its own", `"pr-1": {` + domain(`"pr-1.example.com"`) + `}, "pr-*": {` + domain(`"{environment}.example.com"`) + `}`, nil},
		{"a name that no environment of a pattern makes", `"live": {` + domain(`"live.example.com"`) + `}, "pr-*": {` + domain(`"{environment}.example.com"`) + `}`, nil},
		{"one name that two environments make", `"a": {` + domain(`"{environment}-b.example.com"`) + `}, "a-b": {` + domain(`"{environment}.example.com"`) + `}`, []string{
			`environments.a-b.domain.names[0]: "a-b.example.com", which environment "a" has too; write another one` + because,
		}},
		{"a longer name that two environments make", `"live": {` + domain(`"pr-1.preview.media.example.com"`) + `}, "pr-*": {` + domain(`"{environment}.preview.media.example.com"`) + `}`, []string{
			`environments["pr-*"].domain.names[0]: "{environment}.preview.media.example.com", which makes "pr-1.preview.media.example.com", a name that environment "live" has too; write another one` + because,
		}},
		{"a name that two environments of a pattern make", `"live": {}, "*": {` + domain(`"{environment}.example.com", "cdn-{environment}.example.com"`) + `}`, []string{
			`environments["*"].domain.names[1]: "cdn-{environment}.example.com", which makes "cdn-a.example.com", a name that environment "*" has too; write another one` + because,
		}},
		{"a name that environments of two patterns make", `"b-*": {` + domain(`"a-{environment}.example.com"`) + `}, "a-*": {` + domain(`"{environment}.example.com"`) + `}, "live": {}`, []string{
			`environments["b-*"].domain.names[0]: "a-{environment}.example.com", which makes "a-b-1.example.com", a name that environment "a-*" has too; write another one` + because,
		}},
		{"a name that two patterns make of names that overlap", `"a-*": {` + domain(`"{environment}-x.example.com"`) + `}, "b-*": {` + domain(`"a-{environment}.example.com"`) + `}, "live": {}`, []string{
			`environments["b-*"].domain.names[0]: "a-{environment}.example.com", which makes "a-b-x.example.com", a name that environment "a-*" has too; write another one` + because,
		}},
		{"the environment twice in a name", `"dev": {` + domain(`"{environment}.{environment}.example.com"`) + `}`, []string{
			`environments.dev.domain.names[0]: "{environment}.{environment}.example.com"; write {environment} once in a name`,
		}},
		{"another word in braces", `"dev": {` + domain(`"{project}.example.com"`) + `}`, []string{
			`environments.dev.domain.names[0]: "{project}.example.com"; write {environment} exactly, in place of the name of the environment`,
		}},
		{"the mark as a shell has it", `"dev": {` + domain(`"${environment}.example.com"`) + `}`, []string{
			`environments.dev.domain.names[0]: "${environment}.example.com"; write {environment} exactly, in place of the name of the environment`,
		}},
		{"the mark in capital letters, and half of it", `"dev": {` + domain(`"{ENVIRONMENT}.example.com", "environment}.example.com"`) + `}`, []string{
			`environments.dev.domain.names[0]: "{ENVIRONMENT}.example.com"; write {environment} exactly, in place of the name of the environment`,
			`environments.dev.domain.names[1]: "environment}.example.com"; write {environment} exactly, in place of the name of the environment`,
		}},
		{"the mark and nothing else", `"dev": {` + domain(`"{environment}"`) + `}`, []string{
			`environments.dev.domain.names[0]: "{environment}"; write a domain name in lower case, such as "example.com", optionally after *.`,
		}},
		{"an environment whose name makes too long a part", `"a-name-of-an-environment-of-38-letters": {` + domain(`"{environment}-of-the-preview-branches-x.example.com"`) + `}`, []string{
			`environments.a-name-of-an-environment-of-38-letters.domain.names[0]: "a-name-of-an-environment-of-38-letters-of-the-preview-branches-x.example.com", with 64 characters between dots; write at most 63 there`,
		}},
		{"names that cannot be read", `"a": {` + domain(`1`) + `}, "b": {` + domain(`2`) + `}`, []string{
			"environments.a.domain.names[0]: the number 1; write a string, such as \"media.example.com\"",
			"environments.b.domain.names[0]: the number 2; write a string, such as \"media.example.com\"",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(context(t, `{"project": "p", "environments": {`+test.environments+`}}`), nil)
			if got := problemsIn(t, err, ""); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestNamesWithinAWildcardOfAnotherAccountAreWarnedOf(t *testing.T) {
	domain := func(account, names string) string {
		return `{"account": "` + account + `", "domain": {"names": [` + names + `], "certificate": "arn:aws:acm:us-east-1:` + account + `:certificate/a"}}`
	}
	const one, two = "111122223333", "444455556666"
	for _, test := range []struct {
		name, a, b string
		want       []string
	}{
		{"in one account", domain(one, `"a.example.org", "*.example.com"`), domain(one, `"media.example.com"`), nil},
		{"in two", domain(one, `"a.example.org", "*.example.com"`), domain(two, `"example.com", "media.example.com", "a.media.example.com", "*.example.org"`), []string{
			`environments.a.domain.names[0]: "a.example.org", which lies within "*.example.org" of environment "b" in another account; put both into one account: CloudFront may refuse overlapping names in two accounts`,
			`environments.b.domain.names[1]: "media.example.com", which lies within "*.example.com" of environment "a" in another account; put both into one account: CloudFront may refuse overlapping names in two accounts`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(context(t, `{"project": "p", "environments": {"a": `+test.a+`, "b": `+test.b+`}}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := problemsIn(t, c.Warnings(), ""); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestTheNameOfAnEnvironmentIsPutIntoItsDomainNames(t *testing.T) {
	read := func(env, environments string) (*Config, error) {
		return Read(context(t, `{"project": "p", "env": "`+env+`", "environments": {`+environments+`}}`), nil)
	}
	const preview = `{"domain": {"names": ["{environment}.example.com", "*.x-{environment}.example.com", "files.{environment}.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`
	for env, want := range map[string][]string{
		"pr-42": {"pr-42.example.com", "*.x-pr-42.example.com", "files.pr-42.example.com"},
		"test":  {"test.example.com", "*.x-test.example.com", "files.test.example.com"},
	} {
		c, err := read(env, `"pr-*": `+preview+`, "test": `+preview)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Environments[0].Content.Domain.Names; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", env, got, want)
		}
	}

	// Of a pattern, that is known when one of its environments is chosen.
	const long = `"pr-*": {"region": "eu-west-1", "domain": {"names": ["{environment}-of-the-preview-branches-x.example.com"], "hostedZone": {"id": "Z1", "name": "example.com"}}}`
	if _, err := read("pr-1", long); err != nil {
		t.Error(err)
	}
	const tooLong = `environments["pr-*"].domain.names[0]: "pr-name-of-an-environment-of-38-letter-of-the-preview-branches-x.example.com", `
	for env, want := range map[string]string{
		"pr-name-of-an-environment-of-38-letter": tooLong + "with 64 characters between dots; write at most 63 there",
		"pr-name-of-an-environment-of-36-lette":  strings.Replace(tooLong, "38-letter", "36-lette", 1) + "of 75 characters; put one of at most 64 characters first, because it becomes the common name of the new certificate, or write a certificate",
	} {
		_, err := read(env, long)
		if got := problemsIn(t, err, ""); !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("%s: got %q, want %q", env, got, want)
		}
	}
}

func TestWithoutNamesACertificateIsPrepared(t *testing.T) {
	for _, test := range []struct {
		name   string
		domain Domain
		want   string // the first problem, empty if there is none
	}{
		{"one that exists", Domain{Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a"}, ""},
		{"one to be made", Domain{HostedZone: &HostedZone{ID: "Z1", Name: "example.com"}}, ""},
		{"one for a zone with as long a name as may be", Domain{HostedZone: &HostedZone{ID: "Z1", Name: hostOf(62)}}, ""},
		{"one for a zone with a longer name", Domain{HostedZone: &HostedZone{ID: "Z1", Name: hostOf(63)}}, "Props.Names: missing; write a list such as [\"media.example.com\"], or a Certificate: one for "},
		{"one for a zone of a name to come", Domain{HostedZone: &HostedZone{ID: "Z1", Name: "${Token[TOKEN.1]}"}}, "Props.Names: missing, with a zone whose name is a token; write a list"},
		{"one that exists, for a zone of a name to come", Domain{Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a", HostedZone: &HostedZone{ID: "Z1", Name: "${Token[TOKEN.1]}"}}, ""},
		{"a list of none", Domain{Names: []string{}, Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a"}, "Props.Names: an empty list; leave it out"},
		{"a name with a mark, in a program", Domain{Names: []string{"{environment}.example.com"}, Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a"}, `Props.Names[0]: "{environment}.example.com"; write the name itself`},
	} {
		t.Run(test.name, func(t *testing.T) { wantProblem(t, problemsOf(test.domain.check), test.want) })
	}
}
