package edge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"

	"github.com/signedfront/signedfront/signer"
)

// resourcePolicy evaluates the policy of a bucket or a key as AWS does: it denies
// what no statement allows, and Deny overrides Allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// A statement with something that the edge does not support (NotPrincipal, policy
// variables, other condition keys and operators) never allows: an Allow statement
// is skipped, and a Deny statement denies.
type resourcePolicy model.Policy

// accessRequest is a request to the origin and the identity that makes it.
type accessRequest struct {
	identity identity
	action   string // such as s3:GetObject
	resource string // ARN
}

// answer is the result of evaluating a statement or a part of one.
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

// decide reports whether the policy allows a request, and the reason if it does
// not.
func (b *resourcePolicy) decide(r accessRequest) (allowed bool, reason string) {
	var why []string
	for _, s := range b.Statements {
		got, missing := b.applies(s, r)
		switch {
		case s.Deny && got == yes:
			return false, fmt.Sprintf("%s denies %s on %s: %s", b.Name, r.action, redact.Path(r.resource), s.Name)
		case s.Deny && got == unknown:
			return false, fmt.Sprintf("%s may deny %s on %s: %s has %s, which the local edge does not support", b.Name, r.action, redact.Path(r.resource), s.Name, missing)
		case !s.Deny && got == yes:
			allowed = true
		case !s.Deny && got == unknown:
			why = append(why, fmt.Sprintf("%s has %s, which the local edge does not support", s.Name, missing))
		case !s.Deny && missing != "":
			why = append(why, s.Name+" "+missing)
		}
	}
	if allowed {
		return true, ""
	}
	reason = fmt.Sprintf("%s does not allow %s to perform %s on %s", b.Name, r.identity, r.action, redact.Path(r.resource))
	if len(why) > 0 {
		reason += ": " + strings.Join(why, "; ")
	}
	return false, reason
}

// grants returns patterns of resources on which decide allows an action. The list
// may be incomplete. If a Deny statement may match any resource, it is empty.
func (b *resourcePolicy) grants(who identity, action string) []string {
	var patterns []string
	for _, s := range b.Statements {
		resources := s.Resources
		s.Resources = model.Patterns{Inverted: true} // all
		switch got, _ := b.applies(s, accessRequest{who, action, ""}); {
		case s.Deny && got != no:
			return nil
		case !s.Deny && got == yes && !resources.Inverted:
			patterns = append(patterns, resources.Values...)
		}
	}
	return patterns
}

// applies reports whether a statement matches a request, and if not, which part
// does not match.
func (b *resourcePolicy) applies(s model.Statement, r accessRequest) (got answer, missing string) {
	got = yes
	if !matches(s.Actions, r.action, true) {
		return no, ""
	}
	if s.NotPrincipal {
		got, missing = unknown, "NotPrincipal"
	} else if !b.names(s, r.identity) {
		return no, "is for others"
	}
	if s.Variables {
		got, missing = unknown, "policy variables"
	} else if !matches(s.Resources, r.resource, false) {
		var others []string
		for _, value := range s.Resources.Values {
			others = append(others, redact.Path(redact.Text(value)))
		}
		missing = "is for " + strings.Join(others, ", ")
		bucket, _, _ := strings.Cut(r.resource, "/")
		for _, value := range s.Resources.Values {
			if value == bucket || value == bucket+"/" {
				missing += fmt.Sprintf(", which is no object: the objects are %s/*", bucket)
			}
		}
		return no, missing
	}
	for _, c := range s.Conditions {
		part := holds(c, r.identity)
		if part >= got {
			continue
		}
		if got = part; s.Deny && got == no {
			return no, "" // do not name the false condition of a Deny statement
		}
		if missing = redact.Name(c.Operator) + " on " + redact.Name(c.Key); got == no {
			missing = "requires " + missing + ", which is false"
		}
	}
	return got, missing
}

// names reports whether a statement is for this identity.
func (b *resourcePolicy) names(s model.Statement, who identity) bool {
	for _, p := range s.Principals {
		if p == (model.Principal{Kind: "AWS", Value: "*"}) {
			// Everyone. If public access is blocked, this allows nobody.
			if s.Deny || !b.BlockPublic {
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

func matches(p model.Patterns, s string, ignoreCase bool) bool {
	if ignoreCase {
		s = strings.ToLower(s)
	}
	for _, pattern := range p.Values {
		if ignoreCase {
			pattern = strings.ToLower(pattern)
		}
		if signer.MatchPattern(pattern, s) {
			return !p.Inverted
		}
	}
	return p.Inverted
}

// holds evaluates one condition:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func holds(c model.Condition, who identity) answer {
	value, known := who.conditionKey(c.Key)
	if !known {
		return unknown
	}
	if c.Operator == "Null" {
		if len(c.Values) != 1 || c.Values[0] != "true" && c.Values[0] != "false" {
			return unknown
		}
		return answerOf(c.Values[0] == strconv.FormatBool(value == ""))
	}
	operator, ifExists := strings.CutSuffix(c.Operator, "IfExists")
	compare, negated := comparison(operator)
	switch {
	case compare == nil || len(c.Values) == 0:
		return unknown
	case value == "":
		return answerOf(ifExists || negated) // the request does not have the key
	}
	matched := no
	for _, want := range c.Values {
		matched = max(matched, compare(value, want))
	}
	if negated {
		return yes - matched
	}
	return matched
}

// comparison returns how a condition operator compares a value of the request with
// one of the policy, and whether the condition is true if they differ. For an
// unknown operator it returns nil.
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
		compare = texts(func(have, want string) bool { return signer.MatchPattern(want, have) })
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

// numbers compares two texts as numbers, if both are.
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

// sameARN compares the six parts of an ARN one by one, so a wildcard does not match
// a colon.
func sameARN(have, want string) bool {
	h, w := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	return slices.EqualFunc(w, h, signer.MatchPattern)
}
