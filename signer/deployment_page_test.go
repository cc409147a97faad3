package signer

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// membersOf returns the JSON types of the members of a type, nested ones included,
// by name.
func membersOf(of reflect.Type, above string) map[string]string {
	members := map[string]string{}
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		name, inner := above+name, field.Type
		switch inner.Kind() {
		case reflect.String:
			members[name] = "string"
		case reflect.Int, reflect.Int64:
			members[name] = "number"
		case reflect.Slice:
			members[name] = "array"
			name, inner = name+"[]", inner.Elem()
		case reflect.Pointer:
			members[name] = "object"
			inner = inner.Elem()
		default:
			members[name] = "object"
		}
		if inner.Kind() == reflect.Struct {
			maps.Copy(members, membersOf(inner, name+"."))
		}
	}
	return members
}

// memberRows match the rows of the contract's table: a member and its JSON type.
var memberRows = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\w+) \\|")

func TestTheContractDescribesEveryMemberOfTheDocumentAndNoOther(t *testing.T) {
	page := string(must[[]byte](t)(os.ReadFile("DEPLOYMENT.md")))
	described := map[string]string{}
	for _, row := range memberRows.FindAllStringSubmatch(page, -1) {
		if _, twice := described[row[1]]; twice {
			t.Errorf("%s is described twice", row[1])
		}
		described[row[1]] = row[2]
	}
	if members := membersOf(reflect.TypeFor[Deployment](), ""); !maps.Equal(described, members) {
		t.Errorf("described are %v\nthe members are %v", described, members)
	}

	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(examples) != 2 {
		t.Errorf("%d examples, want one with keys and a borrower's", len(examples))
	}
	for _, example := range examples {
		d, err := ParseDeployment([]byte(example[1]))
		if err != nil {
			t.Errorf("an example: %v", err)
		} else if again := string(must[[]byte](t)(d.MarshalIndent())); again != example[1] {
			t.Errorf("an example is read as %s", again)
		}
	}
}
