package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is what CloudFront's check of signed URLs and cookies reads of a viewer's
// request.
type Request struct {
	// URL is the whole URL as it arrived: scheme, Host and request target, byte for
	// byte, as in "https://" + r.Host + r.RequestURI.
	URL string

	// Cookie holds the values of the request's Cookie headers, unchanged.
	Cookie []string

	// RemoteAddr is the viewer's address. It is used only if the policy names an
	// address; an invalid one, such as the zero Addr, is then denied.
	RemoteAddr netip.Addr

	// Time is when the request starts. Zero means now.
	Time time.Time
}

// Code is the error code in the body of a refusal by CloudFront, which has status
// 403. Only RequestTooLong is in no body, and has status 413.
type Code string

// The codes that CloudFront is known to send:
// https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies
const (
	MissingKey         Code = "MissingKey"         // the request is not signed, or names no key
	InvalidKey         Code = "InvalidKey"         // the key that the request names is not trusted
	MalformedSignature Code = "MalformedSignature" // the signature cannot be decoded
	MalformedPolicy    Code = "MalformedPolicy"    // the policy cannot be read
	AccessDenied       Code = "AccessDenied"       // anything else: the signature is wrong, expired or for another resource
)

// RequestTooLong stands for CloudFront's answer to a path and query of over
// MaxURLLength bytes: status 413 and an HTML page, whatever the signature.
const RequestTooLong Code = "RequestTooLong"

