package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// template is a synthesized CloudFormation template. Its intrinsic functions are
// unresolved.
type template struct {
	Parameters map[string]parameter
	Mappings   map[string]map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]resource
	Outputs    map[string]output
}

type parameter struct {
	Type    string
	Default any
}

type resource struct {
	Type       string
	Condition  string
	Properties any
}

type output struct {
	Condition string
	Value     any
	Export    *struct{ Name any }
}

func parse(text []byte) (*template, error) {
	var t template
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // keep numbers as they are written
	if depth(text) > maxDepth {
		return nil, fmt.Errorf("JSON nested more than %d deep", maxDepth)
	}
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("not a CloudFormation template in JSON, as `cdk synth` writes it into cdk.out: %w", jsonFault(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the JSON object")
	}
	if len(t.Resources) == 0 {
		return nil, errors.New("the template has no Resources")
	}
	return &t, nil
}

// maxDepth limits how deep a template's JSON is nested, and so the work of reading
// it. The CDK's templates are 20 deep.
const maxDepth = 200

// depth returns how deep the objects and arrays of a JSON text are nested.
func depth(text []byte) int {
	deepest, now := 0, 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// jsonFault returns what is wrong with a JSON text. It quotes at most one character
// of the text.
func jsonFault(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: %w", syntax.Offset, syntax)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return errors.New("a value has the wrong type, such as a string where an object belongs")
}

// ofType returns the logical ids of the resources of a type, sorted.
func (t *template) ofType(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// property is a place in a template. It is resolved only when it is read, so the
// edge need not support the parts that it does not read.
//
// A problem is recorded in the resolver, and reading goes on with a zero value.
// This finds all problems in one run. After a problem, nothing may be served from
// what was read.
type property struct {
	r   *resolver
	at  string // such as Resources.Bucket.Properties.BucketName
	raw any
}

// get returns a member of an object. Without such an object or member, the result
// is a property that does not exist.
func (p property) get(name string) property {
	member := property{r: p.r, at: p.at + "." + name}
	switch v := p.value().(type) {
	case nil:
	case map[string]any:
		member.raw = v[name]
	default:
		p.wrong("want an object")
	}
	return member
}

// has reports whether an object has a member. A null member counts. AWS::NoValue
// does not.
func (p property) has(name string) bool {
	object, _ := p.value().(map[string]any)
	raw, given := object[name]
	return given && (raw == nil || p.get(name).exists())
}

// list returns the items of an array. As in policy documents, a single value is a
// list of one item.
func (p property) list() []property {
	items, ok := p.value().([]any)
	if !ok {
		if !p.exists() {
			return nil
		}
		return []property{p}
	}
	var list []property
	for i, item := range items {
		next := property{r: p.r, at: fmt.Sprintf("%s[%d]", p.at, i), raw: item}
		if next.exists() || p.r.unresolved[next.at] {
			list = append(list, next)
		}
	}
	return list
}

// array returns the items of an array. It reports any other value as a problem.
func (p property) array() []property {
	switch p.value().(type) {
	case nil, []any:
		return p.list()
	}
	p.wrong("want an array")
	return nil
}

// member is a property with its name.
type member struct {
	name string
	property
}

// members returns the members of an object, sorted by name.
func members(p property) []member {
	object, ok := p.value().(map[string]any)
	if !ok && p.exists() {
		p.wrong("want an object")
	}
	var list []member
	for _, name := range slices.Sorted(maps.Keys(object)) {
		m := p.get(name)
		m.at = p.at + "." + redact.Name(name)
		if m.exists() {
			list = append(list, member{name, m})
		}
	}
	return list
}

// text returns a string, or "" if there is no value. As in CloudFormation, a number
// or boolean counts as a string.
func (p property) text() string {
	v := p.value()
	if v == nil {
		return ""
	}
	s, ok := scalar(v)
	if !ok {
		p.wrong("want a string")
	}
	return s
}

// texts returns a list of strings.
func (p property) texts() []string {
	var texts []string
	for _, item := range p.list() {
		texts = append(texts, item.text())
	}
	return texts
}

// flag returns a boolean, or false if there is no value.
func (p property) flag() bool {
	switch s := p.text(); s {
	case "true":
		return true
	case "false", "":
	default:
		p.wrong("%s: want true or false", redact.Quote(s))
	}
	return false
}

// exists reports whether there is a value. AWS::NoValue is none.
func (p property) exists() bool { return p.value() != nil }

// value resolves the place. It does not resolve the members of an object or the
// items of an array.
func (p property) value() any {
	v, err := p.r.resolve(p.at, p.raw)
	if err != nil {
		p.r.report(err)
		p.r.unresolved[p.at] = true
		return nil
	}
	if v == noValue {
		return nil
	}
	return v
}

// wrong records a problem with the value of the place.
func (p property) wrong(format string, args ...any) {
	if p.r.unresolved[p.at] {
		return // the missing value is reported already
	}
	p.r.report(fmt.Errorf("%s: %w", p.at, fmt.Errorf(format, args...)))
}

// scalar returns a value that CloudFormation treats as a string.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
