package signer

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// grants keeps the grants that a hook was called with.
type grants struct {
	mu   sync.Mutex
	list []Grant
}

func (g *grants) add(_ context.Context, one Grant) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = append(g.list, one)
	return nil
}

func TestEachGrantIsRecordedOnceWithWhatItOpens(t *testing.T) {
	end := now().Add(ttl)
	start := now().Add(-time.Minute)
	for name, test := range map[string]struct {
		give func(context.Context, *Signer) error
		want string
	}{
		"a URL": {func(ctx context.Context, s *Signer) error {
			_, err := s.URL(ctx, site+"/rt.png?v=1", Policy{TTL: ttl})
			return err
		}, fmt.Sprintf("url %s %s/rt.png?v=1 canned %s", keyID, site, stamp(end))},
		"a URL of a pattern": {func(ctx context.Context, s *Signer) error {
			_, err := s.URL(ctx, site+"/a/rt.png", Policy{TTL: ttl, Resource: site + "/a/*"})
			return err
		}, fmt.Sprintf("url %s %s/a/* custom %s", keyID, site, stamp(end))},
		"a URL with a start and an address": {func(ctx context.Context, s *Signer) error {
			_, err := s.URL(ctx, site+"/rt.png", Policy{TTL: ttl, NotBefore: start, IPAddress: "203.0.113.0/24"})
			return err
		}, fmt.Sprintf("url %s %s/rt.png custom %s %s 203.0.113.0/24", keyID, site, stamp(end), stamp(start))},
		"cookies": {func(ctx context.Context, s *Signer) error {
			_, err := s.Cookies(ctx, site+"/a/*", Policy{TTL: ttl}, CookieOptions{})
			return err
		}, fmt.Sprintf("cookies %s %s/a/* custom %s", keyID, site, stamp(end))},
		"cookies of one URL": {func(ctx context.Context, s *Signer) error {
			_, err := s.Cookies(ctx, site+"/a/rt.png", Policy{TTL: ttl}, CookieOptions{})
			return err
		}, fmt.Sprintf("cookies %s %s/a/rt.png canned %s", keyID, site, stamp(end))},
		"a pass, whose URLs and cookies are no further grants": {func(ctx context.Context, s *Signer) error {
			pass, err := s.OpenAll(ctx, site+"/a/", Policy{TTL: ttl})
			if err == nil {
				_, err = pass.URL(site + "/a/rt.png")
			}
			if err == nil {
				_, err = pass.Cookies(CookieOptions{})
			}
			return err
		}, fmt.Sprintf("pass %s %s/a/* custom %s", keyID, site, stamp(end))},
	} {
		t.Run(name, func(t *testing.T) {
			var told grants
			s := newSigner(t, ECDSAP256, Options{OnGrant: told.add})
			if err := test.give(WithSubject(t.Context(), "user 7"), s); err != nil {
				t.Fatal(err)
			}
			if len(told.list) != 1 {
				t.Fatalf("%d grants, want 1", len(told.list))
			}
			g := told.list[0]
			policy := "custom"
			if g.Canned {
				policy = "canned"
			}
			got := fmt.Sprintf("%s %s %s %s %s", g.Kind, g.KeyPairID, g.Statement.Resource, policy, stamp(g.Statement.Expires))
			if !g.Statement.NotBefore.IsZero() {
				got += " " + stamp(g.Statement.NotBefore)
			}
			if g.Statement.IPAddress.IsValid() {
				got += " " + g.Statement.IPAddress.String()
			}
			if got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
			if g.Subject != "user 7" || !g.Time.Equal(now()) {
				t.Errorf("for %q at %s", g.Subject, g.Time)
			}
		})
	}
}

