// Package deploytest deploys for real: what a clone of the repository has, with
// the CDK's own command line, into an AWS account that an emulator plays on
// this machine. It has tests alone, and is a module of its own, so that the
// clients of the many services that it asks never become dependencies of the
// programs that import this repository's packages:
//
//	go test -C constructs/deploytest -count=1 -v -timeout 30m ./...
//
// That needs Linux, whose programs the functions are, Go, Git, Node.js with npm,
// Python 3.11 or newer with venv (Debian's package python3-venv), Chromium, curl and
// jq. The rest,
// the command lines of the CDK and of AWS and the emulator, each at one version
// and checked by its hash, is downloaded the first time into the user's cache
// folder, where it is found again. A tool that is missing fails the test.
//
// It needs the history of the repository too, as far back as the release that
// testdata/release names: that one is deployed first in one scenario, and then
// what is tested over it. A shallow clone fails the test.
//
// The emulator is MiniStack, started by testdata/engine.py, which says what it
// adds to it. Whatever it does not do as AWS does is not proven here: the
// evaluation of IAM and bucket policies, quotas, and how long CloudFront takes.
//
// The functions differ from a user's in one thing: the clone's app is run with the
// tag signedfront_emulator, by which they answer the emulator's CloudFormation,
// which is not behind S3 and HTTPS.
//
// # Nothing else is touched
//
// The address of the account must be an address of the loopback interface, and
// every program is told it together with credentials that are good nowhere.
// AWS settings of whoever runs the test, in variables and in files, reach
// neither the programs nor the AWS SDK.
//
// # Scenarios
//
// TestADeployment runs them in the order in which it lists them, in one
// account. Each is a file, <scenario>_test.go. TestWhatIsThereAlready and
// TestTheRunbooks have accounts of their own. When all are done, everything
// that was said and written on the way (the command line's output, templates,
// events, outputs, logs) is searched for every private key that there ever was.
package deploytest
