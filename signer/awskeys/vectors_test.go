package awskeys_test

import (
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/awskeys"
	"github.com/signedfront/signedfront/signer/internal/vectors"
)

func TestDocumentsOfTheVectorsLeadToNoOtherPlace(t *testing.T) {
	for _, v := range vectors.Read(t, "../languages/vectors.json").Places {
		_, name, _ := strings.Cut(v.Parameter, ":parameter")
		if want := "arn:aws:ssm:" + region + ":" + account + ":parameter" + name; v.Parameter != want {
			t.Fatalf("the parameter is %s, and the cloud of these tests has %s", v.Parameter, want)
		}
		c := newCloud(t)
		c.deploy(t, parameter, "KONE") // the lender
		c.parameters[name] = v.Text
		_, err := awskeys.Parameter(c.config(), name).Deployment(t.Context())
		if v.Reason == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		member, _, _ := strings.Cut(v.Member, "Arn")
		member = strings.TrimSuffix(strings.TrimSuffix(member, ".secret"), ".kms") // the error names the ARN itself
		if err == nil || !strings.Contains(err.Error(), member) {
			t.Errorf("%s, %s: %v", v.Member, v.Reason, err)
		}
		if n := c.called("GetParameter") + c.called("GetSecretValue") + c.called("GetPublicKey"); n != 1 {
			t.Errorf("%s, %s: %d requests were sent, want the first alone", v.Member, v.Reason, n)
		}
	}
}
