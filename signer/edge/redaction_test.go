package edge

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// spellings are the ways in which a private key comes where something else
// belongs, and the base64 of which nothing may be shown.
func spellings(t testing.TB) (ways map[string]string, bodies []string) {
	t.Helper()
	ways = make(map[string]string)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"RSA": rsaKey, "EC": ecKey} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		body := base64.StdEncoding.EncodeToString(der)
		bodies = append(bodies, body)
		ways[name+" PEM"] = text
		ways[name+" on one line"] = strings.ReplaceAll(text, "\n", " ")
		ways[name+" with literal line feeds"] = strings.ReplaceAll(text, "\n", `\n`)
		ways[name+" in quotes"] = `"` + text + `"`
		ways[name+" base64"] = body
		ways[name+" a third of it"] = body[len(body)/3 : 2*len(body)/3]
		ways[name+" one line of it"] = strings.Split(text, "\n")[2]
	}
	return ways, bodies
}

// leaked is 12 bytes of a key that a text shows, empty if it shows none.
func leaked(text string, bodies []string) string {
	for _, body := range bodies {
		for i := 0; i+12 <= len(body); i++ {
			if strings.Contains(text, body[i:i+12]) {
				return body[i : i+12]
			}
		}
	}
	return ""
}

// places are those of a JSON value that hold a text, dotted.
func places(value any, at string) []string {
	var list []string
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, places(v[name], at+"."+name)...)
		}
	case []any:
		for i, item := range v {
			list = append(list, places(item, fmt.Sprint(at, ".", i))...)
		}
	case string:
		list = append(list, strings.TrimPrefix(at, "."))
	}
	return list
}

