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
		pattern = "the names of a pattern, of which every environment would have them; give such names to an environment of its own, and leave the domain out here" + because
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
		{"a name of a pattern", `"a": {}, "pr-*": {` + domain(`"pr.example.com"`) + `}`, []string{`environments["pr-*"].domain.names: ` + pattern}},
		{"a name of a pattern and of another one", `"a": {` + domain(`"pr.example.com"`) + `}, "pr-*": {` + domain(`"pr.example.com"`) + `}`, []string{`environments["pr-*"].domain.names: ` + pattern}},
		{"names that cannot be read", `"a": {` + domain(`1`) + `}, "b": {` + domain(`2`) + `}`, []string{
			"environments.a.domain.names[0]: the number 1; write a text in quotes, such as \"media.example.com\"",
			"environments.b.domain.names[0]: the number 2; write a text in quotes, such as \"media.example.com\"",
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
			`environments.a.domain.names[0]: "a.example.org", which lies within "*.example.org" of environment "b" in another account; put both into one account: CloudFront may refuse such names of two accounts`,
			`environments.b.domain.names[1]: "media.example.com", which lies within "*.example.com" of environment "a" in another account; put both into one account: CloudFront may refuse such names of two accounts`,
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
