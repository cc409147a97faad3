// Package leaktest is for tests of what handles private keys. It writes test
// keys in the spellings in which people hand keys to programs, and finds a key
// in a text, whole or in part, in the spellings in which programs print one.
//
// Run tests that no exported function of a package shows a key that was put
// where another text belongs:
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
// It imports the standard library alone.
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

// Run calls each function of a table with every spelling of every key, and
// fails if anything that it returns shows 12 consecutive bytes of a key's
// base64. The function hands the text to every parameter and every field that
// takes text, one call each, and returns what a program would print or log:
// errors, and results that are not the caller's own text.
//
// The table names every exported function (F) and method (T.M) of the package in
// a folder that takes text, as TextFunctions lists them. Run fails for one that
// is missing, and for a name that the package does not have. A nil function
// stands for one that has nothing to show.
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

// Print returns everything that a program may print or log of some values: with
// the verbs of package fmt, as JSON, and, instead of its JSON, of an error all
// that it wraps.
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
