package escapes

import (
	"strings"
	"testing"
)

func TestPathsThatHideASignedOneAreRefused(t *testing.T) {
	const premium, plus, question = "/assets/premium/*", "/assets/a+b&c@d$e:f'g\"~/*", "/assets/v?/*"
	for _, test := range []struct {
		name, signed, path string
		refused            string // a part of the reason; empty: let through
	}{
		{"a path without escapes", premium, "/assets/a.png", ""},
		{"an escaped slash", premium, "/assets/premium%2Fa.pdf", "%2F: a public path must hold / unescaped"},
		{"in small letters", premium, "/assets/premium%2fa.pdf", "%2f"},
		{"an escaped letter", premium, "/assets/%70remium/a.pdf", "must hold p unescaped"},
		{"an escaped digit", premium, "/assets/%31", "must hold 1 unescaped"},
		{"an escaped hyphen", premium, "/assets/%2D", "must hold - unescaped"},
		{"an escaped dot", premium, "/assets/%2E%2E/a", "must hold . unescaped"},
		{"an escaped underscore", premium, "/assets/%5F", "must hold _ unescaped"},
		{"an escaped tilde", premium, "/assets/%7e", "must hold ~ unescaped"},
		{"what no signed pattern names", premium, "/assets/%21%22%23%24%26%27%28%29%2A%2B%2C%3A%3B%3D%3F%40%5B%5C%5D%60%7B%7C%7D", ""},
		{"a space and letters beyond ASCII", premium, "/assets/d%C3%ADa%201.png", ""},
		{"bytes that are no letters", premium, "/assets/%00%ff", ""},
		{"a percent sign, escaped", premium, "/assets/100%25", ""},
		{"an escape that was escaped", premium, "/assets/premium%252Fa.pdf", ""},
		{"digits after an escape", premium, "/assets/%2070", ""},
		{"the last of many escapes", premium, "/assets/%20%20%2F", "%2F"},
		{"a percent sign", premium, "/assets/%", "a percent sign that starts no escape"},
		{"one digit", premium, "/assets/%2", "a percent sign that starts no escape"},
		{"no digits", premium, "/assets/%zz", "a percent sign that starts no escape"},
		{"a sign before a digit", premium, "/assets/%+1", "a percent sign that starts no escape"},
		{"two percent signs", premium, "/assets/%%20", "a percent sign that starts no escape"},
		{"half a digit pair", premium, "/assets/%2Gx", "a percent sign that starts no escape"},
		{"a plus that a signed pattern names", plus, "/assets/a%2Bb", "must hold + unescaped"},
		{"an ampersand that one names", plus, "/assets/%26", "must hold & unescaped"},
		{"an at sign that one names", plus, "/assets/%40", "must hold @ unescaped"},
		{"a dollar sign that one names", plus, "/assets/%24", "must hold $ unescaped"},
		{"a colon that one names", plus, "/assets/%3A", "must hold : unescaped"},
		{"a quote that one names", plus, "/assets/%27", "must hold ' unescaped"},
		{"a double quote that one names", plus, "/assets/%22", "must hold \" unescaped"},
		{"a star, which no pattern names", plus, "/assets/%2A", ""},
		{"a space, where a signed pattern has a ?", question, "/assets/v%20/a.pdf", "%20: with a ? in a signed path pattern"},
		{"no escape, where a signed pattern has a ?", question, "/assets/v1/a.pdf", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := NewFilter([]string{"/other/*", test.signed}).Check(test.path)
			switch {
			case test.refused == "" && err != nil:
				t.Errorf("%s is refused: %v", test.path, err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("%s: %v, want %q", test.path, err, test.refused)
			}
		})
	}
	if NewFullFilter().Check("/a%20b") == nil || NewFullFilter().Check("/ab") != nil {
		t.Error("where the patterns are not known, all escapes are refused and nothing else")
	}
}

func TestAFunctionIsReadFromItsCodeAlone(t *testing.T) {
	for _, patterns := range [][]string{nil, {"/a/*"}, {`/"'+&$@:~`}, {"/a/?"}} {
		h := NewFilter(patterns)
		if got, ok := ParseFilter(h.Function()); !ok || got != h {
			t.Errorf("%q: read %q, %v", patterns, got, ok)
		}
	}
	code := NewFilter([]string{"/a+b/*"}).Function()
	for name, foreign := range map[string]string{
		"none":                             "",
		"another one":                      "function handler(event) { return event.request; }",
		"one without the slot":             source,
		"ours, with more behind it":        code + "\nfunction handler(event) { return event.request; }",
		"ours, with more before it":        "var x;" + code,
		"ours, that refuses nothing":       strings.Replace(code, "return {", "return event.request; return {", 1),
		"ours, without a character":        strings.Replace(code, "-./0", "-.0", 1),
		"ours, for fewer letters":          strings.Replace(code, "xyz", "", 1),
		"ours, with a character twice":     strings.Replace(code, "xyz", "xyzz", 1),
		"ours, in another order":           strings.Replace(code, "xyz", "zyx", 1),
		"ours, with code after characters": strings.Replace(code, `~";`, `~"; characters = "";`, 1),
		"ours, in another way of quoting":  strings.Replace(code, "xyz", `\x78yz`, 1),
		"ours, in another status":          strings.Replace(code, "403", "200", 1),
	} {
		if foreign == code {
			t.Fatalf("%s: not changed", name)
		}
		if h, ok := ParseFilter(foreign); ok {
			t.Errorf("%s is taken for %q", name, h)
		}
	}
}

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
func TestAFunctionIsSmall(t *testing.T) {
	if size := len(NewFilter([]string{`/"'+&$@:~?`}).Function()); size > 10<<10 {
		t.Errorf("%d bytes", size)
	}
}