// Status returns the HTTP status of CloudFront's answer.
func (c Code) Status() int {
	switch c {
	case "":
		return http.StatusOK
	case RequestTooLong:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusForbidden
}

// Message returns the text that CloudFront sends with the code, for RequestTooLong
// the text of its page.
func (c Code) Message() string {
	switch c {
	case MissingKey:
		return "Missing Key-Pair-Id query parameter or cookie value"
	case InvalidKey:
		return "Unknown Key"
	case MalformedSignature:
		return "Could not unencode Signature"
	case MalformedPolicy:
		return "Malformed Policy"
	case AccessDenied:
		return "Access denied"
	case RequestTooLong:
		return "Bad request."
	}
	return ""
}

// Reason is the cause of a refusal. CloudFront does not send it.
type Reason string

// The reasons of Verify, in the order in which it checks them.
const (
	ReasonURL               Reason = "url"                // the URL is empty, or has no scheme, host or path
	ReasonTooLong           Reason = "too-long"           // path and query are over MaxURLLength bytes
	ReasonUnsigned          Reason = "unsigned"           // neither URL nor cookies are signed
	ReasonNoKeyPairID       Reason = "no-key-pair-id"     // signed, but without a key pair id
	ReasonUnknownKey        Reason = "unknown-key"        // the id is not one of the trusted keys
	ReasonUnknownHash       Reason = "unknown-hash"       // Hash-Algorithm is neither SHA1 nor SHA256
	ReasonNoSignature       Reason = "no-signature"       // the signature is missing or empty
	ReasonSignatureEncoding Reason = "signature-encoding" // the signature is not CloudFront's base64
	ReasonNoPolicy          Reason = "no-policy"          // neither an expiry nor a policy
	ReasonExpiryFormat      Reason = "expiry-format"      // the expiry is not whole seconds
	ReasonPolicyEncoding    Reason = "policy-encoding"    // the policy is not CloudFront's base64
	ReasonPolicyFormat      Reason = "policy-format"      // the policy is not the JSON of one statement
	ReasonRepeated          Reason = "repeated"           // a parameter occurs twice, or the cookies have both Policy and Expires
	ReasonSHA1InFIPS        Reason = "sha1-in-fips"       // this program cannot check SHA-1
	ReasonSignature         Reason = "signature"          // the signature does not match the key and this policy
	ReasonOtherResource     Reason = "other-resource"     // the policy is for another resource
	ReasonExpired           Reason = "expired"
	ReasonNotYetValid       Reason = "not-yet-valid"
	ReasonAddress           Reason = "address" // the policy is for another address

	// Only from Explain, in place of ReasonSignature.
	ReasonOtherKey  Reason = "other-key"  // the signature matches another trusted key
	ReasonOtherHash Reason = "other-hash" // the signature uses another hash than the URL names
	ReasonRewritten Reason = "rewritten"  // the URL was changed after it was signed, as some clients do

	// Only from Explain, in place of Verify's reason for the damaged URL.
	ReasonHTMLEscaped Reason = "html-escaped" // the URL was copied out of HTML, where & is &amp;
	ReasonCutOff      Reason = "cut-off"      // the URL ends at the first & of CloudFront's parameters, as a shell cuts it
	ReasonPasted      Reason = "pasted"       // copying added quotes, white space or backslashes to the URL
)

// Verdict is CloudFront's answer to a request, and the reason for it.
type Verdict struct {
	Allowed bool
	Code    Code   // empty if allowed
	Reason  Reason // empty if allowed
	Detail  string // one sentence for people, without signatures; empty if allowed

	// Certain is false if neither AWS's documentation nor observation settles what
	// CloudFront does. The verdict is then the strict one, with one exception: it
	// allows a signature that matches once its escapes are undone or the ? of an
	// empty query is kept.
	Certain bool

	// KeyPairID is the id that the request names. It is empty if the request names
	// none, or one that CloudFront cannot have made (capital letters and digits, at
	// most 32): it may be a private key.
	KeyPairID string

	Cookies   bool       // the cookies were read, not the URL
	Canned    bool       // the policy is a canned one, rebuilt from the request
	Statement *Statement // what was signed, nil if that could not be read

	// Difference is where the URL differs from the one that was signed. It is nil
	// unless Reason is ReasonOtherResource, ReasonRewritten, ReasonHTMLEscaped or
	// ReasonPasted.
	Difference *Difference
}

// Difference compares a URL with the one that was signed. After ReasonHTMLEscaped
// and ReasonPasted both URLs are whole, with a valid signature: do not log them.
// Otherwise they are without CloudFront's parameters.
type Difference struct {
	Signed  string // for ReasonOtherResource a resource, which may have wildcards
	Arrived string
	Offset  int // position in Arrived of the first byte that differs
}

// Verify decides on a request to a cache behavior as CloudFront does. keys are the
// public keys that the behavior trusts, by key pair id; the caller chooses the
// behavior. It denies if there are no keys, if the key is nil or zero, and if the
// URL is empty. Verify depends on its arguments alone, and on the clock if
// Request.Time is zero. It is safe for concurrent use.
func Verify(r Request, keys map[string]*PublicKey) Verdict {
	v, _ := verify(r, keys)
	return v
}

// credentials are CloudFront's parameters in a request's URL or cookies.
type credentials struct {
	cookies      bool
	url          string // the URL without the parameters
	expires      string
	policy       string
	signature    string
	keyPairID    string
	hash         string
	hasExpires   bool
	hasPolicy    bool
	hasKeyPairID bool
	hasHash      bool
	hasSignature bool
	present      bool
	repeated     string // a name that occurs twice
	doubtful     bool   // it is not known whether CloudFront reads the values in this way
	emptyParam   bool   // the query has an empty parameter
}

// set keeps the first of two values with one name, and records the repetition.
func (c *credentials) set(name, value string) {
	slot, has := &c.signature, &c.hasSignature
	switch name {
	case "Expires":
		slot, has = &c.expires, &c.hasExpires
	case "Policy":
		slot, has = &c.policy, &c.hasPolicy
	case "Key-Pair-Id":
		slot, has = &c.keyPairID, &c.hasKeyPairID
	case "Hash-Algorithm":
		slot, has = &c.hash, &c.hasHash
	}
	c.present = true
	if *has {
		c.repeated = name
		return
	}
	*slot, *has = value, true
}

// verify is Verify. It also returns the policy and signature, for Explain.
func verify(r Request, keys map[string]*PublicKey) (Verdict, *signed) {
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	v := Verdict{Certain: true}
	deny := func(code Code, reason Reason, certain bool, format string, args ...any) (Verdict, *signed) {
		v.Code, v.Reason, v.Certain = code, reason, certain && v.Certain
		v.Detail = fmt.Sprintf(format, args...)
		return v, nil
	}

	target := requestTarget(r.URL)
	switch {
	case target == "":
		return deny(AccessDenied, ReasonURL, false, "the URL of the request is not complete: it needs http:// or https://, a host and a path, as they arrived")
	case len(target) > MaxURLLength:
		return deny(RequestTooLong, ReasonTooLong, true, "path and query are %d bytes long: CloudFront accepts at most %d, and answers 413 before it checks a signature", len(target), MaxURLLength)
	}
	c := read(r)
	v.Cookies, v.Certain = c.cookies, !c.doubtful
	if FormID.matches(c.keyPairID) {
		v.KeyPairID = c.keyPairID
	}

	switch {
	case !c.present:
		return deny(MissingKey, ReasonUnsigned, true, "the request is not signed: it has neither CloudFront's query parameters nor its cookies")
	case c.keyPairID == "":
		return deny(MissingKey, ReasonNoKeyPairID, true, "%s", c.noKeyPairID())
	}
	// CloudFront was once seen to answer MissingKey to an id with other characters.
	if !only(c.keyPairID, isLetterOrDigit) {
		v.Certain = false
	}
	key, isTrusted := keys[c.keyPairID]
	switch {
	case isTrusted && key == nil:
		return deny(InvalidKey, ReasonUnknownKey, false, "the key pair id, %s, is trusted, but its public key is not known here, so its signature cannot be checked", describeID(c.keyPairID))
	case key == nil:
		return deny(InvalidKey, ReasonUnknownKey, true, "the key pair id, %s, is not among the trusted keys (%s)", describeID(c.keyPairID), ids(keys))
	}
	if c.repeated != "" {
		return deny(AccessDenied, ReasonRepeated, false, "%s occurs twice", c.name(c.repeated))
	}
	hash := SHA1
	switch {
	case !c.hasHash || c.hash == "SHA1":
	case c.hash == "SHA256":
		hash = SHA256
	default:
		return deny(AccessDenied, ReasonUnknownHash, false, "%s is %s: CloudFront supports SHA1 and SHA256", c.name("Hash-Algorithm"), Describe(c.hash, FormWord))
	}
	if c.signature == "" {
		return deny(MalformedSignature, ReasonNoSignature, false, "the request has no %s", c.name("Signature"))
	}
	signature, err := decodeCloudFront(c.signature)
	if err != nil {
		return deny(MalformedSignature, ReasonSignatureEncoding, surelyNotEncoded(c.signature),
			"%s is not in CloudFront's base64: %s", c.name("Signature"), encodingFault(c.signature))
	}

	s := &signed{key: key, hash: hash, signature: signature, url: c.url}
	switch {
	case c.hasPolicy && c.hasExpires && c.cookies:
		return deny(MalformedPolicy, ReasonRepeated, false, "the request has both %s and %s", c.name("Policy"), c.name("Expires"))
	case c.hasPolicy:
		text, err := decodeCloudFront(c.policy)
		if err != nil {
			return deny(MalformedPolicy, ReasonPolicyEncoding, surelyNotEncoded(c.policy) && !c.hasExpires,
				"%s is not in CloudFront's base64: %s", c.name("Policy"), encodingFault(c.policy))
		}
		st, certain, err := parsePolicy(text)
		if err != nil {
			return deny(MalformedPolicy, ReasonPolicyFormat, certain && !c.hasExpires, "the policy cannot be read: %v", err)
		}
		// CloudFront serves URLs that have both, and checks the policy. It is not
		// known what it does if their times differ.
		if c.hasExpires {
			if seconds, _, err := parseSeconds(c.expires); err != nil || seconds != st.Expires.Unix() {
				v.Certain = false
			}
		}
		s.policy, v.Statement = text, &st
	case c.hasExpires:
		seconds, certain, err := parseSeconds(c.expires)
		if err != nil {
			return deny(MalformedPolicy, ReasonExpiryFormat, certain, "%s is %s: %v", c.name("Expires"), Describe(c.expires, FormWord), err)
		}
		v.Canned = true
		v.Statement = &Statement{Resource: c.url, Expires: time.Unix(seconds, 0)}
		// CloudFront puts the parameter's text into the policy, so another spelling
		// of the number is another policy.
		s.policy, s.expires = cannedText(c.url, c.expires), c.expires
		// It is not known how CloudFront rebuilds a URL with an empty parameter. In
		// an AWS sample, the ? of an empty query stays.
		if c.emptyParam {
			v.Certain = false
		}
	default:
		return deny(MalformedPolicy, ReasonNoPolicy, true, "the request has neither %s nor %s", c.name("Expires"), c.name("Policy"))
	}

	ok, err := s.verify()
	if err != nil {
		return deny(AccessDenied, ReasonSHA1InFIPS, false, "%v", err)
	}
	if !ok {
		v, _ = deny(AccessDenied, ReasonSignature, true, "the signature is not that of key %s over this %s with %s",
			describeID(c.keyPairID), s.what(v.Canned), hash.name())
		return v, s
	}

	st := v.Statement
	if !v.Canned {
		fits := covers(st.Resource, c.url)
		if c.emptyParam && covers(st.Resource, withoutEmptyParams(c.url)) != fits {
			v.Certain = false
		}
		if fits != match {
			at, text := difference(st.Resource, c.url)
			v.Difference = &Difference{st.Resource, c.url, at}
			return deny(AccessDenied, ReasonOtherResource, fits == noMatch, "the signature is for another resource, %s: %s", Describe(st.Resource, FormName), text)
		}
	}
	if !r.Time.Before(st.Expires) {
		return deny(AccessDenied, ReasonExpired, !r.Time.Equal(st.Expires), "expired at %s, %s before the request", stamp(st.Expires), span(r.Time.Sub(st.Expires)))
	}
	if !st.NotBefore.IsZero() && !r.Time.After(st.NotBefore) {
		return deny(AccessDenied, ReasonNotYetValid, true, "not valid before %s, %s after the request", stamp(st.NotBefore), span(st.NotBefore.Sub(r.Time)))
	}
	if st.IPAddress.IsValid() {
		addr := r.RemoteAddr.Unmap()
		switch {
		case !addr.IsValid():
			return deny(AccessDenied, ReasonAddress, false, "signed for the address %s, and the viewer's is not known", st.IPAddress)
		case !addr.Is4():
			return deny(AccessDenied, ReasonAddress, false, "signed for the address %s, and the viewer came over IPv6: turn IPv6 off in the distribution", st.IPAddress)
		case !st.IPAddress.Contains(addr):
			return deny(AccessDenied, ReasonAddress, true, "signed for the address %s, and the viewer's is %s", st.IPAddress, addr)
		}
	}
	v.Allowed = true
	return v, s
}

// requestTarget returns the path and query of a URL, or "" if the URL is not whole.
func requestTarget(url string) string {
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "http://")
	}
	if i := strings.IndexAny(rest, "/?#"); ok && i > 0 && rest[i] == '/' {
		return rest[i:]
	}
	return ""
}

