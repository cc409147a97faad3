package edge

import (
	"net/http"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// ExplainSignature is Explain for a request to any distribution. It makes only the
// checks of a signature, with the keys that the distribution trusts, by key pair
// id. A trusted key that is not known is nil.
func ExplainSignature(r signer.Request, keys map[string]*signer.PublicKey) Explanation {
	v := signer.Explain(r, keys)
	x := Explanation{Verdict: &v, Record: Record{
		Time: r.Time, Method: http.MethodGet, Cookies: r.Cookie, RemoteAddr: r.RemoteAddr,
		Status: v.Code.Status(), Code: string(v.Code), KeyPairID: v.KeyPairID, Allowed: v.Allowed,
	}}
	if !v.Allowed {
		// Explain may report a failure at another check than Verify.
		x.Record.Refused, x.Record.Reason = signatureCheck(signer.Verify(r, keys)), reasonOf(v)
	}
	e, b := new(Edge), &model.Behavior{PathPattern: "*"}
	failed := false
	for _, check := range checks {
		if !isSignatureCheck(check) && (v.Allowed || check != x.Record.Refused) {
			continue
		}
		step := Step{Check: check, Result: NotReached}
		switch {
		case !v.Allowed && check == x.Record.Refused:
			step.Result, step.Detail, failed = Failed, x.Record.Reason, true
		case failed:
		case check == CheckKey:
			step.Result, step.Detail = Passed, signer.Describe(v.KeyPairID, signer.FormID)+" is a known key"
		default:
			step.Result, step.Detail = e.passed(check, x.Record, b, "", &v)
		}
		x.Steps = append(x.Steps, step)
	}
	return x
}
