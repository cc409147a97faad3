package signer

import (
	"maps"
	"slices"
	"strings"
)

// httpClient is how one HTTP client, or several alike, rewrite the path and query
// of a URL. internal/peers/testdata/spellings.txt records what they send for each
// printable character; a test there compares the two.
type httpClient struct {
	name string

	// escapes are the characters that it escapes, unescapes those whose escapes it
	// decodes: in the path, and in the query.
	escapes, unescapes [2]string

	small     bool // its escapes have lower-case digits
	whole     bool // it leaves a URL that already has an escape unchanged
	capital   bool // it writes the digits of every escape in upper case
	backslash bool // it sends a / for a \ in the path
	oneSlash  bool // it sends one slash for several in the path
	plus      bool // it sends a + for a space in the query
}

const (
	inPathOf = iota
	inQueryOf
)

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var httpClients = []httpClient{
	{name: "Go", escapes: [2]string{" \"<>\\^`{|}", ""}},
	{name: "wget", escapes: [2]string{" \"%<>\\^`{|}", " \"%<>\\^`{|}"}},
	{name: "apt", escapes: [2]string{" +~", " +~"}, small: true, whole: true},
	{name: "Chromium", escapes: [2]string{" \"<>^`{|}", " \"'<>"}, backslash: true},
	{name: "Node.js fetch, axios, got", escapes: [2]string{" \"<>`{}", " \"'<>"}, backslash: true},
	{name: "node-fetch 2", escapes: [2]string{" \"'<>^`{|}", " \"'<>\\^`{|}"}, backslash: true},
	{name: "OkHttp", escapes: [2]string{" \"<>^`{|}", " \"'<>"}, backslash: true},
	{name: "Python httpx", escapes: [2]string{" \"<>`{}", " \"<>"}},
	{
		name:      "Python requests",
		escapes:   [2]string{" \"%<>[\\]^`{|}", " \"%<>[\\]^`{|}"},
		unescapes: [2]string{alphanumeric + "-._~", alphanumeric + "-._~"},
		capital:   true,
	},
	{
		name:      "Python aiohttp",
		escapes:   [2]string{" \"%<>[\\]^`{|}", "\"%<>[\\]^`{|}"},
		unescapes: [2]string{alphanumeric + "-._~!$&'()*,:;=@", alphanumeric + "-._~!$'()*,/:?@"},
		capital:   true,
		plus:      true,
	},
	{name: "Apache HttpClient 4", unescapes: [2]string{alphanumeric + "-._~!$&'()*+,:;=@", ""}, oneSlash: true},
}

// sends returns the path and query that the client sends for target.
func (c *httpClient) sends(target string) string {
	path, _, _ := strings.Cut(target, "?")
	switch {
	case c.whole && strings.Contains(target, "%"):
		return target
	case c.oneSlash && !strings.Contains(path, "//"):
		return target // it rewrites a path only to join slashes
	}
	var b strings.Builder
	place := inPathOf
	for i := 0; i < len(target); i++ {
		switch char := target[i]; {
		case char == '%' && i+2 < len(target) && isHex(target[i+1]) && isHex(target[i+2]):
			decoded, escape := unhex(target[i+1])<<4|unhex(target[i+2]), target[i:i+3]
			switch {
			case strings.IndexByte(c.unescapes[place], decoded) >= 0:
				b.WriteByte(decoded)
			case c.capital:
				b.WriteString(strings.ToUpper(escape))
			default:
				b.WriteString(escape)
			}
			i += 2
		case char == '?' && place == inPathOf:
			place = inQueryOf
			b.WriteByte(char)
		case char == '\\' && place == inPathOf && c.backslash:
			b.WriteByte('/')
		case char == '/' && place == inPathOf && c.oneSlash && i > 0 && target[i-1] == '/':
		case char == ' ' && place == inQueryOf && c.plus:
			b.WriteByte('+')
		case strings.IndexByte(c.escapes[place], char) >= 0:
			escape := string([]byte{'%', upperHex[char>>4], upperHex[char&15]})
			if c.small {
				escape = strings.ToLower(escape)
			}
			b.WriteString(escape)
		default:
			b.WriteByte(char)
		}
	}
	return b.String()
}