// signed is a policy and the signature that claims to be over it.
type signed struct {
	key       *PublicKey
	hash      Hash
	signature []byte
	policy    []byte
	url       string // as it arrived, without CloudFront's parameters
	expires   string // as it arrived, for a canned policy
}

func (s *signed) what(canned bool) string {
	if canned {
		return "URL and expiry"
	}
	return "policy"
}

func (s *signed) verify() (bool, error) {
	digest, err := s.hash.sum(make([]byte, 0, 32), s.policy)
	if err != nil {
		return false, err
	}
	return s.key.VerifyDigest(digest, s.hash.crypto(), s.signature), nil
}

// VerifyDigest reports whether signature, as Key.SignDigest returns it, matches the
// key and a digest made with hash, SHA-256 or SHA-1. For a nil or zero key it
// returns false.
func (p *PublicKey) VerifyDigest(digest []byte, hash crypto.Hash, signature []byte) bool {
	if p == nil || hash != crypto.SHA256 && hash != crypto.SHA1 || len(digest) != hash.Size() {
		return false
	}
	switch key := p.key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	}
	return false
}

// read reads the cookies only if the URL has none of CloudFront's parameters.
func read(r Request) credentials {
	c := readQuery(r.URL)
	if c.present {
		return c
	}
	cookies := readCookies(r.Cookie, c.url)
	cookies.doubtful = cookies.doubtful || c.doubtful
	cookies.emptyParam = c.emptyParam
	return cookies
}

