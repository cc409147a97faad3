package constructs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer/edge"
)

func TestPublicBehaviorsAmongSignedPathsRefuseEscapes(t *testing.T) {
	pages := []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}}
	for _, test := range []struct {
		name           string
		public, signed []string
		pages          []config.ErrorPage
		want           []string // the patterns of behaviors with the function
	}{
		{"no patterns", nil, nil, nil, nil},
		{"public patterns alone", []string{"/a/*"}, nil, pages, nil},
		{"public and signed patterns", []string{"/a/*", "/logo.svg"}, []string{"/a/b/*"}, pages, []string{"/403.html", "/a/*", "/logo.svg"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := synthesizeContent(t, func(c *config.Content) {
				c.PublicPaths, c.SignedPaths, c.ErrorPages = test.public, test.signed, test.pages
			})
			functions := template.all("AWS::CloudFront::Function")
			if len(functions) != min(1, len(test.want)) {
				t.Fatalf("functions %v", functions)
			}
			var got []string
			for _, b := range behaviors(t, template) {
				if b["FunctionAssociations"] == nil {
					continue
				}
				got = append(got, b["PathPattern"].(string))
				wantJSON(t, "association", b["FunctionAssociations"], fmt.Sprintf(
					`[{"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": [%q, "FunctionARN"]}}]`, functions[0]))
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("with the function: %v, want %v", got, test.want)
			}
		})
	}
}

// The value of a token may be a pattern that matches escapes.
func TestPublicPatternThatIsATokenRefusesEveryEscape(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.PublicPaths = []string{"/" + *awscdk.Aws_REGION() + "/*"}
	})
	_, function := template.only(t, "AWS::CloudFront::Function")
	if got, ours := escapes.ParseFilter(function.property("FunctionCode").(string)); !ours || got != escapes.NewFullFilter() {
		t.Errorf("%q", got)
	}
}

// refusalOf returns the function of an environment with signed patterns.
func refusalOf(t *testing.T, name string, signed ...string) *resource {
	t.Helper()
	template := synthesizeContent(t, func(c *config.Content) {
		c.Name, c.PublicPaths, c.SignedPaths = name, []string{"/assets/*"}, signed
	})
	_, function := template.only(t, "AWS::CloudFront::Function")
	return function
}

func TestFunctionRefusesTheCharactersOfTheSignedPatterns(t *testing.T) {
	for _, test := range []struct {
		signed []string
		want   escapes.Filter
	}{
		{[]string{"/assets/premium/*"}, escapes.NewFilter(nil)},
		{[]string{"/assets/" + *awscdk.Aws_REGION() + "/*"}, escapes.NewFullFilter()},
	} {
		function := refusalOf(t, "dev", test.signed...)
		if got, ours := escapes.ParseFilter(function.property("FunctionCode").(string)); !ours || got != test.want {
			t.Errorf("%q: %q, want %q", test.signed, got, test.want)
		}
		if runtime := function.property("FunctionConfig", "Runtime"); runtime != escapes.Runtime || function.property("AutoPublish") != true {
			t.Errorf("runtime %v, published %v", runtime, function.property("AutoPublish"))
		}
	}
}

func TestNameOfTheFunctionIsSaltedAndFitsCloudFront(t *testing.T) {
	longest := strings.Repeat("n", 40)
	function := refusalOf(t, longest, "/assets/premium/*")
	name := resolve(t, function.property("Name"), map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4"}).(string)
	if name != longest+"-escapes-50d6f0a0" || len(name) > 64 {
		t.Errorf("%s, of %d characters", name, len(name))
	}
	if comment := function.property("FunctionConfig", "Comment").(string); len(comment) > 128 {
		t.Errorf("a comment of %d characters", len(comment))
	}
}

// answer is the result of a CloudFront Function: a request to forward, or a response.
type answer struct {
	URI        *string
	StatusCode int
	Headers    map[string]struct{ Value string }
	Body       struct{ Encoding, Data string }
}

// handle runs the code of a CloudFront Function for viewer requests of paths.
func handle(t *testing.T, code string, paths []string) (answers []answer) {
	t.Helper()
	input, err := json.Marshal(map[string]any{"code": code, "paths": paths})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "-e", `
		const { code, paths } = JSON.parse(require('fs').readFileSync(0));
		const handler = new Function(code + '; return handler;')();
		const event = uri => ({ version: '1.0', context: { eventType: 'viewer-request' }, viewer: { ip: '192.0.2.1' },
			request: { method: 'GET', uri, querystring: {}, headers: {}, cookies: {} } });
		process.stdout.write(JSON.stringify(paths.map(path => handler(event(path)))));`)
	node.Stdin = bytes.NewReader(input)
	var said bytes.Buffer
	node.Stderr = &said
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v: %s", err, &said)
	}
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(paths) {
		t.Fatalf("%d answers to %d paths: %v", len(answers), len(paths), err)
	}
	return answers
}

