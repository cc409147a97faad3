package signhttp

import (
	"fmt"
	"net/http"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// RedirectOptions configures Redirect. Authorize must be set; the zero value of
// every other field is its default.
type RedirectOptions struct {
	// Authorize returns the object that the viewer may read.
	Authorize Authorize

	// BaseURL is the scheme and host that serve the content, such as
	// https://cdn.example.com. Empty means the base URL of the signer's deployment
	// at the time of a request.
	BaseURL string

	// Policy is the policy of grants without their own. The zero Policy means a TTL
	// of two minutes. A URL must stay valid while the viewer needs more of the
	// object: seeking in a video makes new requests.
	Policy signer.Policy

	// OnError is called with errors that the client does not see, before the
	// response is written, possibly concurrently. Nil means slog.Default.
	OnError func(r *http.Request, err error)
}

const redirectTTL = 2 * time.Minute

// Redirect returns a handler that redirects, with 307, to the signed URL of the
// object that Authorize grants. It serves GET and HEAD. Redirect returns an error
// if Authorize or the base URL is missing.
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
