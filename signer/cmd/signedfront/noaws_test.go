package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

func TestWithoutTheAWSClientsTheProgramServesAndSignsHereAndSaysWhatItLacks(t *testing.T) {
	compiled, err := exec.Command("go", "list", "-deps", "-tags=noaws", ".").Output()
	if err != nil || !strings.Contains(string(compiled), "/signer/edge\n") || strings.Contains(string(compiled), "/aws-sdk-go-v2/") {
		t.Errorf("%v: it compiles\n%s", err, compiled)
	}
	whole := signedfront
	t.Cleanup(func() { signedfront = whole })
	signedfront = filepath.Join(t.TempDir(), "signedfront.exe")
	build := exec.Command("go", append([]string{"build", "-tags=noaws", "-o", signedfront}, buildFlags...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	a := statustest.Healthy("shipped")
	dir := inAccount(t, a)
	start(t, dir, "local", "--addr", "127.0.0.1:0", "--no-page").stdout.await(t, has("Signature=", 3))
	here := filepath.Join(".signedfront", "signedfront-dev", "deployment.json")
	writeFile(t, filepath.Join(dir, "deployed.json"), a.Parameters["/signedfront/media/dev"][0].Text)
	const lacks = "this program was built with -tags=noaws, without the AWS clients"
	const site = "https://d111111abcdef8.cloudfront.net"
	for _, test := range []struct {
		args   string
		status int
		want   string
	}{
		{"url --deployment " + here + " rt.png", 0, "Signature="},
		{"explain --deployment " + here + " " + site + "/rt.png", 3, "MissingKey"},
		{"keygen --out keys", 0, "public_key.pem"},
		{"url --key-pair-id K2JCJMDEHXQW5F --private-key " + filepath.Join("keys", "private_key.pem") + " " + site + "/rt.png", 0, "Signature="},
		{"version", 0, ", -tags=noaws)"},

		{"url --env dev rt.png", 1, lacks},
		{"url --deployment deployed.json rt.png", 1, lacks},
		{"cookies --deployment deployed.json *", 1, lacks},
		{"explain --env dev " + site + "/rt.png", 1, lacks},
		{"status --env dev", 1, lacks},
		{"doctor --env dev", 1, lacks},
	} {
		p := run(t, dir, strings.Fields(test.args)...)
		if out := p.stdout.String() + p.stderr.String(); p.status() != test.status || !strings.Contains(out, test.want) {
			t.Errorf("%s: exit status %d, want %d and %s:\n%s", test.args, p.status(), test.status, test.want, out)
		}
	}
	if calls := a.Calls(); len(calls) > 0 {
		t.Errorf("it called AWS: %v", calls)
	}
}
