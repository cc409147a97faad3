package page

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/internal/nearest"
)

// explanation is the explanation of a request as the page shows it.
type explanation struct {
	Verdict    string      `json:"verdict"` // allowed, refused or unknown
	Status     int         `json:"status,omitempty"`
	Code       string      `json:"code,omitempty"`
	Detail     string      `json:"detail,omitempty"`
	Hidden     string      `json:"hidden,omitempty"`
	Note       string      `json:"note,omitempty"`
	Certain    bool        `json:"certain"`
	Path       string      `json:"path"`
	Checks     []check     `json:"checks"`
	Policy     *policy     `json:"policy,omitempty"`
	Difference *difference `json:"difference,omitempty"`
	Request    [][2]string `json:"request"` // names and values
}

type check struct {
	Name   string `json:"name"`
	Result string `json:"result"`
	Text   string `json:"text,omitempty"`
}

// notKnown is the result of a check that cannot be made here.
const notKnown = "not known"

type policy struct {
	Kind      string     `json:"kind"` // canned or custom
	From      string     `json:"from"`
	KeyPairID string     `json:"keyPairId,omitempty"`
	Resource  string     `json:"resource"`
	NotBefore *time.Time `json:"notBefore,omitempty"`
	Expires   time.Time  `json:"expires"`
	Address   string     `json:"address,omitempty"`
	Text      string     `json:"text"` // as JSON
}

// difference is a URL and the URL that was signed.
type difference struct {
	Signed    string `json:"signed"`
	Arrived   string `json:"arrived"`
	Offset    int    `json:"offset"` // in Arrived, in bytes
	Wildcards bool   `json:"wildcards,omitempty"`
	Whole     string `json:"whole,omitempty"` // the signed URL with its signature
	Note      string `json:"note,omitempty"`
}

// explain converts an edge's explanation. keys are those that verify the signature.
func (p *Page) explain(ctx context.Context, x edge.Explanation, url string, keys map[string]*signer.PublicKey) *explanation {
	r := x.Record
	path, query, _ := strings.Cut(r.Target, "?")
	out := &explanation{
		Verdict: verdictOf(r.Allowed), Status: r.Status, Code: r.Code, Detail: r.Reason, Hidden: shownHidden(r.Origin, r.Hidden), Certain: true, Path: shownPath(path),
	}
	for _, step := range x.Steps {
		if step.Detail == r.Hidden {
			step.Detail = shownHidden(r.Origin, step.Detail)
		}
		out.Checks = append(out.Checks, check{strings.ToUpper(string(step.Check[:1])) + string(step.Check[1:]), string(step.Result), step.Detail})
	}
	if v := x.Verdict; v != nil {
		if !v.Allowed {
			out.Detail, out.Certain = v.Detail, v.Certain
		}
		out.Policy = policyOf(v)
		out.Difference = p.differenceOf(ctx, v, signer.Request{URL: url, Cookie: r.Cookies, RemoteAddr: r.RemoteAddr, Time: r.Time}, keys)
	}
	add := func(name, value string) {
		if value != "" {
			out.Request = append(out.Request, [2]string{name, value})
		}
	}
	add("Method", shownWord(r.Method))
	add("Path", shownPath(path))
	add("Query", queryNames(query))
	add("Host", shownHost(r.Host))
	if len(r.Cookies) > 0 {
		add("Cookies", cookieNames(r.Cookies))
	}
	add("Origin", shownOrigin(r.Origin))
	if r.RemoteAddr.IsValid() {
		add("Viewer", r.RemoteAddr.String())
	}
	add("Behavior", redact.Path(r.Behavior))
	add("Key pair id", r.KeyPairID)
	add("Object", shownPath(r.Object))
	if !r.Time.IsZero() {
		add("Time", r.Time.Format("2006-01-02 15:04:05 MST"))
	}
	if r.Duration > 0 {
		add("Answered in", r.Duration.Round(10*time.Microsecond).String())
	}
	if r.Bytes > 0 {
		add("Body", strconv.FormatInt(r.Bytes, 10)+" bytes")
	}
	return out
}

