package model

// Origin is a bucket as the origin of a distribution.
type Origin struct {
	Bucket   *Bucket
	Path     string // put before the path of each request; empty, or starts with a slash
	Identity Identity
}

// Identity is the identity CloudFront uses to read a bucket: an origin access
// identity or an origin access control. The zero value is none.
type Identity struct {
	OAI           string // the id of the origin access identity
	CanonicalUser string // its canonical user id

	Control               bool   // an origin access control signs the requests
	Distribution, Account string // the ARN and account of the distribution that signs
}

// Bucket is an AWS::S3::Bucket, or an existing bucket that a template refers to.
type Bucket struct {
	Name       string
	Policy     Policy
	Encryption Encryption
	CORS       []CORSRule
}

// Encryption is how a bucket encrypts its objects by default.
type Encryption struct {
	KMS       bool    // with a KMS key: SSE-KMS
	AWSKey    bool    // the key is the AWS managed key aws/s3
	Key       string  // its ARN, or the bucket's own text for it
	KeyPolicy *Policy // nil: the template does not create the key
}

// CORSRule is a rule of a bucket's CORS configuration:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
type CORSRule struct {
	Origins, Methods, Headers, ExposedHeaders []string

	MaxAge string // seconds; empty: none
}

// Policy is the policy of a bucket or a key. It denies what no statement allows.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type Policy struct {
	Name       string // for error texts, such as the bucket policy
	Statements []Statement

	// BlockPublic is set if the bucket's public access block overrides policies
	// that allow everyone.
	BlockPublic bool
}

// Statement is a statement of a policy.
type Statement struct {
	Name       string // for error texts: its Sid or its place
	Deny       bool
	Principals []Principal
	Actions    Patterns
	Resources  Patterns
	Conditions []Condition

	// NotPrincipal is set if the statement has NotPrincipal. Variables is set if
	// its resources have policy variables.
	NotPrincipal, Variables bool
}

// Principal is one value of Principal, such as {"AWS", "*"}.
type Principal struct{ Kind, Value string }

// Patterns are values with wildcards. Inverted is set for NotAction and
// NotResource.
type Patterns struct {
	Values   []string
	Inverted bool
}

// Condition is one operator on one key, such as StringEquals on aws:SourceArn.
type Condition struct {
	Operator, Key string
	Values        []string
}