// whoSends returns the names of the clients that send arrived for signed.
func whoSends(signed, arrived string) string {
	var names []string
	_, from := cutTarget(signed)
	head, to := cutTarget(arrived)
	if !strings.HasPrefix(signed, head) {
		return ""
	}
	for i := range httpClients {
		if httpClients[i].sends(from) == to {
			names = append(names, httpClients[i].name)
		}
	}
	return strings.Join(names, ", ")
}

// cutTarget splits a URL before its path and query.
func cutTarget(url string) (head, target string) {
	start := strings.Index(url, "://") + len("://")
	if i := strings.IndexAny(url[start:], "/?"); i >= 0 {
		return url[:start+i], url[start+i:]
	}
	return url, ""
}

// change is one character of a path or query that a client may have escaped, or one
// escape that it may have decoded.
type change struct {
	place   int
	char    byte
	escaped bool // the character arrived as an escape
}

// maxChanges is the maximum number of changes to undo in every combination. More
// changes are undone one by one, in pairs, and all together.
const maxChanges = 5

// undone returns the paths and queries that a client may have rewritten into
// target.
func undone(target string) map[string]bool {
	found := map[string]bool{}
	possible := changesIn(target)
	tried := map[string]bool{}
	for i := range httpClients {
		c := &httpClients[i]
		var own []change
		for _, p := range possible {
			set := c.unescapes[p.place]
			if p.escaped {
				set = c.escapes[p.place]
			}
			if strings.IndexByte(set, p.char) >= 0 {
				own = append(own, p)
			}
		}
		if key := string(changeKey(own)); !tried[key] {
			tried[key] = true
			combine(own, func(set []change) { found[undo(target, set)] = true })
		}
	}
	// An encoder that is no client of the table may have made any of the changes.
	if len(possible) > 4*maxChanges {
		possible = possible[:4*maxChanges]
	}
	for i := range possible {
		for j := range i + 1 {
			found[undo(target, []change{possible[i], possible[j]})] = true
		}
	}
	delete(found, target)
	return found
}

func changeKey(set []change) (key []byte) {
	for _, c := range set {
		key = append(key, byte(c.place), c.char)
	}
	return key
}

// combine calls f with each set of changes to undo.
func combine(changes []change, f func(set []change)) {
	if len(changes) <= maxChanges {
		for bits := 1; bits < 1<<len(changes); bits++ {
			var set []change
			for i, c := range changes {
				if bits>>i&1 == 1 {
					set = append(set, c)
				}
			}
			f(set)
		}
		return
	}
	f(changes)
	for i := range changes {
		f(changes[i : i+1])
		for j := range i {
			f([]change{changes[i], changes[j]})
		}
	}
}

// changesIn returns the changes that a client may have made to characters other
// than letters and digits, sorted by character.
func changesIn(target string) []change {
	path, query, _ := strings.Cut(target, "?")
	possible := map[change]bool{}
	for place, text := range []string{path, query} {
		for i := 0; i < len(text); i++ {
			c := text[i]
			escaped := c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])
			if escaped {
				c = unhex(text[i+1])<<4 | unhex(text[i+2])
				i += 2
			}
			if c >= ' ' && c < 0x7f && strings.IndexByte(alphanumeric, c) < 0 {
				possible[change{place, c, escaped}] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(possible), func(a, b change) int {
		return (int(a.char)<<2 | a.place<<1) - (int(b.char)<<2 | b.place<<1)
	})
}

// undo returns target without the changes of set.
func undo(target string, set []change) string {
	path, query, hasQuery := strings.Cut(target, "?")
	parts := [2]string{path, query}
	for place, text := range parts {
		var b strings.Builder
		for i := 0; i < len(text); i++ {
			c, length := text[i], 1
			if c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
				c, length = unhex(text[i+1])<<4|unhex(text[i+2]), 3
			}
			switch {
			case !slices.Contains(set, change{place, c, length == 3}):
				b.WriteString(text[i : i+length])
			case length == 3:
				b.WriteByte(c)
			default:
				b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
			}
			i += length - 1
		}
		parts[place] = b.String()
	}
	if !hasQuery {
		return parts[inPathOf]
	}
	return parts[inPathOf] + "?" + parts[inQueryOf]
}
