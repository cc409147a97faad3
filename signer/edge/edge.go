package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
	"github.com/signedfront/signedfront/signer/edge/template"
)

// Config configures New.
type Config struct {
	// Template is the synthesized CloudFormation template, as JSON.
	Template []byte

	// BaseURL is the address of the edge, such as http://127.0.0.1:8080. The edge
	// answers only to its host and to Hosts. Signed URLs have its scheme.
	BaseURL string

	// Hosts are other hosts that the edge answers to, such as 192.168.1.5:8080 for
	// other machines. A URL signed for one host is valid for no other.
	Hosts []string

	// Objects is the content of the bucket.
	Objects *Objects

	// Keys returns the key pair of a Custom::SigningKeyPair: of each in the
	// template, and of those in other stacks that the template trusts. It is called
	// once for each. If nil, New makes new key pairs.
	Keys func(KeyPair) (*signer.PrivateKey, error)

	// PublicKeys are the public keys that the template's key groups name only by
	// id, because the account has them already. A request signed with a key that is
	// not here is refused, because the edge cannot check it. An id that no key
	// group has is an error.
	PublicKeys map[string]*signer.PublicKey

	// StackName, Account and Region say where the template would be deployed. If it
	// was synthesized for one account and Region, they must match. The defaults are
	// signedfront-local, 000000000000 and us-east-1.
	StackName, Account, Region string

	// StandIn serves a template without a deployment document, such as another CDK
	// app's, as far as possible. It returns a key pair that replaces an
	// AWS::CloudFront::PublicKey, or a key or key group outside the template.
	// KeyPair.Algorithm is that of the replaced key, if known; a key of another
	// algorithm also works. Deployment then says how to sign. Unknown lists what
	// the edge does not know; if that decides access, requests are refused. If
	// StandIn is nil, all of this is an error.
	StandIn func(KeyPair) (*signer.PrivateKey, error)

	// Others are the stacks that Fn::GetStackOutput and Fn::ImportValue may read,
	// such as the lender. Only the parts that the template needs are read.
	Others []Stack

	// Now returns the time. The default is time.Now.
	Now func() time.Time

	// Log receives one record per request. It has no query string and no cookies,
	// because they are credentials. If nil, there is no log.
	Log *slog.Logger

	// Observe is called once per request after the response, on the goroutine of
	// the request. It must be fast and safe for concurrent use. It may be nil.
	Observe func(Record)
}

// Stack is a CloudFormation stack: its template, and its name, account and Region.
type Stack = template.Stack

// KeyPair names a key pair that a deployment would make.
type KeyPair = template.KeyPair

// Edge is a local CloudFront. It is an http.Handler and safe for concurrent use. It
// must not be copied.
type Edge struct {
	scheme, host string
	hosts        []string // besides host
	distribution *model.Distribution
	via          []string                   // the header of each answer
	readable     map[*model.Origin][]string // see origin
	objects      *Objects
	deployment   *signer.Deployment // nil: the stack has no document
	unknown      []string
	key          *signer.PrivateKey // nil: its owner has it
	now          func() time.Time
	log          *slog.Logger
	observe      func(Record) // nil: none
	explaining   budget
}

