package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// readBucketPolicy reads the policies that the template attaches to a bucket.
func (r *resolver) readBucketPolicy(bucketID string) model.Policy {
	bucket := r.bucketName(bucketID)
	// A bucket blocks public access by default:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
	block := r.properties(bucketID).get("PublicAccessBlockConfiguration")
	policy := model.Policy{
		Name:        bucketPolicyName,
		BlockPublic: !block.exists() || block.get("BlockPublicPolicy").flag() || block.get("RestrictPublicBuckets").flag(),
	}
	var attached []string
	for _, id := range r.existing("AWS::S3::BucketPolicy") {
		p := r.properties(id)
		if p.get("Bucket").text() != bucket {
			continue
		}
		attached = append(attached, id)
		policy.Statements = append(policy.Statements, readPolicy(bucketPolicyName, p.get("PolicyDocument")).Statements...)
	}
	if len(attached) > 1 {
		r.report(fmt.Errorf("Resources.%s: the bucket has several policies (%s): want one", bucketID, strings.Join(attached, ", ")))
	}
	return policy
}

const bucketPolicyName = "the bucket policy"

func readPolicy(name string, document property) model.Policy {
	policy := model.Policy{Name: name}
	for i, s := range document.get("Statement").list() {
		policy.Statements = append(policy.Statements, readStatement(s, i))
	}
	return policy
}

func readStatement(p property, i int) model.Statement {
	s := model.Statement{Name: "statement " + strconv.Itoa(i)}
	if sid := p.get("Sid").text(); sid != "" {
		s.Name = "statement " + redact.Quote(sid)
	}
	switch effect := p.get("Effect").text(); effect {
	case "Allow":
	case "Deny":
		s.Deny = true
	default:
		p.get("Effect").wrong("%s: want Allow or Deny", redact.Quote(effect))
	}
	s.Actions = readPatterns(p, "Action", "NotAction")
	s.Resources = readPatterns(p, "Resource", "NotResource")
	s.Variables = slices.ContainsFunc(s.Resources.Values, func(value string) bool { return strings.Contains(value, "${") })
	s.NotPrincipal = p.get("NotPrincipal").exists()
	s.Principals = readPrincipals(p.get("Principal"))
	if len(s.Principals) == 0 && !s.NotPrincipal {
		p.get("Principal").wrong("want the principals of the statement")
	}
	for _, operator := range members(p.get("Condition")) {
		for _, key := range members(operator.property) {
			s.Conditions = append(s.Conditions, model.Condition{Operator: operator.name, Key: key.name, Values: key.texts()})
		}
	}
	return s
}

// readPatterns reads one of two members, such as Action and NotAction. IAM requires
// one of them. An empty NotAction would match everything.
func readPatterns(p property, name, inverse string) model.Patterns {
	read := model.Patterns{Values: p.get(name).texts()}
	if not := p.get(inverse); not.exists() {
		read = model.Patterns{Values: not.texts(), Inverted: true}
	}
	if len(read.Values) == 0 {
		p.get(name).wrong("want at least one")
	}
	return read
}

func readPrincipals(p property) []model.Principal {
	if s, ok := p.value().(string); ok {
		if s != "*" {
			p.wrong("%s: want * or an object", redact.Quote(s))
		}
		return []model.Principal{{Kind: "AWS", Value: "*"}}
	}
	var list []model.Principal
	for _, kind := range members(p) {
		for _, value := range kind.texts() {
			list = append(list, model.Principal{Kind: kind.name, Value: value})
		}
	}
	return list
}
