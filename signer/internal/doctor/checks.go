package doctor

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// checks are all checks, ordered by group as in a Report.
var checks = []check{
	{"connection", "dns", "does the name of the base URL have an address?",
		"no viewer finds the content", "create a DNS record for the domain, as an alias of the distribution's domain name; after a change, resolvers may return the old record until its time to live has passed", askDNS},
	{"connection", "certificate", fmt.Sprintf("is the certificate valid for another %d days?", certificateDays),
		"browsers refuse the content, or soon will", "check the certificate in AWS Certificate Manager (us-east-1): it is renewed only while its DNS validation record exists", askCertificate},
	{"connection", "cloudfront", "does CloudFront answer at the base URL?",
		"another server answers instead of the distribution", "point the DNS record of the domain at the distribution's domain name, and check for a proxy between viewers and CloudFront", askCloudFront},
	{"connection", "clock", fmt.Sprintf("is this machine's clock within %s of CloudFront's?", clockMargin),
		"signed URLs start or expire at the wrong time", "set the clock of the machine that signs, for example with NTP", askClock},

	{"connection", "names", "does each other name of the distribution answer as the base URL does?",
		"viewers who use that name find nothing, or somebody else's content", "create a DNS record for the name, as an alias of the distribution's domain name, or remove the name from the setting domain", askNames},

	{"key", "private-key", "can the private key be used, and does it match the deployment document?",
		"nothing can be signed, or CloudFront refuses what is signed", "run `signedfront status`; if the key is lost, add a key to signingKeys and make it current", askPrivateKey},

	{"attacker", "unsigned", "is a request without a signature refused?",
		"anybody can read private objects", "deploy again, so that the cache behavior has a trusted key group, and run `signedfront status`", askUnsigned},
	{"attacker", "expired", "are an expired URL and expired cookies refused?",
		"a URL opens its object after it has expired", "check whether another server or a cache answers instead of CloudFront", withPrivate(askExpired)},
	{"attacker", "altered", "are a URL and cookies refused if their expiry time was changed to a later one?",
		"a viewer can extend a URL or cookies", "check whether another server or a cache answers instead of CloudFront", withPrivate(askAltered)},
	{"attacker", "foreign-key", "are signatures of another key refused, with its own key pair id and with the deployment's?",
		"anybody with a key of their own can open every object", "check whether another server answers instead of CloudFront, and which keys the key group has", withPrivate(askForeignKey)},
	{"attacker", "other-path", "is a signature for another path refused, in a URL and in cookies?",
		"one URL opens every object", "check whether another server or a cache answers instead of CloudFront", withPrivate(askOtherPath)},
	{"attacker", "plain-http", "is a signed URL over plain HTTP refused, or redirected to HTTPS?",
		"anybody on a viewer's network can read the object and its URL", "set the viewer protocol policy of the cache behavior back to https-only, as in the template; `cdk drift` lists what else was changed", withObject(askPlainHTTP)},
	{"attacker", "listing", "does CloudFront never send a list of the bucket's objects?",
		"anybody can read the keys of all objects", "remove s3:ListBucket for the distribution from the bucket policy, or set defaultRootObject to a path", askListing},
	{"attacker", "spellings", "are other spellings of the object's path refused without a signature?",
		"anybody can read private objects under another spelling of their path", "check whether a function or a proxy rewrites paths before the signature is checked", withPrivate(askSpellings)},
	{"attacker", "public-paths", "is the object refused under every public path pattern?",
		"anybody can read private objects through a public path", "check whether a function or a proxy rewrites paths, and deploy again so that public paths have their function", withPrivate(askPublicPaths)},
	{"attacker", "signed-paths", "does each path pattern that requires a signature refuse a request without one?",
		"anybody can read the objects of these paths", "deploy again, so that the cache behavior of the pattern has a trusted key group", askSignedPaths},

	{"attacker", "signed-spellings", "are other spellings of these paths refused without a signature?",
		"anybody can read the objects of these paths under another spelling", "deploy again, so that public paths have their function; `cdk drift` lists what else was changed", askSignedSpellings},

	{"bucket", "bucket-object", "does S3 refuse the object at each address of the bucket?",
		"anybody can read objects from S3 directly, without a signature", "block public access of the bucket, and remove statements for everyone from its policy", withObject(askBucketObject)},
	{"bucket", "bucket-listing", "does S3 refuse to list the bucket at each of its addresses?",
		"anybody can read the keys of all objects", "block public access of the bucket, and remove statements for everyone from its policy", askBucketListing},

	{"viewer", "signed-url", "does a signed URL open the object?",
		"every viewer is refused", "check that the object exists, then run `signedfront status` and `signedfront explain`", withObject(askSignedURL)},
	{"viewer", "signed-cookies", "do signed cookies open the object?",
		"viewers with cookies are refused", "check whether a proxy or a function of the distribution removes cookies", withObject(askSignedCookies)},
	{"viewer", "range", "is only the requested range of the object sent?",
		"players cannot seek, and downloads do not resume", "check whether a proxy or a function removes the header Range", withObject(askRange)},
	{"viewer", "head", "does HEAD have the same status and ETag as GET?",
		"programs that ask for the size first fail", "allow GET and HEAD in the cache behavior, as in the template; `cdk drift` lists what else was changed", withObject(askHead)},
	{"viewer", "headers", "does the answer have a Content-Type and X-Content-Type-Options: nosniff?",
		"browsers guess what the object is, and may run it as a script", "give the cache behavior the response headers policy of the stack, and upload the object with a Content-Type", withObject(askHeaders)},
	{"viewer", "cache", "is a second request with another signature answered from the cache?",
		"every request goes to the bucket, which is slower and costs more", "use a cache policy without the query and without cookies in its key, and objects that may be cached", withObject(askCache)},
	{"viewer", "save-as", "does a URL with a file name make the browser save the object under that name?",
		"downloads are saved under the names of the objects", "deploy again, so that the cache policy forwards response-content-disposition", withObject(askSaveAs)},
	{"viewer", "public-open", "does each public path pattern accept requests without a signature?",
		"viewers without a signature are refused public objects", "check the settings publicPaths and signedPaths: the first pattern that matches a path decides", askPublicOpen},
	{"viewer", "missing", "is a signed URL of a missing object answered with 403 or 404?",
		"a missing object looks like an empty one, or like a fault of the server", "check the settings errorPages and missing, and the bucket policy with `signedfront status`", askMissing},
	{"viewer", "error-page", "does a refusal have an error status?",
		"programs, caches and search engines mistake the error page for the content", "in the setting errorPages set responseCode for 403 to 403, or leave it out", askErrorPage},

	{"page", "cors", "can a page of --origin read the object?",
		"scripts of that page cannot read the content", "add the origin to the setting cors, and deploy again", withObject(askCORS)},
	{"page", "preflight", "does a preflight request from --origin allow GET?",
		"requests of that page that need a preflight fail", "add the origin to the setting cors, and deploy again", withObject(askPreflight)},
	{"page", "foreign-origin", "are pages of other origins prevented from reading with the viewer's cookies?",
		"any page that a viewer opens can read private objects with the viewer's cookies", "list the origins in the setting cors by name", withObject(askForeignOrigin)},
}

