package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
	"github.com/signedfront/signedfront/signer/edge/template"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// leaves are the places of a JSON value where a text stands, dotted.
func leaves(value any, at string) (all []string) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if !strings.Contains(name, ".") {
				all = append(all, leaves(value[name], at+"."+name)...)
			}
		}
	case []any:
		for i, item := range value {
			all = append(all, leaves(item, fmt.Sprintf("%s.%d", at, i))...)
		}
	case string:
		return []string{strings.TrimPrefix(at, ".")}
	}
	return all
}

// A key may stand in any text of a template, of the configuration and of a
// request's signature.
func TestNoErrorLogAndAnswerOfTheEdgeShowsAKey(t *testing.T) {
	package_, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(edited(t), &whole); err != nil {
		t.Fatal(err)
	}
	places := leaves(whole, "")
	next := 0 // of the places, a few for each spelling

	const base = "http://127.0.0.1:8080"
	config := func() Config {
		return Config{Template: edited(t), BaseURL: base, Objects: OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}), Now: func() time.Time { return noon }}
	}
	var log bytes.Buffer
	logged := config()
	logged.Log = slog.New(slog.NewJSONHandler(&log, nil))
	e, err := New(logged)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Signer()
	if err != nil {
		t.Fatal(err)
	}
	other, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.URL(t.Context(), base+"/rt.png", signer.Policy{Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimPrefix(signed, base)

	leaktest.Run(t, package_, map[string]func(text string) []any{
		"New": func(text string) (back []any) {
			for _, change := range []func(c *Config){
				func(c *Config) { c.Template = []byte(text) }, func(c *Config) { c.Template = []byte("{" + text) },
				func(c *Config) { c.BaseURL = text }, func(c *Config) { c.BaseURL = "http://" + text }, func(c *Config) { c.BaseURL = base + "/" + text },
				func(c *Config) { c.StackName = text }, func(c *Config) { c.Account = text }, func(c *Config) { c.Region = text },
				func(c *Config) { c.Others = []Stack{{Name: text, Account: text, Region: text, Template: []byte(text)}} },
			} {
				c := config()
				change(&c)
				_, err := New(c)
				back = append(back, err)
			}
			for range 8 {
				c := config()
				c.Template = edited(t, change{places[next%len(places)], text})
				next++
				_, err := New(c)
				back = append(back, err)
			}
			return back
		},
		"OpenDir": func(text string) (back []any) {
			for _, dir := range []string{text, "none/" + text, "testdata/" + text} {
				_, err := OpenDir(dir)
				back = append(back, err)
			}
			return back
		},
		"OpenFS":      nil, // returns no error
		"MatchesPath": func(text string) []any { return []any{MatchesPath(text, "/rt.png"), MatchesPath("/*", text)} },
		"Allows": func(text string) (back []any) {
			in, _ := json.Marshal(text)
			for _, policy := range []string{text, "{" + text, `{"Statement":{"Sid":` + string(in) + `,"Effect":"Allow","Principal":{"AWS":` + string(in) + `},"Action":"*","Resource":` + string(in) + `,"Condition":{` + string(in) + `:{` + string(in) + `:` + string(in) + `}}}}`,
				`{"Statement":{"Effect":` + string(in) + `,"Principal":` + string(in) + `,"Action":"*","Resource":"*"}}`,
				`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":` + string(in) + `}}`} {
				read, err := template.ReadPolicy("the bucket policy", []byte(policy))
				_, reason := Allows(read, model.Identity{OAI: text, CanonicalUser: text}, "s3:GetObject", "arn:aws:s3:::media/rt.png")
				back = append(back, err, reason)
			}
			return back
		},
		"Edge.SignerWith": func(string) []any {
			_, err := e.SignerWith(other)
			return []any{err}
		},
		"Edge.Explain": func(text string) (back []any) {
			text = escaped(text)
			for _, r := range []Record{
				{Target: strings.Replace(target, "Signature=", "Signature="+text, 1)}, {Target: strings.Replace(target, "Key-Pair-Id=", "Key-Pair-Id="+text, 1)},
				{Target: "/rt.png?Policy=" + text + "&Signature=a&Key-Pair-Id=K"}, {Target: "/" + text}, {Target: target + "&" + text},
				{Target: target, Method: text}, {Target: target, Host: text}, {Target: target, Origin: "https://" + text}, {Target: "/rt.png", Cookies: []string{"CloudFront-Policy=" + text + "; CloudFront-Key-Pair-Id=" + text}},
			} {
				x := e.Explain(r)
				back = append(back, x.Steps, x.Record.Refused, x.Record.Reason, x.Record.Hidden, x.Record.KeyPairID)
			}
			return back
		},
		"ExplainSignature": func(text string) (back []any) {
			text = escaped(text)
			keys := map[string]*signer.PublicKey{"K2JCJMDEHXQW5F": other.PublicKey()}
			for _, r := range []signer.Request{
				{URL: text}, {URL: "https://" + text + "/"}, {URL: base + "/" + text + "?Expires=1&Signature=a&Key-Pair-Id=K2JCJMDEHXQW5F"},
				{URL: base + "/?Expires=1&Signature=" + text + "&Key-Pair-Id=K2JCJMDEHXQW5F"}, {URL: base + "/?Expires=1&Signature=a&Key-Pair-Id=" + text},
				{URL: base + "/", Cookie: []string{"CloudFront-Policy=" + text + "; CloudFront-Signature=a; CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F"}},
			} {
				x := ExplainSignature(r, keys)
				back = append(back, x.Steps, x.Record.Refused, x.Record.Reason, x.Record.KeyPairID)
			}
			return back
		},
		"Edge.ServeHTTP": func(text string) (back []any) {
			log.Reset()
			text = escaped(text)
			for _, target := range []string{
				strings.Replace(target, "Signature=", "Signature="+text, 1), strings.Replace(target, "Key-Pair-Id=", "Key-Pair-Id="+text, 1),
				strings.Replace(target, "Expires=", "Expires="+text, 1), "/rt.png?Policy=" + text + "&Signature=a&Key-Pair-Id=K", target + "&Hash-Algorithm=" + text,
			} {
				r := httptest.NewRequest(http.MethodGet, target, nil)
				r.Host = strings.TrimPrefix(base, "http://")
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				back = append(back, w.Header(), w.Body.String())
			}
			r := httptest.NewRequest(http.MethodGet, "/rt.png", nil)
			r.Host = strings.TrimPrefix(base, "http://")
			for _, name := range []string{"Policy", "Signature", "Key-Pair-Id"} {
				r.Header.Add("Cookie", "CloudFront-"+name+"="+text)
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			return append(back, w.Header(), w.Body.String(), log.String())
		},
	})
}

// escaped is a text as it may stand in a query.
func escaped(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
