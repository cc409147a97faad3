// Package sourcetest has the conformance suite of signer.Source:
//
//	func TestSource(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T) sourcetest.Subject {
//			store := newStore(t)
//			return sourcetest.Subject{Source: NewSource(store), Rotate: store.rotate, Break: store.fail}
//		})
//	}
//
// To test a program that signs, use package edge, which signs and refuses as a
// deployment does.
package sourcetest

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Subject is a source under test, and how a test changes what it reads.
type Subject struct {
	// Source reads a deployment for which a signer can sign.
	Source signer.Source

	// Rotate replaces the current key pair with another that has another id. The
	// old key pair may stay or not. Nil means that the source cannot learn of a
	// rotation.
	Rotate func(t *testing.T)

	// Break makes every reading of the document fail until mend is called. A key
	// that was opened before still signs.
	Break func(t *testing.T) (mend func())
}

// Run runs the suite. newSubject returns a subject for one test, and cleans up with
// t.Cleanup.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	for _, test := range []struct {
		name    string
		rotates bool
		f       func(t *testing.T, s Subject)
	}{
		{"the document is whole and its key fits it", false, testDocument},
		{"the key signs what CloudFront allows", false, testSignature},
		{"an unchanged deployment reads the same twice", false, testRepeat},
		{"a document belongs to whoever read it", false, testOwnership},
		{"many may read at once", false, testConcurrency},
		{"a reading ends with its context", false, testContext},
		{"a failure is an error and gives no key away", false, testFailure},
		{"printing the key or the document gives no key away", false, testRedaction},
		{"a rotation brings another id and the key that fits it", true, testRotation},
		{"a document never gets the key of another", true, testOldDocument},
		{"a signer follows a rotation", true, testSigner},
		{"a signer signs through an outage", false, testOutage},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSubject(t)
			if test.rotates && s.Rotate == nil {
				return // this test does not apply to the source
			}
			test.f(t, s)
		})
	}
}

// read reads the document and opens its key.
func read(ctx context.Context, s signer.Source) (*signer.Deployment, signer.Key, error) {
	d, err := s.Deployment(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("Deployment: %w", err)
	}
	if d == nil {
		return nil, nil, errors.New("Deployment returned neither a document nor an error")
	}
	key, err := s.Key(ctx, d)
	if err != nil {
		return nil, nil, fmt.Errorf("Key: %w", err)
	}
	if key == nil {
		return nil, nil, errors.New("Key returned neither a key nor an error")
	}
	return d, key, nil
}

func mustRead(t *testing.T, s signer.Source) (*signer.Deployment, signer.Key) {
	t.Helper()
	d, key, err := read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return d, key
}

// fits returns an error if key is not the one that the document names.
func fits(d *signer.Deployment, key signer.Key) error {
	public, err := signer.NewPublicKey(key.Public())
	if err != nil {
		return err
	}
	if public.Algorithm() != d.Algorithm {
		return fmt.Errorf("the key is %s, but the document says %s", public.Algorithm(), d.Algorithm)
	}
	return d.CheckKey(public)
}

func testDocument(t *testing.T, s Subject) {
	d, key := mustRead(t, s.Source)
	if err := d.Validate(); err != nil {
		t.Errorf("the document: %v", err)
	}
	if d.Key.Parameter != "" {
		t.Errorf("the document borrows its key from %s: follow it, and return the lender's key", d.Key.Parameter)
	}
	if err := fits(d, key); err != nil {
		t.Error(err)
	}
}

