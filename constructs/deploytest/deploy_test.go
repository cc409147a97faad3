package deploytest

import "testing"

// TestADeployment runs the scenarios in one account. Each starts where the one before it
// ended, so the first failure ends the test.
func TestADeployment(t *testing.T) {
	releaseFiles(t) // here, so that a missing release fails the test at its start
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
		{"the account refuses what AWS refuses", (*app).isAnAccount},
		{"a fresh clone is deployed and every resource is there", (*app).isDeployed},
		{"the command line signs what the key in CloudFront verifies", (*app).signs},
		{"deploying again with no change changes nothing", (*app).deploysAgain},
		{"accidents that deployments do not notice are found, and a healthy environment shows none", (*app).hasAccidents},
		{"a rotation reaches a running signer and another stack's role", (*app).rotates},
		{"the deployment after one that failed in the middle succeeds", (*app).failsInTheMiddle},
		{"a guard without its rights fails a deployment, and not the rollback or the next one", (*app).losesItsRights},
		{"a lost secret or a planted key fails a deployment, and not the rollback or the next one", (*app).losesAKey},
		{"an environment of a pattern borrows keys through their rotation", (*app).borrows},
		{"an imported key signs, and no function makes one", (*app).imports},
		{"a folder of a bucket that exists is served, and the bucket stays", (*app).servesAFolder},
		{"a live distribution moves to an access control, and its objects to KMS", (*app).moves},
		{"a destroyed environment leaves only the bootstrap stack", (*app).isDestroyed},
		{"the deployment after a first one that failed succeeds", (*app).failsAtFirst},
		{"this version is deployed over the last release, and what was signed before opens", (*app).isUpgraded},
		{"a protected environment whose first deployment failed is deployed as the page says", (*app).failsProtected},
		{"a certificate is made in us-east-1 before the distribution that takes it", (*app).hasADomain},
		{"a protected environment and what its removal keeps are removed as the page says", (*app).isRemoved},
	} {
		if !t.Run(scenario.name, func(t *testing.T) { scenario.run(dev, t) }) {
			break
		}
	}
}

// report logs how long each run of the CDK's command line took.
func (a *account) report(t *testing.T) {
	for _, step := range a.steps {
		t.Logf("%6.1fs  cdk %s", step.took.Seconds(), step.command)
	}
}
