package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
)

// problemsOf are the problems that a check of a value in a Go program reports.
func problemsOf(check func(at node)) (texts []string) {
	var problems Problems
	check(newNode("Props", &problems))
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return texts
}

// wantProblem checks that there is one problem, which starts with want, or none
// where that is empty.
func wantProblem(t *testing.T, got []string, want string) {
	t.Helper()
	if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A token of the CDK, as a Go program may hand one in.
const someToken = "${Token[TOKEN.42]}"

// hostOf is a domain name of this length, in labels of at most 63.
func hostOf(length int) string {
	const tail = ".example.com"
	labels := strings.Repeat(strings.Repeat("a", 49)+".", 5)[:length-len(tail)]
	return strings.TrimSuffix(labels, ".") + strings.Repeat("b", len(labels)-len(strings.TrimSuffix(labels, "."))) + tail
}

func TestAnOriginOfCORSIsOneThatBrowsersSend(t *testing.T) {
	for origin, want := range map[string]string{
		"https://app.example.com":       "",
		"https://app.example.com:8443":  "",
		"http://app.example.com:443":    "",
		"https://app.example.com:80":    "",
		"http://app.example.com:80":     `Props.Origins[0]: "http://app.example.com:80"; write "http://app.example.com": browsers`,
		"https://app.example.com:443":   `Props.Origins[0]: "https://app.example.com:443"; write "https://app.example.com": browsers`,
		"https://app.example.com:1":     "",
		"https://app.example.com:0":     `Props.Origins[0]: "https://app.example.com:0"; write a port from 1 to 65535`,
		"https://app.example.com:00":    `Props.Origins[0]: "https://app.example.com:00"; write a port from 1 to 65535`,
		"https://app.example.com:0080":  `Props.Origins[0]: "https://app.example.com:0080"; write a port from 1 to 65535`,
		"https://app.example.com:8081":  "",
		"https://app.example.com:65535": "",
		"https://app.example.com:65536": `Props.Origins[0]: "https://app.example.com:65536"; write a port from 1 to 65535`,
		"https://" + hostOf(253):        "",
		"https://" + hostOf(254):        "Props.Origins[0]: ",
	} {
		c := CORS{Origins: []string{origin}, AllowHeaders: []string{"Range"}, ExposeHeaders: []string{"ETag"}, MaxAge: 600e9}
		wantProblem(t, problemsOf(c.check), want)
	}
}

func TestAStarForHeadersIsRefusedWithCredentialsAlone(t *testing.T) {
	for _, credentials := range []bool{true, false} {
		for name, set := range map[string]func(*CORS, []string){
			"AllowHeaders":  func(c *CORS, headers []string) { c.AllowHeaders = headers },
			"ExposeHeaders": func(c *CORS, headers []string) { c.ExposeHeaders = headers },
		} {
			c := CORS{Origins: []string{"https://app.example.com"}, Credentials: credentials,
				AllowHeaders: []string{"Range"}, ExposeHeaders: []string{"ETag"}, MaxAge: 600e9}
			set(&c, []string{"*"})
			want := ""
			if credentials {
				want = "Props." + name + `[0]: "*" with Credentials; list the headers`
			}
			wantProblem(t, problemsOf(c.check), want)
		}
	}
}

func TestAHeaderIsWarnedOfWhereAStarIsAPartOfIt(t *testing.T) {
	for header, want := range map[string]string{
		"*":               "",
		"Range":           "",
		"X-*":             `Props.AllowHeaders[0]: "X-*"; list each header by its name`,
		someToken + "-x*": "",
	} {
		wantProblem(t, problemsOf(CORS{AllowHeaders: []string{header}}.warn), want)
	}
}

func TestCustomHeadersAreNoMoreAndNoLongerThanCloudFrontTakes(t *testing.T) {
	many := func(n, size int) map[string]string {
		headers := map[string]string{}
		for i := range n {
			headers[fmt.Sprintf("X-%d", i)] = strings.Repeat("v", size-len("X-0"))
		}
		return headers
	}
	for _, test := range []struct {
		name   string
		custom map[string]string
		want   string
	}{
		{"none", nil, ""},
		{"as many as a policy holds, with as much text", many(10, 1024), ""},
		{"one more", many(11, 10), "Props: 11 headers; write 10 at most"},
		{"a character more", many(10, 1025), "Props: 10250 characters in names and values; write at most 10240"},
		{"the longest name", map[string]string{strings.Repeat("x-", 128): "v"}, ""},
		{"a longer one", map[string]string{strings.Repeat("x-", 128) + "y": "v"}, "Props["},
		{"the longest value", map[string]string{"X-A": strings.Repeat("v ", 891) + "v"}, ""},
		{"a longer one", map[string]string{"X-A": strings.Repeat("v ", 892)[:1783] + "v"}, "Props.X-A: 1784 characters; write at most 1783"},
		{"the first and the last character there may be", map[string]string{"X-A": "!  ~"}, ""},
		{"one after the last", map[string]string{"X-A": "a\x7fb"}, "Props.X-A: a character that a header cannot hold"},
		{"one before the first", map[string]string{"X-A": "a\tb"}, "Props.X-A: a character that a header cannot hold"},
		{"an empty value", map[string]string{"X-A": ""}, "Props.X-A: an empty value"},
		{"a value that is a token", map[string]string{"X-A": " " + someToken + strings.Repeat("v", 2000)}, ""},
		{"a name that is a token", map[string]string{someToken: "v"}, "Props["},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantProblem(t, problemsOf(ResponseHeaders{Custom: test.custom}.checkCustom), test.want)
		})
	}
}