const (
	clockMargin = time.Minute

	// AWS renews a certificate 60 days before it expires.
	// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
	certificateDays = 21
)

func (v *visit) base() *url.URL {
	u, err := url.Parse(v.Deployment.BaseURL)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// isLocal reports whether the document is that of a local edge, which has no Region.
func (v *visit) isLocal() bool { return v.Deployment.Region == "" }

func askDNS(v *visit) Result {
	host := v.base().Hostname()
	if net.ParseIP(host) != nil || host == "localhost" {
		return notAsked("%s needs no DNS", host)
	}
	if v.Proxied {
		return notAsked("a proxy looks the name up")
	}
	addresses, err := v.Lookup(v.ctx, host)
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return failed("%s has no address", host)
	case err != nil:
		return couldNotAsk(fmt.Errorf("the name server cannot look up %s", host))
	case len(addresses) == 0:
		return failed("%s has no address", host)
	}
	return passed("%s has %d addresses", host, len(addresses))
}

func askCertificate(v *visit) Result {
	if v.base().Scheme != "https" {
		return notAsked("the base URL has http://")
	}
	a, err := v.refusal()
	var refused *certificateError
	switch {
	case errors.As(err, &refused):
		return failed("%s", refused)
	case err != nil:
		return couldNotAsk(err)
	case a.TLS == nil || len(a.TLS.PeerCertificates) == 0:
		return couldNotAsk(errors.New("the connection has no certificate"))
	}
	end := a.TLS.PeerCertificates[0].NotAfter
	days := int(end.Sub(v.Now()).Hours() / 24)
	if days < certificateDays {
		return failed("it expires on %s, in %d days", end.UTC().Format(time.DateOnly), days)
	}
	return passed("it expires on %s, in %d days", end.UTC().Format(time.DateOnly), days)
}

func askCloudFront(v *visit) Result {
	a, err := v.refusal()
	if err != nil {
		return couldNotAsk(err)
	}
	if !strings.Contains(a.Header.Get("Via"), "CloudFront") || a.Header.Get("X-Amz-Cf-Id") == "" {
		return failed("the answer has no Via and X-Amz-Cf-Id of CloudFront")
	}
	return passed("it does")
}

func askClock(v *visit) Result {
	a, err := v.refusal()
	if err != nil {
		return couldNotAsk(err)
	}
	date, ok := ClockOf(a.Header)
	if !ok {
		return couldNotAsk(errors.New("the answer has no Date"))
	}
	off := v.Now().Sub(date).Round(time.Second)
	switch {
	case off > clockMargin:
		return failed("this clock is %s fast", off)
	case off < -clockMargin:
		return failed("this clock is %s slow", -off)
	}
	return passed("they are %s apart", max(off, -off))
}

// ClockOf returns when an answer was sent, and whether its header has that time.
// The Date of an answer from a cache, such as a custom error page, is when the cache got
// it, and its Age is the number of seconds since then.
// https://www.rfc-editor.org/rfc/rfc9111.html#section-5.1
func ClockOf(h http.Header) (sent time.Time, ok bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}, false
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		date = date.Add(time.Duration(age) * time.Second)
	}
	return date, true
}

