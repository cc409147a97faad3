package edge

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Config is what an Edge is made of.
type Config struct {
	// Template is the synthesized CloudFormation template, as JSON.
	Template []byte

	// BaseURL is where the edge is reached, such as http://127.0.0.1:8080. Its
	// host is the only one that the edge answers to, and its scheme is the one
	// that URLs are signed with.
	BaseURL string

	// Objects is the content of the bucket.
	Objects *Objects

	// Keys gives the key pair of a Custom::SigningKeyPair: each one of the
	// template, and those of other stacks whose keys the template trusts. It is
	// called once for each. nil makes new ones.
	Keys func(KeyPair) (*signer.PrivateKey, error)

	// StackName, Account and Region say where the template is to be thought
	// deployed. A template that was synthesized for one account and Region has
	// them written into it: say the same here. Empty means signedfront-local,
	// 000000000000 and us-east-1.
	StackName, Account, Region string

	// Others are the stacks that Fn::GetStackOutput and Fn::ImportValue may read,
	// such as the one that lends its keys. Of them only what the template asks for is read.
	Others []Stack

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Log gets one record a request, without its query string and its cookies,
	// which hold live credentials. nil means none.
	Log *slog.Logger
}

// Edge is a local CloudFront. It is an http.Handler, and safe for concurrent
// use.
type Edge struct {
	scheme, host string
	distribution *distribution
	deployment   *signer.Deployment
	key          *signer.PrivateKey
	keyError     error // why there is no key
	via          string
	now          func() time.Time
	log          *slog.Logger
}

// New makes an edge of a template. Everything that stands in its way is
// reported, joined into one error, each part with the place in the template: a
// reference that cannot be resolved, a key group whose keys are not known, a
// feature that the edge does not do. What is not needed to answer requests is
// not looked at.
func New(c Config) (*Edge, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.Scheme+"://"+base.Host != c.BaseURL || !isPlain(c.BaseURL) {
		return nil, fmt.Errorf("base URL: %s: want a scheme and a host alone, as in http://127.0.0.1:8080", shown(c.BaseURL))
	}
	if c.Objects == nil {
		return nil, errors.New("no objects: give the content of the bucket, as OpenDir does")
	}
	for _, s := range append([]Stack{{Account: c.Account, Region: c.Region}}, c.Others...) {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	t, err := parseTemplate(c.Template)
	if err != nil {
		return nil, err
	}
	if c.Keys == nil {
		c.Keys = func(k KeyPair) (*signer.PrivateKey, error) { return signer.GenerateKey(k.Algorithm) }
	}
	r := newResolver(newCloud(c.Keys, c.Others), t, stack{
		name:     cmp.Or(c.StackName, localStack),
		account:  cmp.Or(c.Account, localAccount),
		region:   cmp.Or(c.Region, localRegion),
		anywhere: c.Region == "",
	}, base.Host)
	r.makeKeyPairs()
	via := r.stack.hash("via")
	e := &Edge{
		scheme:       base.Scheme,
		host:         base.Host,
		distribution: r.readDistribution(c.Objects),
		deployment:   r.readDeployment(c.BaseURL),
		via:          fmt.Sprintf("1.1 %x.cloudfront.net (CloudFront)", via[:16]),
		now:          c.Now,
		log:          c.Log,
	}
	if err := errors.Join(r.problems...); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	e.key, e.keyError = r.currentKey(e.deployment)
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	return e, nil
}

// Deployment is the template's own deployment document, with the edge's base
// URL and no Region; if it borrows its key, with the lender's key in it and the
// lesser of both limits. Where its key is, Key, still is the place that the
// template says: say where you keep it. It is nil if the template has no such
// document.
func (e *Edge) Deployment() *signer.Deployment {
	if e.deployment == nil {
		return nil
	}
	d := *e.deployment
	return &d
}

// ErrImportedKey is the error of a deployment that signs with an imported key.
var ErrImportedKey = errors.New("the deployment signs with an imported key: only its owner has the private half")

var errUnmade = errors.New("the edge was not made by edge.New")

// Signer signs as an application of the deployment does: with its current key
// and hash, within its limits. If that key is imported, the error is
// ErrImportedKey, and SignerWith takes the key.
func (e *Edge) Signer() (*signer.Signer, error) {
	switch {
	case e.keyError != nil:
		return nil, e.keyError
	case e.deployment == nil:
		return nil, errUnmade
	}
	return e.newSigner(e.key)
}

// SignerWith is Signer for a deployment whose key is imported. The key must be
// the private half of the one that the deployment document names.
func (e *Edge) SignerWith(key signer.Key) (*signer.Signer, error) {
	if e.deployment == nil {
		return nil, cmp.Or(e.keyError, errUnmade)
	}
	public, err := signer.NewPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	if err := e.deployment.CheckKey(public); err != nil {
		return nil, err
	}
	return e.newSigner(key)
}

func (e *Edge) newSigner(key signer.Key) (*signer.Signer, error) {
	return signer.New(e.deployment.KeyPairID, key, &signer.Options{
		Hash:           e.deployment.Hash,
		MaxURLLifetime: seconds(e.deployment.MaxURLLifetime),
		Now:            e.now,
	})
}

// seconds is a duration of the deployment document, at most as long as Go's can
// be.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(math.MaxInt64/time.Second))) * time.Second
}

