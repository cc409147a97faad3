package deploytest

import (
	"os"
	"path/filepath"
	"testing"
)

// later has CloudFront and Systems Manager report everything done so far as done a month
// earlier. atOnce has them report the real times.
func (a *account) later(t *testing.T) {
	t.Helper()
	writeFile(t, filepath.Join(a.scratch, "age"), []byte("2592000"))
}

func (a *account) atOnce(t *testing.T) {
	t.Helper()
	writeFile(t, filepath.Join(a.scratch, "age"), []byte("0"))
}

// losesItsRights takes away the guard's right to read. A deployment of dev that changes
// no key fails, says what to do, and succeeds once the right is back.
func (p *app) losesItsRights(t *testing.T) {
	denied := filepath.Join(p.scratch, "deny-key-groups")
	writeFile(t, denied, nil)
	p.configure(t, func(environments map[string]any) { environments["dev"].(map[string]any)["maxKeyAge"] = "2m" })
	p.wantRolledBack(t, "the guard cannot find out whether CloudFront would refuse viewers after this deployment: ", "cloudfront:GetKeyGroup", `or deploy without the guard, with "guard": false`)
	if err := os.Remove(denied); err != nil {
		t.Fatal(err)
	}
	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", 2)
}

// wantRefused deploys dev with settings by which viewers would be refused. The
// deployment must fail for these reasons and change nothing.
func (p *app) wantRefused(t *testing.T, settings map[string]any, reasons ...string) {
	t.Helper()
	before := identities(p.checkResources(t, stackName("dev")))
	document, err := p.document(t.Context(), lender)
	if err != nil {
		t.Fatal(err)
	}
	p.configure(t, func(environments map[string]any) { environments["dev"] = settings })
	p.wantRolledBack(t, append(reasons, "this deployment would have CloudFront refuse viewers")...)
	wantSame(t, identities(p.checkResources(t, stackName("dev"))), before)
	after, err := p.document(t.Context(), lender)
	if err != nil {
		t.Fatal(err)
	}
	if after.KeyPairID != document.KeyPairID || len(after.TrustedKeys) != len(document.TrustedKeys) {
		t.Errorf("the document named %s of %d keys, and names %s of %d now", document.KeyPairID, len(document.TrustedKeys), after.KeyPairID, len(after.TrustedKeys))
	}
}
