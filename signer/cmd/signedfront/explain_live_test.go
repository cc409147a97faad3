package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

func TestExplainGoesByWhatTheDistributionTrustsNow(t *testing.T) {
	a := statustest.Healthy("shipped")
	const old = "K4OLDERKEY"
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New(old, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.URL(t.Context(), "https://d111111dev.cloudfront.net/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	explain := func() (int, string, string) {
		p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", url)
		return p.status(), p.stdout.String(), p.stderr.String()
	}

	if status, out, _ := explain(); status != 3 || !strings.Contains(out, "denied") || strings.Contains(out, "fault") {
		t.Errorf("a key that nothing trusts: %d\n%s", status, out)
	}
	// The key group has the key, whatever the document lists.
	a.Groups[a.GroupID].Members = append(a.Groups[a.GroupID].Members, old)
	a.Keys[old] = statustest.PublicKey(key)
	if status, out, said := explain(); status != 0 || !strings.Contains(out, "allowed") {
		t.Errorf("a key of the group: %d\n%s%s", status, out, said)
	}
	// Without permission to read the group, the document counts.
	a.Fail["cloudfront:GetKeyGroup"] = "AccessDenied"
	if status, out, said := explain(); status != 3 || !strings.Contains(said, "lack cloudfront:GetKeyGroup") {
		t.Errorf("without the right: %d\n%s%s", status, out, said)
	}
	delete(a.Fail, "cloudfront:GetKeyGroup")
	// A fault of the deployment is printed with the verdict.
	b := a.Buckets[a.BucketName]
	b.Policy = strings.ReplaceAll(b.Policy, a.BucketName+"/*", a.BucketName+"/")
	if status, out, _ := explain(); status != 0 || !strings.Contains(out, "fault") || !strings.Contains(out, "CloudFront may not read the bucket") {
		t.Errorf("a fault of the deployment: %d\n%s", status, out)
	}
	for _, call := range a.Calls() {
		if strings.HasSuffix(call.Action, ":GetSecretValue") {
			t.Error("the private key was asked for")
		}
	}
}

func TestExplainGoesByTheDocumentWhereAWSDoesNotAnswerInTime(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Hang = "cloudformation:"
	started := time.Now()
	p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "https://d111111dev.cloudfront.net/rt.png?Expires=2116972800&Signature=AAAA&Key-Pair-Id=KUNKNOWN")
	if p.status() != 3 || !strings.Contains(p.stderr.String(), "took longer than 8s: using the deployment document") {
		t.Errorf("exit status %d after %s:\n%s%s", p.status(), time.Since(started), p.stdout.String(), p.stderr.String())
	}
}
