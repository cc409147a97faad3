package contract

// SigningKeyPair is the type of the custom resource that makes the key pair of
// one generation in a secret. Its provider is package keypair.
const (
	SigningKeyPair = "Custom::SigningKeyPair"

	// Its properties: the ARN of the secret, the number of the generation, and a
	// word of signer.Algorithm.
	SecretID   = "SecretId"
	Generation = "Generation"
	Algorithm  = "Algorithm"

	// Its attributes: the public key as SPKI in PEM with one line feed at the
	// end, its signer.PublicKey.Fingerprint, and the version of the secret that
	// holds the private key.
	PublicKeyPEM    = "PublicKeyPem"
	PublicKeySHA256 = "PublicKeySha256"
	SecretVersionID = "SecretVersionId"

	// SigningKeyPairID starts its physical ids.
	SigningKeyPairID = ownPrefix + "signing-key-pair:"
)

// EmptyBucket is the type of the custom resource that empties a bucket before
// its stack goes. Its provider is package bucketemptier. It has no attributes.
const (
	EmptyBucket = "Custom::EmptyBucket"

	// Its properties: the name of the bucket, and the ARN of the function's role.
	BucketName = "BucketName"
	RoleARN    = "RoleArn"

	// EmptyBucketID starts its physical ids. The bucket's name follows, which the
	// provider reads from there. A name that CloudFormation makes up has no colon.
	EmptyBucketID = ownPrefix + "empty-bucket:"
)

// FunctionRuns is the type of a custom resource of the same provider, with which
// nothing is done: a deployment learns from it that the function runs, without
// waiting for as long as a bucket may take to be emptied. It has no attributes.
const (
	FunctionRuns = "Custom::FunctionRuns"

	// Its only property, whose value is CheckTrue.
	Check     = "Check"
	CheckTrue = "true"

	// FunctionRunsID is its physical id.
	FunctionRunsID = ownPrefix + "check"
)

// KeyGuard is the type of the custom resource that fails a deployment whose keys
// would have CloudFront refuse viewers. Its provider is package keyguard. It has
// no attributes.
const (
	KeyGuard = "Custom::KeyGuard"

	// Its properties that say where to look: the logical ids of the key group,
	// the deployment document's parameter and the distribution, written as text,
	// since these three wait for the guard; and the name that the parameter is to
	// have.
	KeyGroupLogicalID     = "KeyGroupLogicalId"
	DocumentLogicalID     = "DocumentLogicalId"
	DistributionLogicalID = "DistributionLogicalId"
	DocumentName          = "DocumentName"

	// Its properties that say what the keys are to be: one of the modes; an
	// object with the caller reference of each public key by its number; the
	// number of the current key; an array with the numbers of compromised keys;
	// an array with the ids of the keys in the group that are none of the stack's;
	// the name of the lender's parameter where the keys are borrowed; and for how
	// many seconds CloudFront's edges may go by an older state.
	KeyMode          = "KeyMode"
	CallerReferences = "CallerReferences"
	CurrentKey       = "CurrentKey"
	CompromisedKeys  = "CompromisedKeys"
	AlsoTrustedKeys  = "AlsoTrustedKeys"
	LenderName       = "LenderName"
	MarginSeconds    = "MarginSeconds"

	// Its properties that are there so that their change calls the function: the
	// limits that the document is to have. How long to wait follows from those
	// that it had.
	MaxURLLifetimeSeconds = "MaxUrlLifetimeSeconds"
	MaxKeyAgeSeconds      = "MaxKeyAgeSeconds"

	// The modes.
	OwnKeys      = "own-keys"
	LentKeys     = "lent-keys" // of one's own, and lent to other stacks
	BorrowedKeys = "borrowed-keys"

	// KeyGuardID is its physical id.
	KeyGuardID = ownPrefix + "key-guard"
)

// NotCreatedID starts the physical id of a resource that a provider failed to
// create. The names of stacks have no colon, so an id that CloudFormation makes
// up, <stack>-<logical id>-<suffix>, is never mistaken for one.
const NotCreatedID = ownPrefix + "not-created:"
