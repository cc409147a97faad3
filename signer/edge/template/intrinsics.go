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

// resolver gives the intrinsic functions of a stack's template their values.
// The ids and addresses that AWS would assign are made up, in AWS's own shapes:
// see attributes.go. It is used while the edge is made, and not safe for
// concurrent use.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
type resolver struct {
	*template
	*cloud
	stack   stack
	foreign *foreign // nil: what is not known is an error
	domain  string   // of the stack's distribution: the edge's host, if it is the edge's own stack

	pairs      map[string]*signer.PrivateKey // by logical id of the Custom::SigningKeyPair; nil: it cannot be had
	attributes map[string]string             // values given out, by logical id and attribute
	conditions map[string]bool
	outputs    map[string]string
	busy       map[string]bool // what is being worked out: to come back to it is a cycle
	unresolved map[string]bool // the places that have no value because of a problem
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

// none is the type of noValue, which Ref of AWS::NoValue resolves to: a
// property that is not there.
type none struct{}

var noValue any = none{}

// maxText bounds a text that is put together. CloudFormation's own templates
// are smaller.
const maxText = 1 << 20

func tooLong(at string) error { return fmt.Errorf("%s: a text of over %d bytes", at, maxText) }

// errReported stands for a problem that is reported where it arose, so that
// what hangs on it is not reported too.
var errReported = errors.New("already reported")

func (r *resolver) report(err error) {
	if errors.Is(err, errReported) {
		return
	}
	if r.stack.other {
		err = fmt.Errorf("stack %s: %w", redact.Name(r.stack.name), err)
	}
	if text := err.Error(); !r.reported[text] { // read twice, wrong once
		r.reported[text] = true
		r.problems = append(r.problems, err)
	}
}

// properties are the properties of a resource.
func (r *resolver) properties(id string) property {
	return property{r: r, at: "Resources." + redact.Name(id) + ".Properties", raw: r.Resources[id].Properties}
}

// existing lists the resources of a type whose condition holds.
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

// output is the value of one of the template's Outputs.
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
			return "", fmt.Errorf("%s: it does not exist: its condition does not hold", place)
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

// resolve gives a value whose outermost form is not an intrinsic function any
// more. It does not look inside objects and arrays.
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

// intrinsic takes a call of an intrinsic function apart.
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
			return nil, fmt.Errorf("%s: want the name that Ref refers to", at)
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
	return nil, fmt.Errorf("%s: the local edge does not know this function: give the property a value of its own, or one made of Ref, Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select, Fn::Split, Fn::If, Fn::FindInMap, Fn::Base64, Fn::GetStackOutput and Fn::ImportValue", at)
}

// text resolves a value to a string.
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

// list resolves a value to an array, its items as they are written.
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

// arguments are the arguments of a function that takes n of them.
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
		return nil, fmt.Errorf("%s: the value of parameter %s is in Systems Manager, out of reach of the local edge: give the property a value of its own", at, redact.Name(id))
	case !ok:
		return nil, fmt.Errorf("%s: parameter %s has no default: the local edge knows no other value for it", at, redact.Name(id))
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

// textAndList returns the arguments of a function that takes a text and a list.
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
// argument; ${!Name} stands for ${Name} itself.
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
		return nil, fmt.Errorf("%s: the separator is empty", at)
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
		return nil, fmt.Errorf("%s: want the name of a condition first", at)
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
	if _, object := v.(map[string]any); object { // nor may it be one for CloudFormation
		return nil, fmt.Errorf("%s: Mappings: want a text or an array of texts, not an object", at)
	}
	if !ok {
		return nil, fmt.Errorf("%s: Mappings has no %s.%s.%s", at, redact.Name(names[0]), redact.Name(names[1]), redact.Name(names[2]))
	}
	return v, nil
}

// condition works out one of the template's Conditions.
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
	return false, fmt.Errorf("%s: the local edge does not know this condition: want Condition, Fn::Equals, Fn::And, Fn::Or or Fn::Not, with their arguments", at)
}
