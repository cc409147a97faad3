package signer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// OpenOptions are what Open may be told. The zero value of each is its default,
// and a nil *OpenOptions has all of them.
type OpenOptions struct {
	// Deterministic, Memoize, OnUnforwarded and OnGrant are those of Options.
	Deterministic bool
	Memoize       int
	OnUnforwarded func(parameter string)
	OnGrant       func(ctx context.Context, g Grant) error

	// Refresh is how often the source is asked in the background, give or take
	// a tenth. By default a quarter of the deployment's maxKeyAge, between ten
	// seconds and an hour; 15 minutes where the deployment has none.
	Refresh time.Duration

	// Timeout bounds one reading of the source; by default ten seconds. A
	// reading that goes on in spite of its context is given up a tenth later.
	Timeout time.Duration

	// OnEvent is told of every reading of the source until Close, one call at a
	// time and in order, from a goroutine that no signature waits for. Open
	// returns once it was told of the first.
	OnEvent func(Event)

	// Now is the clock; nil means time.Now. A process that was frozen knows
	// from its wall-clock reading how old its key is.
	Now func() time.Time
}

// Event is what happened when a source was read.
type Event struct {
	Time      time.Time
	KeyPairID string        // of the key in use, after the event
	Rotated   bool          // the key changed
	Err       error         // the reading failed, and the key in use stays
	Age       time.Duration // of the last confirmation of the key in use
}

// StaleError is the refusal to sign with a key that could not be confirmed for
// longer than the deployment allows: it may have been retired since.
type StaleError struct {
	Age, Limit time.Duration // Age is below zero if the clock was set back
	Err        error         // why the last reading of the source failed
}

func (e *StaleError) Error() string {
	if e.Age < 0 {
		return fmt.Sprintf("the clock was set back by more than %s since the signing key was last confirmed: %v", -e.Age.Round(time.Second), e.Err)
	}
	return fmt.Sprintf("the signing key was last confirmed %s ago, the deployment allows %s (maxKeyAge): %v",
		e.Age.Round(time.Second), e.Limit, e.Err)
}

func (e *StaleError) Unwrap() error { return e.Err }

// Open makes a signer of a source, after a first reading of it that ctx bounds.
// The signer reads the source again in the background, one reading at a time.
// When a reading fails it goes on with the key it has, until that key was not
// confirmed for the deployment's maxKeyAge; from then on a signature waits, in
// its caller's time, for a reading, and fails with a *StaleError if that fails.
// So no signature is made with a key past its age, also in a process that was
// frozen for a day.
//
// A reading that hangs in spite of its context has failed, and what it says at
// last is dropped. The readings after it start all the same, while fewer than
// four hang.
//
// Close ends the background reading.
func Open(ctx context.Context, source Source, o *OpenOptions) (*Signer, error) {
	if source == nil {
		return nil, errors.New("open signer: no source")
	}
	r := &refresher{source: source}
	if o != nil {
		r.o = *o
	}
	switch {
	case r.o.Refresh < 0:
		return nil, fmt.Errorf("open signer: Refresh is %s: set a time above zero, or 0 for the default", r.o.Refresh)
	case r.o.Timeout < 0:
		return nil, fmt.Errorf("open signer: Timeout is %s: set a time above zero, or 0 for the default", r.o.Timeout)
	}
	if r.o.Timeout == 0 {
		r.o.Timeout = 10 * time.Second
	}
	r.o.Now = clock(r.o.Now)
	r.ctx, r.close = context.WithCancel(context.Background())

	first := r.ask(nil)
	if err := r.wait(ctx, first); err != nil {
		r.close()
		return nil, fmt.Errorf("open signer: %w", err)
	}
	<-first.told
	go r.background()
	return &Signer{now: r.o.Now, current: r.current, close: r.close}, nil
}

// Close ends the reading of the source by a signer that Open made, in the
// background and in callers' time. Signing goes on to work until its key is
// past its age. On other signers Close does nothing.
func (s *Signer) Close() {
	if s.close != nil {
		s.close()
	}
}

// confirmed is a material and when the source last said that it is current.
type confirmed struct {
	*material
	document Deployment
	key      Key
	at       time.Time // before the reading began
	maxAge   time.Duration
}

type refresher struct {
	source Source
	o      OpenOptions
	state  atomic.Pointer[confirmed]

	ctx   context.Context // ends with Close
	close context.CancelFunc

	readings atomic.Int32 // that have not returned, those given up included

	mu     sync.Mutex
	flight *flight // the reading under way
	last   *flight // the one before it
}

// flight is one reading of the source, for all who wait for it.
type flight struct {
	began time.Time
	done  chan struct{} // closed when what follows is set
	err   error
	ended time.Time
	told  chan struct{} // closed when OnEvent has been told
}

