package edge

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestPathsAreNormalizedToChooseABehavior(t *testing.T) {
	for raw, want := range map[string]string{
		"/":                       "/",
		"/a/b.png":                "/a/b.png",
		"/a/":                     "/a/",
		"//a//b//":                "/a/b/",
		"/a/./b":                  "/a/b",
		"/a/../b":                 "/b",
		"/a/b/..":                 "/a/",
		"/a/b/.":                  "/a/b/",
		"/../../a":                "/a",
		"/..":                     "/",
		"/.":                      "/",
		"/a/%2e%2E/b":             "/b",
		"/%70ublic/x":             "/public/x",
		"/a%2fb":                  "/a%2Fb",
		"/a%2f..%2fb":             "/a%2F..%2Fb",
		"/a/..%2fb":               "/a/..%2Fb",
		"/a%20b+c":                "/a%20b+c",
		"/100%":                   "/100%",
		"/%zz/%4":                 "/%zz/%4",
		"/%C3%BC":                 "/%C3%BC",
		"/.../a":                  "/.../a",
		"/.well-known/%2Ehidden/": "/.well-known/.hidden/",
	} {
		if got := normalizePath(raw); got != want {
			t.Errorf("%s becomes %s, want %s", raw, got, want)
		}
	}
}

func TestAPathNamesOneOpaqueKey(t *testing.T) {
	for raw, want := range map[string]string{
		"/rt.png":           "rt.png",
		"/":                 "",
		"//rt.png":          "/rt.png",
		"/a b":              "a b",
		"/a%20b":            "a b",
		"/a+b":              "a b",
		"/a%2Bb":            "a+b",
		"/a%2bb":            "a+b",
		"/%C3%BC":           "ü",
		"/ü":                "ü",
		"/a%2Fb":            "a/b",
		"/100%25":           "100%",
		"/100%2525":         "100%25", // once
		"/users/1/../2/x":   "users/1/../2/x",
		"/%2e%2e/etc":       "../etc",
		"/%00":              "\x00",
		"/a/./b//c/":        "a/./b//c/",
		"/a\\..\\b":         "a\\..\\b",
		"/%ff":              "\xff",
		"/C:%5Cwindows":     "C:\\windows",
		"/a;v=1":            "a;v=1",
		"/file.txt%3Fv%3D1": "file.txt?v=1",
	} {
		if got, err := objectKey(raw); err != nil || got != want {
			t.Errorf("%s names %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"/%", "/%2", "/%zz", "/a%2"} {
		if _, err := objectKey(raw); err == nil {
			t.Errorf("%s names a key", raw)
		}
	}
}

// The story of the traversal. A policy for users/1/* covers users/1/../2/x,
// because the signature is over the path as it was sent. Go's file servers, and
// os.Root within its root, would open users/2/x for it. Here a key is opaque.
func TestDotSegmentsOpenNothing(t *testing.T) {
	s := serve(t,
		change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "public/*", "TargetOriginId": "content"}}})
	pass := s.signPass("users/1/*")

	missingKey := signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
	const fromBucket = "<Code>AccessDenied</Code><Message>Access Denied</Message>"
	for _, test := range []struct{ name, target, body string }{
		{"the pass opens its own", "/users/1/photo.jpg?" + pass, "one's photo"},
		{"dots under the pass", "/users/1/../2/photo.jpg?" + pass, fromBucket},
		{"escaped dots under the pass", "/users/1/%2e%2e/2/photo.jpg?" + pass, fromBucket},
		{"escaped slashes under the pass", "/users/1/..%2f2%2fphoto.jpg?" + pass, fromBucket},
		{"dots that stay inside", "/users/1/./photo.jpg?" + pass, fromBucket},
		{"a second slash", "/users/1//photo.jpg?" + pass, fromBucket},
		{"a backslash", `/users/1/..\2\photo.jpg?` + pass, fromBucket},
		{"a way out of the folder", "/users/1/../../../../etc/passwd?" + pass, fromBucket},
		{"a byte 0", "/users/1/photo.jpg%00?" + pass, fromBucket},

		{"from the open folder into a signed one", "/public/../users/2/photo.jpg", missingKey},
		{"the same, escaped", "/public/%2e%2e/users/2/photo.jpg", missingKey},
		{"the same, with an escaped slash", "/public/..%2fusers/2/photo.jpg", fromBucket},
		{"from a signed folder into the open one", "/users/../public/logo.svg", fromBucket},
		{"the open folder by escaped letters", "/%70ublic/logo.svg", "<svg/>"},
		{"the open folder behind two slashes", "//public/logo.svg", fromBucket},
		{"a signed folder behind two slashes", "//users/2/photo.jpg", missingKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.raw("GET " + test.target + " HTTP/1.1")
			if !strings.Contains(got.body, test.body) {
				t.Errorf("%s: %d %q, want %q", test.target, got.status, got.body, test.body)
			}
			if (got.status == 200) != (test.body == "one's photo" || test.body == "<svg/>") {
				t.Errorf("%s: status %d", test.target, got.status)
			}
		})
	}
}

