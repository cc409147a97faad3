package status

import "time"

// Schema is the version of the JSON of a Report. Adding a member does not change it.
const Schema = 1

// Report is the state of an environment and what is wrong with it. `signedfront status
// --json` prints its JSON, and STATUS.md of the command describes it. What was not read
// is null or missing, and is in Unread.
type Report struct {
	Schema      int       `json:"schema"`
	Environment string    `json:"environment"`
	Parameter   string    `json:"parameter"`
	Region      string    `json:"region"`
	Time        time.Time `json:"time"`

	// Healthy reports that there are no Findings and that nothing in Unread is Needed.
	Healthy bool `json:"healthy"`

	Served     *Served     `json:"served,omitempty"`
	Protection *Protection `json:"protection,omitempty"`
	Stack      *StackState `json:"stack,omitempty"`
	Bucket     *BucketUse  `json:"bucket,omitempty"`
	Keys       []Key       `json:"keys"`
	Next       *Next       `json:"next,omitempty"`

	// Lender is the parameter of the environment that lends its keys, or "" if this one
	// has its own. Borrowers are the stacks that sign with this environment's keys.
	Lender    string   `json:"lender,omitempty"`
	Borrowers []string `json:"borrowers,omitempty"`

	Quotas   []Quota   `json:"quotas"`
	Findings []Finding `json:"findings"`
	Unread   []Unread  `json:"unread"`
}

// Served is the distribution that serves the content.
type Served struct {
	URL            string   `json:"url"`
	Names          []string `json:"names"` // the distribution's own name first
	DistributionID string   `json:"distributionId"`
	Enabled        bool     `json:"enabled"`

	// Deployed reports that every edge has the last change, made at Changed.
	Deployed bool      `json:"deployed"`
	Changed  time.Time `json:"changed"`
}

// Protection is the protection of the content from readers and from deletion.
type Protection struct {
	// Signed reports that the default cache behavior requires a signature. Public are
	// the path patterns that require none, and SignedPaths those that require one.
	Signed      bool     `json:"signed"`
	Public      []string `json:"public"`
	SignedPaths []string `json:"signedPaths"`

	// Template has the same members for the distribution in the stack's template, which
	// the distribution must match. It is nil if the template was not read, or if a
	// deployment is running or has failed.
	Template *Paths `json:"template"`

	// Termination reports that the stack is protected from deletion. It is nil if the
	// stack was not read.
	Termination *bool `json:"termination"`

	// PublicAccessBlocked reports that the bucket blocks all public access. It is nil if
	// that was not read.
	PublicAccessBlocked *bool `json:"publicAccessBlocked"`
}

// Paths are the cache behaviors of a distribution in a template. Its members are those of
// Protection.
type Paths struct {
	Signed      bool     `json:"signed"`
	Public      []string `json:"public"`
	SignedPaths []string `json:"signedPaths"`
}

// StackState is a stack of CloudFormation.
type StackState struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	State   string    `json:"state"`
	Updated time.Time `json:"updated"`
}

// BucketUse is the bucket of the content and how CloudFront reads it.
type BucketUse struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	Path   string `json:"path,omitempty"`
	Access string `json:"access,omitempty"` // origin access identity or control, with its id
	KMSKey string `json:"kmsKey,omitempty"`
}

// Key is a signing key. State, Since and Until are those of package rotation.
type Key struct {
	ID        string     `json:"id"`
	Number    int        `json:"number,omitempty"` // in cdk.json
	Algorithm string     `json:"algorithm,omitempty"`
	Created   *time.Time `json:"created,omitempty"`
	State     string     `json:"state"`
	Since     *time.Time `json:"since,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Trusted   bool       `json:"trusted"`

	// May are the steps that are safe now for this key: promote and remove.
	May []string `json:"may"`
}

// Next has the steps with the keys that are safe now, and when more will be.
type Next struct {
	Safe []string   `json:"safe"` // actions of package rotation, with the key's id
	From *time.Time `json:"from,omitempty"`
	Why  string     `json:"why,omitempty"` // why not before From
}

// Quota is how much of a quota the account uses.
type Quota struct {
	Name string `json:"name"`
	Used int    `json:"used"`

	// Limit is AWS's default. An account may have a higher one.
	Limit int `json:"limit"`
}

// Finding is something that is wrong.
type Finding struct {
	Check   string `json:"check"`   // its name, which never changes
	What    string `json:"what"`    // what was found, and where
	Meaning string `json:"meaning"` // for viewers or for the next deployment
	Do      string `json:"do"`
}

// Unread is something that could not be read.
type Unread struct {
	Line   string `json:"line"`             // the part that is not known
	Action string `json:"action,omitempty"` // of IAM, if a right is missing
	Why    string `json:"why"`

	// Needed reports that a finding may be missing because this was not read.
	Needed bool `json:"needed"`
}
