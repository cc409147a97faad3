package status

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer/rotation"
)

// Account reads the AWS account of an environment. No method changes anything or
// reads a private key. Every method reads all pages.
//
// The error of a call that AWS refused, or that did not reach AWS, is a *CallError. If
// AWS does not have the thing, the error wraps ErrMissing.
type Account interface {
	// Document returns the text of a parameter.
	Document(ctx context.Context, parameter string) (text string, err error)

	// History returns the versions of a parameter.
	History(ctx context.Context, parameter string) ([]rotation.Version, error)

	// Stack describes a stack, by its name or its ARN.
	Stack(ctx context.Context, name string) (Stack, error)

	// StackOf returns the name of the stack that has a resource with a physical id.
	StackOf(ctx context.Context, physicalID string) (stack string, err error)

	// Resources lists the resources of a stack.
	Resources(ctx context.Context, stack string) ([]Resource, error)

	// Template returns the template of a stack as it was deployed.
	Template(ctx context.Context, stack string) (text string, err error)

	// Drift compares a resource of a stack with the template.
	Drift(ctx context.Context, stack, logicalID string) (Drift, error)

	// Importers returns the names of the stacks that import an export.
	Importers(ctx context.Context, export string) (stacks []string, err error)

	// Distribution reads a distribution.
	Distribution(ctx context.Context, id string) (Distribution, error)

	// KeyGroup reads a key group.
	KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error)

	// PublicKey reads a public key.
	PublicKey(ctx context.Context, id string) (PublicKey, error)

	// OriginIdentity returns the canonical user of an origin access identity.
	OriginIdentity(ctx context.Context, id string) (canonicalUser string, err error)

	// OriginControl returns an error if an origin access control does not exist.
	OriginControl(ctx context.Context, id string) error

	// PublicKeys and KeyGroups return how many the account has.
	PublicKeys(ctx context.Context) (int, error)
	KeyGroups(ctx context.Context) (int, error)

	// DistributionsOf returns how many distributions trust a key group.
	DistributionsOf(ctx context.Context, keyGroup string) (int, error)

	// Secret describes a secret, without its value.
	Secret(ctx context.Context, arn string) (Secret, error)

	// KMSKey returns the state of a key in KMS, such as Enabled.
	KMSKey(ctx context.Context, arn string) (state string, err error)

	// KMSPolicy returns the policy of a key in KMS, as JSON.
	KMSPolicy(ctx context.Context, arn string) (policy string, err error)

	// BucketPolicy returns the policy of a bucket, as JSON, or "" if it has none.
	BucketPolicy(ctx context.Context, b Bucket) (policy string, err error)

	// PublicAccessBlocked reports whether a bucket blocks all public access.
	PublicAccessBlocked(ctx context.Context, b Bucket) (bool, error)

	// Encryption returns the KMS key that encrypts new objects of a bucket, AWSKey if it
	// names none, or "" if S3's own keys encrypt.
	Encryption(ctx context.Context, b Bucket) (kmsKey string, err error)
}

// ErrMissing is wrapped by errors about things that AWS does not have.
var ErrMissing = errors.New("it does not exist")

// CallError reports a call that AWS refused, or that did not reach AWS.
type CallError struct {
	Action string // the IAM action, such as cloudfront:GetKeyGroup
	Err    error  // the SDK's error, which may quote the request and the response
}

// Error returns the action and why the call failed, without the text of the SDK's error.
func (e *CallError) Error() string { return e.Action + ": " + Why(e.Err) }

func (e *CallError) Unwrap() error { return e.Err }

// Stack is a stack of CloudFormation.
type Stack struct {
	Name, ID      string
	State, Reason string // StackStatus, and StackStatusReason
	Updated       time.Time
	Protected     bool              // from termination
	Exports       map[string]string // values by the names of the exports
}

// inProgress reports whether a deployment of the stack is running.
func (s Stack) inProgress() bool { return strings.HasSuffix(s.State, "_IN_PROGRESS") }

// whole reports whether the last deployment of a stack succeeded, or was rolled back to
// one that did.
func (s Stack) whole() bool {
	switch s.State {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE":
		return true
	}
	return false
}

// Resource is a resource of a stack.
type Resource struct {
	LogicalID, PhysicalID, Type string
	State, Reason               string
}

// Drift is the difference of a resource from the template.
type Drift struct {
	State       string   // IN_SYNC, MODIFIED, DELETED or NOT_CHECKED
	Differences []string // the paths of properties that differ
}

// PublicKey is a public key in CloudFront.
type PublicKey struct {
	CallerReference string // contract.KeyNumber returns the number in it
	Created         time.Time
	PEM             string // the key, as it was created
}

// Distribution is a distribution of CloudFront.
type Distribution struct {
	ID, ARN, DomainName string
	Aliases             []string
	Enabled             bool
	Deployed            bool // every edge has the last change
	Modified            time.Time

	RootObject string // the object that / stands for, or ""

	// Behaviors are the cache behaviors, the default one last.
	Behaviors []Behavior
	Origins   []Origin
}

// Behavior is a cache behavior.
type Behavior struct {
	Pattern   string   // * for the default one
	Origin    string   // the id of an origin
	KeyGroups []string // trusted key groups
	Accounts  []string // trusted signers: AWS accounts whose own key pairs may sign
}

// signed reports whether the behavior requires a signature.
func (b Behavior) signed() bool { return len(b.KeyGroups)+len(b.Accounts) > 0 }

// Origin is an origin of a distribution.
type Origin struct {
	ID, DomainName    string
	Identity, Control string // ids of an origin access identity and of an access control
}

// Secret is a secret of Secrets Manager.
type Secret struct {
	Deleted  time.Time // when its deletion was requested; zero if it was not
	Versions []string  // ids
}

// AWSKey is AWS's own KMS key for S3, which S3 uses if no other key is named.
const AWSKey = "alias/aws/s3"

// Bucket is a bucket of S3 in its Region.
type Bucket struct{ Name, Region string }
