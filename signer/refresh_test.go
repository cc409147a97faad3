package signer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// testSource is a source in memory that a test controls.
type testSource struct {
	t         testing.TB
	mu        sync.Mutex
	document  Deployment
	keys      map[string]Key // by key pair id
	err       error          // returned in place of a document
	answer    func(*Deployment) (*Deployment, error)
	answerKey func(Key) (Key, error)
	delay     time.Duration // time before a reading returns; if negative, until the context ends
	hang      chan struct{} // the reading returns when it closes, whatever the context says

	now      func() time.Time
	readings []time.Time // when each began
	underWay int
	opened   int
	said     func(keyPairID string, began time.Time) // called with each document that is returned
}

func newTestSource(t testing.TB) *testSource {
	return &testSource{t: t, now: time.Now, document: document(t), keys: map[string]Key{keyID: newKey(t, ECDSAP256)}}
}

// change changes what the source returns.
func (s *testSource) change(f func(*testSource)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// rotate replaces the key.
func (s *testSource) rotate(t testing.TB) (keyPairID string) {
	t.Helper()
	key := must[*PrivateKey](t)(GenerateKey(ECDSAP256))
	s.change(func(s *testSource) {
		keyPairID = fmt.Sprintf("KROTATED%d", len(s.keys))
		s.keys[keyPairID] = key
		s.document.KeyPairID, s.document.PublicKeySHA256 = keyPairID, key.PublicKey().Fingerprint()
		s.document.Key.SecretVersionID = keyPairID
	})
	return keyPairID
}

func (s *testSource) trusted() map[string]*PublicKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	trusted := map[string]*PublicKey{}
	for id, key := range s.keys {
		trusted[id], _ = NewPublicKey(key.Public())
	}
	return trusted
}

func (s *testSource) counts() (readings, opened int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.readings), s.opened
}

func (s *testSource) Deployment(ctx context.Context) (*Deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay++; s.underWay > 1 {
		s.t.Error("two readings at a time")
	}
	defer func() { s.underWay-- }()
	began := s.now()
	s.readings = append(s.readings, began)
	d, err, answer, delay, hang, said := s.document, s.err, s.answer, s.delay, s.hang, s.said
	s.mu.Unlock()
	defer s.mu.Lock()
	if hang != nil {
		<-hang
	}
	if delay != 0 {
		if delay < 0 {
			delay = 1000 * time.Hour
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch {
	case err != nil:
		return nil, err
	case answer != nil:
		return answer(&d)
	case said != nil:
		said(d.KeyPairID, began)
	}
	return &d, nil
}

func (s *testSource) Key(_ context.Context, d *Deployment) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	if s.answerKey != nil {
		return s.answerKey(s.keys[d.KeyPairID])
	}
	return s.keys[d.KeyPairID], nil
}

// wallClock is a clock that can jump.
type wallClock struct{ offset atomic.Int64 }

func (c *wallClock) now() time.Time       { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *wallClock) jump(d time.Duration) { c.offset.Add(int64(d)) }

// eventLog is a hook that records its events.
type eventLog struct {
	mu     sync.Mutex
	events []Event
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *eventLog) all() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}

var errDown = errors.New("the source is down")

func open(t testing.TB, source Source, o OpenOptions) *Signer {
	t.Helper()
	s := must[*Signer](t)(Open(t.Context(), source, &o))
	t.Cleanup(s.Close)
	return s
}

func signedBy(t testing.TB, s *Signer) (keyPairID string) {
	t.Helper()
	signed := must[string](t)(s.Object(t.Context(), "rt.png", Policy{TTL: ttl}))
	_, id, _ := strings.Cut(signed, "&Key-Pair-Id=")
	id, _, _ = strings.Cut(id, "&")
	return id
}

func TestASignerOfASourceSignsAsItsDocumentSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		source.document.Hash = SHA1
		source.document.MaxURLLifetime = 3600
		s := open(t, source, OpenOptions{})
		defer s.Close()
		signed := must[string](t)(s.Object(t.Context(), "día 1+2.png", Policy{TTL: ttl}))
		if !strings.HasPrefix(signed, site+"/d%C3%ADa%201%2B2.png?Expires=") || strings.Contains(signed, "Hash-Algorithm") {
			t.Errorf("got %s", signed)
		}
		if v := Verify(Request{URL: signed, Time: time.Now()}, source.trusted()); !v.Allowed {
			t.Error(v.Detail)
		}
		if base := must[string](t)(s.BaseURL(t.Context())); base != site {
			t.Errorf("base URL %s", base)
		}
		sign := func(lifetime time.Duration) error {
			_, err := s.Object(t.Context(), "rt.png", Policy{TTL: lifetime})
			return err
		}
		if err := sign(time.Hour); err != nil {
			t.Error(err)
		}
		if err := sign(time.Hour + time.Second); !errors.As(err, new(*LifetimeError)) {
			t.Errorf("a lifetime over the document's: got %v", err)
		}
		// A new limit of the document applies as soon as it is read.
		source.change(func(s *testSource) { s.document.MaxURLLifetime = 60 })
		time.Sleep(time.Hour)
		if err := sign(61 * time.Second); !errors.As(err, new(*LifetimeError)) {
			t.Errorf("a lifetime over the document's new limit: got %v", err)
		}
		if _, opened := source.counts(); opened != 1 {
			t.Errorf("the same key was opened %d times", opened)
		}
	})
}