// The code runs as JavaScript here. It must decide as package escapes does in Go, which
// the local edge uses.
func TestFunctionDecidesAsTheLocalEdgeDoes(t *testing.T) {
	paths := []string{"", "/", "%", "/%", "/%2", "/%zz", "/%2G", "/%G2", "/%+1", "/%%20", "/% 1", "/%1\n", "/ü", "/%C3%BC", "/%252F", "/%25%32%46"}
	for c := range 256 {
		paths = append(paths, fmt.Sprintf("/a%%%02Xb", c), fmt.Sprintf("/a%%%02x", c))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		path := "/assets/"
		for range random.IntN(12) {
			path += string("%%%%2023456789abcdefABCDEFgz/+.-"[random.IntN(32)])
		}
		paths = append(paths, path)
	}
	for _, test := range []struct {
		signed string
		filter escapes.Filter
	}{
		{"/assets/premium/*", escapes.NewFilter(nil)},
		{"/assets/_-./~/*", escapes.NewFilter(nil)},
		{"/assets/" + *awscdk.Aws_REGION() + "/*", escapes.NewFullFilter()},
	} {
		signed, filter := test.signed, test.filter
		code := refusalOf(t, "dev", signed).property("FunctionCode").(string)
		var through, refused int
		for i, got := range handle(t, code, paths) {
			if err := filter.Check(paths[i]); err == nil {
				through++
				if got.URI == nil || *got.URI != paths[i] {
					t.Fatalf("%q, %q: the function answers %+v, and Go lets it through", signed, paths[i], got)
				}
				continue
			}
			refused++
			if got.URI != nil || got.StatusCode != escapes.Status {
				t.Fatalf("%q, %q: the function answers %+v, and Go refuses", signed, paths[i], got)
			}
			if got.Headers["content-type"].Value != escapes.ContentType || got.Headers["cache-control"].Value != "no-store" ||
				got.Body.Encoding != "text" || got.Body.Data != escapes.Body {
				t.Fatalf("%q, %q: the refusal is %+v", signed, paths[i], got)
			}
		}
		if through < 300 || refused < 300 {
			t.Errorf("%q: %d let through, %d refused: too few to tell", signed, through, refused)
		}
	}
}

func TestLocalEdgeRefusesWhatTheDeploymentDoes(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.PublicPaths, c.SignedPaths = []string{"/assets/*"}, []string{"/assets/premium/*"}
	})
	const base = "http://127.0.0.1:8080"
	e, err := edge.New(edge.Config{Template: template.text, BaseURL: base, Objects: edge.OpenFS(fstest.MapFS{
		"assets/premium/secret.pdf": {Data: []byte("secret")},
		"assets/a+b 1.png":          {Data: []byte("public")},
	})})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/assets/a%2Bb%201.png":          "public",
		"/assets/premium%2Fsecret.pdf":   escapes.Body,
		"/assets/premium%2fsecret.pdf":   escapes.Body,
		"/assets/%70remium%2Fsecret.pdf": escapes.Body,
	} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", path, nil)
		request.Host = strings.TrimPrefix(base, "http://")
		e.ServeHTTP(recorder, request)
		if got := recorder.Body.String(); got != want {
			t.Errorf("%s: %d %q, want %q", path, recorder.Code, got, want)
		}
	}
}
