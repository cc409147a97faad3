package hls

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// refuses checks that a playlist is refused at a line, and that nothing of it was
// written.
func refuses(t *testing.T, playlist string, o *Options, line int, want string) {
	t.Helper()
	got, err := rewritten(t, playlist, o)
	var lineErr *LineError
	if !errors.As(err, &lineErr) || lineErr.Line != line || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error of line %d with %q in it", err, line, want)
	}
	if got != "" {
		t.Errorf("%q was written", got)
	}
}

func stays(t *testing.T, playlist string, o *Options) {
	t.Helper()
	if got, err := rewritten(t, playlist, o); err != nil || got != playlist {
		t.Errorf("got %q, %v\nwant %q", got, err, playlist)
	}
}

// In each line the last # that starts no tag is the URI. Below the prefix the line
// is refused; elsewhere it stays unchanged.
func TestALineThatGetsThePassIsStrictlyRFC8216OrRefused(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"a line separator in a quoted value":      {"#EXT-X-KEY:METHOD=AES-128,X=\"\u2028https://evil.example/?\",URI=\"#\"", "byte 29: a separator of lines"},
		"a paragraph separator":                   {"#EXT-X-KEY:X=\"\u2029https://evil.example/?\",URI=\"#\"", "separator of lines"},
		"a next line character":                   {"#EXT-X-KEY:X=\"\u0085https://evil.example/?\",URI=\"#\"", "control character"},
		"a carriage return":                       {"#EXT-X-KEY:X=\"\rhttps://evil.example/?\",URI=\"#\"", "control character"},
		"a vertical tab":                          {"#EXT-X-KEY:X=\"\vhttps://evil.example/?\",URI=\"#\"", "control character"},
		"a form feed":                             {"#EXT-X-KEY:X=\"\f\",URI=\"#\"", "control character"},
		"a tab in a quoted value":                 {"#EXT-X-KEY:X=\"\t\",URI=\"#\"", "control character"},
		"a null byte":                             {"#EXT-X-KEY:X=\"\x00\",URI=\"#\"", "control character"},
		"a delete character":                      {"#EXT-X-KEY:X=\"\x7f\",URI=\"#\"", "control character"},
		"an escape after the URI":                 {"#EXT-X-KEY:URI=\"#\",X=\"\x1b\"", "control character"},
		"a byte order mark in a value":            {"#EXT-X-KEY:X=\"\ufeff\",URI=\"#\"", "byte order mark"},
		"bytes that are not UTF-8":                {"#EXT-X-KEY:X=\"\xc0\",URI=\"#\"", "not UTF-8"},
		"half of a character":                     {"#EXT-X-KEY:URI=\"#\",X=\"\xe2\x80\"", "not UTF-8"},
		"text after a closing quote":              {`#EXT-X-MAP:X="https://evil.example/?"b,URI="#"`, "byte 37: text after a closing quotation mark"},
		"text after the URI's quote":              {`#EXT-X-MAP:URI="#"b`, "text after a closing quotation mark"},
		"a quote after a closing quote":           {`#EXT-X-MAP:X="https://evil.example/?"",URI="#"`, "text after a closing quotation mark"},
		"a space after a closing quote":           {`#EXT-X-MAP:X="a" ,URI="#"`, "text after a closing quotation mark"},
		"an attribute twice":                      {`#EXT-X-KEY:URI="#",URI="https://evil.example/"`, "an attribute that occurs twice"},
		"another attribute twice":                 {`#EXT-X-KEY:X=1,URI="#",X=2`, "twice"},
		"an attribute in small letters":           {`#EXT-X-KEY:method=NONE,URI="#"`, "byte 11: not the name of an attribute"},
		"a name with a space":                     {`#EXT-X-KEY:METHOD=NONE, URI="#"`, "not the name of an attribute"},
		"a name with a no-break space":            {"#EXT-X-KEY:X=1,\u00a0Y=1,URI=\"#\"", "not the name of an attribute"},
		"a name with a quote":                     {`#EXT-X-KEY:"A"=1,URI="#"`, "not the name of an attribute"},
		"no name":                                 {`#EXT-X-KEY:=1,URI="#"`, "not the name of an attribute"},
		"a value alone":                           {`#EXT-X-MAP:FLAG,URI="#"`, "not the name of an attribute"},
		"an attribute without a value":            {`#EXT-X-MAP:X=,URI="#"`, "without a value"},
		"two commas":                              {`#EXT-X-MAP:X=1,,URI="#"`, "not the name of an attribute"},
		"a comma at the end":                      {`#EXT-X-MAP:URI="#",`, "not the name of an attribute"},
		"a comma at the start":                    {`#EXT-X-MAP:,URI="#"`, "not the name of an attribute"},
		"a space in a value":                      {`#EXT-X-MAP:X=a b,URI="#"`, "a character that a value cannot have"},
		"a quote inside a value":                  {`#EXT-X-MAP:X=a"b",URI="#"`, "a character that a value cannot have"},
		"a space before a quote":                  {`#EXT-X-MAP:X= "a",URI="#"`, "a character that a value cannot have"},
		"a letter outside ASCII without quotes":   {`#EXT-X-MAP:X=é,URI="#"`, "a character that a value cannot have"},
		"a quote that is not closed":              {`#EXT-X-MAP:URI="#",X="a`, "a quotation mark without its second one"},
		"a URI without quotes":                    {`#EXT-X-MAP:URI=#,X=1`, "quotation marks"},
		"another tag in a value":                  {`#EXT-X-KEY:X="#EXT-X-DATERANGE:VALUE=",URI="#"`, "the start of another tag"},
		"another tag that is not known":           {`#EXT-X-KEY:URI="#",X="#EXTM3U"`, "the start of another tag"},
		"a space before the tag":                  {` #EXT-X-MAP:URI="#"`, "white space"},
		"a tab before the tag":                    {"\t#EXT-X-MAP:URI=\"#\"", "white space"},
		"a carriage return before the tag":        {"\r#EXT-X-MAP:URI=\"#\"", "white space"},
		"a space after the tag":                   {`#EXT-X-MAP:URI="#" `, "white space"},
		"a space before a URI":                    {" #", "white space"},
		"a tab before a URI":                      {"\t#", "white space"},
		"a space after a URI":                     {"# ", "white space"},
		"two carriage returns after a URI":        {"#\r\r", "white space"},
		"white space in the list":                 {`#EXT-X-KEY: METHOD=NONE,URI="#"`, "not the name of an attribute"},
		"white space around the URI's equal sign": {`#EXT-X-KEY:URI = "#"`, "not the name of an attribute"},
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.LastIndex(strings.ReplaceAll(test.line, "#EXT", "----"), "#")
			with := func(uri string) string { return "#EXTM3U\n" + test.line[:at] + uri + test.line[at+1:] + "\r\n" }
			refuses(t, with("k.bin"), nil, 2, test.want)
			refuses(t, with(prefix+"k.bin"), nil, 2, test.want)
			stays(t, with("https://licence.example/k?a=1"), nil)
			stays(t, with("skd://k"), nil)
		})
	}
}

