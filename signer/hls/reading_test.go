package hls

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// FuzzNoOtherURLHoldsAPartOfThePass reads a rewritten playlist in the most lenient
// ways of players: lines end at each character that ends a line anywhere, tags
// start inside of lines, and attributes are found in two ways. Whatever holds 12
// bytes of the pass must be a URL below the prefix.
func FuzzNoOtherURLHoldsAPartOfThePass(f *testing.F) {
	for _, playlist := range []string{
		segments(2),
		"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,X=\"\u2028https://evil.example/?\",URI=\"k\"\ns.ts\n",
		"#EXTM3U\n#EXT-X-MAP:URI=\"https://evil.example/?\"b,URI=\"i\"\n",
		"#EXTM3U\n#EXT-X-DATERANGE:X-ASSET-URI=\"https://evil.example/?\"b,X-ASSET-LIST=\"l.json\"\n",
		"#EXTM3U\n#EXT-X-KEY:X=\"#EXT-X-DEFINE:NAME=w,VALUE=\",URI=\"k\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://evil.example/{$w}\n",
		"#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\"QUERYPARAM=\"Policy\",VALUE=\"b\"\n#EXT-X-DEFINE:NAME=\"p\",VALUE=\"Pol\"\n",
		"#EXTM3U\n#x\r#EXT-X-DEFINE:QUERYPARAM=\"Policy\"\n/EXT-X-DEFINE:IMPORT=\"Signature\"\n",
		"#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n{$v}{$v}{$v}{$v}\n{$v}/{$v}?{$v}\n",
		"#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"https://evil.example/\"\n#EXT-X-MEDIA:URI=\"a.m3u8\"\n",
		"#EXTM3U\n\\\\evil.example/\n///evil.example\n/\t/evil.example\nhttps:evil.example\nhttps://evil.example\\@d111111abcdef8.cloudfront.net/movies/7/x\n",
	} {
		for mode := range byte(3) {
			f.Add(playlist, mode)
		}
	}
	pass := newPass(f, newKey(f), now)
	signed, err := pass.URL(prefix)
	if err != nil {
		f.Fatal(err)
	}
	tail := signed[len(prefix):]
	secrets := partsOf(tail)
	playlists := []func(Reference) (string, error){
		nil,
		func(Reference) (string, error) { return "", nil },
		func(r Reference) (string, error) {
			if !pass.Covers(r.URL) {
				return "", nil
			}
			return pass.URL(r.URL)
		},
	}

	f.Fuzz(func(t *testing.T, playlist string, mode byte) {
		if secrets.in(playlist) {
			return
		}
		o := &Options{
			Playlist:  playlists[int(mode)%len(playlists)],
			Variables: map[string]string{"Policy": signed, "Signature": signed, "Key-Pair-Id": signed, "token": "x"},
			MaxLine:   1 << 10,
		}
		var b bytes.Buffer
		err := Rewrite(&b, strings.NewReader(playlist), list, pass, o)
		if lineErr := new(LineError); err != nil && !errors.As(err, &lineErr) {
			t.Fatalf("an error without its line: %v", err)
		}
		out := b.String()
		most := len(playlist) + strings.Count(out, tail[1:])*(len(tail)+len(list)) + budgetPerLine*o.MaxLine + budgetPerByte*len(playlist)
		if len(out) > most {
			t.Fatalf("%d bytes became %d, want at most %d", len(playlist), len(out), most)
		}
		for _, text := range readings(out) {
			if secrets.in(text) && !strings.HasPrefix(text, prefix) {
				t.Fatalf("%q holds a part of the pass in %q, which was %q", text, out, playlist)
			}
		}
		for _, name := range []string{"Policy", "Signature", "Key-Pair-Id"} {
			if slices.Contains(definitions(out), name) {
				t.Fatalf("%q defines the variable %s", out, name)
			}
		}
		if err != nil || !strings.Contains(out, tail[1:]) {
			return
		}
		// The second rewriting refuses what the first one signed.
		b.Reset()
		if err := Rewrite(&b, strings.NewReader(out), list, pass, &Options{Playlist: playlists[1], Variables: o.Variables}); err == nil {
			t.Fatalf("%q was rewritten again to %q", out, b.String())
		}
	})
}

// parts are all substrings of 12 bytes of the values of a pass's parameters.
type parts map[string]bool

func partsOf(tail string) parts {
	p := parts{}
	for param := range strings.SplitSeq(tail[1:], "&") {
		_, value, _ := strings.Cut(param, "=")
		for i := 0; i+12 <= len(value); i++ {
			p[value[i:i+12]] = true
		}
	}
	return p
}

func (p parts) in(text string) bool {
	for i := 0; i+12 <= len(text); i++ {
		if p[text[i:i+12]] {
			return true
		}
	}
	return false
}

var (
	lineEnds = regexp.MustCompile("[\n\r\v\f\u0085\u2028\u2029]")
	anyTag   = regexp.MustCompile(`(?:#|^.)EXT-X-[A-Z0-9-]*:`)
	// How hls.js finds attributes: https://github.com/video-dev/hls.js, src/utils/attr-list.ts
	lazyAttributes = regexp.MustCompile(`(.+?)=(".*?"|.*?)(?:,|$)`)
	// How Shaka Player does: lib/hls/manifest_text_parser.js
	greedyAttributes = regexp.MustCompile(`,? *([^=]*)=(?:"([^"]*)(?:"|$)|([^,]*))`)
)

