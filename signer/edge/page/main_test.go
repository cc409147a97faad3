package page

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// site is an edge with its page, each on its own port.
type site struct {
	testing.TB
	page    *Page
	edge    *edge.Edge
	current atomic.Pointer[edge.Edge]
	config  edge.Config
	base    string // of the edge
	address string // of the page
	signer  *signer.Signer
}

// start starts a site for a template.
func start(t testing.TB, template []byte, files fstest.MapFS) *site {
	t.Helper()
	return startConfig(t, edge.Config{Template: template, Objects: edge.OpenFS(files)}, Config{Stack: "signedfront-dev", Content: "./photos"})
}

func startConfig(t testing.TB, c edge.Config, pc Config) *site {
	t.Helper()
	s := &site{TB: t}
	listen := func() (net.Listener, string) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return listener, "http://" + listener.Addr().String()
	}
	edgeListener, base := listen()
	pageListener, address := listen()
	s.base, s.address = base, address
	c.BaseURL = base
	c.Observe = func(r edge.Record) { s.page.Observe(r) }
	e, err := edge.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.config, s.edge = c, e
	s.current.Store(e)
	pc.Address, pc.BaseURL, pc.Objects, pc.Edge = address, base, c.Objects, s.current.Load
	if s.page, err = New(pc); err != nil {
		t.Fatal(err)
	}
	for listener, handler := range map[net.Listener]http.Handler{
		edgeListener: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.current.Load().ServeHTTP(w, r) }),
		pageListener: s.page,
	} {
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
		server.Start()
		t.Cleanup(server.CloseClientConnections)
	}
	s.signer, _ = e.Signer()
	return s
}

// template returns a template of the edge's tests with changes: pairs of a dotted
// place and its new JSON. Empty JSON removes the place.
func template(t testing.TB, changes ...string) []byte {
	t.Helper()
	text, err := os.ReadFile("../testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	return changed(t, text, changes...)
}

func changed(t testing.TB, text []byte, changes ...string) []byte {
	t.Helper()
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		var value any
		if changes[i+1] != "" {
			if err := json.Unmarshal([]byte(changes[i+1]), &value); err != nil {
				t.Fatalf("%s: %v", changes[i], err)
			}
		}
		whole = put(whole, strings.Split(changes[i], "."), value)
	}
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(at any, place []string, value any) any {
	if len(place) == 0 {
		return value
	}
	switch at := at.(type) {
	case []any:
		i, err := strconv.Atoi(place[0])
		if err != nil || i > len(at) {
			panic("no item " + place[0])
		}
		if i == len(at) {
			return append(at, value)
		}
		at[i] = put(at[i], place[1:], value)
		return at
	case map[string]any:
		if value == nil && len(place) == 1 {
			delete(at, place[0])
			return at
		}
		at[place[0]] = put(at[place[0]], place[1:], value)
		return at
	default:
		return put(map[string]any{}, place, value)
	}
}

// call requests data from the page, as its own scripts do.
func (s *site) call(method, path string, body, into any) int {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequest(method, s.address+path, bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(tokenHeader, s.page.token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		s.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	return response.StatusCode
}

// visit requests a target from the edge, as a viewer.
func (s *site) visit(target string, headers ...string) (status int, body string) {
	s.Helper()
	r, err := http.NewRequest(http.MethodGet, s.base+target, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// observed waits until the page has observed n requests: a response is sent before
// its handler returns.
func (s *site) observed(n int64) {
	s.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		s.page.requests.mu.Lock()
		last := s.page.requests.last
		s.page.requests.mu.Unlock()
		if last >= n {
			return
		}
	}
	s.Fatalf("the page is not told of %d requests", n)
}

// sign signs a target for ten minutes.
func (s *site) sign(target string) string {
	s.Helper()
	signed, err := s.signer.URL(s.Context(), s.base+target, signer.Policy{TTL: 10 * time.Minute})
	if err != nil {
		s.Fatal(err)
	}
	return strings.TrimPrefix(signed, s.base)
}

// painting returns a picture of hills under a sky, a different one for each seed.
func painting(seed int) []byte {
	const width, height = 320, 240
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	hue := float64(seed*53%360) / 360
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/width, float64(y)/height
			c := mix(hsl(hue, .55, .82), hsl(hue+.08, .6, .62), fy)
			if dx, dy := fx-.3-.05*float64(seed%8), fy-.25; dx*dx+dy*dy*.56 < .006 {
				c = hsl(hue+.12, .8, .93)
			}
			for layer := range 3 {
				f := float64(layer)
				ridge := .5 + f*.15 + .07*math.Sin(fx*(5+2*f)+float64(seed)*(1.7+f)) + .03*math.Sin(fx*(13+f)+float64(seed))
				if fy > ridge {
					c = hsl(hue+.5-.06*f, .32, .52-f*.13)
				}
			}
			picture.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func mix(a, b color.NRGBA, t float64) color.NRGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t) }
	return color.NRGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
}

func hsl(h, s, l float64) color.NRGBA {
	f := func(n float64) uint8 {
		k := math.Mod(n+h*12, 12)
		return uint8(255 * (l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))))
	}
	return color.NRGBA{f(0), f(8), f(4), 255}
}
