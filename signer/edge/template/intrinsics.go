package template

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// resolver resolves the intrinsic functions of one stack's template. It makes up
// the ids and addresses that AWS would assign, in AWS's own formats: see
// attributes.go. It is not safe for concurrent use.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
type resolver struct {
	*template
	*cloud
	stack   stack
	foreign *foreign // nil: an unknown part is an error
	domain  string   // of the stack's distribution; for the edge's own stack, the edge's host

	pairs      map[string]*signer.PrivateKey // by logical id of the Custom::SigningKeyPair; nil: failed
	attributes map[string]string             // by logical id and attribute
	conditions map[string]bool
	outputs    map[string]string
	busy       map[string]bool // what is being resolved, to detect cycles
	unresolved map[string]bool // the places without a value because of a problem
}

func newResolver(c *cloud, t *template, s stack, domain string) *resolver {
	return &resolver{
		template:   t,
		cloud:      c,
		stack:      s,
		domain:     domain,
		pairs:      make(map[string]*signer.PrivateKey),
		attributes: make(map[string]string),
		conditions: make(map[string]bool),
		outputs:    make(map[string]string),
		busy:       make(map[string]bool),
		unresolved: make(map[string]bool),
	}
}

// none is the type of noValue, the value of AWS::NoValue: the property does not
// exist.
type none struct{}

var noValue any = none{}

// maxText limits a text that Fn::Join and similar functions make. CloudFormation's
// limit on a whole template is smaller.
const maxText = 1 << 20

func tooLong(at string) error { return fmt.Errorf("%s: the text is longer than %d bytes", at, maxText) }

// errReported stands for a problem that is already reported, so that its
// consequences are not reported too.
var errReported = errors.New("already reported")

func (r *resolver) report(err error) {
	if errors.Is(err, errReported) {
		return
	}
	if r.stack.other {
		err = fmt.Errorf("stack %s: %w", redact.Name(r.stack.name), err)
	}
	if text := err.Error(); !r.reported[text] { // a place that is read twice is reported once
		r.reported[text] = true
		r.problems = append(r.problems, err)
	}
}

// properties returns the properties of a resource.
func (r *resolver) properties(id string) property {
	return property{r: r, at: "Resources." + redact.Name(id) + ".Properties", raw: r.Resources[id].Properties}
}

