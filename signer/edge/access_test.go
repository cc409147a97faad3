package edge_test

import (
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/model"
	"github.com/signedfront/signedfront/signer/edge/template"
)

// The policy as S3 returns it, with the identity by its ARN.
func storedPolicy(resource string) []byte {
	return []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":["arn:aws:s3:::media","arn:aws:s3:::media/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1ABCDEF"},"Action":"s3:GetObject","Resource":"` + resource + `"}]}`)
}

func TestAStoredPolicyIsEvaluatedAsTheEdgeDoes(t *testing.T) {
	who := model.Identity{OAI: "E1ABCDEF", CanonicalUser: "79a5"}
	for resource, want := range map[string]string{
		"arn:aws:s3:::media/*": "",
		"arn:aws:s3:::media/":  "which is no object: the objects are arn:aws:s3:::media/*",
		"arn:aws:s3:::media":   "which is no object: the objects are arn:aws:s3:::media/*",
		"arn:aws:s3:::other/*": "is for",
	} {
		policy, err := template.ReadPolicy("the bucket policy", storedPolicy(resource))
		if err != nil {
			t.Fatal(err)
		}
		allowed, reason := edge.Allows(policy, who, "s3:GetObject", "arn:aws:s3:::media/rt.png")
		if allowed != (want == "") || !strings.Contains(reason, want) {
			t.Errorf("%s: %t, %s", resource, allowed, reason)
		}
		if allowed, _ := edge.Allows(policy, model.Identity{OAI: "E2"}, "s3:GetObject", "arn:aws:s3:::media/rt.png"); allowed {
			t.Errorf("%s: another identity may read", resource)
		}
	}
}

func TestATextThatIsNoPolicyIsRefused(t *testing.T) {
	for _, text := range []string{"", "[]", "{", `{"Statement":[{"Effect":"Maybe","Principal":"*","Action":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, `{"Statement":[]} {}`, strings.Repeat(`{"a":`, 500)} {
		if policy, err := template.ReadPolicy("the bucket policy", []byte(text)); err == nil {
			t.Errorf("%s: %+v", text, policy)
		}
	}
}