// askNames sends a request without a signature to each name except that of the base URL.
func askNames(v *visit) Result {
	if v.Names == nil {
		return notAsked("the names of the distribution are known only with --env")
	}
	home, err := v.refusal()
	if err != nil {
		return couldNotAsk(err)
	}
	asked := 0
	for _, name := range v.Names {
		if name == v.base().Host || strings.Contains(name, "*") { // a wildcard is not a host name
			continue
		}
		a, err := v.get("https://" + name + strings.TrimPrefix(v.url(v.stranger), v.Deployment.BaseURL))
		var unknown *noAddressError
		var refused *certificateError
		switch {
		case errors.As(err, &unknown), errors.As(err, &refused):
			return failed("%s", err)
		case err != nil:
			return couldNotAsk(err)
		case a.StatusCode != home.StatusCode || a.code() != home.code():
			return failed("%s %s, and %s %s", name, a, v.base().Host, home)
		}
		asked++
	}
	if asked == 0 {
		return notAsked("the distribution has no other name")
	}
	return passed("%d names answer as %s does", asked, v.base().Host)
}

func askPrivateKey(v *visit) Result {
	switch {
	case v.Signer != nil:
		return passed("it can be used, and it matches")
	case v.Unsigned == nil:
		return notAsked("there is no private key to sign with")
	case v.Unfit:
		return failed("%s", v.Unsigned)
	case v.Object == "":
		return notAsked("%s", v.Unsigned)
	}
	return couldNotAsk(v.Unsigned) // KEY cannot be opened without a signature
}

func askUnsigned(v *visit) Result {
	if v.Object != "" && v.public() == "" {
		object := v.url(v.Object)
		return v.refused(target{what: "without a signature", url: object}, target{what: "a range without a signature", url: object, headers: []string{"Range", "bytes=0-0"}},
			target{what: "HEAD without a signature", url: object, method: http.MethodHead})
	}
	a, err := v.refusal()
	switch {
	case err != nil:
		return couldNotAsk(err)
	case a.code() == "MissingKey":
		return passed("refused with MissingKey")
	case a.fromBucket():
		return failed("the request reached the bucket: %s", a)
	}
	return notAsked("the refusal does not say whether CloudFront or S3 refused: give the key of a private object")
}

func askExpired(v *visit) Result {
	object := v.url(v.Object)
	signed, err := v.sign(v.Past, object, signer.Policy{TTL: ttl})
	if err != nil {
		return couldNotAsk(err)
	}
	cookies, err := v.cookies(v.Past, object)
	if err != nil {
		return couldNotAsk(err)
	}
	return v.refused(target{what: "an expired URL", url: signed}, target{what: "expired cookies", url: object, headers: []string{"Cookie", cookies}})
}

func askAltered(v *visit) Result {
	object := v.url(v.Object)
	signed, err := v.sign(v.Signer, object, signer.Policy{TTL: ttl})
	if err != nil {
		return couldNotAsk(err)
	}
	cookies, err := v.cookies(v.Signer, object)
	if err != nil {
		return couldNotAsk(err)
	}
	later := v.Now().Add(24 * time.Hour)
	signed, changed := withEnd(signed, later)
	cookies, both := withEnd(cookies, later)
	if !changed || !both {
		return couldNotAsk(errors.New("the signatures have no expiry time that can be altered"))
	}
	return v.refused(target{what: "a URL with a later expiry time", url: signed}, target{what: "cookies with a later expiry time", url: object, headers: []string{"Cookie", cookies}})
}

var (
	endShape    = regexp.MustCompile(`Expires=[0-9]+`)
	policyShape = regexp.MustCompile(`Policy=([A-Za-z0-9_~-]+)`)
	epochShape  = regexp.MustCompile(`("DateLessThan":\{"AWS:EpochTime":)[0-9]+`)

	// CloudFront's base64.
	// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
	toBase64, fromBase64 = strings.NewReplacer("-", "+", "_", "=", "~", "/"), strings.NewReplacer("+", "-", "=", "_", "/", "~")
)

// withEnd changes the expiry time in a signed URL or in cookies, and not the
// signature. It reports whether there was an expiry time.
func withEnd(signed string, end time.Time) (altered string, ok bool) {
	if endShape.MatchString(signed) {
		return endShape.ReplaceAllString(signed, fmt.Sprintf("Expires=%d", end.Unix())), true
	}
	found := policyShape.FindStringSubmatch(signed)
	if found == nil {
		return signed, false
	}
	policy, err := base64.StdEncoding.DecodeString(toBase64.Replace(found[1]))
	if err != nil || !epochShape.Match(policy) {
		return signed, false
	}
	policy = epochShape.ReplaceAll(policy, fmt.Appendf(nil, "${1}%d", end.Unix()))
	return strings.Replace(signed, found[1], fromBase64.Replace(base64.StdEncoding.EncodeToString(policy)), 1), true
}

