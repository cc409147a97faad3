package environment

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// object is one JSON object on its way to typed values. What does not fit is
// reported, with its path, and read as left out.
type object struct {
	path     path
	members  map[string]any
	problems *Problems
}

func (o object) has(name string) bool { _, has := o.members[name]; return has }

func (o object) add(problems Problems) { *o.problems = append(*o.problems, problems...) }

func (o object) report(at path, found, fix string) {
	o.add(Problems{{at.String(), found, fix}})
}

// wrong reports a member.
func (o object) wrong(name, found, fix string) { o.report(o.path.member(name), found, fix) }

// only reports every member but the allowed ones.
func (o object) only(allowed ...string) {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if slices.Contains(allowed, name) {
			continue
		}
		fix := "the settings here are " + strings.Join(allowed, ", ")
		if near := nearest(name, allowed); near != "" {
			fix = fmt.Sprintf("did you mean %q? %s", near, fix)
		}
		o.wrong(name, "unknown setting", fix)
	}
}

// member is a member of one JSON type; want is what to write, in words.
func member[T any](o object, name, want string) (value T, given bool) {
	member, has := o.members[name]
	if !has {
		return value, false
	}
	value, given = member.(T)
	if !given {
		o.wrong(name, describe(member), "write "+want)
	}
	return value, given
}

func (o object) string(name, want string) (value string, given bool) {
	return member[string](o, name, want)
}

func (o object) bool(name string) bool {
	value, _ := member[bool](o, name, "true or false, without quotes")
	return value
}

func (o object) object(name, want string) (value object, given bool) {
	members, given := member[map[string]any](o, name, want)
	return object{path: o.path.member(name), members: members, problems: o.problems}, given
}

// number is a whole number above 0.
func (o object) number(name, want string) (value int, given bool) {
	n, given := member[float64](o, name, want)
	if !given {
		return 0, false
	}
	if n != math.Trunc(n) || n < 1 || n > math.MaxInt32 {
		o.wrong(name, describe(n), "write "+want)
		return 0, false
	}
	return int(n), true
}

// word is one of a few words, or none where it was left out. It is not ok where
// something else was written.
func (o object) word(name string, allowed []string) (word string, ok bool) {
	word, given := o.string(name, choices(allowed))
	if !given {
		return "", !o.has(name)
	}
	if !slices.Contains(allowed, word) {
		o.wrong(name, quote(word), "write "+choices(allowed)+didYouMean(word, allowed))
		return "", false
	}
	return word, true
}

func (o object) duration(name string, standard time.Duration, check func(path string, d time.Duration) Problems) time.Duration {
	const want = `a duration in quotes, such as "7d", "12h" or "90m"`
	text, given := o.string(name, want)
	if !given {
		return standard
	}
	d, ok := parseDuration(text)
	if !ok {
		o.wrong(name, quote(text), "write "+want)
		return standard
	}
	o.add(check(o.path.member(name).String(), d))
	return d
}

// describe names a JSON value in an error.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return quote(v)
	case bool:
		return fmt.Sprint(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return fmt.Sprintf("the number %.0f", v)
		}
		return fmt.Sprintf("the number %g", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", value)
}

// path is where a value stands in cdk.json's context, as JSONPath writes it.
type path string

var plainMember = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func newPath(member string) path { return path(member) }

func (p path) member(name string) path {
	switch {
	case !plainMember.MatchString(name):
		return p + path("["+quote(name)+"]")
	case p == "":
		return path(name)
	}
	return p + path("."+name)
}

func (p path) String() string { return string(p) }
