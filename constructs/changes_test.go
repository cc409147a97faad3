package constructs

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// changes returns one line for each difference between two deployments: new (+),
// removed (-) or changed (~), with the type of the resource. It ignores metadata, which
// changes nothing in AWS.
func changes(t *testing.T, before, after *template) []string {
	t.Helper()
	c := &changeList{}
	ids := map[string]bool{}
	for _, template := range []*template{before, after} {
		for id := range template.Resources {
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		old, new := before.Resources[id], after.Resources[id]
		switch {
		case old == nil:
			c.add("+ %s", new.Type)
		case new == nil:
			c.add("- %s", old.Type)
		default:
			c.compare(old.Type, plainOf(t, old), plainOf(t, new))
		}
	}
	c.compare("Outputs", plainOf(t, before.Outputs), plainOf(t, after.Outputs))
	slices.Sort(c.lines)
	return c.lines
}

type changeList struct{ lines []string }

func (c *changeList) add(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

func (c *changeList) compare(path string, old, new any) {
	if reflect.DeepEqual(old, new) {
		return
	}
	oldMembers, wasObject := old.(map[string]any)
	newMembers, isObject := new.(map[string]any)
	if wasObject && isObject && !isFunction(oldMembers) && !isFunction(newMembers) {
		names := maps.Clone(oldMembers)
		maps.Copy(names, newMembers)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			c.compare(path+" "+name, oldMembers[name], newMembers[name])
		}
		return
	}
	oldItems, wasList := old.([]any)
	newItems, isList := new.([]any)
	switch {
	case wasList && isList && len(oldItems) == len(newItems):
		for i := range oldItems {
			c.compare(path+" "+strconv.Itoa(i), oldItems[i], newItems[i])
		}
	case wasList && isList:
		c.addMissing("-", path, oldItems, newItems)
		c.addMissing("+", path, newItems, oldItems)
	case old == nil:
		c.add("+ %s", path)
	case new == nil:
		c.add("- %s", path)
	default:
		c.add("~ %s", path)
	}
}

// addMissing adds a line for each item that the other list does not contain.
func (c *changeList) addMissing(sign, path string, items, others []any) {
	for _, item := range items {
		if !slices.ContainsFunc(others, func(other any) bool { return reflect.DeepEqual(item, other) }) {
			c.add("%s %s", sign, path)
		}
	}
}

// isFunction reports whether a value is an intrinsic function of CloudFormation.
func isFunction(members map[string]any) bool {
	_, isRef := members["Ref"]
	_, isGetAtt := members["Fn::GetAtt"]
	_, isJoin := members["Fn::Join"]
	return len(members) == 1 && (isRef || isGetAtt || isJoin)
}

// plainOf returns a value as JSON represents it, without metadata.
func plainOf(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	delete(plain, "Metadata")
	return plain
}

// reversed returns the changes of the opposite step.
func reversed(lines []string) []string {
	back := []string{}
	for _, line := range lines {
		switch line[0] {
		case '+':
			line = "-" + line[1:]
		case '-':
			line = "+" + line[1:]
		}
		back = append(back, line)
	}
	slices.Sort(back)
	return back
}

// wantChanges compares the changes of a step, and of the opposite step, with the wanted
// ones.
func wantChanges(t *testing.T, step string, before, after *template, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := changes(t, before, after); !slices.Equal(got, want) {
		t.Errorf("%s changes\n%q\nwant\n%q", step, got, want)
	}
	if got, want := changes(t, after, before), reversed(want); !slices.Equal(got, want) {
		t.Errorf("%s, the way back, changes\n%q\nwant\n%q", step, got, want)
	}
}
