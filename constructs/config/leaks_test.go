package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer/leaktest"
)

// TestNoErrorShowsAKey writes keys in place of every setting and every name of cdk.json,
// and of every field of a Go program.
func TestNoErrorShowsAKey(t *testing.T) {
	places := placesInJSON(reflect.TypeFor[Environment](), "dev")
	if len(places) < 100 {
		t.Fatalf("only %d places in cdk.json were found", len(places))
	}
	const most = 100 // characters that are tried everywhere
	fields := 0
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"Read": func(text string) (shown []any) {
			tried := append(places, outermost...)
			if len(text) > most {
				tried = outermost // a long text is distinct from every word
			}
			seen := map[string]bool{}
			for i, context := range tried {
				c, err := Read(context(text), fstest.MapFS{"public_key.pem": {Data: []byte(text)}})
				var problems Problems
				switch {
				case err == nil:
					problems = c.Warnings()
				case !errors.As(err, &problems):
					t.Fatalf("%v holds no problems", err)
				}
				shown = append(shown, unseenTexts(problems, seen)...)
				if i >= len(tried)-len(outermost) {
					shown = append(shown, err)
				}
			}
			return shown
		},
		"ParseDuration": func(text string) []any { _, ok := ParseDuration(text); return []any{ok} },
		"Nearest":       func(text string) []any { return []any{Nearest(text, []string{"region", "account"})} },
		"WithoutKeys": func(text string) []any {
			return []any{WithoutKeys(text), WithoutKeys("said: " + text), WithoutKeys("'" + text + "'")}
		},
		"Quote": func(text string) []any { return []any{Quote(text), Quote("a" + text), Quote("/" + text + "/")} },
		"CheckRegion": func(text string) []any {
			return []any{CheckRegion("region", text, OAI), CheckRegion("region", "eu-west-9", OriginAccess(text))}
		},
		"Content.Check": func(text string) (shown []any) {
			fields = 0
			seen := map[string]bool{}
			eachField(text, func(c *Content) {
				fields++
				shown = append(shown, unseenTexts(c.WithDefaults().Check(), seen)...)
			})
			return shown
		},
		"Environment.Check": func(text string) (shown []any) {
			seen := map[string]bool{}
			eachField(text, func(e *Environment) {
				e.Content = e.Content.WithDefaults()
				shown = append(shown, unseenTexts(e.Check(), seen)...)
			})
			return shown
		},
		"Content.WithDefaults": nil, "Encryption.HasKey": nil, "OriginAccess.HasControl": nil, "OriginAccess.HasIdentity": nil,
		"OriginAccess.UsesControl": nil, "SigningKeys.CurrentKey": nil, "SigningKeys.WithDefaults": nil, "Problem.String": nil, "Config.Warnings": nil,
		// They are the caller's own names, or made of them.
		"Environment.ParameterName": nil, "Environment.StackName": nil,
	})
	if fields < 40 {
		t.Errorf("only %d fields of a content were found", fields)
	}
}

