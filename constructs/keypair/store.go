package keypair

import (
	"context"
	"errors"
)

// Store is where private keys are kept: secrets, each with versions that never
// change. No error of a Store holds any of what a secret holds.
//
// A call that the function's role does not allow wraps
// customresource.ErrDenied. A Store tries throttled calls again by itself.
type Store interface {
	// Current names the version that is a secret's value now. It fails with
	// ErrMissing if there is no such secret, and with ErrEmpty if it has no
	// value yet.
	Current(ctx context.Context, secretID string) (version string, err error)

	// Get reads one version. It fails with ErrNoVersion if that version is
	// not there, the secret itself included.
	Get(ctx context.Context, secretID, version string) (text []byte, err error)

	// Put stores text as a secret's value. The token names the new version:
	// putting the same text again does nothing, and another text under the
	// same token fails with ErrConflict.
	Put(ctx context.Context, secretID, token string, text []byte) (version string, err error)
}

// What a Store's errors wrap.
var (
	ErrMissing   = errors.New("the secret does not exist")
	ErrEmpty     = errors.New("the secret is empty")
	ErrNoVersion = errors.New("the secret has no such version")
	ErrConflict  = errors.New("the secret has another text under this token")
)
