package edge

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// Check is one of the checks that decide the response to a request.
type Check string

// The checks, in the order in which CloudFront and S3 make them. CheckSigned to
// CheckAddress are those of [signer.Verify].
const (
	CheckSize       Check = "size"               // of the path and query, and of the whole request
	CheckTarget     Check = "request target"     // starts with a slash
	CheckHost       Check = "host"               // is one of the edge's
	CheckBehavior   Check = "cache behavior"     // is one whose access rules the edge knows
	CheckMethod     Check = "method"             // is allowed by the cache behavior
	CheckSigned     Check = "signed"             // the URL or the cookies are signed, and name a key
	CheckKey        Check = "key"                // is in a key group that the cache behavior trusts
	CheckParameters Check = "parameters"         // none occurs twice
	CheckHash       Check = "hash"               // is one that CloudFront supports
	CheckEncoding   Check = "signature encoding" // is CloudFront's base64
	CheckPolicy     Check = "policy"             // can be read
	CheckSignature  Check = "signature"          // is that of the key for this policy
	CheckResource   Check = "resource"           // of the policy covers the URL
	CheckExpiry     Check = "expiry"             // is after the request
	CheckStart      Check = "start"              // is before the request
	CheckAddress    Check = "address"            // is allowed by the policy
	CheckEscapes    Check = "escapes"            // hide no path from the cache behaviors
	CheckQuery      Check = "query"              // has no parameter that S3 refuses
	CheckObjectKey  Check = "object key"         // is a valid S3 key
	CheckBucket     Check = "bucket policy"      // allows CloudFront the action
	CheckObject     Check = "object"             // exists
	CheckEncryption Check = "encryption"         // allows CloudFront to decrypt
	CheckConditions Check = "conditions"         // and range of the request are met
	CheckCORS       Check = "CORS"               // lets a page of another origin send the request and read the response
)

// checks are all checks in their order.
var checks = []Check{
	CheckSize, CheckTarget, CheckHost, CheckBehavior, CheckMethod,
	CheckSigned, CheckKey, CheckParameters, CheckHash, CheckEncoding, CheckPolicy, CheckSignature, CheckResource, CheckExpiry, CheckStart, CheckAddress,
	CheckEscapes, CheckQuery, CheckObjectKey, CheckBucket, CheckObject, CheckEncryption, CheckConditions, CheckCORS,
}

// Result is the result of a check.
type Result string

const (
	Passed     Result = "passed"
	Failed     Result = "failed"
	NotMade    Result = "not made"    // nothing requires it, such as a signature for a public cache behavior
	NotReached Result = "not reached" // an earlier check failed
)

// Step is a check, its result, and a sentence about what was found.
type Step struct {
	Check  Check
	Result Result
	Detail string
}

// Explanation is the result of every check of a request.
type Explanation struct {
	// Record is the explained request. If it had no response, Record has the one
	// that the edge would give.
	Record Record

	// Steps are all checks in their order. At most one failed, not counting
	// CheckCORS.
	Steps []Step

	// Verdict is the result of [signer.Explain] for the signature: the policy, and
	// where the URL differs from the signed one. It is nil if no signature was
	// checked.
	Verdict *signer.Verdict
}

// Explain returns the result of every check of a request, in CloudFront's order,
// with the policy and, for a changed URL, the changed byte. Pass a Record to the
// Edge that made it. A record without a Status is explained as a new request: by
// default its Method is GET, its Host the edge's, and its Time now. Explain sends
// nothing.
//
// It takes up to some hundred verifications of a signature, so do not call it for
// every request. Details contain no signature, and describe what may be a private
// key.
func (e *Edge) Explain(r Record) Explanation {
	if r.by != nil {
		e = r.by
	}
	if e.distribution == nil {
		return Explanation{Record: r}
	}
	if r.Status == 0 {
		r = e.replay(r)
	}
	x := Explanation{Record: r}
	reached := func(c Check) bool { return r.Allowed || slices.Index(checks, c) <= slices.Index(checks, r.Refused) }
	path, query, _ := strings.Cut(r.Target, "?")
	var b *model.Behavior // nil: none was chosen
	if reached(CheckMethod) {
		b = chooseBehavior(e.distribution, withRootObject(e.distribution, path))
	}
	if b != nil && !b.Public && reached(CheckSigned) {
		v := signer.Explain(e.viewerRequest(r), b.TrustedKeys)
		x.Verdict = &v
	}
	for _, check := range checks {
		step := Step{Check: check, Result: Passed}
		switch {
		case !r.Allowed && check == r.Refused:
			step.Result, step.Detail = Failed, r.Reason
			if x.Verdict != nil && !x.Verdict.Allowed && isSignatureCheck(check) {
				step.Detail = reasonOf(*x.Verdict)
			}
		case check == CheckCORS && r.Hidden != "":
			step.Result, step.Detail = Failed, r.Hidden
		case check == CheckCORS && r.Origin == "":
			step.Result, step.Detail = NotMade, "the request has no Origin, so it is not from a page of another origin"
		case check == CheckCORS:
			step.Detail = "a browser lets the page read the response"
		case !reached(check):
			step.Result = NotReached
		case isSignatureCheck(check) && b.Public:
			step.Result, step.Detail = NotMade, "the cache behavior "+redact.Path(b.PathPattern)+" is public"
		default:
			step.Result, step.Detail = e.passed(check, r, b, query, x.Verdict)
		}
		x.Steps = append(x.Steps, step)
	}
	return x
}

