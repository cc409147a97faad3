// Package keypair is the provider of the custom resource Custom::SigningKeyPair: it
// makes the key pairs with which an app signs URLs, inside the deployment.
//
// CloudFormation makes an empty secret for each key generation. On Create, the provider
// makes the pair once and stores the private key in that secret, as PKCS #8 PEM and
// nothing else. It always derives the public key, which CloudFormation passes to
// CloudFront, from the stored private key. So there is one matching pair, however often
// CloudFormation and Lambda deliver a request.
//
// Create refuses a key that somebody else put into the secret: whoever may write to a
// secret would then know the key that signs. It recognizes a key that it stored by the
// id of its version, which is the same for every delivery of one Create.
//
// Update only reads: a public key in CloudFront never changes, so a new private key
// under an old generation could not sign. Delete does nothing: CloudFormation deletes
// the secret and the public key.
package keypair

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
)

// Provider makes and reads key pairs. It is a customresource.Provider.
//
// The properties and attributes of the resource are those of
// [contract.SigningKeyPair].
type Provider struct {
	Store Store
}

var _ customresource.Provider = (*Provider)(nil)

// errForeign is the error for a secret that was not empty before Create.
var errForeign = errors.New("the secret holds a value that this deployment did not put there")

// newGeneration is the advice if a generation cannot be repaired.
const newGeneration = "use a new generation: in cdk.json add another number to signingKeys.keys and make it signingKeys.current"

// Create makes the key pair of a generation. If an earlier delivery of the request has
// made it, Create reads that one.
func (p *Provider) Create(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	g, err := generationOf(r)
	if err != nil {
		return customresource.Response{}, err
	}
	version, err := p.find(ctx, g)
	made := errors.Is(err, ErrEmpty)
	if made {
		version, err = p.make(ctx, g)
	}
	switch {
	case errors.Is(err, errForeign):
		return customresource.Response{}, fmt.Errorf("making the key pair of generation %d: %w: find out who may write to it (PutSecretValue in CloudTrail) and deploy again: the rollback deletes this secret and the next deployment makes another; for a key of your own set signingKeys.keys.%d.custody to imported",
			g.number, err, g.number)
	case errors.Is(err, ErrMissing):
		return customresource.Response{}, fmt.Errorf("making the key pair of generation %d: %w; %s", g.number, err, newGeneration)
	case err != nil:
		return customresource.Response{}, fmt.Errorf("making the key pair of generation %d: %w", g.number, err)
	}
	response, err := g.publish(ctx, version)
	if err != nil {
		return customresource.Response{}, err
	}
	message := "key pair was there"
	if made {
		message = "key pair made"
	}
	r.Log.Info(message, "generation", g.number, "fingerprint", response.Data[contract.PublicKeySHA256])
	return response, nil
}

// Update reads the key pair of a generation again. It refuses to change the generation
// or the secret of a resource. customresource.Handler makes sure that no Update of a
// rollback fails.
func (p *Provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	g, err := generationOf(r)
	if err != nil {
		return customresource.Response{}, err
	}
	if is := r.PhysicalResourceID; is != "" && is != g.physicalID {
		return customresource.Response{}, fmt.Errorf("generation %d with secret %s is not the generation and secret for which this key pair was made: its private key stays in its own secret; %s",
			g.number, signer.Describe(g.secretID, signer.FormName), newGeneration)
	}
	version, err := p.read(ctx, g)
	switch {
	case errors.Is(err, ErrEmpty), errors.Is(err, ErrMissing):
		return customresource.Response{}, fmt.Errorf("the private key of generation %d is gone: %s; if the rollback fails, run %s: %w",
			g.number, newGeneration, customresource.SkipCommand(r), err)
	case err != nil:
		return customresource.Response{}, fmt.Errorf("reading the key pair of generation %d: if the rollback fails, run %s: %w",
			g.number, customresource.SkipCommand(r), err)
	}
	response, err := g.publish(ctx, version)
	if err != nil {
		return customresource.Response{}, err
	}
	r.Log.Info("key pair read", "generation", g.number, "fingerprint", response.Data[contract.PublicKeySHA256])
	return response, nil
}

// Delete does nothing, whatever the id and the properties.
func (p *Provider) Delete(context.Context, customresource.Request) error { return nil }

// generation is one key pair of one stack, as its properties describe it.
type generation struct {
	number     int
	secretID   string
	algorithm  signer.Algorithm // empty if the properties name none
	token      string           // the id of the secret's version that Create stores
	physicalID string
}

func generationOf(r customresource.Request) (generation, error) {
	g := generation{secretID: r.Properties.String(contract.SecretID)}
	if g.secretID == "" {
		return g, errors.New("property " + contract.SecretID + " is missing: want the ARN of the secret for the private key")
	}
	var err error
	if g.number, err = strconv.Atoi(r.Properties.String(contract.Generation)); err != nil || g.number < 1 {
		return g, fmt.Errorf("property %s is %s: want a number, 1 or more", contract.Generation, signer.Describe(r.Properties.String(contract.Generation), signer.FormWord))
	}
	if word := r.Properties.String(contract.Algorithm); word != "" {
		if g.algorithm, err = signer.ParseAlgorithm(word); err != nil {
			return g, fmt.Errorf("property %s: %w", contract.Algorithm, err)
		}
	}
	g.token = token(r.StackID, r.LogicalResourceID, g.secretID, g.number)
	g.physicalID = physicalID(r.StackID, g.secretID, g.number)
	return g, nil
}