// policyOf returns the policy that a verdict read, or nil if it read none.
func policyOf(v *signer.Verdict) *policy {
	st := v.Statement
	if st == nil {
		return nil
	}
	out := &policy{Kind: "custom", From: "URL", KeyPairID: v.KeyPairID, Resource: shownURL(st.Resource), Expires: st.Expires}
	if v.Canned {
		out.Kind = "canned"
	}
	if v.Cookies {
		out.From = "cookies"
	}
	condition := map[string]any{"DateLessThan": map[string]int64{"AWS:EpochTime": st.Expires.Unix()}}
	if !st.NotBefore.IsZero() {
		out.NotBefore = &st.NotBefore
		condition["DateGreaterThan"] = map[string]int64{"AWS:EpochTime": st.NotBefore.Unix()}
	}
	if st.IPAddress.IsValid() {
		out.Address = st.IPAddress.String()
		condition["IpAddress"] = map[string]string{"AWS:SourceIp": out.Address}
	}
	text, err := json.Marshal(map[string]any{"Statement": []any{map[string]any{"Resource": out.Resource, "Condition": condition}}})
	if err == nil {
		out.Text = string(text)
	}
	return out
}

// differenceOf returns where a URL differs from the signed one. If signer does not
// find the signed URL, differenceOf searches for the URL that the signature
// matches.
func (p *Page) differenceOf(ctx context.Context, v *signer.Verdict, r signer.Request, keys map[string]*signer.PublicKey) *difference {
	d := v.Difference
	switch {
	case d != nil && v.Reason == signer.ReasonOtherResource:
		if !isShown(d.Signed) || !isShown(d.Arrived) {
			return nil
		}
		return &difference{Signed: d.Signed, Arrived: d.Arrived, Offset: d.Offset, Wildcards: strings.ContainsAny(d.Signed, "*")}
	case d != nil && v.Reason == signer.ReasonRewritten:
		if !isShown(d.Signed) || !isShown(d.Arrived) {
			return nil
		}
		return &difference{Signed: d.Signed, Arrived: d.Arrived, Offset: d.Offset}
	case d != nil:
		// Both are whole. A URL is shown with its signature only if a trusted key
		// signed it: a private key may have been pasted into any other.
		r.URL = d.Signed
		if !nearest.Fits(signer.Verify(r, keys)) {
			return nil
		}
		return p.wholeDifference(d.Signed, d.Arrived, "")
	case !nearest.Searchable(v):
		return nil
	}
	signed, found := p.findSigned(ctx, r, keys)
	if !found {
		return nil
	}
	return p.wholeDifference(signed, r.URL, "The signature matches the URL above.")
}

// wholeDifference compares two URLs. The first has been verified.
func (p *Page) wholeDifference(signed, arrived, note string) *difference {
	before, _, _ := strings.Cut(signed, "?")
	// The part that is not in the signed URL may be anything.
	others := differing(signed, arrived)
	if strings.Contains(arrived, signed) {
		others = len(arrived) - len(signed)
	}
	if !isShown(before) || others > 8 && html.UnescapeString(html.UnescapeString(arrived)) != signed {
		return nil
	}
	return &difference{Signed: signed, Arrived: arrived, Offset: commonStart(signed, arrived), Whole: signed, Note: note}
}

// trustedKeys returns the keys of all cache behaviors of an edge.
func trustedKeys(e *edge.Edge) map[string]*signer.PublicKey {
	keys := map[string]*signer.PublicKey{}
	if d := e.Distribution(); d != nil {
		for _, b := range d.Behaviors {
			for id, key := range b.TrustedKeys {
				if key != nil || keys[id] == nil {
					keys[id] = key
				}
			}
		}
	}
	return keys
}

// keysFor returns the keys that the cache behavior with a pattern trusts.
func keysFor(e *edge.Edge, pattern string) map[string]*signer.PublicKey {
	if d := e.Distribution(); d != nil {
		for _, b := range d.Behaviors {
			if b.PathPattern == pattern {
				return b.TrustedKeys
			}
		}
	}
	return nil
}

