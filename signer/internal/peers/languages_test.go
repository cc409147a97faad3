package peers

import (
	"bufio"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// BenchmarkOtherLanguages compares a URL by our default, P-256 and SHA-256, with
// one by the signers of Python and JavaScript, each in a process that has warmed up
// and measures its own time. Both call OpenSSL, whose RSA is faster than Go's:
// times-ours-RSA is the ratio with the same RSA key, below 1 if we are slower.
func BenchmarkOtherLanguages(b *testing.B) {
	for _, way := range []struct {
		name    string
		key     crypto.Signer
		hash    string
		program func() []string
		bound   float64 // times our default
	}{
		{"botocore/RSA", rsaKey(), "SHA1", func() []string { return []string{python(b), "testdata/sign.py", "--times"} }, 5},
		{"JavaScript/RSA", rsaKey(), "SHA1", func() []string { return []string{"node", filepath.Join(node(b), "sign.mjs"), "--times"} }, 10},
		{"JavaScript/ECDSA", ecdsaKey(), "SHA256", func() []string { return []string{"node", filepath.Join(node(b), "sign.mjs"), "--times"} }, 5},
	} {
		b.Run(way.name, func(b *testing.B) {
			theirs := startSigner(b, task{keyPairID, pkcs8(b, way.key), []signedCase{{URL: photo, Resource: photo, Expires: expires.Unix(), Hash: way.hash}}}, way.program()...)
			theirs(500)
			r := longTurns(b, 2*time.Millisecond,
				repeated(oursURL(b, ours(b, ecdsaKey(), signer.Options{}), photo)),
				repeated(oursURL(b, ours(b, rsaKey(), signer.Options{Hash: signer.SHA1}), photo)),
				theirs)
			b.ReportMetric(r.time(0), "ns/op")
			b.ReportMetric(r.time(2), "their-ns")
			if way.hash == "SHA1" {
				b.ReportMetric(r.median(func(t []float64) float64 { return t[2] / t[1] }), "times-ours-RSA")
			}
			atLeast(b, r.median(func(t []float64) float64 { return t[2] / t[0] }), "times-ours", way.bound)
		})
	}
}

// startSigner starts a program that signs the first URL of a task as many times as
// requested, and returns how long that took.
func startSigner(b *testing.B, task task, program ...string) func(calls int) time.Duration {
	b.Helper()
	command := exec.CommandContext(b.Context(), program[0], program[1:]...)
	var said strings.Builder
	command.Stderr = &said
	in := must[io.WriteCloser](b)(command.StdinPipe())
	out := bufio.NewScanner(must[io.ReadCloser](b)(command.StdoutPipe()))
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		command.Wait()
	})
	fmt.Fprintf(in, "%s\n", must[[]byte](b)(json.Marshal(task)))
	return func(calls int) time.Duration {
		fmt.Fprintln(in, calls)
		if !out.Scan() {
			in.Close()
			b.Fatalf("%s: %v: %s", program[1], command.Wait(), said.String())
		}
		return time.Duration(must[int64](b)(strconv.ParseInt(out.Text(), 10, 64)))
	}
}
