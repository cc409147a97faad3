package status

import "time"

// Schema is the version of the JSON of a Report. A member that is added leaves it
// as it is.
const Schema = 1

// Report is what is known of an environment, and what is wrong with it. Its JSON is
// what `signedfront status --json` prints; STATUS.md of the command line describes
// it. What was not read is null or missing, and is in Unread.
type Report struct {
	Schema      int       `json:"schema"`
	Environment string    `json:"environment"`
	Parameter   string    `json:"parameter"`
	Region      string    `json:"region"`
	Time        time.Time `json:"time"`

	// Healthy reports that nothing was found, and that everything was read by which
	// something would be.
	Healthy bool `json:"healthy"`

	Served     *Served     `json:"served,omitempty"`
	Protection *Protection `json:"protection,omitempty"`
	Stack      *StackState `json:"stack,omitempty"`
	Bucket     *BucketUse  `json:"bucket,omitempty"`
	Keys       []Key       `json:"keys"`
	Next       *Next       `json:"next,omitempty"`

	// Lender is the parameter of the environment whose keys sign; empty for keys of
	// one's own. Borrowers are the stacks that sign with this environment's keys.
	Lender    string   `json:"lender,omitempty"`
	Borrowers []string `json:"borrowers,omitempty"`

	Quotas   []Quota   `json:"quotas"`
	Findings []Finding `json:"findings"`
	Unread   []Unread  `json:"unread"`
}

// Served is where the content is served.
type Served struct {
	URL            string   `json:"url"`
	Names          []string `json:"names"` // of the distribution, its own first
	DistributionID string   `json:"distributionId"`
	Enabled        bool     `json:"enabled"`

	// Deployed reports that all edges have the last change; Changed is when it was.
	Deployed bool      `json:"deployed"`
	Changed  time.Time `json:"changed"`
}

// Protection is who may read the content, and who may destroy it.
type Protection struct {
	// Signed reports that paths of no other behavior require a signature. Public
	// are the patterns that require none, and SignedPaths those of other behaviors
	// that require one.
	Signed      bool     `json:"signed"`
	Public      []string `json:"public"`
	SignedPaths []string `json:"signedPaths"`

	// Termination reports that the stack is protected from deletion. It is null
	// where the stack was not read.
	Termination *bool `json:"termination"`

	// PublicAccessBlocked reports that the bucket is closed to the public whatever
	// its policy says. It is null where it was not read.
	PublicAccessBlocked *bool `json:"publicAccessBlocked"`
}

// StackState is a stack of CloudFormation.
type StackState struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	State   string    `json:"state"`
	Updated time.Time `json:"updated"`
}

// BucketUse is the bucket with the content, and how CloudFront reads it.
type BucketUse struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	Path   string `json:"path,omitempty"`
	Access string `json:"access,omitempty"` // identity or control, and its id
	KMSKey string `json:"kmsKey,omitempty"`
}

// Key is a signing key, as package rotation has it.
type Key struct {
	ID        string     `json:"id"`
	Number    int        `json:"number,omitempty"` // in cdk.json
	Algorithm string     `json:"algorithm,omitempty"`
	Created   *time.Time `json:"created,omitempty"`
	State     string     `json:"state"`
	Since     *time.Time `json:"since,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Trusted   bool       `json:"trusted"`

	// May are the steps that are safe now for this key: promote, remove.
	May []string `json:"may"`
}

// Next is what may be done with the keys, and when more may be.
type Next struct {
	Safe []string   `json:"safe"` // actions of package rotation, with the key's id
	From *time.Time `json:"from,omitempty"`
	Why  string     `json:"why,omitempty"` // what is waited for until From
}

// Quota is how many of something the account has.
type Quota struct {
	Name string `json:"name"`
	Used int    `json:"used"`

	// Limit is AWS's default. An account may have been given more.
	Limit int `json:"limit"`
}

// Finding is something that is wrong.
type Finding struct {
	Check   string `json:"check"`   // a word that does not change
	What    string `json:"what"`    // what was found, and where
	Meaning string `json:"meaning"` // what it does to viewers or to the next deployment
	Do      string `json:"do"`
}

// Unread is something that could not be read.
type Unread struct {
	Line   string `json:"line"`             // what is not known for it
	Action string `json:"action,omitempty"` // of IAM, where that is what is missing
	Why    string `json:"why"`

	// Needed reports that something could be wrong that is not found without it.
	Needed bool `json:"needed"`
}
