// Package template reads a synthesized CloudFormation template: what the stack
// would serve and how it would sign, as package model describes it.
//
// It gives the intrinsic functions their values, makes up the ids that AWS would
// assign, follows references to other stacks, and makes the key pairs that the
// deployment would make. Nothing is looked at that requests do not need.
//
// The function assign says what Ref and Fn::GetAtt of a resource give: a resource
// that is to be referred to, such as a new custom resource, starts there.
package template

import (
	"cmp"
	"errors"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// Stack is a CloudFormation stack: its template, and where it is to be thought
// deployed.
type Stack struct {
	// Name is signedfront-local if it is empty in the stack that Read reads.
	Name string

	// Account and Region of another stack are those of the one that Read reads if
	// empty. Of that one they are 000000000000 and us-east-1.
	Account, Region string

	Template []byte // JSON
}

// KeyPair names a key pair that a deployment would make.
type KeyPair struct {
	Stack     string // its name
	LogicalID string // of the Custom::SigningKeyPair in the stack's template
	Algorithm signer.Algorithm
}

// Options say what a template does not.
type Options struct {
	// BaseURL is where the distribution is reached.
	BaseURL string

	// Others are the stacks that Fn::GetStackOutput and Fn::ImportValue may read.
	Others []Stack

	// Keys gives the key pair of a Custom::SigningKeyPair. It is called once for
	// each. Nil makes new ones.
	Keys func(KeyPair) (*signer.PrivateKey, error)

	// PublicKeys are public keys that the template has by their ids alone.
	PublicKeys map[string]*signer.PublicKey

	// StandIn gives a key pair that takes the place of a public key: see
	// edge.Config. Nil: what is not known is an error.
	StandIn func(KeyPair) (*signer.PrivateKey, error)
}

// Read reads a stack. Its error joins all that is wrong, each part with its place
// in the template. Unless it is nil, the model is not whole, and nothing may be
// served from it.
func Read(s Stack, o Options) (model.Stack, error) {
	t, err := parse(s.Template)
	if err != nil {
		return model.Stack{}, err
	}
	if o.Keys == nil {
		o.Keys = func(k KeyPair) (*signer.PrivateKey, error) { return signer.GenerateKey(k.Algorithm) }
	}
	_, host, _ := strings.Cut(o.BaseURL, "://")
	r := newResolver(newCloud(o), t, stack{
		name:     cmp.Or(s.Name, localStack),
		account:  cmp.Or(s.Account, localAccount),
		region:   cmp.Or(s.Region, localRegion),
		anywhere: s.Region == "",
	}, host)
	if o.StandIn != nil && !t.hasDeployment() {
		r.foreign = &foreign{standIn: o.StandIn, made: make(map[KeyPair]*signer.PrivateKey)}
	}
	r.makeKeyPairs()
	read := model.Stack{Distribution: r.readDistribution()}
	if r.foreign == nil {
		read.Document = r.readDeployment(o.BaseURL)
	} else {
		read.Document = r.makeDeployment(o.BaseURL, read.Distribution)
		read.Unknown = r.foreign.unknown
	}
	r.checkGiven()
	if read.Document != nil {
		r.checkQuery(read.Document, read.Distribution)
		read.Key = r.private[read.Document.PublicKeySHA256]
	}
	return read, errors.Join(r.problems...)
}
