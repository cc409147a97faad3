package deploytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/signedfront/signedfront/signer"
)

// signs checks the command line's signatures for dev.
func (p *app) signs(t *testing.T) { p.checkSigning(t, "dev") }

// checkSigning signs with the command line and verifies with the keys in CloudFront.
// keys are for environments whose deployment document does not list them.
func (p *app) checkSigning(t *testing.T, environment string, keys ...string) {
	t.Helper()
	document, err := p.document(t.Context(), "/signedfront/"+project+"/"+environment)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := p.trustedKeys(t.Context(), p.physicalID(t, environment, "AWS::CloudFront::Distribution"))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) == 0 {
		listing := document
		if lender := document.Key.Parameter; lender != "" {
			if listing, err = p.document(t.Context(), lender); err != nil {
				t.Fatal(err)
			}
		}
		listed, err := listing.PublicKeys()
		if err != nil || !maps.EqualFunc(listed, trusted, func(a, b *signer.PublicKey) bool { return a.Equal(b) }) {
			t.Errorf("the deployment document lists %v, and CloudFront trusts %v: %v", slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(trusted)), err)
		}
	}

	signed := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", environment, "rt.png"))
	if !strings.HasPrefix(signed, document.BaseURL+"/rt.png?") {
		t.Errorf("signed %q for %s", signed, document.BaseURL)
	}
	if v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, trusted); !v.Allowed {
		t.Errorf("CloudFront's key does not verify it: %s", v.Detail)
	}

	changed := strings.Replace(signed, "/rt.png", "/rt.pnf", 1)
	for url, want := range map[string]int{signed: 0, changed: 3} {
		if said, got := p.status(t, p.signedfront, append([]string{"explain", "--env", environment, url}, keys...)...); got != want {
			t.Errorf("explain exits with %d, want %d:\n%s", got, want, said)
		}
	}

	var cookies map[string]string
	text := p.run(t, p.signedfront, "cookies", "--env", environment, "--format", "json", "albums/7/*")
	if err := json.Unmarshal([]byte(text), &cookies); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	var header []string
	for name, value := range cookies {
		header = append(header, name+"="+value)
	}
	for path, want := range map[string]bool{"/albums/7/a.png": true, "/albums/8/a.png": false} {
		request := signer.Request{URL: document.BaseURL + path, Cookie: []string{strings.Join(header, "; ")}, Time: time.Now()}
		if v := signer.Verify(request, trusted); v.Allowed != want {
			t.Errorf("whether the cookies for albums/7/* open %s: %t (%s)", path, v.Allowed, v.Detail)
		}
	}
}

// physicalID returns the physical id of the only resource of a type in an environment's
// stack.
func (p *app) physicalID(t *testing.T, environment, kind string) string {
	t.Helper()
	found := ofType(p.resources(t, stackName(environment)), kind)
	if len(found) != 1 {
		t.Fatalf("%s has %d of %s", stackName(environment), len(found), kind)
	}
	return found[0].physicalID
}

// trustedKeys returns the public keys that a distribution trusts, by key pair id. A key
// may leave its group, and then CloudFront, between two calls: it then reads both again.
func (a *account) trustedKeys(ctx context.Context, distribution string) (keys map[string]*signer.PublicKey, err error) {
	for range 10 {
		if keys, err = a.readTrustedKeys(ctx, distribution); !errors.As(err, new(*cloudfronttypes.NoSuchPublicKey)) {
			return keys, err
		}
	}
	return nil, fmt.Errorf("a key group still has a key that was deleted: %w", err)
}

func (a *account) readTrustedKeys(ctx context.Context, distribution string) (map[string]*signer.PublicKey, error) {
	answer, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &distribution})
	if err != nil {
		return nil, err
	}
	keys := map[string]*signer.PublicKey{}
	for _, group := range answer.Distribution.DistributionConfig.DefaultCacheBehavior.TrustedKeyGroups.Items {
		answer, err := a.cloudFront.GetKeyGroup(ctx, &cloudfront.GetKeyGroupInput{Id: &group})
		if err != nil {
			return nil, err
		}
		for _, id := range answer.KeyGroup.KeyGroupConfig.Items {
			key, err := a.publicKey(ctx, id)
			if err != nil {
				return nil, err
			}
			keys[id] = key
		}
	}
	return keys, nil
}
