package config

import (
	"fmt"
	"slices"
	"testing"
)

func TestEveryBehaviorIsReachedAndOpensOnlyWhatItNames(t *testing.T) {
	signed := func(pattern string) Behavior { return Behavior{PathPattern: pattern} }
	public := func(pattern string) Behavior { return Behavior{PathPattern: pattern, Public: true} }
	for _, test := range []struct {
		name    string
		content Content
		want    []string
	}{
		{"signed ones with everything else", Content{Behaviors: []Behavior{signed("/api/*"), signed("/live/*")}}, nil},
		{"a public one that signed paths take something out of",
			Content{SignedPaths: []string{"/open/films/*"}, Behaviors: []Behavior{public("/open/*")}}, nil},
		{"a signed one over a public path", Content{PublicPaths: []string{"/*"}, Behaviors: []Behavior{signed("/api/*")}}, nil},
		{"no pattern, and one that is none", Content{Behaviors: []Behavior{signed(""), public("open/*"), signed("/a?")}},
			[]string{"Behaviors[0].PathPattern: missing", `Behaviors[1].PathPattern: "open/*"`, `Behaviors[2].PathPattern: "/a?"`}},
		{"the same pattern twice", Content{Behaviors: []Behavior{signed("/a/*"), signed("/a/*")}},
			[]string{`Behaviors[1].PathPattern: "/a/*", which is never reached`}},
		{"a public one within a signed one, which comes first in any order", Content{Behaviors: []Behavior{public("/a/b/*"), signed("/a/*")}},
			[]string{`Behaviors[0].PathPattern: "/a/b/*", which is never reached`}},
		{"a signed one within a signed path", Content{PublicPaths: []string{"/*"}, SignedPaths: []string{"/a/*"}, Behaviors: []Behavior{signed("/a/b")}},
			[]string{`Behaviors[0].PathPattern: "/a/b", which is never reached`}},
		{"a public one within a public path", Content{PublicPaths: []string{"/a/*"}, Behaviors: []Behavior{public("/a/b/*")}},
			[]string{`Behaviors[0].PathPattern: "/a/b/*", which is never reached`}},
		{"a public one of an error page", Content{ErrorPages: []ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}}, Behaviors: []Behavior{public("/403.html")}},
			[]string{`Behaviors[0].PathPattern: "/403.html", which is never reached`}},
		{"one that opens everything", Content{Behaviors: []Behavior{public("/*")}}, []string{`Behaviors[0].PathPattern: "/*", public`}},
		{"one that may open an escape", Content{Behaviors: []Behavior{public("/*24.pdf")}}, []string{`Behaviors[0].PathPattern: "/*24.pdf", with *2`}},
		{"a public path and an error page within a signed one",
			Content{PublicPaths: []string{"/a/b/*"}, ErrorPages: []ErrorPage{{ErrorCode: 403, ResponsePagePath: "/a/403.html"}}, Behaviors: []Behavior{signed("/a/*")}},
			[]string{`ErrorPages[0].ResponsePagePath: "/a/403.html", which lies within the signed "/a/*"`, `PublicPaths[0]: "/a/b/*", which lies within the signed "/a/*"`}},
		{"a root object that a public one would open", Content{DefaultRootObject: "a/index.html", Behaviors: []Behavior{signed("/a/*"), public("/")}},
			[]string{`DefaultRootObject: "a/index.html", which lies within the signed "/a/*"`}},
		{"a token, which cannot be told", Content{Behaviors: []Behavior{public(tokenMark + "TOKEN.1]}")}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, problem := range test.content.WithDefaults().Check() {
				got = append(got, problem.Path+": "+problem.Found)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestBehaviorsCountAmongThoseOfTheDistribution(t *testing.T) {
	var content Content
	for i := range maxBehaviors {
		content.Behaviors = append(content.Behaviors, Behavior{PathPattern: fmt.Sprintf("/%d/*", i)})
	}
	if problems := content.WithDefaults().Check(); len(problems) != 1 || problems[0].Path != "PublicPaths" {
		t.Errorf("got %v", problems)
	}
	content.Behaviors = content.Behaviors[1:]
	if problems := content.WithDefaults().Check(); len(problems) != 0 {
		t.Errorf("got %v", problems)
	}
}
