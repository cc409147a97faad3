package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/contract"
)

const severalEnvironments = `"project": "shop", "environments": {
	"dev":     {"ephemeral": true, "lendKeys": true, "publicPaths": ["/dev"]},
	"pr-*":    {"ephemeral": true, "signingKeys": {"from": "dev"}, "publicPaths": ["/pr"]},
	"pr-eu-*": {"ephemeral": true, "publicPaths": ["/pr-eu"]},
	"pr-eu-1": {"ephemeral": true, "publicPaths": ["/exact"]}
}`

func TestAContextNarrowsToOneEnvironment(t *testing.T) {
	tests := []struct {
		name, env string
		want      []string // names, each with its public path
	}{
		{"without one, patterns make nothing", ``, []string{"dev /dev", "pr-eu-1 /exact"}},
		{"an exact name", `"env": "dev", `, []string{"dev /dev"}},
		{"a name of a pattern", `"env": "pr-42", `, []string{"pr-42 /pr"}},
		{"the longest pattern", `"env": "pr-eu-42", `, []string{"pr-eu-42 /pr-eu"}},
		{"an exact name before any pattern", `"env": "pr-eu-1", `, []string{"pr-eu-1 /exact"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(context(t, "{"+test.env+severalEnvironments+"}"), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range c.Environments {
				got = append(got, e.Name+" "+e.Content.PublicPaths[0])
				if e.StackName() != "shop-"+e.Name || e.Content.Name != e.StackName() || e.Content.ParameterName != "/signedfront/shop/"+e.Name {
					t.Errorf("%s is named %s, %s, %s", e.Name, e.StackName(), e.Content.Name, e.Content.ParameterName)
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEnvironmentsBorrowKeysOfAnother(t *testing.T) {
	c, err := Read(context(t, `{"env": "pr-7", `+severalEnvironments+`}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	content := c.Environments[0].Content
	if want := (&Lender{ParameterName: "/signedfront/shop/dev", StackName: "shop-dev"}); !reflect.DeepEqual(content.Lender, want) {
		t.Errorf("lender %+v, want %+v", content.Lender, want)
	}
	if want := (SigningKeys{From: "dev"}); !reflect.DeepEqual(content.SigningKeys, want) {
		t.Errorf("keys %+v, want %+v", content.SigningKeys, want)
	}
	if problems := content.Check(); problems != nil {
		t.Errorf("a construct would refuse it: %v", problems)
	}
}

func TestNamesPatternsAndLendersThatDoNotFit(t *testing.T) {
	const (
		long   = `"project": "averylongprojectnamehere", "environments": {"environment-*": {}, "environment-123*": {}}`
		shape  = `write a name of lower-case letters, digits and single hyphens between them, with one * at its end, such as "pr-*"`
		ending = `choose another ending: it is reserved for the stacks of an environment in us-east-1`
	)
	environments := func(members string) string { return `"project": "p", "environments": {` + members + `}` }
	tests := []struct {
		name    string
		context string
		want    []string
	}{
		{"an environment that is none, with the nearest", `"env": "devv", ` + severalEnvironments,
			[]string{`env: "devv", which is not an environment; write "dev", "pr-1" or "pr-eu-1"; did you mean "dev"?`}},
		{"a pattern where a name belongs", `"env": "pr-*", ` + severalEnvironments, []string{`env: "pr-*", a pattern; write the name of one environment that it makes, such as -c env="pr-1"`}},
		{"a pattern that is none either", `"env": "test-*", ` + severalEnvironments, []string{`env: "test-*", which is not an environment; write "dev", "pr-1" or "pr-eu-1"`}},
		{"a pattern that lies within another", `"env": "pr-4*", ` + severalEnvironments, []string{`env: "pr-4*", which is not an environment; write "dev", "pr-1" or "pr-eu-1"; did you mean "pr-1"?`}},
		{"no environment whose name can be written", `"env": "dev", ` + environments(`"Dev": {}`), []string{
			`environments.Dev: the name "Dev"; write lower-case letters, digits and single hyphens between them, a letter first`,
			`env: "dev", which is not an environment; correct the names of all environments first`}},
		{"a number where a name belongs", `"env": 42, ` + severalEnvironments, []string{`env: the number 42; write the name of an environment, as -c env=NAME does`}},
		{"no name", `"env": "", ` + severalEnvironments, []string{`env: "", which is not an environment; write "dev", "pr-1" or "pr-eu-1"`}},
		{"a name that no stack can have", `"env": "pr-Fix_1", ` + severalEnvironments,
			[]string{`env: the name "pr-Fix_1"; write lower-case letters, digits and single hyphens between them, a letter first`}},
		{"a name that a companion stack would take", `"env": "pr-certificate", ` + severalEnvironments, []string{`env: a name that ends with -certificate; ` + ending}},
		{"a name that is too long", `"env": "pr-` + strings.Repeat("1", 33) + `", ` + severalEnvironments,
			[]string{`env: the stack's name "shop-pr-` + strings.Repeat("1", 33) + `" would have 41 characters; shorten the project's or the environment's name: 40 at most, the hyphen between them included`}},
		{"mistakes in other environments", `"env": "dev", ` + environments(`"dev": {}, "pr-*": {"regoin": "x"}, "-x": {}`), []string{
			`environments.-x: the name "-x"; write lower-case letters, digits and single hyphens between them, a letter first`,
			`environments["pr-*"].regoin: unknown setting; did you mean "region"?`}},
		{"only patterns", environments(`"pr-*": {}`), []string{`environments: only patterns; say which environment to make, such as -c env="pr-1"`}},
		{"nothing but a pattern of everything", environments(`"*": {}`), []string{`environments: only patterns; say which environment to make, such as -c env="dev"`}},
		{"nothing but what is no pattern", environments(`"**": {}, "-*": {}`), []string{
			`environments["**"]: the pattern "**"; ` + shape, `environments["-*"]: the pattern "-*"; ` + shape}},
		{"patterns that are none", environments(`"dev": {}, "p*r": {}, "PR-*": {}, "pr-**": {}, "a--*": {}`), []string{
			`environments["PR-*"]: the pattern "PR-*"; ` + shape, `environments["a--*"]: the pattern "a--*"; ` + shape,
			`environments["p*r"]: the pattern "p*r"; ` + shape, `environments["pr-**"]: the pattern "pr-**"; ` + shape}},
		{"a pattern that leaves no room", `"env": "environment-1", ` + long, []string{
			`environments["environment-123*"]: the pattern "environment-123*"; shorten it or the project's name: the stack's name has 40 characters at most`}},
		{"a name that ends like a companion stack", environments(`"a-certificate": {}`), []string{`environments.a-certificate: a name that ends with -certificate; ` + ending}},

		{"a lender that is none, with the nearest", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "pr": {"ephemeral": true, "signingKeys": {"from": "devv"}}`),
			[]string{`environments.pr.signingKeys.from: "devv", which is not an environment; write "dev"; did you mean "dev"?`}},
		{"a lender that is none, where one does not lend yet", environments(`"dev": {"ephemeral": true}, "pr": {"ephemeral": true, "signingKeys": {"from": "devv"}}`),
			[]string{`environments.pr.signingKeys.from: "devv", which is not an environment; write "lendKeys": true in an environment, and name it here; did you mean "dev"?`}},
		{"a lender that is none, with only the environment itself and a protected one near", environments(`"devs": {"ephemeral": true, "signingKeys": {"from": "devv"}}, "devo": {}`),
			[]string{`environments.devs.signingKeys.from: "devv", which is not an environment; write "lendKeys": true in an environment, and name it here`}},
		{"a protected environment that borrows", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "prod": {"signingKeys": {"from": "dev"}, "terminationProtection": true}`),
			[]string{`environments.prod.signingKeys.from: "dev", in a protected environment; leave it out, or write terminationProtection false: a role that may sign for the lender may sign for this environment too`}},
		{"an environment of which it cannot be read whether it is protected", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "prod": {"signingKeys": {"from": "dev"}, "terminationProtection": "no"}`),
			[]string{`environments.prod.terminationProtection: "no"; write true or false, without quotes`}},
		{"a lender without which nobody lends", environments(`"pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}`),
			[]string{`environments.pr.signingKeys.from: "dev", which is not an environment; write "lendKeys": true in an environment, and name it here`}},
		{"a lender that does not lend", environments(`"dev": {"ephemeral": true}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}`),
			[]string{`environments.dev.lendKeys: false, and environment "pr" borrows its keys; write true, or remove signingKeys.from there`}},
		{"a lender whose lendKeys cannot be read", environments(`"dev": {"ephemeral": true, "lendKeys": "yes"}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}`),
			[]string{`environments.dev.lendKeys: "yes"; write true or false, without quotes`}},
		{"a lender whose settings cannot be read", environments(`"dev": true, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}`),
			[]string{`environments.dev: true; write the environment's settings as an object, {} for none`}},
		{"a lender in a Region that is not written", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}, "region": "us-east-1"}`),
			[]string{`environments.pr.signingKeys.from: "dev", which is in the default Region, not in us-east-1; write "dev": keys are lent within one Region: write it in both environments or in neither`}},
		{"a lender that is protected", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "prod": {}, "pr": {"ephemeral": true, "signingKeys": {"from": "prod"}}`),
			[]string{`environments.pr.signingKeys.from: "prod", which is protected; write "dev": a role that may sign for a borrower may sign for the lender too`}},
		{"a lender that borrows", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "a": {"ephemeral": true, "signingKeys": {"from": "dev"}}, "b": {"ephemeral": true, "signingKeys": {"from": "a"}}`),
			[]string{`environments.b.signingKeys.from: "a", which itself borrows its keys; write "dev"`}},
		{"a lender that is a pattern", environments(`"dev": {"ephemeral": true, "lendKeys": true}, "pr-*": {"ephemeral": true, "lendKeys": true}, "b": {"ephemeral": true, "signingKeys": {"from": "pr-*"}}`),
			[]string{`environments.b.signingKeys.from: "pr-*", a pattern; write "dev": a pattern cannot lend`}},
		{"a lender in another account", environments(`"dev": {"ephemeral": true, "lendKeys": true, "account": "123456789012"}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}`),
			[]string{`environments.pr.signingKeys.from: "dev", which is in account 123456789012, not in the default account; write "dev": keys are lent within one account`}},
		{"a lender in another Region", environments(`"dev": {"ephemeral": true, "lendKeys": true, "region": "eu-west-1"}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}, "region": "us-east-1"}`),
			[]string{`environments.pr.signingKeys.from: "dev", which is in eu-west-1, not in us-east-1; write "dev": keys are lent within one Region: write it in both environments or in neither`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(context(t, "{"+test.context+"}"), nil)
			if got := problemsIn(t, err, ""); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestParametersAndLendersOfAProgramAreChecked(t *testing.T) {
	tests := []struct {
		name    string
		content Content
		want    string
	}{
		{"an environment, of which a program knows none", Content{SigningKeys: SigningKeys{From: "dev"}},
			`SigningKeys.From: "dev" without a lender; set Lender instead: From names an environment of cdk.json`},
		{"an environment that is not known yet", Content{SigningKeys: SigningKeys{From: "${Token[TOKEN.1]}"}},
			`SigningKeys.From: "${Token[TOKEN.1]}" without a lender; set Lender instead: From names an environment of cdk.json`},
		{"a lender of nothing", Content{Lender: &Lender{}}, `2 problems:
  Lender.ParameterName: missing; write the parameter of the lender's deployment document, such as /signedfront/media/dev
  Lender.StackName: missing; write the name of the lender's stack, such as media-dev`},
		{"a lender whose parameter is none", Content{Lender: &Lender{ParameterName: "dev", StackName: "b"}},
			`Lender.ParameterName: "dev"; write the parameter of the lender's deployment document, such as /signedfront/media/dev`},
		{"a lender that is the borrower", Content{ParameterName: "/media/dev", Lender: &Lender{ParameterName: "/media/dev", StackName: "b"}},
			`Lender.ParameterName: "/media/dev"; write the parameter of another deployment: this one is the borrower's own`},
		{"a parameter that AWS keeps", Content{ParameterName: "/aws/media"},
			`ParameterName: "/aws/media"; write a path of at most 15 parts such as /media/prod/signing, of letters, digits and the characters _.-, that starts with neither aws nor ssm`},
		{"a parameter that makes too long an export", Content{ParameterName: "/" + strings.Repeat("p", 256), LendKeys: true},
			`ParameterName: a value of 257 bytes that looks like base64, as the body of a key is; write a shorter name: the export of the lent keys is named after it, and its name would have 283 characters, more than 255`},
		{"keys with a lender", Content{Lender: &Lender{ParameterName: "/a", StackName: "b"}, LendKeys: true, SigningKeys: SigningKeys{Keys: []SigningKey{{Number: 1}}, Current: 1}}, `3 problems:
  SigningKeys.Keys: keys of its own, with borrowed keys; leave them out: the lender's keys are used
  SigningKeys.Current: a current key, with borrowed keys; leave it out: the lender's current key signs
  LendKeys: true, with borrowed keys; leave it out: only the deployment that makes keys can lend them`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.content.WithDefaults().Check().Error(); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
	lent := Content{Lender: &Lender{ParameterName: "/signedfront/media/dev", StackName: "media-dev"}}
	if problems := lent.WithDefaults().Check(); problems != nil {
		t.Errorf("got %v", problems)
	}
}

// A live borrower imports the name that its lender exported when it was deployed
// last: no name may ever change.
func TestTheNameOfALendersExportStaysAndIsOfOneParameterAlone(t *testing.T) {
	const prefix = "signedfront:lent-key-group:"
	names := map[string]string{}
	for parameter, want := range map[string]string{
		"/signedfront/signedfront/dev": prefix + "signedfront:signedfront:dev",
		"/signedfront/shop/eu-dev":     prefix + "signedfront:shop:eu--dev",
		"/signedfront/shopeu/dev":      prefix + "signedfront:shopeu:dev",
		"/signedfront/shop/eu/dev":     prefix + "signedfront:shop:eu:dev",
		"/signedfront/shop/eu_dev":     prefix + "signedfront:shop:eu-udev",
		"/signedfront/shop/eu.dev":     prefix + "signedfront:shop:eu-ddev",
		"/signedfront/shop/eu-udev":    prefix + "signedfront:shop:eu--udev",
		"/signedfront/shop/eu--dev":    prefix + "signedfront:shop:eu----dev",
		"/signedfront/shop/eu-.dev":    prefix + "signedfront:shop:eu---ddev",
		"/signedfront/shop/eu_-dev":    prefix + "signedfront:shop:eu-u--dev",
	} {
		if got := contract.KeyGroupExport(parameter); got != want {
			t.Errorf("%s is exported as %s, want %s", parameter, got, want)
		}
		if other, taken := names[want]; taken {
			t.Errorf("%s and %s have one export", parameter, other)
		}
		names[want] = parameter
	}

	// Of every parameter of a few characters, and of all environments of two
	// projects, of which the one's name starts the other's.
	exports := map[string]string{}
	allowed := regexp.MustCompile(`^[A-Za-z0-9:-]{1,255}$`)
	var grow func(name string)
	grow = func(name string) {
		if isParameterName(name) {
			export := contract.KeyGroupExport(name)
			if other, taken := exports[export]; taken || !allowed.MatchString(export) {
				t.Fatalf("%s is exported as %s, as is %q", name, export, other)
			}
			exports[export] = name
		}
		if len(name) < 7 {
			for _, c := range "/-_.ud" {
				grow(name + string(c))
			}
		}
	}
	grow("/")
	if len(exports) < 1000 {
		t.Errorf("only %d names were tried", len(exports))
	}
}

func TestABorrowerIsToldWhereTheImportedKeysOfItsLenderAre(t *testing.T) {
	const inKMS = "arn:aws:kms:eu-west-1:123456789012:key/a1b2"
	keys := keyTexts()
	c, err := Read(context(t, `{"env": "pr-7", "project": "shop", "environments": {
		"dev": {"ephemeral": true, "lendKeys": true, "signingKeys": {"current": 1, "keys": {
			"1": {}, "2": {"custody": "imported", "publicKey": `+jsonText(keys["p256"])+`, "privateKey": {"kmsArn": "`+inKMS+`"}},
			"3": {"custody": "imported", "publicKey": `+jsonText(keys["rsa2048"])+`}
		}}},
		"pr-*": {"ephemeral": true, "signingKeys": {"from": "dev"}}
	}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Environments[0].Content.Lender.ImportedKeys, []PrivateKeyLocation{{KMSARN: inKMS}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestQuotasOfAnAccountAreCounted(t *testing.T) {
	five := `"signingKeys": {"keys": {"1": {}, "2": {}, "3": {}, "4": {}, "5": {}}, "current": 1}`
	const (
		link   = "or ask AWS for more, https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
		ten    = `the CloudFront quota of an account is 10: let environments borrow, with "signingKeys": {"from": ...}, ` + link
		twenty = "the CloudFront quota of an account is 20: have fewer environments: each needs one, " + link
	)
	many := func(n int, settings string) string {
		var members []string
		for i := range n {
			members = append(members, `"e`+string(rune('a'+i))+`": {`+settings+`}`)
		}
		return strings.Join(members, ", ")
	}
	tests := []struct {
		name         string
		environments string
		want         []string
	}{
		{"ten of each fit", many(10, ""), nil},
		{"ten keys of two environments fit", many(2, five), nil},
		{"one environment too many", many(11, ""), []string{
			"environments: 11 public keys in the default account; " + ten,
			"environments: 11 key groups in the default account; " + ten}},
		{"one key too many", many(2, five) + `, "other": {}`, []string{"environments: 11 public keys in the default account; " + ten}},
		{"a key that the account has already counts once", many(8, `"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"]}`), nil},
		{"keys that the account has already count", many(9, `"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"]}`), []string{"environments: 11 public keys in the default account; " + ten}},
		{"accounts are counted apart", many(2, five) + `, "x": {"account": "123456789012", ` + five + `}`, nil},
		{"a pattern counts once", many(9, "") + `, "pr-*": {}`, nil},
		{"borrowed keys do not count", many(9, "") + `, "lender": {"ephemeral": true, "lendKeys": true}, "pr-a": {"ephemeral": true, "signingKeys": {"from": "lender"}}, "pr-*": {"ephemeral": true, "signingKeys": {"from": "lender"}}`, nil},
		{"twenty environments fit, of which nineteen borrow", many(19, `"ephemeral": true, "signingKeys": {"from": "lender"}`) + `, "lender": {"ephemeral": true, "lendKeys": true}`, nil},
		{"borrowers take a response headers policy too", many(20, `"ephemeral": true, "signingKeys": {"from": "lender"}`) + `, "lender": {"ephemeral": true, "lendKeys": true}`, []string{
			"environments: 21 response headers policies in the default account; " + twenty}},
		{"twenty environments may have downloads", many(20, `"ephemeral": true, "downloads": true, "signingKeys": {"from": "lender"}`) + `, "lender": {"ephemeral": true, "lendKeys": true}`, []string{
			"environments: 21 response headers policies in the default account; " + twenty}},
		{"twenty-one environments have downloads", many(20, `"ephemeral": true, "downloads": true, "signingKeys": {"from": "lender"}`) + `, "lender": {"ephemeral": true, "lendKeys": true, "downloads": true}`, []string{
			"environments: 21 cache policies in the default account; " + strings.Replace(twenty, "have fewer environments: each", "have fewer environments with downloads: each", 1),
			"environments: 21 response headers policies in the default account; " + twenty}},
		{"ten environments may name a role", many(9, `"ephemeral": true, "signingKeys": {"from": "lender"}, "signers": {"roles": ["app"]}`) + `, "lender": {"ephemeral": true, "lendKeys": true}, "pr-*": {"ephemeral": true, "signingKeys": {"from": "lender"}, "signers": {"roles": ["App"]}}`, nil},
		{"eleven environments name a role, a pattern among them", many(10, `"ephemeral": true, "signingKeys": {"from": "lender"}, "signers": {"roles": ["app", "own"]}`) + `, "lender": {"ephemeral": true, "lendKeys": true}, "pr-*": {"ephemeral": true, "signingKeys": {"from": "lender"}, "signers": {"roles": ["App"]}}`, []string{
			`environments: the role "App" with the signing policies of 11 environments in the default account; IAM attaches 10 managed policies to a role: list a role of its own in some of them, or ask AWS for more, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(context(t, `{"project": "p", "env": "pr-1", "environments": {"pr-1": {"account": "999999999999"}, `+test.environments+`}}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range c.Warnings() {
				got = append(got, w.String())
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// An account has more of these than a test of words needs: the counts alone are
// compared.
func TestWhatEnvironmentsTakeOfAnAccountIsCountedByTheirSettings(t *testing.T) {
	const more = `"ephemeral": true, "signingKeys": {"from": "lender"}, "publicPaths": ["/a/*"], "signedPaths": ["/a/b/*"]`
	var members []string
	for i := range 101 {
		members = append(members, fmt.Sprintf(`"i%d": {%s}, "c%d": {%s, "originAccess": "oac"}, "m%d": {"ephemeral": true, "originAccess": "migrated", "signingKeys": {"from": "lender"}}`, i, more, i, more, i))
	}
	c, err := Read(context(t, `{"project": "p", "environments": {"lender": {"ephemeral": true, "lendKeys": true}, `+strings.Join(members, ", ")+`}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, warning := range c.Warnings() {
		what, _, _ := strings.Cut(warning.Found, " in ")
		got = append(got, what)
	}
	want := []string{"304 response headers policies", "203 origin access identities", "202 origin access controls", "202 functions"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
