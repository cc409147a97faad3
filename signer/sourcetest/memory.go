package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"

	"github.com/signedfront/signedfront/signer"
)

// Memory is a source in memory: a deployment, its key, and the keys that it had
// before. It is safe for concurrent use. The zero Memory has an empty document,
// with which nothing can be signed: use NewMemory.
//
//	source := sourcetest.NewMemory()
//	s, err := signer.Open(ctx, source, nil)
//	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
//	verdict := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, source.PublicKeys())
type Memory struct {
	mu       sync.Mutex
	document signer.Deployment
	keys     map[string]*signer.PrivateKey // by key pair id
	err      error
	readings int
}

// NewMemory is a deployment at https://d111111abcdef8.cloudfront.net with one
// ECDSA key pair and the limits that a stack has by default: URLs live for
// seven days, a key is confirmed each hour.
func NewMemory() *Memory {
	m := &Memory{
		document: signer.Deployment{
			Schema: signer.DeploymentSchema, BaseURL: "https://d111111abcdef8.cloudfront.net",
			Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
			MaxURLLifetime: 7 * 24 * 60 * 60, MaxKeyAge: 60 * 60,
		},
	}
	m.Rotate()
	return m
}

// Rotate makes a new key pair of the deployment's algorithm the current one,
// and returns its id. Documents and URLs that name the keys before stay good.
func (m *Memory) Rotate() (keyPairID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, err := signer.GenerateKey(m.document.Algorithm)
	if err != nil {
		panic(fmt.Sprintf("sourcetest: %v", err)) // the algorithm is not one
	}
	if m.keys == nil {
		m.keys = map[string]*signer.PrivateKey{}
	}
	keyPairID = "KMEMORY" + strconv.Itoa(len(m.keys)+1)
	m.keys[keyPairID] = key
	m.document.KeyPairID = keyPairID
	m.document.PublicKeySHA256 = key.PublicKey().Fingerprint()
	m.document.Key = signer.KeyLocation{File: keyPairID}
	return keyPairID
}

// Change changes the deployment document: its limits, its base URL, its hash.
// An algorithm counts from the next Rotate on.
func (m *Memory) Change(change func(*signer.Deployment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.document)
}

// Fail lets every reading fail with an error, until Fail(nil).
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// PublicKeys are the public keys of all key pairs so far, by id: what the
// distribution trusts, for signer.Verify.
func (m *Memory) PublicKeys() map[string]*signer.PublicKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	trusted := make(map[string]*signer.PublicKey, len(m.keys))
	for id, key := range maps.All(m.keys) {
		trusted[id] = key.PublicKey()
	}
	return trusted
}

// Readings is how often the document was read, or tried to be.
func (m *Memory) Readings() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.readings
}

// Deployment reads the document.
func (m *Memory) Deployment(ctx context.Context) (*signer.Deployment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readings++
	if m.err != nil {
		return nil, m.err
	}
	d := m.document
	return &d, nil
}

// Key opens the key that a document names.
func (m *Memory) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	if d == nil {
		return nil, errors.New("sourcetest: no document")
	}
	key, ok := m.keys[d.Key.File]
	if !ok {
		return nil, errors.New("sourcetest: the document names a key that was never made here")
	}
	return key, nil
}