// The list of AWS's page, and one name of each pattern on it.
func TestHeadersThatCloudFrontKeepsForItselfAreNotAmongCustomOnes(t *testing.T) {
	for _, name := range strings.Fields(`Connection Content-Encoding Content-Length Expect Host Keep-Alive Proxy-Authenticate
		Proxy-Authorization Proxy-Connection Server-Timing Trailer Transfer-Encoding Upgrade Via Warning X-Accel-Buffering
		X-Accel-Charset X-Accel-Limit-Rate X-Accel-Redirect X-Amz-Cf-Pop X-Amzn-Auth X-Amzn-Cf-Billing X-Amzn-Cf-Id
		X-Amzn-Cf-Xff X-Amzn-ErrorType X-Amzn-Fle-Profile X-Amzn-Header-Count X-Amzn-Header-Order
		X-Amzn-Lambda-Integration-Tag X-Amzn-RequestId X-Cache X-Edge-Location X-Forwarded-Proto X-Real-Ip`) {
		headers := ResponseHeaders{Custom: map[string]string{name: "v"}}
		wantProblem(t, problemsOf(headers.checkCustom), "Props."+name+": a header that CloudFront reserves")
	}
}

func TestADomainNameIsOneThatCloudFrontAndACertificateTake(t *testing.T) {
	const given = "arn:aws:acm:us-east-1:111122223333:certificate/0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f"
	zone := &HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "example.com"}
	other := "media.example.com"
	for _, test := range []struct {
		name   string
		domain Domain
		want   string
	}{
		{"the longest there is", Domain{Names: []string{hostOf(253)}, Certificate: given}, ""},
		{"longer than there is", Domain{Names: []string{hostOf(254)}, Certificate: given}, "Props.Names[0]: "},
		{"the longest with a wildcard", Domain{Names: []string{other, "*." + hostOf(251)}, Certificate: given}, ""},
		{"a longer one with a wildcard", Domain{Names: []string{other, "*." + hostOf(252)}, Certificate: given}, "Props.Names[1]: "},
		{"CloudFront's own domain", Domain{Names: []string{"cloudfront.net"}, Certificate: given}, `Props.Names[0]: "cloudfront.net"; write a name of your own`},
		{"all of CloudFront's", Domain{Names: []string{other, "*.cloudfront.net"}, Certificate: given}, `Props.Names[1]: "*.cloudfront.net"; write a name of your own`},
		{"one of CloudFront's", Domain{Names: []string{"d1.cloudfront.net"}, Certificate: given}, `Props.Names[0]: "d1.cloudfront.net"; write a name of your own`},
		{"one that only ends so", Domain{Names: []string{"mycloudfront.net"}, Certificate: given}, ""},
		{"the longest common name of a certificate to be made", Domain{Names: []string{hostOf(64)}, HostedZone: zone}, ""},
		{"a longer one", Domain{Names: []string{hostOf(65)}, HostedZone: zone}, "Props.Names[0]: "},
		{"a longer one that is not the first", Domain{Names: []string{other, hostOf(65)}, HostedZone: zone}, ""},
		{"a longer one with a certificate of one's own", Domain{Names: []string{hostOf(65)}, Certificate: given}, ""},
		{"a longer one with a certificate, and a zone", Domain{Names: []string{hostOf(65)}, Certificate: given, HostedZone: zone}, ""},
		{"a longer one without certificate and zone", Domain{Names: []string{hostOf(65)}}, "Props: neither Certificate nor HostedZone"},
		{"in a zone with the longest name there is", Domain{Names: []string{hostOf(253)}, Certificate: given, HostedZone: &HostedZone{ID: zone.ID, Name: hostOf(253)}}, ""},
		{"in a zone with a longer one", Domain{Names: []string{other}, Certificate: given, HostedZone: &HostedZone{ID: zone.ID, Name: hostOf(254)}}, "Props.HostedZone.Name: "},
		{"as many as CloudFront accepts", Domain{Names: manyNames(maxDomainNames), Certificate: given}, ""},
		{"one more", Domain{Names: manyNames(maxDomainNames + 1), Certificate: given}, "Props.Names: "},
		{"one outside the zone", Domain{Names: []string{"media.example.org"}, HostedZone: zone}, "Props.Names[0]: "},
		{"one that only ends like the zone", Domain{Names: []string{"media.notexample.com"}, HostedZone: zone}, "Props.Names[0]: "},
		{"the zone's own", Domain{Names: []string{"example.com"}, HostedZone: zone}, ""},
	} {
		t.Run(test.name, func(t *testing.T) { wantProblem(t, problemsOf(test.domain.check), test.want) })
	}
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, "n"+strings.Repeat("0", i%40)+string(rune('a'+i/40))+".example.com")
	}
	return names
}