// pasted is a request that a person pastes.
type pasted struct {
	URL     string `json:"url"`
	Cookie  string `json:"cookie"`
	Method  string `json:"method"`
	Address string `json:"address"`
	Origin  string `json:"origin"`
	Time    string `json:"time"` // RFC 3339; empty: now
	Keys    []struct {
		ID  string `json:"id"`
		PEM string `json:"pem"`
	} `json:"keys"`
}

// methods are those that CloudFront accepts.
var methods = []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}

// explainPasted explains a URL or a Cookie header of any distribution. It fetches
// nothing.
func (p *Page) explainPasted(w http.ResponseWriter, r *http.Request) (any, error) {
	var ask pasted
	if err := readJSON(w, r, &ask); err != nil {
		return nil, err
	}
	request, err := p.readPasted(ask)
	if err != nil {
		return nil, err
	}
	e := p.edge()
	keys := trustedKeys(e)
	for i, key := range ask.Keys {
		if strings.TrimSpace(key.ID+key.PEM) == "" {
			continue
		}
		id := strings.TrimSpace(key.ID)
		if described := signer.Describe(id, signer.FormID); !strings.HasPrefix(described, `"`) {
			return nil, fmt.Errorf("key %d: its id is %s: write one such as K2JCJMDEHXQW5F", i+1, described)
		}
		public, err := signer.ParsePublicKey([]byte(key.PEM))
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		keys[id] = public
	}
	method := ask.Method
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains(methods, method) {
		return nil, fmt.Errorf("the method is %s: write one of %s", signer.Describe(method, signer.FormWord), strings.Join(methods, ", "))
	}
	if request.URL == "" {
		if request.URL, err = openedByCookies(request); err != nil {
			return nil, err
		}
	}
	if p.isOwn(request.URL) {
		record := edge.Record{
			Time: request.Time, Method: method, Target: targetIn(request.URL), Host: hostIn(request.URL), Cookies: request.Cookie, Origin: strings.TrimSpace(ask.Origin), RemoteAddr: request.RemoteAddr,
		}
		x := e.Explain(record)
		out := p.explain(r.Context(), x, request.URL, keysFor(e, x.Record.Behavior))
		out.Note = "This is a URL of the local edge, which makes every check below."
		return out, nil
	}
	return p.explainElsewhere(r.Context(), request, method, keys), nil
}

// readPasted reads what a person pasted. Its errors describe the text and do not
// quote it: it may be a private key.
func (p *Page) readPasted(ask pasted) (signer.Request, error) {
	r := signer.Request{URL: strings.TrimSpace(ask.URL), Time: p.now()}
	cookie := strings.TrimSpace(ask.Cookie)
	if !isAddress(r.URL) && cookie == "" && strings.Contains(r.URL, "CloudFront-") {
		cookie, r.URL = r.URL, "" // a Cookie header in the URL field
	}
	if name, value, ok := strings.Cut(cookie, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "Cookie") {
		cookie = strings.TrimSpace(value)
	}
	switch {
	case r.URL == "" && cookie == "":
		return r, errors.New("there is nothing to explain: paste a URL or a Cookie header")
	case r.URL != "" && !isAddress(r.URL):
		return r, fmt.Errorf("the URL is %s: paste it whole, with https:// and its query", signer.Describe(r.URL, signer.FormWord))
	case r.URL != "" && (hostIn(r.URL) == "" || shownHost(hostIn(r.URL)) != hostIn(r.URL)):
		return r, errors.New("the URL has no host name: paste it whole, such as https://d111111abcdef8.cloudfront.net/rt.png")
	case len(cookie) > 11 && strings.EqualFold(cookie[:11], "Set-Cookie:"):
		return r, errors.New("the cookies are a Set-Cookie header, which a server sends: paste the Cookie header that the browser sends, name=value; name=value")
	case cookie != "" && !strings.Contains(cookie, "="):
		return r, fmt.Errorf("the cookies are %s: paste the header that the browser sends, name=value; name=value", signer.Describe(cookie, signer.FormWord))
	}
	if cookie != "" {
		r.Cookie = []string{cookie}
	}
	if origin := strings.TrimSpace(ask.Origin); shownOrigin(origin) != origin {
		return r, errors.New("the origin is not one that a browser sends: write one such as https://app.example.com")
	}
	if address := strings.TrimSpace(ask.Address); address != "" {
		parsed, err := netip.ParseAddr(address)
		if err != nil {
			return r, fmt.Errorf("the viewer's address is %s: write one such as 203.0.113.7", signer.Describe(address, signer.FormWord))
		}
		r.RemoteAddr = parsed
	}
	if ask.Time != "" {
		parsed, err := time.Parse(time.RFC3339, ask.Time)
		if err != nil {
			return r, fmt.Errorf("the time is %s: write one such as 2030-01-31T12:00:00Z", signer.Describe(ask.Time, signer.FormWord))
		}
		r.Time = parsed
	}
	return r, nil
}

