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

// Config is what an Edge is made of.
type Config struct {
	// Template is the synthesized CloudFormation template, as JSON.
	Template []byte

	// BaseURL is where the edge is reached, such as http://127.0.0.1:8080. Its
	// host is the only one that the edge answers to, besides Hosts, and its scheme
	// is the one that URLs are signed with.
	BaseURL string

	// Hosts are more hosts that the edge answers to, such as 192.168.1.5:8080 for
	// other machines. What is signed for one opens at no other.
	Hosts []string

	// Objects is the content of the bucket.
	Objects *Objects

	// Keys gives the key pair of a Custom::SigningKeyPair: each one of the
	// template, and those of other stacks whose keys the template trusts. It is
	// called once for each. nil makes new ones.
	Keys func(KeyPair) (*signer.PrivateKey, error)

	// PublicKeys are public keys by their ids in CloudFront. The key groups of the
	// template may have such ids, of keys that the account has already. What one
	// that is not here has signed is refused, since it cannot be judged. An id that
	// no key group has is an error.
	PublicKeys map[string]*signer.PublicKey

	// StackName, Account and Region say where the template is to be thought
	// deployed. A template that was synthesized for one account and Region has
	// them written into it: say the same here. Empty means signedfront-local,
	// 000000000000 and us-east-1.
	StackName, Account, Region string

	// StandIn has the edge serve a template without a deployment document, such as
	// another CDK app's, as far as it can. It gives the key pair that takes the
	// place of an AWS::CloudFront::PublicKey, or of a key or a key group that is
	// not of the template; Algorithm is that of the key whose place it takes, as
	// far as is known, and a key of another is as good. Deployment then says how to
	// sign. What the edge does not know is named by Unknown; where that decides who
	// gets what, requests are refused. nil means that all of this is an error.
	StandIn func(KeyPair) (*signer.PrivateKey, error)

	// Others are the stacks that Fn::GetStackOutput and Fn::ImportValue may read,
	// such as the one that lends its keys. Only what the template asks for is read
	// of them.
	Others []Stack

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Log gets one record a request, without its query string and its cookies,
	// which hold live credentials. nil means none.
	Log *slog.Logger

	// Observe is called once a request, after its answer, on the goroutine that
	// answered: it must be quick, and safe for concurrent use. nil means none.
	Observe func(Record)
}

// Stack is a CloudFormation stack: its template, and where it is to be thought
// deployed.
type Stack = template.Stack

// KeyPair names a key pair that a deployment would make.
type KeyPair = template.KeyPair

