package page

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

type listed struct {
	Files  []file
	Other  int
	Folder string
}

func TestFilesAreThoseThatTheDeploymentServes(t *testing.T) {
	files := fstest.MapFS{
		"rt.png": {Data: painting(1)}, "a b/día+1.txt": {Data: []byte("x")},
		"private_key.pem": {Data: privateKey(t)},
	}
	var got listed
	if status := start(t, template(t), files).call(http.MethodGet, "/api/files", nil, &got); status != http.StatusOK {
		t.Fatal(status)
	}
	found := map[string]file{}
	for _, f := range got.Files {
		found[f.Key] = f
	}
	if f, ok := found["a b/día+1.txt"]; !ok || f.Path != "/a%20b/d%C3%ADa%2B1.txt" {
		t.Errorf("the path of a key with spaces is %+v", f)
	}
	if f, ok := found["rt.png"]; !ok || f.Path != "" || f.Reason != "" {
		t.Errorf("a plain key is %+v", f)
	}
	if _, ok := found["private_key.pem"]; ok {
		t.Error("a private key is listed")
	}
	below := start(t, template(t, origin+".OriginPath", `"/a b"`), files)
	if status := below.call(http.MethodGet, "/api/files", nil, &got); status != http.StatusOK {
		t.Fatal(status)
	}
	if len(got.Files) != 1 || got.Files[0].Key != "día+1.txt" || got.Other != 1 || got.Folder != "/a b" {
		t.Errorf("below a folder of the bucket: %+v", got)
	}
}