// isAddress reports whether a text contains a URL, damaged or not.
func isAddress(text string) bool {
	return strings.Contains(text, "http://") || strings.Contains(text, "https://")
}

// explainElsewhere explains a URL of another distribution. Only its signature can
// be checked. Without the key, everything else about the signature is checked.
func (p *Page) explainElsewhere(ctx context.Context, r signer.Request, method string, keys map[string]*signer.PublicKey) *explanation {
	x := edge.ExplainSignature(r, keys)
	note := "This URL is of another distribution: only its signature is checked, not its bucket."
	if slices.Contains(p.hosts, hostIn(r.URL)) {
		note = "" // the host itself is intact
	}
	id := x.Verdict.KeyPairID
	unjudged := false
	if x.Verdict.Reason == signer.ReasonUnknownKey && id != "" {
		// A stand-in key signs the policy again, so all other rules are checked.
		if standIn, err := signer.GenerateKey(signer.ECDSAP256); err == nil {
			keys := map[string]*signer.PublicKey{id: standIn.PublicKey()}
			x = edge.ExplainSignature(r, keys)
			note = "The public key of " + id + " is unknown here: to check the signature, add the key under Cookies, keys and the viewer."
			if unjudged = x.Verdict.Reason == signer.ReasonSignature; unjudged {
				x = edge.ExplainSignature(signedBy(standIn, r, x.Verdict), keys)
			}
		}
	}
	x.Record.Target, x.Record.Host, x.Record.Method = targetIn(r.URL), hostIn(r.URL), method
	if !unjudged {
		out := p.explain(ctx, x, r.URL, keys)
		out.Note = note
		return out
	}
	out := p.explain(ctx, x, r.URL, nil)
	out.Note, out.Certain = note, true
	out.Verdict, out.Status, out.Code = "unknown", 0, ""
	out.Detail = "The signature cannot be checked without its key"
	if x.Verdict.Reason != signer.ReasonSignature {
		out.Detail += "; all other checks passed."
	}
	withoutKey(out.Checks, r, x.Verdict)
	for _, c := range out.Checks {
		if c.Result == string(edge.Failed) {
			out.Verdict, out.Status, out.Certain = verdictOf(false), http.StatusForbidden, x.Verdict.Certain
			out.Detail = "Whatever its signature: " + c.Text
			break
		}
	}
	return out
}

// isOwn reports whether a URL is one of the edge.
func (p *Page) isOwn(url string) bool {
	scheme, _, _ := strings.Cut(p.baseURL, "://")
	return strings.HasPrefix(url, scheme+"://") && slices.Contains(p.hosts, hostIn(url)) && strings.HasPrefix(targetIn(url), "/")
}