func askForeignKey(v *visit) Result {
	d := v.Deployment
	key, err := signer.GenerateKey(d.Algorithm)
	if err != nil {
		return couldNotAsk(errors.New("no key can be generated"))
	}
	var targets []target
	for what, id := range map[string]string{"a foreign key with the deployment's id": d.KeyPairID, "a foreign key with its own id": "KSIGNEDFRONTDOCTOR"} {
		stranger, err := signer.New(id, key, &signer.Options{Hash: d.Hash, Now: v.Now})
		if err != nil {
			return couldNotAsk(fmt.Errorf("signing with a foreign key: %w", err))
		}
		signed, err := v.sign(stranger, v.url(v.Object), signer.Policy{TTL: ttl})
		if err != nil {
			return couldNotAsk(err)
		}
		targets = append(targets, target{what: what, url: signed})
	}
	return v.refused(targets...)
}

func askOtherPath(v *visit) Result {
	object, other := v.url(v.Object), v.url(v.stranger)
	signed, err := v.sign(v.Signer, other, signer.Policy{TTL: ttl})
	if err != nil {
		return couldNotAsk(err)
	}
	cookies, err := v.cookies(v.Signer, other)
	if err != nil {
		return couldNotAsk(err)
	}
	_, query, _ := strings.Cut(signed, "?")
	return v.refused(target{what: "the signature of another path", url: object + "?" + query}, target{what: "cookies of another path", url: object, headers: []string{"Cookie", cookies}})
}

func askPlainHTTP(v *visit) Result {
	rest, ok := strings.CutPrefix(v.url(v.Object), "https://")
	if !ok {
		return notAsked("the base URL has http://")
	}
	// Sign for both schemes, so that the signature is valid for plain HTTP too.
	signed, err := v.sign(v.Signer, "http://"+rest, signer.Policy{TTL: ttl, Resource: "http*://" + rest})
	if err != nil {
		return couldNotAsk(err)
	}
	a, err := v.get(signed)
	switch {
	case err != nil:
		return couldNotAsk(err)
	case v.leaks(a):
		return failed("the object was sent over plain HTTP")
	case a.StatusCode >= 300 && a.StatusCode < 400:
		if to, err := url.Parse(a.Header.Get("Location")); err != nil || to.Scheme != "https" || !strings.EqualFold(to.Host, v.base().Host) {
			return failed("answered %d, a redirect to something other than HTTPS on the same host", a.StatusCode)
		}
		return passed("redirected to HTTPS")
	case a.StatusCode != http.StatusForbidden && !v.isRefusal(a):
		return couldNotAsk(fmt.Errorf("%s, which is not a refusal", a))
	}
	if wrong := v.provesNothing(); wrong != nil {
		return *wrong
	}
	return passed("%s", a)
}

// isListing reports whether an answer is a list of objects by S3.
func isListing(a *answer) bool {
	return a.ok() && (strings.Contains(a.body, "<ListBucketResult") || strings.Contains(a.body, "<ListVersionsResult"))
}

func askListing(v *visit) Result {
	root := v.Deployment.BaseURL + "/"
	targets := []target{{what: "/", url: root}, {what: "/?list-type=2", url: root + "?list-type=2"}, {what: "/?versions", url: root + "?versions"}}
	if signed, err := v.sign(v.Signer, root, signer.Policy{TTL: ttl}); err == nil {
		targets = append(targets, target{what: "/ with a signature", url: signed})
	}
	for _, t := range targets {
		a, err := v.get(t.url)
		if err != nil {
			return couldNotAsk(err)
		}
		switch {
		case isListing(a):
			return failed("%s lists the bucket", t.what)
		case v.broken(a):
			return couldNotAsk(fmt.Errorf("%s: %s, which proves nothing", t.what, a))
		}
	}
	return passed("%d requests list nothing", len(targets))
}

// spellings returns paths that some servers treat as the path of an object. path
// starts with a slash and has no query.
func spellings(path string) []string {
	key := path[1:]
	list := []string{
		"//" + key, "/./" + key, "/%2e/" + key, "/%2f" + key, "/%2F" + key, "/%5c" + key,
		"/x/../" + key, "/x/%2e%2e/" + key, "/x/..%2f" + key, "/x/%252e%252e%252f" + key,
		path + "/", path + "/.", path + "%20", path + "%00", path + ";", path + "%3f", path + "%23",
	}
	if c := key[0]; c != '%' {
		list = append(list, fmt.Sprintf("/%%%02X%s", c, key[1:]), fmt.Sprintf("/%%25%02X%s", c, key[1:]))
	}
	if folder, name, ok := strings.Cut(key, "/"); ok {
		list = append(list, "/"+folder+"//"+name, "/"+folder+"%2F"+name, "/"+folder+"%5C"+name)
	}
	return list
}

