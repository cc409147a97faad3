package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// place is where something was written, and where what is wrong with it goes.
// In cdk.json a setting has the name after "json", in a Go program that of the
// field: a check names the field, and what is reported fits either.
type place struct {
	path     path
	json     bool
	problems *Problems

	// unread are the paths of what could not be read. It has been reported, and
	// what follows from its absence is not.
	unread []path
}

// newPlace is a place in a Go program.
func newPlace(at string, problems *Problems) place {
	return place{path: path(at), problems: problems}
}

func (p place) field(name string) place { return p.member(p.name(name)) }

func (p place) member(name string) place { p.path = p.path.member(name); return p }

func (p place) index(i int) place {
	p.path += path("[" + strconv.Itoa(i) + "]")
	return p
}

// name is what the field of a struct is called there.
func (p place) name(field string) string {
	if !p.json {
		return field
	}
	return jsonNames[field]
}

func (p place) add(problems Problems) { *p.problems = append(*p.problems, problems...) }

// wasRead reports whether what is there could be read.
func (p place) wasRead() bool { return !slices.ContainsFunc(p.unread, p.path.within) }

// wrong reports what is wrong there, unless it could not be read.
func (p place) wrong(found, fix string) {
	if p.wasRead() {
		p.add(Problems{{p.path.String(), found, fix}})
	}
}

// whole reports whether everything in there could be read.
func (p place) whole() bool {
	return !slices.ContainsFunc(p.unread, func(unread path) bool { return unread.within(p.path) })
}

// missing reports that something is not there, or not in there, unless it
// could not be read.
func (p place) missing(found, fix string) {
	if p.whole() {
		p.wrong(found, fix)
	}
}

// tooLong reports a text of more characters than may stand there.
func (p place) tooLong(characters, most int) {
	p.wrong(fmt.Sprintf("%d characters", characters), fmt.Sprintf("write at most %d", most))
}

// word checks a value that must be one of a few words. It reports whether what
// goes with the value can be checked.
func (p place) word(value string, allowed []string) bool {
	if isToken(value) {
		p.wrong("a token", "write "+choices(allowed)+": the template is made by it")
		return false
	}
	if !slices.Contains(allowed, value) {
		p.wrong(quote(value), "write "+choices(allowed)+didYouMean(value, allowed))
		return false
	}
	return true
}

// list checks each item of a list, and that none is there twice.
func (p place) list(items []string, check func(at place, item string)) {
	for i, item := range items {
		switch {
		case isToken(item):
		case slices.Contains(items[:i], item):
			p.index(i).wrong(quote(item)+", listed twice", "list it once")
		default:
			check(p.index(i), item)
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

// setting is a field that cdk.json can set.
type setting struct {
	name  string // in cdk.json
	field reflect.StructField
}

// settings are those of a struct in its order, those of a field that stands
// inline among them.
func settings(of reflect.Type) (list []setting) {
	for i := range of.NumField() {
		field := of.Field(i)
		switch name := field.Tag.Get("json"); name {
		case "", "-":
		case ",inline":
			for _, inner := range settings(field.Type) {
				inner.field.Index = slices.Concat(field.Index, inner.field.Index)
				list = append(list, inner)
			}
		default:
			list = append(list, setting{name, field})
		}
	}
	return list
}

// ownNames are the names of fields and settings, which are no caller's text.
var ownNames = func() map[string]bool {
	names := map[string]bool{}
	for field, name := range jsonNames {
		names[field], names[name] = true, true
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Environment](), reflect.TypeFor[Content](), reflect.TypeFor[Lender]()} {
		for i := range of.NumField() {
			names[of.Field(i).Name] = true
		}
	}
	return names
}()

// jsonNames are the names in cdk.json of all fields that it can set, by their
// names in Go. A field of one name is called the same wherever it stands.
var jsonNames = func() map[string]string {
	names := map[string]string{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			add(t.Elem())
		case reflect.Struct:
			for _, s := range settings(t) {
				if other, has := names[s.field.Name]; has && other != s.name {
					panic(fmt.Sprintf("the field %s is %s and %s in cdk.json", s.field.Name, other, s.name))
				}
				names[s.field.Name] = s.name
				add(s.field.Type)
			}
		}
	}
	add(reflect.TypeFor[Environment]())
	return names
}()