func TestTheKeyOfAnImportedPublicKeyIsInOnePlace(t *testing.T) {
	const (
		secret  = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:media-aBcDeF"
		version = "0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f"
		kms     = "arn:aws:kms:eu-central-1:111122223333:key/0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f"
		alias   = "arn:aws:kms:eu-central-1:111122223333:alias/media"
	)
	for _, test := range []struct {
		name     string
		location PrivateKeyLocation
		want     string
	}{
		{"in Secrets Manager", PrivateKeyLocation{SecretARN: secret, SecretVersionID: version}, ""},
		{"in KMS", PrivateKeyLocation{KMSARN: kms}, ""},
		{"in a file", PrivateKeyLocation{File: "key.pem"}, ""},
		{"in a secret and in KMS", PrivateKeyLocation{SecretARN: secret, SecretVersionID: version, KMSARN: kms}, "Props: SecretARN and KMSARN; write one of them"},
		{"in a secret and a file", PrivateKeyLocation{SecretARN: secret, SecretVersionID: version, File: "key.pem"}, "Props: SecretARN and File; write one of them"},
		{"in KMS and a file", PrivateKeyLocation{KMSARN: kms, File: "key.pem"}, "Props: KMSARN and File; write one of them"},
		{"in a secret without a version", PrivateKeyLocation{SecretARN: secret}, "Props.SecretVersionID: missing"},
		{"in a version without a secret", PrivateKeyLocation{SecretVersionID: version}, "Props.SecretARN: missing"},
		{"in a secret without the end of its ARN", PrivateKeyLocation{SecretARN: strings.TrimSuffix(secret, "-aBcDeF"), SecretVersionID: version}, "Props.SecretARN: "},
		{"under an alias", PrivateKeyLocation{KMSARN: alias}, "Props.KMSARN: "},
		{"under a token", PrivateKeyLocation{KMSARN: someToken}, ""},
		{"under an alias that is a token", PrivateKeyLocation{KMSARN: "alias/" + someToken}, ""},
		{"in a file that is a token", PrivateKeyLocation{File: someToken}, ""},
		{"in a file of a token and more", PrivateKeyLocation{File: someToken + strings.Repeat("k", maxKeyFile)}, ""},
		{"in a file with the longest name", PrivateKeyLocation{File: strings.Repeat("k/", maxKeyFile/2)}, ""},
		{"in a file with a longer one", PrivateKeyLocation{File: strings.Repeat("k/", maxKeyFile/2) + "k"}, "Props.File: 769 characters; write at most 768"},
		{"in a file with a space in its name", PrivateKeyLocation{File: "my key.pem"}, ""},
		{"in a file with a line break in its name", PrivateKeyLocation{File: "key\n.pem"}, "Props.File: "},
		{"in a file with a delete in its name", PrivateKeyLocation{File: "key\x7f.pem"}, "Props.File: "},
	} {
		t.Run(test.name, func(t *testing.T) { wantProblem(t, problemsOf(test.location.check), test.want) })
	}
}