// wait has a bound of its own: a reading that hangs is given up after Timeout
// only.
func (r *refresher) wait(ctx context.Context, f *flight) error {
	bound := time.NewTimer(r.o.Timeout)
	defer bound.Stop()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	case <-bound.C:
		return r.timedOut()
	}
}

func (r *refresher) timedOut() error {
	return fmt.Errorf("the source of the signing key did not answer within %s: %w", r.o.Timeout, context.DeadlineExceeded)
}

// retryAfter is how long a failure is passed on to callers before the source is
// asked again, so that an outage is not answered with a flood.
const retryAfter = time.Second

var errClosed = errors.New("the signer was closed")

// current is the material to sign with, confirmed within its age, and when that
// was so.
func (r *refresher) current(ctx context.Context) (*material, time.Time, error) {
	c, now := r.state.Load(), r.o.Now()
	if !c.stale(now) {
		return c.material, now, nil
	}
	var err error
	for range 2 {
		f := r.ask(c)
		err = r.wait(ctx, f)
		if c, now = r.state.Load(), r.o.Now(); !c.stale(now) {
			return c.material, now, nil
		}
		if !r.frozen(f, now) {
			break
		}
	}
	if err == nil {
		err = errors.New("reading it took longer than that")
	}
	return nil, now, &StaleError{Age: age(c.at, now), Limit: c.maxAge, Err: err}
}

// frozen reports whether the process was frozen in the middle of a reading, for
// none takes that long. Then it tells nothing about now, and one more is due.
func (r *refresher) frozen(f *flight, now time.Time) bool { return age(f.began, now) >= 2*r.o.Timeout }

// stale also takes a confirmation from the future for none: the clock was set
// back, and nobody knows by how much.
func (c *confirmed) stale(now time.Time) bool {
	return c.maxAge > 0 && (age(c.at, now) > c.maxAge || now.Round(0).Before(c.at.Round(0).Add(-time.Minute)))
}

// age is how long ago t was: by the wall clock, which also counts the time that
// the machine was asleep, or by the monotonic one, which nobody sets back;
// whichever says more.
func age(t, now time.Time) time.Duration {
	return max(now.Round(0).Sub(t.Round(0)), now.Sub(t))
}

// ask is the reading to wait for in order to replace c: the one under way, or
// the last one if it has replaced c or failed just now, or a new one.
func (r *refresher) ask(c *confirmed) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	if r.last != nil {
		now := r.o.Now()
		since := age(r.last.ended, now)
		failed := r.last.err != nil && 0 <= since && since < retryAfter && !r.frozen(r.last, now)
		if failed || r.state.Load() != c {
			return r.last
		}
	}
	return r.start()
}

// start starts a reading. r.mu is held.
func (r *refresher) start() *flight {
	f := &flight{began: r.o.Now(), done: make(chan struct{}), told: make(chan struct{})}
	previous := r.last
	r.flight = f
	go func() {
		before := r.state.Load()
		next, err := r.read(before, f.began)
		if err == nil {
			r.state.Store(next)
		}
		ended := r.o.Now()
		e := r.event(before, ended, err)
		r.mu.Lock()
		f.err, f.ended = err, ended
		r.flight, r.last = nil, f
		r.mu.Unlock()
		close(f.done)

		// No signature waits for the hook, so the hook may sign.
		if previous != nil {
			<-previous.told
		}
		if r.o.OnEvent != nil && r.ctx.Err() == nil {
			r.o.OnEvent(e)
		}
		close(f.told)
	}()
	return f
}

// maxReadings is how many readings may be under way, of which all but one have
// been given up: each that never returns keeps a goroutine for ever.
const maxReadings = 4

// read reads the source once, and gives up a reading that hangs in spite of its
// context, as one of a file on a network does.
func (r *refresher) read(before *confirmed, began time.Time) (*confirmed, error) {
	if r.readings.Load() >= maxReadings { // read alone adds to them, one flight at a time
		return nil, fmt.Errorf("%d readings of the source of the signing key hang, so that it is not read again until one returns: %w", maxReadings, context.DeadlineExceeded)
	}
	type answer struct {
		c   *confirmed
		err error
	}
	answered := make(chan answer, 1) // one that comes late stays in it
	r.readings.Add(1)
	go func() {
		// A reading belongs to all who wait for it, not to the one who
		// started it, so it has a time of its own.
		ctx, cancel := context.WithTimeout(r.ctx, r.o.Timeout)
		defer cancel()
		c, err := r.confirm(ctx, before, began)
		r.readings.Add(-1)
		answered <- answer{c, err}
	}()
	giveUp := time.NewTimer(r.o.Timeout + r.o.Timeout/10)
	defer giveUp.Stop()
	select {
	case a := <-answered:
		return a.c, a.err
	case <-giveUp.C:
		return nil, r.timedOut()
	}
}