func TestWhatIsRefusedIsNoGrant(t *testing.T) {
	var told grants
	s := newSigner(t, ECDSAP256, Options{OnGrant: told.add, MaxURLLifetime: time.Hour})
	ctx := t.Context()
	broken := must[*Signer](t)(New(keyID, failingKey{newKey(t, ECDSAP256)}, &Options{OnGrant: told.add, Now: now}))
	for name, give := range map[string]func() error{
		"a lifetime beyond the limit": func() error { _, err := s.URL(ctx, site+"/a", Policy{TTL: 2 * time.Hour}); return err },
		"a URL that clients rewrite":  func() error { _, err := s.URL(ctx, site+"/a b", Policy{TTL: ttl}); return err },
		"cookies that are too long": func() error {
			_, err := s.Cookies(ctx, site+"/"+strings.Repeat("a", 3500)+"*", Policy{TTL: ttl}, CookieOptions{Path: "/"})
			return err
		},
		"a prefix without a slash":    func() error { _, err := s.OpenAll(ctx, site+"/a", Policy{TTL: ttl}); return err },
		"a URL of a key that fails":   func() error { _, err := broken.URL(ctx, site+"/a", Policy{TTL: ttl}); return err },
		"cookies of a key that fails": func() error { _, err := broken.Cookies(ctx, site+"/a", Policy{TTL: ttl}, CookieOptions{}); return err },
		"a pass of a key that fails":  func() error { _, err := broken.OpenAll(ctx, site+"/a/", Policy{TTL: ttl}); return err },
	} {
		if give() == nil {
			t.Errorf("%s: no error", name)
		}
		if len(told.list) > 0 {
			t.Fatalf("%s: recorded as a grant", name)
		}
	}
}

// failingKey is a key that cannot be used.
type failingKey struct{ *PrivateKey }

func (failingKey) SignDigest(context.Context, []byte, crypto.Hash) ([]byte, error) {
	return nil, errors.New("no")
}

