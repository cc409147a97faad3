package signer

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Explain decides as Verify does, and then looks for the usual causes of a refusal.
// If the signature does not match, it tries the other keys, the other hash, and
// URLs that a client may have rewritten, and names such clients. If the URL was
// damaged when it was copied, it says how. It may verify some hundred signatures:
// use it for people and logs, not on every request of strangers.
func Explain(r Request, keys map[string]*PublicKey) Verdict {
	v, s := verify(r, keys)
	switch v.Reason {
	case "", ReasonTooLong, ReasonExpired, ReasonNotYetValid, ReasonAddress, ReasonSHA1InFIPS:
		return v
	}
	if d := findDamage(r.URL); d != nil {
		mended := r
		mended.URL = d.mended
		found, _ := verify(mended, keys)
		fits := found.Allowed || found.Reason == ReasonExpired || found.Reason == ReasonNotYetValid || found.Reason == ReasonAddress
		// A mended URL that is refused for the same reason was not refused for the damage.
		if fits || d.mended == r.URL || found.Reason != v.Reason || found.KeyPairID != v.KeyPairID {
			v.Reason, v.Detail = d.reason, d.detail
			if d.mended != r.URL {
				v.Difference = &Difference{d.mended, r.URL, commonPrefix(d.mended, r.URL)}
			}
			switch {
			case found.Allowed:
				v.Detail += "; as it was signed it is allowed"
			case fits:
				v.Detail += "; as it was signed it is denied too: " + found.Detail
			}
			return v
		}
	}
	if v.Reason != ReasonSignature {
		return v
	}
	try := func(key *PublicKey, hash Hash, policy []byte) bool {
		t := signed{key: key, hash: hash, signature: s.signature, policy: policy}
		ok, err := t.verify()
		return ok && err == nil
	}
	hashes := [...]Hash{SHA256, SHA1}

	for _, hash := range hashes {
		if hash != s.hash && try(s.key, hash, s.policy) {
			v.Reason = ReasonOtherHash
			v.Detail = fmt.Sprintf("the signature is over %s, but %s: sign and send the same", hash.name(), hashSaid(r))
			return v
		}
	}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		for _, hash := range hashes {
			if keys[id] != s.key && try(keys[id], hash, s.policy) {
				v.Reason = ReasonOtherKey
				v.Detail = fmt.Sprintf("the signature matches key %s, not %s, which the request names", Describe(id, FormID), describeID(v.KeyPairID))
				return v
			}
		}
	}
	if v.Canned {
		for url := range rewrites(s.url) {
			if try(s.key, s.hash, cannedText(url, s.expires)) {
				v.Reason = ReasonRewritten
				v.Detail = "the URL was rewritten after it was signed: " + rewritten(url, s.url)
				v.Difference = &Difference{url, s.url, commonPrefix(url, s.url)}
				if names := whoSends(url, s.url); names != "" {
					v.Detail += ", as these clients send it: " + names
				}
				return v
			}
		}
	}
	return v
}

// damage is how copying changed a URL.
type damage struct {
	reason Reason
	detail string
	mended string // the URL without the damage
}

