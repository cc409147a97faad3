package edge

import (
	"slices"
	"strings"
	"testing"
)

func TestAPolicyGrantsWhatItAllowsForCertain(t *testing.T) {
	const (
		everyone = `"Principal": "*", "Action": "s3:GetObject"`
		allow    = `{"Effect": "Allow", ` + everyone + `, "Resource": ["arn:aws:s3:::bbb/a/*", "arn:aws:s3:::bbb/b/*"]}`
	)
	patterns := []string{"arn:aws:s3:::bbb/a/*", "arn:aws:s3:::bbb/b/*"}
	for name, test := range map[string]struct {
		statements []string
		want       []string
	}{
		"nothing":                  {nil, nil},
		"a statement":              {[]string{allow}, patterns},
		"a condition that holds":   {[]string{allow, `{"Effect": "Allow", ` + everyone + `, "Resource": "c", "Condition": {"Bool": {"aws:SecureTransport": true}}}`}, append(slices.Clone(patterns), "c")},
		"one that does not":        {[]string{allow, `{"Effect": "Allow", ` + everyone + `, "Resource": "c", "Condition": {"Bool": {"aws:SecureTransport": false}}}`}, patterns},
		"one that is not known":    {[]string{allow, `{"Effect": "Allow", ` + everyone + `, "Resource": "c", "Condition": {"Bool": {"aws:ViaAWSService": false}}}`}, patterns},
		"another action":           {[]string{allow, `{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "c"}`}, patterns},
		"all but some":             {[]string{allow, `{"Effect": "Allow", ` + everyone + `, "NotResource": "c"}`}, patterns},
		"a policy variable":        {[]string{allow, `{"Effect": "Allow", ` + everyone + `, "Resource": "${aws:username}"}`}, patterns},
		"a denial of others":       {[]string{allow, `{"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}`}, patterns},
		"a denial of what is HTTP": {[]string{allow, `{"Effect": "Deny", ` + everyone + `, "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}}}`}, patterns},
		"a denial":                 {[]string{allow, `{"Effect": "Deny", ` + everyone + `, "Resource": "arn:aws:s3:::bbb/a/x"}`}, nil},
		"a denial of all but some": {[]string{allow, `{"Effect": "Deny", ` + everyone + `, "NotResource": "arn:aws:s3:::bbb/a/*"}`}, nil},
		"a denial not known":       {[]string{allow, `{"Effect": "Deny", ` + everyone + `, "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": true}}}`}, nil},
	} {
		policy, err := policyOf(t, strings.Join(test.statements, ", "))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := policy.grants(identity{OAI: "E1"}, "s3:GetObject"); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
