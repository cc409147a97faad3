package hls

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const (
	keyID  = "K2JCJMDEHXQW5F"
	site   = "https://d111111abcdef8.cloudfront.net"
	prefix = site + "/movies/7/"
	list   = prefix + "720p/index.m3u8"
)

func now() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

type countingKey struct {
	*ecdsa.PrivateKey
	signatures int
}

func (k *countingKey) Public() crypto.PublicKey { return k.PrivateKey.Public() }

func (k *countingKey) SignDigest(_ context.Context, digest []byte, _ crypto.Hash) ([]byte, error) {
	k.signatures++
	return ecdsa.SignASN1(rand.Reader, k.PrivateKey, digest)
}

func newKey(t testing.TB) *countingKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &countingKey{PrivateKey: key}
}

func newPass(t testing.TB, key signer.Key, clock func() time.Time) *signer.Pass {
	t.Helper()
	s, err := signer.New(keyID, key, &signer.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	pass, err := s.OpenAll(context.Background(), prefix, signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return pass
}

func allowed(t testing.TB, url string, key signer.Key) {
	t.Helper()
	public, err := signer.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	v := signer.Verify(signer.Request{URL: url, Time: now()}, map[string]*signer.PublicKey{keyID: public})
	if !v.Allowed {
		t.Errorf("%.80s: %s", url, v.Detail)
	}
}

// mark writes a signed URL as SIGNED(url), so that expected texts are readable.
func mark(text string, pass *signer.Pass) string {
	signed, err := pass.URL(prefix)
	if err != nil {
		panic(err)
	}
	tail := signed[len(prefix)+1:]
	for {
		end := strings.Index(text, tail)
		if end < 0 {
			return text
		}
		start := strings.LastIndex(text[:end], "https://")
		text = text[:start] + "SIGNED(" + text[start:end-1] + ")" + text[end+len(tail):]
	}
}

func rewritten(t testing.TB, playlist string, o *Options) (string, error) {
	t.Helper()
	pass := newPass(t, newKey(t), now)
	var b strings.Builder
	err := Rewrite(&b, strings.NewReader(playlist), list, pass, o)
	return mark(b.String(), pass), err
}

func TestMediaBelowThePrefixGetsThePassAndNothingElseIsTouched(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"a segment":                             {"seg1.ts", "SIGNED(" + prefix + "720p/seg1.ts)"},
		"a segment in a folder":                 {"a/b/seg1.ts", "SIGNED(" + prefix + "720p/a/b/seg1.ts)"},
		"a segment one folder up":               {"../audio/seg1.aac", "SIGNED(" + prefix + "audio/seg1.aac)"},
		"a path":                                {"/movies/7/seg1.ts", "SIGNED(" + prefix + "seg1.ts)"},
		"a whole URL":                           {prefix + "x/seg1.ts", "SIGNED(" + prefix + "x/seg1.ts)"},
		"a URL without a scheme":                {"//d111111abcdef8.cloudfront.net/movies/7/seg1.ts", "SIGNED(" + prefix + "seg1.ts)"},
		"a query":                               {"seg.ts?part=1", "SIGNED(" + prefix + "720p/seg.ts?part=1)"},
		"a query of several parameters":         {"seg.ts?part=1&x=a/.b", "SIGNED(" + prefix + "720p/seg.ts?part=1&x=a/.b)"},
		"a query in a whole URL":                {prefix + "x/seg.ts?part=1", "SIGNED(" + prefix + "x/seg.ts?part=1)"},
		"an advertiser with a port":             {"https://ads.example.com:8443/a%20b.ts?x=1", "https://ads.example.com:8443/a%20b.ts?x=1"},
		"a query alone":                         {"?part=1", "SIGNED(" + list + "?part=1)"},
		"escapes stay as they are":              {"a%20b%2Bc%25.ts", "SIGNED(" + prefix + "720p/a%20b%2Bc%25.ts)"},
		"an escaped slash stays":                {"a%2Fb.ts", "SIGNED(" + prefix + "720p/a%2Fb.ts)"},
		"characters of URLs":                    {"a,b;c=d@e:(f)!$&+*'.ts", "SIGNED(" + prefix + "720p/a,b;c=d@e:(f)!$&+*'.ts)"},
		"a name of dots":                        {"...", "SIGNED(" + prefix + "720p/...)"},
		"a hidden file":                         {".seg.ts", "SIGNED(" + prefix + "720p/.seg.ts)"},
		"doubled slashes":                       {"a//b.ts", "SIGNED(" + prefix + "720p/a//b.ts)"},
		"a key":                                 {`#EXT-X-KEY:METHOD=AES-128,URI="k.bin",IV=0x1`, `#EXT-X-KEY:METHOD=AES-128,URI="SIGNED(` + prefix + `720p/k.bin)",IV=0x1`},
		"commas inside of quotes":               {`#EXT-X-KEY:KEYFORMAT="a,URI=b",URI="k,1.bin"`, `#EXT-X-KEY:KEYFORMAT="a,URI=b",URI="SIGNED(` + prefix + `720p/k,1.bin)"`},
		"a key for the session":                 {`#EXT-X-SESSION-KEY:URI="../k"`, `#EXT-X-SESSION-KEY:URI="SIGNED(` + prefix + `k)"`},
		"an initialization section":             {`#EXT-X-MAP:URI="init.mp4",BYTERANGE="7@0"`, `#EXT-X-MAP:URI="SIGNED(` + prefix + `720p/init.mp4)",BYTERANGE="7@0"`},
		"a part":                                {`#EXT-X-PART:DURATION=0.3,URI="p.m4s",INDEPENDENT=YES`, `#EXT-X-PART:DURATION=0.3,URI="SIGNED(` + prefix + `720p/p.m4s)",INDEPENDENT=YES`},
		"a preload hint":                        {`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p.m4s"`, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="SIGNED(` + prefix + `720p/p.m4s)"`},
		"session data":                          {`#EXT-X-SESSION-DATA:DATA-ID="x",URI="d.json"`, `#EXT-X-SESSION-DATA:DATA-ID="x",URI="SIGNED(` + prefix + `720p/d.json)"`},
		"a steering manifest":                   {`#EXT-X-CONTENT-STEERING:SERVER-URI="s.json",PATHWAY-ID="a"`, `#EXT-X-CONTENT-STEERING:SERVER-URI="SIGNED(` + prefix + `720p/s.json)",PATHWAY-ID="a"`},
		"a neighbour of the prefix":             {"/movies/70/seg.ts", "/movies/70/seg.ts"},
		"out of the prefix by dots":             {"../../8/seg.ts", "../../8/seg.ts"},
		"out of the prefix by dots in a URL":    {prefix + "../8/seg.ts", prefix + "../8/seg.ts"},
		"beyond the root":                       {"../../../../../x.ts", "../../../../../x.ts"},
		"an advertiser":                         {"https://ads.example.com/movies/7/seg.ts", "https://ads.example.com/movies/7/seg.ts"},
		"a host that ends like ours":            {"https://d111111abcdef8.cloudfront.net.example.com/movies/7/seg.ts", "https://d111111abcdef8.cloudfront.net.example.com/movies/7/seg.ts"},
		"a host in place of a user":             {"https://d111111abcdef8.cloudfront.net@example.com/movies/7/s.ts", "https://d111111abcdef8.cloudfront.net@example.com/movies/7/s.ts"},
		"another scheme on our host":            {"http://d111111abcdef8.cloudfront.net/movies/7/s.ts", "http://d111111abcdef8.cloudfront.net/movies/7/s.ts"},
		"another port on our host":              {site + ":8443/movies/7/s.ts", site + ":8443/movies/7/s.ts"},
		"an advertiser that no client rewrites": {"https://ads.example.com/a b|c.ts#t", "https://ads.example.com/a b|c.ts#t"},
		"an escape that is none, elsewhere":     {"/%ı", "/%ı"},
		"a licence server":                      {`#EXT-X-KEY:METHOD=SAMPLE-AES,URI="https://drm.example.com/k?a=1"`, `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="https://drm.example.com/k?a=1"`},
		"skd":                                   {`#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://d111111abcdef8.cloudfront.net/movies/7/k"`, `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://d111111abcdef8.cloudfront.net/movies/7/k"`},
		"data":                                  {`#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AA/../BB=="`, `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AA/../BB=="`},
		"a scheme in capitals":                  {"DATA:,x", "DATA:,x"},
		"https without a host":                  {"https:seg.ts", "https:seg.ts"},
		"an empty URI":                          {`#EXT-X-KEY:METHOD=NONE,URI=""`, `#EXT-X-KEY:METHOD=NONE,URI=""`},
		"no key":                                {"#EXT-X-KEY:METHOD=NONE", "#EXT-X-KEY:METHOD=NONE"},
		"a comment":                             {`#URI="seg1.ts"`, `#URI="seg1.ts"`},
		"an unknown tag":                        {`#EXT-X-VENDOR:URI="seg1.ts"`, `#EXT-X-VENDOR:URI="seg1.ts"`},
		"an attribute that only ends in URI":    {`#EXT-X-KEY:X-URI="k.bin"`, `#EXT-X-KEY:X-URI="k.bin"`},
		"an attribute in small letters":         {`#EXT-X-KEY:uri="k.bin"`, `#EXT-X-KEY:uri="k.bin"`},
		"the title of a segment":                {`#EXTINF:6,URI="a"`, `#EXTINF:6,URI="a"`},
		"a tag without its colon":               {"#EXT-X-MAP", "#EXT-X-MAP"},
		"an empty attribute list":               {"#EXT-X-MAP:", "#EXT-X-MAP:"},
		"no quotes, elsewhere":                  {`#EXT-X-KEY:URI=skd://k,METHOD=x`, `#EXT-X-KEY:URI=skd://k,METHOD=x`},
		"a quote that is not closed, elsewhere": {`#EXT-X-KEY:URI="skd://k,METHOD=x`, `#EXT-X-KEY:URI="skd://k,METHOD=x`},
		"a carriage return inside a comment":    {"#x\rseg.ts", "#x\rseg.ts"},
		"an empty line":                         {"", ""},
		"a line of white space":                 {" \t ", " \t "},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, "#EXTM3U\n"+test.line+"\n", nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := "#EXTM3U\n" + test.want + "\n"; got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestLineEndingsAndAByteOrderMarkStay(t *testing.T) {
	for name, test := range map[string]struct{ playlist, want string }{
		"line feeds":                    {"#EXTM3U\n/x\ns.ts\n", "#EXTM3U\n/x\nSIGNED(" + prefix + "720p/s.ts)\n"},
		"carriage returns before them":  {"#EXTM3U\r\n/x\r\ns.ts\r\n", "#EXTM3U\r\n/x\r\nSIGNED(" + prefix + "720p/s.ts)\r\n"},
		"both":                          {"#EXTM3U\r\n/x\ns.ts\r\n", "#EXTM3U\r\n/x\nSIGNED(" + prefix + "720p/s.ts)\r\n"},
		"no ending after the last line": {"#EXTM3U\ns.ts", "#EXTM3U\nSIGNED(" + prefix + "720p/s.ts)"},
		"none after a last tag":         {"#EXTM3U\n#EXT-X-MAP:URI=\"i\"", "#EXTM3U\n#EXT-X-MAP:URI=\"SIGNED(" + prefix + "720p/i)\""},
		"empty lines":                   {"#EXTM3U\n\n\r\n\n", "#EXTM3U\n\n\r\n\n"},
		"a byte order mark":             {"\xef\xbb\xbf#EXTM3U\ns.ts\n", "\xef\xbb\xbf#EXTM3U\nSIGNED(" + prefix + "720p/s.ts)\n"},
		"the first line alone":          {"#EXTM3U", "#EXTM3U"},
		"text after the first tag":      {"#EXTM3U x-tvg-url=\"\"\n", "#EXTM3U x-tvg-url=\"\"\n"},
		"bytes that are not UTF-8":      {"#EXTM3U\n#\xff\xfe\x00\n", "#EXTM3U\n#\xff\xfe\x00\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, test.playlist, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestCloudFrontAllowsEverySignedURIOfAPlaylistForOneSignature(t *testing.T) {
	key := newKey(t)
	pass := newPass(t, key, now)
	playlist := segments(1000)
	var b bytes.Buffer
	if err := Rewrite(&b, strings.NewReader(playlist), list, pass, nil); err != nil {
		t.Fatal(err)
	}
	if key.signatures != 1 {
		t.Errorf("%d signatures, want 1", key.signatures)
	}
	in, out := strings.Split(playlist, "\n"), strings.Split(b.String(), "\n")
	if len(in) != len(out) {
		t.Fatalf("%d lines became %d", len(in), len(out))
	}
	signed := 0
	for i, line := range out {
		if !strings.HasPrefix(line, "https://") {
			if line != in[i] {
				t.Fatalf("line %d: %q became %q", i+1, in[i], line)
			}
			continue
		}
		if want := prefix + "720p/" + in[i] + "?"; !strings.HasPrefix(line, want) {
			t.Fatalf("line %d does not start with %s", i+1, want)
		}
		if signed++; signed%100 == 0 {
			allowed(t, line, key)
		}
	}
	if signed != 1000 {
		t.Errorf("%d signed URIs, want 1000", signed)
	}
}

func TestFurtherPlaylistsGoWhereTheCallerSays(t *testing.T) {
	const master = "#EXTM3U\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en, uk\",URI=\"../en/a.m3u8\"\n" +
		"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",INSTREAM-ID=\"CC1\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"\n" +
		"# a comment\n\n" +
		"v.m3u8?x=1\n" +
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n" +
		"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI=\"t.m3u8\"\n" +
		"#EXT-X-RENDITION-REPORT:URI=\"../480p/index.m3u8\",LAST-MSN=1\n" +
		"#EXT-X-DATERANGE:ID=\"1\",X-ASSET-URI=\"ad.m3u8\",X-ASSET-LIST=\"ad.json\"\n" +
		"#EXT-X-DATERANGE:ID=\"2\",CLASS=\"com.apple.hls.preload\",X-URI=\"ad.json\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2\n" +
		"https://other.example.com/v|.m3u8\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2\n" +
		"data:,x\n" +
		"seg.ts\n"
	const want = "#EXTM3U\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en, uk\",URI=\"/app/en/a.m3u8\"\n" +
		"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",INSTREAM-ID=\"CC1\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"\n" +
		"# a comment\n\n" +
		"/app/720p/v.m3u8?x=1\n" +
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"/app/720p/i.m3u8\"\n" +
		"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI=\"/app/720p/t.m3u8\"\n" +
		"#EXT-X-RENDITION-REPORT:URI=\"/app/480p/index.m3u8\",LAST-MSN=1\n" +
		"#EXT-X-DATERANGE:ID=\"1\",X-ASSET-URI=\"/app/720p/ad.m3u8\",X-ASSET-LIST=\"/app/720p/ad.json\"\n" +
		"#EXT-X-DATERANGE:ID=\"2\",CLASS=\"com.apple.hls.preload\",X-URI=\"/app/720p/ad.json\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2\n" +
		"https://other.example.com/v|.m3u8\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2\n" +
		"data:,x\n" +
		"SIGNED(" + prefix + "720p/seg.ts)\n"
	var asked []string
	got, err := rewritten(t, master, &Options{Playlist: func(r Reference) (string, error) {
		asked = append(asked, fmt.Sprintf("%d %s %s %s", r.Line, r.Tag, r.Attribute, r.URL))
		name, ok := strings.CutPrefix(r.URL, prefix)
		if !ok {
			return "", nil
		}
		return "/app/" + name, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantAsked := []string{
		"2 EXT-X-MEDIA URI " + prefix + "en/a.m3u8",
		"7 EXT-X-STREAM-INF  " + prefix + "720p/v.m3u8?x=1",
		"8 EXT-X-I-FRAME-STREAM-INF URI " + prefix + "720p/i.m3u8",
		"9 EXT-X-IMAGE-STREAM-INF URI " + prefix + "720p/t.m3u8",
		"10 EXT-X-RENDITION-REPORT URI " + prefix + "480p/index.m3u8",
		"11 EXT-X-DATERANGE X-ASSET-URI " + prefix + "720p/ad.m3u8",
		"11 EXT-X-DATERANGE X-ASSET-LIST " + prefix + "720p/ad.json",
		"12 EXT-X-DATERANGE X-URI " + prefix + "720p/ad.json",
		"14 EXT-X-STREAM-INF  https://other.example.com/v|.m3u8",
	}
	if g, w := strings.Join(asked, "\n"), strings.Join(wantAsked, "\n"); g != w {
		t.Errorf("asked\n%s\nwant\n%s", g, w)
	}
}

func TestWithoutAFunctionForPlaylistsThoseOfOthersStay(t *testing.T) {
	const playlist = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://other.example.com/v.m3u8\n" +
		"#EXT-X-DATERANGE:ID=\"1\",X-ASSET-LIST=\"https://ads.example.com/l?a=1\"\n"
	got, err := rewritten(t, playlist, nil)
	if err != nil || got != playlist {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestVariablesAreReplacedBeforeAURIIsResolved(t *testing.T) {
	o := &Options{Variables: map[string]string{"up": "..", "token": "a%20b", "unused": "x"}}
	for name, test := range map[string]struct{ lines, want string }{
		"in a URI line":                {"#EXT-X-DEFINE:NAME=\"n\",VALUE=\"seg\"\n{$n}1.ts", "SIGNED(" + prefix + "720p/seg1.ts)"},
		"the value before the name":    {"#EXT-X-DEFINE:VALUE=\"seg\",NAME=\"n\"\n{$n}1.ts", "SIGNED(" + prefix + "720p/seg1.ts)"},
		"as a whole host":              {"#EXT-X-DEFINE:NAME=\"h\",VALUE=\"" + site + "\"\n{$h}/movies/7/1.ts", "SIGNED(" + prefix + "1.ts)"},
		"in an attribute":              {"#EXT-X-DEFINE:NAME=\"n\",VALUE=\"seg\"\n#EXT-X-MAP:URI=\"{$n}.mp4\"", "#EXT-X-MAP:URI=\"SIGNED(" + prefix + "720p/seg.mp4)\""},
		"several, next to each other":  {"#EXT-X-DEFINE:NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:NAME=\"b-_1\",VALUE=\"y\"\n{$a}{$b-_1}{$a}", "SIGNED(" + prefix + "720p/xyx)"},
		"an empty one":                 {"#EXT-X-DEFINE:NAME=\"a\",VALUE=\"\"\n{$a}s.ts", "SIGNED(" + prefix + "720p/s.ts)"},
		"an empty one alone":           {"#EXT-X-DEFINE:NAME=\"a\",VALUE=\"\"\n#EXT-X-KEY:METHOD=NONE,URI=\"{$a}\"", "#EXT-X-KEY:METHOD=NONE,URI=\"{$a}\""},
		"one in the value of another":  {"#EXT-X-DEFINE:NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"{$a}y\"\n{$b}", "SIGNED(" + prefix + "720p/xy)"},
		"imported":                     {"#EXT-X-DEFINE:IMPORT=\"up\"\n{$up}/s.ts", "SIGNED(" + prefix + "s.ts)"},
		"from the player's own query":  {"#EXT-X-DEFINE:QUERYPARAM=\"token\"\ns.ts?t={$token}", "SIGNED(" + prefix + "720p/s.ts?t=a%20b)"},
		"one that leads elsewhere":     {"#EXT-X-DEFINE:NAME=\"h\",VALUE=\"https://ads.example.com\"\n{$h}/s.ts", "{$h}/s.ts"},
		"an unknown one elsewhere":     {"https://ads.example.com/s.ts?t={$t}", "https://ads.example.com/s.ts?t={$t}"},
		"an unknown one in a licence":  {"#EXT-X-KEY:URI=\"skd://{$t}\"", "#EXT-X-KEY:URI=\"skd://{$t}\""},
		"an unknown one in a title":    {"#EXTINF:6,{$t}", "#EXTINF:6,{$t}"},
		"after a host from a variable": {"#EXT-X-DEFINE:NAME=\"h\",VALUE=\"//ads.example.com/\"\n{$h}{$t}", "{$h}{$t}"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, "#EXTM3U\n"+test.lines+"\n", o)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(got, "\n")
			if last := lines[len(lines)-2]; last != test.want {
				t.Errorf("got  %q\nwant %q", last, test.want)
			}
			in := strings.Split(test.lines, "\n")
			if defined := strings.Join(lines[1:len(lines)-2], "\n"); defined != strings.Join(in[:len(in)-1], "\n") {
				t.Errorf("the definitions became %q", defined)
			}
		})
	}
}

// Tools write file names unescaped.
func TestANameThatHasOneMeaningIsWrittenAsEveryClientSendsIt(t *testing.T) {
	for name, want := range map[string]string{
		"día 1.ts":              "d%C3%ADa%201.ts",
		"日本語/🎞.ts":              "%E6%97%A5%E6%9C%AC%E8%AA%9E/%F0%9F%8E%9E.ts",
		"a|b[1]{2}^`<>.ts":      "a%7Cb%5B1%5D%7B2%7D%5E%60%3C%3E.ts",
		"it's (1), a+b=c@d!.ts": "it's%20(1),%20a+b=c@d!.ts",
		"día%20x%2f%7e%41.ts":   "d%C3%ADa%20x%2F~A.ts",
		"a%2Eb/%2E.c/..%2Ed.ts": "a.b/..c/...d.ts",
		"a b/../c d.ts":         "c%20d.ts",
		"./día.ts":              "d%C3%ADa.ts",
		"/movies/7/720p/é.ts":   "%C3%A9.ts",
		"/%6Dovies/7/720p/a.ts": "a.ts",
		"%61:b.ts":              "a:b.ts",
		"a.ts?f='é'&g=a b|c":    "a.ts?f=%27%C3%A9%27&g=a%20b%7Cc",
		"e\u0301.ts":            "e%CC%81.ts",
		"é:1.ts":                "%C3%A9:1.ts",
		"a%c3%ad%C3%aD.ts":      "a%C3%AD%C3%AD.ts",
		"a%0a%20.ts":            "a%0A%20.ts",
		"éa'.ts?f='1'":          "%C3%A9a'.ts?f=%271%27",
		"a\ufffd.ts":            "a%EF%BF%BD.ts",
		"a/b?c=/../d&e=.":       "a/b?c=/../d&e=.",
		"a?b=1?2":               "a?b=1?2",
		"a&b&&c.ts":             "a&b&&c.ts",
		"Expires=1&Policy":      "Expires=1&Policy",
		"a/%2F./b.ts":           "a/%2F./b.ts",
	} {
		for line, wantLine := range map[string]string{name: "SIGNED(" + prefix + "720p/" + want + ")", `#EXT-X-MAP:URI="` + name + `"`: `#EXT-X-MAP:URI="SIGNED(` + prefix + "720p/" + want + `)"`} {
			got, err := rewritten(t, "#EXTM3U\n"+line+"\n", nil)
			if want := "#EXTM3U\n" + wantLine + "\n"; err != nil || got != want {
				t.Errorf("%s\n got %q, %v\nwant %q", line, got, err, want)
			}
		}
		if err := signer.CheckURL(prefix + "720p/" + want); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
	got, err := rewritten(t, "#EXTM3U\n#EXTINF:6,día\nhttps://ads.example.com/día 1.ts\n../../8/día 1.ts\n", nil)
	if want := "#EXTM3U\n#EXTINF:6,día\nhttps://ads.example.com/día 1.ts\n../../8/día 1.ts\n"; err != nil || got != want {
		t.Errorf("outside the prefix\n got %q, %v\nwant %q", got, err, want)
	}
	var asked []string
	o := &Options{Playlist: func(r Reference) (string, error) { asked = append(asked, r.URL); return "/app", nil }}
	if _, err := rewritten(t, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ndía.m3u8\n", o); err != nil || len(asked) != 1 || asked[0] != prefix+"720p/d%C3%ADa.m3u8" {
		t.Errorf("a further playlist: asked for %q, %v", asked, err)
	}
}

func TestWhatWouldFailForSomeViewersIsAnErrorThatNamesTheLineAndTheFix(t *testing.T) {
	toApp := func(Reference) (string, error) { return "/app", nil }
	for name, test := range map[string]struct {
		line string
		o    *Options
		want string
	}{
		"a space in a full URL":                         {line: prefix + "a b.ts", want: "line 2: a URI below the pass's prefix that cannot be signed: url: path, byte 48, \" \": clients differ in whether they escape it: write %20"},
		"a space after a host":                          {line: site[6:] + "/movies/7/a b.ts", want: "write %20"},
		"a space at the start of a value":               {line: "#EXT-X-MAP:URI=\" a.ts\"", want: "write %20"},
		"a no-break space at the end":                   {line: "a.ts\u00a0", want: "write %C2%A0"},
		"unicode in a full URL":                         {line: prefix + "día.ts", want: "%C3%AD"},
		"bytes that are not UTF-8":                      {line: "d\xeda.ts", want: "%ED"},
		"a line separator":                              {line: "a\u2028b.ts", want: "%E2%80%A8"},
		"a paragraph separator":                         {line: "a\u2029b.ts", want: "%E2%80%A9"},
		"a byte order mark inside":                      {line: "a\ufeffb.ts", want: "%EF%BB%BF"},
		"an escape in small digits in a full URL":       {line: prefix + "a%2fb.ts", want: "write %2F"},
		"one that need not be in a full URL":            {line: prefix + "a%7Eb.ts", want: "write ~"},
		"a broken escape":                               {line: "100%.ts", want: "write %25"},
		"an escape with one digit":                      {line: "a%4z.ts", want: "write %25"},
		"an escape without its first digit":             {line: "a%G0.ts", want: "write %25"},
		"an escape without its second digit":            {line: "a%0G.ts", want: "write %25"},
		"an escape that ends the line":                  {line: "a%4", want: "write %25"},
		"a control character beyond ASCII":              {line: "a\u0085b.ts", want: "write %C2%85"},
		"a variable next to a space":                    {line: "{$ a}", want: "write %7B"},
		"an empty query":                                {line: "a.ts?", want: "empty query"},
		"an empty parameter":                            {line: "a.ts?a=1&&b=2", want: "an empty parameter"},
		"an empty parameter after such parameters":      {line: "a.ts?a=1&b=2\nb.ts?a=1&&b=2", want: "line 3: "},
		"an empty parameter at the end of those":        {line: "a.ts?a=1\nb.ts?a=1&", want: "line 3: "},
		"a name of CloudFront after such parameters":    {line: "a.ts?a=1&b=2\nb.ts?a=1&Expires=2", want: "line 3: "},
		"a name of CloudFront after one such parameter": {line: "a.ts?a=1\nb.ts?a=1&Policy=2", want: "line 3: "},
		"a fragment":                                    {line: "a.ts#t=1", want: "fragment"},
		"a broken escape next to a space":               {line: "100% a.ts", want: "write %25"},
		"a backslash":                                   {line: `a\b.ts`, want: "write %5C"},
		"a backslash next to a space":                   {line: `a b\c.ts`, want: "write %5C"},
		"a carriage return inside":                      {line: "a.ts\rb.ts", want: "write %0D"},
		"dots next to an escape that is undone":         {line: "%2E./%61.ts", want: "dot segments"},
		"dot segments that are escaped":                 {line: "%2e%2e/8/a.ts", want: "dot segments"},
		"a dot segment that is escaped":                 {line: site + "/movies/7/%2E/a.ts", want: "dot segments"},
		"a quote in the query of a full URL":            {line: prefix + "a.ts?f='x'", want: "write %27"},
		"a URI that is signed already":                  {line: "a.ts?Policy=x&Signature=y&Key-Pair-Id=z", want: "not signed yet"},
		"the host in capitals":                          {line: "https://D111111ABCDEF8.cloudfront.net/movies/7/a.ts", want: "lower case"},
		"the scheme in capitals":                        {line: "HTTPS://d111111abcdef8.cloudfront.net/movies/7/a.ts", want: "lower case"},
		"the default port":                              {line: site + ":443/movies/7/a.ts", want: "default port"},
		"the prefix escaped without need":               {line: site + "/%6Dovies/7/a.ts", want: "write m"},
		"the prefix after escaped dots":                 {line: site + "/x/%2E%2E/movies/7/a.ts", want: "dot segments"},
		"a name that makes the URL too long":            {line: strings.Repeat("a", 8000), want: "CloudFront accepts 8192"},
		"a URL that is too long":                        {line: prefix + strings.Repeat("a", 8000), want: "CloudFront accepts 8192"},
		"a key in an attribute, with its tag":           {line: `#EXT-X-KEY:URI="a\b"`, want: "playlist line 2, EXT-X-KEY: "},
		"an attribute without quotes":                   {line: "#EXT-X-KEY:URI=k.bin,IV=0x1", want: "quotation marks"},
		"a quote that is not closed":                    {line: `#EXT-X-KEY:URI="k.bin`, want: "quotation marks"},
		"a variable without a value":                    {line: "{$x}/a.ts", want: "\"{$x}\" has no value"},
		"a variable that is not imported":               {line: "{$x}/a.ts", o: &Options{Variables: map[string]string{"x": "y"}}, want: "\"{$x}\" has no value"},
		"a variable without a value in another one":     {line: `#EXT-X-DEFINE:NAME="a",VALUE="{$b}"`, want: "line 2, EXT-X-DEFINE: the variable \"{$b}\""},
		"a variable that is none":                       {line: "{$a b}", want: "write %7B"},
		"a variable after a host that is not over":      {line: "https://d111111abcdef8{$x}/a.ts", want: "\"{$x}\" has no value"},
		"a variable after our own host":                 {line: site + "/{$x}/a.ts", want: "\"{$x}\" has no value"},
		"a playlist and no function":                    {line: "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8", want: "line 3, EXT-X-STREAM-INF: it leads to a further playlist"},
		"a rendition and no function":                   {line: `#EXT-X-MEDIA:URI="a.m3u8"`, want: "set Options.Playlist"},
		"a playlist that cannot be signed":              {line: "#EXT-X-STREAM-INF:BANDWIDTH=1\n%2e%2e/v.m3u8", o: &Options{Playlist: toApp}, want: "dot segments"},
		"a playlist that the function refuses": {line: `#EXT-X-MEDIA:URI="a.m3u8"`, o: &Options{Playlist: func(Reference) (string, error) { return "", errors.New("no such rendition") }},
			want: "line 2, EXT-X-MEDIA: no such rendition"},
		"a function that breaks the quotes":  {line: `#EXT-X-MEDIA:URI="a.m3u8"`, o: &Options{Playlist: func(Reference) (string, error) { return `/a",X="`, nil }}, want: "escape it"},
		"a function that breaks the line":    {line: `#EXT-X-MEDIA:URI="a.m3u8"`, o: &Options{Playlist: func(Reference) (string, error) { return "/a\n#EXT-X-KEY:", nil }}, want: "escape it"},
		"a function that makes a comment":    {line: `#EXT-X-MEDIA:URI="a.m3u8"`, o: &Options{Playlist: func(Reference) (string, error) { return "#a", nil }}, want: "escape it"},
		"a function that makes a variable":   {line: `#EXT-X-MEDIA:URI="a.m3u8"`, o: &Options{Playlist: func(Reference) (string, error) { return "/{$a}", nil }}, want: "escape it"},
		"a playlist without quotes":          {line: `#EXT-X-MEDIA:URI=a.m3u8`, o: &Options{Playlist: toApp}, want: "quotation marks"},
		"a line that is too long":            {line: "#" + strings.Repeat("x", 64), o: &Options{MaxLine: 64}, want: "line 2: longer than 64 bytes: set Options.MaxLine"},
		"variables that fill the memory":     {line: `#EXT-X-DEFINE:NAME="a",VALUE="xxxxxxxxxxxxxxx"` + "\n" + `#EXT-X-DEFINE:NAME="b",VALUE="{$a}{$a}{$a}{$a}"`, o: &Options{MaxLine: 64}, want: "line 3, EXT-X-DEFINE: the playlist's variables"},
		"a variable that multiplies a URI":   {line: "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"xxxxxxxxxxxxxxxxxxxx\"\n{$a}{$a}{$a}{$a}{$a}", o: &Options{MaxLine: 64}, want: "line 3: with its variables replaced"},
		"a start before the end of the last": {line: "#EXT-X-STREAM-INF:BANDWIDTH=1\n\n# x\n\nv.m3u8", want: "line 6, EXT-X-STREAM-INF"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, "#EXTM3U\n"+test.line+"\n", test.o)
			var lineErr *LineError
			if !errors.As(err, &lineErr) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want a *LineError with %q in it", err, test.want)
			}
			if strings.Contains(err.Error(), "Signature=") {
				t.Errorf("the error holds a signature: %v", err)
			}
			if got != "" {
				t.Errorf("a part of a short playlist was written: %q", got)
			}
		})
	}
}

func TestAParameterThatDoesNotReachTheBucketIsRefusedOrToldOnce(t *testing.T) {
	var told []string
	s, err := signer.New(keyID, newKey(t), &signer.Options{
		Now:           now,
		Query:         &signer.ForwardedQuery{Signed: []string{"size"}, Public: []string{}},
		OnUnforwarded: func(parameter string) { told = append(told, parameter) },
	})
	if err != nil {
		t.Fatal(err)
	}
	pass, err := s.OpenAll(t.Context(), prefix, signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(lines ...string) error {
		return Rewrite(io.Discard, strings.NewReader("#EXTM3U\n"+strings.Join(lines, "\n")), list, pass, nil)
	}
	for _, lines := range [][]string{
		{"1.ts?size=1&v=2", "2.ts?size=2&v=3", "3.ts?w=1&size=1", "4.ts?v", "5.ts?size", "6.ts?sizes=1", "7.ts?siz=1"},
		{"8.ts?x=é", "9.ts?size=é"},
		{`#EXT-X-MAP:URI="init.mp4?y=1"`},
		{"https://ads.example.com/1.ts?z=1"},
	} {
		if err := rewrite(lines...); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"v", "w", "sizes", "siz", "x", "y"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
	for _, line := range []string{
		"a.ts?response-content-type=text/html", "a.ts?size=1&versionId=1", "a.ts?versionId=é", `#EXT-X-MAP:URI="a.mp4?versionId=1"`,
		prefix + "a.ts?versionId=1",
	} {
		var wrong *LineError
		var query *signer.QueryError
		if err := rewrite("1.ts?size=1", line); !errors.As(err, &wrong) || wrong.Line != 3 || !errors.As(err, &query) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestWhatIsNoPlaylistNeverGetsThePass(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                "",
		"an error page":          "<?xml version=\"1.0\"?>\n<Error/>\n",
		"subtitles":              "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n",
		"a list without its tag": "seg.ts\n",
		"the tag further down":   "\n#EXTM3U\nseg.ts\n",
		"the tag indented":       " #EXTM3U\nseg.ts\n",
		"the tag after a half":   "\xef\xbb#EXTM3U\nseg.ts\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, text, nil)
			if err == nil || !strings.Contains(err.Error(), "line 1: not a playlist") || got != "" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRewriteRefusesWhatItCannotStartWith(t *testing.T) {
	clock := now()
	pass := newPass(t, newKey(t), func() time.Time { return clock })
	rewrite := func(url string, p *signer.Pass, o *Options) error {
		return Rewrite(io.Discard, strings.NewReader("#EXTM3U\n"), url, p, o)
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no pass":                 {rewrite(list, nil, nil), "no pass"},
		"a relative playlist URL": {rewrite("index.m3u8", pass, nil), "the playlist's URL: url: scheme"},
		"a signed playlist URL":   {rewrite(list+"?Expires=1&Signature=a&Key-Pair-Id=b", pass, nil), "not signed yet"},
		"the bucket's own URL":    {rewrite("https://b.s3.eu-west-1.amazonaws.com/index.m3u8", pass, nil), "S3"},
		"a bound below zero":      {rewrite(list, pass, &Options{MaxLine: -1}), "MaxLine is -1"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, test.err, test.want)
		}
	}
	clock = pass.Expires()
	if err := rewrite(list, pass, nil); !errors.Is(err, signer.ErrExpired) {
		t.Errorf("an expired pass: got %v", err)
	}
}

func TestAPlaylistBesideThePrefixMaySegmentBelowIt(t *testing.T) {
	pass := newPass(t, newKey(t), now)
	for _, url := range []string{"https://app.example.com/lists/7.m3u8", site + "/other/7.m3u8", "http://127.0.0.1:8080/7.m3u8"} {
		var b strings.Builder
		err := Rewrite(&b, strings.NewReader("#EXTM3U\nseg.ts\n"+prefix+"seg.ts\n"), url, pass, nil)
		if want := "#EXTM3U\nseg.ts\nSIGNED(" + prefix + "seg.ts)\n"; err != nil || mark(b.String(), pass) != want {
			t.Errorf("%s: got %q, %v", url, mark(b.String(), pass), err)
		}
	}
}

func TestSlowReadersAndFailingEndsAreNoticed(t *testing.T) {
	pass := newPass(t, newKey(t), now)
	playlist := segments(50)
	var whole, slow bytes.Buffer
	if err := Rewrite(&whole, strings.NewReader(playlist), list, pass, nil); err != nil {
		t.Fatal(err)
	}
	if err := Rewrite(&slow, iotest.OneByteReader(strings.NewReader(playlist)), list, pass, nil); err != nil || slow.String() != whole.String() {
		t.Errorf("read byte for byte it differs, %v", err)
	}
	broken := errors.New("connection lost")
	if err := Rewrite(io.Discard, io.MultiReader(strings.NewReader("#EXTM3U\nseg"), iotest.ErrReader(broken)), list, pass, nil); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: got %v", err)
	}
	if err := Rewrite(brokenWriter{broken}, strings.NewReader(segments(1000)), list, pass, nil); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: got %v", err)
	}
	if err := Rewrite(brokenWriter{broken}, strings.NewReader("#EXTM3U\n"), list, pass, nil); !errors.Is(err, broken) {
		t.Errorf("a writer that fails at the end: got %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestMemoryDoesNotGrowWithThePlaylist(t *testing.T) {
	pass := newPass(t, newKey(t), now)
	allocations := func(n int) float64 {
		playlist := segments(n)
		return testing.AllocsPerRun(5, func() {
			if err := Rewrite(io.Discard, strings.NewReader(playlist), list, pass, nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(10), allocations(10000); many > few+10 {
		t.Errorf("%v allocations for 10 segments, %v for 10,000", few, many)
	}
}

func TestOneSegmentAfterAVariantIsASegmentAgain(t *testing.T) {
	got, err := rewritten(t, "#EXTM3U\n#EXT-X-STREAM-INF:B=1\nhttps://x.example/v.m3u8\ns.ts\n", nil)
	if want := "#EXTM3U\n#EXT-X-STREAM-INF:B=1\nhttps://x.example/v.m3u8\nSIGNED(" + prefix + "720p/s.ts)\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// segments returns a media playlist with n segments.
func segments(n int) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n")
	for i := range n {
		fmt.Fprintf(&b, "#EXTINF:6.006000,\nsegment_%05d.ts\n", i)
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}
