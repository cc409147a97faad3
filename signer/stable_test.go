package signer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAStableExpiryIsNeverShorterThanAskedAndLessThanAWindowLater(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		resource := fmt.Sprintf("%s/%d", site, random.Int())
		at := now().Add(time.Duration(random.Int64N(int64(1000 * time.Hour))))
		if random.IntN(4) == 0 {
			at = at.Truncate(time.Second)
		}
		asked := time.Duration(1 + random.Int64N(int64(100*time.Hour)))
		window := time.Duration(random.Int64N(int64(10 * time.Hour)))
		if random.IntN(4) == 0 {
			window = time.Duration(random.Int64N(int64(5 * time.Second)))
		}
		end := StableExpiry(resource, at, asked, window)
		if late := end.Sub(at.Add(asked)); late < 0 || late >= max(window, time.Second) {
			t.Fatalf("asked for %s at %s in windows of %s: ends %s later", asked, at, window, late)
		}
		if end.Nanosecond() != 0 {
			t.Fatalf("%s is not a whole second", end)
		}
		if again := StableExpiry(resource, at, asked, window); !again.Equal(end) {
			t.Fatalf("asked twice: %s and %s", end, again)
		}
	}
}

func TestAStableExpiryStaysTheSameForAWholeWindow(t *testing.T) {
	const window = time.Hour
	for i := range 50 {
		resource := fmt.Sprintf("%s/%d", site, i)
		first := StableExpiry(resource, now(), ttl, window)
		// The window of this end starts at its end, less ttl and the window's
		// length.
		start := first.Add(-ttl - window)
		for _, test := range []struct {
			at   time.Time
			same bool
		}{
			{start, false}, {start.Add(time.Nanosecond), true}, {start.Add(window / 3), true}, {start.Add(window), true},
			{start.Add(window + time.Nanosecond), false},
		} {
			if same := StableExpiry(resource, test.at, ttl, window).Equal(first); same != test.same {
				t.Errorf("%s into the window: the same end: %v", test.at.Sub(start), same)
			}
		}
		if next := StableExpiry(resource, start.Add(window+1), ttl, window); !next.Equal(first.Add(window)) {
			t.Errorf("the next window ends at %s, not a window later than %s", next, first)
		}
	}
}

// Servers with different versions of this package must agree, too.
func TestAStableExpiryIsTheSameInEveryVersion(t *testing.T) {
	for _, test := range []struct {
		resource string
		window   time.Duration
		want     int64
	}{
		{site + "/rt.png", time.Hour, 1800000806},
		{site + "/albums/7/*", time.Hour, 1800001070},
		{site + "/rt.png", 24 * time.Hour, 1800051206},
		{site + "/rt.png", time.Second, 1800000601},
	} {
		if got := StableExpiry(test.resource, time.Unix(1_800_000_000, 1), 10*time.Minute, test.window).Unix(); got != test.want {
			t.Errorf("%s, %s: got %d, want %d", test.resource, test.window, got, test.want)
		}
	}
}

func TestStableExpiriesOfManyResourcesAreSpreadOverTheWindow(t *testing.T) {
	const window, resources, parts = time.Hour, 6000, 12
	var counts [parts]int
	for i := range resources {
		end := StableExpiry(fmt.Sprintf("%s/albums/%d.jpg", site, i), now(), ttl, window)
		counts[int(end.Sub(now().Add(ttl))/(window/parts))]++
	}
	for part, n := range counts {
		if n < resources/parts*3/4 || n > resources/parts*5/4 {
			t.Errorf("%d of %d resources end in part %d of %d", n, resources, part+1, parts)
		}
	}
}

func TestAStableURLIsOneURLForAWholeWindowAndOpens(t *testing.T) {
	const window = 10 * time.Minute
	for name, test := range map[string]struct {
		algorithm Algorithm
		o         Options
		policy    Policy
	}{
		"RSA":                            {RSA2048, Options{}, Policy{TTL: ttl, Window: window}},
		"deterministic ECDSA":            {ECDSAP256, Options{Deterministic: true}, Policy{TTL: ttl, Window: window}},
		"memoised ECDSA":                 {ECDSAP256, Options{Memoize: 10}, Policy{TTL: ttl, Window: window}},
		"memoised ECDSA, custom policy":  {ECDSAP256, Options{Memoize: 10}, Policy{TTL: ttl, Window: window, Resource: site + "/*"}},
		"deterministic, with an address": {ECDSAP256, Options{Deterministic: true}, Policy{TTL: ttl, Window: window, IPAddress: "203.0.113.7"}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := now()
			o := test.o
			o.Now = func() time.Time { return clock }
			s := newSigner(t, test.algorithm, o)
			var last string
			changes := 0
			for ; clock.Before(now().Add(window)); clock = clock.Add(time.Second) {
				signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", test.policy))
				if signed != last {
					changes++
					last = signed
				}
				if clock.Second() == 0 {
					if v := Verify(Request{URL: signed, Time: clock.Add(ttl - 1), RemoteAddr: addr("203.0.113.7")}, trusted(t, test.algorithm)); !v.Allowed {
						t.Fatalf("%s: %s", clock, v.Detail)
					}
				}
			}
			if changes > 2 { // the present window's and the next one's
				t.Errorf("%d URLs in one window", changes)
			}
		})
	}
}