// What net/url would rewrite arrives at the check as it was sent: it passes
// there, and is a missing object at the bucket.
func TestTheSignedTargetIsKeptByteForByte(t *testing.T) {
	s := serve(t)
	pass := s.signPass("*")
	for _, path := range []string{"/a%2fb", "/a%2Fb%20c", "/%7Erest", "/a|b", "/x%20y+z", "/ü", "/%e2%82%ac"} {
		if got := s.raw("GET " + path + "?" + pass + " HTTP/1.1"); got.header.Get("Server") != "AmazonS3" {
			t.Errorf("%s: refused by %s: %s", path, got.header.Get("Server"), got.header.Get(reasonHeader))
		}
	}
	canned := strings.TrimPrefix(s.sign("/a%20b%2Bc.txt"), s.url)
	for _, test := range []struct {
		name, target string
		status       int
	}{
		{"as it was signed", canned, 200},
		{"with a lower-case escape", strings.Replace(canned, "%2B", "%2b", 1), 403},
		{"with a letter escaped", strings.Replace(canned, "/a", "/%61", 1), 403},
		{"with a plus for the space", strings.Replace(canned, "%20", "+", 1), 403},
	} {
		if got := s.raw("GET " + test.target + " HTTP/1.1"); got.status != test.status || test.status == 403 && got.header.Get("Server") != "CloudFront" {
			t.Errorf("%s: status %d from %s, want %d", test.name, got.status, got.header.Get("Server"), test.status)
		}
	}
}

func TestAPlusInAPathIsASpaceAsInS3(t *testing.T) {
	s := serve(t, change{fallback + ".TrustedKeyGroups", nil})
	for target, status := range map[string]int{
		"/a%20b%2Bc.txt": 200,
		"/a+b%2bc.txt":   200,
		"/a%20b+c.txt":   403, // "a b c.txt"
		"/a+b+c.txt":     403,
	} {
		if got := s.raw("GET " + target + " HTTP/1.1"); got.status != status {
			t.Errorf("%s: status %d, want %d", target, got.status, status)
		}
	}
}

func TestHiddenFilesAreNotInTheBucket(t *testing.T) {
	s := serve(t, change{fallback + ".TrustedKeyGroups", nil})
	for _, target := range []string{"/.env", "/%2Eenv", "/.git/config", "/users/.hidden", "/users/1/../../.env"} {
		if got := s.raw("GET " + target + " HTTP/1.1"); got.status != 403 || got.header.Get("Server") != "AmazonS3" {
			t.Errorf("%s: status %d from %s", target, got.status, got.header.Get("Server"))
		}
	}
}