// unseenTexts are the texts of problems that were not seen before: most places
// share all but a few, and to look for keys takes longer than to check.
func unseenTexts(problems Problems, seen map[string]bool) (texts []any) {
	for _, p := range problems {
		for _, text := range []string{p.Path, p.Found, p.Fix} {
			if !seen[text] {
				seen[text] = true
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// outermost are places outside an environment's settings.
var outermost = []func(text string) map[string]any{
	func(text string) map[string]any {
		return map[string]any{"project": text, "environments": map[string]any{"dev": map[string]any{}}}
	},
	func(text string) map[string]any { return map[string]any{"project": "p", "environments": text} },
	func(text string) map[string]any {
		return map[string]any{"project": "p", "environments": map[string]any{text: map[string]any{}}}
	},
	func(text string) map[string]any {
		return map[string]any{"project": "p", "environments": map[string]any{text + "*": map[string]any{}}}
	},
	func(text string) map[string]any {
		return map[string]any{"project": "p", "environments": map[string]any{"dev": text}}
	},
	func(text string) map[string]any {
		return map[string]any{"project": "p", "env": text, "environments": map[string]any{"dev": map[string]any{}, text: map[string]any{}}}
	},
	func(text string) map[string]any {
		return map[string]any{"project": "p", "environments": map[string]any{
			text: map[string]any{"ephemeral": true}, text[1:]: map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": text}},
		}}
	},
	func(text string) map[string]any {
		return map[string]any{"project": "p", "environments": map[string]any{
			"dev": map[string]any{"ephemeral": true, "lendKeys": true, "account": text, "region": text, "signers": map[string]any{"roles": []any{text}}},
			"pr":  map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}},
		}}
	},
	func(text string) map[string]any {
		domain := map[string]any{"domain": map[string]any{"names": []any{text, "*." + text}}}
		return map[string]any{"project": "p", "environments": map[string]any{"a": domain, "b": domain, text: domain}}
	},
}

// placesInJSON are contexts with a text in one place each: for each setting as
// its value, twice in a list, and as the name of a member next to it.
func placesInJSON(of reflect.Type, environment string) (contexts []func(text string) map[string]any) {
	var walk func(of reflect.Type, wrap func(inner any) any)
	add := func(wrap func(inner any) any, make func(text string) any) {
		contexts = append(contexts, func(text string) map[string]any {
			return map[string]any{"project": "p", "environments": map[string]any{environment: wrap(make(text))}}
		})
	}
	value := func(of reflect.Type, wrap func(inner any) any) {
		add(wrap, func(text string) any { return text })
		add(wrap, func(text string) any { return []any{text, text, map[string]any{text: text}} })
		add(wrap, func(text string) any { return map[string]any{text: text, "a" + text: 1} })
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case of == reflect.TypeFor[SigningKeys]():
			walk(of, wrap)
			for _, custody := range []string{string(SecretsManager), string(Imported)} {
				walk(reflect.TypeFor[SigningKey](), func(inner any) any {
					members, is := inner.(map[string]any)
					if is {
						members["custody"] = custody
					}
					return wrap(map[string]any{"keys": map[string]any{"1": inner}})
				})
			}
		case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
			walk(of.Elem(), func(inner any) any { return wrap([]any{inner}) })
		case of.Kind() == reflect.Struct:
			walk(of, wrap)
		}
	}
	walk = func(of reflect.Type, wrap func(inner any) any) {
		for _, s := range settings(of) {
			value(s.field.Type, func(inner any) any { return wrap(map[string]any{s.name: inner}) })
		}
		add(wrap, func(text string) any { return map[string]any{text: true} })
	}
	walk(of, func(inner any) any { return inner })
	return contexts
}

// eachField calls use with a struct that holds a text in one field, for each
// field in it that takes text.
func eachField[T any](text string, use func(*T)) {
	var walk func(of reflect.Type, reach func(root reflect.Value) reflect.Value)
	walk = func(of reflect.Type, reach func(root reflect.Value) reflect.Value) {
		try := func(set func(reflect.Value)) {
			root := new(T)
			set(reach(reflect.ValueOf(root).Elem()))
			use(root)
		}
		switch of.Kind() {
		case reflect.String:
			try(func(v reflect.Value) { v.SetString(text) })
		case reflect.Slice:
			if of.Elem().Kind() == reflect.String {
				try(func(v reflect.Value) { v.Set(reflect.ValueOf([]string{text, text, text[1:]})) })
				return
			}
			walk(of.Elem(), func(root reflect.Value) reflect.Value {
				v := reach(root)
				if v.Len() == 0 {
					v.Set(reflect.MakeSlice(of, 1, 1))
				}
				return v.Index(0)
			})
		case reflect.Map:
			try(func(v reflect.Value) { v.Set(reflect.ValueOf(map[string]string{text: text, "a" + text: "b"})) })
		case reflect.Pointer:
			walk(of.Elem(), func(root reflect.Value) reflect.Value {
				v := reach(root)
				if v.IsNil() {
					v.Set(reflect.New(of.Elem()))
				}
				return v.Elem()
			})
		case reflect.Struct:
			for i := range of.NumField() {
				walk(of.Field(i).Type, func(root reflect.Value) reflect.Value { return reach(root).Field(i) })
			}
		}
	}
	walk(reflect.TypeFor[T](), func(root reflect.Value) reflect.Value { return root })
}

// The check of the checks: a place where a text is shown is found.
func TestEveryPlaceIsReached(t *testing.T) {
	seen := map[string]bool{}
	for _, context := range placesInJSON(reflect.TypeFor[Environment](), "dev") {
		text, err := json.Marshal(context("here"))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(text)] = true
	}
	const at = `{"environments":{"dev":%s},"project":"p"}`
	for _, want := range []string{
		`{"bucket":"here"}`, `{"here":true}`, `{"tags":{"ahere":1,"here":"here"}}`, `{"errorPages":[{"responsePagePath":"here"}]}`,
		`{"domain":{"hostedZone":{"name":"here"}}}`, `{"signingKeys":{"keys":{"1":{"custody":"imported","privateKey":{"kmsArn":"here"}}}}}`,
		`{"signingKeys":{"from":"here"}}`, `{"cors":{"origins":["here","here",{"here":"here"}]}}`,
	} {
		if !seen[fmt.Sprintf(at, want)] {
			t.Errorf("%s is not tried", want)
		}
	}
}