// hostIn returns the host of a URL.
func hostIn(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// targetIn returns the path and query of a URL.
func targetIn(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest[len(hostIn(url)):]
}

// withoutKey sets the checks that depend on the missing key to unknown, and the
// check of the viewer's address if that is not given.
func withoutKey(checks []check, r signer.Request, v *signer.Verdict) {
	for i := range checks {
		c := &checks[i]
		switch edge.Check(strings.ToLower(c.Name)) {
		case edge.CheckKey:
			c.Result, c.Text = notKnown, "the distribution may trust it: its key groups are unknown here"
		case edge.CheckSignature:
			c.Result, c.Text = notKnown, "its key is unknown here"
		case edge.CheckAddress:
			if c.Result == string(edge.Failed) && !r.RemoteAddr.IsValid() {
				c.Result, c.Text = notKnown, "signed for "+v.Statement.IPAddress.String()+": give the viewer's address"
			}
		}
	}
}

// signedBy returns a request with a new signature of its policy by key. v is its
// verdict, with a policy that was read.
func signedBy(key *signer.PrivateKey, r signer.Request, v *signer.Verdict) signer.Request {
	carrier := &r.URL
	if v.Cookies {
		r.Cookie = []string{strings.Join(r.Cookie, "; ")}
		carrier = &r.Cookie[0]
	}
	policy := fmt.Appendf(nil, `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}`, v.Statement.Resource, valueOf(*carrier, "Expires"))
	if !v.Canned {
		text, err := url.QueryUnescape(strings.ReplaceAll(valueOf(*carrier, "Policy"), "+", "%2B"))
		if err != nil {
			return r
		}
		if policy, err = base64.StdEncoding.DecodeString(fromCloudFront.Replace(text)); err != nil {
			return r
		}
	}
	before := *carrier
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA1} {
		sum := hash.New()
		sum.Write(policy)
		signature, err := key.Sign(nil, sum.Sum(nil), hash)
		if err != nil {
			continue
		}
		old := "Signature=" + valueOf(before, "Signature")
		*carrier = strings.Replace(before, old, "Signature="+toCloudFront.Replace(base64.StdEncoding.EncodeToString(signature)), 1)
		if signer.Verify(r, map[string]*signer.PublicKey{v.KeyPairID: key.PublicKey()}).Reason != signer.ReasonSignature {
			break
		}
	}
	return r
}

// CloudFront's base64.
var (
	toCloudFront   = strings.NewReplacer("+", "-", "=", "_", "/", "~")
	fromCloudFront = strings.NewReplacer("-", "+", "_", "=", "~", "/")
)

// valueOf returns the value of one of CloudFront's parameters in a URL, or of its
// cookies in a Cookie header.
func valueOf(text, name string) string {
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune("?&; ", c) }) {
		if value, ok := strings.CutPrefix(strings.TrimPrefix(part, "CloudFront-"), name+"="); ok {
			return value
		}
	}
	return ""
}

// openedByCookies returns a URL that the cookies open, if the person gave none: the
// policy's resource without its wildcards.
func openedByCookies(r signer.Request) (string, error) {
	r.URL = "https://any.example/"
	v := signer.Verify(r, nil)
	if v.Reason == signer.ReasonUnknownKey && v.KeyPairID != "" {
		if standIn, err := signer.GenerateKey(signer.ECDSAP256); err == nil {
			v = signer.Verify(r, map[string]*signer.PublicKey{v.KeyPairID: standIn.PublicKey()})
		}
	}
	switch {
	case v.Statement == nil:
		return "", fmt.Errorf("the cookies cannot be read: %s", v.Detail)
	case v.Canned:
		return "", errors.New("the cookies have no policy of their own and open one URL: paste that too")
	}
	url := strings.ReplaceAll(v.Statement.Resource, "*", "")
	if rest, ok := strings.CutPrefix(url, "http://"); ok && strings.HasPrefix(v.Statement.Resource, "http*") {
		url = "https://" + rest
	}
	if !isAddress(url) || strings.Count(url, "/") < 3 {
		return "", errors.New("the cookies open URLs of more than one host: paste the requested URL too")
	}
	return url, nil
}