func TestASignerWithoutADeploymentSignsNoObjectsAndClosesAllTheSame(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	s.Close()
	if _, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl}); err == nil || !strings.Contains(err.Error(), "use Open") {
		t.Errorf("got %v", err)
	}
}

func TestWrongAnswersOfASourceAreRefusedAndNeverReplaceAKeyThatWorks(t *testing.T) {
	other := must[*PrivateKey](t)(GenerateKey(ECDSAP256))
	document := func(f func(*Deployment)) func(*testSource) {
		return func(s *testSource) {
			s.answer = func(d *Deployment) (*Deployment, error) { f(d); return d, nil }
		}
	}
	key := func(f func(Key) (Key, error)) func(*testSource) {
		return func(s *testSource) {
			s.answerKey = f
			// Key is called if the document names another key.
			s.document.Key.SecretVersionID += "x"
		}
	}
	for name, test := range map[string]struct {
		wrong func(*testSource)
		o     OpenOptions
		want  string
	}{
		"a failure":             {func(s *testSource) { s.err = errDown }, OpenOptions{}, "reading the deployment document: the source is down"},
		"no document":           {func(s *testSource) { s.answer = func(*Deployment) (*Deployment, error) { return nil, nil } }, OpenOptions{}, "returned none"},
		"an invalid document":   {document(func(d *Deployment) { d.KeyPairID, d.Hash = "", "md5" }), OpenOptions{}, "keyPairId"},
		"a newer schema":        {document(func(d *Deployment) { d.Schema = 2 }), OpenOptions{}, "newer"},
		"a borrowed key":        {document(func(d *Deployment) { d.Key = KeyLocation{Parameter: "/a/b"} }), OpenOptions{}, "did not read the lender's document"},
		"another id alone":      {document(func(d *Deployment) { d.PublicKeySHA256 = other.PublicKey().Fingerprint() }), OpenOptions{}, "does not match key pair id " + keyID},
		"another algorithm":     {document(func(d *Deployment) { d.Algorithm = RSA2048 }), OpenOptions{}, "is ecdsa-p256, but the deployment document says rsa-2048"},
		"a panic":               {document(func(*Deployment) { panic("-----BEGIN PRIVATE KEY-----") }), OpenOptions{}, "panicked: string"},
		"no key":                {key(func(Key) (Key, error) { return nil, nil }), OpenOptions{}, "opening the key of " + keyID + ": the source returned none"},
		"no key of its type":    {key(func(Key) (Key, error) { return (*PrivateKey)(nil), nil }), OpenOptions{}, "no public key"},
		"a key that fails":      {key(func(Key) (Key, error) { return nil, errDown }), OpenOptions{}, "opening the key of " + keyID + ": the source is down"},
		"a key that panics":     {key(func(Key) (Key, error) { panic(errDown) }), OpenOptions{}, "panicked"},
		"a key of another pair": {key(func(Key) (Key, error) { return other, nil }), OpenOptions{}, "does not match key pair id " + keyID},
		"a key of another kind": {key(func(k Key) (Key, error) { return publicOnly{k, "none"}, nil }), OpenOptions{}, "CloudFront accepts"},
		"a key that cannot repeat its signatures": {key(func(k Key) (Key, error) { return &countingKey{Key: k}, nil }), OpenOptions{Deterministic: true}, "deterministic"},
	} {
		t.Run(name+" at first", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newTestSource(t)
				source.change(test.wrong)
				_, err := Open(t.Context(), source, &test.o)
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "BEGIN") {
					t.Errorf("got %v, want %q in it", err, test.want)
				}
			})
		})
		t.Run(name+" later", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newTestSource(t)
				var log eventLog
				o := test.o
				o.Refresh = time.Minute
				o.OnEvent = log.add
				s := open(t, source, o)
				defer s.Close()
				source.change(test.wrong)
				time.Sleep(10 * time.Minute)
				if id := signedBy(t, s); id != keyID {
					t.Errorf("signed by %s", id)
				}
				synctest.Wait()
				events := log.all()
				last := events[len(events)-1]
				if last.Err == nil || !strings.Contains(last.Err.Error(), test.want) || last.Rotated || last.KeyPairID != keyID {
					t.Errorf("the last event is %+v, want %q in its error", last, test.want)
				}
				source.change(func(s *testSource) { s.err, s.answer, s.answerKey = nil, nil, nil })
				want := source.rotate(t)
				time.Sleep(time.Minute)
				if id := signedBy(t, s); id != want {
					t.Errorf("mended: signed by %s, want %s", id, want)
				}
			})
		})
	}
}

