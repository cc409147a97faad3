package contract

// SigningKeyPair is the type of the custom resource that makes the key pair of one key
// generation in a secret. Its provider is package keypair.
const (
	SigningKeyPair = "Custom::SigningKeyPair"

	// Its properties: the ARN of the secret, the number of the key generation, and a
	// signer.Algorithm.
	SecretID   = "SecretId"
	Generation = "Generation"
	Algorithm  = "Algorithm"

	// Its attributes: the public key as SPKI in PEM with one line feed at the
	// end, its signer.PublicKey.Fingerprint, and the version of the secret that
	// holds the private key.
	PublicKeyPEM    = "PublicKeyPem"
	PublicKeySHA256 = "PublicKeySha256"
	SecretVersionID = "SecretVersionId"

	// SigningKeyPairID is the start of its physical ids.
	SigningKeyPairID = ownPrefix + "signing-key-pair:"
)

// EmptyBucket is the type of the custom resource that empties a bucket before its stack
// is deleted. Its provider is package bucketemptier. It has no attributes.
const (
	EmptyBucket = "Custom::EmptyBucket"

	// Its properties: the name of the bucket, and the ARN of the function's role.
	BucketName = "BucketName"
	RoleARN    = "RoleArn"

	// EmptyBucketID is the start of its physical ids. The bucket's name follows, and the
	// provider reads it from there. A name that CloudFormation generates has no colon.
	EmptyBucketID = ownPrefix + "empty-bucket:"
)

// FunctionRuns is the type of another custom resource of that provider, which only
// checks that the function runs. A deployment learns this without the long timeout of
// EmptyBucket. It has no attributes.
const (
	FunctionRuns = "Custom::FunctionRuns"

	// Its only property, whose value is CheckTrue.
	Check     = "Check"
	CheckTrue = "true"

	// FunctionRunsID is its physical id.
	FunctionRunsID = ownPrefix + "check"
)

// KeyGuard is the type of the custom resource that fails a deployment after which
// CloudFront would refuse viewers. Its provider is package keyguard. It has no
// attributes.
const (
	KeyGuard = "Custom::KeyGuard"

	// The properties that say where to look: the logical ids, as text, of the key
	// group, the deployment document's parameter and the distribution, which depend on
	// the guard; and the new name of the parameter.
	KeyGroupLogicalID     = "KeyGroupLogicalId"
	DocumentLogicalID     = "DocumentLogicalId"
	DistributionLogicalID = "DistributionLogicalId"
	DocumentName          = "DocumentName"

	// The properties that describe the keys after the deployment: one of the modes; an
	// object with the caller reference of each public key by its number; the number of
	// the current key; an array with the numbers of compromised keys; an array with the
	// ids of trusted keys that the stack does not make; the name of the lender's
	// parameter, with borrowed keys; and how many seconds CloudFront's edges may use an
	// older state.
	KeyMode          = "KeyMode"
	CallerReferences = "CallerReferences"
	CurrentKey       = "CurrentKey"
	CompromisedKeys  = "CompromisedKeys"
	AlsoTrustedKeys  = "AlsoTrustedKeys"
	LenderName       = "LenderName"
	MarginSeconds    = "MarginSeconds"

	// The properties whose change must call the function: the limits of the new
	// document. The wait follows from the limits of the old one.
	MaxURLLifetimeSeconds = "MaxUrlLifetimeSeconds"
	MaxKeyAgeSeconds      = "MaxKeyAgeSeconds"

	// The modes.
	OwnKeys      = "own-keys"
	LentKeys     = "lent-keys" // the stack's own, and lent to other stacks
	BorrowedKeys = "borrowed-keys"

	// KeyGuardID is its physical id.
	KeyGuardID = ownPrefix + "key-guard"
)

// NotCreatedID is the start of the physical id of a resource that a provider failed to
// create. The name of a stack has no colon, so an id that CloudFormation generates,
// <stack>-<logical id>-<suffix>, never starts with it.
const NotCreatedID = ownPrefix + "not-created:"