// existing returns the resources of a type whose condition is true.
func (r *resolver) existing(kind string) []string {
	var ids []string
	for _, id := range r.ofType(kind) {
		switch ok, err := r.exists(id); {
		case err != nil:
			r.report(err)
		case ok:
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *resolver) exists(id string) (bool, error) {
	if name := r.Resources[id].Condition; name != "" {
		return r.condition("Resources."+redact.Name(id)+".Condition", name)
	}
	return true, nil
}

// output returns the value of one of the template's Outputs.
func (r *resolver) output(name string) (string, error) {
	place := "Outputs." + redact.Name(name)
	if v, ok := r.outputs[name]; ok {
		return v, nil
	}
	o, ok := r.Outputs[name]
	if !ok {
		return "", fmt.Errorf("%s: the template has no such output", place)
	}
	if o.Condition != "" {
		switch holds, err := r.condition(place+".Condition", o.Condition); {
		case err != nil:
			return "", err
		case !holds:
			return "", fmt.Errorf("%s: it does not exist: its condition is false", place)
		}
	}
	busy := "output " + name
	if r.busy[busy] {
		return "", fmt.Errorf("%s: it refers to itself", place)
	}
	r.busy[busy] = true
	defer delete(r.busy, busy)
	v, err := r.text(place+".Value", o.Value)
	if err == nil {
		r.outputs[name] = v
	}
	return v, err
}

// resolve returns a value whose outermost form is not an intrinsic function. It
// does not resolve the values inside objects and arrays.
func (r *resolver) resolve(at string, v any) (any, error) {
	for {
		name, arg, ok := intrinsic(v)
		if !ok {
			return v, nil
		}
		var err error
		if v, err = r.call(at, name, arg); err != nil {
			return nil, err
		}
	}
}

// intrinsic splits a call of an intrinsic function into its name and argument.
func intrinsic(v any) (name string, arg any, ok bool) {
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return "", nil, false
	}
	for name, arg = range object {
	}
	return name, arg, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (r *resolver) call(at, name string, arg any) (any, error) {
	if name != "Ref" {
		at += "." + redact.Name(name)
	}
	switch name {
	case "Ref":
		id, ok := arg.(string)
		if !ok {
			return nil, fmt.Errorf("%s: want the logical id of a resource or the name of a parameter", at)
		}
		return r.ref(at, id)
	case "Fn::GetAtt":
		return r.getAtt(at, arg)
	case "Fn::Join":
		return r.join(at, arg)
	case "Fn::Sub":
		return r.sub(at, arg)
	case "Fn::Select":
		return r.selectItem(at, arg)
	case "Fn::Split":
		return r.split(at, arg)
	case "Fn::If":
		return r.choose(at, arg)
	case "Fn::FindInMap":
		return r.findInMap(at, arg)
	case "Fn::Base64":
		s, err := r.text(at, arg)
		if len(s) > maxText {
			return nil, tooLong(at)
		}
		return base64.StdEncoding.EncodeToString([]byte(s)), err
	case "Fn::GetStackOutput":
		return r.getStackOutput(at, arg)
	case "Fn::ImportValue":
		return r.importValue(at, arg)
	}
	return nil, fmt.Errorf("%s: the local edge does not know this function: write the value itself, or use Ref, Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select, Fn::Split, Fn::If, Fn::FindInMap, Fn::Base64, Fn::GetStackOutput and Fn::ImportValue", at)
}

// text returns the string that a value resolves to.
func (r *resolver) text(at string, v any) (string, error) {
	v, err := r.resolve(at, v)
	if err != nil {
		return "", err
	}
	s, ok := scalar(v)
	if !ok {
		return "", fmt.Errorf("%s: want a string", at)
	}
	return s, nil
}

// list returns the array that a value resolves to. Its items are unresolved.
func (r *resolver) list(at string, v any) ([]any, error) {
	v, err := r.resolve(at, v)
	if err != nil {
		return nil, err
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: want an array", at)
	}
	return items, nil
}

// arguments returns the arguments of a function that has n of them.
func arguments(at string, arg any, n int) ([]any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != n {
		return nil, fmt.Errorf("%s: want an array of %d", at, n)
	}
	return args, nil
}

func (r *resolver) ref(at, id string) (any, error) {
	if v, ok := r.stack.pseudoParameter(id); ok {
		return v, nil
	}
	if p, ok := r.Parameters[id]; ok {
		return r.parameter(at, id, p)
	}
	return r.attribute(at, id, "Ref")
}

func (r *resolver) parameter(at, id string, p parameter) (any, error) {
	s, ok := scalar(p.Default)
	switch {
	case strings.HasPrefix(p.Type, "AWS::SSM::"):
		return nil, fmt.Errorf("%s: the value of parameter %s is in Systems Manager, which the local edge does not read: write the value itself", at, redact.Name(id))
	case !ok:
		return nil, fmt.Errorf("%s: parameter %s has no default, and the local edge knows no other value: give it a default", at, redact.Name(id))
	case p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<"):
		var items []any
		for item := range strings.SplitSeq(s, ",") {
			items = append(items, strings.TrimSpace(item))
		}
		return items, nil
	}
	return s, nil
}

func (r *resolver) getAtt(at string, arg any) (any, error) {
	var id, name string
	switch arg := arg.(type) {
	case string:
		id, name, _ = strings.Cut(arg, ".")
	case []any:
		if len(arg) == 2 {
			id, _ = arg[0].(string)
			s, err := r.text(at, arg[1])
			if err != nil {
				return nil, err
			}
			name = s
		}
	}
	if id == "" || name == "" {
		return nil, fmt.Errorf("%s: want the logical id of a resource and the name of an attribute", at)
	}
	return r.attribute(at, id, name)
}

// textAndList returns the arguments of a function that has a string and a list.
func (r *resolver) textAndList(at string, arg any) (text string, items []any, err error) {
	args, err := arguments(at, arg, 2)
	if err != nil {
		return "", nil, err
	}
	if text, err = r.text(at, args[0]); err != nil {
		return "", nil, err
	}
	items, err = r.list(at, args[1])
	return text, items, err
}

func (r *resolver) join(at string, arg any) (any, error) {
	separator, items, err := r.textAndList(at, arg)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, item := range items {
		s, err := r.text(at, item)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(s)
		if b.Len() > maxText {
			return nil, tooLong(at)
		}
	}
	return b.String(), nil
}

// sub replaces ${Name}, ${Resource.Attribute} and the variables of its second
// argument. ${!Name} becomes the text ${Name}.
func (r *resolver) sub(at string, arg any) (any, error) {
	var variables map[string]any
	if args, ok := arg.([]any); ok && len(args) == 2 {
		arg = args[0]
		variables, _ = args[1].(map[string]any)
	}
	rest, ok := arg.(string)
	if !ok {
		return nil, fmt.Errorf("%s: want a string, or a string and an object of variables", at)
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%s: ${ without its }", at)
		}
		rest = after
		s, err := r.variable(at, name, variables)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
		if b.Len() > maxText {
			return nil, tooLong(at)
		}
	}
}

func (r *resolver) variable(at, name string, variables map[string]any) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if v, ok := variables[name]; ok {
		return r.text(at, v)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return r.attribute(at, id, attribute)
	}
	v, err := r.ref(at, name)
	if err != nil {
		return "", err
	}
	return r.text(at, v)
}