// findDamage looks for the usual changes that people, shells and pages make to a
// URL between signer and request.
func findDamage(url string) *damage {
	pasted := func(mended, format string, args ...any) *damage {
		return &damage{ReasonPasted, fmt.Sprintf(format, args...), mended}
	}
	backslash := func(at int) *damage {
		mended := strings.NewReplacer(`\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\u003f`, "?", `\u003F`, "?", `\u002F`, "/", `\u002f`, "/", `\`, "").Replace(url)
		return pasted(trimEnd(strings.TrimLeft(mended, pastedMarks)), "the URL has a backslash at byte %d, with which a shell or JSON escapes characters: write the characters themselves", at)
	}
	// An escaped & comes first: until it is undone, the URL seems to end too early.
	if i := strings.Index(url, `\u0026`); i >= 0 {
		return backslash(i)
	}
	if i := strings.Index(url, "%26Signature"); i >= 0 && !readQuery(url).hasSignature {
		mended := strings.NewReplacer("%26", "&", "%3D", "=", "%3F", "?").Replace(url)
		return pasted(mended, "the URL has an escaped & at byte %d, as inside another URL: write the character itself", i)
	}
	if mended := strings.TrimLeft(url, pastedMarks); mended != url {
		return pasted(trimEnd(mended), "the URL starts with %q: leave out what precedes http", firstRune(url))
	}
	if mended := trimEnd(url); mended != url {
		return pasted(mended, "the URL goes on with %q at byte %d, which ends its last parameter: leave out the rest", firstRune(url[len(mended):]), len(mended))
	}
	if i := strings.IndexAny(url, " \t\r\n"); i >= 0 {
		return pasted(strings.NewReplacer("=\r\n", "", "=\n", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(url),
			"the URL has white space at byte %d, as if it was broken over lines: join them", i)
	}
	if mended := unescapeHTML(url); mended != url {
		at := commonPrefix(mended, url)
		for range 2 { // &amp;amp;
			mended = unescapeHTML(mended)
		}
		return &damage{ReasonHTMLEscaped, fmt.Sprintf("the URL was copied out of HTML, where & is written &amp;: byte %d is part of such an escape, write the character itself", at), mended}
	}
	if i := strings.IndexByte(url, '\\'); i >= 0 {
		return backslash(i)
	}
	// To a shell, an unquoted & ends the command.
	if c := readQuery(url); (c.hasExpires || c.hasPolicy) && !c.hasSignature && !c.hasKeyPairID && !c.hasHash {
		name := "Expires"
		if c.hasPolicy {
			name = "Policy"
		}
		last := url[strings.LastIndexAny(url, "?&")+1:]
		if strings.HasPrefix(last, name+"=") {
			return &damage{ReasonCutOff, "the URL ends after " + name + ", as if a shell cut it at the next &: quote the URL", url}
		}
	}
	return nil
}

// pastedMarks are the characters that often surround a URL in text.
const pastedMarks = " \t\r\n\"'`<>()[]{},;“”‘’«»\u00a0\u200b\ufeff"

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// unescapeHTML undoes character references that end in a semicolon. Without one, as
// in &copy, they are parameter names.
func unescapeHTML(url string) string {
	var b strings.Builder
	for i := 0; i < len(url); i++ {
		if url[i] == '&' {
			name, _, ok := strings.Cut(url[i+1:min(i+10, len(url))], ";")
			ref := "&" + name + ";"
			if text := html.UnescapeString(ref); ok && !strings.HasSuffix(text, ";") {
				b.WriteString(text)
				i += len(ref) - 1
				continue
			}
		}
		b.WriteByte(url[i])
	}
	return b.String()
}

// trimEnd removes what follows the last of CloudFront's parameters and cannot be
// part of its value, escaped or not.
func trimEnd(url string) string {
	last := strings.LastIndexAny(url, "?&") + 1
	name, value, _ := strings.Cut(url[last:], "=")
	if !reservedName(name) {
		return url
	}
	for i := range len(value) {
		c := value[i]
		if c == '%' && i+2 < len(value) && isHex(value[i+1]) && isHex(value[i+2]) {
			c = unhex(value[i+1])<<4 | unhex(value[i+2])
		}
		if class[c]&unreserved == 0 && strings.IndexByte("%+/=", c) < 0 || c == '.' {
			return url[:last+len(name)+1+i]
		}
	}
	return url
}

func hashSaid(r Request) string {
	c := read(r)
	if !c.hasHash {
		return "there is no " + strings.TrimPrefix(c.name("Hash-Algorithm"), "the ") + ", which means SHA-1"
	}
	return fmt.Sprintf("%s says %s", c.name("Hash-Algorithm"), c.hash)
}

// rewritten describes where two spellings of a URL differ.
func rewritten(signed, arrived string) string {
	if query, ok := strings.CutPrefix(arrived, signed+"?"); ok && query == "" {
		return "an empty query, a ? or & without a parameter, was added"
	} else if ok {
		return fmt.Sprintf("the query %q was added", excerpt(query))
	}
	i := commonPrefix(signed, arrived)
	// Show an escape whole.
	for back := 1; back <= 2 && i >= back; back++ {
		if signed[i-back] == '%' {
			i -= back
			break
		}
	}
	return fmt.Sprintf("byte %d was signed as %q and arrived as %q", i, excerpt(signed[i:]), excerpt(arrived[i:]))
}

// commonPrefix returns the length of the common prefix of two texts, in bytes.
func commonPrefix(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// rewrites returns the URLs that a client may have rewritten into url.
func rewrites(url string) map[string]bool {
	found := map[string]bool{}
	add := func(candidate string) {
		if candidate != url {
			found[candidate] = true
		}
	}
	head, target := cutTarget(url)
	scheme, host, _ := strings.Cut(head, "://")
	path, query, hasQuery := strings.Cut(target, "?")
	withPath := func(changed string) string { return head + changed + target[len(path):] }
	withQuery := func(query string) string { return head + path + "?" + query }

	for original := range undone(target) {
		add(head + original)
	}
	// A space written as a plus, as forms do, or a plus as a space.
	add(withPath(strings.ReplaceAll(path, "%20", "+")))
	add(withPath(strings.ReplaceAll(path, "+", "%20")))
	if hasQuery {
		add(withQuery(strings.ReplaceAll(query, "%20", "+")))
		add(withQuery(strings.ReplaceAll(query, "+", "%20")))
		add(withQuery(strings.ReplaceAll(query, "+", " ")))
		add(head + path)
		add(withoutEmptyParams(url))
	}
	// Escapes in the other letter case, of unreserved characters, and all escapes.
	add(head + mapEscapes(target, strings.ToLower))
	add(head + mapEscapes(target, strings.ToUpper))
	add(head + mapEscapes(target, func(e string) string {
		if c := unhex(e[1])<<4 | unhex(e[2]); class[c]&unreserved != 0 {
			return string(rune(c))
		}
		return e
	}))
	add(head + mapEscapes(target, func(e string) string { return string([]byte{unhex(e[1])<<4 | unhex(e[2])}) }))
	// The other scheme, other spellings of the host.
	for _, other := range []string{"https", "http"} {
		add(other + "://" + host + target)
	}
	name, _, _ := strings.Cut(host, ":")
	add(scheme + "://" + name + target)
	add(scheme + "://" + strings.TrimSuffix(host, ".") + target)
	add(scheme + "://" + strings.ToLower(host) + target)
	// Slashes that were escaped, merged, dropped, added, or written as backslashes.
	for i, slashes := 1, 0; i < len(path) && slashes < 64; i++ {
		if path[i] == '/' {
			slashes++
			add(withPath(path[:i] + "%2F" + path[i+1:]))
			add(withPath(path[:i] + "/" + path[i:]))
			add(withPath(path[:i] + `\` + path[i+1:]))
		}
	}
	add(withPath("/" + path))
	add(withPath(path + "/"))
	add(withPath(strings.TrimSuffix(path, "/")))
	return found
}

func mapEscapes(url string, f func(escape string) string) string {
	var b strings.Builder
	for i := 0; i < len(url); i++ {
		if url[i] == '%' && i+2 < len(url) && isHex(url[i+1]) && isHex(url[i+2]) {
			b.WriteString(f(url[i : i+3]))
			i += 2
			continue
		}
		b.WriteByte(url[i])
	}
	return b.String()
}