// ServeHTTP answers as CloudFront would, see FIDELITY.md.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.distribution == nil {
		http.Error(w, errUnmade.Error(), http.StatusForbidden)
		return
	}
	ids := newIDs()
	h := w.Header()
	h.Set("Via", e.via)
	h.Set("X-Amz-Cf-Pop", "LOC50-P1")
	h.Set("X-Amz-Cf-Id", ids.request)

	out := &response{ResponseWriter: w, request: r, ids: ids}
	if refused := e.answer(out); refused != nil {
		e.refuse(out, r, refused)
	}
	reason := h.Get(reasonHeader)
	if hidden := e.hiddenFromPage(r, out.status, h); hidden != "" {
		reason = strings.TrimPrefix(reason+"; "+hidden, "; ")
	}
	e.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", unquoted(r.Method)),
		slog.String("path", shownPath(r.RequestURI)),
		slog.Int("status", out.status),
		slog.String("reason", reason))
}

// answer serves the object that a request is for, or says why not.
func (e *Edge) answer(w *response) *refusal {
	r := w.request
	if refused := e.check(r); refused != nil {
		return refused
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	path = e.distribution.object(path)
	b := e.distribution.behavior(path)
	if refused := e.admit(r, b, path); refused != nil {
		return refused
	}
	w.headers = b.headers
	return e.serveObject(w, b.toOrigin(r), b.origin, path, b.queryToOrigin(query))
}

// CloudFront's limits, in bytes, on the path and query of a request, and on its
// first line with its headers:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxTarget  = 8192
	maxRequest = 32768
)

// check refuses what CloudFront takes for no request of the distribution's.
// Nothing is done with a request before its length is known to be within the
// limits.
func (e *Edge) check(r *http.Request) *refusal {
	switch size := requestSize(r); {
	case len(r.RequestURI) > maxTarget:
		return requestRefusal(413, "Bad request.", fmt.Sprintf("the request target has %d bytes: CloudFront takes %d", len(r.RequestURI), maxTarget))
	case size > maxRequest:
		return requestRefusal(413, "Bad request.", fmt.Sprintf("the request line and the headers have %d bytes: CloudFront takes %d", size, maxRequest))
	case !strings.HasPrefix(r.RequestURI, "/"):
		return requestRefusal(400, "Bad request.", "the request target does not start with a slash: proxies alone take a whole URL there")
	case r.Host != e.host:
		return requestRefusal(403, "Bad request.", "the edge answers to the host "+e.host+" alone")
	}
	return nil
}

// requestSize is the length, in bytes, of the request line and the headers.
func requestSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len("  HTTP/1.1\r\nHost: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	return size
}

// admit does what else CloudFront does before it asks the origin. path is the
// one of the object, with the default root object in it.
func (e *Edge) admit(r *http.Request, b *behavior, path string) *refusal {
	switch {
	case !b.allows(r.Method):
		return requestRefusal(403, "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.",
			fmt.Sprintf("the cache behavior %s allows %s", shownKey(b.pattern), unquoted(strings.Join(b.methods, ", "))))
	case r.Method == http.MethodGet && r.ContentLength != 0:
		return requestRefusal(403, "Bad request.", "a GET request with a body")
	}
	if !b.public {
		if refused := e.checkSignature(r, b); refused != nil {
			return refused
		}
	}
	if b.hiding != nil {
		if err := b.hiding.Check(path); err != nil {
			return escapeRefusal(err)
		}
	}
	return nil
}

// checkSignature is why a behavior that asks for a signature refuses a request.
func (e *Edge) checkSignature(r *http.Request, b *behavior) *refusal {
	viewer, _ := netip.ParseAddrPort(r.RemoteAddr)
	// Explain decides as Verify does. That it takes longer to tell a person more
	// is no matter on their own machine.
	v := signer.Explain(signer.Request{
		URL:        e.scheme + "://" + r.Host + r.RequestURI,
		Cookie:     r.Header.Values("Cookie"),
		RemoteAddr: viewer.Addr().Unmap(),
		Time:       e.now(),
	}, b.trusted)
	if !v.Allowed {
		return signatureRefusal(v)
	}
	return nil
}

// serveObject answers with the object that a path names. r is the request as it
// reaches the origin, and query what reaches it of the query.
func (e *Edge) serveObject(w *response, r *http.Request, o *origin, path string, query []string) *refusal {
	h := w.Header()
	if r.Method == http.MethodOptions {
		refused := o.preflight(h, r)
		if refused == nil {
			h.Set("Content-Length", "0")
			h.Set("Server", "AmazonS3")
			h.Set("X-Cache", "Miss from cloudfront")
			w.WriteHeader(http.StatusOK)
		}
		return refused
	}
	o.share(h, r)
	sets, refused := o.overrides(query)
	if refused != nil {
		return refused
	}
	object, key, refused := o.open(r.Method, path)
	if refused != nil {
		return refused
	}
	defer object.Close()

	h.Set("Content-Type", contentType(key))
	h.Set("Etag", object.etag())
	h.Set("Server", "AmazonS3")
	h.Set("X-Cache", "Miss from cloudfront")
	if header := r.Header.Get("Range"); header != "" {
		header, w.ranges = servedRanges(header, object.size)
		r.Header.Set("Range", header)
	}
	w.object, w.sets = object, sets
	// The file itself, so that the server sends it without copying it through
	// this program.
	http.ServeContent(w, r, "", object.modified, object.ReadSeeker)
	if w.refused == nil {
		if w.parts != nil && r.Method != http.MethodHead {
			// A viewer that has gone is no error of the edge's.
			_ = writeParts(w.parts, object.ReadSeeker, w.ranges, contentType(key), object.size)
		}
		return nil
	}
	for _, name := range []string{"Etag", "Last-Modified", "X-Content-Type-Options"} { // the object's, and http.Error's
		h.Del(name)
	}
	refused, w.refused, w.object = w.refused, nil, nil
	return refused
}