func TestAWindowIsRefusedWhereItCouldNotKeepItsPromise(t *testing.T) {
	hedged := newSigner(t, ECDSAP256, Options{})
	memoising := newSigner(t, ECDSAP256, Options{Memoize: 10})
	rsa := newSigner(t, RSA2048, Options{})
	for name, test := range map[string]struct {
		s      *Signer
		policy Policy
		want   string
	}{
		"signatures that never repeat": {hedged, Policy{TTL: ttl, Window: time.Hour}, "Options.Deterministic or Options.Memoize"},
		"a window below zero":          {rsa, Policy{TTL: ttl, Window: -1}, "above zero"},
		"an end of its own":            {rsa, Policy{Expires: now().Add(ttl), Window: time.Hour}, "without TTL"},
	} {
		if _, err := test.s.URL(t.Context(), site+"/rt.png", test.policy); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	stable := Policy{TTL: ttl, Window: time.Hour}
	if _, err := memoising.OpenAll(t.Context(), site+"/a/", stable); err == nil || !strings.Contains(err.Error(), "not passes") {
		t.Errorf("a pass, which is not remembered: got %v", err)
	}
	one, other := must[*Pass](t)(rsa.OpenAll(t.Context(), site+"/a/", stable)), must[*Pass](t)(rsa.OpenAll(t.Context(), site+"/a/", stable))
	if must[string](t)(one.URL(site+"/a/b")) != must[string](t)(other.URL(site+"/a/b")) {
		t.Error("two passes of one window differ")
	}
}

func TestAWindowThatReachesBeyondTheLimitIsRefusedAtAnyTimeNotAtSome(t *testing.T) {
	clock := now()
	s := newSigner(t, RSA2048, Options{MaxURLLifetime: time.Hour, Now: func() time.Time { return clock }})
	for i := range 120 {
		clock = now().Add(time.Duration(i) * time.Minute)
		if _, err := s.URL(t.Context(), site+"/rt.png", Policy{TTL: 30 * time.Minute, Window: 31 * time.Minute}); !errors.As(err, new(*LifetimeError)) {
			t.Fatalf("%s: got %v", clock, err)
		}
		for _, p := range []Policy{{TTL: 30 * time.Minute, Window: 30 * time.Minute}, {TTL: time.Hour, Window: time.Second}} {
			if _, err := s.URL(t.Context(), site+"/rt.png", p); err != nil {
				t.Fatalf("%s: %v", clock, err)
			}
		}
	}
}

// slowKey counts its signatures, and signs only when a test allows it.
type slowKey struct {
	Key
	let      chan error
	heedsCtx bool
	asked    atomic.Int64
}

func (k *slowKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	k.asked.Add(1)
	ended := ctx.Done()
	if !k.heedsCtx {
		ended = nil
	}
	select {
	case err := <-k.let:
		if err != nil {
			return nil, err
		}
	case <-ended:
		return nil, ctx.Err()
	}
	return k.Key.SignDigest(ctx, digest, hash)
}

// asker requests a memoized URL in a goroutine of its own.
type asker struct {
	signed string
	err    error
	done   chan struct{}
}

func ask(ctx context.Context, s *Signer, name string) *asker {
	a := &asker{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panicked: %v", p)
			}
		}()
		a.signed, a.err = s.URL(ctx, site+name, Policy{TTL: ttl, Window: time.Hour})
	}()
	return a
}

