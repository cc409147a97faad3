package page

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

func (s *site) access() accessPath {
	s.Helper()
	var path accessPath
	if status := s.call(http.MethodGet, "/api/access", nil, &path); status != http.StatusOK {
		s.Fatal(status)
	}
	return path
}

const (
	behaviors = "Resources.Distribution.Properties.DistributionConfig.CacheBehaviors"
	fallback  = "Resources.Distribution.Properties.DistributionConfig.DefaultCacheBehavior"
	allows    = "Resources.BucketPolicy.Properties.PolicyDocument.Statement.1"
	origin    = "Resources.Distribution.Properties.DistributionConfig.Origins.0"
)

// behavior returns a cache behavior of the template, signed or public.
func behavior(pattern string, signed bool) string {
	b := map[string]any{"PathPattern": pattern, "TargetOriginId": "content", "ViewerProtocolPolicy": "https-only"}
	if signed {
		b["TrustedKeyGroups"] = []any{map[string]string{"Ref": "KeyGroup"}}
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestTheAccessPathOfAnOpenWayHasNoFault(t *testing.T) {
	path := start(t, template(t, behaviors+".0", behavior("/assets/*", false)), pictures).access()
	if len(path.Lanes) != 2 || len(path.Notes) != 0 {
		t.Fatalf("%d lanes, notes %q", len(path.Lanes), path.Notes)
	}
	for i, want := range []string{"anyone", "signed URL or cookies"} {
		l := path.Lanes[i]
		if len(l.Stops) != 6 || len(l.Links) != 5 || l.Stops[0].Text != want {
			t.Fatalf("%s: %+v", l.Pattern, l)
		}
		for j, link := range l.Links {
			if link.State != good || link.Reason != "" || link.At != l.Stops[j+1].Title {
				t.Errorf("%s: link %d is %+v", l.Pattern, j, link)
			}
		}
	}
	if keys := path.Lanes[1].Stops[2]; len(keys.Lines) != 1 || !strings.HasSuffix(keys.Lines[0], " signs now") {
		t.Errorf("the keys are %+v", keys)
	}
}

// The edge starts with each of these faults: only the template is wrong.
func TestTheAccessPathMarksTheLinkThatIsBroken(t *testing.T) {
	const oai = `{"Fn::Join": ["", ["arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ", "E0000000000000"]]}`
	secondKey := func() []string {
		key, err := signer.GenerateKey(signer.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		pem, err := json.Marshal(string(key.PublicKey().PEM()))
		if err != nil {
			t.Fatal(err)
		}
		return []string{
			"Resources.Other", `{"Type": "AWS::CloudFront::PublicKey", "Properties": {"PublicKeyConfig": {"Name": "other", "CallerReference": "other", "EncodedKey": ` + string(pem) + `}}}`,
			"Resources.KeyGroup.Properties.KeyGroupConfig.Items.0", `{"Ref": "Other"}`,
		}
	}
	for _, test := range []struct {
		name    string
		changes []string
		lane    int
		state   string
		at      string
		reason  string
	}{
		{"the bucket policy names the bucket, not its objects", []string{allows + ".Resource", `{"Fn::GetAtt": ["Bucket", "Arn"]}`}, 0, broken, "Bucket policy", "which is no object: the objects are arn:aws:s3:::"},
		{"the bucket policy is for another identity", []string{allows + ".Principal", `{"AWS": ` + oai + `}`}, 0, broken, "Bucket policy", "is for others"},
		{"the bucket policy allows something else", []string{allows + ".Action", `"s3:PutObject"`}, 0, broken, "Bucket policy", "does not allow"},
		{"the bucket policy denies", []string{allows + ".Effect", `"Deny"`}, 0, broken, "Bucket policy", "denies s3:GetObject"},
		{"the bucket policy asks for what CloudFront does not send", []string{allows + ".Condition", `{"StringEquals": {"aws:SourceArn": "arn:aws:cloudfront::1:distribution/E1"}}`}, 0, broken, "Bucket policy", "aws:SourceArn"},
		{"there is no bucket policy", []string{"Resources.BucketPolicy", ""}, 0, broken, "Bucket policy", "does not allow"},
		{"nobody is CloudFront at the bucket", []string{origin + ".S3OriginConfig", `{"OriginAccessIdentity": ""}`}, 0, broken, "Identity", "anonymous caller"},
		{"the key that signs is in no key group", secondKey(), 0, broken, "Key group", "signs, but no key group that this behavior trusts has it"},
		{"a public pattern comes before a signed one", []string{behaviors + ".0", behavior("/albums/*", false), behaviors + ".1", behavior("/albums/7/*", true)}, 1, broken, "Cache behavior", "/albums/* comes before it, matches all its paths and is public"},
		{"a public pattern fits some paths of a signed one after it", []string{behaviors + ".0", behavior("*.png", false), behaviors + ".1", behavior("/albums/*", true)}, 1, warning, "Cache behavior", "*.png comes before it and is public, so /albums/.png needs no signature"},
		{"a pattern that comes first leaves nothing", []string{behaviors + ".0", behavior("/albums/*", true), behaviors + ".1", behavior("/albums/7/*", false)}, 1, broken, "Cache behavior", "so it is never chosen"},
		{"an identity cannot read a bucket with a KMS key", []string{"Resources.Bucket.Properties.BucketEncryption", `{"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:000000000000:key/1"}}]}`}, 0, broken, "Bucket", "use an origin access control"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := start(t, template(t, test.changes...), pictures).access().Lanes[test.lane]
			found := false
			for _, link := range l.Links {
				if link.At != test.at {
					if link.State == broken {
						t.Errorf("broken at %s too: %s", link.At, link.Reason)
					}
					continue
				}
				found = true
				if link.State != test.state || !strings.Contains(link.Reason, test.reason) {
					t.Errorf("%+v, want %s with %q", link, test.state, test.reason)
				}
			}
			if !found {
				t.Errorf("no link to %s in %+v", test.at, l.Links)
			}
		})
	}
}

// The edge refuses this before there is a page.
func TestATemplateThatTrustsNothingIsRefusedByTheEdge(t *testing.T) {
	for change, want := range map[[2]string]string{
		{fallback + ".TrustedKeyGroups", "[]"}:                       "an empty list: name a key group",
		{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", "[]"}: "a key group needs at least one public key",
	} {
		_, err := edge.New(edge.Config{Template: template(t, change[0], change[1]), BaseURL: "http://127.0.0.1:8080", Objects: edge.OpenFS(pictures)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change[0], err)
		}
	}
}

func TestTheAccessPathNeedsNoObject(t *testing.T) {
	for _, link := range start(t, template(t), fstest.MapFS{}).access().Lanes[0].Links {
		if link.State != good {
			t.Errorf("%+v", link)
		}
	}
}

func TestPatternsThatShareAPath(t *testing.T) {
	for _, test := range []struct {
		a, b, shared string
		covers       bool
	}{
		{"/a/*", "/a/b/*", "/a/b/", true},
		{"/a/b/*", "/a/*", "/a/b/", false},
		{"*", "/a", "/a", true},
		{"*.png", "/a/*", "/a/.png", false},
		{"/a?c", "/abc", "/abc", false},
		{"/a?", "/a*", "/ax", false},
		{"/a*", "/a?", "/ax", true},
		{"/a/*", "/b/*", "", false},
		{"/a", "/ab", "", false},
		{"*a*b", "a*", "ab", false},
	} {
		shared, overlaps := commonPath(test.a, test.b)
		if overlaps != (test.shared != "") || shared != test.shared {
			t.Errorf("%s and %s share %q, want %q", test.a, test.b, shared, test.shared)
		}
		if overlaps && (!signer.MatchPattern(test.a, shared) || !signer.MatchPattern(test.b, shared)) {
			t.Errorf("%q does not fit %s and %s", shared, test.a, test.b)
		}
		if got := coversPattern(test.a, test.b); got != test.covers {
			t.Errorf("%s covers %s: %t", test.a, test.b, got)
		}
	}
}

func TestTheAccessPathOfAnotherAppMarksWhatIsNotServed(t *testing.T) {
	text, err := os.ReadFile("../testdata/apps/media.template.json")
	if err != nil {
		t.Fatal(err)
	}
	s := startConfig(t, edge.Config{Template: text, Objects: edge.OpenFS(pictures), StandIn: func(k edge.KeyPair) (*signer.PrivateKey, error) {
		return signer.GenerateKey(k.Algorithm)
	}}, Config{})
	states := map[string]hop{}
	for _, l := range s.access().Lanes {
		if len(l.Stops) != 6 || len(l.Links) != 5 {
			t.Errorf("%s: %d stops and %d links", l.Pattern, len(l.Stops), len(l.Links))
			continue
		}
		states[l.Pattern] = l.Links[toBehavior]
		if l.Links[toBehavior].State == broken && l.Links[toBucket].State != notReached {
			t.Errorf("%s: the bucket is %s after a broken link", l.Pattern, l.Links[toBucket].State)
		}
	}
	for pattern, reason := range map[string]string{"/api/*": "serves buckets only", "/pages/*": "runs no functions", "/site/*": "its bucket is "} {
		if got := states[pattern]; got.State != broken || !strings.Contains(got.Reason, "the local edge refuses every request: ") || !strings.Contains(got.Reason, reason) {
			t.Errorf("%s: %+v", pattern, got)
		}
	}
	if got := states["*"]; got.State != good {
		t.Errorf("what is served: %+v", got)
	}
}
