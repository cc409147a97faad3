package main_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// forwardingFolder is keyFolder with a document that lists the forwarded
// parameters.
func forwardingFolder(t *testing.T, parameters ...string) (dir string, keys map[string]*signer.PublicKey) {
	t.Helper()
	dir, keys = keyFolder(t)
	file := filepath.Join(dir, "deployment.json")
	d, err := signer.LoadDeployment(file)
	if err != nil {
		t.Fatal(err)
	}
	d.Query = &signer.ForwardedQuery{Signed: append([]string{}, parameters...), Public: []string{}}
	document, err := d.MarshalIndent()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, string(document))
	return dir, keys
}

func TestAURLSaysUnderWhichNameABrowserSaves(t *testing.T) {
	dir, keys := forwardingFolder(t, "response-content-disposition")
	signed := line(t, run(t, dir, "url", "--deployment", "deployment.json", "--save-as", `Invoice "July"; día.pdf`, "invoices/7f3a.pdf"))
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	const want = `attachment; filename="Invoice _July_; d_a.pdf"; filename*=UTF-8''Invoice%20%22July%22%3B%20d%C3%ADa.pdf`
	if got := u.Query().Get("response-content-disposition"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v := signer.Verify(signer.Request{URL: signed}, keys); !v.Allowed {
		t.Error(v.Detail)
	}
}

func TestANameToSaveAsThatCannotBeIsRefused(t *testing.T) {
	dir, _ := forwardingFolder(t, "response-content-disposition")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":         {[]string{"--save-as", "", "a"}, "--save-as is empty"},
		"a line break":    {[]string{"--save-as", "a\nb.pdf", "a"}, "write the name of a file on one line"},
		"a header":        {[]string{"--save-as", "a\r\nX: y", "a"}, "write the name of a file on one line"},
		"300 characters":  {[]string{"--save-as", strings.Repeat("a b", 100), "a"}, "300 bytes long, but file systems allow at most 255"},
		"a path":          {[]string{"--save-as", "../a.pdf", "a"}, "slash"},
		"white space":     {[]string{"--save-as", " a.pdf", "a"}, "white space"},
		"dots":            {[]string{"--save-as", "..", "a"}, "only dots"},
		"bytes":           {[]string{"--save-as", "a\xff.pdf", "a"}, "not UTF-8"},
		"two URLs":        {[]string{"--save-as", "a.pdf", "a", "b"}, "--save-as sets the name of one file"},
		"a list":          {[]string{"--save-as", "a.pdf", "-"}, "--save-as sets the name of one file"},
		"it is there":     {[]string{"--save-as", "a.pdf", site + "/a?response-content-disposition=inline"}, "already has the parameter response-content-disposition"},
		"no value at all": {[]string{"a", "--save-as"}, "--save-as"},
	} {
		p := run(t, dir, append([]string{"url", "--deployment", "deployment.json"}, test.args...)...)
		if p.status() == 0 || p.stdout.String() != "" || !strings.Contains(p.stderr.String(), test.want) {
			t.Errorf("%s: %d %s, %s, want %q", name, p.status(), p.stdout.String(), p.stderr.String(), test.want)
		}
	}
}

func TestAParameterThatDoesNotReachTheBucketIsRefusedOrNamed(t *testing.T) {
	dir, _ := forwardingFolder(t)
	// A key alone has no deployment.
	alone := run(t, dir, "url", "--key-pair-id", keyPairID, "--private-key", "private_key.pem", "--save-as", "a.pdf", site+"/rt.png")
	if alone.status() != 0 || !strings.Contains(alone.stderr.String(), "whether the distribution forwards response-content-disposition to the bucket is unknown here") {
		t.Errorf("%d %s", alone.status(), alone.stderr.String())
	}
	p := run(t, dir, "url", "--deployment", "deployment.json", "--save-as", "a.pdf", "rt.png")
	if want := `set "downloads": true in cdk.json and deploy`; p.status() != 1 || p.stdout.String() != "" || !strings.Contains(p.stderr.String(), want) {
		t.Errorf("%d %s, %s", p.status(), p.stdout.String(), p.stderr.String())
	}
	p = run(t, dir, "url", "--deployment", "deployment.json", site+"/rt.png?v=1", site+"/rt.png?v=2")
	const told = "signedfront: the deployment does not forward the parameter \"v\" to the bucket: S3 does not see it\n"
	if p.status() != 0 || strings.Count(p.stdout.String(), "\n") != 2 || p.stderr.String() != told {
		t.Errorf("%d %s, %s", p.status(), p.stdout.String(), p.stderr.String())
	}
}
