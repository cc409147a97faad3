package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/signedfront/signedfront/signer"
)

// lasting are the types that no upgrade may replace: they hold content and keys, verify
// and serve URLs already signed, or have names that others use.
var lasting = []string{
	"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret",
	"AWS::CloudFront::PublicKey", "AWS::CloudFront::KeyGroup", "AWS::CloudFront::Distribution",
	"AWS::CloudFront::CloudFrontOriginAccessIdentity", "AWS::CloudFront::OriginAccessControl",
	"AWS::SSM::Parameter", "AWS::IAM::ManagedPolicy", "Custom::SigningKeyPair", "Custom::EmptyBucket",
}

// isUpgraded deploys the last release, with a lender and a borrower, and then this clone
// in the order of PIPELINES.md. Signers of both versions sign for both environments,
// before and after.
func (p *app) isUpgraded(t *testing.T) {
	old := p.appOf(t, releaseFiles(t))
	for _, version := range []*app{old, p} {
		version.configure(t, func(environments map[string]any) {
			clear(environments)
			dev := development(map[string]any{"1": map[string]any{"algorithm": "rsa-2048"}, "2": map[string]any{}}, 2)
			maps.Copy(dev, map[string]any{
				"lendKeys": true, "originAccess": "oac", "encryption": "kms",
				"publicPaths": []string{"/assets/*"}, "signedPaths": []string{"/assets/premium/*"},
			})
			environments["dev"] = dev
			environments["pr-*"] = map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}}
		})
	}
	old.deploy(t, "dev")
	old.deploy(t, borrower, onlyTheBorrower...)

	var held []*heldURLs
	var running []*watched
	for _, environment := range []string{"dev", borrower} {
		h := old.holdURLs(t, environment)
		held = append(held, h)
		if said, got := p.status(t, p.signedfront, "explain", "--env", environment, h.urls[0]); got != 0 {
			t.Errorf("explain exits with %d, want 0: the last release lists no trusted keys, and the distribution trusts this one:\n%s", got, said)
		}
		p.checkSigning(t, environment, p.publicKeys(t, environment)...)
		running = append(running, p.watch(t, environment, func(context.Context, *signer.Deployment, map[string]*signer.PublicKey) error { return nil }))
	}
	signs := running[0].signsFirst(t)

	p.deploy(t, "dev")
	for _, h := range held {
		h.wantKept(t)
	}
	p.deploy(t, borrower, onlyTheBorrower...)
	p.checkGenerations(t, "dev", 2)
	p.wantLent(t, lender)
	for _, h := range held {
		h.wantKept(t)
		old.checkSigning(t, h.environment)
		p.checkSigning(t, h.environment)
	}
	for _, w := range running {
		w.stop(t, signs)
	}

	p.destroy(t, borrower, onlyTheBorrower...)
	p.destroy(t, "dev")
	p.wantNothingLeft(t)
}

// publicKeys returns the keys that an environment's distribution trusts, as flags of
// explain.
func (p *app) publicKeys(t *testing.T, environment string) (flags []string) {
	t.Helper()
	trusted, err := p.trustedKeys(t.Context(), p.physicalID(t, environment, "AWS::CloudFront::Distribution"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for id, key := range trusted {
		file := filepath.Join(folder, id)
		writeFile(t, file, key.PEM())
		flags = append(flags, "--public-key", id+"="+file)
	}
	return flags
}

// heldURLs are URLs that viewers of an environment hold, and the resources they depend
// on.
type heldURLs struct {
	*app
	environment string
	ids         map[string]string // of the lasting types, by logical id
	bucket      string
	urls        []string
	cookie      string
}

const heldObject = "rt.png"

// holdURLs uploads an object and signs for it, as an app does.
func (p *app) holdURLs(t *testing.T, environment string) *heldURLs {
	t.Helper()
	h := &heldURLs{app: p, environment: environment, bucket: p.physicalID(t, environment, "AWS::S3::Bucket")}
	h.ids = map[string]string{}
	for id, r := range p.resources(t, stackName(environment)) {
		if slices.Contains(lasting, r.Type) {
			h.ids[id] = r.physicalID
		}
	}
	_, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &h.bucket, Key: aws.String(heldObject), Body: strings.NewReader(environment)})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(p.run(t, p.signedfront, append(args, "--env", environment, "--ttl", "1h")...))
	}
	h.urls = []string{
		sign("url", heldObject),
		sign("url", heldObject, "--ip", "203.0.113.0/24"),
	}
	var cookies map[string]string
	if err := json.Unmarshal([]byte(sign("cookies", "--format", "json", "*")), &cookies); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		h.cookie += fmt.Sprintf("%s=%s; ", name, cookies[name])
	}
	h.wantKept(t)
	return h
}

// wantKept checks that the lasting resources and the object are the same, and that the
// held URLs open it.
func (h *heldURLs) wantKept(t *testing.T) {
	t.Helper()
	resources := h.resources(t, stackName(h.environment))
	for id, was := range h.ids {
		if r := resources[id]; r == nil || r.physicalID != was {
			t.Errorf("%s: %s was %s, and was replaced or deleted", h.environment, id, was)
		}
	}
	object, err := h.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &h.bucket, Key: aws.String(heldObject)})
	if err != nil {
		t.Fatalf("%s: %v", h.environment, err)
	}
	defer object.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(object.Body); err != nil || body.String() != h.environment {
		t.Errorf("%s: the object is %q (%v)", h.environment, body.String(), err)
	}

	document, err := h.document(t.Context(), "/signedfront/"+project+"/"+h.environment)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := h.trustedKeys(t.Context(), h.physicalID(t, h.environment, "AWS::CloudFront::Distribution"))
	if err != nil {
		t.Fatal(err)
	}
	viewer := signer.Request{Time: time.Now(), RemoteAddr: netip.MustParseAddr("203.0.113.9")}
	var requests []signer.Request
	for _, url := range h.urls {
		viewer.URL = url
		requests = append(requests, viewer)
	}
	viewer.URL, viewer.Cookie = document.BaseURL+"/"+heldObject, []string{h.cookie}
	requests = append(requests, viewer)
	for i, request := range requests {
		if !strings.HasPrefix(request.URL, document.BaseURL+"/"+heldObject) {
			t.Errorf("%s: a held URL is %s, but the base URL is %s now", h.environment, request.URL, document.BaseURL)
		}
		if v := signer.Verify(request, trusted); !v.Allowed {
			t.Errorf("%s: of %d held requests, CloudFront refuses number %d: %s", h.environment, len(requests), i+1, v.Detail)
		}
	}
}