// confirm asks the source, and checks what it says.
func (r *refresher) confirm(ctx context.Context, before *confirmed, began time.Time) (c *confirmed, err error) {
	if ctx.Err() != nil {
		return nil, errClosed
	}
	defer func() {
		// A source that panics must not take the program along.
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("the source of the signing key panicked: %T", p)
		}
	}()
	d, err := r.source.Deployment(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the deployment document: %w", err)
	}
	if d == nil {
		return nil, errors.New("reading the deployment document: the source returned none")
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	if d.Key.Parameter != "" {
		return nil, fmt.Errorf("deployment document: it borrows its key from %s, and the source has not followed it", Describe(d.Key.Parameter, FormName))
	}
	document := *d
	keyPairID := unquoted(document.KeyPairID, FormID)
	if before != nil && reflect.DeepEqual(before.document, document) {
		again := *before
		again.at = began
		return &again, nil
	}
	var key Key
	if before != nil && before.document.sameKey(&document) {
		key = before.key
	} else {
		if key, err = r.source.Key(ctx, &document); err != nil {
			return nil, fmt.Errorf("opening the key of %s: %w", keyPairID, err)
		}
		if key == nil {
			return nil, fmt.Errorf("opening the key of %s: the source returned none", keyPairID)
		}
		public, err := NewPublicKey(key.Public())
		if err != nil {
			return nil, fmt.Errorf("the key of %s: %w", keyPairID, err)
		}
		if err := document.CheckKey(public); err != nil {
			return nil, err
		}
		if public.Algorithm() != document.Algorithm {
			return nil, fmt.Errorf("the key of %s is %s, the deployment document says %s", keyPairID, public.Algorithm(), document.Algorithm)
		}
	}
	m, err := newMaterial(document.KeyPairID, key, document.Hash, r.o.Deterministic, r.o.Memoize)
	if err != nil {
		return nil, err
	}
	m.maxLifetime = seconds(document.MaxURLLifetime)
	m.baseURL = document.BaseURL
	m.forwarding = &forwarding{query: document.Query, tell: r.o.OnUnforwarded}
	m.onGrant = r.o.OnGrant
	return &confirmed{material: m, document: document, key: key, at: began, maxAge: seconds(document.MaxKeyAge)}, nil
}

func (d *Deployment) sameKey(other *Deployment) bool {
	return d.KeyPairID == other.KeyPairID && d.PublicKeySHA256 == other.PublicKeySHA256 && d.Algorithm == other.Algorithm && d.Key == other.Key
}

func (r *refresher) event(before *confirmed, now time.Time, err error) Event {
	e := Event{Time: now, Err: err}
	if c := r.state.Load(); c != nil {
		e.KeyPairID = c.keyPairID
		e.Age = age(c.at, now)
		e.Rotated = before != nil && before.keyPairID != c.keyPairID
	}
	return e
}

func (r *refresher) background() {
	for {
		pause := time.NewTimer(jitter(r.interval()))
		select {
		case <-r.ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		r.mu.Lock()
		f := r.flight
		if f == nil {
			f = r.start()
		}
		r.mu.Unlock()
		select {
		case <-r.ctx.Done():
			return
		case <-f.done:
		}
	}
}

// interval is the time to the next reading: sooner after a failure.
func (r *refresher) interval() time.Duration {
	every := r.o.Refresh
	if every == 0 {
		every = 15 * time.Minute
		if age := r.state.Load().maxAge; age > 0 {
			every = min(max(age/4, 10*time.Second), time.Hour)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last.err != nil {
		every = min(every, max(every/10, retryAfter))
	}
	return every
}

// jitter spreads the readings of many processes that started together.
func jitter(d time.Duration) time.Duration {
	spread := int64(d / 10)
	if spread == 0 {
		return d
	}
	return d - time.Duration(spread) + time.Duration(rand.Int64N(2*spread))
}

// BaseURL is where the content is served: that of the deployment, or of
// Options.BaseURL; empty if neither is known.
func (s *Signer) BaseURL(ctx context.Context) (string, error) {
	m, _, err := s.use(ctx)
	if err != nil {
		return "", err
	}
	return m.baseURL, nil
}

// Object signs the URL of an object by its S3 key: ObjectURL with the signer's base
// URL, then URL, whose policies it takes.
func (s *Signer) Object(ctx context.Context, objectKey string, p Policy) (string, error) {
	base, err := s.BaseURL(ctx)
	if err != nil {
		return "", err
	}
	if base == "" {
		return "", errors.New("this signer belongs to no deployment: use Open, set Options.BaseURL, or use URL with a whole URL")
	}
	rawURL, err := ObjectURL(base, objectKey)
	if err != nil {
		return "", err
	}
	return s.URL(ctx, rawURL, p)
}
