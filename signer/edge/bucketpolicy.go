package edge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer/internal/glob"
)

// resourcePolicy decides who may do what with a resource, as AWS does with the
// policy of a bucket or a key: what no statement allows is denied, and a
// statement that denies beats all that allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// What the edge does not know (NotPrincipal, policy variables, other condition
// keys and operators) never opens anything: a statement that allows is then
// passed over, and a statement that denies then denies.
type resourcePolicy struct {
	name       string // for people: the bucket policy
	statements []policyStatement

	// blockPublic is set where the bucket's public access block stops policies
	// that let in everyone.
	blockPublic bool
}

type policyStatement struct {
	name       string // for people: its Sid or its place
	deny       bool
	principals []principal
	actions    patterns
	resources  patterns
	conditions []policyCondition

	notPrincipal bool // it has NotPrincipal, which the edge does not know
	variables    bool // its resources have policy variables, likewise
}

// principal is one value of Principal, such as {"AWS", "*"}.
type principal struct{ kind, value string }

// patterns are values with wildcards; inverted for NotAction and NotResource.
type patterns struct {
	values   []string
	inverted bool
}

type policyCondition struct {
	operator, key string
	values        []string
}

// accessRequest is what the origin is asked for, and by whom.
type accessRequest struct {
	identity identity
	action   string // such as s3:GetObject
	resource string // ARN
}

// answer is that of a statement, or of a part of one.
type answer int

const (
	no answer = iota
	unknown
	yes
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// readBucketPolicy reads the policies that the template attaches to a bucket.
func (r *resolver) readBucketPolicy(bucketID string) *resourcePolicy {
	bucket := r.bucketName(bucketID)
	// A bucket of which nothing is said blocks public access:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
	block := r.properties(bucketID).get("PublicAccessBlockConfiguration")
	policy := &resourcePolicy{
		name:        bucketPolicyName,
		blockPublic: !block.exists() || block.get("BlockPublicPolicy").flag() || block.get("RestrictPublicBuckets").flag(),
	}
	var attached []string
	for _, id := range r.existing("AWS::S3::BucketPolicy") {
		p := r.properties(id)
		if p.get("Bucket").text() != bucket {
			continue
		}
		attached = append(attached, id)
		policy.statements = append(policy.statements, readPolicy(bucketPolicyName, p.get("PolicyDocument")).statements...)
	}
	if len(attached) > 1 {
		r.report(fmt.Errorf("Resources.%s: the bucket has several policies (%s): S3 keeps one", bucketID, strings.Join(attached, ", ")))
	}
	return policy
}

const bucketPolicyName = "the bucket policy"

func readPolicy(name string, document property) *resourcePolicy {
	policy := &resourcePolicy{name: name}
	for i, s := range document.get("Statement").list() {
		policy.statements = append(policy.statements, readStatement(s, i))
	}
	return policy
}

func readStatement(p property, i int) policyStatement {
	s := policyStatement{name: "statement " + strconv.Itoa(i)}
	if sid := p.get("Sid").text(); sid != "" {
		s.name = "statement " + shown(sid)
	}
	switch effect := p.get("Effect").text(); effect {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		p.get("Effect").wrong("%s: want Allow or Deny", shown(effect))
	}
	s.actions = readPatterns(p, "Action", "NotAction")
	s.resources = readPatterns(p, "Resource", "NotResource")
	s.variables = slices.ContainsFunc(s.resources.values, func(value string) bool { return strings.Contains(value, "${") })
	s.notPrincipal = p.get("NotPrincipal").exists()
	s.principals = readPrincipals(p.get("Principal"))
	if len(s.principals) == 0 && !s.notPrincipal {
		p.get("Principal").wrong("want whom the statement is for")
	}
	for _, operator := range members(p.get("Condition")) {
		for _, key := range members(operator.property) {
			s.conditions = append(s.conditions, policyCondition{operator.name, key.name, key.texts()})
		}
	}
	return s
}

// readPatterns reads one of two members. IAM takes no statement without them,
// and an empty NotAction would be about everything.
func readPatterns(p property, name, inverse string) patterns {
	read := patterns{p.get(name).texts(), false}
	if not := p.get(inverse); not.exists() {
		read = patterns{not.texts(), true}
	}
	if len(read.values) == 0 {
		p.get(name).wrong("want at least one")
	}
	return read
}

func readPrincipals(p property) []principal {
	if s, ok := p.value().(string); ok {
		if s != "*" {
			p.wrong("%s: want * or an object", shown(s))
		}
		return []principal{{"AWS", "*"}}
	}
	var list []principal
	for _, kind := range members(p) {
		for _, value := range kind.texts() {
			list = append(list, principal{kind.name, value})
		}
	}
	return list
}

// decide answers a request, with the reason if it is refused.
func (b *resourcePolicy) decide(r accessRequest) (allowed bool, reason string) {
	var why []string
	for _, s := range b.statements {
		got, missing := b.applies(s, r)
		switch {
		case s.deny && got == yes:
			return false, fmt.Sprintf("%s denies %s on %s: %s", b.name, r.action, shownKey(r.resource), s.name)
		case s.deny && got == unknown:
			return false, fmt.Sprintf("%s may deny %s on %s: %s has %s, which the local edge does not know", b.name, r.action, shownKey(r.resource), s.name, missing)
		case !s.deny && got == yes:
			allowed = true
		case !s.deny && got == unknown:
			why = append(why, fmt.Sprintf("%s has %s, which the local edge does not know", s.name, missing))
		case !s.deny && missing != "":
			why = append(why, s.name+" "+missing)
		}
	}
	if allowed {
		return true, ""
	}
	reason = fmt.Sprintf("%s does not allow %s to %s on %s", b.name, r.identity, r.action, shownKey(r.resource))
	if len(why) > 0 {
		reason += ": " + strings.Join(why, "; ")
	}
	return false, reason
}

// applies reports whether a statement is about a request, and if not, which
// part of it is not.
func (b *resourcePolicy) applies(s policyStatement, r accessRequest) (got answer, missing string) {
	got = yes
	if !s.actions.match(r.action, true) {
		return no, ""
	}
	if s.notPrincipal {
		got, missing = unknown, "NotPrincipal"
	} else if !b.names(s, r.identity) {
		return no, "is for others"
	}
	if s.variables {
		got, missing = unknown, "policy variables"
	} else if !s.resources.match(r.resource, false) {
		var others []string
		for _, value := range s.resources.values {
			others = append(others, unquoted(value))
		}
		missing = "is about " + strings.Join(others, ", ")
		bucket, _, _ := strings.Cut(r.resource, "/")
		for _, value := range s.resources.values {
			if value == bucket || value == bucket+"/" {
				missing += fmt.Sprintf(", which is no object: the objects are %s/*", bucket)
			}
		}
		return no, missing
	}
	for _, c := range s.conditions {
		part := c.holds(r.identity)
		if part >= got {
			continue
		}
		got = part
		if missing = label(c.operator) + " on " + label(c.key); got == no {
			missing = "asks for " + missing + ", which does not hold"
		}
	}
	return got, missing
}

// names reports whether the statement is for this identity.
func (b *resourcePolicy) names(s policyStatement, who identity) bool {
	for _, p := range s.principals {
		if p == (principal{"AWS", "*"}) {
			// Everyone. Where public access is blocked, nobody is let in by it.
			if s.deny || !b.blockPublic {
				return true
			}
			continue
		}
		if slices.Contains(who.principals(), p) {
			return true
		}
	}
	return false
}

func (p patterns) match(s string, ignoreCase bool) bool {
	if ignoreCase {
		s = strings.ToLower(s)
	}
	for _, pattern := range p.values {
		if ignoreCase {
			pattern = strings.ToLower(pattern)
		}
		if glob.MatchCharacters(pattern, s) {
			return !p.inverted
		}
	}
	return p.inverted
}

// holds evaluates one condition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (c policyCondition) holds(who identity) answer {
	value, known := who.conditionKey(c.key)
	if !known {
		return unknown
	}
	if c.operator == "Null" {
		if len(c.values) != 1 || c.values[0] != "true" && c.values[0] != "false" {
			return unknown
		}
		return answerOf(c.values[0] == strconv.FormatBool(value == ""))
	}
	operator, ifExists := strings.CutSuffix(c.operator, "IfExists")
	compare, negated := comparison(operator)
	switch {
	case compare == nil || len(c.values) == 0:
		return unknown
	case value == "":
		return answerOf(ifExists || negated) // the request does not have the key
	}
	matched := no
	for _, want := range c.values {
		matched = max(matched, compare(value, want))
	}
	if negated {
		return yes - matched
	}
	return matched
}

