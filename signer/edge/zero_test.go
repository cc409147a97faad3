package edge

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// TestNothingThatIsLeftOutOpensAnything has a row for each thing that decides
// who gets what, left out, empty or zero: New refuses it, naming the place, or
// the edge refuses the request.
func TestNothingThatIsLeftOutOpensAnything(t *testing.T) {
	ref := func(id string) map[string]any { return map[string]any{"Ref": id} }
	const block = "Resources.Bucket.Properties.PublicAccessBlockConfiguration"
	noIdentity := change{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""}
	for _, row := range []struct {
		name    string
		changes []change
		want    string // of the error of New, or of the reason
		refused bool   // the request, not the template
	}{
		{"an empty list of key groups", []change{{fallback + ".TrustedKeyGroups", []any{}}}, "TrustedKeyGroups: an empty list", false},
		{"key groups that are null", []change{{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "*", "TargetOriginId": "content", "TrustedKeyGroups": nil}}}}, "TrustedKeyGroups: an empty list", false},
		{"a list of a group that is left out", []change{{fallback + ".TrustedKeyGroups", []any{ref("AWS::NoValue")}}}, "TrustedKeyGroups: an empty list", false},
		{"an empty name of a key group", []change{{fallback + ".TrustedKeyGroups", []any{""}}}, "TrustedKeyGroups[0]: the template has no such key group", false},
		{"a key group that is not there", []change{{"Resources.KeyGroup", nil}}, `no resource or parameter "KeyGroup"`, false},
		{"a key group of no keys", []change{{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", []any{}}}, "a key group needs at least one public key", false},
		{"a key group of nothing", []change{{"Resources.KeyGroup.Properties", nil}}, "a key group needs at least one public key", false},
		{"a public key of nothing", []change{{"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey", nil}}, "EncodedKey", false},
		{"a distribution that does not say that it is enabled", []change{{config + ".Enabled", nil}}, "Enabled: the distribution is disabled", false},
		{"a distribution of nothing", []change{{config, nil}}, "DefaultCacheBehavior: want", false},
		{"no default behavior", []change{{fallback, nil}}, "DefaultCacheBehavior: want", false},
		{"a behavior without a pattern", []change{{config + ".CacheBehaviors", []any{map[string]any{"TargetOriginId": "content"}}}}, "PathPattern: want", false},
		{"a behavior without an origin", []change{{fallback + ".TargetOriginId", nil}}, "TargetOriginId", false},
		{"a control that does not say whether it signs", []change{noIdentity, {origin0 + ".OriginAccessControlId", ref("Control")},
			{"Resources.Control", map[string]any{"Type": "AWS::CloudFront::OriginAccessControl"}}}, "SigningBehavior: an empty value", false},
		{"a function that does not say that it is published", []change{{fallback + ".FunctionAssociations", []any{map[string]any{"EventType": "viewer-request", "FunctionARN": ref("Fn")}}},
			{"Resources.Fn", map[string]any{"Type": "AWS::CloudFront::Function", "Properties": map[string]any{}}}}, "FunctionCode", false},
		{"a statement without an effect", []change{{reader + ".Effect", nil}}, "Effect: an empty value: want Allow or Deny", false},
		{"a statement for nobody", []change{{reader + ".Principal", nil}}, "Principal: want the principals", false},
		{"a statement for an empty list", []change{{reader + ".Principal", map[string]any{"AWS": []any{}}}}, "Principal: want the principals", false},
		{"a statement without an action", []change{{reader + ".Action", nil}}, "Action: want at least one", false},
		{"a statement about everything but nothing", []change{{reader + ".Action", nil}, {reader + ".NotAction", []any{}}}, "Action: want at least one", false},
		{"a statement without a resource", []change{{reader + ".Resource", nil}}, "Resource: want at least one", false},
		{"a statement about all resources but none", []change{{reader + ".Resource", nil}, {reader + ".NotResource", []any{}}}, "Resource: want at least one", false},

		{"a policy without a statement", []change{{"Resources.BucketPolicy.Properties.PolicyDocument", map[string]any{"Version": "2012-10-17"}}}, "the bucket policy does not allow", true},
		{"no policy", []change{{"Resources.BucketPolicy", nil}}, "the bucket policy does not allow", true},
		{"no identity", []change{noIdentity}, "does not allow an anonymous caller", true},
		{"no word on public access", []change{noIdentity, {reader + ".Principal", "*"}, {block, nil}}, "does not allow an anonymous caller", true},
		{"a condition of no values", []change{{reader + ".Condition", map[string]any{"StringNotEquals": map[string]any{"aws:SourceArn": []any{}}}}}, "which the local edge does not support", true},
		{"a denial with a condition of no values", []change{{deny0 + ".Condition", map[string]any{"StringEquals": map[string]any{"aws:SourceArn": []any{}}}}}, "may deny", true},
		{"a denial with an operator of no name", []change{{deny0 + ".Condition", map[string]any{"": map[string]any{"aws:SourceArn": "x"}}}}, "may deny", true},
		{"a Null of neither", []change{{deny0 + ".Condition", map[string]any{"Null": map[string]any{"aws:SourceArn": "yes"}}}}, "may deny", true},
		{"a Bool of neither", []change{{deny0 + ".Condition", map[string]any{"Bool": map[string]any{"aws:SecureTransport": "no"}}}}, "may deny", true},
		{"a number that is none", []change{{deny0 + ".Condition", map[string]any{"NumericLessThan": map[string]any{"s3:TlsVersion": "new"}}}}, "may deny", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := Config{Template: edited(t, row.changes...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)}
			if !row.refused {
				if _, err := New(c); err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v, want %q", err, row.want)
				}
				return
			}
			s := serveConfig(t, c)
			got := s.get(s.sign("/rt.png"))
			if got.status != 403 || !strings.Contains(got.header.Get(reasonHeader), row.want) {
				t.Errorf("%d %q, want 403 with %q", got.status, got.header.Get(reasonHeader), row.want)
			}
		})
	}

	// What a Go program leaves out.
	for name, c := range map[string]Config{
		"nothing":               {},
		"no template":           {BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)},
		"an empty template":     {BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures), Template: []byte("{}")},
		"a template of null":    {BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures), Template: []byte("null")},
		"no objects":            {BaseURL: "http://127.0.0.1:8080", Template: edited(t)},
		"no base URL":           {Template: edited(t), Objects: OpenFS(pictures)},
		"a base URL of no host": {BaseURL: "http://", Template: edited(t), Objects: OpenFS(pictures)},
		"a key that is nil": {BaseURL: "http://127.0.0.1:8080", Template: edited(t), Objects: OpenFS(pictures),
			Keys: func(KeyPair) (*signer.PrivateKey, error) { return nil, nil }},
	} {
		if e, err := New(c); err == nil || e != nil {
			t.Errorf("New of %s: %v", name, err)
		}
	}
	recorder := httptest.NewRecorder()
	new(Edge).ServeHTTP(recorder, httptest.NewRequest("GET", "/rt.png", nil))
	if recorder.Code != 403 {
		t.Errorf("the zero value of an Edge answers %d", recorder.Code)
	}
	if s, err := new(Edge).Signer(); err == nil || s != nil {
		t.Error("the zero value of an Edge signs")
	}
	if new(model.Behavior).Public {
		t.Error("the zero value of a behavior is public")
	}
	if allowed, _ := new(resourcePolicy).decide(accessRequest{}); allowed {
		t.Error("the zero value of a policy allows")
	}
}

// deny0 is the statement of the template that denies.
const deny0 = "Resources.BucketPolicy.Properties.PolicyDocument.Statement.0"