func testSignature(t *testing.T, s Subject) {
	d, key := mustRead(t, s.Source)
	public, err := signer.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	made, err := signer.New(d.KeyPairID, key, &signer.Options{Hash: d.Hash})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := made.URL(t.Context(), d.BaseURL+"/rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, map[string]*signer.PublicKey{d.KeyPairID: public})
	if !v.Allowed {
		t.Errorf("denied: %s", v.Detail)
	}
	digest := make([]byte, crypto.SHA256.Size())
	if _, err := key.SignDigest(t.Context(), digest, crypto.SHA256); err != nil {
		t.Errorf("SHA-256: %v", err)
	}
	for _, b := range digest {
		if b != 0 {
			t.Fatal("the key changed the digest")
		}
	}
}

func testRepeat(t *testing.T, s Subject) {
	first, _ := mustRead(t, s.Source)
	for range 3 {
		again, key := mustRead(t, s.Source)
		if !reflect.DeepEqual(again, first) {
			t.Errorf("read %+v, then %+v", *first, *again)
		}
		if err := fits(first, key); err != nil {
			t.Error(err)
		}
	}
}

func testOwnership(t *testing.T, s Subject) {
	d, _ := mustRead(t, s.Source)
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	clear(d.TrustedKeys)
	if d.Query != nil {
		clear(d.Query.Signed)
		clear(d.Query.Public)
		*d.Query = signer.ForwardedQuery{}
	}
	if d.Bucket != nil {
		*d.Bucket = signer.Bucket{}
	}
	*d = signer.Deployment{}
	again, _ := mustRead(t, s.Source)
	if after, err := json.Marshal(again); err != nil || !bytes.Equal(after, before) {
		t.Error("the next caller reads the changes that a caller made to its document")
	}
}

func testConcurrency(t *testing.T, s Subject) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 4 {
				d, key, err := read(t.Context(), s.Source)
				if err == nil {
					err = fits(d, key)
				}
				if err == nil {
					_, err = key.SignDigest(t.Context(), make([]byte, crypto.SHA256.Size()), crypto.SHA256)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func testContext(t *testing.T, s Subject) {
	d, _ := mustRead(t, s.Source)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Source.Deployment(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Deployment, its context cancelled: got %v", err)
	}
	if _, err := s.Source.Key(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("Key, its context cancelled: got %v", err)
	}
}

func testFailure(t *testing.T, s Subject) {
	_, key := mustRead(t, s.Source)
	mend := s.Break(t)
	d, err := s.Source.Deployment(t.Context())
	if err == nil {
		t.Errorf("no error, and the document %+v", d)
	} else if material := leaked(key, fmt.Sprintf("%v %+v %#v", err, err, err)); material {
		t.Error("the error holds key material")
	}
	mend()
	mustRead(t, s.Source)
}

func testRedaction(t *testing.T, s Subject) {
	d, key := mustRead(t, s.Source)
	text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v", key, key, key, key, d, d, d)
	if b, err := json.Marshal(map[string]any{"key": key, "document": d}); err == nil {
		text += string(b)
	}
	if leaked(key, text) {
		t.Error("printing the key or the document prints key material")
	}
}

// leaked reports whether text holds private key material.
func leaked(key signer.Key, text string) bool {
	if strings.Contains(text, "PRIVATE KEY-----") {
		return true
	}
	own, ok := key.(*signer.PrivateKey)
	if !ok {
		return false
	}
	pem, err := own.MarshalPEM()
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(pem)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") && strings.Contains(text, line) {
			return true
		}
	}
	return false
}

func testRotation(t *testing.T, s Subject) {
	seen := map[string]bool{}
	for range 3 {
		d, key := mustRead(t, s.Source)
		if seen[d.KeyPairID] {
			t.Fatalf("%s after a rotation again", d.KeyPairID)
		}
		seen[d.KeyPairID] = true
		if err := fits(d, key); err != nil {
			t.Error(err)
		}
		s.Rotate(t)
	}
}

func testOldDocument(t *testing.T, s Subject) {
	old, _ := mustRead(t, s.Source)
	s.Rotate(t)
	key, err := s.Source.Key(t.Context(), old)
	if err != nil {
		return // the old key may be gone
	}
	if err := fits(old, key); err != nil {
		t.Errorf("the document of before a rotation: %v", err)
	}
}

// run opens a signer that reads its source continuously. Failures and rotations
// wait in events until a test receives them.
func run(t *testing.T, s Subject) (opened *signer.Signer, events <-chan signer.Event) {
	t.Helper()
	told, done := make(chan signer.Event), make(chan struct{})
	opened, err := signer.Open(t.Context(), s.Source, &signer.OpenOptions{
		Refresh: time.Millisecond,
		OnEvent: func(e signer.Event) {
			if e.Err == nil && !e.Rotated {
				select {
				case told <- e:
				default:
				}
				return
			}
			select {
			case told <- e:
			case <-done:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		opened.Close()
		close(done)
	})
	return opened, told
}

func await(events <-chan signer.Event, meant func(signer.Event) bool) signer.Event {
	for e := range events {
		if meant(e) {
			return e
		}
	}
	return signer.Event{} // never: the channel stays open
}

func sign(t *testing.T, s *signer.Signer) (keyPairID string) {
	t.Helper()
	signed, err := s.Object(t.Context(), "rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return signer.Verify(signer.Request{URL: signed}, nil).KeyPairID
}

func testSigner(t *testing.T, s Subject) {
	opened, events := run(t, s)
	for range 2 {
		before := sign(t, opened)
		s.Rotate(t)
		e := await(events, func(e signer.Event) bool { return e.Rotated })
		if id := sign(t, opened); id == before || id != e.KeyPairID {
			t.Errorf("after a rotation, signed by %s: it was %s before, the event says %s", id, before, e.KeyPairID)
		}
	}
}

func testOutage(t *testing.T, s Subject) {
	opened, events := run(t, s)
	before := sign(t, opened)
	mend := s.Break(t)
	await(events, func(e signer.Event) bool { return e.Err != nil })
	if id := sign(t, opened); id != before {
		t.Errorf("in an outage, signed by %s, not by %s", id, before)
	}
	if s.Rotate != nil {
		s.Rotate(t)
	}
	mend()
	e := await(events, func(e signer.Event) bool { return e.Err == nil })
	if s.Rotate != nil && (!e.Rotated || e.KeyPairID == before) {
		t.Errorf("after an outage with a rotation in it: %+v", e)
	}
	if id := sign(t, opened); id != e.KeyPairID {
		t.Errorf("after an outage, signed by %s, not by %s", id, e.KeyPairID)
	}
}