func TestNoKeyIsShownThatWasPutIntoATemplate(t *testing.T) {
	ways, bodies := spellings(t)
	cors := change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CorsConfig", map[string]any{
		"AccessControlAllowOrigins":  map[string]any{"Items": []any{"https://app.example.com"}},
		"AccessControlAllowMethods":  map[string]any{"Items": []any{"GET"}},
		"AccessControlAllowHeaders":  map[string]any{"Items": []any{"range"}},
		"AccessControlExposeHeaders": map[string]any{"Items": []any{"etag"}},
		"AccessControlMaxAgeSec":     "600", "AccessControlAllowCredentials": "false", "OriginOverride": "true",
	}}
	more := []change{
		cors,
		{"Resources.Bucket.Properties.BucketName", "content"},
		{"Resources.Bucket.Properties.CorsConfiguration.CorsRules", []any{map[string]any{
			"AllowedOrigins": []any{"https://b.example.com"}, "AllowedMethods": []any{"GET"}, "AllowedHeaders": []any{"range"}, "ExposedHeaders": []any{"etag"}, "MaxAge": "60"}}},
		{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CustomHeadersConfig.Items", []any{map[string]any{"Header": "X-One", "Value": "one", "Override": "true"}}},
		{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec", "60"},
		{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.RemoveHeadersConfig.Items", []any{map[string]any{"Header": "Etag"}}},
		{config + ".DefaultRootObject", "index.html"},
		{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/open/*", "TargetOriginId": "content", "ResponseHeadersPolicyId": map[string]any{"Ref": "Headers"}}}},
		{config + ".CustomErrorResponses", []any{map[string]any{"ErrorCode": "404", "ResponsePagePath": "/404.html", "ResponseCode": "404"}}},
		{config + ".Origins.0.OriginPath", "/v1"},
		{reader + ".Sid", "Read"},
		{reader + ".Condition", map[string]any{"StringEquals": map[string]any{"aws:SourceArn": "x"}}},
		{"Parameters.Size", map[string]any{"Type": "String", "Default": "1"}},
		{"Conditions.Large", map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "Size"}, "1"}}},
		{"Resources.KeyGroup.Condition", "Large"},
	}
	var whole any
	if err := json.Unmarshal(edited(t, more...), &whole); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, place := range places(whole, "") {
		for way, key := range ways {
			if strings.HasPrefix(way, "EC") {
				continue // hundreds of templates are enough
			}
			tried++
			told := answersOf(t, edited(t, append(slices.Clone(more), change{place, key})...))
			// A header whose value is a piece of base64 may be just that.
			if strings.HasSuffix(place, "CustomHeadersConfig.Items.0.Value") && !strings.Contains(key, "PRIVATE KEY") {
				continue
			}
			if shown := leaked(told, bodies); shown != "" {
				t.Errorf("%s as %s: %q of it is shown: %s", way, place, shown, excerptAround(told, shown))
			}
		}
	}
	// The names of a template are chosen by whoever wrote it, too.
	for way, key := range ways {
		for _, c := range []change{
			{"Resources." + strings.ReplaceAll(key, ".", "") + ".Type", "AWS::CloudFront::Distribution"},
			{"Conditions." + key, map[string]any{"Fn::Nothing": "x"}},
			{reader + ".Condition", map[string]any{key: map[string]any{"aws:SourceArn": "x"}}},
			{reader + ".Condition", map[string]any{"StringEquals": map[string]any{key: "x"}}},
			{reader + ".Principal", map[string]any{key: "x"}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::" + key: "x"}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::GetAtt": []any{"KeyGroup", key}}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::If": []any{key, "a", "b"}}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::FindInMap": []any{key, key, key}}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::Select": []any{key, []any{"a"}}}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": key, "OutputName": key, "Region": key}}}},
			{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::Sub": "${" + key + "}"}}},
		} {
			tried++
			told := answersOf(t, edited(t, append(slices.Clone(more), c)...))
			if shown := leaked(told, bodies); shown != "" {
				t.Errorf("%s as a name in %s: %q of it is shown: %s", way, c.at, shown, excerptAround(told, shown))
			}
		}
		for name, c := range map[string]Config{
			"BaseURL":         {BaseURL: key},
			"a host":          {BaseURL: "http://" + key},
			"StackName":       {StackName: key},
			"Account":         {Account: key},
			"Region":          {Region: key},
			"another stack":   {Others: []Stack{{Name: key, Region: key, Template: []byte(key)}}},
			"the template":    {Template: []byte(key)},
			"a JSON template": {Template: []byte(`{"Resources": "` + strings.ReplaceAll(key, "\n", " ") + `"}`)},
		} {
			if c.Template == nil {
				c.Template = edited(t, change{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": "x", "OutputName": "x"}}}})
			}
			if c.BaseURL == "" {
				c.BaseURL = "http://127.0.0.1:8080"
			}
			c.Objects = OpenFS(pictures)
			if _, err := New(c); err == nil || leaked(err.Error(), bodies) != "" {
				t.Errorf("%s as %s: %v", way, name, err)
			}
		}
		if _, err := OpenDir(key); err == nil || leaked(err.Error(), bodies) != "" {
			t.Errorf("%s as a folder: %v", way, err)
		}
	}
	if tried < 500 {
		t.Errorf("only %d templates were tried", tried)
	}
}

// answersOf is all that comes back of a template: the error of New, or what is
// answered and logged.
func answersOf(t testing.TB, template []byte) string {
	t.Helper()
	var told bytes.Buffer
	e, err := New(Config{
		Template: template, BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures),
		Log:  slog.New(slog.NewTextHandler(&told, nil)),
		Keys: testKeys,
	})
	if err != nil {
		return err.Error()
	}
	for _, target := range []string{"/", "/rt.png", "/open/x", "/open/%41"} {
		for _, method := range []string{"GET", "OPTIONS", "PATCH"} {
			r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, nil)
			r.RequestURI = target
			r.Header.Set("Origin", "https://app.example.com")
			r.Header.Set("Access-Control-Request-Method", "GET")
			recorder := httptest.NewRecorder()
			e.ServeHTTP(recorder, r)
			fmt.Fprintln(&told, recorder.Header(), recorder.Body)
		}
	}
	return told.String()
}

var testKey *signer.PrivateKey

// testKeys gives all stacks one key: hundreds of them are made.
func testKeys(k KeyPair) (*signer.PrivateKey, error) {
	if testKey == nil {
		var err error
		if testKey, err = signer.GenerateKey(signer.ECDSAP256); err != nil {
			return nil, err
		}
	}
	return testKey, nil
}

func excerptAround(text, piece string) string {
	i := strings.Index(text, piece)
	return text[max(0, i-150):min(len(text), i+60)]
}

func TestNoKeyIsShownThatWasPutIntoARequest(t *testing.T) {
	ways, bodies := spellings(t)
	var log bytes.Buffer
	all := map[string]any{"Ref": "AWS::NoValue"}
	s := serveConfig(t, Config{
		Objects: OpenFS(pictures), Log: slog.New(slog.NewTextHandler(&log, nil)), Keys: testKeys,
		Template: edited(t, append(passingAll,
			change{config + ".CacheBehaviors", []any{map[string]any{
				"PathPattern": "/public/*", "TargetOriginId": "content", "AllowedMethods": []any{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"},
				"OriginRequestPolicyId": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "ResponseHeadersPolicyId": all,
			}}},
			change{"Resources.Bucket.Properties.CorsConfiguration.CorsRules", []any{map[string]any{
				"AllowedOrigins": []any{"https://*"}, "AllowedMethods": []any{"GET", "PUT"}, "AllowedHeaders": []any{"*"}}}},
			// Whoever may list is told the key of what is not there.
			change{reader + ".Action", []any{"s3:GetObject", "s3:ListBucket"}},
			change{reader + ".Resource", "*"},
		)...),
	})
	pass := s.signPass("*")
	for way, key := range ways {
		line := strings.ReplaceAll(key, "\n", "")
		escaped := strings.NewReplacer("%", "%25", " ", "%20", "\n", "%0A", `"`, "%22").Replace(key)
		id := s.edge.deployment.KeyPairID
		signed := "Expires=1&Signature=AA&Key-Pair-Id="
		for name, ask := range map[string]func() reply{
			"Host": func() reply {
				r := s.request("GET", "/public/logo.svg")
				r.Host = line
				return s.serveRequest(r)
			},
			"the method":    func() reply { return s.handle(line, "/public/logo.svg") },
			"the target":    func() reply { return s.handle("GET", escaped) },
			"a path":        func() reply { return s.handle("GET", "/public/"+escaped) },
			"a signed path": func() reply { return s.handle("GET", "/"+escaped) },
			"a query":       func() reply { return s.handle("GET", "/rt.png?x="+escaped) },
			"Key-Pair-Id":   func() reply { return s.handle("GET", "/rt.png?"+signed+escaped) },
			"a Signature":   func() reply { return s.handle("GET", "/rt.png?Expires=1&Key-Pair-Id="+id+"&Signature="+escaped) },
			"the cookie of Key-Pair-Id": func() reply {
				return s.handle("GET", "/rt.png", "Cookie", "CloudFront-Expires=1; CloudFront-Signature=AA; CloudFront-Key-Pair-Id="+line)
			},
			"Cookie": func() reply { return s.handle("GET", "/rt.png", "Cookie", line) },
			"Origin": func() reply { return s.handle("GET", "/public/logo.svg", "Origin", line) },
			"a host in Origin": func() reply {
				return s.handle("GET", "/public/logo.svg", "Origin", "https://"+line)
			},
			"Range": func() reply {
				return s.handle("GET", "/public/logo.svg", "Range", line, "If-Range", line, "If-None-Match", line)
			},
			"a preflight's method": func() reply {
				return s.handle("OPTIONS", "/public/logo.svg", "Origin", "https://a.example", "Access-Control-Request-Method", line)
			},
			"a preflight's headers": func() reply {
				return s.handle("OPTIONS", "/public/logo.svg", "Origin", "https://a.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", line)
			},
			"a header for S3": func() reply {
				return s.handle("GET", "/rt.png?response-"+escaped+"=x&"+pass)
			},
			"a value that S3 refuses": func() reply {
				return s.handle("GET", "/rt.png?response-content-type="+escaped+"%0A&"+pass)
			},
		} {
			log.Reset()
			got := ask()
			told := fmt.Sprint(got.header, got.body, log.String())
			if shown := leaked(told, bodies); shown != "" {
				t.Errorf("%s as %s: %q of it is shown: %s", way, name, shown, excerptAround(told, shown))
			}
			if log.Len() == 0 {
				t.Fatalf("%s: nothing was logged", name)
			}
		}
	}
}

func (s *site) serveRequest(r *http.Request) reply {
	recorder := httptest.NewRecorder()
	s.edge.ServeHTTP(recorder, r)
	return s.read(recorder.Result())
}
