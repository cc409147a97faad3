package edge

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// serveApp serves the template of an app that was not made for the edge.
func serveApp(t *testing.T, app string, objects ...string) (*site, map[string]*signer.PrivateKey) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "apps", app+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	return serveForeign(t, text, objects...)
}

func serveForeign(t *testing.T, text []byte, objects ...string) (*site, map[string]*signer.PrivateKey) {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range objects {
		files[name] = &fstest.MapFile{Data: []byte(name), ModTime: noon}
	}
	keys := map[string]*signer.PrivateKey{}
	s := serveConfig(t, Config{Template: text, Objects: OpenFS(files), StandIn: func(k KeyPair) (*signer.PrivateKey, error) {
		key, err := signer.GenerateKey(signer.ECDSAP256) // another kind than the template's is as good
		keys[k.LogicalID] = key
		return key, err
	}})
	return s, keys
}

// wantAnswers asks for paths, signed and unsigned.
func (s *site) wantAnswers(want map[string][2]int) {
	s.Helper()
	for path, statuses := range want {
		for i, url := range []string{s.sign(path), s.url + path} {
			got := s.get(url)
			if got.status != statuses[i] {
				s.Errorf("%s, %s: %d (%s), want %d", path, []string{"signed", "unsigned"}[i], got.status, got.header.Get(reasonHeader), statuses[i])
			}
		}
	}
}