func TestALenderIsNamedAsItsBorrowersCanFindIt(t *testing.T) {
	const own = "/signedfront/media/pr-1"
	// The longest parameter whose export has a name that CloudFormation takes.
	longest := "/signedfront/" + strings.Repeat("a", maxExportName-len(contract.KeyGroupExport("/signedfront/")))
	for _, test := range []struct {
		name   string
		lender Lender
		want   string
	}{
		{"by its parameter and stack", Lender{ParameterName: "/signedfront/media/dev", StackName: "media-dev"}, ""},
		{"with the longest name", Lender{ParameterName: longest, StackName: "media-dev"}, ""},
		{"with a longer one", Lender{ParameterName: longest + "a", StackName: "media-dev"}, "Props.ParameterName: "},
		{"without its parameter", Lender{StackName: "media-dev"}, "Props.ParameterName: missing"},
		{"without its stack", Lender{ParameterName: "/signedfront/media/dev"}, "Props.StackName: missing"},
		{"as itself", Lender{ParameterName: own, StackName: "media-dev"}, "Props.ParameterName: \"" + own + `"; write the parameter of another deployment`},
		{"by a token", Lender{ParameterName: someToken, StackName: "media-dev"}, "Props.ParameterName: a token, without KeyGroupID"},
		{"by a token, with its group", Lender{ParameterName: someToken, StackName: "media-dev", KeyGroupID: "a1b2c3d4"}, ""},
		{"by no parameter", Lender{ParameterName: "media dev", StackName: "media-dev"}, "Props.ParameterName: "},
		{"by a stack that none is called", Lender{ParameterName: "/signedfront/media/dev", StackName: "media/dev"}, "Props.StackName: "},
		{"by a group that none is called", Lender{ParameterName: "/signedfront/media/dev", StackName: "media-dev", KeyGroupID: "a/b"}, "Props.KeyGroupID: "},
		{"with a key that is in no place", Lender{ParameterName: "/signedfront/media/dev", StackName: "media-dev",
			ImportedKeys: []PrivateKeyLocation{{File: "a"}, {KMSARN: "alias/media"}}}, "Props.ImportedKeys[1].KMSARN: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantProblem(t, problemsOf(func(at node) { test.lender.check(at, own) }), test.want)
		})
	}
}