func isSignatureCheck(c Check) bool {
	i := slices.Index(checks, c)
	return i >= slices.Index(checks, CheckSigned) && i <= slices.Index(checks, CheckAddress)
}

// passed returns the result and the detail of a check that did not fail.
func (e *Edge) passed(check Check, r Record, b *model.Behavior, query string, v *signer.Verdict) (Result, string) {
	none := func(format string, args ...any) (Result, string) { return NotMade, fmt.Sprintf(format, args...) }
	found := func(format string, args ...any) (Result, string) { return Passed, fmt.Sprintf(format, args...) }
	st := &signer.Statement{}
	if v != nil && v.Statement != nil {
		st = v.Statement
	}
	parameter := func(name string) string {
		if v != nil && v.Cookies {
			return "the cookie CloudFront-" + name
		}
		return name
	}
	switch check {
	case CheckSize:
		return found("path and query have %d of at most %d bytes", len(r.Target), maxTarget)
	case CheckTarget:
		return found("it starts with a slash")
	case CheckHost:
		return found("%s is the edge's own", r.Host)
	case CheckBehavior:
		return found("it is %s", redact.Path(b.PathPattern))
	case CheckMethod:
		return found("the cache behavior %s allows %s", redact.Path(b.PathPattern), redact.Text(strings.Join(b.Methods, ", ")))
	case CheckSigned:
		if v.Cookies {
			return found("the cookies are signed")
		}
		return found("the URL is signed")
	case CheckKey:
		return found("%s is in a key group that the cache behavior %s trusts", signer.Describe(r.KeyPairID, signer.FormID), redact.Path(b.PathPattern))
	case CheckParameters:
		return found("none occurs twice")
	case CheckHash:
		return found("SHA-1 or SHA-256, as %s says", parameter("Hash-Algorithm"))
	case CheckEncoding:
		return found("%s is CloudFront's base64", parameter("Signature"))
	case CheckPolicy:
		if v.Canned {
			return found("a canned policy, made of the URL and %s", parameter("Expires"))
		}
		return found("the custom policy in %s", parameter("Policy"))
	case CheckSignature:
		return found("it is the signature of %s for this policy", signer.Describe(r.KeyPairID, signer.FormID))
	case CheckResource:
		if v.Canned {
			return found("a canned policy covers its own URL")
		}
		return found("%s covers the URL", signer.Describe(st.Resource, signer.FormName))
	case CheckExpiry:
		return found("valid until %s, %s after the request", st.Expires.UTC().Format(time.RFC3339), st.Expires.Sub(r.Time).Round(time.Second))
	case CheckStart:
		if st.NotBefore.IsZero() {
			return none("the policy has no start")
		}
		return found("valid since %s", st.NotBefore.UTC().Format(time.RFC3339))
	case CheckAddress:
		if !st.IPAddress.IsValid() {
			return none("the policy has no address")
		}
		return found("%s is in %s", r.RemoteAddr, st.IPAddress)
	case CheckEscapes:
		if b.Escapes == nil {
			return none("the cache behavior has no function that checks escapes")
		}
		return found("no escape hides another path")
	case CheckQuery:
		reaches := len(queryToOrigin(b, query))
		if r.Method == http.MethodOptions || reaches == 0 {
			return none("no parameter reaches the bucket")
		}
		return found("%d of its parameters reach the bucket", reaches)
	}
	if r.Method == http.MethodOptions {
		return none("a preflight reads no object")
	}
	switch check {
	case CheckObjectKey:
		return found("%s", redact.Path(r.Object))
	case CheckBucket:
		return found("%s allows %s to read the object", resourcePolicy(b.Origin.Bucket.Policy).Name, identity(b.Origin.Identity))
	case CheckObject:
		return found("it exists")
	case CheckEncryption:
		if !b.Origin.Bucket.Encryption.KMS {
			return none("the bucket is not encrypted with a KMS key")
		}
		return found("the key allows CloudFront to decrypt")
	}
	return found("all are met, or there are none")
}

