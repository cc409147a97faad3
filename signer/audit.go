package signer

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Grant records one signature that a Signer made, for Options.OnGrant: what it
// opens, for which subject and until when. It holds no signature and nothing that
// one could be made from.
//
// A Grant is a [slog.LogValuer]. Its attributes are kind, keyPairId, resource,
// policy, expires and, if they are set, notBefore, ipAddress and subject. Times are
// RFC 3339 in UTC and whole seconds, as CloudFront compares them.
type Grant struct {
	// Kind is what was signed.
	Kind GrantKind

	// Time is the time from which the expiry was counted.
	Time time.Time

	// KeyPairID is CloudFront's id of the key that signed.
	KeyPairID string

	// Statement is the resource, which may have wildcards, and the conditions.
	Statement Statement

	// Canned reports whether the policy is canned; otherwise it is custom.
	Canned bool

	// Subject is the subject of WithSubject, such as the id of a user. Empty means
	// that the context has none.
	Subject string
}

// GrantKind is what a Signer signed.
type GrantKind string

const (
	GrantURL     GrantKind = "url"     // Signer.URL and its callers
	GrantCookies GrantKind = "cookies" // Signer.Cookies
	GrantPass    GrantKind = "pass"    // Signer.OpenAll and Pass.GiveAgain: one grant to one viewer for all URLs and cookies of the pass
)

// LogValue returns the grant as a group of attributes.
func (g Grant) LogValue() slog.Value {
	policy := "custom"
	if g.Canned {
		policy = "canned"
	}
	members := []slog.Attr{
		slog.String("kind", string(g.Kind)),
		slog.String("keyPairId", g.KeyPairID),
		slog.String("resource", g.Statement.Resource),
		slog.String("policy", policy),
		slog.String("expires", stamp(g.Statement.Expires)),
	}
	if !g.Statement.NotBefore.IsZero() {
		members = append(members, slog.String("notBefore", stamp(g.Statement.NotBefore)))
	}
	if g.Statement.IPAddress.IsValid() {
		members = append(members, slog.String("ipAddress", g.Statement.IPAddress.String()))
	}
	if g.Subject != "" {
		members = append(members, slog.String("subject", g.Subject))
	}
	return slog.GroupValue(members...)
}

type subjectKey struct{}

// WithSubject returns a copy of ctx whose grants have this subject: the user, by a
// name that the caller's own logs use too. A middleware sets it once for everything
// that a request signs.
func WithSubject(ctx context.Context, subject string) context.Context {
	return context.WithValue(ctx, subjectKey{}, subject)
}

// granted calls the OnGrant hook, before the signature is returned.
func (m *material) granted(ctx context.Context, kind GrantKind, now time.Time, st Statement, canned bool) error {
	g := Grant{Kind: kind, Time: now, KeyPairID: m.keyPairID, Statement: st, Canned: canned}
	g.Subject, _ = ctx.Value(subjectKey{}).(string)
	if err := m.onGrant(ctx, g); err != nil {
		return fmt.Errorf("recording the grant: %w", err)
	}
	return nil
}