func TestTargetsThatAreNoPathAreRefused(t *testing.T) {
	s := serve(t, change{fallback + ".TrustedKeyGroups", nil})
	for _, line := range []string{
		"GET http://" + s.host + "/rt.png HTTP/1.1",
		"GET https://attacker.example/rt.png HTTP/1.1",
		"CONNECT " + s.host + " HTTP/1.1",
		"GET rt.png HTTP/1.1",
		"GET * HTTP/1.1",
		"GET /rt.png%zz HTTP/1.1",
	} {
		if got := s.raw(line); got.status != 400 {
			t.Errorf("%s: status %d, want 400", line, got.status)
		}
	}
	if got := s.raw("GET /rt.png HTTP/1.1", "Host: "+s.host, "Host: attacker.example"); got.status != 400 {
		t.Errorf("two hosts: status %d, want 400", got.status)
	}
	if got := s.raw("GET /rt.png HTTP/1.0", "Host: "+s.host); got.status != 200 {
		t.Errorf("HTTP/1.0 with a Host: status %d, want 200", got.status)
	}
}

func TestKeysThatNoBucketCanHoldAreRefusedAsS3Does(t *testing.T) {
	long := strings.Repeat("x", maxKeyLength+1)
	s := serveConfig(t, Config{
		Template: edited(t, change{fallback + ".TrustedKeyGroups", nil}),
		Objects:  OpenFS(fstest.MapFS{long: {Data: []byte("x")}, "\xff.txt": {Data: []byte("x")}}),
	})
	if keys := s.edge.objects.Keys(); len(keys) != 0 {
		t.Errorf("keys %q", keys)
	}
	for target, code := range map[string]string{"/" + long: "KeyTooLongError", "/%ff.txt": "InvalidURI"} {
		if got := s.raw("GET " + target + " HTTP/1.1"); got.status != 400 || !strings.Contains(got.body, "<Code>"+code+"</Code>") {
			t.Errorf("%.20s: %d %q", target, got.status, got.body)
		}
	}
}

func TestTheOriginPathComesBeforeEveryKey(t *testing.T) {
	s := serve(t,
		change{fallback + ".TrustedKeyGroups", nil},
		change{config + ".Origins.0.OriginPath", "/users/1"})
	for target, status := range map[string]int{"/photo.jpg": 200, "/users/1/photo.jpg": 403, "/../2/photo.jpg": 403} {
		if got := s.raw("GET " + target + " HTTP/1.1"); got.status != status {
			t.Errorf("%s: status %d, want %d", target, got.status, status)
		}
	}
}

func FuzzARequestNeverPanicsAndOpensOnlyWhatItNames(f *testing.F) {
	s := serve(f, change{fallback + ".TrustedKeyGroups", nil})
	for _, seed := range []string{"/rt.png", "/a+b%2Bc.txt", "/users/1/../2/photo.jpg", "/%2eenv", "//", "/?x", "/%", "/\x00", "*", ""} {
		f.Add("GET", seed)
	}
	bodies := make(map[string]string)
	for key, file := range pictures {
		bodies[string(file.Data)] = key
	}
	f.Fuzz(func(t *testing.T, method, target string) {
		s := &site{TB: t, edge: s.edge, host: s.host}
		got := s.handle(method, target)
		if got.status == 0 {
			t.Fatalf("%q: no answer", target)
		}
		if got.status != 200 || method == "HEAD" {
			return
		}
		path, _, _ := strings.Cut(target, "?")
		if key, err := objectKey(path); err != nil || bodies[got.body] != key || strings.HasPrefix(key, ".") {
			t.Fatalf("%q got %q, the object %q", target, got.body, bodies[got.body])
		}
	})
}

func TestAPatternMatchesThePathThatCloudFrontNormalizes(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		matches       bool
	}{
		{"/public/*", "/public/a.png", true},
		{"public/*", "/public/a.png", true},
		{"/public/*", "/x/..//p%75blic/a", true},
		{"/public/*", "/public/../a.png", false},
		{"/public/*", "/Public/a.png", false},
		{"*.ico", "/a/b.ico", true},
		{"*", "/", true},
		{"/a?b", "/axb", true},
	} {
		if got := MatchesPath(test.pattern, test.path); got != test.matches {
			t.Errorf("%s matches %s: %t", test.pattern, test.path, got)
		}
	}
}