// version is one version of a secret and its text.
type version struct {
	id   string
	text []byte
}

// find returns the private key that an earlier delivery of a Create stored. It fails
// with ErrEmpty if there is none yet, and with errForeign if the secret has another
// value.
func (p *Provider) find(ctx context.Context, g generation) (version, error) {
	v, err := p.get(ctx, g, g.token)
	if !errors.Is(err, ErrNoVersion) {
		return v, err
	}
	v, err = p.current(ctx, g)
	switch {
	case err != nil:
		return version{}, err
	case v.id != g.token:
		return version{}, fmt.Errorf("%w: %s", errForeign, signer.Describe(g.secretID, signer.FormName))
	}
	return v, nil // another delivery stored it in the meantime
}

// read returns the private key of an existing generation: from the version that Create
// stored, which later edits of the secret do not replace, or else from the current
// version, which earlier versions of this provider accepted if it was a key.
func (p *Provider) read(ctx context.Context, g generation) (version, error) {
	v, err := p.get(ctx, g, g.token)
	if !errors.Is(err, ErrNoVersion) {
		return v, err
	}
	return p.current(ctx, g)
}

// current reads the value of the secret.
func (p *Provider) current(ctx context.Context, g generation) (version, error) {
	var id string
	err := customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		id, err = p.Store.Current(ctx, g.secretID)
		return err
	})
	if err != nil {
		return version{}, err
	}
	v, err := p.await(ctx, g, id)
	if err == nil && len(v.text) == 0 {
		// Emulators make an empty version for an empty secret; AWS does not.
		return version{}, fmt.Errorf("%w: %s", ErrEmpty, signer.Describe(g.secretID, signer.FormName))
	}
	return v, err
}

// await reads a version that exists but may not be visible everywhere yet.
func (p *Provider) await(ctx context.Context, g generation, id string) (v version, err error) {
	err = customresource.RetryWhile(ctx, ErrNoVersion, func() (err error) {
		v, err = p.get(ctx, g, id)
		return err
	})
	return v, err
}

func (p *Provider) get(ctx context.Context, g generation, id string) (version, error) {
	v := version{id: id}
	err := customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		v.text, err = p.Store.Get(ctx, g.secretID, id)
		return err
	})
	return v, err
}

// make makes a key pair, stores it and returns the stored key. If another delivery of
// the same request was faster, that is the key of the other delivery.
func (p *Provider) make(ctx context.Context, g generation) (version, error) {
	key, err := signer.GenerateKey(g.algorithm)
	if err != nil {
		return version{}, err
	}
	text, err := key.MarshalPEM()
	if err != nil {
		return version{}, err
	}
	id := g.token
	err = customresource.RetryWhile(ctx, customresource.ErrDenied, func() error {
		stored, err := p.Store.Put(ctx, g.secretID, g.token, text)
		if err == nil {
			id = stored
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrConflict) {
		return version{}, err
	}
	return p.await(ctx, g, id)
}

// publish returns the answer for a generation whose private key is in v. It signs with
// the private key and verifies with the public key in the form for CloudFront, so it
// never publishes a pair that does not match.
func (g generation) publish(ctx context.Context, v version) (customresource.Response, error) {
	key, err := signer.ParsePrivateKey(v.text)
	if err != nil {
		return customresource.Response{}, fmt.Errorf("secret %s does not contain the private key of generation %d: %w; %s",
			signer.Describe(g.secretID, signer.FormName), g.number, err, newGeneration)
	}
	public := key.PublicKey()
	if g.algorithm != "" && g.algorithm != public.Algorithm() {
		return customresource.Response{}, fmt.Errorf("the key of generation %d is %s, and a generation keeps its algorithm: set signingKeys.keys.%d.algorithm back to %s; for %s %s",
			g.number, public.Algorithm(), g.number, public.Algorithm(), g.algorithm, newGeneration)
	}
	if err := prove(ctx, key, public.PEM()); err != nil {
		return customresource.Response{}, fmt.Errorf("the key of generation %d: %w; %s", g.number, err, newGeneration)
	}
	return customresource.Response{
		PhysicalResourceID: g.physicalID,
		Data: map[string]string{
			contract.PublicKeyPEM:    string(public.PEM()),
			contract.PublicKeySHA256: public.Fingerprint(),
			contract.SecretVersionID: v.id,
		},
	}, nil
}

// prove signs a probe with the private key and verifies it with the public key.
func prove(ctx context.Context, key *signer.PrivateKey, publicPEM []byte) error {
	public, err := signer.ParsePublicKey(publicPEM)
	if err != nil {
		return err
	}
	probe := sha256.Sum256([]byte("signedfront: a probe"))
	signature, err := key.SignDigest(ctx, probe[:], crypto.SHA256)
	if err != nil {
		return errors.New("the private key does not sign")
	}
	if !public.VerifyDigest(probe[:], crypto.SHA256, signature) {
		return errors.New("the public key does not verify what the private key signs")
	}
	return nil
}