// New returns an Edge for a template. Its error joins all problems, each with its
// place in the template: a reference that cannot be resolved, a key group whose
// keys are unknown, a feature that the edge does not support. New ignores what
// requests do not need.
func New(c Config) (*Edge, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.Scheme+"://"+base.Host != c.BaseURL || !redact.IsPlain(c.BaseURL) {
		return nil, fmt.Errorf("base URL: %s: want only a scheme and a host, such as http://127.0.0.1:8080", redact.Quote(c.BaseURL))
	}
	for i, host := range c.Hosts {
		if u, err := url.Parse("http://" + host); err != nil || u.Host == "" || u.Host != host || !redact.IsPlain(host) {
			return nil, fmt.Errorf("hosts: %d of %d: %s: want a name or an address, and the port unless it is 80, such as 192.168.1.5:8080", i+1, len(c.Hosts), redact.Quote(host))
		}
	}
	if c.Objects == nil {
		return nil, errors.New("Config.Objects is missing: set it to the content of the bucket, such as the result of OpenDir")
	}
	own := Stack{Account: c.Account, Region: c.Region}
	for _, s := range append([]Stack{own}, c.Others...) {
		if err := s.Check(); err != nil {
			return nil, err
		}
	}
	own.Name, own.Template = c.StackName, c.Template
	stack, err := template.Read(own, template.Options{BaseURL: c.BaseURL, Others: c.Others, Keys: c.Keys, PublicKeys: c.PublicKeys, StandIn: c.StandIn})
	if err := errors.Join(err, cannotServe(stack.Distribution)); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	e := &Edge{
		scheme:       base.Scheme,
		host:         base.Host,
		hosts:        slices.Clone(c.Hosts),
		distribution: stack.Distribution,
		via:          []string{"1.1 " + stack.Distribution.Server + " (CloudFront)"},
		readable:     readable(stack.Distribution),
		objects:      c.Objects,
		deployment:   stack.Document,
		unknown:      stack.Unknown,
		key:          stack.Key,
		now:          c.Now,
		log:          c.Log,
		observe:      c.Observe,
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	return e, nil
}

// cannotServe returns why the edge cannot serve a distribution that it can read.
func cannotServe(d *model.Distribution) error {
	if d == nil {
		return nil // template.Read reports this
	}
	buckets := make(map[string]bool)
	for _, b := range d.Behaviors {
		if b.Origin != nil && b.Unknown == "" {
			buckets[b.Origin.Bucket.Name] = true
		}
	}
	if len(buckets) > 1 {
		return fmt.Errorf("%s.Origins: %d buckets: the local edge has the content of one bucket only", d.Place, len(buckets))
	}
	return nil
}

// Deployment returns the template's deployment document with the edge's base URL,
// and without Region and bucket. If the stack borrows its key, the document has the
// lender's key and the smaller of both limits. Its Key is the location that the
// template names: replace it with the place where you keep the key. Deployment
// returns nil if the template has no such document.
func (e *Edge) Deployment() *signer.Deployment {
	if e.deployment == nil {
		return nil
	}
	d := *e.deployment
	d.TrustedKeys = slices.Clone(d.TrustedKeys)
	if d.Query != nil {
		d.Query = &signer.ForwardedQuery{Signed: slices.Clone(d.Query.Signed), Public: slices.Clone(d.Query.Public)}
	}
	return &d
}

// Unknown lists the parts of the template that the edge does not know, each with
// its place, and what replaces each: see Config.StandIn.
func (e *Edge) Unknown() []string { return slices.Clone(e.unknown) }

// BucketPath returns the folder of the bucket that the default behavior serves, as
// in the deployment document: with /folder, /a.png is the object folder/a.png. If
// the edge does not know the default behavior's origin, it returns the folder of
// the last other behavior whose origin it knows. If that is the whole bucket, it
// returns "".
func (e *Edge) BucketPath() string {
	if e.distribution == nil {
		return ""
	}
	for _, b := range slices.Backward(e.distribution.Behaviors) { // the default is the last
		if b.Origin != nil && b.Unknown == "" {
			return strings.TrimSuffix(b.Origin.Path, "/")
		}
	}
	return ""
}

// ErrImportedKey is the error for a deployment that signs with an imported key.
var ErrImportedKey = errors.New("the deployment signs with an imported key: only its owner has the private key")

var (
	errUnmade     = errors.New("the Edge was not made by edge.New")
	errNoDocument = errors.New("the template has no deployment document: no AWS::SSM::Parameter holds one")
)

// Signer returns a signer for the base URL that signs as an application of the
// deployment does: with its current key and hash, and within its limits. If the
// current key is imported, the error is ErrImportedKey: use SignerWith.
func (e *Edge) Signer() (*signer.Signer, error) {
	if err := e.checkDocument(); err != nil {
		return nil, err
	}
	if e.key == nil {
		return nil, ErrImportedKey
	}
	return e.newSigner(e.key)
}

// SignerWith is Signer for a deployment with an imported key. The key must be the
// private key of the one that the deployment document names.
func (e *Edge) SignerWith(key signer.Key) (*signer.Signer, error) {
	if err := e.checkDocument(); err != nil {
		return nil, err
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

func (e *Edge) checkDocument() error {
	switch {
	case e.distribution == nil:
		return errUnmade
	case e.deployment == nil:
		return errNoDocument
	}
	return nil
}

func (e *Edge) newSigner(key signer.Key) (*signer.Signer, error) {
	return signer.New(e.deployment.KeyPairID, key, &signer.Options{
		Hash:           e.deployment.Hash,
		BaseURL:        e.deployment.BaseURL,
		MaxURLLifetime: seconds(e.deployment.MaxURLLifetime),
		Query:          e.deployment.Query,
		Now:            e.now,
	})
}

// seconds converts a duration of the deployment document. It is at most the longest
// time.Duration.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(math.MaxInt64/time.Second))) * time.Second
}

// ServeHTTP answers as CloudFront would: see FIDELITY.md.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.distribution == nil {
		http.Error(w, errUnmade.Error(), http.StatusForbidden)
		return
	}
	start := time.Now()
	out := &response{ResponseWriter: w, request: r, id: newID(), time: e.now()}
	hidden := e.respond(out)
	if e.log.Enabled(r.Context(), slog.LevelInfo) {
		reason := w.Header().Get(reasonHeader)
		if hidden != "" {
			reason = strings.TrimPrefix(reason+"; "+hidden, "; ")
		}
		e.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("method", redact.Text(r.Method)),
			slog.String("path", redact.Target(r.RequestURI)),
			slog.Int("status", out.status),
			slog.String("reason", reason))
	}
	if e.observe != nil {
		e.observe(e.record(out, hidden, time.Since(start)))
	}
}