// wantUnknown compares what is named with the beginnings and ends of what is to be.
func (s *site) wantUnknown(want ...string) {
	s.Helper()
	got := s.edge.Unknown()
	for _, part := range want {
		if !slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, part) }) {
			s.Errorf("it does not name %q", part)
		}
	}
	if len(got) != len(want) || s.Failed() {
		s.Errorf("it names %d things, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
}

func TestAnAppInTypeScriptIsServedAsFarAsItIsKnown(t *testing.T) {
	s, keys := serveApp(t, "media", "a.txt", "public/p.txt", "site/s.txt", "pages/x.txt", "api/y")
	s.wantAnswers(map[string][2]int{
		"/a.txt":        {200, 403},
		"/missing":      {403, 403},
		"/public/p.txt": {200, 200},
		"/site/s.txt":   {501, 501}, // of another bucket
		"/pages/x.txt":  {501, 501}, // a function decides
		"/api/y":        {501, 501}, // of no bucket
	})
	s.wantUnknown(
		"DefaultCacheBehavior.FunctionAssociations[0]: the local edge runs no functions, so this one is left out",
		"DefaultCacheBehavior.ResponseHeadersPolicyId: the local edge does not know the response headers policy",
		"cache behavior /site/*: the local edge refuses every request: its bucket is ",
		"cache behavior /pages/*: the local edge refuses every request: Resources.Rewrite",
		"cache behavior /api/*: the local edge refuses every request: Resources.Cdn",
	)
	got := s.get(s.url + "/pages/x.txt")
	if !strings.Contains(got.header.Get(reasonHeader), "the cache behavior /pages/*: Resources.Rewrite") {
		t.Errorf("the reason is %q", got.header.Get(reasonHeader))
	}
	if x := s.edge.Explain(Record{Target: "/pages/x.txt"}); x.Record.Refused != CheckBehavior {
		t.Errorf("it is explained by %q", x.Record.Refused)
	}
	if len(keys) != 1 || keys["SigningKeyEEFC2790"] == nil {
		t.Errorf("keys %v, want one in place of the template's", keys)
	}
	d := s.edge.Deployment()
	if d.BaseURL != s.url || len(d.TrustedKeys) != 1 || d.CheckKey(keys["SigningKeyEEFC2790"].PublicKey()) != nil {
		t.Errorf("the document is %+v", d)
	}
}

func TestAnAppInPythonIsServed(t *testing.T) {
	s, keys := serveApp(t, "python", "index.html", "a.txt", "either/b.txt")
	s.wantAnswers(map[string][2]int{"/a.txt": {200, 403}, "/": {200, 403}, "/either/b.txt": {501, 501}})
	s.wantUnknown("cache behavior /either/*: the local edge refuses every request: ")
	if len(keys) != 2 { // of texts that are no keys yet
		t.Errorf("keys %v", keys)
	}
}

func TestAnAppOfPlainResourcesIsServed(t *testing.T) {
	s, keys := serveApp(t, "plain", "a.txt", "b/c.txt")
	s.wantAnswers(map[string][2]int{"/a.txt": {200, 403}, "/b/c.txt": {200, 403}})
	s.wantUnknown()
	if len(keys) != 1 || keys["Key"] == nil {
		t.Errorf("keys %v, want one in place of the parameter's", keys)
	}
}

// A URL for one group opens what another trusts as little as in AWS.
func TestKeysOfElsewhereHaveAStandInEach(t *testing.T) {
	s, keys := serveApp(t, "elsewhere", "a.txt", "named/n.txt", "existing/e.txt")
	s.wantAnswers(map[string][2]int{"/a.txt": {200, 403}, "/named/n.txt": {403, 403}, "/existing/e.txt": {403, 403}})
	s.wantUnknown(
		"Resources.Website32962D0B: this distribution needs no signatures, so it is not served",
		"DefaultCacheBehavior.TrustedKeyGroups[0]: the key group is not in this template: the stand-in key pair KeyGroup",
		"CacheBehaviors[0].TrustedKeyGroups[0]: the key group is not in this template: the stand-in key pair KeyGroup",
		"KeyGroupConfig.Items[0]: the public key is not in this template: the stand-in key pair PublicKey",
	)
	if len(keys) != 3 {
		t.Fatalf("%d keys, want 3", len(keys))
	}
	opened := map[string]int{}
	for name, key := range keys {
		signs, err := signer.New(keyIDOf(s.edge, key), key, &signer.Options{Now: s.edge.now})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/a.txt", "/named/n.txt", "/existing/e.txt"} {
			signed, err := signs.URL(context.Background(), s.url+path, signer.Policy{TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if s.get(signed).status == 200 {
				opened[name]++
				opened[path]++
			}
		}
	}
	for what, n := range opened {
		if n != 1 {
			t.Errorf("%s: %d times", what, n)
		}
	}
	if len(opened) != 6 {
		t.Errorf("opened %v", opened)
	}
}

// keyIDOf is the id under which an edge trusts a key.
func keyIDOf(e *Edge, key *signer.PrivateKey) string {
	for _, b := range e.distribution.Behaviors {
		for id, public := range b.TrustedKeys {
			if public.Fingerprint() == key.PublicKey().Fingerprint() {
				return id
			}
		}
	}
	return ""
}

func TestATemplateWrittenByHandIsServed(t *testing.T) {
	s, keys := serveApp(t, "handwritten", "test/a.txt", "test/stamped/s.txt", "test/checked/c.txt", "test/accounts/x.txt", "theirs/t.txt", "live/a.txt")
	s.wantAnswers(map[string][2]int{
		"/a.txt":          {200, 403},
		"/stamped/s.txt":  {200, 403},
		"/checked/c.txt":  {501, 501},
		"/theirs/t.txt":   {501, 501},
		"/accounts/x.txt": {501, 501},
	})
	s.wantUnknown(
		"CacheBehaviors[1].LambdaFunctionAssociations[0]: the local edge runs no functions, so this one is left out",
		"cache behavior /checked/*: the local edge refuses every request: ",
		"cache behavior /theirs/*: the local edge refuses every request: ",
		"cache behavior /accounts/*: the local edge refuses every request: ",
	)
	if len(keys) != 2 || keys["First"] == nil || keys["Second"] == nil {
		t.Errorf("keys %v", keys)
	}
}

// What cannot be known of who gets what never opens a behavior.
func TestWhatDecidesWhoGetsWhatAndIsNotKnownRefuses(t *testing.T) {
	const groups = fallback + ".TrustedKeyGroups"
	unknown := map[string]any{"Fn::GetAtt": []any{"Nobody", "Id"}}
	function := func(event any) []any {
		return []any{map[string]any{"EventType": event, "FunctionARN": "arn:aws:cloudfront::1:function/x"}}
	}
	noDocument := change{"Resources.DeploymentDocument", nil}
	for name, test := range map[string]struct {
		at    string
		value any
		all   bool // it is about every behavior
	}{
		"a list of key groups":                     {groups, unknown, false},
		"a list by a condition":                    {groups, map[string]any{"Fn::If": []any{"Nothing", []any{}, []any{}}}, false},
		"an empty list of key groups":              {groups, []any{}, false},
		"keys of AWS accounts":                     {fallback + ".TrustedSigners", []any{"self"}, false},
		"methods":                                  {fallback + ".AllowedMethods", unknown, false},
		"a function of requests":                   {fallback + ".FunctionAssociations", function("viewer-request"), false},
		"a function at an event that is not known": {fallback + ".FunctionAssociations", function(unknown), false},
		"the name of an origin":                    {fallback + ".TargetOriginId", "other", false},
		"the domain name of an origin":             {config + ".Origins.0.DomainName", unknown, true},
		"the identity of an origin":                {config + ".Origins.0.S3OriginConfig.OriginAccessIdentity", unknown, true},
		"a statement's principal":                  {reader + ".Principal", unknown, true},
		"a statement's effect":                     {reader + ".Effect", "Maybe", true},
	} {
		t.Run(name, func(t *testing.T) {
			open := change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/public/*", "TargetOriginId": "content", "ViewerProtocolPolicy": "https-only"}}}
			c := Config{
				Template: edited(t, noDocument, open, change{test.at, test.value}),
				BaseURL:  "http://127.0.0.1:8080",
				Objects:  OpenFS(pictures),
				StandIn:  func(k KeyPair) (*signer.PrivateKey, error) { return signer.GenerateKey(k.Algorithm) },
			}
			e, err := New(c)
			if test.all {
				if err == nil || !strings.Contains(err.Error(), "cache behavior /public/*: ") || !strings.Contains(err.Error(), "cache behavior *: ") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s := serveConfig(t, c)
			if got := s.get(s.url + "/public/logo.svg"); got.status != 200 {
				t.Errorf("of the other behavior: %d", got.status)
			}
			if got := s.get(s.url + "/rt.png"); got.status != 501 || got.header.Get(reasonHeader) == "" {
				t.Errorf("of this one: %d", got.status)
			}
			if d := e.Deployment(); d != nil {
				t.Errorf("a document is made for a behavior that is refused: %+v", d)
			}
		})
	}
}

// A header that no answer may have is not sent because it decides nothing.
func TestHeadersThatCannotBeAreLeftOut(t *testing.T) {
	s := serveConfig(t, Config{
		Template: edited(t, change{"Resources.DeploymentDocument", nil}, change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CustomHeadersConfig",
			map[string]any{"Items": []any{map[string]any{"Header": "X-Split", "Value": "a\r\nSet-Cookie: b", "Override": true}}}}),
		Objects: OpenFS(pictures),
		StandIn: func(k KeyPair) (*signer.PrivateKey, error) { return signer.GenerateKey(k.Algorithm) },
	})
	got := s.get(s.sign("/rt.png"))
	if got.status != 200 || got.header.Get("Set-Cookie")+got.header.Get("X-Split") != "" {
		t.Errorf("%d, %v", got.status, got.header)
	}
	s.wantUnknown("CustomHeadersConfig.Items[0]: ")
}

// The key pair that such a stack makes itself is the one that signs.
func TestAStackWithoutADocumentSignsWithTheKeyThatItMakes(t *testing.T) {
	s, keys := serveForeign(t, edited(t, change{"Resources.DeploymentDocument", nil}), "rt.png")
	s.wantAnswers(map[string][2]int{"/rt.png": {200, 403}})
	s.wantUnknown()
	if len(keys) != 0 {
		t.Errorf("stand-ins %v", keys)
	}
}

func TestAStandInIsAskedForInNoTemplateWithADocument(t *testing.T) {
	s, keys := serveForeign(t, edited(t, change{"Resources.PublicKey.Properties.PublicKeyConfig.Name", "other"}), "rt.png")
	s.wantAnswers(map[string][2]int{"/rt.png": {200, 403}})
	if len(keys) != 0 {
		t.Errorf("stand-ins %v", keys)
	}
}

// The document of a borrower names no key pair.
func TestAStandInIsAskedForInNoTemplateThatBorrows(t *testing.T) {
	lender, borrower := lent(t)
	e, err := New(Config{
		Template: borrower,
		BaseURL:  "http://127.0.0.1:8080",
		Objects:  OpenFS(fstest.MapFS{}),
		Others:   []Stack{{Name: "shop-dev", Template: lender}},
		StandIn: func(k KeyPair) (*signer.PrivateKey, error) {
			t.Errorf("asked for %+v", k)
			return signer.GenerateKey(k.Algorithm)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Deployment(); d.MaxURLLifetime != 3600 || d.MaxKeyAge != 3600 {
		t.Errorf("the document is %+v", d)
	}
}

// Of the default behavior, nothing is known then.
func TestAnAppWhoseDefaultBehaviorIsNoBucketIsServed(t *testing.T) {
	s, keys := serveApp(t, "website", "private/media/a.txt", "index.html")
	s.wantAnswers(map[string][2]int{"/media/a.txt": {200, 403}, "/index.html": {501, 501}})
	s.wantUnknown("cache behavior *: the local edge refuses every request: ")
	if path := s.edge.BucketPath(); path != "/private" {
		t.Errorf("the folder that is served is %q", path)
	}
	if len(keys) != 1 {
		t.Errorf("keys %v", keys)
	}
}
