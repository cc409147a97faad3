// Package template reads a synthesized CloudFormation template into package model:
// what the stack would serve and how it would sign.
//
// It resolves intrinsic functions, makes up the ids that AWS would assign, follows
// references to other stacks, and makes the key pairs that a deployment would make.
// It reads only what requests need.
//
// The function assign has the values of Ref and Fn::GetAtt. To support a new
// resource, such as a custom resource, start there.
package template

import (
	"cmp"
	"errors"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// Stack is a CloudFormation stack: its template, and its name, account and Region.
type Stack struct {
	// Name is the stack's name. For the stack that Read reads, the default is
	// signedfront-local.
	Name string

	// Account and Region default to 000000000000 and us-east-1. For another stack
	// they default to those of the stack that Read reads.
	Account, Region string

	Template []byte // JSON
}

// KeyPair names a key pair that a deployment would make.
type KeyPair struct {
	Stack     string // its name
	LogicalID string // of the Custom::SigningKeyPair in the stack's template
	Algorithm signer.Algorithm
}

// Options configures Read with what a template does not contain.
type Options struct {
	// BaseURL is the address of the distribution.
	BaseURL string

	// Others are the stacks that Fn::GetStackOutput and Fn::ImportValue may read.
	Others []Stack

	// Keys returns the key pair of a Custom::SigningKeyPair. It is called once for
	// each. If nil, new key pairs are made.
	Keys func(KeyPair) (*signer.PrivateKey, error)

	// PublicKeys are public keys that the template names only by id.
	PublicKeys map[string]*signer.PublicKey

	// StandIn returns a key pair that replaces a public key of the template: see
	// edge.Config. If nil, an unknown part of the template is an error.
	StandIn func(KeyPair) (*signer.PrivateKey, error)
}

// Read reads a stack. Its error joins all problems, each with its place in the
// template. After an error the model is incomplete, and nothing may be served from
// it.
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
