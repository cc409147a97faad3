package sourcetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/signedfront/signedfront/signer"
)

// memory is a source in memory: a deployment, its key and its former keys.
type memory struct {
	mu       sync.Mutex
	document signer.Deployment
	keys     map[string]*signer.PrivateKey // by key pair id
	err      error
}

func newMemory(algorithm signer.Algorithm) *memory {
	m := &memory{
		document: signer.Deployment{
			Schema: signer.DeploymentSchema, BaseURL: "https://d111111abcdef8.cloudfront.net",
			Algorithm: algorithm, Hash: signer.SHA256, MaxURLLifetime: 7 * 24 * 60 * 60, MaxKeyAge: 60 * 60,
			Query: &signer.ForwardedQuery{Signed: []string{"v"}, Public: []string{}}, Bucket: &signer.Bucket{Name: "content", Region: "eu-west-1"},
		},
		keys: map[string]*signer.PrivateKey{},
	}
	m.rotate()
	return m
}

// rotate makes a new key pair the current one. Documents and URLs of former keys
// stay valid.
func (m *memory) rotate() {
	key, err := signer.GenerateKey(m.document.Algorithm)
	if err != nil {
		panic(fmt.Sprintf("making a key: %v", err))
	}
	m.change(func(d *signer.Deployment) {
		d.KeyPairID = "KMEMORY" + strconv.Itoa(len(m.keys)+1)
		d.PublicKeySHA256 = key.PublicKey().Fingerprint()
		d.Key = signer.KeyLocation{File: d.KeyPairID}
		d.TrustedKeys = []signer.TrustedKey{{ID: d.KeyPairID, SPKI: key.PublicKey().SPKI()}}
		m.keys[d.KeyPairID] = key
	})
}

func (m *memory) change(change func(*signer.Deployment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.document)
}

// fail makes every reading fail with an error, until fail(nil).
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) Deployment(ctx context.Context) (*signer.Deployment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	text, err := m.document.MarshalIndent()
	if err != nil {
		return nil, err
	}
	// The suite must find a wrong document.
	var d signer.Deployment
	return &d, json.Unmarshal(text, &d)
}

func (m *memory) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	key, ok := m.keys[d.Key.File]
	if !ok {
		return nil, errors.New("the document names a key that was never made here")
	}
	return key, nil
}