func TestAThousandWhoAskForAMemoisedURLAtOnceCostOneSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := &slowKey{Key: newKey(t, ECDSAP256), let: make(chan error)}
		s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: 10}))
		var askers []*asker
		for range 1000 {
			askers = append(askers, ask(t.Context(), s, "/rt.png"))
		}
		other := ask(t.Context(), s, "/other.png")
		synctest.Wait() // one of them signs, and the other waits
		if n := key.asked.Load(); n != 2 {
			t.Fatalf("the key was asked %d times for two URLs", n)
		}
		close(key.let)
		for _, a := range append(askers, other) {
			if <-a.done; a.err != nil || (a == other) == (a.signed == askers[0].signed) {
				t.Fatalf("got %s, %v", a.signed, a.err)
			}
		}
		if n := key.asked.Load(); n != 2 {
			t.Errorf("the key was asked %d times for two URLs", n)
		}
		m, _, _ := s.current(t.Context())
		if len(m.memo.flights) > 0 {
			t.Errorf("%d flights are left", len(m.memo.flights))
		}
	})
}

func TestACanceledCallerOfAMemoisedURLFailsNoOther(t *testing.T) {
	for name, heeds := range map[string]bool{"a key that heeds its context": true, "a key that does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key := &slowKey{Key: newKey(t, ECDSAP256), let: make(chan error), heedsCtx: heeds}
				s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: 10}))
				first, cancelFirst := context.WithCancel(t.Context())
				second, cancelSecond := context.WithCancel(t.Context())
				signs := ask(first, s, "/a")
				synctest.Wait()
				leaves, stays := ask(second, s, "/a"), ask(t.Context(), s, "/a")
				synctest.Wait()

				// A canceled waiter returns at once, and the signing call goes on.
				cancelSecond()
				<-leaves.done
				if !errors.Is(leaves.err, context.Canceled) {
					t.Errorf("canceled while it waited: got %v", leaves.err)
				}
				synctest.Wait()
				select {
				case <-signs.done:
					t.Errorf("the one that signs ended: %v", signs.err)
				default:
				}

				// If the signing call is canceled, another one signs.
				cancelFirst()
				synctest.Wait()
				key.let <- nil
				if heeds {
					<-signs.done
					if !errors.Is(signs.err, context.Canceled) {
						t.Errorf("canceled while it signed: got %v", signs.err)
					}
				}
				<-stays.done
				if stays.err != nil || stays.signed == "" {
					t.Errorf("the one that was not canceled: got %v", stays.err)
				}
			})
		})
	}
}

func TestAFailureOfTheKeyIsToldToAllWhoWaitAndNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := &slowKey{Key: newKey(t, ECDSAP256), let: make(chan error)}
		s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: 10}))
		askers := []*asker{ask(t.Context(), s, "/a"), ask(t.Context(), s, "/a"), ask(t.Context(), s, "/a")}
		synctest.Wait()
		broken := errors.New("the key is down")
		key.let <- broken
		for _, a := range askers {
			if <-a.done; !errors.Is(a.err, broken) {
				t.Errorf("got %v", a.err)
			}
		}
		if n := key.asked.Load(); n != 1 {
			t.Errorf("%d failures", n)
		}
		again := ask(t.Context(), s, "/a")
		synctest.Wait()
		key.let <- nil
		if <-again.done; again.err != nil {
			t.Errorf("asked again: %v", again.err)
		}
	})
}

// panickingKey panics once.
type panickingKey struct {
	Key
	panicked atomic.Bool
	let      chan struct{}
}

func (k *panickingKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	if !k.panicked.Swap(true) {
		<-k.let
		panic("a key of somebody else")
	}
	return k.Key.SignDigest(ctx, digest, hash)
}

func TestAKeyThatPanicsLeavesNobodyWaitingForAMemoisedURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := &panickingKey{Key: newKey(t, ECDSAP256), let: make(chan struct{})}
		s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: 10}))
		signs := ask(t.Context(), s, "/a")
		synctest.Wait()
		waits := ask(t.Context(), s, "/a")
		synctest.Wait()
		close(key.let)
		<-signs.done
		<-waits.done
		if signs.err == nil || waits.err != nil || waits.signed == "" {
			t.Errorf("got %v and %v", signs.err, waits.err)
		}
	})
}

// remembered returns how many URLs a memo holds.
func remembered(m *memo) (n int) {
	for _, g := range []*generation{m.newer.Load(), m.old.Load()} {
		if g != nil {
			g.urls.Range(func(any, any) bool { n++; return true })
		}
	}
	return n
}