// Such a playlist is one line to Rewrite, and many to a player: nothing would be
// signed.
func TestAPlaylistWhoseLinesEndInCarriageReturnsAloneIsRefused(t *testing.T) {
	refuses(t, "#EXTM3U\r#EXTINF:6,\rs.ts\r", nil, 1, "write LF or CR LF")
	refuses(t, "#EXTM3U\r", nil, 1, "write LF or CR LF")
	refuses(t, "\ufeff#EXTM3U\r#EXTINF:6,\ns.ts\n", nil, 1, "write LF or CR LF")
}

func TestAnUnusualLineThatRFC8216AllowsGetsThePass(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"characters outside ASCII":       {`#EXT-X-KEY:KEYFORMAT="día 日本語 🎞",URI="k"`, `#EXT-X-KEY:KEYFORMAT="día 日本語 🎞",URI="SIGNED(` + prefix + `720p/k)"`},
		"spaces and equal signs":         {`#EXT-X-KEY:KEYFORMAT="a = b , URI=x",URI="k"`, `#EXT-X-KEY:KEYFORMAT="a = b , URI=x",URI="SIGNED(` + prefix + `720p/k)"`},
		"an empty quoted value":          {`#EXT-X-KEY:KEYFORMAT="",URI="k"`, `#EXT-X-KEY:KEYFORMAT="",URI="SIGNED(` + prefix + `720p/k)"`},
		"numbers, names and resolutions": {`#EXT-X-PART:X-A=-1.5,X-B=1920x1080,X-C=0xAF,X-D=SAMPLE-AES,URI="k"`, `#EXT-X-PART:X-A=-1.5,X-B=1920x1080,X-C=0xAF,X-D=SAMPLE-AES,URI="SIGNED(` + prefix + `720p/k)"`},
		"a number sign":                  {`#EXT-X-SESSION-DATA:DATA-ID="#1",URI="k"`, `#EXT-X-SESSION-DATA:DATA-ID="#1",URI="SIGNED(` + prefix + `720p/k)"`},
		"a variable in another value":    {`#EXT-X-KEY:KEYFORMAT="{$f}",URI="k"`, `#EXT-X-KEY:KEYFORMAT="{$f}",URI="SIGNED(` + prefix + `720p/k)"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rewritten(t, "#EXTM3U\n"+test.line+"\r\n", nil)
			if want := "#EXTM3U\n" + test.want + "\r\n"; err != nil || got != want {
				t.Errorf("got %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

func TestAFullURLIsSignedAsItStandsOrRefused(t *testing.T) {
	for _, url := range []string{
		site + "/x/../movies/./7/seg.ts", prefix + "a/../seg.ts", prefix + "./seg.ts", prefix + "a/..", prefix + ".",
	} {
		refuses(t, "#EXTM3U\n"+url+"\n", nil, 2, "dot segments")
		refuses(t, "#EXTM3U\n#EXT-X-MAP:URI=\""+url+"\"\n", nil, 2, "dot segments")
	}
	stays(t, "#EXTM3U\n"+prefix+"../8/seg.ts\n", nil)
}

func TestNoURIThatPlayersResolveDifferentlyGetsThePass(t *testing.T) {
	wide := func(Reference) (string, error) { return "", nil }
	for _, uri := range []string{
		"https:evil.example/x", "HTTPS:evil.example/x", "https:/evil.example/x", "https:", "http:evil.example", "https:///evil.example/x",
		"https:\\\\evil.example/x", "//evil.example/x", "///evil.example/x", "////evil.example/x", "//evil.example\\@d111111abcdef8.cloudfront.net/movies/7/x",
		"https://d111111abcdef8.cloudfront.net@evil.example/movies/7/x", "https://u:p@d111111abcdef8.cloudfront.net/movies/7/x",
		"https://evil.example\\@d111111abcdef8.cloudfront.net/movies/7/x", "https://d111111abcdef8.cloudfront.net\\.evil.example/movies/7/x",
		"https://d111111abcdef8.cloudfront.net.evil.example/movies/7/x", "//d111111abcdef8.cloudfront.net:x@evil.example/movies/7/x",
		"//u@d111111abcdef8.cloudfront.net/movies/7/x", "/\t/evil.example/x", "/\\evil.example/x", "javascript:x", "blob:" + prefix + "x",
	} {
		stays(t, "#EXTM3U\n"+uri+"\n#EXT-X-MAP:URI=\""+uri+"\"\n", &Options{Playlist: wide})
	}
	for _, uri := range []string{
		`\\evil.example/x`, `\/evil.example/x`, "a\t/evil.example/x", "\ufeffhttps://evil.example/x", "\u00a0https://evil.example/x",
		"\vhttps://evil.example/x", "\u2028//evil.example/x", "a\rhttps://evil.example/x", "\x00//evil.example/x", " \\\\evil.example/x",
		"HTTPS://d111111abcdef8.cloudfront.net/movies/7/x", "https://D111111abcdef8.cloudfront.net/movies/7/x",
	} {
		playlist := "#EXTM3U\n#EXT-X-MAP:URI=\"" + uri + "\"\n"
		if got, err := rewritten(t, playlist, nil); err == nil || got != "" {
			t.Errorf("%q: got %q, %v", uri, got, err)
		}
		if got, err := rewritten(t, "#EXTM3U\n"+uri+"\n", nil); err == nil || got != "" {
			t.Errorf("%q: got %q, %v", uri, got, err)
		}
	}
}

func TestADefinitionOfAVariableIsStrictOrRefused(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"no name":                        {`VALUE="a"`, "NAME and VALUE, or IMPORT, or QUERYPARAM"},
		"no value":                       {`NAME="a"`, "NAME and VALUE"},
		"nothing that is known":          {`X="a"`, "NAME and VALUE"},
		"two kinds":                      {`NAME="a",VALUE="b",IMPORT="c"`, "only one of these"},
		"two other kinds":                {`IMPORT="a",QUERYPARAM="b"`, "only one of these"},
		"an import with a value":         {`IMPORT="a",VALUE="b"`, "only one of these"},
		"a parameter with a value":       {`QUERYPARAM="a",VALUE="b"`, "only one of these"},
		"a name without quotes":          {`NAME=a,VALUE="b"`, "quotation marks"},
		"a value without quotes":         {`NAME="a",VALUE=b`, "quotation marks"},
		"a parameter without quotes":     {`QUERYPARAM=Policy`, "quotation marks"},
		"an empty name":                  {`NAME="",VALUE="b"`, "letters, digits, - and _"},
		"a name that is none":            {`NAME="a b",VALUE="b"`, "letters, digits, - and _"},
		"a name outside ASCII":           {`NAME="š",VALUE="b"`, "letters, digits, - and _"},
		"a name from a variable":         {`QUERYPARAM="{$p}icy"`, "letters, digits, - and _"},
		"a name twice":                   {`NAME="a",NAME="b",VALUE="c"`, "twice"},
		"text after a quote":             {`NAME="a"b,VALUE="c"`, "text after a closing quotation mark"},
		"a space":                        {`NAME="a", VALUE="c"`, "not the name of an attribute"},
		"a line separator":               {"NAME=\"a\",VALUE=\"\u2028\"", "separator of lines"},
		"a tag in a value":               {`NAME="a",VALUE="#EXT-X-KEY:"`, "the start of another tag"},
		"nothing at all":                 {``, "not the name of an attribute"},
		"the pass's policy":              {`QUERYPARAM="Policy"`, "a part of the pass"},
		"the pass's signature":           {`QUERYPARAM="Signature"`, "a part of the pass"},
		"the pass's key":                 {`QUERYPARAM="Key-Pair-Id"`, "a part of the pass"},
		"a policy that is imported":      {`IMPORT="Policy"`, "a part of the pass"},
		"a signature with another value": {`QUERYPARAM="Signature",X="1"`, "a part of the pass"},
		"space after it":                 {`NAME="a",VALUE="c" `, "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, "#EXTM3U\n#EXT-X-DEFINE:"+test.line+"\n", &Options{Variables: map[string]string{"Policy": "x"}}, 2, test.want)
		})
	}
	refuses(t, "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"1\"\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"1\"\n", nil, 3, "defined twice")
	refuses(t, "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"a\"\n#EXT-X-DEFINE:QUERYPARAM=\"a\"\n", nil, 3, "defined twice")
	stays(t, "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXT-X-DEFINE:NAME=\"Policy\",VALUE=\"x\",X=1\n", nil)
}

func TestAVariableWhoseValueIsAPartOfThePassIsRefused(t *testing.T) {
	pass := newPass(t, newKey(t), now)
	signed, err := pass.URL(prefix)
	if err != nil {
		t.Fatal(err)
	}
	_, params, _ := strings.Cut(signed, "?")
	for param := range strings.SplitSeq(params, "&") {
		name, value, _ := strings.Cut(param, "=")
		for _, value := range []string{value, "x" + value + "y", params} {
			if len(value) < 12 {
				continue // the name of a hash
			}
			playlist := "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\nhttps://evil.example/{$token}\n"
			err := Rewrite(io.Discard, strings.NewReader(playlist), list, pass, &Options{Variables: map[string]string{"token": value}})
			if err == nil || !strings.Contains(err.Error(), "a part of the pass") || strings.Contains(err.Error(), value) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestAnEscapedVariableGetsNoPass(t *testing.T) {
	refuses(t, "#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"/../x\"\n%7B$v%7D.ts\n", nil, 3, "write %24 for the $")
	refuses(t, "#EXTM3U\n#EXT-X-MAP:URI=\"%7B$v%7D\"\n", nil, 2, "write %24 for the $")
	stays(t, "#EXTM3U\nhttps://ads.example/%7B$v%7D.ts\n", nil)
	if _, err := rewritten(t, "#EXTM3U\n%7B%24v%7D.ts\n", nil); err != nil {
		t.Error(err)
	}
}

// hls.js finds tags inside lines, and Shaka Player in lines with any first
// character.
func TestADefinitionInsideALineIsRefused(t *testing.T) {
	for _, line := range []string{
		`##EXT-X-DEFINE:QUERYPARAM="Policy"`, ` #EXT-X-DEFINE:QUERYPARAM="Policy"`, `/EXT-X-DEFINE:QUERYPARAM="Policy"`,
		"#x\r#EXT-X-DEFINE:QUERYPARAM=\"Policy\"", "#EXTINF:6,\u2028#EXT-X-DEFINE:QUERYPARAM=\"Policy\"",
		`#EXT-X-VENDOR:X="#EXT-X-DEFINE:QUERYPARAM=Policy"`, `https://evil.example/#EXT-X-DEFINE:QUERYPARAM="Policy"`,
		`#EXT-X-DEFINE:NAME="a",VALUE="#EXT-X-DEFINE:QUERYPARAM=Policy"`, `EXT-X-DEFINE:QUERYPARAM="Policy"`,
	} {
		if got, err := rewritten(t, "#EXTM3U\n"+line+"\n", nil); err == nil || got != "" {
			t.Errorf("%q: got %q, %v", line, got, err)
		}
		if got, err := rewritten(t, "#EXTM3U "+line+"\n", nil); err == nil || got != "" {
			t.Errorf("%q in the first line: got %q, %v", line, got, err)
		}
	}
}

