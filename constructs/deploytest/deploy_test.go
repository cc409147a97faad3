package deploytest

import "testing"

// TestADeployment runs the scenarios, in one account. Each goes on where the one before it ended, so
// that the first one that fails is the last.
func TestADeployment(t *testing.T) {
	releaseFiles(t) // where it is missing, the test fails here and not near its end
	a := openAccount(t)
	a.wantLoopbackAlone(t)
	defer a.searchForKeys(t)
	defer a.report(t)
	a.bootstrap(t)
	dev := a.clone(t)

	for _, scenario := range []struct {
		name string
		run  func(*app, *testing.T)
	}{
		{"the account answers as AWS does where it matters", (*app).isAnAccount},
		{"a fresh clone is deployed and every resource is there", (*app).isDeployed},
		{"the command line signs what the key in CloudFront verifies", (*app).signs},
		{"deploying again with no change changes nothing", (*app).deploysAgain},
		{"accidents that deployments do not notice are found, and a healthy environment shows none", (*app).hasAccidents},
		{"a rotation reaches a running signer and another stack's role", (*app).rotates},
		{"a deployment that fails in the middle is made good by the next", (*app).failsInTheMiddle},
		{"a guard without its rights fails a deployment, and not the rollback or the next one", (*app).losesItsRights},
		{"a lost secret or a planted key fails a deployment, and not the rollback or the next one", (*app).losesAKey},
		{"an environment of a pattern borrows keys through their rotation", (*app).borrows},
		{"an imported key signs, and no function makes one", (*app).imports},
		{"a folder of a bucket that exists is served, and the bucket stays", (*app).servesAFolder},
		{"a live distribution moves to an access control, and its objects to KMS", (*app).moves},
		{"what is destroyed at last leaves nothing but the bootstrap stack", (*app).isDestroyed},
		{"a first deployment that fails leaves nothing in the way of the next", (*app).failsAtFirst},
		{"this version is deployed over the last release, and what was signed before opens", (*app).isUpgraded},
		{"a protected environment whose first deployment failed is deployed as the page says", (*app).failsProtected},
		{"a certificate is made in us-east-1 before the distribution that takes it", (*app).hasADomain},
		{"a protected environment is removed, and what that keeps, as the page says", (*app).isRemoved},
	} {
		if !t.Run(scenario.name, func(t *testing.T) { scenario.run(dev, t) }) {
			break
		}
	}
}

// report tells how long the steps of a deployment take. Nothing depends on it.
func (a *account) report(t *testing.T) {
	for _, step := range a.steps {
		t.Logf("%6.1fs  cdk %s", step.took.Seconds(), step.command)
	}
}