func TestTheMemoryOfURLsIsBoundedAndKeepsWhatIsAskedFor(t *testing.T) {
	for _, size := range []int{1, 2, 3, 10, 101} {
		key := &countingKey{Key: newKey(t, ECDSAP256)}
		s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: size}))
		m, _, err := s.current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sign := func(name string) string {
			return must[string](t)(s.URL(t.Context(), site+"/"+name, Policy{TTL: ttl, Window: time.Hour}))
		}
		popular := sign("popular")
		for i := range 3 * size {
			sign(fmt.Sprint(i))
			if held := remembered(m.memo); held > size {
				t.Fatalf("%d URLs are remembered, %d were asked for", held, size)
			}
			if size > 3 && sign("popular") != popular {
				t.Fatalf("of %d, what is asked for all the time was forgotten", size)
			}
		}
		before := key.signed
		sign("new")
		sign("new")
		if made := key.signed - before; made != 1 {
			t.Errorf("of %d: %d signatures for one URL asked for twice", size, made)
		}
	}
}

func TestWhatIsRememberedKeepsNoTextOfTheCallerInMemory(t *testing.T) {
	s := must[*Signer](t)(New(keyID, newKey(t, ECDSAP256), &Options{Memoize: 100, Now: now}))
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := inUse()
	for i := range 40 {
		url := fmt.Sprintf("%s/%d", site, i)
		pattern := url + "*"
		text := pattern + strings.Repeat("a", 1<<20)
		for _, resource := range []string{"", text[:len(pattern)]} {
			must[string](t)(s.URL(t.Context(), text[:len(url)], Policy{TTL: ttl, Window: time.Hour, Resource: resource}))
		}
	}
	if kept := inUse() - before; kept > 10<<20 {
		t.Errorf("%d bytes are kept for 80 URLs", kept)
	}
	runtime.KeepAlive(s)
}

func TestOnlyStableURLsAreRememberedEachForItsOwnPolicy(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{Memoize: 100})
	sign := func(name string, p Policy) string {
		return must[string](t)(s.URL(t.Context(), site+name, p))
	}
	once := sign("/a", Policy{TTL: ttl})
	if again := sign("/a", Policy{TTL: ttl}); again == once {
		t.Error("a URL without a window is remembered")
	}
	stable := sign("/a", Policy{TTL: ttl, Window: time.Hour})
	end := Verify(Request{URL: stable, Time: now()}, trusted(t, ECDSAP256)).Statement.Expires
	if sign("/a", Policy{Expires: end}) == stable {
		t.Error("a URL without a window is taken from what is remembered")
	}
	seen := map[string]bool{}
	policies := []Policy{
		{TTL: ttl, Window: time.Hour},
		{TTL: 3 * time.Hour, Window: time.Hour},
		{TTL: ttl, Window: time.Hour, IPAddress: "203.0.113.7"},
		{TTL: ttl, Window: time.Hour, IPAddress: "203.0.113.8"},
		{TTL: ttl, Window: time.Hour, NotBefore: now().Add(-time.Minute)},
		{TTL: ttl, Window: time.Hour, Resource: site + "/*"},
	}
	for range 2 {
		for _, p := range policies {
			seen[sign("/a", p)], seen[sign("/b", p)] = true, true
		}
	}
	if len(seen) != 2*len(policies) {
		t.Errorf("%d URLs for %d", len(seen), 2*len(policies))
	}
	if _, err := New(keyID, newKey(t, ECDSAP256), &Options{Memoize: -1}); err == nil {
		t.Error("a memory below zero: accepted")
	}
}

func TestTheMemoryOfURLsStaysBoundedAndRightWhileManyAsk(t *testing.T) {
	const size, askers, names = 16, 8, 40
	s := newSigner(t, RSA2048, Options{Memoize: size})
	plain := newSigner(t, RSA2048, Options{})
	want := map[string]string{}
	sign := func(s *Signer, name string) string {
		signed, err := s.URL(context.Background(), site+name, Policy{TTL: ttl, Window: time.Hour})
		if err != nil {
			t.Error(err)
		}
		return signed
	}
	for i := range names {
		name := fmt.Sprintf("/%d", i)
		want[name] = sign(plain, name)
	}
	m, _, err := s.current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for asker := range askers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(asker)))
			for range 200 {
				name := fmt.Sprintf("/%d", random.IntN(1+random.IntN(names)))
				if got := sign(s, name); got != want[name] {
					t.Errorf("%s: got %s", name, got)
				}
				if held := remembered(m.memo); held > size+1 { // one is between two generations
					t.Errorf("%d URLs are remembered", held)
				}
			}
		})
	}
	wg.Wait()
	if held := remembered(m.memo); held > size {
		t.Errorf("%d URLs are remembered", held)
	}
}
