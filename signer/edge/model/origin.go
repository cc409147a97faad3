package model

// Origin is a bucket as a distribution reaches it.
type Origin struct {
	Bucket   *Bucket
	Path     string // before the path of each request; empty, or with a slash first
	Identity Identity
}

// Identity is who CloudFront is at a bucket: an origin access identity, an origin
// access control, or, as the zero value, nobody.
type Identity struct {
	OAI           string // the id of the origin access identity
	CanonicalUser string // its canonical user id

	Control               bool   // an origin access control signs the requests
	Distribution, Account string // that the control acts for: an ARN, and its account
}

// Bucket is an AWS::S3::Bucket, or an existing one that a template refers to.
type Bucket struct {
	Name       string
	Policy     Policy
	Encryption Encryption
	CORS       []CORSRule
}

// Encryption is how a bucket encrypts its objects by default.
type Encryption struct {
	KMS       bool    // with a KMS key, SSE-KMS
	AWSKey    bool    // the key is AWS's own, aws/s3
	Key       string  // its ARN, or what the bucket says in place of one
	KeyPolicy *Policy // nil: the key is not of the template
}

// CORSRule is a rule of a bucket's own CORS configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
type CORSRule struct {
	Origins, Methods, Headers, ExposedHeaders []string

	MaxAge string // seconds; empty: not said
}

// Policy says who may do what with a resource: the policy of a bucket or of a
// key. What no statement allows is denied.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type Policy struct {
	Name       string // for people: the bucket policy
	Statements []Statement

	// BlockPublic is set where the bucket's public access block stops policies
	// that let in everyone.
	BlockPublic bool
}

// Statement is a statement of a policy.
type Statement struct {
	Name       string // for people: its Sid or its place
	Deny       bool
	Principals []Principal
	Actions    Patterns
	Resources  Patterns
	Conditions []Condition

	// NotPrincipal and Variables are set where the statement has NotPrincipal,
	// and where its resources have policy variables.
	NotPrincipal, Variables bool
}

// Principal is one value of Principal, such as {"AWS", "*"}.
type Principal struct{ Kind, Value string }

// Patterns are values in which wildcards may stand; Inverted for NotAction and
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