// publicOnly is a key whose public half is something else.
type publicOnly struct {
	Key
	public crypto.PublicKey
}

func (k publicOnly) Public() crypto.PublicKey { return k.public }

func TestOpenRefusesOptionsThatMakeNoSense(t *testing.T) {
	for name, o := range map[string]OpenOptions{
		"Refresh": {Refresh: -1}, "Timeout": {Timeout: -1}, "Memoize": {Memoize: -1},
	} {
		if _, err := Open(t.Context(), newTestSource(t), &o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s below zero: got %v", name, err)
		}
	}
	if _, err := Open(t.Context(), nil, nil); err == nil {
		t.Error("no source: accepted")
	}
}

func TestOpenIsBoundedByItsContextAndItsTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		context, timeout, want time.Duration
	}{
		"its context":              {3 * time.Second, 0, 3 * time.Second},
		"its timeout":              {time.Hour, 5 * time.Second, 5 * time.Second},
		"ten seconds, if not told": {time.Hour, 0, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newTestSource(t)
				source.delay = -1
				ctx, cancel := context.WithTimeout(t.Context(), test.context)
				defer cancel()
				began := time.Now()
				_, err := Open(ctx, source, &OpenOptions{Timeout: test.timeout})
				if took := time.Since(began); err == nil || took != test.want {
					t.Errorf("after %s: %v, want an error after %s", took, err, test.want)
				}
			})
		})
	}
}

func TestTheSourceIsReadInTheBackgroundWithJitter(t *testing.T) {
	for name, test := range map[string]struct {
		maxKeyAge int64
		refresh   time.Duration
		want      time.Duration
	}{
		"a quarter of the age by default": {3600, 0, 15 * time.Minute},
		"never under ten seconds":         {20, 0, 10 * time.Second},
		"an hour at most":                 {1_000_000, 0, time.Hour},
		"15 minutes without an age":       {0, 0, 15 * time.Minute},
		"as asked for":                    {3600, 7 * time.Minute, 7 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newTestSource(t)
				source.document.MaxKeyAge = test.maxKeyAge
				s := open(t, source, OpenOptions{Refresh: test.refresh})
				time.Sleep(100 * test.want)
				s.Close()
				var shortest, longest time.Duration
				for i := 1; i < len(source.readings); i++ {
					pause := source.readings[i].Sub(source.readings[i-1])
					if i == 1 || pause < shortest {
						shortest = pause
					}
					longest = max(longest, pause)
				}
				if shortest < test.want*9/10 || longest > test.want*11/10 || longest-shortest < test.want/20 {
					t.Errorf("%d readings, between %s and %s apart, want %s give or take a tenth", len(source.readings), shortest, longest, test.want)
				}
			})
		})
	}
}

func TestAfterAFailureTheSourceIsReadSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		s := open(t, source, OpenOptions{Refresh: 10 * time.Minute})
		defer s.Close()
		source.change(func(s *testSource) { s.err = errDown })
		time.Sleep(12 * time.Minute)
		before, _ := source.counts()
		time.Sleep(20 * time.Minute)
		after, _ := source.counts()
		if n := after - before; n < 17 || n > 23 {
			t.Errorf("%d readings in 20 minutes of an outage, want one a minute", n)
		}
		source.change(func(s *testSource) { s.err = nil })
		time.Sleep(2 * time.Minute)
		before, _ = source.counts()
		time.Sleep(100 * time.Minute)
		if after, _ = source.counts(); after-before > 12 {
			t.Errorf("%d readings in 100 minutes after it", after-before)
		}
	})
}

