package signer

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Grant is the record of one signature that a Signer gave out, for
// Options.OnGrant: what it opens, for whom and until when. It holds no signature
// and nothing that one could be made of, so it opens nothing itself.
//
// A Grant is a [slog.LogValuer]. Its members are kind, keyPairId, resource, policy,
// expires and, where they are set, notBefore, ipAddress and subject. Times are
// RFC 3339 in UTC and whole seconds, as CloudFront compares them.
type Grant struct {
	// Kind is what was given out.
	Kind GrantKind

	// Time is the reading of the signer's clock that the expiry counts from.
	Time time.Time

	// KeyPairID is CloudFront's id of the key that signed.
	KeyPairID string

	// Statement is what is opened: the resource, in which wildcards may stand, and
	// the conditions.
	Statement Statement

	// Canned reports a canned policy; any other is a custom one.
	Canned bool

	// Subject is that of WithSubject, such as the id of a user. Empty means that
	// the caller named none.
	Subject string
}

// GrantKind is what a Signer gives out.
type GrantKind string

const (
	GrantURL     GrantKind = "url"     // Signer.URL, and what calls it
	GrantCookies GrantKind = "cookies" // Signer.Cookies
	GrantPass    GrantKind = "pass"    // Signer.OpenAll: all URLs and cookies of the pass are one grant
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

// WithSubject returns a context whose grants have this subject: who asked, by a
// name that the caller's own logs have too. A middleware sets it once for all that
// a request signs.
func WithSubject(ctx context.Context, subject string) context.Context {
	return context.WithValue(ctx, subjectKey{}, subject)
}

// granted tells the hook of a grant, before the grant is given out.
func (m *material) granted(ctx context.Context, kind GrantKind, now time.Time, st Statement, canned bool) error {
	g := Grant{Kind: kind, Time: now, KeyPairID: m.keyPairID, Statement: st, Canned: canned}
	g.Subject, _ = ctx.Value(subjectKey{}).(string)
	if err := m.onGrant(ctx, g); err != nil {
		return fmt.Errorf("recording the grant: %w", err)
	}
	return nil
}
