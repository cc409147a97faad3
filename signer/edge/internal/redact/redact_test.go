package redact

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
)

func TestPathsAreShownAsTheyAreButForWhatMayBeAKey(t *testing.T) {
	for target, want := range map[string]string{
		"/":                                     "/",
		"/rt.png?Signature=x":                   "/rt.png",
		"/users/1/photo%20of%20me.jpg":          "/users/1/photo%20of%20me.jpg",
		"/ünï/日本.txt":                           "/ünï/日本.txt",
		"/my-holiday-of-2024-part-01-final.mp4": "/my-holiday-of-2024-part-01-final.mp4",
		"/assets/index-DiwrgTda.js":             "/assets/index-DiwrgTda.js",
		"/MyTripToRome2024.jpg":                 "/MyTripToRome2024.jpg",
		"/0b2d3e4f-1a2b-4c3d-8e9f-001122334455/init.mp4":                          "/0b2d3e4f-1a2b-4c3d-8e9f-001122334455/init.mp4",
		"/d41d8cd98f00b204e9800998ecf8427e/seg.ts":                                "/d41d8cd98f00b204e9800998ecf8427e/seg.ts",
		"/open/MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/Kw8ab/logo.svg":                   "/open/(32 bytes)/(5 bytes)/logo.svg",
		"/Photos/Holidays 2026/Spain/Barcelona/The Harbour at Night/DSC00042.jpg": "/Photos/Holidays 2026/Spain/Barcelona/The Harbour at Night/DSC00042.jpg",
		// No part of these lines is longer than a name.
		"/open/aXXelnWE/Afh7/2vHNMrdZL8uU/IyyrlelO2yVGSCsO6Ku/h+jopAOK+QYQv":       "/open/(8 bytes)/(4 bytes)/(12 bytes)/(19 bytes)/(13 bytes)",
		"/open/RpxYt2fq18 XNSVsvOW423/7UAW3/fFPXaubpH51csEeJZn%2ByBivElLBSeCVtjXB": "/open/(22 bytes)/(5 bytes)/(37 bytes)",
		// Regression test: the end of this key has no capitals after its last
		// slashes, and was shown.
		"/MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/uqk/e//thpk=": "/(32 bytes)/(3 bytes)/(1 bytes)//(5 bytes)",
	} {
		if got := Target(target); got != want {
			t.Errorf("%s is shown as %s, want %s", target, got, want)
		}
	}
	if got := Target("/" + strings.Repeat("a", 1<<20)); len(got) > 100 {
		t.Errorf("%d bytes are shown", len(got))
	}
}

func TestNamesOfTemplatesAreShown(t *testing.T) {
	for _, name := range []string{
		"KeyGroup", "DistributionCFDistribution882A7313", "ContentSigningKeysKeyGeneration2PublicKeyB7A1F0C9",
		"PublicKeyGeneration2", "StringNotEqualsIgnoreCaseIfExists", "aws:SourceArn", "aws:PrincipalIsAWSService", "S3CanonicalUserId", "AWS::CloudFront::ResponseHeadersPolicy", "s3:x-amz-server-side-encryption", "signedfront-pr-42", "Fn::GetStackOutput",
	} {
		if got := Name(name); got != name {
			t.Errorf("%s is shown as %s", name, got)
		}
	}
}

func TestAShortPieceOfAKeyWithASlashIsNotTakenForAPathBesideALineOfIt(t *testing.T) {
	line := "sh: 1: " + strings.Repeat("aB3", 22) + ": not found\n"
	const piece = "sh: 2: m/TLwnXHqZyw==: not found"
	if got := Output(line + piece); strings.Contains(got, "TLwnXHqZyw") {
		t.Errorf("shown: %s", got)
	}
	if got := Output(piece); got != piece {
		t.Errorf("without such a line: %s", got)
	}
}

func TestAKeyIsNotTakenForANameOfATemplate(t *testing.T) {
	for _, key := range []string{
		"IiAAuieryzoDxMPpKRViAtnSjGJSghy8",              // letters alone, by chance
		strings.Repeat("3077020101a5", 19) + "12345678", // hexadecimal that ends as an id of the CDK
	} {
		if got := Name(key); strings.Contains(got, key) {
			t.Errorf("shown: %s", got)
		}
	}
}

// A few lines of a key in a thousand have as many slashes as a path.
func TestALineOfAKeyWithManySlashesIsNotTakenForAPath(t *testing.T) {
	seen := 0
	for range 20_000 {
		der := make([]byte, 48)
		rand.Read(der)
		for _, i := range []int{3, 11, 17, 22, 29, 37} { // six of the characters or more become slashes
			der[i/4*3] = 0xff
			der[i/4*3+1] |= 0xf0
		}
		line := base64.StdEncoding.EncodeToString(der)
		if strings.Count(line, "/") < 6 {
			continue
		}
		seen++
		if got := Output("/bin/sh: 1: " + line + ": not found"); strings.Contains(got, line[:12]) {
			t.Errorf("%s is shown: %s", line, got)
		}
	}
	if seen < 1000 {
		t.Errorf("%d lines had six slashes", seen)
	}
	for _, said := range []string{
		"open /home/Someone/Projects/signedfront/constructs/Testdata/Example: no such file",
		"# github.com/signedfront/signedfront/constructs/functions/build/internal/SomePackage",
		"at Object.<anonymous> (/usr/local/lib/node_modules/aws-cdk-lib/aws-cloudfront/lib/Distribution)",
		"reading /home/Someone/go/pkg/mod/github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront/CfnDistribution/CacheBehavior",
	} {
		if got := Output(said); got != said {
			t.Errorf("%s became %s", said, got)
		}
	}
}
