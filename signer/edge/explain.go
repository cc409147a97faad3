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

// Check is one of the checks that decide what a request is answered.
type Check string

// The checks, in the order in which CloudFront and S3 make them. From CheckSigned
// to CheckAddress they are those of [signer.Verify].
const (
	CheckSize       Check = "size"               // of the path and query, and of the whole request
	CheckTarget     Check = "request target"     // starts with a slash
	CheckHost       Check = "host"               // is the distribution's
	CheckBehavior   Check = "cache behavior"     // is one of which the edge knows who gets what
	CheckMethod     Check = "method"             // is one that the cache behavior allows
	CheckSigned     Check = "signed"             // the URL or the cookies are signed, and name a key
	CheckKey        Check = "key"                // is in a key group that the cache behavior trusts
	CheckParameters Check = "parameters"         // none stands twice
	CheckHash       Check = "hash"               // is one that CloudFront knows
	CheckEncoding   Check = "signature encoding" // is CloudFront's base64
	CheckPolicy     Check = "policy"             // can be read
	CheckSignature  Check = "signature"          // is the key's over this policy
	CheckResource   Check = "resource"           // of the policy covers the URL
	CheckExpiry     Check = "expiry"             // has not come
	CheckStart      Check = "start"              // has come
	CheckAddress    Check = "address"            // is one that the policy allows
	CheckEscapes    Check = "escapes"            // hide no other path from the cache behaviors
	CheckQuery      Check = "query"              // asks S3 for nothing that it refuses
	CheckObjectKey  Check = "object key"         // is one that S3 can have
	CheckBucket     Check = "bucket policy"      // lets CloudFront do this
	CheckObject     Check = "object"             // is there
	CheckEncryption Check = "encryption"         // lets CloudFront read
	CheckConditions Check = "conditions"         // of the request, and its range, hold
	CheckCORS       Check = "CORS"               // lets the page of another origin ask, and read the answer
)

// checks are all checks in their order.
var checks = []Check{
	CheckSize, CheckTarget, CheckHost, CheckBehavior, CheckMethod,
	CheckSigned, CheckKey, CheckParameters, CheckHash, CheckEncoding, CheckPolicy, CheckSignature, CheckResource, CheckExpiry, CheckStart, CheckAddress,
	CheckEscapes, CheckQuery, CheckObjectKey, CheckBucket, CheckObject, CheckEncryption, CheckConditions, CheckCORS,
}

// Result is what became of a check.
type Result string

const (
	Passed     Result = "passed"
	Failed     Result = "failed"
	NotMade    Result = "not made"    // nothing asks for it, such as a signature where the cache behavior is public
	NotReached Result = "not reached" // a check before it failed
)

// Step is a check with its result, and a sentence that says what was found.
type Step struct {
	Check  Check
	Result Result
	Detail string
}

// Explanation is what an edge found of a request, check by check.
type Explanation struct {
	// Record is the one that was explained. If it had no answer, it has the one
	// that the edge would give.
	Record Record

	// Steps are all checks in their order. At most one failed, besides CheckCORS.
	Steps []Step

	// Verdict is what [signer.Explain] says of the signature: the policy, and where
	// the URL is another one than was signed. It is nil where no signature was
	// looked at.
	Verdict *signer.Verdict
}

// Explain says how a request was decided: every check in the order in which
// CloudFront makes them, the policy, and for a URL that was changed the byte. A
// record of an edge is explained by the edge that answered it, with the answer
// that it gave. One without a Status is explained as if it arrived: an empty
// Method means GET, an empty Host that of the edge, a zero Time now. Nothing is
// sent.
//
// It costs up to some hundred verifications of a signature: it is for people who
// look, not for each request. Details have no signature in them, and describe
// what may be a private key.
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
			step.Result, step.Detail = NotMade, "the request has no Origin: no page of another origin asked"
		case check == CheckCORS:
			step.Detail = "a browser lets the page read the answer"
		case !reached(check):
			step.Result = NotReached
		case isSignatureCheck(check) && b.Public:
			step.Result, step.Detail = NotMade, "the cache behavior "+redact.Path(b.PathPattern)+" is open to all"
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

// passed says of a check that did not fail what was found.
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
		return found("none stands twice")
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
		return found("it is that of %s over this policy", signer.Describe(r.KeyPairID, signer.FormID))
	case CheckResource:
		if v.Canned {
			return found("a canned policy is for its own URL")
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
			return none("the policy names no address")
		}
		return found("%s is in %s", r.RemoteAddr, st.IPAddress)
	case CheckEscapes:
		if b.Escapes == nil {
			return none("no function of the cache behavior looks at escapes")
		}
		return found("they hide no path")
	case CheckQuery:
		reaches := len(queryToOrigin(b, query))
		if r.Method == http.MethodOptions || reaches == 0 {
			return none("no parameter reaches the bucket")
		}
		return found("%d of its parameters reach the bucket", reaches)
	}
	if r.Method == http.MethodOptions {
		return none("a preflight asks for no object")
	}
	switch check {
	case CheckObjectKey:
		return found("%s", redact.Path(r.Object))
	case CheckBucket:
		return found("%s allows %s to read the object", resourcePolicy(b.Origin.Bucket.Policy).Name, identity(b.Origin.Identity))
	case CheckObject:
		return found("it is there")
	case CheckEncryption:
		if !b.Origin.Bucket.Encryption.KMS {
			return none("the bucket is not encrypted with a KMS key")
		}
		return found("the key lets CloudFront decrypt")
	}
	return found("they hold, or there are none")
}

// replay fills in what the edge would answer to a request.
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

// unsent is the answer to a request that nobody sent.
type unsent http.Header

var errUnsent = errors.New("nobody asked")

func (u unsent) Header() http.Header       { return http.Header(u) }
func (u unsent) WriteHeader(int)           {}
func (u unsent) Write([]byte) (int, error) { return 0, errUnsent }

// viewerRequest is a request as signer checks it.
func (e *Edge) viewerRequest(r Record) signer.Request {
	return signer.Request{
		URL:        e.scheme + "://" + r.Host + r.Target,
		Cookie:     r.Cookies,
		RemoteAddr: r.RemoteAddr,
		Time:       r.Time,
	}
}

// Distribution returns what was read of the template: the cache behaviors in
// their order with the keys that they trust, and the bucket with its policy. It
// is the edge's own, and must not be changed. It is nil for an Edge that New did
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

// signatureCheck is the check that a verdict of signer.Verify failed.
func signatureCheck(v signer.Verdict) Check {
	if v.Reason == signer.ReasonRepeated {
		if v.Code == signer.MalformedPolicy { // both a policy and an expiry
			return CheckPolicy
		}
		return CheckParameters
	}
	return signatureChecks[v.Reason]
}

// reasonOf is a verdict in words.
func reasonOf(v signer.Verdict) string {
	reason := string(v.Reason) + ": " + v.Detail
	if !v.Certain {
		reason += " (what CloudFront does here is not known: this is the strict reading)"
	}
	return reason
}