func TestARotationIsNoticedInTheBackgroundAndDropsWhatWasRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		var log eventLog
		s := open(t, source, OpenOptions{Refresh: time.Minute, Memoize: 10, OnEvent: log.add})
		defer s.Close()
		stable := Policy{TTL: ttl, Window: 24 * time.Hour}
		before := must[string](t)(s.Object(t.Context(), "rt.png", stable))
		time.Sleep(5 * time.Minute)
		if must[string](t)(s.Object(t.Context(), "rt.png", stable)) != before {
			t.Error("what was remembered went without a rotation")
		}
		pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/a/", Policy{TTL: time.Hour}))

		want := source.rotate(t)
		time.Sleep(2 * time.Minute)
		if id := signedBy(t, s); id != want {
			t.Errorf("signed by %s, want %s", id, want)
		}
		signed := must[string](t)(s.Object(t.Context(), "rt.png", stable))
		if v := Verify(Request{URL: signed, Time: time.Now()}, source.trusted()); !v.Allowed || v.KeyPairID != want {
			t.Errorf("a stable URL of before: %+v", v)
		}
		if u := must[string](t)(pass.URL(site + "/a/b")); !strings.Contains(u, keyID) {
			t.Error("a pass changed its key")
		}
		synctest.Wait()
		rotations, events := 0, log.all()
		for i, e := range events {
			if e.Rotated {
				rotations++
			}
			if e.Err != nil || e.Age != 0 || i > 0 && !e.Time.After(events[i-1].Time) {
				t.Errorf("event %+v", e)
			}
		}
		if last := events[len(events)-1]; rotations != 1 || last.KeyPairID != want || events[0].KeyPairID != keyID {
			t.Errorf("%d rotations were told, the last event is %+v", rotations, last)
		}
		if _, opened := source.counts(); opened != 2 {
			t.Errorf("keys were opened %d times", opened)
		}
	})
}

func TestTheKeyInUseLastsThroughAnOutageButNotBeyondItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t) // maxKeyAge is an hour
		began := time.Now()
		s := open(t, source, OpenOptions{Refresh: 24 * time.Hour})
		defer s.Close()
		source.change(func(s *testSource) { s.err = errDown })
		time.Sleep(time.Hour)
		if id := signedBy(t, s); id != keyID {
			t.Errorf("at its age: signed by %s", id)
		}
		if n, _ := source.counts(); n != 1 {
			t.Errorf("the source was asked %d times for a key within its age", n)
		}
		time.Sleep(time.Nanosecond)
		sign := map[string]func() error{
			"URL":    func() error { _, err := s.URL(t.Context(), site+"/a", Policy{TTL: ttl}); return err },
			"Object": func() error { _, err := s.Object(t.Context(), "a", Policy{TTL: ttl}); return err },
			"Cookies": func() error {
				_, err := s.Cookies(t.Context(), site+"/*", Policy{TTL: ttl}, CookieOptions{})
				return err
			},
			"OpenAll": func() error { _, err := s.OpenAll(t.Context(), site+"/", Policy{TTL: ttl}); return err },
		}
		for name, f := range sign {
			err := f()
			var stale *StaleError
			if !errors.As(err, &stale) || !errors.Is(err, errDown) || stale.Limit != time.Hour || stale.Age != time.Since(began) ||
				!strings.Contains(err.Error(), "1h0m0s ago") {
				t.Errorf("%s past its age: got %v", name, err)
			}
		}
		// The next caller causes one reading, however many callers there are.
		if n, _ := source.counts(); n != 2 {
			t.Errorf("%d readings", n)
		}
		source.change(func(s *testSource) { s.err = nil })
		want := source.rotate(t)
		time.Sleep(retryAfter)
		for name, f := range sign {
			if err := f(); err != nil {
				t.Errorf("%s after the outage: %v", name, err)
			}
		}
		if id := signedBy(t, s); id != want {
			t.Errorf("after the outage: signed by %s, want %s", id, want)
		}
	})
}

func TestADocumentWithoutAnAgeLetsItsKeyLastForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		source.document.MaxKeyAge = 0
		s := open(t, source, OpenOptions{})
		defer s.Close()
		source.change(func(s *testSource) { s.err = errDown })
		time.Sleep(100 * time.Hour)
		signedBy(t, s)
	})
}

func TestAProcessThatWasFrozenNeverSignsWithAKeyPastItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		s := open(t, source, OpenOptions{Now: clock.now})
		defer s.Close()
		want := source.rotate(t)
		clock.jump(24 * time.Hour) // no timer has fired in the meantime
		source.change(func(s *testSource) { s.delay = 2 * time.Second })
		began := time.Now()
		if id := signedBy(t, s); id != want || time.Since(began) != 2*time.Second {
			t.Errorf("after %s: signed by %s, want %s after one reading", time.Since(began), id, want)
		}
		signedBy(t, s)
		if time.Since(began) != 2*time.Second {
			t.Error("the second signature waited too")
		}

		source.change(func(s *testSource) { s.err = errDown })
		clock.jump(24 * time.Hour)
		_, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
		var stale *StaleError
		if !errors.As(err, &stale) || stale.Age.Round(time.Minute) != 24*time.Hour {
			t.Errorf("with the source down: got %v", err)
		}
	})
}