// readQuery separates CloudFront's parameters from a URL. All else stays, byte for
// byte and in order.
func readQuery(url string) credentials {
	path, query, ok := strings.Cut(url, "?")
	if !ok {
		return credentials{url: url}
	}
	var c credentials
	var rest []byte // of the query, set once a parameter was removed
	first, cut := true, -1
	for start := 0; start <= len(query); {
		end := len(query)
		if i := strings.IndexByte(query[start:], '&'); i >= 0 {
			end = start + i
		}
		param := query[start:end]
		name, value, _ := strings.Cut(param, "=")
		switch {
		case reservedName(name):
			if cut < 0 {
				cut = max(start-1, 0)
			}
			value, known := unescape(value)
			c.doubtful = c.doubtful || !known
			c.set(name, value)
		case cut >= 0:
			if rest == nil {
				rest = append(make([]byte, 0, len(query)), query[:cut]...)
			}
			if !first {
				rest = append(rest, '&')
			}
			rest = append(rest, param...)
			first = false
		default:
			first = false
		}
		if param == "" {
			c.emptyParam = true
		} else if strings.IndexByte(name, '%') >= 0 {
			plain, _ := unescape(name)
			c.doubtful = c.doubtful || reservedName(plain)
		}
		start = end + 1
	}
	switch {
	case cut < 0:
		c.url = url
	case rest != nil:
		c.url = path + "?" + string(rest)
	case first:
		c.url = path
	default:
		c.url = url[:len(path)+1+cut]
	}
	return c
}

// unescape decodes the escapes of a value once. CloudFront is known to decode %7E,
// which form encoders make of ~; known is false if there are other escapes.
func unescape(value string) (plain string, known bool) {
	if strings.IndexByte(value, '%') < 0 {
		return value, true
	}
	return mapEscapes(value, func(escape string) string {
		return string([]byte{unhex(escape[1])<<4 | unhex(escape[2])})
	}), strings.Count(value, "%") == strings.Count(value, "%7E")
}

