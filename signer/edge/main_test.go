package edge

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// noon is the time of all tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// change sets a place of the template to a value; nil removes it.
type change struct {
	at    string // dotted; an item of an array by its number
	value any
}

// edited is the template of testdata with changes.
func edited(t testing.TB, changes ...change) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		set(whole, strings.Split(c.at, "."), copied(t, c.value))
	}
	text, err = json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// copied returns a value of JSON that shares nothing with the given one: a later
// change may be within it, and the tests hand in the same values again.
func copied(t testing.TB, value any) (same any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &same)
	}
	if err != nil {
		t.Fatal(err)
	}
	return same
}

// set changes what stands at names within a JSON value, and returns the value.
func set(within any, names []string, value any) any {
	if len(names) == 0 {
		return value
	}
	if items, ok := within.([]any); ok {
		i, err := strconv.Atoi(names[0])
		if err != nil {
			panic(err)
		}
		items[i] = set(items[i], names[1:], value)
		return items
	}
	object, ok := within.(map[string]any)
	if !ok {
		object = make(map[string]any)
	}
	if len(names) == 1 && value == nil {
		delete(object, names[0])
	} else {
		object[names[0]] = set(object[names[0]], names[1:], value)
	}
	return object
}

const (
	config   = "Resources.Distribution.Properties.DistributionConfig"
	fallback = config + ".DefaultCacheBehavior"
	reader   = "Resources.BucketPolicy.Properties.PolicyDocument.Statement.1"
)

// site is an edge behind a server on 127.0.0.1.
type site struct {
	testing.TB
	edge   *Edge
	url    string
	host   string
	signer *signer.Signer
}

// pictures are the objects of a site, unless a test brings its own.
var pictures = fstest.MapFS{
	"rt.png":            {Data: []byte("a picture"), ModTime: noon.Add(-time.Hour)},
	"users/1/photo.jpg": {Data: []byte("one's photo"), ModTime: noon.Add(-time.Hour)},
	"users/2/photo.jpg": {Data: []byte("two's photo"), ModTime: noon.Add(-time.Hour)},
	"public/logo.svg":   {Data: []byte("<svg/>"), ModTime: noon.Add(-time.Hour)},
	"a b+c.txt":         {Data: []byte("space and plus"), ModTime: noon.Add(-time.Hour)},
	"ünï/日本.txt":        {Data: []byte("unicode"), ModTime: noon.Add(-time.Hour)},
	"100%.txt":          {Data: []byte("percent"), ModTime: noon.Add(-time.Hour)},
	".env":              {Data: []byte("SECRET=1"), ModTime: noon.Add(-time.Hour)},
	".git/config":       {Data: []byte("[core]"), ModTime: noon.Add(-time.Hour)},
	"users/.hidden":     {Data: []byte("hidden"), ModTime: noon.Add(-time.Hour)},
}

// serve starts a site with the template of testdata, changed.
func serve(t testing.TB, changes ...change) *site {
	t.Helper()
	return serveConfig(t, Config{Template: edited(t, changes...), Objects: OpenFS(pictures)})
}

// serveConfig starts a site; its base URL and clock are filled in.
func serveConfig(t testing.TB, c Config) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.BaseURL = "http://" + listener.Addr().String()
	if c.Now == nil {
		c.Now = func() time.Time { return noon }
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: e}}
	server.Start()
	t.Cleanup(server.Close)
	s := &site{TB: t, edge: e, url: c.BaseURL, host: listener.Addr().String()}
	if e.key != nil {
		if s.signer, err = e.Signer(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// sign signs the URL of a path for an hour.
func (s *site) sign(path string) string {
	s.Helper()
	signed, err := s.signer.URL(context.Background(), s.url+path, signer.Policy{TTL: time.Hour})
	if err != nil {
		s.Fatal(err)
	}
	return signed
}

// signPolicy signs with a policy of the test's own.
func (s *site) signPolicy(path string, p signer.Policy) string {
	s.Helper()
	signed, err := s.signer.URL(context.Background(), s.url+path, p)
	if err != nil {
		s.Fatal(err)
	}
	return signed
}

// signPass gives the query of a signature that opens all that a pattern covers.
// A signer would not sign most paths of these tests: no client sends them.
func (s *site) signPass(pattern string) string {
	s.Helper()
	signed := s.signPolicy("/"+strings.TrimSuffix(pattern, "*")+"any", signer.Policy{TTL: time.Hour, Resource: s.url + "/" + pattern})
	_, query, _ := strings.Cut(signed, "?")
	return query
}

// reply is a response, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (s *site) get(url string, headers ...string) reply { return s.do("GET", url, headers...) }

// do sends a request; headers are names and values.
func (s *site) do(method, url string, headers ...string) reply {
	s.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.Fatal(err)
	}
	return s.read(response)
}

func (s *site) read(response *http.Response) reply {
	s.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

// raw sends the lines of a request as they are, with a Host unless there is
// one, and reads one response.
func (s *site) raw(lines ...string) reply {
	s.Helper()
	conn, err := net.Dial("tcp", s.host)
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	text := strings.Join(lines, "\r\n") + "\r\n"
	if !strings.Contains(text, "Host:") && !strings.Contains(text, "HTTP/1.0") {
		text += "Host: " + s.host + "\r\n"
	}
	if _, err := io.WriteString(conn, text+"Connection: close\r\n\r\n"); err != nil {
		s.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.Fatal(err)
	}
	return s.read(response)
}

// signatureBody is CloudFront's body, byte for byte.
func signatureBody(code, message string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message + `</Message></Error>`
}

// handle gives a request to the edge without a server between: what a server
// would refuse before the edge sees it, the edge must stand too.
func (s *site) handle(method, target string, headers ...string) reply {
	s.Helper()
	recorder := httptest.NewRecorder()
	s.edge.ServeHTTP(recorder, s.request(method, target, headers...))
	return s.read(recorder.Result())
}

// request is a request as a server makes one.
func (s *site) request(method, target string, headers ...string) *http.Request {
	r := &http.Request{
		Method:     method,
		RequestURI: target,
		Host:       s.host,
		Header:     make(http.Header),
		RemoteAddr: "127.0.0.1:1234",
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}
