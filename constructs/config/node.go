package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// node is the place of a value in cdk.json or in a Go program, and the list to
// which its problems are added. A check names the field; the problem has the name
// of the setting for cdk.json, and the name of the field for a Go program.
type node struct {
	path     path
	json     bool
	problems *Problems

	// unread are the paths of values that could not be read. Each has been reported;
	// problems that only follow from it are not reported.
	unread []path
}

// newNode returns a node for a Go program.
func newNode(at string, problems *Problems) node {
	return node{path: path(at), problems: problems}
}

func (n node) field(name string) node { return n.member(n.name(name)) }

func (n node) member(name string) node { n.path = n.path.member(name); return n }

func (n node) index(i int) node {
	n.path += path("[" + strconv.Itoa(i) + "]")
	return n
}

// name returns the name of a struct's field in cdk.json or in Go.
func (n node) name(field string) string {
	if !n.json {
		return field
	}
	return jsonNames[field]
}

func (n node) add(problems Problems) { *n.problems = append(*n.problems, problems...) }

// wasRead reports whether the value could be read.
func (n node) wasRead() bool { return !slices.ContainsFunc(n.unread, n.path.within) }

// wrong reports a problem with the value, unless the value could not be read.
func (n node) wrong(found, fix string) {
	if n.wasRead() {
		n.add(Problems{{n.path.String(), found, fix}})
	}
}

// whole reports whether the value and everything inside it could be read.
func (n node) whole() bool {
	return !slices.ContainsFunc(n.unread, func(unread path) bool { return unread.within(n.path) })
}

// missing reports that the value, or something inside it, is missing, unless it
// could not be read.
func (n node) missing(found, fix string) {
	if n.whole() {
		n.wrong(found, fix)
	}
}

// tooLong reports a text with more characters than allowed.
func (n node) tooLong(characters, most int) {
	n.wrong(fmt.Sprintf("%d characters", characters), fmt.Sprintf("write at most %d", most))
}

// word checks a value that must be one of the allowed words. It reports whether the
// value is one of them.
func (n node) word(value string, allowed []string) bool {
	if isToken(value) {
		n.wrong("a token", "write "+choices(allowed)+": the template is made by it")
		return false
	}
	if !slices.Contains(allowed, value) {
		n.wrong(quote(value), "write "+choices(allowed)+didYouMean(value, allowed))
		return false
	}
	return true
}

// list checks each item of a list, and that no item is listed twice.
func (n node) list(items []string, check func(at node, item string)) {
	for i, item := range items {
		switch {
		case isToken(item):
		case slices.Contains(items[:i], item):
			n.index(i).wrong(quote(item)+", listed twice", "list it once")
		default:
			check(n.index(i), item)
		}
	}
}

// isToken reports whether a text contains a token of the CDK, whose value is known
// only when CloudFormation deploys. A value that could not be read counts as one.
func isToken(text string) bool { return strings.Contains(text, tokenMark) }

const (
	tokenMark = "${Token["
	unread    = tokenMark + "unread]}"
)

// path is the place of a value, written as in JSONPath.
type path string

var plainMember = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (p path) member(name string) path {
	switch {
	case !ownNames[name] && (!plainMember.MatchString(name) || !isQuotable(name)):
		return p + path("["+quote(name)+"]")
	case p == "":
		return path(name)
	}
	return p + path("."+name)
}

// within reports whether p is outer or inside it.
func (p path) within(outer path) bool {
	rest, inside := strings.CutPrefix(string(p), string(outer))
	return inside && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (p path) String() string { return string(p) }
