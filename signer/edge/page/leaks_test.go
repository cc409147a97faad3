package page

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// A private key may be pasted into any field of the page, and may be anywhere in a
// request to the edge.
func TestNoAnswerOfThePageShowsAKey(t *testing.T) {
	package_, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, template(t), pictures)
	signed := s.sign("/rt.png")
	_, query, _ := strings.Cut(signed, "?")
	ask := func(method, path string, body any) string {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(method, s.address+path, bytes.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(tokenHeader, s.page.token)
		w := httptest.NewRecorder()
		s.page.ServeHTTP(w, r)
		return w.Body.String()
	}
	// The search for a wrong byte finds none here, and would take long.
	s.page.searches.Lock()
	defer s.page.searches.Unlock()
	leaktest.Run(t, package_, map[string]func(text string) []any{
		"New": func(text string) (back []any) {
			for _, c := range []Config{{Address: text}, {Address: "http://" + text}, {Address: "http://127.0.0.1:1", BaseURL: text}, {Address: "http://127.0.0.1:1", BaseURL: "https://" + text}} {
				_, err := New(c)
				back = append(back, err)
			}
			return back
		},
		"Page.Observe": func(text string) (back []any) {
			escaped := url.QueryEscape(text)
			path := escaped
			if len(text) < 64 {
				path = "rt.png" // a text shorter than a line of PEM is shown as a name
			}
			for _, r := range []edge.Record{
				{Target: "/" + path}, {Target: "/rt.png?Expires=1&Signature=" + escaped + "&Key-Pair-Id=K2JCJMDEHXQW5F"}, {Target: "/rt.png?" + escaped}, {Target: signed + escaped},
				{Target: "/rt.png?" + strings.Replace(query, "Signature=", "Signature="+escaped, 1)}, {Target: "/rt.png?Policy=" + escaped + "&" + query},
				{Target: "/rt.png", Cookies: []string{text + "=1", "CloudFront-Policy=" + escaped + "; CloudFront-Key-Pair-Id=" + escaped}}, {Target: "/rt.png", Origin: text}, {Target: "/rt.png", Host: text},
			} {
				s.page.Observe(s.edge.Explain(r).Record)
				kept, _ := s.page.requests.after(s.page.requests.last - 1)
				back = append(back, summarize(kept[0]), ask(http.MethodGet, "/api/requests/"+jsonOf(kept[0].id), nil))
			}
			return back
		},
		"Page.ServeHTTP": func(text string) (back []any) {
			escaped := url.QueryEscape(text)
			path := escaped
			if len(text) < 64 {
				path = "rt.png"
			}
			for _, body := range []map[string]any{
				{"url": text}, {"url": "https://" + text}, {"url": "https://example.com/" + path}, {"url": "https://example.com/?" + query + escaped}, {"url": s.base + "/" + path}, {"url": s.base + "/rt.png?" + query + "&" + escaped},
				{"url": "\"" + s.base + "/" + path + "?" + query}, {"url": s.base + "/rt.png?Expires=" + escaped + "&Signature=" + escaped + "&Key-Pair-Id=" + escaped},
				{"url": "https://example.com/?Expires=1&Signature=" + escaped + "&Key-Pair-Id=K2JCJMDEHXQW5F"},
				{"url": s.base + "/rt.png", "cookie": text}, {"url": s.base + "/rt.png", "cookie": "CloudFront-Policy=" + text}, {"cookie": "CloudFront-Policy=" + escaped + "; CloudFront-Signature=a; CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F"},
				{"url": s.base + "/rt.png", "address": text}, {"url": s.base + "/rt.png", "time": text}, {"url": s.base + "/rt.png", "method": text}, {"url": s.base + "/rt.png", "origin": text},
				{"url": s.base + "/rt.png", "keys": []map[string]string{{"id": text, "pem": "x"}}}, {"url": s.base + "/rt.png", "keys": []map[string]string{{"id": "K2JCJMDEHXQW5F", "pem": text}}},
			} {
				back = append(back, ask(http.MethodPost, "/api/explanations", body))
			}
			for _, wish := range []map[string]any{
				{"key": "rt.png", "seconds": 60, "address": text}, {"key": "rt.png", "seconds": 60, "saveAs": text + "/"}, {"key": "/" + text, "seconds": 60}, {"key": "rt.png", "seconds": 60, "pass": true, "folder": text},
			} {
				back = append(back, ask(http.MethodPost, "/api/links", wish))
			}
			back = append(back, ask(http.MethodPost, "/api/links", text), ask(http.MethodPost, "/api/answers", map[string]string{"signed": text, "unsigned": s.base + "\x00" + text}),
				ask(http.MethodGet, "/api/requests/"+url.PathEscape(text), nil), ask(http.MethodGet, "/api/requests?after="+escaped, nil), ask(http.MethodGet, "/"+url.PathEscape(text), nil))
			return back
		},
	})
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
