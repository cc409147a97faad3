package signer

import (
	"fmt"
	"strings"
)

// Explain decides as Verify does, and where a signature does not fit, it tries
// what usually went wrong: another key of the set, another hash, a URL that a
// client rewrote after it was signed. That costs up to some hundred
// verifications, so it is for people and logs, not for serving strangers.
func Explain(r Request, keys map[string]*PublicKey) Verdict {
	v, s := verify(r, keys)
	if v.Reason != ReasonSignature || len(r.URL) > MaxURLLength {
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
			v.Detail = fmt.Sprintf("the signature is over %s, but %s: sign and send the same", hash.name(), hashSaid(r, hash))
			return v
		}
	}
	for id, key := range keys {
		for _, hash := range hashes {
			if key != s.key && try(key, hash, s.policy) {
				v.Reason = ReasonOtherKey
				v.Detail = fmt.Sprintf("the signature is that of key %s, not of %s, which the request names", id, printable(v.KeyPairID))
				return v
			}
		}
	}
	if v.Canned {
		for url := range rewrites(s.url) {
			if try(s.key, s.hash, cannedText(url, s.expires)) {
				v.Reason = ReasonRewritten
				v.Detail = "the URL was rewritten after it was signed: " + rewritten(url, s.url)
				return v
			}
		}
	}
	return v
}

func hashSaid(r Request, actual Hash) string {
	c := readQuery(r.URL)
	if !c.present {
		c = readCookies(r.Cookie, c.url)
	}
	if !c.hasHash {
		return "there is no " + strings.TrimPrefix(c.name("Hash-Algorithm"), "the ") + ", which means SHA-1"
	}
	return fmt.Sprintf("%s says %s", c.name("Hash-Algorithm"), c.hash)
}

// rewritten says where two spellings of a URL part.
func rewritten(signed, arrived string) string {
	if query, ok := strings.CutPrefix(arrived, signed+"?"); ok {
		return fmt.Sprintf("the query %q was added", excerpt(query))
	}
	i := 0
	for i < len(signed) && i < len(arrived) && signed[i] == arrived[i] {
		i++
	}
	// An escape is told whole.
	for back := 1; back <= 2 && i >= back; back++ {
		if signed[i-back] == '%' {
			i -= back
			break
		}
	}
	return fmt.Sprintf("byte %d was signed as %q and arrived as %q", i, excerpt(signed[i:]), excerpt(arrived[i:]))
}

// rewrites are the URLs that a client may have turned into this one.
func rewrites(url string) map[string]bool {
	found := map[string]bool{}
	add := func(candidate string) {
		if candidate != url {
			found[candidate] = true
		}
	}
	scheme, rest, _ := strings.Cut(url, "://")
	host, behind := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		host, behind = rest[:i], rest[i:]
	}
	head := scheme + "://" + host
	path, query, hasQuery := strings.Cut(behind, "?")
	withPath := func(changed string) string { return head + changed + behind[len(path):] }
	withQuery := func(query string) string { return head + path + "?" + query }

	// One character that was escaped, or unescaped, in the path, in the query
	// or in both.
	for c := byte(0x20); c < 0x7f; c++ {
		if class[c]&unreserved != 0 && strings.IndexByte("-._~", c) < 0 || c == '%' {
			continue
		}
		raw := string(rune(c))
		upper, lower := fmt.Sprintf("%%%02X", c), fmt.Sprintf("%%%02x", c)
		unescape := func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, upper, raw), lower, raw)
		}
		add(head + unescape(behind))
		add(withPath(unescape(path)))
		if c != '/' {
			add(withPath(strings.ReplaceAll(path, raw, upper)))
		}
		if hasQuery {
			add(withQuery(unescape(query)))
			add(withQuery(strings.ReplaceAll(query, raw, upper)))
			if c != '/' && c != '?' {
				add(head + strings.ReplaceAll(path, raw, upper) + "?" + strings.ReplaceAll(query, raw, upper))
			}
		}
	}
	// A space that a form wrote as a plus, or the other way round.
	add(withPath(strings.ReplaceAll(path, "%20", "+")))
	add(withPath(strings.ReplaceAll(path, "+", "%20")))
	if hasQuery {
		add(withQuery(strings.ReplaceAll(query, "%20", "+")))
		add(withQuery(strings.ReplaceAll(query, "+", "%20")))
		add(head + path)
	}
	// Escapes in the other case, of unreserved characters, and all of them.
	add(head + mapEscapes(behind, strings.ToLower))
	add(head + mapEscapes(behind, strings.ToUpper))
	add(head + mapEscapes(behind, func(e string) string {
		if c := unhex(e[1])<<4 | unhex(e[2]); class[c]&unreserved != 0 {
			return string(rune(c))
		}
		return e
	}))
	add(head + mapEscapes(behind, func(e string) string { return string([]byte{unhex(e[1])<<4 | unhex(e[2])}) }))
	// Another scheme, another spelling of the host.
	for _, other := range []string{"https", "http"} {
		add(other + "://" + host + behind)
	}
	name, _, _ := strings.Cut(host, ":")
	add(scheme + "://" + name + behind)
	add(scheme + "://" + strings.TrimSuffix(host, ".") + behind)
	add(scheme + "://" + strings.ToLower(host) + behind)
	// Slashes that were escaped, merged, dropped or added.
	for i, slashes := 1, 0; i < len(path) && slashes < 64; i++ {
		if path[i] == '/' {
			slashes++
			add(withPath(path[:i] + "%2F" + path[i+1:]))
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