func TestAReadingFromBeforeTheFreezeTellsNothingAboutNow(t *testing.T) {
	for name, answer := range map[string]error{"it answers": nil, "its connection is gone": errDown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, clock := newTestSource(t), new(wallClock)
				s := open(t, source, OpenOptions{Now: clock.now, Refresh: time.Minute, Timeout: 30 * time.Second})
				defer s.Close()
				hang := make(chan struct{})
				source.change(func(s *testSource) { s.hang, s.err = hang, answer })
				time.Sleep(67 * time.Second) // the next reading is under way
				source.change(func(s *testSource) { s.hang, s.err = nil, nil })
				want := source.rotate(t)
				clock.jump(24 * time.Hour)
				signed := make(chan string)
				go func() {
					u, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
					signed <- fmt.Sprint(u, err)
				}()
				synctest.Wait() // it waits for that reading
				close(hang)
				if got := <-signed; !strings.Contains(got, want) {
					t.Errorf("got %s, want a URL by %s", got, want)
				}
				if n, _ := source.counts(); n != 3 {
					t.Errorf("%d readings, want the first, the frozen one and one more", n)
				}
			})
		})
	}
}

func TestAnExpiryCountsFromWhenTheKeyWasFoundFresh(t *testing.T) {
	// A process that is frozen between that and the signature must not make a URL
	// that outlives what rotation waits for.
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		looks := 0
		began := time.Now()
		s := open(t, source, OpenOptions{Now: func() time.Time {
			if looks++; looks > 1 {
				return began.Add(24 * time.Hour)
			}
			return began
		}, Refresh: 1000 * time.Hour})
		defer s.Close()
		for name, end := range map[string]func() time.Time{
			"URL": func() time.Time {
				signed := must[string](t)(s.Object(t.Context(), "rt.png", Policy{TTL: ttl}))
				return Verify(Request{URL: signed}, source.trusted()).Statement.Expires
			},
			"Cookies": func() time.Time {
				cookies := must[[]*http.Cookie](t)(s.Cookies(t.Context(), site+"/rt.png", Policy{TTL: ttl}, CookieOptions{}))
				return Verify(Request{URL: site + "/rt.png", Cookie: header(cookies)}, source.trusted()).Statement.Expires
			},
			"OpenAll": func() time.Time { return must[*Pass](t)(s.OpenAll(t.Context(), site+"/", Policy{TTL: ttl})).Expires() },
		} {
			looks = -1 // Object calls current once more, for the base URL
			if name != "URL" {
				looks = 0
			}
			if got := end(); !got.Equal(began.Add(ttl)) {
				t.Errorf("%s: ends %s after the key was found fresh, want %s", name, got.Sub(began), ttl)
			}
		}
	})
}

func TestAClockThatIsSetBackHidesNoAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		s := open(t, source, OpenOptions{Now: clock.now, Refresh: 1000 * time.Hour})
		defer s.Close()
		clock.jump(-time.Minute) // as time servers do
		signedBy(t, s)
		if n, _ := source.counts(); n != 1 {
			t.Errorf("set back by a minute: %d readings", n)
		}
		want := source.rotate(t)
		clock.jump(-time.Hour)
		if id := signedBy(t, s); id != want {
			t.Errorf("set back by an hour: signed by %s, want %s", id, want)
		}
		source.change(func(s *testSource) { s.err = errDown })
		clock.jump(-time.Hour)
		_, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
		if !errors.As(err, new(*StaleError)) || !strings.Contains(err.Error(), "set back") {
			t.Errorf("with the source down: got %v", err)
		}
	})
}

func TestAgeTakesTheClockThatSaysMore(t *testing.T) {
	start := time.Now()
	later := start.Add(50 * time.Minute)
	for name, test := range map[string]struct {
		now  time.Time
		want time.Duration
	}{
		"both go on":                            {later, 50 * time.Minute},
		"the wall clock was set back":           {moveWallClock(t, later, -40*time.Minute), 50 * time.Minute},
		"the machine slept, the wall clock not": {moveWallClock(t, later, 24*time.Hour), 24*time.Hour + 50*time.Minute},
		"a clock without a monotonic reading":   {later.Round(0), 50 * time.Minute},
	} {
		if got := age(start, test.now); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// moveWallClock moves a time's wall-clock reading but not its monotonic one. Only
// the system can do that: no function of package time makes such a time. The layout
// is that of time.Time: one bit, 33 bits of seconds, 30 of nanoseconds.
func moveWallClock(t *testing.T, at time.Time, by time.Duration) time.Time {
	moved := at
	*(*uint64)(unsafe.Pointer(&moved)) += uint64(by/time.Second) << 30
	if moved.Sub(at) != 0 || moved.Round(0).Sub(at.Round(0)) != by {
		t.Fatal("time.Time has another layout now")
	}
	return moved
}

func TestOneReadingServesAllWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		s := open(t, source, OpenOptions{Now: clock.now})
		defer s.Close()
		const signers = 3000
		all := func() (failed int) {
			var wg sync.WaitGroup
			errs := make([]error, signers)
			for i := range signers {
				wg.Go(func() { _, errs[i] = s.BaseURL(context.Background()) })
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil {
					failed++
				}
			}
			return failed
		}
		for _, test := range []struct {
			state  string
			change func(*testSource)
			failed int
		}{
			{"slow", func(s *testSource) { s.delay, s.err = 3*time.Second, nil }, 0},
			{"quick", func(s *testSource) { s.delay, s.err = 0, nil }, 0},
			{"slow and down", func(s *testSource) { s.delay, s.err = 3*time.Second, errDown }, signers},
			{"down", func(s *testSource) { s.delay, s.err = 0, errDown }, signers},
		} {
			source.change(test.change)
			clock.jump(24 * time.Hour)
			before, _ := source.counts()
			if failed := all(); failed != test.failed {
				t.Errorf("%s: %d of %d failed", test.state, failed, signers)
			}
			if after, _ := source.counts(); after-before != 1 {
				t.Errorf("%s: %d readings for %d signers", test.state, after-before, signers)
			}
		}
		// In an outage the source is read once a second, not by every caller.
		before, _ := source.counts()
		for range 100 {
			s.BaseURL(t.Context())
			time.Sleep(retryAfter / 10)
		}
		if after, _ := source.counts(); after-before > 11 {
			t.Errorf("%d readings in ten seconds of an outage", after-before)
		}
	})
}

func TestWhoComesLateToAReadingStartsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		var s *Signer
		meanwhile := func() {}
		s = open(t, source, OpenOptions{Refresh: 1000 * time.Hour, Now: func() time.Time {
			f := meanwhile
			meanwhile = func() {}
			f()
			return clock.now()
		}})
		defer s.Close()
		clock.jump(24 * time.Hour)
		// Between a signer's reading of its key and of the clock, another call makes
		// the source be read.
		meanwhile = func() { signedBy(t, s) }
		signedBy(t, s)
		if n, _ := source.counts(); n != 2 {
			t.Errorf("%d readings, want the first and one more", n)
		}
	})
}

func TestASignatureWaitsForASlowSourceNoLongerThanItsContextAndTheTimeout(t *testing.T) {
	for name, slow := range map[string]func(*testSource){
		"slow":    func(s *testSource) { s.delay = -1 },
		"hanging": func(s *testSource) { s.hang = make(chan struct{}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, clock := newTestSource(t), new(wallClock)
				s := open(t, source, OpenOptions{Now: clock.now, Timeout: 5 * time.Second, Refresh: 1000 * time.Hour})
				source.change(slow)
				clock.jump(2 * time.Hour)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				_, err := s.Object(ctx, "rt.png", Policy{TTL: ttl})
				if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, new(*StaleError)) || time.Since(began) != time.Second {
					t.Errorf("a context of a second: after %s: %v", time.Since(began), err)
				}
				began = time.Now()
				_, err = s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
				if waited := time.Since(began); !errors.As(err, new(*StaleError)) || waited > 5*time.Second {
					t.Errorf("no context: after %s: %v", waited, err)
				}
				// The hanging readings return at last, and the signer recovers.
				if source.hang != nil {
					close(source.hang)
				}
				source.change(func(s *testSource) { s.delay, s.hang = 0, nil })
				time.Sleep(5 * time.Second)
				signedBy(t, s)
				s.Close()
			})
		})
	}
}

// deafSource ignores the context in the readings that hangs selects.
type deafSource struct {
	*testSource
	hangs func(reading int) bool // from 1
	hang  chan struct{}          // a hanging reading returns when it closes, with what was true when it began
}

func (s *deafSource) Deployment(ctx context.Context) (*Deployment, error) {
	d, err := s.testSource.Deployment(ctx)
	if n, _ := s.counts(); s.hangs(n) {
		<-s.hang
	}
	return d, err
}

func TestAReadingThatNeverReturnsIsGivenUpAndTheNextOneCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &deafSource{newTestSource(t), func(reading int) bool { return reading == 2 }, make(chan struct{})}
		var log eventLog
		s := open(t, source, OpenOptions{Refresh: 10 * time.Minute, Timeout: 10 * time.Second, OnEvent: log.add})
		defer s.Close()
		release := sync.OnceFunc(func() { close(source.hang) })
		defer release()
		for seconds := 0; len(log.all()) < 2; seconds++ {
			if seconds > 12*60 {
				t.Fatal("no event tells of the reading that hangs")
			}
			time.Sleep(time.Second)
		}
		events := log.all()
		if e := events[1]; !errors.Is(e.Err, context.DeadlineExceeded) || !strings.Contains(e.Err.Error(), "did not answer within 10s") || e.KeyPairID != keyID {
			t.Errorf("the reading that hangs: %+v", e)
		}
		want := source.rotate(t)
		time.Sleep(67 * time.Second) // a tenth of Refresh, as after any failure
		synctest.Wait()
		events = log.all()
		if e := events[len(events)-1]; e.Err != nil || !e.Rotated || e.KeyPairID != want {
			t.Errorf("the reading after it: %+v", e)
		}

		before := len(events)
		release() // the second reading returns what was true before the rotation
		synctest.Wait()
		if id := signedBy(t, s); id != want || len(log.all()) != before {
			t.Errorf("after the late answer: signed by %s, want %s; %d events more, want none", id, want, len(log.all())-before)
		}
		for range 6 { // longer than the age, if it were not confirmed
			time.Sleep(11 * time.Minute)
			if id := signedBy(t, s); id != want {
				t.Errorf("signed by %s, want %s", id, want)
			}
		}
	})
}

func TestReadingsThatHangDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &deafSource{newTestSource(t), func(reading int) bool { return reading > 1 }, make(chan struct{})}
		var log eventLog
		s := open(t, source, OpenOptions{Refresh: time.Minute, OnEvent: log.add})
		defer s.Close()
		release := sync.OnceFunc(func() { close(source.hang) })
		defer release()
		time.Sleep(3 * time.Hour)
		if _, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl}); !errors.As(err, new(*StaleError)) || !strings.Contains(err.Error(), "4 readings") {
			t.Errorf("past its age: got %v", err)
		}
		synctest.Wait()
		if n, _ := source.counts(); n != 1+maxReadings {
			t.Errorf("%d readings in three hours of hanging, want the first and %d more", n, maxReadings)
		}
		events := log.all()
		if last := events[len(events)-1]; len(events) < 100 || !errors.Is(last.Err, context.DeadlineExceeded) {
			t.Errorf("%d events, the last is %+v", len(events), last)
		}

		source.hangs = func(int) bool { return false }
		want := source.rotate(t)
		release()
		time.Sleep(67 * time.Second)
		if id := signedBy(t, s); id != want {
			t.Errorf("after it: signed by %s, want %s", id, want)
		}
	})
}

func TestAReadingThatTakesLongerThanTheAgeConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		source.document.MaxKeyAge = 2
		s := open(t, source, OpenOptions{Now: clock.now})
		defer s.Close()
		source.change(func(s *testSource) { s.delay = 3 * time.Second })
		clock.jump(time.Minute)
		if _, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl}); err == nil || !strings.Contains(err.Error(), "took longer") {
			t.Errorf("got %v", err)
		}
	})
}

// A synctest bubble ends only after all its goroutines: anything that Close left
// running would fail each of these tests.
func TestCloseEndsAllReadingAndLetsTheKeyComeOfAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newTestSource(t)
		var log eventLog
		s := open(t, source, OpenOptions{Refresh: time.Minute, Timeout: time.Minute, OnEvent: log.add})
		source.change(func(s *testSource) { s.delay = -1 })
		time.Sleep(67 * time.Second) // a reading is under way
		s.Close()
		s.Close()
		synctest.Wait()
		n, _ := source.counts()
		before := len(log.all())
		time.Sleep(58 * time.Minute)
		signedBy(t, s)
		time.Sleep(2 * time.Minute)
		_, err := s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
		if !errors.As(err, new(*StaleError)) || !strings.Contains(err.Error(), "closed") {
			t.Errorf("past its age: got %v", err)
		}
		if again, _ := source.counts(); again != n || len(log.all()) != before || before != 1 {
			t.Errorf("%d readings and %d events after Close", again-n, len(log.all())-1)
		}
	})
}

func TestTheHookIsToldOneEventAtATimeAndHoldsUpNoSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, clock := newTestSource(t), new(wallClock)
		var log eventLog
		var told, signed atomic.Int32
		var hooked atomic.Pointer[Signer]
		o := OpenOptions{Now: clock.now, Refresh: time.Minute}
		o.OnEvent = func(e Event) {
			if told.Add(1) > 1 {
				t.Error("two events at a time")
			}
			defer told.Add(-1)
			s := hooked.Load()
			if s == nil {
				time.Sleep(time.Second) // Open waits for the first
			}
			log.add(e)
			if s != nil { // a hook may sign, and may be slow
				if _, err := s.Object(context.Background(), "rt.png", Policy{TTL: ttl}); err == nil {
					signed.Add(1)
				}
				time.Sleep(90 * time.Second)
			}
		}
		s := open(t, source, o)
		hooked.Store(s)
		if events := log.all(); len(events) != 1 || events[0].Rotated || events[0].Err != nil || events[0].KeyPairID != keyID {
			t.Fatalf("the first event: %+v", events)
		}
		for i := range 30 {
			if i == 15 {
				source.change(func(s *testSource) { s.err = errDown })
			}
			time.Sleep(time.Minute)
			began := time.Now()
			if i == 20 { // past its age: the hook that signs gets the error, too
				clock.jump(time.Hour)
			}
			s.Object(t.Context(), "rt.png", Policy{TTL: ttl})
			if waited := time.Since(began); waited != 0 {
				t.Fatalf("a signature waited for %s", waited)
			}
		}
		s.Close()
		time.Sleep(time.Hour)
		events := log.all()
		if signed.Load() < 10 || len(events) < 15 {
			t.Errorf("%d events, %d signatures by the hook", len(events), signed.Load())
		}
		failed := 0
		for i, e := range events[1:] {
			if !e.Time.After(events[i].Time) {
				t.Error("events came out of order")
			}
			if e.Err != nil {
				failed++
				if !errors.Is(e.Err, errDown) || e.Age <= 0 {
					t.Errorf("event %+v", e)
				}
			}
		}
		if failed == 0 {
			t.Error("no failure was told")
		}
	})
}