func TestNothingIsGivenOutThatCannotBeRecorded(t *testing.T) {
	full := errors.New("the disk is full")
	s := newSigner(t, ECDSAP256, Options{OnGrant: func(context.Context, Grant) error { return full }})
	ctx := t.Context()
	url, urlErr := s.URL(ctx, site+"/a", Policy{TTL: ttl})
	cookies, cookiesErr := s.Cookies(ctx, site+"/a/*", Policy{TTL: ttl}, CookieOptions{})
	pass, passErr := s.OpenAll(ctx, site+"/a/", Policy{TTL: ttl})
	if url != "" || cookies != nil || pass != nil {
		t.Error("given out without a record")
	}
	for _, err := range []error{urlErr, cookiesErr, passErr} {
		if !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAURLThatIsRememberedIsAGrantEachTime(t *testing.T) {
	var told grants
	s := newSigner(t, ECDSAP256, Options{OnGrant: told.add, Memoize: 10})
	first := must[string](t)(s.URL(WithSubject(t.Context(), "anna"), site+"/a", Policy{TTL: ttl, Window: time.Hour}))
	again := must[string](t)(s.URL(WithSubject(t.Context(), "bert"), site+"/a", Policy{TTL: ttl, Window: time.Hour}))
	if first != again {
		t.Fatal("the URL was not remembered")
	}
	if len(told.list) != 2 || told.list[0].Subject != "anna" || told.list[1].Subject != "bert" {
		t.Errorf("recorded: %+v", told.list)
	}
}

func TestAPassThatIsKeptIsAGrantForEachViewerWhoIsGivenIt(t *testing.T) {
	var told grants
	at := now()
	s := must[*Signer](t)(New(keyID, newKey(t, ECDSAP256), &Options{OnGrant: told.add, Now: func() time.Time { return at }}))
	pass := must[*Pass](t)(s.OpenAll(WithSubject(t.Context(), "anna"), site+"/a/", Policy{TTL: ttl}))
	at = at.Add(time.Second)
	if err := pass.GiveAgain(WithSubject(t.Context(), "bert")); err != nil {
		t.Fatal(err)
	}
	if len(told.list) != 2 || told.list[0].Subject != "anna" || told.list[1].Subject != "bert" {
		t.Fatalf("recorded: %+v", told.list)
	}
	second := told.list[1]
	if !second.Time.Equal(at) {
		t.Errorf("the second was given at %s, want %s", second.Time, at)
	}
	second.Time, second.Subject = told.list[0].Time, "anna"
	if fmt.Sprintf("%+v", second) != fmt.Sprintf("%+v", told.list[0]) {
		t.Errorf("\n got %+v\nwant %+v", second, told.list[0])
	}

	at = at.Add(ttl)
	if err := pass.GiveAgain(t.Context()); !errors.Is(err, ErrExpired) || len(told.list) != 2 {
		t.Errorf("once it has expired: %v, %d records", err, len(told.list))
	}
	if err := new(Pass).GiveAgain(t.Context()); err == nil {
		t.Error("a zero pass is given")
	}
	if err := must[*Pass](t)(newSigner(t, ECDSAP256, Options{}).OpenAll(t.Context(), site+"/a/", Policy{TTL: ttl})).GiveAgain(t.Context()); err != nil {
		t.Errorf("without a hook: %v", err)
	}
}

func TestASignerOfADeploymentRecordsItsGrants(t *testing.T) {
	var told grants
	file := writeDeployment(t, "signing.key", nil)
	s := must[*Signer](t)(Open(t.Context(), FileSource(file), &OpenOptions{OnGrant: told.add}))
	defer s.Close()
	must[string](t)(s.Object(t.Context(), "a.png", Policy{TTL: ttl}))
	if len(told.list) != 1 || told.list[0].Statement.Resource != site+"/a.png" {
		t.Errorf("recorded: %+v", told.list)
	}
}

// A reader of the records must not be able to open anything with them.
func TestARecordHoldsNoSignature(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	var all []Grant
	s := newSigner(t, ECDSAP256, Options{OnGrant: func(ctx context.Context, g Grant) error {
		all = append(all, g)
		logger.InfoContext(ctx, "grant", "grant", g)
		return nil
	}})
	ctx := WithSubject(t.Context(), "anna")
	var given []string
	url := must[string](t)(s.URL(ctx, site+"/a", Policy{TTL: ttl}))
	given = append(given, url[strings.Index(url, "Signature=")+10:][:64])
	for _, cookie := range must[[]*http.Cookie](t)(s.Cookies(ctx, site+"/a/*", Policy{TTL: ttl, IPAddress: "203.0.113.7"}, CookieOptions{})) {
		if strings.HasSuffix(cookie.Name, "Signature") || strings.HasSuffix(cookie.Name, "Policy") {
			given = append(given, cookie.Value)
		}
	}
	query := must[string](t)(must[*Pass](t)(s.OpenAll(ctx, site+"/b/", Policy{TTL: ttl})).Query())
	given = append(given, query[strings.Index(query, "Signature=")+10:][:64])

	records := log.String() + fmt.Sprintf("%+v %#v", all, all)
	for _, secret := range given {
		if secret != "" && strings.Contains(records, secret) {
			t.Errorf("a record holds %s", secret)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 3 || len(given) < 4 {
		t.Fatalf("%d records of %d secrets", lines, len(given))
	}
	var record struct {
		Grant map[string]string `json:"grant"`
	}
	if err := json.NewDecoder(&log).Decode(&record); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"kind": "url", "keyPairId": keyID, "resource": site + "/a", "policy": "canned", "expires": stamp(now().Add(ttl)), "subject": "anna"}
	if fmt.Sprint(record.Grant) != fmt.Sprint(want) {
		t.Errorf("\n got %v\nwant %v", record.Grant, want)
	}
}

// quickKey returns a constant signature, so that a benchmark measures everything
// else.
type quickKey struct{ *PrivateKey }

var constantSignature = bytes.Repeat([]byte{1}, 70)

func (quickKey) SignDigest(context.Context, []byte, crypto.Hash) ([]byte, error) {
	return constantSignature, nil
}

func BenchmarkURLWithAndWithoutARecord(b *testing.B) {
	key := newKey(b, ECDSAP256)
	for name, hook := range map[string]func(context.Context, Grant) error{
		"without": nil,
		"with":    func(context.Context, Grant) error { return nil },
	} {
		b.Run(name, func(b *testing.B) {
			s := must[*Signer](b)(New(keyID, quickKey{key}, &Options{Now: now, OnGrant: hook}))
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.URL(ctx, site+"/rt.png", Policy{TTL: ttl}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
