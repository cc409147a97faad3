package keypair

import (
	"context"
	"errors"
)

// Store keeps private keys in secrets, each with versions that never change. No error
// of a Store contains any part of a secret's value.
//
// An error of a call that the function's role does not allow wraps
// customresource.ErrDenied. A Store retries throttled calls itself.
type Store interface {
	// Current returns the id of a secret's current version. It fails with ErrMissing
	// if there is no such secret, and with ErrEmpty if it has no value yet.
	Current(ctx context.Context, secretID string) (version string, err error)

	// Get reads one version. It fails with ErrNoVersion if the version or the secret
	// does not exist.
	Get(ctx context.Context, secretID, version string) (text []byte, err error)

	// Put stores text as a secret's value and returns the id of the new version, the
	// token. Storing the same text again does nothing. Another text with the same
	// token fails with ErrConflict.
	Put(ctx context.Context, secretID, token string, text []byte) (version string, err error)
}

// Errors that errors of a Store wrap.
var (
	ErrMissing   = errors.New("the secret does not exist")
	ErrEmpty     = errors.New("the secret is empty")
	ErrNoVersion = errors.New("the secret has no such version")
	ErrConflict  = errors.New("the secret has another text under this token")
)