// attributeLists returns what may be an attribute list in a playlist, with its tag.
func attributeLists(playlist string) (tags, lists []string) {
	for _, ends := range []*regexp.Regexp{regexp.MustCompile("\n"), lineEnds} {
		for _, line := range ends.Split(playlist, -1) {
			for _, at := range anyTag.FindAllStringIndex(line, -1) {
				_, tag, _ := strings.Cut(line[at[0]:at[1]], "EXT-X-")
				tags, lists = append(tags, tag), append(lists, line[at[1]:])
			}
		}
	}
	return tags, lists
}

// readings returns the URI lines and the attribute values.
func readings(playlist string) (found []string) {
	for _, line := range lineEnds.Split(playlist, -1) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	_, lists := attributeLists(playlist)
	for _, list := range lists {
		for _, m := range lazyAttributes.FindAllStringSubmatch(list, -1) {
			found = append(found, strings.Trim(m[2], `"`))
		}
		for _, m := range greedyAttributes.FindAllStringSubmatch(list, -1) {
			found = append(found, m[2], m[3])
		}
	}
	return found
}

// definitions returns the names of the variables that a playlist takes from
// elsewhere, including names composed of variables.
func definitions(playlist string) (names []string) {
	tags, lists := attributeLists(playlist)
	for i, list := range lists {
		if tags[i] != "DEFINE:" {
			continue
		}
		for _, m := range append(lazyAttributes.FindAllStringSubmatch(list, -1), greedyAttributes.FindAllStringSubmatch(list, -1)...) {
			if name := strings.TrimSpace(m[1]); name == "QUERYPARAM" || name == "IMPORT" {
				value := strings.Trim(strings.Join(m[2:], ""), `"`)
				if strings.Contains(value, "{$") {
					value = "Policy"
				}
				names = append(names, value)
			}
		}
	}
	return names
}

func TestNoErrorShowsAKey(t *testing.T) {
	key := "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4ypbHqGC0HtUsWmeThisIsNoRealKeyAtAll0123456789ABCDEFGHabcdefgh"
	pem := "-----BEGIN PRIVATE KEY-----\n" + key[:64] + "\n" + key[64:128] + "\n-----END PRIVATE KEY-----\n"
	spellings := map[string]string{
		"PEM": pem, "PEM on one line": strings.ReplaceAll(pem, "\n", " "), "PEM with literal line breaks": strings.ReplaceAll(pem, "\n", `\n`),
		"base64": key, "a line of base64": key[:64], "a third of it": key[40:80], "quoted": `"` + pem + `"`,
	}
	secrets := parts{}
	for i := 0; i+12 <= len(key); i++ {
		secrets[key[i:i+12]] = true
	}
	pass := newPass(t, newKey(t), now)
	playlist := func(text string) Options {
		return Options{Playlist: func(Reference) (string, error) { return text, nil }}
	}
	for name, key := range spellings {
		for where, call := range map[string]struct {
			playlist, url string
			o             Options
		}{
			"the playlist":            {key, list, Options{}},
			"a line":                  {"#EXTM3U\n" + key, list, Options{}},
			"a tag":                   {"#EXTM3U\n#EXT-X-" + key + ":URI=\"a\"\n", list, Options{}},
			"a quoted attribute":      {"#EXTM3U\n#EXT-X-KEY:URI=\"" + key + "\"\n", list, Options{}},
			"an attribute":            {"#EXTM3U\n#EXT-X-KEY:URI=" + key + "\n", list, Options{}},
			"the name of one":         {"#EXTM3U\n#EXT-X-KEY:" + key + "=1,URI=\"a\"\n", list, Options{}},
			"another one":             {"#EXTM3U\n#EXT-X-KEY:X=\"" + key + ",URI=\"a\"\n", list, Options{}},
			"a variable":              {"#EXTM3U\n{$" + key + "}\n", list, Options{}},
			"a variable that is none": {"#EXTM3U\n{$" + key + "\n", list, Options{}},
			"a definition":            {"#EXTM3U\n#EXT-X-DEFINE:NAME=\"" + key + "\",VALUE=\"a\"\n", list, Options{}},
			"a definition twice":      {"#EXTM3U\n" + strings.Repeat("#EXT-X-DEFINE:NAME=\""+key+"\",VALUE=\"a\"\n", 2), list, Options{}},
			"the value of one":        {"#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"{$" + key + "}\"\n", list, Options{}},
			"an import":               {"#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"" + key + "\"\n{$" + key + "}\n", list, Options{}},
			"a parameter":             {"#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=" + key + "\n", list, Options{}},
			"the URL":                 {segments(1), key, Options{}},
			"the host of the URL":     {segments(1), "https://" + key + "/", Options{}},
			"the path of the URL":     {segments(1), site + "/" + key + "/%/", Options{}},
			"the query of the URL":    {segments(1), site + "/?" + key + "%", Options{}},
			"a variable's value":      {"#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"v\"\n{$v}%\n", list, Options{Variables: map[string]string{"v": key}}},
			"a variable's host":       {"#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"v\"\nhttps://{$v}/%{$w}\n", list, Options{Variables: map[string]string{"v": key}}},
			"what a function returns": {"#EXTM3U\n#EXT-X-MEDIA:URI=\"a\"\n", list, playlist(key)},
			"and at its start":        {"#EXTM3U\n#EXT-X-MEDIA:URI=\"a\"\n", list, playlist("https://" + key)},
		} {
			var b bytes.Buffer
			if err := Rewrite(&b, strings.NewReader(call.playlist), call.url, pass, &call.o); err != nil && secrets.in(err.Error()) {
				t.Errorf("%s as %s: %v", name, where, err)
			}
		}
	}
	if _, err := (&rewriter{}).expand("{$"+key+"}", 100); err == nil || !strings.Contains(err.Error(), signer.Describe("{$"+key+"}", signer.FormWord)) {
		t.Errorf("got %v", err)
	}
}