// throughPattern returns paths that match a path pattern and that some servers treat
// as the path of an object: they go up from the pattern's folder, and put the
// pattern's last part after a character at which a server may cut the path.
func throughPattern(pattern, path string) []string {
	pattern = "/" + strings.TrimPrefix(pattern, "/")
	first, last := strings.Index(pattern, "*"), strings.LastIndex(pattern, "*")
	if first < 0 {
		return nil // it matches paths of one length only
	}
	before := strings.ReplaceAll(pattern[:first], "?", "x")
	after := strings.ReplaceAll(pattern[last+1:], "?", "x")
	if !strings.HasSuffix(before, "/") {
		before += "x/"
	}
	ups, ends := []string{"../", "%2e%2e/", "..%2f", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "..;/"}, []string{""}
	if after != "" {
		ups, ends = ups[:3], []string{"/", "%2f", ";", "%00", "%3f", "%23"}
	}
	depth := strings.Count(before, "/") - 1
	if depth == 0 {
		ups = []string{""}
	}
	var list []string
	for _, up := range ups {
		for _, end := range ends {
			if p := before + strings.Repeat(up, depth) + path[1:] + end + after; p != path && signer.MatchPattern(pattern, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

func (v *visit) path() string { return strings.TrimPrefix(v.url(v.Object), v.Deployment.BaseURL) }

func askSpellings(v *visit) Result {
	var targets []target
	for _, path := range spellings(v.path()) {
		targets = append(targets, target{what: "another spelling of the path", url: v.Deployment.BaseURL + path})
	}
	return v.refused(targets...)
}

func askPublicPaths(v *visit) Result {
	switch {
	case v.Public == nil:
		return notAsked("%s", noPatterns)
	case len(v.Public) == 0:
		return notAsked("there is no public path")
	}
	var lists [][]target
	for _, pattern := range v.Public {
		var list []target
		for _, path := range throughPattern(pattern, v.path()) {
			list = append(list, target{what: "the public path " + pattern, url: v.Deployment.BaseURL + path})
		}
		lists = append(lists, list)
	}
	targets, all := byTurns(lists, throughPublic)
	if all == 0 {
		return notAsked("no public path has a wildcard")
	}
	r := v.refused(targets...)
	if all > len(targets) && r.Outcome == Passed {
		r.What = fmt.Sprintf("%d of %d requests were sent, and all are refused", len(targets), all)
	}
	return r
}

// These limit the requests that try to get around path patterns. A distribution has up
// to 75 patterns, and each is also requested once as it is.
const throughPublic, aroundSigned = 62, 36

// byTurns returns at most n elements of lists: the first of each list, then the second
// of each, and so on. all is the number of elements in all lists.
func byTurns[T any](lists [][]T, n int) (chosen []T, all int) {
	longest := 0
	for _, list := range lists {
		all += len(list)
		longest = max(longest, len(list))
	}
	for i := range longest {
		for _, list := range lists {
			if i < len(list) && len(chosen) < n {
				chosen = append(chosen, list[i])
			}
		}
	}
	return chosen, all
}

// under returns the URL of a path that matches a pattern. If the pattern has a
// wildcard, no object has this path.
func (v *visit) under(pattern string) string {
	path := strings.NewReplacer("*", v.stranger, "?", "x").Replace("/" + strings.TrimPrefix(pattern, "/"))
	return v.Deployment.BaseURL + path
}

const noPatterns = "the deployment document does not list the path patterns: use --env NAME"

func askSignedPaths(v *visit) Result {
	switch {
	case v.Signed == nil:
		return notAsked("%s", noPatterns)
	case len(v.Signed) == 0:
		return notAsked("only the default cache behavior requires a signature")
	}
	certain := 0
	for _, pattern := range v.Signed {
		a, err := v.get(v.under(pattern))
		switch {
		case err != nil:
			return couldNotAsk(err)
		case a.fromBucket(), v.leaks(a):
			return failed("%s: the request reached the bucket: %s", pattern, a)
		case v.broken(a):
			return couldNotAsk(fmt.Errorf("%s: %s, which proves nothing", pattern, a))
		case a.code() == "MissingKey":
			certain++
		}
	}
	if certain < len(v.Signed) {
		return notAsked("a custom error page does not say whether CloudFront or S3 refused")
	}
	return passed("%d patterns refuse with MissingKey", certain)
}

// escapes returns spellings of a path with one character of the pattern
// percent-encoded. S3 reads the same key, and CloudFront may no longer match the
// pattern.
func escapes(pattern, path string) (list []string) {
	add := func(at int, verb string) {
		list = append(list, path[:at]+fmt.Sprintf("%%"+verb, path[at])+path[at+1:])
	}
	pattern = "/" + strings.TrimPrefix(pattern, "/")
	before := pattern
	if first := strings.IndexAny(pattern, "*?"); first >= 0 {
		before = pattern[:first]
	}
	for at := 1; at < len(before); at++ {
		switch c := path[at]; {
		case c == '/':
			add(at, "%02X")
			add(at, "%02x")
		case path[at-1] == '/' && c != '%':
			add(at, "%02X")
		}
	}
	if last := len(path) - 1; !strings.HasSuffix(pattern, "*") && path[last] != '/' && !strings.Contains(path[max(0, last-2):], "%") {
		add(last, "%02X")
	}
	return list
}

func askSignedSpellings(v *visit) Result {
	switch {
	case v.Signed == nil:
		return notAsked("%s", noPatterns)
	case len(v.Signed) == 0:
		return notAsked("only the default cache behavior requires a signature")
	}
	var lists [][]target
	for _, pattern := range v.Signed {
		var list []target
		for _, path := range escapes(pattern, strings.TrimPrefix(v.under(pattern), v.Deployment.BaseURL)) {
			list = append(list, target{what: pattern, url: v.Deployment.BaseURL + path})
		}
		lists = append(lists, list)
	}
	targets, all := byTurns(lists, aroundSigned)
	for _, t := range targets {
		a, err := v.get(t.url)
		switch {
		case err != nil:
			return couldNotAsk(err)
		case a.fromBucket(), v.leaks(a):
			return failed("%s, in another spelling: the request reached the bucket: %s", t.what, a)
		case v.broken(a):
			return couldNotAsk(fmt.Errorf("%s, in another spelling: %s, which proves nothing", t.what, a))
		case a.code() != "MissingKey" && !strings.HasPrefix(a.Header.Get("X-Cache"), "FunctionGeneratedResponse"):
			return notAsked("a custom error page does not say whether CloudFront or S3 refused")
		}
	}
	return passed("%d of %d requests were sent, and none reached the bucket", len(targets), all)
}

func askPublicOpen(v *visit) Result {
	switch {
	case v.Public == nil:
		return notAsked("%s", noPatterns)
	case len(v.Public) == 0:
		return notAsked("there is no public path")
	}
	for _, pattern := range v.Public {
		a, err := v.get(v.under(pattern))
		switch {
		case err != nil:
			return couldNotAsk(err)
		case a.code() == "MissingKey":
			return failed("%s: %s", pattern, a)
		case v.broken(a):
			return couldNotAsk(fmt.Errorf("%s: %s, which proves nothing", pattern, a))
		}
	}
	return passed("%d patterns require no signature", len(v.Public))
}

// address is a base URL at which S3 answers for a bucket.
type address struct {
	url string // without a slash at the end

	// mayLack reports that some Regions do not have such an address, so that its host
	// may have no IP address.
	mayLack bool

	// elsewhere reports that S3 may answer with a redirect or with 400, since the address
	// serves the buckets of all Regions or must be enabled first.
	elsewhere bool

	// website reports that the address works only once it is configured. It may
	// redirect.
	website bool
}

// refuses reports whether an answer is a refusal by S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#VirtualHostingBackwardsCompatibility
func (at address) refuses(a *answer) bool {
	redirects := a.StatusCode >= 300 && a.StatusCode < 400
	switch {
	case at.elsewhere && (redirects || a.StatusCode == http.StatusBadRequest):
		return true
	case at.website && (redirects || a.code() == "NoSuchWebsiteConfiguration"):
		return true
	}
	return a.StatusCode == http.StatusForbidden && a.code() != ""
}

// bucketAddresses returns all addresses of a bucket. The addresses without a Region
// belong to the partition aws. A bucket in China or GovCloud has none of them: its name
// may be that of another bucket there.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
// https://docs.aws.amazon.com/general/latest/gr/s3.html
func bucketAddresses(b *signer.Bucket) (list []address) {
	suffix := "amazonaws.com"
	if strings.HasPrefix(b.Region, "cn-") {
		suffix += ".cn"
	}
	type endpoint struct {
		host                     string
		path, mayLack, elsewhere bool
	}
	endpoints := []endpoint{{"s3." + b.Region, true, false, false}, {"s3.dualstack." + b.Region, true, false, false}, {"s3-" + b.Region, true, true, false}}
	if !strings.HasPrefix(b.Region, "cn-") && !strings.HasPrefix(b.Region, "us-gov-") {
		endpoints = append(endpoints, endpoint{"s3", true, false, true}, endpoint{"s3-accelerate", false, false, true}, endpoint{"s3-accelerate.dualstack", false, false, true})
	}
	if b.Region == "us-east-1" {
		endpoints = append(endpoints, endpoint{"s3-external-1", true, true, false})
	}
	for _, prefix := range []string{"us-", "ca-"} {
		if strings.HasPrefix(b.Region, prefix) {
			endpoints = append(endpoints, endpoint{"s3-fips." + b.Region, true, true, false}, endpoint{"s3-fips.dualstack." + b.Region, true, true, false})
		}
	}
	points := strings.Contains(b.Name, ".") // the certificate of S3 covers one label, and acceleration takes one
	for _, e := range endpoints {
		host := e.host + "." + suffix
		add := func(url string) {
			list = append(list, address{url: url, mayLack: e.mayLack, elsewhere: e.elsewhere})
		}
		if e.path {
			add("https://" + host + "/" + b.Name)
			add("http://" + host + "/" + b.Name)
		}
		if !points {
			add("https://" + b.Name + "." + host)
		}
		if !points || e.path {
			add("http://" + b.Name + "." + host)
		}
	}
	// The website host has a hyphen in older Regions and a point in newer ones.
	for _, separator := range []string{"-", "."} {
		list = append(list, address{url: "http://" + b.Name + ".s3-website" + separator + b.Region + "." + suffix, mayLack: true, website: true})
	}
	return list
}

// askBucket appends follows, a path with an optional query, to each address of the
// bucket and requests it. It fails if one of them answers with 2xx.
func askBucket(v *visit, follows string) Result {
	if v.Deployment.Bucket == nil {
		return notAsked("the deployment document names no bucket")
	}
	type reply struct {
		address
		answer *answer
		err    error
	}
	addresses := bucketAddresses(v.Deployment.Bucket)
	replies := make([]reply, len(addresses))
	var wait sync.WaitGroup
	for i, at := range addresses {
		wait.Go(func() {
			a, err := v.get(at.url + follows)
			replies[i] = reply{at, a, err}
		})
	}
	wait.Wait()
	asked := 0
	var unasked error
	for _, r := range replies {
		switch {
		case r.mayLack && v.noAddress(r.answer, r.err):
		case r.err != nil:
			unasked = r.err
		case r.answer.ok():
			return failed("%s: %s", r.url, r.answer)
		case !r.refuses(r.answer):
			unasked = fmt.Errorf("%s: %s, which is not a refusal by S3", r.url, r.answer)
		default:
			asked++
		}
	}
	if unasked != nil {
		return couldNotAsk(unasked)
	}
	return passed("%d addresses refuse", asked)
}

// noAddress reports whether an answer or an error is that of a host without an IP
// address. With a proxy that is the proxy's own error.
func (v *visit) noAddress(a *answer, err error) bool {
	var unknown *noAddressError
	var proxy *proxyError
	if err != nil {
		return errors.As(err, &unknown) || v.Proxied && errors.As(err, &proxy)
	}
	return v.Proxied && a.StatusCode >= http.StatusInternalServerError && a.code() == ""
}

func askBucketObject(v *visit) Result {
	if v.Deployment.Bucket == nil {
		return askBucket(v, "")
	}
	u, err := signer.ObjectURL(v.Deployment.BaseURL, v.Deployment.Bucket.Key(v.Object))
	if err != nil {
		return couldNotAsk(errors.New("the key of the object cannot be written in a URL of S3"))
	}
	r := askBucket(v, strings.TrimPrefix(u, v.Deployment.BaseURL))
	if r.Outcome == Passed {
		if wrong := v.provesNothing(); wrong != nil {
			return *wrong
		}
	}
	return r
}

func askBucketListing(v *visit) Result { return askBucket(v, "/?list-type=2&max-keys=1") }

func askSignedURL(v *visit) Result {
	a, err := v.opened()
	switch {
	case err != nil:
		return couldNotAsk(err)
	case a.ok():
		return passed("%s", a)
	}
	r := failed("%s", a)
	// A refusal of the signature itself says nothing about the object.
	if absent, err := v.absent(); err == nil && absent.StatusCode == a.StatusCode && absent.code() == a.code() && (a.code() == "" || a.fromBucket()) {
		r = failed("%s, as for an object that does not exist: there may be no such object", a)
		r.Meaning = "KEY names no object, or every viewer is refused"
	}
	return r
}

// asViewer requests the object with a signed URL. It returns a Result instead if the
// request cannot be sent or if a plain signed URL does not open the object.
func (v *visit) asViewer(method string, p signer.Policy, headers ...string) (*answer, *Result) {
	if opened, err := v.opened(); err != nil || !opened.ok() {
		r := couldNotAsk(cmp.Or(err, errors.New("a signed URL does not open the object")))
		return nil, &r
	}
	signed, err := v.sign(v.Signer, v.url(v.Object), p)
	if err == nil {
		var a *answer
		if a, err = v.send(method, signed, headers...); err == nil {
			return a, nil
		}
	}
	r := couldNotAsk(err)
	return nil, &r
}

func askSignedCookies(v *visit) Result {
	if opened, err := v.opened(); err != nil || !opened.ok() {
		return couldNotAsk(cmp.Or(err, errors.New("a signed URL does not open the object")))
	}
	object := v.url(v.Object)
	cookies, err := v.cookies(v.Signer, object)
	if err != nil {
		return couldNotAsk(err)
	}
	a, err := v.get(object, "Cookie", cookies)
	switch {
	case err != nil:
		return couldNotAsk(err)
	case !a.ok():
		return failed("%s", a)
	}
	return passed("%s", a)
}

func askRange(v *visit) Result {
	if opened, err := v.opened(); err == nil && opened.ok() && opened.body == "" {
		return notAsked("the object is empty")
	}
	a, wrong := v.asViewer(http.MethodGet, signer.Policy{TTL: ttl}, "Range", "bytes=0-0")
	switch {
	case wrong != nil:
		return *wrong
	case a.StatusCode != http.StatusPartialContent || len(a.body) != 1 || !strings.HasPrefix(a.Header.Get("Content-Range"), "bytes 0-0/"):
		return failed("a request for the first byte was %s", a)
	}
	return passed("only the first byte was sent")
}

func askHead(v *visit) Result {
	a, wrong := v.asViewer(http.MethodHead, signer.Policy{TTL: ttl})
	if wrong != nil {
		return *wrong
	}
	opened, _ := v.opened()
	switch {
	case a.StatusCode != opened.StatusCode:
		return failed("HEAD was %s, and GET was %s", a, opened)
	case a.Header.Get("Etag") != opened.Header.Get("Etag"):
		return failed("the ETag of HEAD differs from that of GET")
	}
	return passed("%s", a)
}

func askHeaders(v *visit) Result {
	a, err := v.opened()
	switch {
	case err != nil:
		return couldNotAsk(err)
	case !a.ok():
		return couldNotAsk(errors.New("a signed URL does not open the object"))
	case a.Header.Get("Content-Type") == "":
		return failed("there is no Content-Type")
	case !strings.EqualFold(a.Header.Get("X-Content-Type-Options"), "nosniff"):
		return failed("there is no X-Content-Type-Options: nosniff")
	}
	return passed("it has both")
}

func askCache(v *visit) Result {
	if v.isLocal() {
		return notAsked("the local edge has no cache")
	}
	a, err := v.opened()
	if err == nil && a.ok() {
		if a.ContentLength > maxBody || len(a.body) == maxBody {
			return notAsked("doctor reads only the first %d KiB, and CloudFront may not cache an object that was not read to its end: give the key of a smaller one", maxBody>>10)
		}
		for _, directive := range []string{"no-store", "no-cache", "private", "max-age=0"} {
			if strings.Contains(strings.ToLower(a.Header.Get("Cache-Control")), directive) {
				return notAsked("the object's Cache-Control has %s", directive)
			}
		}
	}
	// The second request may reach another edge location, which then caches the object.
	for range 3 {
		a, wrong := v.asViewer(http.MethodGet, signer.Policy{TTL: otherTTL})
		switch {
		case wrong != nil:
			return *wrong
		case strings.Contains(a.Header.Get("X-Cache"), "Hit from"):
			return passed("it is answered from the cache")
		}
	}
	return failed("none of four requests was answered from the cache")
}

func askSaveAs(v *visit) Result {
	const name = "signedfront-doctor.txt"
	forwarded := false
	if q := v.Deployment.Query; q != nil {
		for _, parameter := range q.Signed {
			forwarded = forwarded || parameter == "*" || parameter == "response-content-disposition"
		}
	}
	if !forwarded {
		return notAsked("the deployment document does not forward response-content-disposition")
	}
	if opened, err := v.opened(); err != nil || !opened.ok() {
		return couldNotAsk(cmp.Or(err, errors.New("a signed URL does not open the object")))
	}
	rawURL, err := signer.Download{Name: name}.URL(v.url(v.Object))
	if err == nil {
		rawURL, err = v.sign(v.Signer, rawURL, signer.Policy{TTL: ttl})
	}
	if err != nil {
		return couldNotAsk(err)
	}
	a, err := v.get(rawURL)
	switch {
	case err != nil:
		return couldNotAsk(err)
	case !a.ok() || !strings.Contains(a.Header.Get("Content-Disposition"), name):
		return failed("%s, without the name in Content-Disposition", a)
	}
	return passed("Content-Disposition has the name")
}

func askMissing(v *visit) Result {
	a, err := v.absent()
	switch {
	case err != nil:
		return couldNotAsk(err)
	case a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusNotFound:
		return failed("%s", a)
	}
	return passed("%s", a)
}

func askErrorPage(v *visit) Result {
	a, err := v.refusal()
	switch {
	case err != nil:
		return couldNotAsk(err)
	case a.ok():
		return failed("a refusal has the status %d", a.StatusCode)
	}
	return passed("%s", a)
}

// allows reports whether scripts of an origin may read an answer.
func (a *answer) allows(origin string) bool {
	allowed := a.Header.Get("Access-Control-Allow-Origin")
	return allowed == "*" || allowed == origin
}

func askCORS(v *visit) Result {
	if v.Origin == "" {
		return notAsked("give --origin")
	}
	a, wrong := v.asViewer(http.MethodGet, signer.Policy{TTL: ttl}, "Origin", v.Origin)
	switch {
	case wrong != nil:
		return *wrong
	case !a.allows(v.Origin):
		return failed("Access-Control-Allow-Origin does not allow it")
	}
	return passed("it can")
}

func askPreflight(v *visit) Result {
	if v.Origin == "" {
		return notAsked("give --origin")
	}
	a, wrong := v.asViewer(http.MethodOptions, signer.Policy{TTL: ttl}, "Origin", v.Origin, "Access-Control-Request-Method", "GET")
	switch {
	case wrong != nil:
		return *wrong
	case !a.ok():
		return failed("%s", a)
	case !a.allows(v.Origin):
		return failed("Access-Control-Allow-Origin does not allow it")
	case !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "GET"):
		return failed("Access-Control-Allow-Methods has no GET")
	}
	return passed("it does")
}

func askForeignOrigin(v *visit) Result {
	const origin = "https://signedfront-doctor.invalid"
	a, wrong := v.asViewer(http.MethodGet, signer.Policy{TTL: ttl}, "Origin", origin)
	switch {
	case wrong != nil:
		return *wrong
	case a.Header.Get("Access-Control-Allow-Origin") == origin && a.Header.Get("Access-Control-Allow-Credentials") == "true":
		return failed("the answer allows %s, with credentials", origin)
	}
	return passed("they are")
}