// Edge is a local CloudFront. It is an http.Handler, and safe for concurrent
// use, and must not be copied.
type Edge struct {
	scheme, host string
	hosts        []string // more of them
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

// New makes an edge of a template. Everything that stands in its way is
// reported, joined into one error, each part with the place in the template: a
// reference that cannot be resolved, a key group whose keys are not known, a
// feature that the edge does not do. What is not needed to answer requests is
// not looked at.
func New(c Config) (*Edge, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.Scheme+"://"+base.Host != c.BaseURL || !redact.IsPlain(c.BaseURL) {
		return nil, fmt.Errorf("base URL: %s: want a scheme and a host alone, as in http://127.0.0.1:8080", redact.Quote(c.BaseURL))
	}
	for i, host := range c.Hosts {
		if u, err := url.Parse("http://" + host); err != nil || u.Host == "" || u.Host != host || !redact.IsPlain(host) {
			return nil, fmt.Errorf("hosts: %d of %d: %s: want a name or an address, and its port unless that is 80, as in 192.168.1.5:8080", i+1, len(c.Hosts), redact.Quote(host))
		}
	}
	if c.Objects == nil {
		return nil, errors.New("no objects: give the content of the bucket, as OpenDir does")
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

// cannotServe is why a distribution that can be read cannot be served.
func cannotServe(d *model.Distribution) error {
	if d == nil {
		return nil // that is an error of the template
	}
	buckets := make(map[string]bool)
	for _, b := range d.Behaviors {
		if b.Origin != nil && b.Unknown == "" {
			buckets[b.Origin.Bucket.Name] = true
		}
	}
	if len(buckets) > 1 {
		return fmt.Errorf("%s.Origins: %d buckets: the local edge has the content of one", d.Place, len(buckets))
	}
	return nil
}

// Deployment returns the template's own deployment document, with the edge's base
// URL and neither Region nor bucket; if it borrows its key, with the lender's key
// and the lesser of both limits. Its Key is the location that the template names:
// replace it by where you keep the key. Deployment returns nil if the template has
// no such document.
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

// Unknown names what of the template the edge does not know, each with its place,
// and what takes its place: see Config.StandIn.
func (e *Edge) Unknown() []string { return slices.Clone(e.unknown) }

// BucketPath returns the folder of the bucket that the default behavior serves, as
// the deployment document has it: with /folder, /a.png is the object folder/a.png.
// Where it serves none that the edge knows, it is that of the last other behavior
// that does. It returns an empty text where the whole bucket is served.
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

// ErrImportedKey is the error of a deployment that signs with an imported key.
var ErrImportedKey = errors.New("the deployment signs with an imported key: only its owner has the private half")

var (
	errUnmade     = errors.New("the edge was not made by edge.New")
	errNoDocument = errors.New("the template has no deployment document: no AWS::SSM::Parameter holds one")
)

// Signer signs as an application of the deployment does: with its current key
// and hash, within its limits, and objects at its base URL. If that key is imported, the error is
// ErrImportedKey, and SignerWith takes the key.
func (e *Edge) Signer() (*signer.Signer, error) {
	if err := e.checkDocument(); err != nil {
		return nil, err
	}
	if e.key == nil {
		return nil, ErrImportedKey
	}
	return e.newSigner(e.key)
}

// SignerWith is Signer for a deployment whose key is imported. The key must be
// the private half of the one that the deployment document names.
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

// popHeader is the header X-Amz-Cf-Pop of each answer.
var popHeader = []string{"LOC50-P1"}

// respond writes the answer to a request. It returns why a browser keeps it from
// the page that asked, empty if it does not.
func (e *Edge) respond(w *response) (hidden string) {
	h := w.Header()
	h["Via"], h["X-Amz-Cf-Pop"], h["X-Amz-Cf-Id"] = e.via, popHeader, []string{w.id}
	if w.failed = e.answer(w); w.failed != nil {
		e.refuse(w, w.request, w.failed)
	}
	return e.hiddenFromPage(w.request, w.status, h)
}

// answer serves the object that a request is for, or says why not.
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
		return requestRefusal(CheckSize, 413, "Bad request.", fmt.Sprintf("the request target has %d bytes: CloudFront takes %d", len(r.RequestURI), maxTarget))
	case size > maxRequest:
		return requestRefusal(CheckSize, 413, "Bad request.", fmt.Sprintf("the request line and the headers have %d bytes: CloudFront takes %d", size, maxRequest))
	case !strings.HasPrefix(r.RequestURI, "/"):
		return requestRefusal(CheckTarget, 400, "Bad request.", "the request target does not start with a slash: proxies alone take a whole URL there")
	case r.Host != e.host && !slices.Contains(e.hosts, r.Host):
		return requestRefusal(CheckHost, 403, "Bad request.", "the edge answers to the host "+strings.Join(append([]string{e.host}, e.hosts...), ", ")+" alone")
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
func (e *Edge) admit(w *response, path string) *refusal {
	r, b := w.request, w.behavior
	switch {
	case b.Unknown != "":
		return requestRefusal(CheckBehavior, http.StatusNotImplemented, "The local edge does not know who gets what here.",
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

// checkSignature is why a behavior that asks for a signature refuses a request.
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
	case CheckExpiry, CheckStart, CheckAddress: // there is no more to find
	default:
		// Explain decides as Verify does.
		e.explaining.spend(func() { v = signer.Explain(request, w.behavior.TrustedKeys) })
	}
	return signatureRefusal(check, v)
}