// replay returns a record with the response that the edge would give.
func (e *Edge) replay(r Record) Record {
	r.Method, r.Host = cmp.Or(r.Method, http.MethodGet), cmp.Or(r.Host, e.host)
	if r.Time.IsZero() {
		r.Time = e.now()
	}
	request := &http.Request{Method: r.Method, RequestURI: r.Target, Host: r.Host, Header: make(http.Header)}
	for _, cookie := range r.Cookies {
		request.Header.Add("Cookie", cookie)
	}
	if r.Origin != "" {
		request.Header.Set("Origin", r.Origin)
	}
	if r.RemoteAddr.IsValid() {
		request.RemoteAddr = netip.AddrPortFrom(r.RemoteAddr, 0).String()
	}
	w := &response{ResponseWriter: unsent{}, request: request, id: newID(), time: r.Time}
	hidden := e.respond(w)
	answered := e.record(w, hidden, 0)
	answered.Method, answered.Bytes = r.Method, 0
	return answered
}

// unsent is a response that is not sent.
type unsent http.Header

var errUnsent = errors.New("nobody asked")

func (u unsent) Header() http.Header       { return http.Header(u) }
func (u unsent) WriteHeader(int)           {}
func (u unsent) Write([]byte) (int, error) { return 0, errUnsent }

// viewerRequest returns a request in the form that package signer checks.
func (e *Edge) viewerRequest(r Record) signer.Request {
	return signer.Request{
		URL:        e.scheme + "://" + r.Host + r.Target,
		Cookie:     r.Cookies,
		RemoteAddr: r.RemoteAddr,
		Time:       r.Time,
	}
}

// Distribution returns what was read from the template: the cache behaviors in
// their order with the keys that they trust, and the bucket with its policy. It
// belongs to the edge and must not be changed. It is nil for an Edge that New did
// not make.
func (e *Edge) Distribution() *model.Distribution { return e.distribution }

// signatureChecks are the checks of signer.Verify, by the reason of the refusal.
var signatureChecks = map[signer.Reason]Check{
	signer.ReasonURL:               CheckTarget,
	signer.ReasonTooLong:           CheckSize,
	signer.ReasonUnsigned:          CheckSigned,
	signer.ReasonNoKeyPairID:       CheckSigned,
	signer.ReasonUnknownKey:        CheckKey,
	signer.ReasonUnknownHash:       CheckHash,
	signer.ReasonNoSignature:       CheckEncoding,
	signer.ReasonSignatureEncoding: CheckEncoding,
	signer.ReasonNoPolicy:          CheckPolicy,
	signer.ReasonExpiryFormat:      CheckPolicy,
	signer.ReasonPolicyEncoding:    CheckPolicy,
	signer.ReasonPolicyFormat:      CheckPolicy,
	signer.ReasonSHA1InFIPS:        CheckSignature,
	signer.ReasonSignature:         CheckSignature,
	signer.ReasonOtherResource:     CheckResource,
	signer.ReasonExpired:           CheckExpiry,
	signer.ReasonNotYetValid:       CheckStart,
	signer.ReasonAddress:           CheckAddress,
}

// signatureCheck returns the check of signer.Verify that failed.
func signatureCheck(v signer.Verdict) Check {
	if v.Reason == signer.ReasonRepeated {
		if v.Code == signer.MalformedPolicy { // the URL has both a policy and an expiry
			return CheckPolicy
		}
		return CheckParameters
	}
	return signatureChecks[v.Reason]
}

// reasonOf returns a verdict in words.
func reasonOf(v signer.Verdict) string {
	reason := string(v.Reason) + ": " + v.Detail
	if !v.Certain {
		reason += " (what CloudFront does here is unknown: this is the strict reading)"
	}
	return reason
}
