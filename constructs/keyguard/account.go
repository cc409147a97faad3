package keyguard

import (
	"context"
	"errors"

	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Account reads what the guard needs from the account of the stack. It writes nothing.
// Every method reads all pages.
//
// An error of a call that the function's role does not allow wraps
// customresource.ErrDenied. An Account retries throttled calls itself.
type Account interface {
	// Stack reads a stack by its ARN.
	Stack(ctx context.Context, stackID string) (Stack, error)

	// Resource returns the physical id of a stack's resource. It fails with
	// ErrNoResource if the stack has none of that logical id.
	Resource(ctx context.Context, stackID, logicalID string) (physicalID string, err error)

	// KeyGroup reads a key group of CloudFront.
	KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error)

	// PublicKey reads a public key of CloudFront. It fails with
	// awsrotation.ErrNoPublicKey if there is none with that id.
	PublicKey(ctx context.Context, id string) (awsrotation.PublicKey, error)

	// History reads the versions of a deployment document's parameter.
	// It fails with awsrotation.ErrNoParameter if there is no such parameter.
	History(ctx context.Context, name string) ([]rotation.Version, error)

	// Trusting returns the ids of the distributions that trust a key group.
	Trusting(ctx context.Context, keyGroupID string) (distributions []string, err error)
}

// ErrNoResource is wrapped by errors of Resource if there is no such resource.
var ErrNoResource = errors.New("the stack has no such resource")

// Stack is a stack as CloudFormation describes it. During an update, Exports are the
// previous ones.
type Stack struct {
	Status  string
	Exports map[string]string // values by the names of the exports
}