// withoutEmptyParams returns a URL without its empty parameters and without an
// empty query.
func withoutEmptyParams(url string) string {
	path, query, _ := strings.Cut(url, "?")
	params := slices.DeleteFunc(strings.Split(query, "&"), func(param string) bool { return param == "" })
	if len(params) == 0 {
		return path
	}
	return path + "?" + strings.Join(params, "&")
}

// readCookies reads CloudFront's cookies. Of two with one name it takes the first
// and records the repetition.
func readCookies(headers []string, url string) credentials {
	c := credentials{cookies: true, url: url}
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
			name, isOurs := strings.CutPrefix(name, "CloudFront-")
			if ok && isOurs && reservedName(name) {
				c.set(name, value)
				// RFC 6265 allows quotation marks around a value. It is not known
				// whether CloudFront removes them.
				c.doubtful = c.doubtful || strings.HasPrefix(value, `"`)
			}
		}
	}
	if !c.present {
		c.cookies = false
	}
	return c
}

// noKeyPairID describes which of CloudFront's parameters a request without a key
// pair id has.
func (c *credentials) noKeyPairID() string {
	kind := "query parameters"
	if c.cookies {
		kind = "cookies"
	}
	var found []string
	for _, param := range []struct {
		name string
		has  bool
	}{{"Expires", c.hasExpires}, {"Policy", c.hasPolicy}, {"Signature", c.hasSignature}, {"Hash-Algorithm", c.hasHash}} {
		if param.has {
			found = append(found, param.name)
		}
	}
	switch {
	case c.hasKeyPairID:
		return "the Key-Pair-Id among CloudFront's " + kind + " is empty"
	case (c.hasExpires || c.hasPolicy) && c.hasSignature:
		return "only Key-Pair-Id is missing from CloudFront's " + kind + ": it was cut off or dropped on the way"
	}
	return "of CloudFront's " + kind + " the request has " + strings.Join(found, " and ") + ", and no Key-Pair-Id"
}

func (c *credentials) name(param string) string {
	if c.cookies {
		return "the cookie CloudFront-" + param
	}
	return param
}

// parseSeconds parses whole seconds since 1970. CloudFront documents 64 bits. A
// time after the year 9999 is milliseconds, and is refused as CloudFront once did.
func parseSeconds(text string) (n int64, certain bool, err error) {
	if text == "" {
		return 0, true, errors.New("empty: want whole seconds since 1970")
	}
	for i := range len(text) {
		if c := text[i]; c < '0' || c > '9' {
			return 0, true, errors.New("not whole seconds since 1970")
		}
	}
	n, err = strconv.ParseInt(text, 10, 64)
	if err != nil || n > lastExpiry {
		return 0, false, errors.New("after the year 9999: milliseconds were taken for seconds")
	}
	return n, true, nil
}

// encodingFault describes the first byte that is not in CloudFront's base64.
func encodingFault(text string) string {
	for i := range len(text) {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '~', c == '_':
			continue
		case c == '+' || c == '/' || c == '=':
			return fmt.Sprintf("byte %d is %q, as in standard base64: CloudFront uses - for +, ~ for / and _ for =", i, c)
		case c == '%':
			return fmt.Sprintf("byte %d is an escape: a client or a form escaped it on the way", i)
		case c == ' ':
			return fmt.Sprintf("byte %d is a space", i)
		}
		return fmt.Sprintf("byte %d is %q", i, c)
	}
	return "it is cut off, or its last bits are wrong"
}

func (h Hash) name() string {
	if h == SHA1 {
		return "SHA-1"
	}
	return "SHA-256"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// span formats a duration for people: whole days from two days on.
func span(d time.Duration) string {
	if days := d / (24 * time.Hour); days >= 2 {
		return fmt.Sprintf("%d days", days)
	}
	return d.Round(time.Second).String()
}

// describeID also recognizes the texts that programs write for a variable that was
// not set.
func describeID(id string) string {
	if isUnset(id) {
		return strconv.Quote(id) + ", the text of a variable that was not set"
	}
	return Describe(id, FormID)
}

func isUnset(text string) bool {
	return text == "undefined" || text == "null" || text == "None" || text == "nil"
}

func ids(keys map[string]*PublicKey) string {
	if len(keys) == 0 {
		return "there are none"
	}
	names := make([]string, 0, len(keys))
	for id := range keys {
		names = append(names, Describe(id, FormID))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
