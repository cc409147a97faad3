package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// node is a value of cdk.json or of a Go program: where it stands, and where
// what is wrong with it goes. In cdk.json a setting has the name after "json", in
// a Go program that of the field: a check names the field, and what is reported
// fits either.
type node struct {
	path     path
	json     bool
	problems *Problems

	// unread are the paths of what could not be read. It has been reported, and
	// what follows from its absence is not.
	unread []path
}

// newNode returns a node of a Go program.
func newNode(at string, problems *Problems) node {
	return node{path: path(at), problems: problems}
}

func (n node) field(name string) node { return n.member(n.name(name)) }

func (n node) member(name string) node { n.path = n.path.member(name); return n }

func (n node) index(i int) node {
	n.path += path("[" + strconv.Itoa(i) + "]")
	return n
}

// name is what the field of a struct is called there.
func (n node) name(field string) string {
	if !n.json {
		return field
	}
	return jsonNames[field]
}

func (n node) add(problems Problems) { *n.problems = append(*n.problems, problems...) }

// wasRead reports whether what is there could be read.
func (n node) wasRead() bool { return !slices.ContainsFunc(n.unread, n.path.within) }

// wrong reports what is wrong there, unless it could not be read.
func (n node) wrong(found, fix string) {
	if n.wasRead() {
		n.add(Problems{{n.path.String(), found, fix}})
	}
}

// whole reports whether everything in there could be read.
func (n node) whole() bool {
	return !slices.ContainsFunc(n.unread, func(unread path) bool { return unread.within(n.path) })
}

// missing reports that something is not there, or not in there, unless it
// could not be read.
func (n node) missing(found, fix string) {
	if n.whole() {
		n.wrong(found, fix)
	}
}

// tooLong reports a text of more characters than may stand there.
func (n node) tooLong(characters, most int) {
	n.wrong(fmt.Sprintf("%d characters", characters), fmt.Sprintf("write at most %d", most))
}

// word checks a value that must be one of a few words. It reports whether what
// goes with the value can be checked.
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

// list checks each item of a list, and that none is there twice.
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

// isToken reports whether a text is known only when CloudFormation deploys, as
// the CDK writes it. What could not be read is taken for such a one.
func isToken(text string) bool { return strings.Contains(text, tokenMark) }

const (
	tokenMark = "${Token["
	unread    = tokenMark + "unread]}"
)

// path is where a value stands, as JSONPath writes it.
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

// within reports whether p is outer or stands inside it.
func (p path) within(outer path) bool {
	rest, inside := strings.CutPrefix(string(p), string(outer))
	return inside && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (p path) String() string { return string(p) }
