package signer

import (
	"errors"
	"log/slog"
	"mime"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const invoice = "https://d111111abcdef8.cloudfront.net/invoices/7f3a.pdf"

// A browser reads the given name from the header, whatever it holds. Package mime
// prefers filename* to filename, as browsers do.
func TestABrowserReadsTheNameThatADownloadHas(t *testing.T) {
	for _, name := range []string{
		"a.pdf", "Invoice July 2026.pdf", `6" pipe; "large".pdf`, "a;filename=b.exe", "100%.txt", "a%20b", "día 1+2.png",
		"履歴書.pdf", "😀.gif", "it's.txt", "a=b&c=d#e?f*g.txt", "%22.exe", ".htaccess", "a\u00a0b", strings.Repeat("é", 127), "x~!$(),:@[]{}^`|<>",
	} {
		for _, inline := range []bool{false, true} {
			raw, err := Download{Name: name, Inline: inline, Type: `text/plain; charset="utf-8"`}.URL(invoice + "?v=1")
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			if err := CheckURL(raw); err != nil {
				t.Errorf("%q: %v", name, err)
			}
			if strings.ContainsAny(raw, "*+'") {
				t.Errorf("%q: a character in %s that clients or S3 read otherwise", name, raw)
			}
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			query := u.Query()
			value := query.Get("response-content-disposition")
			for i := range len(value) {
				if value[i] < ' ' || value[i] > '~' {
					t.Errorf("%q: %q is no ASCII", name, value)
				}
			}
			disposition, params, err := mime.ParseMediaType(value)
			want := map[bool]string{false: "attachment", true: "inline"}[inline]
			if err != nil || disposition != want || params["filename"] != name {
				t.Errorf("%q: %s is read as %s, %q: %v", name, value, disposition, params["filename"], err)
			}
			// A client that knows only filename gets no escape that it could
			// decode.
			fallback, _, _ := strings.Cut(value, "; filename*=")
			if _, params, err := mime.ParseMediaType(fallback); err != nil || strings.ContainsAny(params["filename"], `"\%`) {
				t.Errorf("%q: without filename*: %s: %v", name, fallback, err)
			}
			if query.Get("v") != "1" || query.Get("response-content-type") != `text/plain; charset="utf-8"` || len(query) != 3 {
				t.Errorf("%q: the query is %v", name, query)
			}
		}
	}
}

func TestADownloadIsWrittenAsMostClientsSendIt(t *testing.T) {
	const attachment = "response-content-disposition=attachment"
	for want, d := range map[string]Download{
		attachment:                                      {},
		"response-content-disposition=inline":           {Inline: true},
		attachment + "%3B%20filename%3D%22a%20b.pdf%22": {Name: "a b.pdf"},
		attachment + "%3B%20filename%3D%22d_a.pdf%22%3B%20filename%2A%3DUTF-8%27%27d%25C3%25ADa.pdf": {Name: "día.pdf"},
		attachment + "&response-content-type=application/pdf":                                        {Type: "application/pdf"},
		attachment + "%3B%20filename%3D%22a%3Db%26c%3Bd%23e%3Ff~g.txt%22":                            {Name: "a=b&c;d#e?f~g.txt"},
		attachment + "%3B%20filename%3D%22a_b_c%22%3B%20filename%2A%3DUTF-8%27%27a%2522b%2525c":      {Name: `a"b%c`},
		attachment + "&response-content-type=application/x~y%3Ba%3D%22b%20c~%22":                     {Type: `application/x~y;a="b c~"`},
	} {
		got, err := d.URL(invoice)
		if err != nil || got != invoice+"?"+want {
			t.Errorf("%+v: %s, %v, want %s", d, got, err, want)
		}
	}
}

func TestADownloadRefusesNamesAndTypesThatNoFileHas(t *testing.T) {
	for found, d := range map[string]Download{
		"line":                        {Name: "a\nb.pdf"},
		"one line":                    {Name: "a\r\nContent-Type: text/html"},
		"300 bytes":                   {Name: strings.Repeat("a", 300)},
		"256 bytes":                   {Name: strings.Repeat("é", 128)},
		"UTF-8":                       {Name: "a\xff.pdf"},
		"slash":                       {Name: "../../a.pdf"},
		"backslash":                   {Name: `C:\a.pdf`},
		"control character":           {Name: "a\x00.pdf"},
		"a control character":         {Name: "a\u0085.pdf"},
		"direction":                   {Name: "invoice\u202efdp.exe"},
		"white space":                 {Name: " a.pdf"},
		"white":                       {Name: "a.pdf "},
		"dots":                        {Name: ".."},
		"only dots":                   {Name: "."},
		"write the name":              {Name: "-----BEGIN PRIVATE KEY-----"},
		"media type":                  {Type: "pdf"},
		"such as":                     {Type: "text/html\r\nX: y"},
		"application/pdf":             {Type: "text/é"},
		"300 bytes long, but at most": {Type: "text/" + strings.Repeat("a", 295)},
		"256 bytes long, but at most": {Type: "text/" + strings.Repeat("a", 251)},
		"write a media type":          {Type: "text/html; charset"},
		"a media type such":           {Type: `text/plain; charset="é"`},
		"type such as":                {Type: "text/plain; charset=\"a\tb\""},
		"mark that changes":           {Name: "a\u2066b.pdf"},
		"changes the direction":       {Name: "a\u2028b.pdf"},
		"direction of text":           {Name: "a\u2029b.pdf"},
	} {
		got, err := d.URL(invoice)
		if err == nil || !strings.Contains(err.Error(), found) {
			t.Errorf("%+v: %s, %v, want an error with %q", d, got, err, found)
		}
	}
	for _, raw := range []string{"ftp://x/", invoice + "?response-content-type=a/b", invoice + "?response-content-disposition=inline", invoice + "?Expires=1"} {
		if got, err := (Download{}).URL(raw); err == nil {
			t.Errorf("%s: %s", raw, got)
		}
	}
	for _, d := range []Download{{Name: strings.Repeat("a", 255)}, {Type: "text/" + strings.Repeat("a", 250)}} {
		if _, err := d.URL(invoice); err != nil {
			t.Errorf("255 bytes: %v", err)
		}
	}
	// The limit applies to path and query.
	const host, query = "https://d111111abcdef8.cloudfront.net", "?response-content-disposition=attachment"
	longest := "/" + strings.Repeat("a", MaxURLLength-len("/"+query))
	if _, err := (Download{}).URL(host + longest); err != nil {
		t.Errorf("a URL that is as long as may be with the parameter: %v", err)
	}
	var fault *URLError
	if _, err := (Download{}).URL(host + longest + "a"); !errors.As(err, &fault) {
		t.Errorf("a URL that is too long with the parameter: %v", err)
	}
}

// A parameter for S3 that is not forwarded would have no effect and is refused. Any
// other parameter works without the bucket.
func TestAParameterThatTheDeploymentDoesNotForwardIsRefusedOrNamed(t *testing.T) {
	for _, test := range []struct {
		query   *ForwardedQuery
		url     string
		refused string // what the error names
		told    []string
	}{
		{nil, "?response-content-type=a/b&v=1", "", nil},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "", "", nil},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?v=1", "", []string{"v"}},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?v=1&v=2&w", "", []string{"v", "w"}},
		{&ForwardedQuery{Signed: []string{}, Public: []string{"response-content-disposition"}}, "?response-content-disposition=inline", `"downloads": true`, nil},
		{&ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}, "?response-content-disposition=inline", "", nil},
		{&ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}, "?response-content-disposition=inline&response-content-type=a/b", `"downloads": {"types": true}`, nil},
		{&ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}, "?response-expires=0", "response-*", nil},
		{&ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}, "?versionId=1", "versionId", nil},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?partNumber=1", "partNumber", nil},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?v=1&acl", "acl", []string{"v"}},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?X-Amz-Expires=60", "X-Amz-*", nil},
		{&ForwardedQuery{Signed: []string{}, Public: []string{}}, "?Response-Content-Type=a/b&versionid=1", "", []string{"Response-Content-Type", "versionid"}},
		{&ForwardedQuery{Signed: []string{"*"}, Public: []string{}}, "?response-content-type=a/b&versionId=1&v=1", "", nil},
	} {
		key, err := GenerateKey("")
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []string{"URL", "Pass"} {
			var told []string
			s, err := New("K2JCJMDEHXQW5F", key, &Options{Query: test.query, OnUnforwarded: func(name string) { told = append(told, name) }})
			if err != nil {
				t.Fatal(err)
			}
			sign := func() error {
				if way == "URL" {
					_, err := s.URL(t.Context(), invoice+test.url, Policy{TTL: time.Minute})
					return err
				}
				pass, err := s.OpenAll(t.Context(), "https://d111111abcdef8.cloudfront.net/invoices/", Policy{TTL: time.Minute})
				if err != nil {
					return err
				}
				_, err = pass.URL(invoice + test.url)
				return err
			}
			for range 2 { // the second time, nothing is reported
				err = sign()
			}
			var ignored *QueryError
			switch {
			case test.refused == "" && err != nil:
				t.Errorf("%s of %s: %v", way, test.url, err)
			case test.refused != "" && (!errors.As(err, &ignored) || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("%s of %s: %v, want an error with %s", way, test.url, err, test.refused)
			}
			if !slices.Equal(told, test.told) {
				t.Errorf("%s of %s: told of %q, want %q", way, test.url, told, test.told)
			}
		}
	}
	key, err := GenerateKey("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New("K2JCJMDEHXQW5F", key, &Options{Query: &ForwardedQuery{Signed: []string{"Policy"}, Public: []string{}}}); err == nil {
		t.Error("a Query that no deployment has is taken")
	}
}

