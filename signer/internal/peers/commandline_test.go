package peers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkCommandLine compares whole programs, from their start to their end:
// one URL, signed with one RSA key from a file.
func BenchmarkCommandLine(b *testing.B) {
	binary := filepath.Join(scratch, "signedfront")
	build := exec.Command("go", "build", "-o", binary, "./signer/cmd/signedfront")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	aws, key, end := awsCLI(b), rsaFile(b), fmt.Sprint(expires.AddDate(50, 0, 0).Unix())

	var our, their string
	r := turns(b,
		func() {
			our = run(b, "", binary, "url", "--key-pair-id", keyPairID, "--private-key", key, "--hash", "sha1", "--expires", end, photo)
		},
		func() {
			their = run(b, "", aws, "cloudfront", "sign", "--key-pair-id", keyPairID, "--private-key", "file://"+key, "--date-less-than", end, "--url", photo)
		})
	if our != their+"\n" {
		b.Fatalf("\n got %s\nwant %s", our, their)
	}
	b.ReportMetric(r.time(0), "ns/op")
	b.ReportMetric(r.time(1), "AWS-CLI-ns")
	atLeast(b, r.median(func(t []float64) float64 { return t[1] / t[0] }), "times-AWS-CLI", 15)
}
