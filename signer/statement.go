package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// parsePolicy parses the policy of a signed URL or cookie: an object whose
// Statement is an array of exactly one statement, with a Resource and a Condition
// that has at least DateLessThan. White space and the order of members do not
// matter. Members other than Statement are ignored, as CloudFront does: a video
// service adds its own. certain is false if CloudFront's own answer to the fault is
// not known.
//
// It does not use encoding/json for the members, which ignores their letter case
// and takes the last of two with one name.
func parsePolicy(text []byte) (st Statement, certain bool, err error) {
	switch {
	case !utf8.Valid(text):
		return st, false, errors.New("it is not UTF-8")
	case !json.Valid(text):
		// Some parsers ignore a byte order mark, and what follows the first value.
		// It is not known whether CloudFront's does.
		var first json.RawMessage
		err := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).Decode(&first)
		return st, err != nil, errors.New("it is not JSON")
	}
	w := policyWalk{text: string(text), certain: true}
	w.object("the policy", func(name string) {
		switch {
		case name == "Statement":
		case strings.EqualFold(name, "Statement"):
			w.unknown("the policy", name)
			return
		default:
			w.skip()
			return
		}
		w.once(seenStatement, name)
		statements := 0
		w.array("Statement", func() {
			if statements++; statements > 1 {
				w.fail(true, "it has more than one statement, but CloudFront accepts one")
				return
			}
			w.statement(&st)
		})
		if statements == 0 {
			w.fail(true, "Statement is empty")
		}
	})
	switch {
	case w.err != nil:
	case !w.seen(seenStatement):
		w.fail(true, "it has no Statement")
	case !w.seen(seenDateLessThan):
		w.fail(true, "it has no DateLessThan, which CloudFront requires in every policy")
	case !w.seen(seenResource):
		// To CloudFront, a policy without a resource opens everything.
		st.Resource = "*"
	}
	return st, w.certain, w.err
}

// The members that a policy can have, each once.
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

// policyWalk parses a text that is valid JSON.
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

func (w *policyWalk) unknown(where, name string) {
	w.fail(false, "%s has a member %s, which CloudFront does not name", where, Describe(name, FormWord))
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

// take skips c if it is the next byte of punctuation, and reports whether it was.
func (w *policyWalk) take(c byte) bool {
	w.space()
	if w.at < len(w.text) && w.text[w.at] == c {
		w.at++
		return true
	}
	return false
}

func (w *policyWalk) object(where string, member func(name string)) {
	if w.err == nil && !w.take('{') {
		w.fail(true, "%s is not an object", where)
	}
	for w.err == nil && !w.take('}') {
		w.take(',')
		name := w.str(where)
		w.take(':')
		if w.err == nil {
			member(name)
		}
	}
}

func (w *policyWalk) array(where string, element func()) {
	if w.err == nil && !w.take('[') {
		w.fail(true, "%s is not an array", where)
	}
	for w.err == nil && !w.take(']') {
		w.take(',')
		element()
	}
}

// str parses a string.
func (w *policyWalk) str(where string) (s string) {
	if !w.take('"') {
		w.fail(true, "%s is not a string", where)
		return ""
	}
	start := w.at
	for w.text[w.at] != '"' {
		if w.text[w.at] == '\\' {
			w.at++
		}
		w.at++
	}
	w.at++
	if s = w.text[start : w.at-1]; !strings.Contains(s, `\`) {
		return s
	}
	if err := json.Unmarshal([]byte(w.text[start-1:w.at]), &s); err != nil || strings.ContainsRune(s, utf8.RuneError) {
		w.fail(false, "%s has an escape that is no character", where)
	}
	return s
}

// skip skips a value.
func (w *policyWalk) skip() {
	for depth := 0; w.err == nil; {
		w.space()
		switch c := w.text[w.at]; {
		case c == '"':
			w.str("a text")
			continue
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}'):
			return
		case c == '}' || c == ']':
			depth--
		}
		w.at++
	}
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
			w.fail(false, "AWS:SourceIp is %s: %v", Describe(text, FormWord), err)
		}
	})
	if w.err == nil && !w.seen(seenSourceIP) {
		w.fail(true, "IpAddress has no AWS:SourceIp")
	}
	return prefix
}
