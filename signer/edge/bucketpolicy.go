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

// resourcePolicy decides as AWS does with the policy of a bucket or a key: what
// no statement allows is denied, and a statement that denies beats all that
// allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// What the edge does not know (NotPrincipal, policy variables, other condition
// keys and operators) never opens anything: a statement that allows is then
// passed over, and a statement that denies then denies.
type resourcePolicy model.Policy

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

// decide answers a request, with the reason if it is refused.
func (b *resourcePolicy) decide(r accessRequest) (allowed bool, reason string) {
	var why []string
	for _, s := range b.Statements {
		got, missing := b.applies(s, r)
		switch {
		case s.Deny && got == yes:
			return false, fmt.Sprintf("%s denies %s on %s: %s", b.Name, r.action, redact.Path(r.resource), s.Name)
		case s.Deny && got == unknown:
			return false, fmt.Sprintf("%s may deny %s on %s: %s has %s, which the local edge does not know", b.Name, r.action, redact.Path(r.resource), s.Name, missing)
		case !s.Deny && got == yes:
			allowed = true
		case !s.Deny && got == unknown:
			why = append(why, fmt.Sprintf("%s has %s, which the local edge does not know", s.Name, missing))
		case !s.Deny && missing != "":
			why = append(why, s.Name+" "+missing)
		}
	}
	if allowed {
		return true, ""
	}
	reason = fmt.Sprintf("%s does not allow %s to %s on %s", b.Name, r.identity, r.action, redact.Path(r.resource))
	if len(why) > 0 {
		reason += ": " + strings.Join(why, "; ")
	}
	return false, reason
}

// grants returns patterns of resources on which decide allows an action. Others may
// be allowed as well: none is returned where a statement may deny any of them.
func (b *resourcePolicy) grants(who identity, action string) []string {
	var patterns []string
	for _, s := range b.Statements {
		resources := s.Resources
		s.Resources = model.Patterns{Inverted: true} // every one
		switch got, _ := b.applies(s, accessRequest{who, action, ""}); {
		case s.Deny && got != no:
			return nil
		case !s.Deny && got == yes && !resources.Inverted:
			patterns = append(patterns, resources.Values...)
		}
	}
	return patterns
}

// applies reports whether a statement is about a request, and if not, which
// part of it is not.
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
		missing = "is about " + strings.Join(others, ", ")
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
			return no, "" // which condition does not hold is not told of what would deny
		}
		if missing = redact.Name(c.Operator) + " on " + redact.Name(c.Key); got == no {
			missing = "asks for " + missing + ", which does not hold"
		}
	}
	return got, missing
}

// names reports whether the statement is for this identity.
func (b *resourcePolicy) names(s model.Statement, who identity) bool {
	for _, p := range s.Principals {
		if p == (model.Principal{Kind: "AWS", Value: "*"}) {
			// Everyone. Where public access is blocked, nobody is let in by it.
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

// holds evaluates one condition.
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
	return slices.EqualFunc(w, h, signer.MatchPattern)
}
