// Package deploytest deploys a clone of this repository with the CDK's own command
// line into an AWS account that an emulator plays on this machine. It has tests
// alone. It is a module of its own, so that the clients of the AWS services it reads
// are not dependencies of programs that import this repository's packages:
//
//	go test -C constructs/deploytest -count=1 -v -timeout 30m ./...
//
// The test needs Linux, the system of the functions' programs, Go, Git, Node.js with
// npm, Python 3.11 or newer with venv (Debian's package python3-venv), Chromium, curl
// and jq. A missing tool fails the test. The first run downloads the command lines of
// the CDK and of AWS and the emulator, each at one version and checked by its hash,
// into the user's cache folder.
//
// The clone must have the history of the repository back to the release that
// testdata/release names, which one scenario deploys before this version. A shallow
// clone fails the test.
//
// The emulator is MiniStack. testdata/engine.py starts it and lists what it adds to
// it. The test proves nothing about what MiniStack does not do as AWS does: the
// evaluation of IAM and bucket policies, quotas, and how long CloudFront takes.
//
// The functions differ from a user's in one thing: the clone's app is run with the
// tag signedfront_emulator, so that they answer the emulator's CloudFormation, which
// does not use S3 and HTTPS.
//
// # Nothing else is touched
//
// The address of the account must be a loopback address. Every program gets that
// address, with credentials that are valid nowhere. The AWS settings of the user who
// runs the test, in variables and in files, reach neither the programs nor the AWS
// SDK.
//
// # Scenarios
//
// TestADeployment runs the scenarios in the order of its list, in one account. Each
// is a file, <scenario>_test.go. TestWhatIsThereAlready and TestTheRunbooks have
// accounts of their own. At the end, everything that programs printed and wrote (the
// command line's output, templates, events, outputs, logs) is searched for every
// private key that was ever made.
package deploytest
