package deploytest

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// moves moves an environment with public and signed paths from an access identity to an
// access control, one deployment for each value of originAccess, and then to KMS and
// back. At each step the distribution reads by what the step before allowed, and no
// other resource is replaced.
func (p *app) moves(t *testing.T) {
	const environment = "moving"
	const identity, control = "AWS::CloudFront::CloudFrontOriginAccessIdentity", "AWS::CloudFront::OriginAccessControl"
	var kept map[string]string // of the step before, by logical id
	for _, step := range []struct {
		access, encryption string
		mayRead            []string
		reads              string
		key                bool
	}{
		{"oai", "s3", []string{identity}, identity, false},
		{"migrating", "s3", []string{identity, control}, identity, false},
		{"migrated", "s3", []string{identity, control}, control, false},
		{"oac", "s3", []string{control}, control, false},
		{"oac", "kms", []string{control}, control, true},
		{"oac", "leaving-kms", []string{control}, control, true},
	} {
		p.configure(t, func(environments map[string]any) {
			environments[environment] = map[string]any{
				"ephemeral": true, "originAccess": step.access, "encryption": step.encryption,
				"publicPaths": []string{"/assets/*"}, "signedPaths": []string{"/assets/premium/*"},
				"missing": 404, "defaultRootObject": "index.html",
			}
		})
		outputs, _ := p.deploy(t, environment)
		resources := p.checkResources(t, stackName(environment)) // checks the bucket policy and the encryption too

		var mayRead []string
		for _, kind := range []string{identity, control} {
			if len(ofType(resources, kind)) == 1 {
				mayRead = append(mayRead, kind)
			}
		}
		if !slices.Equal(mayRead, step.mayRead) {
			t.Errorf("%s: %v may read, want %v", step.access, mayRead, step.mayRead)
		}
		p.wantBehaviors(t, outputs["DistributionId"])
		p.wantHealthy(t, environment)
		if reads := p.reader(t, outputs["DistributionId"], resources); reads != step.reads {
			t.Errorf("%s: the distribution reads by %q, want %s", step.access, reads, step.reads)
		}
		if has := len(ofType(resources, "AWS::KMS::Key")) == 1; has != step.key {
			t.Errorf("%s, %s: there is a KMS key: %t", step.access, step.encryption, has)
		}
		now := map[string]string{}
		for id, r := range resources {
			now[id] = r.physicalID
			if before, was := kept[id]; was && before != r.physicalID {
				t.Errorf("%s, %s: %s was replaced", step.access, step.encryption, id)
			}
		}
		kept = now
	}
	p.checkSigning(t, environment)
	p.destroy(t, environment)
}

// wantBehaviors checks that signed paths come before public ones, and that public ones
// have the function that refuses escapes.
func (p *app) wantBehaviors(t *testing.T, distribution string) {
	t.Helper()
	answer, err := p.cloudFront.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: &distribution})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range answer.Distribution.DistributionConfig.CacheBehaviors.Items {
		kind := "public"
		if b.TrustedKeyGroups != nil && len(b.TrustedKeyGroups.Items) > 0 {
			kind = "signed"
		}
		if b.FunctionAssociations != nil && len(b.FunctionAssociations.Items) > 0 {
			kind += " with a function"
		}
		got = append(got, kind+" "+*b.PathPattern)
	}
	if want := []string{"signed /assets/premium/*", "public with a function /assets/*"}; !slices.Equal(got, want) {
		t.Errorf("the behaviors are %q, want %q", got, want)
	}
}

// reader returns the type of the resource by which a distribution reads its bucket.
func (p *app) reader(t *testing.T, distribution string, resources map[string]*resource) string {
	t.Helper()
	answer, err := p.cloudFront.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: &distribution})
	if err != nil {
		t.Fatal(err)
	}
	origin := answer.Distribution.DistributionConfig.Origins.Items[0]
	by := aws.ToString(origin.OriginAccessControlId)
	if by == "" {
		by = aws.ToString(origin.S3OriginConfig.OriginAccessIdentity)
	}
	for _, r := range resources {
		if r.physicalID == by || "origin-access-identity/cloudfront/"+r.physicalID == by {
			return r.Type
		}
	}
	return by
}