// popHeader is the header X-Amz-Cf-Pop of each response.
var popHeader = []string{"LOC50-P1"}

// respond writes the response. It returns why a browser hides it from the page that
// requested it, or "".
func (e *Edge) respond(w *response) (hidden string) {
	h := w.Header()
	h["Via"], h["X-Amz-Cf-Pop"], h["X-Amz-Cf-Id"] = e.via, popHeader, []string{w.id}
	if w.failed = e.answer(w); w.failed != nil {
		e.refuse(w, w.request, w.failed)
	}
	return e.hiddenFromPage(w.request, w.status, h)
}

// answer serves the requested object or returns a refusal.
func (e *Edge) answer(w *response) *refusal {
	r := w.request
	if refused := e.check(r); refused != nil {
		return refused
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	path = withRootObject(e.distribution, path)
	w.behavior = chooseBehavior(e.distribution, path)
	if refused := e.admit(w, path); refused != nil {
		return refused
	}
	w.headers = w.behavior.Headers
	return e.originOf(w.behavior).serve(w, toOrigin(w.behavior, r), path, queryToOrigin(w.behavior, query))
}

// CloudFront's limits, in bytes, on the path with the query, and on the request
// line with the headers:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxTarget  = 8192
	maxRequest = 32768
)

// check refuses a request that CloudFront would not accept for the distribution. It
// checks the size first.
func (e *Edge) check(r *http.Request) *refusal {
	switch size := requestSize(r); {
	case len(r.RequestURI) > maxTarget:
		return requestRefusal(CheckSize, 413, "Bad request.", fmt.Sprintf("the request target has %d bytes: CloudFront accepts at most %d", len(r.RequestURI), maxTarget))
	case size > maxRequest:
		return requestRefusal(CheckSize, 413, "Bad request.", fmt.Sprintf("the request line and the headers have %d bytes: CloudFront accepts at most %d", size, maxRequest))
	case !strings.HasPrefix(r.RequestURI, "/"):
		return requestRefusal(CheckTarget, 400, "Bad request.", "the request target does not start with a slash: only proxies accept a whole URL there")
	case r.Host != e.host && !slices.Contains(e.hosts, r.Host):
		return requestRefusal(CheckHost, 403, "Bad request.", "the edge answers only to the host "+strings.Join(append([]string{e.host}, e.hosts...), ", "))
	}
	return nil
}

// requestSize returns the length of the request line and the headers, in bytes.
func requestSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len("  HTTP/1.1\r\nHost: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	return size
}

// admit makes CloudFront's remaining checks before the origin is asked. path is
// that of the object, with the default root object.
func (e *Edge) admit(w *response, path string) *refusal {
	r, b := w.request, w.behavior
	switch {
	case b.Unknown != "":
		return requestRefusal(CheckBehavior, http.StatusNotImplemented, "The local edge does not know who has access here.",
			fmt.Sprintf("the cache behavior %s: %s", redact.Path(b.PathPattern), b.Unknown))
	case !slices.Contains(b.Methods, r.Method):
		return requestRefusal(CheckMethod, 403, "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.",
			fmt.Sprintf("the cache behavior %s allows %s", redact.Path(b.PathPattern), redact.Text(strings.Join(b.Methods, ", "))))
	case r.Method == http.MethodGet && r.ContentLength != 0:
		return requestRefusal(CheckMethod, 403, "Bad request.", "a GET request with a body")
	}
	if !b.Public {
		if refused := e.checkSignature(w); refused != nil {
			return refused
		}
	}
	if b.Escapes != nil {
		if err := b.Escapes.Check(path); err != nil {
			return escapeRefusal(err)
		}
	}
	return nil
}

// checkSignature returns why a behavior that requires a signature refuses a
// request.
func (e *Edge) checkSignature(w *response) *refusal {
	r := w.request
	request := signer.Request{
		URL:        e.scheme + "://" + r.Host + r.RequestURI,
		Cookie:     r.Header.Values("Cookie"),
		RemoteAddr: viewerOf(r),
		Time:       w.time,
	}
	v := signer.Verify(request, w.behavior.TrustedKeys)
	w.keyPairID = v.KeyPairID
	if v.Allowed {
		return nil
	}
	check := signatureCheck(v)
	switch check {
	case CheckExpiry, CheckStart, CheckAddress: // Explain would find nothing more
	default:
		// Explain makes the same decision as Verify.
		e.explaining.spend(func() { v = signer.Explain(request, w.behavior.TrustedKeys) })
	}
	return signatureRefusal(check, v)
}