// stubKey takes no time, so that a test can sign thousands of times.
type stubKey struct{ Key }

func (stubKey) SignDigest(context.Context, []byte, crypto.Hash) ([]byte, error) {
	return []byte("signature"), nil
}

func TestThousandsOfSignersLoseNoSignatureAndMakeNoneWithAKeyPastItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			signers = 2000
			maxAge  = time.Hour
			hours   = 18
		)
		source, clock := newTestSource(t), new(wallClock)
		source.keys[keyID] = stubKey{source.keys[keyID]}
		var mu sync.Mutex
		confirmed := map[string]time.Time{} // when the source last confirmed a key
		var last time.Time                  // when it last confirmed any key
		source.now = clock.now
		source.said = func(id string, began time.Time) {
			mu.Lock()
			defer mu.Unlock()
			last, confirmed[id] = began, began
		}
		s := open(t, source, OpenOptions{Now: clock.now})
		done := make(chan struct{})
		var wg sync.WaitGroup
		var signed, refused atomic.Int64
		for i := range signers {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					case <-time.After(time.Duration(1+random.IntN(30)) * time.Minute): // many at the same instant
					}
					mu.Lock()
					known := clock.now().Sub(last)
					mu.Unlock()
					url, err := s.URL(context.Background(), site+"/rt.png", Policy{TTL: ttl})
					if err != nil {
						refused.Add(1)
						if known <= maxAge && known >= 0 || !errors.As(err, new(*StaleError)) {
							t.Errorf("refused though the key was confirmed %s ago: %v", known, err)
							return
						}
						continue
					}
					signed.Add(1)
					c := readQuery(url)
					seconds, _ := strconv.ParseInt(c.expires, 10, 64)
					mu.Lock()
					age := time.Unix(seconds, 0).Add(-ttl).Sub(confirmed[c.keyPairID])
					mu.Unlock()
					if age > maxAge+time.Second { // an expiry is a whole second
						t.Errorf("signed by %s, %s after it was last confirmed", c.keyPairID, age)
						return
					}
				}
			})
		}

		// A day and more in the life of a source.
		random := rand.New(rand.NewPCG(0, 0))
		healthy := func(s *testSource) { s.err, s.delay = nil, time.Duration(random.Int64N(int64(2*time.Second))) }
		for hour := range hours {
			next := source.rotate(t)
			source.change(func(s *testSource) { s.keys[next] = stubKey{s.keys[next]} })
			switch hour % 6 {
			case 0: // an outage shorter than the age
				source.change(func(s *testSource) { s.err = errDown })
				time.Sleep(40 * time.Minute)
			case 1: // one longer than the age
				source.change(func(s *testSource) { s.err, s.delay = errDown, time.Second })
				time.Sleep(2 * time.Hour)
			case 2: // no response for a while
				source.change(func(s *testSource) { s.delay = -1 })
				time.Sleep(30 * time.Minute)
			case 3: // frozen for a day
				clock.jump(24 * time.Hour)
			case 4: // frozen in an outage
				source.change(func(s *testSource) { s.err = errDown })
				clock.jump(24 * time.Hour)
				time.Sleep(20 * time.Minute)
			case 5: // a clock that is corrected
				clock.jump(-10 * time.Minute)
				mu.Lock()
				last = last.Add(-10 * time.Minute)
				for id, at := range confirmed {
					confirmed[id] = at.Add(-10 * time.Minute)
				}
				mu.Unlock()
			}
			source.change(healthy)
			time.Sleep(time.Hour)
		}
		close(done)
		wg.Wait()
		s.Close()
		t.Logf("%d signatures, %d refused", signed.Load(), refused.Load())
		if signed.Load() < signers*hours || refused.Load() == 0 {
			t.Errorf("%d signatures, %d refused: the source has not been tried", signed.Load(), refused.Load())
		}
		if n, opened := source.counts(); n < 4*hours || opened > hours+1 {
			t.Errorf("%d readings, %d keys opened", n, opened)
		}
	})
}