// Names of parameters may come from outside, and each is kept in memory.
func TestASignerTellsOfAHundredParametersAtMost(t *testing.T) {
	key, err := GenerateKey("")
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	s, err := New("K2JCJMDEHXQW5F", key, &Options{Query: &ForwardedQuery{Signed: []string{}, Public: []string{}}, OnUnforwarded: func(string) { told++ }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 150 {
		if _, err := s.URL(t.Context(), invoice+"?p"+strings.Repeat("x", i)+"=1", Policy{TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	m, _, err := s.current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	remembered := 0
	m.forwarding.told.Range(func(any, any) bool { remembered++; return true })
	if told != maxTold || remembered != maxTold {
		t.Errorf("told of %d and remembered %d, want %d", told, remembered, maxTold)
	}
}

// A signer without OnUnforwarded logs the parameter once.
func TestASignerLogsAParameterThatIsNotForwarded(t *testing.T) {
	var log strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	key, err := GenerateKey("")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New("K2JCJMDEHXQW5F", key, &Options{Query: &ForwardedQuery{Signed: []string{}, Public: []string{}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.URL(t.Context(), invoice+"?width=300", Policy{TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "does not forward a signed query parameter to the bucket") || !strings.Contains(text, "parameter=width") {
		t.Errorf("it logs %q", text)
	}
}
