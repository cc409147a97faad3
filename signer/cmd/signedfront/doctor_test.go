package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/doctor"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

const localDocument = ".signedfront/signedfront-dev/deployment.json"

// localStack serves the recorded stack with one object, rt.txt, and returns the folder
// to run programs in.
func localStack(t *testing.T) (dir string) {
	t.Helper()
	content := t.TempDir()
	writeFile(t, filepath.Join(content, "rt.txt"), "a file")
	dir = t.TempDir()
	serve(t, dir, content)
	return dir
}

func TestDoctorFindsNothingWrongWithTheLocalStack(t *testing.T) {
	dir := localStack(t)
	p := run(t, dir, "doctor", "--deployment", localDocument, "rt.txt")
	out := p.stdout.String()
	if p.status() != 0 || !strings.Contains(out, "healthy: ") || strings.Contains(out, "Signature") || strings.Contains(out, "\x1b") {
		t.Errorf("exit status %d: %s%s", p.status(), out, p.stderr.String())
	}
	for _, line := range []string{"viewer      7       0       0              3", "cors, preflight: give --origin", "cache: the local edge has no cache"} {
		if !strings.Contains(out, line) {
			t.Errorf("it does not say %q: %s", line, out)
		}
	}
	if p := run(t, dir, "doctor", "--deployment", localDocument); p.status() != 0 || !strings.Contains(p.stdout.String(), "it needs the key of an object: give KEY") {
		t.Errorf("without KEY: exit status %d: %s", p.status(), p.stdout.String())
	}
	if p := run(t, dir, "doctor", "--deployment", localDocument, "--all", "rt.txt"); !strings.Contains(p.stdout.String(), "signed-cookies    passed") {
		t.Errorf("--all: %s", p.stdout.String())
	}
}

func TestTheExitStatusOfDoctorSaysWhatItFound(t *testing.T) {
	dir := localStack(t)
	for name, test := range map[string]struct {
		args   string
		status int
		says   string
	}{
		"a missing object":               {"doctor --deployment FILE missing.txt", 3, "signed-url: does a signed URL open the object?: answered 403 AccessDenied"},
		"an origin that nothing allows":  {"doctor --deployment FILE --origin https://app.example.com rt.txt", 3, "cors: can a page of --origin read the object?"},
		"no deployment":                  {"doctor rt.txt", 2, "give --env NAME or --deployment FILE"},
		"two deployments":                {"doctor --env dev --deployment FILE rt.txt", 2, "each name a deployment"},
		"two keys":                       {"doctor --deployment FILE rt.txt b.txt", 2, "want one object key"},
		"a URL":                          {"doctor --deployment FILE https://example.com/rt.txt", 2, "is a URL, not an object key"},
		"an S3 address":                  {"doctor --deployment FILE s3://media/rt.txt", 2, "an S3 address"},
		"an origin with a path":          {"doctor --deployment FILE --origin https://app.example.com/x rt.txt", 2, "write a scheme and a host alone"},
		"an origin without a scheme":     {"doctor --deployment FILE --origin app.example.com rt.txt", 2, "not an origin"},
		"the local edge's unknowns":      {"doctor --deployment FILE --unknowns rt.txt", 2, "that document is of the local edge"},
		"a missing document":             {"doctor --deployment missing.json rt.txt", 1, "there is no file"},
		"a Region for a document":        {"doctor --deployment FILE --region eu-west-1 rt.txt", 2, "--region goes with --env"},
		"a profile for a key file":       {"doctor --deployment FILE --profile x rt.txt", 2, "so AWS is not used"},
		"a wrong name of an environment": {"doctor --env a/b rt.txt", 2, "--env is"},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, strings.Fields(strings.ReplaceAll(test.args, "FILE", localDocument))...)
			if said := p.stdout.String() + p.stderr.String(); p.status() != test.status || !strings.Contains(said, test.says) {
				t.Errorf("exit status %d: %s", p.status(), said)
			}
		})
	}
}

func TestDoctorOfAServerThatIsDownSaysNotKnown(t *testing.T) {
	dir := t.TempDir()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.WriteFile(filepath.Join(dir, "private_key.pem")); err != nil {
		t.Fatal(err)
	}
	writeJSON(t, filepath.Join(dir, "deployment.json"), signer.Deployment{
		Schema: 1, BaseURL: "http://127.0.0.1:1", KeyPairID: "K2JCJMDEHXQW5F", Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
		PublicKeySHA256: key.PublicKey().Fingerprint(), Key: signer.KeyLocation{File: "private_key.pem"},
	})
	p := run(t, dir, "doctor", "--deployment", "deployment.json", "rt.txt")
	if out := p.stdout.String(); p.status() != 1 || !strings.Contains(out, "127.0.0.1 cannot be reached") || !strings.Contains(out, "not known: ") {
		t.Errorf("exit status %d: %s%s", p.status(), out, p.stderr.String())
	}
}

func TestDoctorOfAnEnvironmentAsksAWSAndTheSite(t *testing.T) {
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/rt.txt" {
			w.Write([]byte("a file"))
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(open.Close)
	a := statustest.Healthy("shipped")
	for _, versions := range a.Parameters {
		for i := range versions {
			versions[i].Text = strings.Replace(versions[i].Text, "https://d111111dev.cloudfront.net", open.URL, 1)
		}
	}
	delete(a.Secrets, a.SecretARN)
	dir := inAccount(t, a)
	for _, variable := range []string{"HTTP_PROXY", "HTTPS_PROXY"} { // no request reaches S3
		t.Setenv(variable, "http://127.0.0.1:1")
	}
	p := run(t, dir, "doctor", "--env", "dev", "--project", "media", "--json", "rt.txt")
	var r doctor.Report
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil || p.status() != 3 {
		t.Fatalf("%v, exit status %d: %s%s", err, p.status(), p.stdout.String(), p.stderr.String())
	}
	got := map[string]doctor.Outcome{}
	for _, c := range r.Checks {
		got[c.Check] = c.Outcome
	}
	for check, want := range map[string]doctor.Outcome{
		"secret": doctor.Failed, "unsigned": doctor.Failed, "cloudfront": doctor.Failed, "propagation": doctor.Passed, "public-open": doctor.Passed,
		"bucket-object": doctor.CouldNotAsk, "private-key": doctor.Failed, "signed-url": doctor.NotAsked,
	} {
		if got[check] != want {
			t.Errorf("%s is %q, want %q", check, got[check], want)
		}
	}
}

func TestThePageOfDoctorNamesTheMembersAndChecksOfItsJSON(t *testing.T) {
	page, err := os.ReadFile("DOCTOR.md")
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, localStack(t), "doctor", "--deployment", localDocument, "--json", "missing.txt")
	var report map[string]any
	if err := json.Unmarshal([]byte(p.stdout.String()), &report); err != nil {
		t.Fatalf("%v: %s%s", err, p.stdout.String(), p.stderr.String())
	}
	named := func(name string) {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("DOCTOR.md does not name %s", name)
		}
	}
	checks := report["checks"].([]any)
	for name := range report {
		named(name)
	}
	for _, c := range checks {
		c := c.(map[string]any)
		for name := range c {
			named(name)
		}
		named(c["check"].(string))
		named(c["group"].(string))
	}
	if len(checks) < 29 {
		t.Errorf("there are %d checks", len(checks))
	}
}