func (r *resolver) selectItem(at string, arg any) (any, error) {
	index, items, err := r.textAndList(at, arg)
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(items) {
		return nil, fmt.Errorf("%s: no item %s in a list of %d", at, redact.Quote(index), len(items))
	}
	return items[i], nil
}

func (r *resolver) split(at string, arg any) (any, error) {
	args, err := arguments(at, arg, 2)
	if err != nil {
		return nil, err
	}
	separator, err := r.text(at, args[0])
	if err != nil {
		return nil, err
	}
	s, err := r.text(at, args[1])
	if err != nil {
		return nil, err
	}
	if separator == "" {
		return nil, fmt.Errorf("%s: the delimiter is empty", at)
	}
	var items []any
	for item := range strings.SplitSeq(s, separator) {
		items = append(items, item)
	}
	return items, nil
}

func (r *resolver) choose(at string, arg any) (any, error) {
	args, err := arguments(at, arg, 3)
	if err != nil {
		return nil, err
	}
	name, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("%s: want the name of a condition as the first argument", at)
	}
	holds, err := r.condition(at, name)
	if err != nil {
		return nil, err
	}
	if holds {
		return args[1], nil
	}
	return args[2], nil
}

func (r *resolver) findInMap(at string, arg any) (any, error) {
	args, err := arguments(at, arg, 3)
	if err != nil {
		return nil, err
	}
	var names [3]string
	for i, arg := range args {
		if names[i], err = r.text(at, arg); err != nil {
			return nil, err
		}
	}
	v, ok := r.Mappings[names[0]][names[1]][names[2]]
	if _, object := v.(map[string]any); object { // CloudFormation refuses an object too
		return nil, fmt.Errorf("%s: Mappings: want a string or an array of strings, not an object", at)
	}
	if !ok {
		return nil, fmt.Errorf("%s: Mappings has no %s.%s.%s", at, redact.Name(names[0]), redact.Name(names[1]), redact.Name(names[2]))
	}
	return v, nil
}

// condition returns the value of one of the template's Conditions.
func (r *resolver) condition(at, name string) (bool, error) {
	if holds, ok := r.conditions[name]; ok {
		return holds, nil
	}
	expression, ok := r.Conditions[name]
	if !ok {
		return false, fmt.Errorf("%s: the template has no condition %q", at, redact.Name(name))
	}
	place := "Conditions." + redact.Name(name)
	busy := "condition " + name
	if r.busy[busy] {
		return false, fmt.Errorf("%s: it refers to itself", place)
	}
	r.busy[busy] = true
	defer delete(r.busy, busy)
	holds, err := r.test(place, expression)
	if err != nil {
		return false, err
	}
	r.conditions[name] = holds
	return holds, nil
}

func (r *resolver) test(at string, expression any) (bool, error) {
	object, _ := expression.(map[string]any)
	if len(object) != 1 {
		return false, fmt.Errorf("%s: want one condition function", at)
	}
	var name string
	var arg any
	for name, arg = range object {
	}
	at += "." + redact.Name(name)
	args, _ := arg.([]any)
	switch {
	case name == "Condition":
		other, _ := arg.(string)
		return r.condition(at, other)
	case name == "Fn::Equals" && len(args) == 2:
		left, err := r.text(at, args[0])
		right, err2 := r.text(at, args[1])
		return left == right, errors.Join(err, err2)
	case name == "Fn::Not" && len(args) == 1:
		holds, err := r.test(at, args[0])
		return !holds, err
	case (name == "Fn::And" || name == "Fn::Or") && len(args) > 0:
		var results []bool
		for _, arg := range args {
			holds, err := r.test(at, arg)
			if err != nil {
				return false, err
			}
			results = append(results, holds)
		}
		if name == "Fn::And" {
			return !slices.Contains(results, false), nil
		}
		return slices.Contains(results, true), nil
	}
	return false, fmt.Errorf("%s: the local edge does not know this condition function, or its arguments are wrong: want Condition, Fn::Equals, Fn::And, Fn::Or or Fn::Not", at)
}
