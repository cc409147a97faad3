package signhttp

import (
	"fmt"
	"net/http"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// RedirectOptions are what Redirect may be told. Authorize must be set; the
// zero value of every other is its default.
type RedirectOptions struct {
	// Authorize says which object a request may have.
	Authorize Authorize

	// BaseURL is where the content is served, such as
	// https://cdn.example.com. Empty means the base URL of the signer's
	// deployment, as it is at the time of a request.
	BaseURL string

	// Policy is for grants that have none of their own. The zero Policy means
	// a TTL of two minutes. A URL must be good for as long as its viewer comes
	// back for more of it: seeking in a video takes new requests.
	Policy signer.Policy

	// OnError is told of errors that the client is not told. It is called
	// concurrently, before the response is written. Nil means slog.Default.
	OnError func(r *http.Request, err error)
}

const redirectTTL = 2 * time.Minute

// Redirect returns a handler that redirects, with 307, to the signed URL of the
// object that Authorize grants. It answers GET and HEAD. It is an error if
// there is no Authorize, or no base URL.
func Redirect(s *signer.Signer, o RedirectOptions) (http.Handler, error) {
	g, err := newGate(s, o.Authorize, o.BaseURL, o.OnError)
	if err != nil {
		return nil, fmt.Errorf("redirect handler: %w", err)
	}
	if o.Policy == (signer.Policy{}) {
		o.Policy.TTL = redirectTTL
	}
	return &redirect{gate: g, policy: o.Policy}, nil
}

type redirect struct {
	gate
	policy signer.Policy
}

func (h *redirect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	grant, _, url, ok := h.granted(w, r)
	if !ok {
		return
	}
	if grant.Download != nil {
		var err error
		if url, err = grant.Download.URL(url); err != nil {
			h.fail(w, r, http.StatusInternalServerError, err)
			return
		}
	}
	policy := grant.Policy
	if policy == (signer.Policy{}) {
		policy = h.policy
	}
	signed, err := h.signer.URL(r.Context(), url, policy)
	if err != nil {
		h.fail(w, r, http.StatusServiceUnavailable, fmt.Errorf("signing: %w", err))
		return
	}
	w.Header().Set("Location", signed)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