func privateKey(t *testing.T) []byte {
	t.Helper()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	name := t.TempDir() + "/key.pem"
	if err := key.WriteFile(name); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func everything(t testing.TB, changes ...string) edge.Config {
	t.Helper()
	text, err := os.ReadFile("../../../constructs/testdata/everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	return edge.Config{Template: changed(t, text, changes...), Objects: edge.OpenFS(pictures), Account: "123456789012", Region: "eu-west-1"}
}

func TestLinksOpenWhatWasChosenAndNothingElse(t *testing.T) {
	s := startConfig(t, everything(t), Config{})
	for _, test := range []struct {
		name   string
		wish   linkWish
		opens  []string
		closed []string
		want   string // in the URL
	}{
		{"an object", linkWish{Key: "rt.png", Seconds: 600}, []string{"/rt.png"}, []string{"/albums/7/a%20b.png"}, "Expires="},
		{"a folder", linkWish{Key: "albums/7/a b.png", Folder: "albums/7/", Pass: true, Seconds: 60}, []string{"/albums/7/a%20b.png", "/albums/7/notes.txt"}, []string{"/albums/ten/last.txt", "/rt.png"}, "Policy="},
		{"every file", linkWish{Key: "rt.png", Pass: true, Seconds: 60}, []string{"/rt.png", "/albums/7/notes.txt"}, nil, "Policy="},
		{"this machine", linkWish{Key: "rt.png", Seconds: 60, Address: " 127.0.0.1 "}, []string{"/rt.png"}, nil, "Policy="},
		{"another machine", linkWish{Key: "rt.png", Seconds: 60, Address: "203.0.113.0/24"}, nil, []string{"/rt.png"}, "Policy="},
		{"a name", linkWish{Key: "rt.png", Seconds: 60, SaveAs: "The first.png"}, []string{"/rt.png"}, nil, "response-content-disposition=attachment"},
		{"a name, shown", linkWish{Key: "rt.png", Seconds: 60, SaveAs: "The first.png", Inline: true}, []string{"/rt.png"}, nil, "response-content-disposition=inline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var made link
			if status := s.call(http.MethodPost, "/api/links", test.wish, &made); status != http.StatusOK {
				t.Fatal(status)
			}
			_, query, _ := strings.Cut(made.Signed, "?")
			if !strings.Contains(query, test.want) {
				t.Errorf("the query is %s", query)
			}
			if wait := time.Until(made.Expires); wait > time.Duration(test.wish.Seconds+1)*time.Second || wait < time.Duration(test.wish.Seconds-5)*time.Second {
				t.Errorf("it ends at %s", made.Expires)
			}
			for _, path := range test.opens {
				if status, _ := s.visit(path + "?" + query); status != http.StatusOK {
					t.Errorf("%s: %d", path, status)
				}
			}
			for _, path := range test.closed {
				if status, _ := s.visit(path + "?" + query); status == http.StatusOK {
					t.Errorf("%s is open", path)
				}
			}
			if status, _ := s.visit(strings.TrimPrefix(made.Unsigned, s.base)); status == http.StatusOK || made.Public != "" {
				t.Errorf("the unsigned URL is open: %q", made.Public)
			}
		})
	}
}

func TestALinkThatCannotBeMadeSaysWhatToChange(t *testing.T) {
	s := startConfig(t, everything(t), Config{})
	for want, wish := range map[string]linkWish{
		"the time must be at least one second":      {Key: "rt.png"},
		"the time must be at most ten years":        {Key: "rt.png", Seconds: 1 << 60},
		"the deployment allows":                     {Key: "rt.png", Seconds: 9 * 24 * 60 * 60},
		"the file is not in the folder of the pass": {Key: "rt.png", Seconds: 60, Pass: true, Folder: "albums/"},
		"address":                            {Key: "rt.png", Seconds: 60, Address: "no address"},
		"name: holds a slash or a backslash": {Key: "rt.png", Seconds: 60, SaveAs: "../x"},
		"object key":                         {Seconds: 60},
	} {
		var got problem
		if status := s.call(http.MethodPost, "/api/links", wish, &got); status != http.StatusUnprocessableEntity || !strings.Contains(got.Error, want) {
			t.Errorf("%+v: %d %q, want %q", wish, status, got.Error, want)
		}
	}
}

func TestADeploymentThatForwardsNoNameTakesNone(t *testing.T) {
	for _, test := range []struct {
		s    *site
		want bool
	}{{start(t, template(t), pictures), false}, {startConfig(t, everything(t), Config{}), true}} {
		var got deployment
		if status := test.s.call(http.MethodGet, "/api/deployment", nil, &got); status != http.StatusOK || got.SaveAs != test.want || got.MaxLifetime == 0 || got.BaseURL != test.s.base {
			t.Errorf("%d %+v", status, got)
		}
	}
}

func TestPreviewsAreOpenedByOneSignatureAndKnown(t *testing.T) {
	s := start(t, template(t), pictures)
	var first, second deployment
	s.call(http.MethodGet, "/api/deployment", nil, &first)
	s.call(http.MethodGet, "/api/deployment", nil, &second)
	if first.Preview == "" || first.Preview != second.Preview || first.Renew < 3600 || first.Renew > 3*3600 {
		t.Errorf("the previews are %q and %q, renewed after %d seconds", first.Preview, second.Preview, first.Renew)
	}
	for _, path := range []string{"/rt.png", "/albums/7/a%20b.png"} {
		if status, _ := s.visit(path + "?" + first.Preview); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	s.visit("/rt.png")
	s.observed(3)
	kept, _ := s.page.requests.after(0)
	for i, want := range []bool{true, true, false} {
		if kept[i].own != want {
			t.Errorf("request %d of the page itself: %t", i, kept[i].own)
		}
	}
}

func TestPreviewsEndBeforeTheDeploymentSaysAndAreRenewed(t *testing.T) {
	now := time.Now()
	c := edge.Config{Objects: edge.OpenFS(pictures), Now: func() time.Time { return now },
		Template: bytes.Replace(template(t), []byte(`\"maxUrlLifetime\":604800`), []byte(`\"maxUrlLifetime\":60`), 1)}
	s := startConfig(t, c, Config{Now: c.Now})
	var first, second deployment
	s.call(http.MethodGet, "/api/deployment", nil, &first)
	now = now.Add(time.Duration(first.Renew) * time.Second)
	if status, _ := s.visit("/rt.png?" + first.Preview); status != http.StatusOK {
		t.Errorf("the preview has ended when it is to be renewed, after %d seconds", first.Renew)
	}
	s.call(http.MethodGet, "/api/deployment", nil, &second)
	if first.MaxLifetime != 60 || first.Preview == second.Preview || second.Preview == "" {
		t.Errorf("%+v is followed by %+v", first, second)
	}
}

func TestBothAnswersStandSideBySide(t *testing.T) {
	s := start(t, template(t), pictures)
	var got struct{ Signed, Unsigned answer }
	ask := map[string]string{"signed": s.base + s.sign("/rt.png"), "unsigned": s.base + "/rt.png"}
	if status := s.call(http.MethodPost, "/api/answers", ask, &got); status != http.StatusOK {
		t.Fatal(status)
	}
	if a := got.Signed; a.Status != 200 || a.Type != "image/png" || !a.Picture || a.Text != "" || a.Reason != "" {
		t.Errorf("signed: %+v", a)
	}
	if a := got.Unsigned; a.Status != 403 || a.Word != "MissingKey" || a.Picture || !strings.Contains(a.Text, "<Code>MissingKey</Code>") || a.Reason == "" {
		t.Errorf("unsigned: %+v", a)
	}
	ask["signed"] = s.base + s.sign("/albums/7/notes.txt")
	if s.call(http.MethodPost, "/api/answers", ask, &got); got.Signed.Text != "día" {
		t.Errorf("a text: %+v", got.Signed)
	}
	ask["signed"] = "https://d111111abcdef8.cloudfront.net/rt.png"
	var refused problem
	if status := s.call(http.MethodPost, "/api/answers", ask, &refused); status != http.StatusUnprocessableEntity || refused.Error != "the URL is not one of this edge" {
		t.Errorf("another host: %d %q", status, refused.Error)
	}
}

func TestWhereNothingSignsThePageSaysWhy(t *testing.T) {
	s := startConfig(t, edge.Config{Template: template(t), Objects: edge.OpenFS(pictures)}, Config{
		Signer: func(*edge.Edge) (*signer.Signer, error) { return nil, edge.ErrImportedKey },
	})
	var d deployment
	if status := s.call(http.MethodGet, "/api/deployment", nil, &d); status != http.StatusOK || d.Unsigned != edge.ErrImportedKey.Error() || d.Preview != "" {
		t.Errorf("%d %+v", status, d)
	}
	var refused problem
	if status := s.call(http.MethodPost, "/api/links", linkWish{Key: "rt.png", Seconds: 60}, &refused); status != http.StatusUnprocessableEntity || refused.Error != edge.ErrImportedKey.Error() {
		t.Errorf("%d %q", status, refused.Error)
	}
	for _, link := range s.access().Lanes[0].Links {
		if link.At == "Key group" && (link.State != warning || !strings.Contains(link.Reason, "no request was tried")) || link.At == "Bucket" && link.State != notReached {
			t.Errorf("%+v", link)
		}
	}
}

func TestALinkToWhatAnyoneCanOpenSaysSo(t *testing.T) {
	text, err := os.ReadFile("../../../constructs/testdata/everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	s := startConfig(t, edge.Config{Template: text, Account: "123456789012", Region: "eu-west-1", Objects: edge.OpenFS(fstest.MapFS{
		"assets/logo.png": {Data: painting(1)}, "assets/premium/1.png": {Data: painting(2)},
	})}, Config{})
	for key, want := range map[string]string{"assets/logo.png": "/assets/*", "assets/premium/1.png": "", "assets/none.png": ""} {
		var made link
		if status := s.call(http.MethodPost, "/api/links", linkWish{Key: key, Seconds: 60}, &made); status != http.StatusOK || made.Public != want {
			t.Errorf("%s: %d %q", key, status, made.Public)
		}
	}
}
