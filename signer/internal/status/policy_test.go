package status_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

type statements []struct {
	Sid              string
	Effect           string
	Action, Resource any
}

// published returns the policy of STATUS.md.
func published(t *testing.T) statements {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "cmd", "signedfront", "STATUS.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```json\n")
	text, _, _ := strings.Cut(after, "```")
	var policy struct{ Statement statements }
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	return policy.Statement
}

func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			list = append(list, item.(string))
		}
	}
	return list
}

func (s statements) allow(action, resource string) bool {
	for _, one := range s {
		for _, allowed := range texts(one.Action) {
			for _, on := range texts(one.Resource) {
				if one.Effect == "Allow" && signer.MatchPattern(allowed, action) && (signer.MatchPattern(on, resource)) {
					return true
				}
			}
		}
	}
	return false
}

func TestThePublishedPolicyAllowsEachCallAndNamesNoOther(t *testing.T) {
	policy, used := published(t), map[string]bool{}
	for _, kind := range statustest.Kinds() {
		a := statustest.Healthy(kind)
		if _, err := read(t, a); err != nil {
			t.Fatal(err)
		}
		for _, call := range a.Calls() {
			used[call.Action] = true
			if !policy.allow(call.Action, call.Resource) {
				t.Errorf("%s: the policy does not allow %s on %s", kind, call.Action, call.Resource)
			}
		}
	}
	for _, statement := range policy {
		for _, action := range texts(statement.Action) {
			if !used[action] && statement.Sid != "DriftAsCloudFormationReadsIt" {
				t.Errorf("the policy allows %s, which nothing uses", action)
			}
		}
	}
	if len(used) < 19 {
		t.Errorf("%d actions were used", len(used))
	}
}

func TestThePublishedPolicyLetsNobodySignReadContentOrChangeAnything(t *testing.T) {
	policy := published(t)
	for action, resource := range map[string]string{
		"secretsmanager:GetSecretValue": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:key-a1b2c3",
		"secretsmanager:DeleteSecret":   "arn:aws:secretsmanager:eu-west-1:111122223333:secret:key-a1b2c3",
		"kms:Sign":                      "arn:aws:kms:eu-west-1:111122223333:key/1",
		"kms:Decrypt":                   "arn:aws:kms:eu-west-1:111122223333:key/1",
		"s3:GetObject":                  "arn:aws:s3:::media/rt.png",
		"s3:ListBucket":                 "arn:aws:s3:::media",
		"s3:PutBucketPolicy":            "arn:aws:s3:::media",
		"ssm:GetParameter":              "arn:aws:ssm:eu-west-1:111122223333:parameter/other/secret",
		"ssm:PutParameter":              "arn:aws:ssm:eu-west-1:111122223333:parameter/signedfront/media/dev",
		"cloudfront:UpdateDistribution": "arn:aws:cloudfront::111122223333:distribution/E1",
		"cloudformation:UpdateStack":    "arn:aws:cloudformation:eu-west-1:111122223333:stack/media-dev/1",
		"iam:PassRole":                  "arn:aws:iam::111122223333:role/r",
		"lambda:InvokeFunction":         "arn:aws:lambda:eu-west-1:111122223333:function:f",
	} {
		if policy.allow(action, resource) {
			t.Errorf("the policy allows %s", action)
		}
	}
}

func TestThePageNamesEveryCheckAndNoOther(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "cmd", "signedfront", "STATUS.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	_, table, _ := strings.Cut(string(page), "## What it finds")
	table, _, _ = strings.Cut(table, "## ")
	for line := range strings.Lines(table) {
		if check, ok := strings.CutPrefix(line, "| `"); ok {
			check, _, _ = strings.Cut(check, "`")
			named[check] = true
		}
	}
	planted := map[string]bool{}
	for _, accident := range statustest.Accidents() {
		planted[accident.Check] = true
	}
	for check := range named {
		if !planted[check] {
			t.Errorf("the page names the check %s, for which no accident is planted", check)
		}
	}
	for check := range planted {
		if !named[check] {
			t.Errorf("the page does not name the check %s", check)
		}
	}
}