func TestAnUnfinishedSecretBesideAFileIsTwoPlaces(t *testing.T) {
	for _, location := range []PrivateKeyLocation{
		{SecretARN: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:media-aBcDeF", File: "key.pem"},
		{SecretVersionID: "0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f", File: "key.pem"},
	} {
		got := problemsOf(location.check)
		if len(got) != 2 || !strings.HasPrefix(got[0], "Props: SecretARN and File; write one of them") {
			t.Errorf("got %q", got)
		}
	}
}

func TestThePublicKeyIsReadFromAFileWhereItsTextIsAName(t *testing.T) {
	const none = "Props: neither PEM nor the name of a file"
	d := decoder{folder: fstest.MapFS{"key.pem": {Data: []byte("the text")}, strings.Repeat("k", maxFileName): {Data: []byte("the text")},
		"large.pem": {Data: bytes.Repeat([]byte("k"), maxPublicKey)}, "larger.pem": {Data: bytes.Repeat([]byte("k"), maxPublicKey+1)}}}
	for _, test := range []struct{ written, read, problem string }{
		{"", "", ""},
		{"EC PRIVATE KEY-----", "EC PRIVATE KEY-----", ""}, // which is found to be private later on
		{"key.pem", "the text", ""},
		{"./key.pem", "the text", ""},
		{"large.pem", strings.Repeat("k", maxPublicKey), ""},
		{"larger.pem", unread, `Props: "larger.pem": not a file that can hold a public key`},
		{strings.Repeat("k", maxFileName), "the text", ""},
		{strings.Repeat("k", maxFileName+1), unread, none},
		{"key.pem\n", unread, none},
		{strings.Repeat("MHcCAQEEIJ3tnQ7r", 8), unread, none},
		{"no.pem", unread, `Props: "no.pem": no such file`},
		{"../key.pem", unread, "Props: "},
		{someToken, someToken, ""},
		{"-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----", ""},
	} {
		var read string
		wantProblem(t, problemsOf(func(at node) { read = d.publicKey(at, test.written) }), test.problem)
		if read != test.read {
			t.Errorf("%.40q: read %.40q, want %.40q", test.written, read, test.read)
		}
	}
}

func TestAnAlgorithmIsComparedWithTheKeyWhereItIsKnown(t *testing.T) {
	private, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	key := SigningKey{Number: 1, Custody: Imported, Algorithm: "rsa-2048", PublicKey: string(private.PublicKey().PEM()), PrivateKey: PrivateKeyLocation{File: "key.pem"}}
	wantProblem(t, problemsOf(func(at node) { key.checkImported(at, false) }), "")
	wantProblem(t, problemsOf(func(at node) { key.checkImported(at, true) }), `Props.Algorithm: "rsa-2048" with a public key of ecdsa-p256`)
}

func TestAProgramNamesItsLenderByLenderAlone(t *testing.T) {
	for _, from := range []string{"dev", someToken} {
		borrower := Content{SigningKeys: SigningKeys{From: from}}
		wantProblem(t, problemsOf(borrower.checkKeys), `Props.SigningKeys.From: "`+from+`" without a lender; set Lender instead: From names an environment of cdk.json`)
	}
}

func TestWhatIsWrongWithALenderIsReportedOnceAndTheNearestNameIsOneThatLends(t *testing.T) {
	const (
		protected = `dev.lendKeys: true, in a protected environment; leave it out, or write terminationProtection false: a role that may sign for a borrower may sign for this environment too`
		another   = `write "lendKeys": true in an environment, and name it here`
	)
	for _, test := range []struct {
		name, environments, from string
		want                     []string
	}{
		{"a lender", `"dev": {"ephemeral": true, "lendKeys": true}`, "dev", nil},
		{"one that is protected", `"dev": {"lendKeys": true}`, "dev", []string{protected}},
		{"one that is protected and does not lend", `"dev": {}`, "dev", []string{
			`pr-7.signingKeys.from: "dev", which is protected; ` + another + `: a role that may sign for a borrower may sign for the lender too`}},
		{"one that does not lend", `"dev": {"ephemeral": true}`, "dev", []string{
			`dev.lendKeys: false, and environment "pr-7" borrows its keys; write true, or remove signingKeys.from there`}},
		{"one that cannot be read", `"dev": 5`, "dev", []string{
			`dev: the number 5; write the environment's settings as an object, {} for none`}},
		{"a misspelt one", `"staging": {"ephemeral": true, "lendKeys": true}`, "stagin", []string{
			`pr-7.signingKeys.from: "stagin", which is not an environment; write "staging"; did you mean "staging"?`}},
		{"a misspelt one that is protected", `"dev": {"lendKeys": true}`, "dve", []string{protected,
			`pr-7.signingKeys.from: "dve", which is not an environment; write "dev"; did you mean "dev"?`}},
		{"a misspelt one that neither lends nor could", `"staging": {}`, "stagin", []string{
			`pr-7.signingKeys.from: "stagin", which is not an environment; ` + another}},
		{"nearly a pattern", `"staging-*": {"ephemeral": true}`, "staging-", []string{
			`pr-7.signingKeys.from: "staging-", which is not an environment; ` + another}},
		{"a pattern", `"staging-*": {"ephemeral": true}`, "staging-*", []string{
			`pr-7.signingKeys.from: "staging-*", a pattern; ` + another + `: a pattern cannot lend`}},
		{"itself", `"dev": {"ephemeral": true, "lendKeys": true}`, "pr-7", []string{
			`pr-7.signingKeys.from: "pr-7", this environment itself; write "dev"`}},
		{"a token", `"dev": {"ephemeral": true, "lendKeys": true}`, someToken, []string{
			`pr-7.signingKeys.from: a token of the CDK; write the name of an environment in quotes, such as "dev": only the program that made a token can resolve it`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(context(t, `{"project": "p", "environments": {`+test.environments+`, "pr-7": {"ephemeral": true, "signingKeys": {"from": "`+test.from+`"}}}}`), nil)
			if got := problemsIn(t, err, "environments."); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
