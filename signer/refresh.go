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

// OpenOptions configures Open. The zero value of each field is its default; a nil
// *OpenOptions means all defaults.
type OpenOptions struct {
	// Deterministic, Memoize, OnUnforwarded and OnGrant are as in Options.
	Deterministic bool
	Memoize       int
	OnUnforwarded func(parameter string)
	OnGrant       func(ctx context.Context, g Grant) error

	// Refresh is how often the source is read in the background, give or take a
	// tenth. The default is a quarter of the deployment's maxKeyAge, between ten
	// seconds and an hour, or 15 minutes if the deployment has no maxKeyAge.
	Refresh time.Duration

	// Timeout limits one reading of the source; the default is ten seconds. A
	// reading that ignores its context is abandoned a tenth later.
	Timeout time.Duration

	// OnEvent is called after every reading of the source until Close, in order and
	// never concurrently, on a goroutine that no signature waits for. Open returns
	// after its first call.
	OnEvent func(Event)

	// Now is the clock; nil means time.Now. Its wall-clock reading shows a process
	// that was frozen how old its key is.
	Now func() time.Time
}

// Event is the result of one reading of the source.
type Event struct {
	Time      time.Time
	KeyPairID string        // the key in use after the reading
	Rotated   bool          // the key in use changed
	Err       error         // why the reading failed; the key in use stays
	Age       time.Duration // time since the key in use was last confirmed
}

// StaleError reports that the source last confirmed the signing key longer ago than the
// deployment's maxKeyAge. The key may have been retired since, so the signer does not
// use it.
type StaleError struct {
	Age   time.Duration // time since the key was confirmed; negative if the clock was set back
	Limit time.Duration // maxKeyAge
	Err   error         // why the last reading of the source failed
}

func (e *StaleError) Error() string {
	if e.Age < 0 {
		return fmt.Sprintf("the clock was set back by more than %s since the signing key was last confirmed: %v", -e.Age.Round(time.Second), e.Err)
	}
	return fmt.Sprintf("the signing key was last confirmed %s ago, but the deployment allows %s (maxKeyAge): %v",
		e.Age.Round(time.Second), e.Limit, e.Err)
}

func (e *StaleError) Unwrap() error { return e.Err }

// Open returns a Signer that reads its deployment document and key from source. ctx
// bounds the first reading. The signer then reads the source again in the
// background, one reading at a time. When a reading fails, it goes on with the key
// it has until that key was not confirmed for the deployment's maxKeyAge. After
// that, each signature waits for a new reading, within its caller's ctx, and fails
// with a *StaleError if the reading fails. So no signature is made with a key older
// than maxKeyAge, even in a process that was frozen for a day.
//
// A reading that hangs and ignores its context counts as failed, and its late
// result is dropped. New readings start as long as fewer than four hang.
//
// Close stops the background reading.
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

// Close stops all reading of the source by a signer that Open returned. Signing
// continues until the key is older than maxKeyAge. On a signer from New, Close does
// nothing.
func (s *Signer) Close() {
	if s.close != nil {
		s.close()
	}
}

// confirmed is a material and the time at which the source last confirmed it.
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

	readings atomic.Int32 // readings that have not returned, the abandoned ones included

	mu     sync.Mutex
	flight *flight // the reading under way
	last   *flight // the one before it
}

// flight is one reading of the source, shared by everybody who waits for it.
type flight struct {
	began time.Time
	done  chan struct{} // closed when err and ended are set
	err   error
	ended time.Time
	told  chan struct{} // closed after OnEvent has returned
}

// wait also returns after Timeout: a reading that hangs is abandoned only later.
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

// retryAfter is how long callers get the error of a failed reading before the
// source is read again, so that an outage does not cause a flood of requests.
const retryAfter = time.Second

var errClosed = errors.New("the signer was closed")

// current returns a material that is not stale, and the time at which that was
// checked.
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
		err = errors.New("reading the source took longer than that")
	}
	return nil, now, &StaleError{Age: age(c.at, now), Limit: c.maxAge, Err: err}
}

// frozen reports whether the process was frozen during the reading: no reading
// takes that long. Its result then says nothing about now, and one more reading is
// due.
func (r *refresher) frozen(f *flight, now time.Time) bool { return age(f.began, now) >= 2*r.o.Timeout }

// stale also reports true if the confirmation lies in the future: the clock was set
// back, by an unknown amount.
func (c *confirmed) stale(now time.Time) bool {
	return c.maxAge > 0 && (age(c.at, now) > c.maxAge || now.Round(0).Before(c.at.Round(0).Add(-time.Minute)))
}

// age returns the time since t by the wall clock, which also counts sleep, or by
// the monotonic clock, which nobody can set back: the longer of the two.
func age(t, now time.Time) time.Duration {
	return max(now.Round(0).Sub(t.Round(0)), now.Sub(t))
}

// ask returns the reading to wait for in order to replace c: the one under way; the
// last one, if it has replaced c or has just failed; or a new one.
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

// maxReadings limits the readings that have not returned. All but one of them are
// abandoned, and each that never returns keeps a goroutine forever.
const maxReadings = 4

// read reads the source once. It abandons a reading that ignores its context, as
// reading a file on a network may.
func (r *refresher) read(before *confirmed, began time.Time) (*confirmed, error) {
	if r.readings.Load() >= maxReadings { // only read adds to it, one flight at a time
		return nil, fmt.Errorf("%d readings of the source of the signing key hang: the source is read again once one of them returns: %w", maxReadings, context.DeadlineExceeded)
	}
	type answer struct {
		c   *confirmed
		err error
	}
	answered := make(chan answer, 1) // a late answer stays in the buffer
	r.readings.Add(1)
	go func() {
		// Several callers may wait for a reading, so its time does not depend on
		// the context of the one that started it.
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

// confirm reads the source and checks the result.
func (r *refresher) confirm(ctx context.Context, before *confirmed, began time.Time) (c *confirmed, err error) {
	if ctx.Err() != nil {
		return nil, errClosed
	}
	defer func() {
		// A source that panics must not end the program.
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
		return nil, fmt.Errorf("deployment document: it borrows its key from %s, and the source did not read the lender's document", Describe(d.Key.Parameter, FormName))
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
			return nil, fmt.Errorf("the key of %s is %s, but the deployment document says %s", keyPairID, public.Algorithm(), document.Algorithm)
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

// interval returns the time until the next reading, which is shorter after a
// failure.
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

// jitter varies d, so that processes that started together do not read together.
func jitter(d time.Duration) time.Duration {
	spread := int64(d / 10)
	if spread == 0 {
		return d
	}
	return d - time.Duration(spread) + time.Duration(rand.Int64N(2*spread))
}

// BaseURL returns the scheme and host that serve the content, from the deployment
// or from Options.BaseURL. It is empty if neither sets it.
func (s *Signer) BaseURL(ctx context.Context) (string, error) {
	m, _, err := s.use(ctx)
	if err != nil {
		return "", err
	}
	return m.baseURL, nil
}

// Object returns the signed URL of the object with this S3 key: ObjectURL with the
// signer's base URL, then URL.
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
