package signer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// parsePolicy reads the policy of a signed URL or cookie: an object whose
// Statement is an array of exactly one statement, with a Resource and a
// Condition that has at least DateLessThan. White space may stand anywhere, the
// members in any order. certain is false where CloudFront's own answer to the
// fault is not known.
//
// encoding/json reads members whatever their letter case and takes the last of
// two with one name, which is no way to read a policy. So the text is walked
// here.
func parsePolicy(text []byte) (st Statement, certain bool, err error) {
	w := policyWalk{text: string(text), certain: true}
	w.object("the policy", func(name string) {
		if name != "Statement" {
			w.unknown("the policy", name)
			return
		}
		w.once(seenStatement, name)
		statements := 0
		w.array("Statement", func() {
			if statements++; statements > 1 {
				w.fail(true, "it has more than one statement, CloudFront takes one")
				return
			}
			w.statement(&st)
		})
		if statements == 0 {
			w.fail(true, "Statement is empty")
		}
	})
	if w.space(); w.at < len(w.text) {
		w.broken()
	}
	switch {
	case w.err != nil:
		// The first fault may stand before what is not even JSON.
		if !json.Valid(text) {
			return st, true, errNotJSON
		}
	case !w.seen(seenStatement):
		w.fail(true, "it has no Statement")
	case !w.seen(seenDateLessThan):
		w.fail(true, "it has no DateLessThan, which CloudFront wants in every policy")
	case !w.seen(seenResource):
		// CloudFront takes a policy without a resource for one that opens
		// everything.
		st.Resource = "*"
	}
	return st, w.certain, w.err
}

var errNotJSON = errors.New("it is not JSON")

// The members that a policy may have, each once.
const (
	seenStatement = 1 << iota
	seenResource
	seenCondition
	seenDateLessThan
	seenDateGreaterThan
	seenIPAddress
	seenEpochTime
	seenSourceIP
)

// policyWalk walks a text, and takes nothing that is not JSON.
type policyWalk struct {
	text    string
	at      int
	members int
	certain bool
	err     error
}

func (w *policyWalk) seen(member int) bool { return w.members&member != 0 }

func (w *policyWalk) fail(certain bool, format string, args ...any) {
	if w.err == nil {
		w.certain, w.err = certain, fmt.Errorf(format, args...)
	}
}

func (w *policyWalk) broken() {
	if w.err == nil {
		w.certain, w.err = true, errNotJSON
	}
}

func (w *policyWalk) unknown(where, name string) {
	w.fail(false, "%s has a member %s, which CloudFront does not name", where, printable(name))
}

func (w *policyWalk) once(member int, name string) {
	if w.seen(member) {
		w.fail(false, "it has two members %s", name)
	}
	w.members |= member
}

func (w *policyWalk) space() {
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

// take passes over one byte of punctuation if it is next.
func (w *policyWalk) take(c byte) bool {
	w.space()
	if w.at < len(w.text) && w.text[w.at] == c {
		w.at++
		return true
	}
	return false
}

func (w *policyWalk) object(where string, member func(name string)) {
	if w.err != nil {
		return
	}
	if !w.take('{') {
		w.fail(true, "%s is not an object", where)
		return
	}
	if w.take('}') {
		return
	}
	for {
		name := w.str(where)
		if !w.take(':') {
			w.broken()
		}
		if w.err == nil {
			member(name)
		}
		if w.err != nil || w.take('}') {
			return
		}
		if !w.take(',') {
			w.broken()
		}
	}
}

func (w *policyWalk) array(where string, element func()) {
	if w.err != nil {
		return
	}
	if !w.take('[') {
		w.fail(true, "%s is not an array", where)
		return
	}
	if w.take(']') {
		return
	}
	for {
		if element(); w.err != nil || w.take(']') {
			return
		}
		if !w.take(',') {
			w.broken()
		}
	}
}

// str reads a string.
func (w *policyWalk) str(where string) string {
	if !w.take('"') {
		w.fail(true, "%s is not a text", where)
	}
	start, escaped := w.at, false
	for ; w.err == nil && w.at < len(w.text); w.at++ {
		switch c := w.text[w.at]; {
		case c == '"':
			w.at++
			if !escaped {
				return w.text[start : w.at-1]
			}
			var s string
			if err := json.Unmarshal([]byte(w.text[start-1:w.at]), &s); err != nil {
				w.broken()
			}
			return s
		case c == '\\':
			escaped = true
			w.at++
		case c < ' ':
			w.broken()
		}
	}
	w.broken()
	return ""
}

func (w *policyWalk) statement(st *Statement) {
	w.object("the statement", func(name string) {
		switch name {
		case "Resource":
			w.once(seenResource, name)
			st.Resource = w.str("Resource")
		case "Condition":
			w.once(seenCondition, name)
			w.condition(st)
		default:
			w.unknown("the statement", name)
		}
	})
}

func (w *policyWalk) condition(st *Statement) {
	w.object("Condition", func(name string) {
		switch name {
		case "DateLessThan":
			w.once(seenDateLessThan, name)
			st.Expires = w.epochTime(name)
		case "DateGreaterThan":
			w.once(seenDateGreaterThan, name)
			st.NotBefore = w.epochTime(name)
		case "IpAddress":
			w.once(seenIPAddress, name)
			st.IPAddress = w.sourceIP()
		default:
			w.unknown("Condition", name)
		}
	})
}

func (w *policyWalk) epochTime(where string) (t time.Time) {
	w.members &^= seenEpochTime
	w.object(where, func(name string) {
		if name != "AWS:EpochTime" {
			w.unknown(where, name)
			return
		}
		w.once(seenEpochTime, name)
		w.space()
		start := w.at
		for w.at < len(w.text) && '0' <= w.text[w.at] && w.text[w.at] <= '9' {
			w.at++
		}
		if start == w.at || w.at < len(w.text) && (w.text[w.at] == '.' || w.text[w.at]|0x20 == 'e') {
			w.fail(true, "AWS:EpochTime of %s is not whole seconds", where)
			return
		}
		if w.text[start] == '0' && w.at-start > 1 {
			w.broken()
			return
		}
		n, certain, err := parseSeconds(w.text[start:w.at])
		if err != nil {
			w.fail(certain, "AWS:EpochTime of %s is %v", where, err)
		}
		t = time.Unix(n, 0)
	})
	if w.err == nil && !w.seen(seenEpochTime) {
		w.fail(true, "%s has no AWS:EpochTime", where)
	}
	return t
}

func (w *policyWalk) sourceIP() (prefix netip.Prefix) {
	w.object("IpAddress", func(name string) {
		if name != "AWS:SourceIp" {
			w.unknown("IpAddress", name)
			return
		}
		w.once(seenSourceIP, name)
		text := w.str("AWS:SourceIp")
		if w.err != nil {
			return
		}
		var err error
		if prefix, err = parseAddress(text); err != nil {
			w.fail(false, "AWS:SourceIp is %s: %v", printable(text), err)
		}
	})
	if w.err == nil && !w.seen(seenSourceIP) {
		w.fail(true, "IpAddress has no AWS:SourceIp")
	}
	return prefix
}