// comparison is what a condition operator does with a value of the request and
// one of the policy, and whether it holds where that does not; nil if the edge
// does not know the operator.
func comparison(operator string) (compare func(have, want string) answer, negated bool) {
	texts := func(same func(have, want string) bool) func(have, want string) answer {
		return func(have, want string) answer { return answerOf(same(have, want)) }
	}
	switch operator {
	case "StringEquals", "StringNotEquals":
		compare = texts(func(have, want string) bool { return have == want })
	case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
		compare = texts(strings.EqualFold)
	case "StringLike", "StringNotLike":
		compare = texts(func(have, want string) bool { return glob.MatchCharacters(want, have) })
	case "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike":
		compare = texts(sameARN)
	case "Bool":
		compare = func(have, want string) answer {
			if _, err := strconv.ParseBool(want); err != nil {
				return unknown
			}
			return answerOf(strings.EqualFold(have, want))
		}
	case "NumericEquals", "NumericNotEquals":
		compare = numbers(func(have, want float64) bool { return have == want })
	case "NumericLessThan":
		compare = numbers(func(have, want float64) bool { return have < want })
	case "NumericLessThanEquals":
		compare = numbers(func(have, want float64) bool { return have <= want })
	case "NumericGreaterThan":
		compare = numbers(func(have, want float64) bool { return have > want })
	case "NumericGreaterThanEquals":
		compare = numbers(func(have, want float64) bool { return have >= want })
	}
	return compare, strings.Contains(operator, "Not")
}

// numbers compares two texts as numbers, where both are.
func numbers(holds func(have, want float64) bool) func(have, want string) answer {
	return func(have, want string) answer {
		h, err := strconv.ParseFloat(have, 64)
		w, err2 := strconv.ParseFloat(want, 64)
		if err != nil || err2 != nil || math.IsNaN(w) {
			return unknown
		}
		return answerOf(holds(h, w))
	}
}

// sameARN compares the six parts of an ARN one by one: a wildcard does not
// reach over a colon.
func sameARN(have, want string) bool {
	h, w := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	return slices.EqualFunc(w, h, glob.MatchCharacters)
}
