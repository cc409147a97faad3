package signer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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
		// The window that gives this end starts a window before it, less what
		// was asked for.
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
			if changes > 2 { // its own, and the next window's
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

// slowKey signs when it is let.
type slowKey struct {
	Key
	let chan struct{}
}

func (k slowKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	<-k.let
	return k.Key.SignDigest(ctx, digest, hash)
}

func TestAllWhoAskForAMemoisedURLAtOnceGetOneAndTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const askers = 200
		key := slowKey{newKey(t, ECDSAP256), make(chan struct{})}
		s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Memoize: 10}))
		got := make(chan string)
		for range askers {
			go func() {
				signed, err := s.URL(context.Background(), site+"/rt.png", Policy{TTL: ttl, Window: time.Hour})
				if err != nil {
					t.Error(err)
				}
				got <- signed
			}()
		}
		synctest.Wait() // all of them are signing
		close(key.let)
		first := <-got
		for range askers - 1 {
			if <-got != first {
				t.Error("another URL")
			}
		}
	})
}

func TestAURLThatIsNoLongerAmongTheNewestIsStillKeptForThoseWhoSignedItToo(t *testing.T) {
	m := newMemo(2)
	key := func(url string) memoKey { return memoKey{url: url} }
	m.set(key("a"), "first")
	m.set(key("b"), "other")
	if got := m.set(key("a"), "second"); got != "first" {
		t.Errorf("got the %s URL", got)
	}
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
			if held := len(m.memo.newer) + len(m.memo.old); held > size {
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