func TestASignedPlaylistURLAndContentSteeringExcludeEachOther(t *testing.T) {
	signed := &Options{Playlist: func(r Reference) (string, error) { return r.URL + "?Policy=p&Signature=s&Key-Pair-Id=k", nil }}
	const variant, steering = "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n", "#EXT-X-CONTENT-STEERING:SERVER-URI=\"https://evil.example/s\"\n"
	refuses(t, "#EXTM3U\n"+variant+steering, signed, 4, "EXT-X-CONTENT-STEERING in line 4")
	refuses(t, "#EXTM3U\n"+steering+variant, signed, 4, "signed URL of line 4")
	refuses(t, "#EXTM3U\n#x "+steering+variant, signed, 4, "EXT-X-CONTENT-STEERING in line 2")
	if _, err := rewritten(t, "#EXTM3U\n"+variant, signed); err != nil {
		t.Error(err)
	}
	plain := &Options{Playlist: func(Reference) (string, error) { return "/app/v.m3u8?t=1", nil }}
	if _, err := rewritten(t, "#EXTM3U\n"+variant+steering, plain); err != nil {
		t.Error(err)
	}
}

func TestAURIFromOptionsPlaylistHasOneMeaningToEveryPlayer(t *testing.T) {
	for uri, want := range map[string]string{
		"//evil.example/v.m3u8": "two slashes", "///evil.example/v.m3u8": "two slashes", `\\evil.example`: "escape it", `/\evil.example`: "escape it",
		"https:evil.example/v": "without a host", "https:///evil.example": "without a host", "HTTPS://app.example/v": "capitals", "https://": "without a host",
		"https://u@app.example/v": "user name", "/a b": "escape it", "/a\tb": "escape it", "/a|b": "escape it", "/día": "escape it", "/a\u2028b": "escape it", "/<a>": "escape it", "/%7B$v%7D/x": "write %24 for the $",
	} {
		o := &Options{Playlist: func(Reference) (string, error) { return uri, nil }}
		refuses(t, "#EXTM3U\n#EXT-X-MEDIA:URI=\"a.m3u8\"\n", o, 2, want)
		refuses(t, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", o, 3, want)
	}
	for _, uri := range []string{"/a", "/%7B%24v%7D", "a/b.m3u8?x=1&y=%20#z", "../a", "https://app.example:8443/a", "http://[::1]/a", "app-scheme://a", "?a", "a;b,c@d"} {
		o := &Options{Playlist: func(Reference) (string, error) { return uri, nil }}
		got, err := rewritten(t, "#EXTM3U\n#EXT-X-MEDIA:URI=\"a.m3u8\"\n", o)
		if want := "#EXTM3U\n#EXT-X-MEDIA:URI=\"" + uri + "\"\n"; err != nil || got != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
	// A line that Options.Playlist changes must be as strict as one that gets the
	// pass.
	app := &Options{Playlist: func(Reference) (string, error) { return "/app", nil }}
	refuses(t, "#EXTM3U\n#EXT-X-MEDIA:NAME=\"a\"b,URI=\"a.m3u8\"\n", app, 2, "closing quotation mark")
	refuses(t, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n a.m3u8\n", app, 3, "white space")
}

func TestTheVariablesOfAPlaylistHaveABudget(t *testing.T) {
	define := func(value string) string { return "#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"" + value + "\"\n" }
	long := strings.Repeat("a", 60_000)
	for name, test := range map[string]struct{ value, line, want string }{
		"one value longer than a URL":             {long, "{$v}\n", "line 3: with its variables replaced it is longer than 8192 bytes"},
		"values that are longer together":         {long[:5000], "{$v}{$v}\n", "line 3: with its variables replaced it is longer than 8192 bytes"},
		"many long URIs below the prefix":         {long[:7000], "{$v}\n", "the variables of the playlist make its URIs longer than"},
		"many long URIs on the same host":         {"/x/" + long[:7000], "{$v}\n", "the variables of the playlist make its URIs longer than"},
		"many long URIs on other hosts":           {"https://evil.example/" + long, "{$v}\n", "the variables of the playlist make its URIs longer than"},
		"many long attributes":                    {"https://evil.example/" + long, "#EXT-X-MAP:URI=\"{$v}\"\n", "the variables of the playlist make its URIs longer than"},
		"many long references to other playlists": {"https://evil.example/" + long[:7000], "#EXT-X-MEDIA:URI=\"{$v}\"\n", "the variables of the playlist make its URIs longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			playlist := define(test.value) + strings.Repeat(test.line, 20_000)
			pass := newPass(t, newKey(t), now)
			var n counter
			err := Rewrite(&n, strings.NewReader(playlist), list, pass, nil)
			var lineErr *LineError
			if !errors.As(err, &lineErr) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if most := 8 << 20; int(n) > most {
				t.Errorf("%d bytes written, want at most %d", n, most)
			}
		})
	}
	t.Run("a token in each URI of a long film is within it", func(t *testing.T) {
		playlist := define(long[:700]) + strings.Repeat("#EXTINF:2,\nseg12345.ts?token={$v}\n", 20_000)
		if err := Rewrite(io.Discard, strings.NewReader(playlist), list, newPass(t, newKey(t), now), nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("what leads elsewhere before its first variable costs nothing of it", func(t *testing.T) {
		stays(t, define(long)+strings.Repeat("https://ads.example/{$v}\n", 20_000), nil)
	})
	t.Run("MaxLine raises it", func(t *testing.T) {
		playlist := define(long[:7000]) + strings.Repeat("{$v}\n", 400)
		if err := Rewrite(io.Discard, strings.NewReader(playlist), list, newPass(t, newKey(t), now), nil); err == nil {
			t.Error("no error by default")
		}
		if err := Rewrite(io.Discard, strings.NewReader(playlist), list, newPass(t, newKey(t), now), &Options{MaxLine: 1 << 20}); err != nil {
			t.Error(err)
		}
	})
}

func TestExpandingStopsAtItsLimit(t *testing.T) {
	rw := &rewriter{maxLine: 1000, variables: map[string]variable{"v": {strings.Repeat("a", 600), true}, "none": {"", true}}}
	for text, want := range map[string]int{
		"{$v}" + strings.Repeat("b", 400):       1000,
		"{$v}" + strings.Repeat("b", 401):       -1,
		strings.Repeat("{$v}", 10_000):          -1,
		strings.Repeat("{$none}", 10_000) + "b": 1,
		strings.Repeat("b", 1001) + "{$none}":   -1,
	} {
		got, err := rw.expand(text, 1000)
		if (err == nil) != (want >= 0) || len(got) > 1001 || err == nil && len(got) != want {
			t.Errorf("%.20q of %d bytes: got %d bytes, %v", text, len(text), len(got), err)
		}
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

func TestTheZeroValueOfEachOptionIsItsDefault(t *testing.T) {
	for name, test := range map[string]struct {
		o              *Options
		playlist, want string // want is in the error; empty means no error
	}{
		"no options, media":                     {nil, "#EXTM3U\ns.ts\n", ""},
		"no options, a playlist of ours":        {nil, "#EXTM3U\n#EXT-X-MEDIA:URI=\"a.m3u8\"\n", "set Options.Playlist"},
		"no options, a variable from elsewhere": {nil, "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"v\"\n{$v}\n", "has no value"},
		"Playlist":                              {&Options{}, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n", "set Options.Playlist"},
		"Variables":                             {&Options{}, "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"v\"\n{$v}\n", "has no value"},
		"an empty variable":                     {&Options{Variables: map[string]string{"v": ""}}, "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"v\"\n{$v}a\n", ""},
		"MaxLine, its longest":                  {&Options{}, "#EXTM3U\n#" + strings.Repeat("x", defaultMaxLine-2) + "\n", ""},
		"MaxLine, longer":                       {&Options{}, "#EXTM3U\n#" + strings.Repeat("x", defaultMaxLine-1) + "\n", "longer than 65536 bytes"},
		"a small MaxLine":                       {&Options{MaxLine: 8}, "#EXTM3U\n#1234567\n", "longer than 8 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rewritten(t, test.playlist, test.o)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := Rewrite(io.Discard, strings.NewReader("#EXTM3U\n"), list, new(signer.Pass), nil); err == nil || !strings.Contains(err.Error(), "no pass") {
		t.Errorf("the zero Pass: got %v", err)
	}
}
