package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// FuzzTemplate reads a template in which a place holds any JSON, or any text as a
// template. What New takes opens nothing that asks for a signature.
func FuzzTemplate(f *testing.F) {
	text := edited(f,
		change{config + ".DefaultRootObject", "index.html"},
		change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/public/*", "TargetOriginId": "content"}}},
		change{"Parameters.P", map[string]any{"Type": "String", "Default": "1"}},
		change{"Mappings.M.A.a", "b"},
		change{"Conditions.C", map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "P"}, "1"}}},
		change{"Resources.KeyGroup.Condition", "C"})
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		f.Fatal(err)
	}
	all := places(whole, "")
	for i, value := range []string{
		string(text), `{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}`, `null`, `[]`, `{}`, `""`, `"*"`, `true`, `1e9`, `[[{}]]`,
		`{"Ref": "AWS::NoValue"}`, `{"Ref": "Bucket"}`, `{"Fn::GetAtt": ["Bucket", "Arn"]}`, `{"Fn::Sub": "${P}/${!P}${Bucket.Arn}"}`,
		`{"Fn::If": ["C", "a", {"Ref": "AWS::NoValue"}]}`, `{"Fn::FindInMap": ["M", "A", "a"]}`, `{"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]}`,
		`{"Fn::Join": ["", [{"Fn::Base64": "x"}, {"Fn::GetStackOutput": {"StackName": "s", "OutputName": "o"}}]]}`,
		`{"Fn::Not": [{"Fn::Or": [{"Condition": "C"}, {"Fn::And": [{"Fn::Equals": [1, 1]}]}]}]}`,
	} {
		f.Add(uint16(i*7), value)
	}
	f.Fuzz(func(t *testing.T, place uint16, value string) {
		template := []byte(value)
		var given any
		if i := int(place) % (len(all) + 1); i > 0 && json.Unmarshal(template, &given) == nil {
			var whole map[string]any
			if err := json.Unmarshal(text, &whole); err != nil {
				t.Fatal(err)
			}
			set(whole, strings.Split(all[i-1], "."), given)
			var err error
			if template, err = json.Marshal(whole); err != nil {
				t.Fatal(err)
			}
		}
		e, err := New(Config{Template: template, BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures), Keys: testKeys})
		if err != nil {
			return
		}
		for _, path := range []string{"/", "/rt.png", "/public/logo.svg"} {
			r := httptest.NewRequest("GET", "http://127.0.0.1:8080"+path, nil)
			r.RequestURI = path
			b := chooseBehavior(e.distribution, withRootObject(e.distribution, path))
			recorder := httptest.NewRecorder()
			e.ServeHTTP(recorder, r)
			if !b.Public && recorder.Code == 200 && len(e.distribution.ErrorPages) == 0 {
				t.Fatalf("%s is open, and asks for a signature", path)
			}
		}
	})
}

// FuzzBucketPolicy evaluates any text as a policy. A statement that denies
// everything leaves nothing allowed, and without a statement that allows nothing
// is.
func FuzzBucketPolicy(f *testing.F) {
	f.Add(`[{"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::bbb/*", "Condition": {"StringLike": {"aws:SourceArn": "*a*"}}}]`)
	f.Add(`[{"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "NotAction": "s3:Put?bject", "NotResource": ["x"], "Condition": {"Null": {"aws:SourceArn": false}, "NumericLessThanEqualsIfExists": {"s3:TlsVersion": 1.2}}}]`)
	f.Add(`[{"Effect": "Deny", "NotPrincipal": {"AWS": "a"}, "Action": ["*"], "Resource": "${a}"}, {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]`)
	f.Fuzz(func(t *testing.T, statements string) {
		var list []any
		if json.Unmarshal([]byte(statements), &list) != nil {
			return
		}
		policy, _ := policyOf(t, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(statements), "["), "]"))
		if policy == nil {
			return
		}
		var denials []model.Statement
		for _, s := range policy.Statements {
			if s.Deny {
				denials = append(denials, s)
			}
		}
		everything := model.Statement{Deny: true, Principals: []model.Principal{{Kind: "AWS", Value: "*"}}, Actions: model.Patterns{Values: []string{"*"}}, Resources: model.Patterns{Values: []string{"*"}}}
		for _, who := range []identity{{}, {OAI: "E1"}, {Control: true, Distribution: "arn:aws:cloudfront::1:distribution/E", Account: "1"}} {
			request := accessRequest{who, "s3:GetObject", "arn:aws:s3:::bbb/rt.png"}
			allowed, reason := policy.decide(request)
			if allowed == (reason != "") {
				t.Fatalf("allowed: %t, and the reason is %q", allowed, reason)
			}
			if granted := policy.grants(who, request.action); !allowed && matches(model.Patterns{Values: granted}, request.resource, false) {
				t.Fatalf("%q are granted, and decide says: %s", granted, reason)
			}
			if got, _ := (&resourcePolicy{Statements: denials}).decide(request); got {
				t.Fatal("allowed, and no statement allows")
			}
			if got, _ := (&resourcePolicy{Statements: append([]model.Statement{everything}, policy.Statements...)}).decide(request); got {
				t.Fatal("allowed, and everything is denied")
			}
			blocked := *policy
			blocked.BlockPublic = true
			if got, _ := blocked.decide(request); got && !allowed {
				t.Fatal("allowed because public access is blocked")
			}
		}
	})
}

// FuzzPath reads any text as a path. It opens the object whose key it spells, and
// no other.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/rt.png", "/a%20b%2Bc.txt", "/users/../.env", "/users//1/./photo.jpg", "/%2e%2e/%", "/100%25.txt", "/%zz+", "/.git/config"} {
		f.Add(path)
	}
	objects := OpenFS(pictures)
	f.Fuzz(func(t *testing.T, path string) {
		normal := normalizePath(path)
		if !strings.HasPrefix(normal, "/") || strings.Contains(normal, "//") || normalizePath(normal) != normal {
			t.Fatalf("%q is normalized to %q, and that to %q", path, normal, normalizePath(normal))
		}
		key, err := objectKey(path)
		want, wantErr := url.PathUnescape(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "+", "%20"))
		if (err != nil) != (wantErr != nil) || err == nil && key != want {
			t.Fatalf("%q is the key %q (%v), want %q (%v)", path, key, err, want, wantErr)
		}
		opened, err := objects.open(key)
		if err != nil {
			if file := pictures[key]; file != nil && !strings.HasPrefix(key, ".") && !strings.Contains(key, "/.") {
				t.Fatalf("%q is not opened: %v", key, err)
			}
			return
		}
		defer opened.Close()
		if file := pictures[key]; file == nil || strings.HasPrefix(key, ".") || strings.Contains(key, "/.") {
			t.Fatalf("%q is opened", key)
		}
		redact.Target(path)
	})
}

// FuzzCORS asks for any origin and any headers. What is sent back of a request is
// its own origin, which a rule lists, and tokens.
func FuzzCORS(f *testing.F) {
	f.Add("https://*.example.com", "https://app.example.com", "x-amz-*", "x-amz-date, range", "GET")
	f.Add("*", "null", "*", "authorization", "PUT")
	f.Add("https://*", "https://[::1]:8080", "x*y", "xxy,\r\nz", "DELETE")
	f.Fuzz(func(t *testing.T, allowed, from, header, asked, method string) {
		policy := &model.CORSPolicy{Origins: []string{allowed}, Headers: []string{header}, Methods: []string{method}}
		bucket := origin{Origin: &model.Origin{Bucket: &model.Bucket{CORS: []model.CORSRule{{Origins: []string{allowed}, Headers: []string{header}, Methods: []string{method}}}}}}
		r := &http.Request{Method: http.MethodOptions, Header: http.Header{
			"Origin": {from}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {asked},
		}}
		for name, answer := range map[string]func(http.Header){
			"policy": func(h http.Header) { applyCORS(policy, h, r) },
			"bucket": func(h http.Header) { bucket.preflight(h, r) },
		} {
			h := make(http.Header)
			answer(h)
			if got := h.Get("Access-Control-Allow-Origin"); got != "" && got != "*" && (got != from || !isOrigin(got)) {
				t.Fatalf("%s: %q is sent back for %q", name, got, from)
			}
			if got := h.Get("Access-Control-Allow-Origin"); got == "*" && allowed != "*" {
				t.Fatalf("%s: every origin is let in by %q", name, allowed)
			}
			for token := range strings.SplitSeq(h.Get("Access-Control-Allow-Headers"), ", ") {
				if token != "" && token != header && !redact.IsHeaderName(token) {
					t.Fatalf("%s: %q is sent back", name, token)
				}
			}
			corsFailure(r, from, 200, h)
		}
	})
}

// FuzzRange asks for any range of an object of any size, and looks whether the
// bytes that come are the ones that the answer says.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"bytes=0-", "bytes=-1", "bytes=0-0,2-3", "bytes=5-2", "bytes=9223372036854775807-", "bytes= 1 - 2", "items=0-1", "bytes=-0"} {
		f.Add(header, uint8(10))
	}
	f.Fuzz(func(t *testing.T, header string, size uint8) {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i)
		}
		served, several := servedRanges(header, int64(size))
		next := int64(0)
		for _, r := range several {
			if r.first < next || r.last < r.first || r.last >= int64(size) {
				t.Fatalf("%q is served as %v of %d bytes", header, several, size)
			}
			next = r.last + 1
		}
		if len(several) > 0 && (len(several) == 1 || served != fmt.Sprintf("bytes=%d-%d", several[0].first, several[0].last)) {
			t.Fatalf("%q is served as %q and %v", header, served, several)
		}
		objects := OpenFS(fstest.MapFS{"o": {Data: content, ModTime: noon}})
		opened, err := objects.open("o")
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		r := &http.Request{Method: "GET", Header: http.Header{"Range": {served}}}
		recorder := httptest.NewRecorder()
		http.ServeContent(recorder, r, "", opened.modified, opened)
		var first, last, of int
		switch recorder.Code {
		case http.StatusOK:
			first, last = 0, int(size)-1
		case http.StatusRequestedRangeNotSatisfiable:
			return
		case http.StatusPartialContent:
			if _, err := fmt.Sscanf(recorder.Header().Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &of); err != nil || of != int(size) {
				t.Fatalf("%q: Content-Range %q", header, recorder.Header().Get("Content-Range"))
			}
		default:
			t.Fatalf("%q: status %d", header, recorder.Code)
		}
		if recorder.Body.String() != string(content[first:last+1]) {
			t.Fatalf("%q: %q are not the bytes %d to %d", header, recorder.Body, first, last)
		}
	})
}

// FuzzOverrides asks S3 for any headers. What it sets can be a header.
func FuzzOverrides(f *testing.F) {
	for _, query := range []string{"response-content-type=a%0D%0Ab", "response-expires=0&x=1&acl", "response-content-disposition=%C3%A9%E6%97%A5", "response-%=%&=&&"} {
		f.Add(query)
	}
	o := origin{Origin: &model.Origin{Identity: model.Identity{OAI: "E1"}}}
	b := &model.Behavior{Forwarding: []model.Forwarding{{Query: model.Selection{All: true}}}}
	f.Fuzz(func(t *testing.T, query string) {
		parameters := queryToOrigin(b, query)
		for _, parameter := range parameters {
			for _, name := range signatureParameters {
				if strings.HasPrefix(parameter, name+"=") {
					t.Fatalf("%q reaches the origin", parameter)
				}
			}
		}
		headers, refused := o.overrides(parameters)
		if refused != nil {
			refused.write(httptest.NewRecorder(), newID())
		}
		for name, values := range headers {
			for _, value := range values {
				if value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
					t.Fatalf("%q sets %s to %q", query, name, value)
				}
			}
		}
	})
}
