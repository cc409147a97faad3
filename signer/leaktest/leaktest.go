// Package leaktest helps test code that handles private keys. It writes test keys
// in the spellings in which people pass keys to programs, and finds all or part of
// a key in a text, in the spellings in which programs print one.
//
// Run tests that no exported function of a package shows a key that was passed in
// place of another text:
//
//	func TestNoErrorShowsAKey(t *testing.T) {
//		leaktest.Run(t, ".", map[string]func(text string) []any{
//			"ParseName": func(text string) []any {
//				_, err := store.ParseName(text)
//				return []any{err}
//			},
//		})
//	}
//
// It imports only the standard library.
package leaktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Run calls each function of a table with every spelling of every key. It fails if
// anything that a function returns shows 12 consecutive bytes of a key's base64. A
// function must pass the text to every parameter and every field that takes text,
// one call each, and return what a program would print or log: errors, and results
// other than the caller's own text.
//
// The table must name every exported function (F) and method (T.M) that takes text
// of the package in folder, as TextFunctions lists them. Run fails for a missing
// one, and for a name that the package does not have. A nil function means that the
// function shows nothing.
func Run(t *testing.T, folder string, calls map[string]func(text string) []any) {
	t.Helper()
	listed, err := TextFunctions(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range listed {
		if _, ok := calls[name]; !ok {
			t.Errorf("%s takes text and is not in the table", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if !slices.Contains(listed, name) {
			t.Errorf("the table has %s, which is not an exported function that takes text", name)
		}
		call := calls[name]
		if call == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, key := range Keys() {
				for _, spelling := range key.Spellings() {
					if found := key.Find(Print(call(spelling.Text)...)); found != "" {
						t.Errorf("%s, %s: shows %s", key.Name, spelling.Name, found)
					}
				}
			}
		})
	}
}

// Print returns everything that a program may print or log of values: in the verbs
// of package fmt and as JSON. For an error, it returns all that it wraps in place
// of its JSON.
func Print(values ...any) string {
	var b strings.Builder
	for _, value := range values {
		printValue(&b, value)
	}
	return b.String()
}

func printValue(b *strings.Builder, value any) {
	switch value := value.(type) {
	case nil:
		return
	case string:
		b.WriteString(value + "\n")
		return
	}
	fmt.Fprintf(b, "%v\n%+v\n%#v\n", value, value, value)
	err, ok := value.(error)
	if !ok {
		if text, err := json.Marshal(value); err == nil {
			b.Write(text)
			b.WriteByte('\n')
		}
		return
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			printValue(b, one)
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		printValue(b, inner)
	}
}
