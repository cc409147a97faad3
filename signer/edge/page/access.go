package page

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// accessPath is the path of a request to an object, for each cache behavior.
type accessPath struct {
	Lanes []lane   `json:"lanes"`
	Notes []string `json:"notes"`
}

// lane is the path through one cache behavior. Link i leads to stop i+1.
type lane struct {
	Pattern string `json:"pattern"`
	Stops   []stop `json:"stops"`
	Links   []hop  `json:"links"`
}

// stop is one part of the path.
type stop struct {
	Title string   `json:"title"`
	Text  string   `json:"text"`
	Lines []string `json:"lines,omitempty"`
}

// hop is a link between two stops.
type hop struct {
	State  string `json:"state"`
	At     string `json:"at"` // the title of the stop that it leads to
	Reason string `json:"reason,omitempty"`
}

// The states of a hop.
const (
	good       = "good"
	broken     = "broken"
	warning    = "warning"
	notReached = "unreached"
)

// The stops of a lane in order, and the hops that lead to them.
const (
	toBehavior = iota
	toKeys
	toIdentity
	toPolicy
	toBucket
)

func (p *Page) showAccess(_ http.ResponseWriter, r *http.Request) (any, error) {
	e := p.edge()
	d := e.Distribution()
	path := accessPath{Lanes: []lane{}, Notes: []string{}}
	if d == nil {
		return path, nil
	}
	samples := p.samples(d)
	for i, b := range d.Behaviors {
		path.Lanes = append(path.Lanes, p.laneOf(r.Context(), e, d, i, samples[b]))
	}
	if e.Deployment() == nil {
		path.Notes = append(path.Notes, "The template has no deployment document, so applications cannot find the current key.")
	}
	return path, nil
}

// laneOf returns the path through a cache behavior. It sends an actual request to
// the edge, so the result shows what requests meet.
func (p *Page) laneOf(ctx context.Context, e *edge.Edge, d *model.Distribution, i int, sample string) lane {
	b := d.Behaviors[i]
	l := lane{Pattern: redact.Path(b.PathPattern), Stops: stopsOf(e, d, b)}
	for _, s := range l.Stops[1:] {
		l.Links = append(l.Links, hop{State: good, At: s.Title})
	}
	mark := func(at int, state, reason string) {
		if now := l.Links[at].State; now == good || state == broken && now != broken {
			l.Links[at].State, l.Links[at].Reason = state, reason
		}
	}
	if state, reason := hiddenBy(d.Behaviors[:i], b); state != "" {
		mark(toBehavior, state, reason)
	}
	if b.Unknown != "" {
		mark(toBehavior, broken, "the local edge refuses every request: "+b.Unknown)
	}
	if l.Links[toBehavior].State == broken {
		for at := toKeys; at <= toBucket; at++ {
			mark(at, notReached, "")
		}
		return l
	}
	if !b.Public {
		p.markKeys(e, b, mark)
	}
	target, signed, why := p.probe(ctx, e, b, sample)
	if why != "" {
		mark(toKeys, warning, "no request was tried: "+why)
		if !signed {
			for at := toIdentity; at <= toBucket; at++ {
				mark(at, notReached, "")
			}
		}
		return l
	}
	x := e.Explain(edge.Record{Method: http.MethodGet, Target: target, RemoteAddr: netip.AddrFrom4([4]byte{127, 0, 0, 1})})
	if x.Record.Allowed {
		return l
	}
	reason := x.Record.Reason
	switch x.Record.Refused {
	case edge.CheckObject, edge.CheckObjectKey, edge.CheckConditions:
		return l // the path works; the object does not exist
	case edge.CheckBucket:
		if b.Origin.Identity == (model.Identity{}) {
			mark(toIdentity, broken, "CloudFront reads the bucket as an anonymous caller: give the origin an origin access control or an origin access identity")
			mark(toPolicy, notReached, "")
		} else {
			mark(toPolicy, broken, reason)
		}
		mark(toBucket, notReached, "")
	case edge.CheckEncryption:
		mark(toBucket, broken, reason)
	case edge.CheckSize, edge.CheckTarget, edge.CheckHost, edge.CheckMethod:
		mark(toBehavior, broken, reason)
	default:
		if x.Verdict != nil && !x.Verdict.Allowed {
			reason = x.Verdict.Detail
		}
		mark(toKeys, broken, reason)
		for at := toIdentity; at <= toBucket; at++ {
			mark(at, notReached, "")
		}
	}
	return l
}

// markKeys marks what is wrong with the keys that a cache behavior trusts.
func (p *Page) markKeys(e *edge.Edge, b *model.Behavior, mark func(at int, state, reason string)) {
	document := e.Deployment()
	if document == nil {
		return
	}
	if _, trusted := b.TrustedKeys[document.KeyPairID]; !trusted {
		mark(toKeys, broken, fmt.Sprintf("%s signs, but no key group that this behavior trusts has it: add its public key to the key group", signer.Describe(document.KeyPairID, signer.FormID)))
		return
	}
	for _, id := range slices.Sorted(maps.Keys(b.TrustedKeys)) {
		if b.TrustedKeys[id] == nil {
			mark(toKeys, warning, fmt.Sprintf("%s is trusted, but its public key is unknown here: the local edge refuses what it signed", signer.Describe(id, signer.FormID)))
		}
	}
}

// probe returns a target for which the cache behavior is chosen, signed if the
// behavior requires it, or why there is none.
func (p *Page) probe(ctx context.Context, e *edge.Edge, b *model.Behavior, sample string) (target string, signed bool, why string) {
	if sample == "" {
		return "", false, "no path was found for which this behavior is chosen"
	}
	if b.Public {
		return sample, true, ""
	}
	s, err := p.signerOf(e)
	if err != nil {
		return "", false, err.Error()
	}
	address, err := s.URL(ctx, p.baseURL+sample, signer.Policy{TTL: time.Minute})
	if err != nil {
		return "", false, err.Error()
	}
	return strings.TrimPrefix(address, p.baseURL), true, ""
}

// samples returns a raw path for each cache behavior, that of an object if
// possible.
func (p *Page) samples(d *model.Distribution) map[*model.Behavior]string {
	samples := map[*model.Behavior]string{}
	take := func(rawPath string) {
		for _, b := range d.Behaviors {
			if signer.MatchPattern(b.PathPattern, rawPath) {
				if samples[b] == "" {
					samples[b] = rawPath
				}
				return
			}
		}
	}
	bucketPath := p.edge().BucketPath() + "/"
	for _, key := range p.objects.Keys() {
		if len(samples) == len(d.Behaviors) {
			return samples
		}
		served, is := strings.CutPrefix("/"+key, bucketPath)
		if !is {
			continue
		}
		if address, err := signer.ObjectURL(p.baseURL, served); err == nil {
			take(strings.TrimPrefix(address, p.baseURL))
		}
	}
	for _, b := range d.Behaviors {
		for _, word := range []string{"x", "access-path", "0"} {
			rawPath := strings.ReplaceAll(strings.ReplaceAll(b.PathPattern, "*", word), "?", "x")
			if !strings.HasPrefix(rawPath, "/") {
				rawPath = "/" + rawPath
			}
			if signer.CheckURL(p.baseURL+rawPath) == nil {
				take(rawPath)
			}
		}
	}
	return samples
}

// stopsOf returns the stops of the path through a cache behavior.
func stopsOf(e *edge.Edge, d *model.Distribution, b *model.Behavior) []stop {
	viewer, keys := stop{Title: "Viewer", Text: "signed URL or cookies"}, stop{Title: "Key group"}
	behavior := stop{Title: "Cache behavior", Text: redact.Path(b.PathPattern), Lines: []string{redact.Text(strings.Join(b.Methods, ", "))}}
	if b.Escapes != nil {
		behavior.Lines = append(behavior.Lines, "refuses escaped paths")
	}
	if b.Public {
		viewer.Text, keys.Text = "anyone", "public: no key"
	} else {
		keys.Text = fmt.Sprintf("%d keys", len(b.TrustedKeys))
		if len(b.TrustedKeys) == 1 {
			keys.Text = "1 key"
		}
		keys.Lines = keyLines(e, d, b)
	}
	if b.Origin == nil {
		return []stop{viewer, behavior, keys, {Title: "Identity", Text: unknownHere}, {Title: "Bucket policy", Text: unknownHere}, {Title: "Bucket", Text: unknownHere}}
	}
	policy := b.Origin.Bucket.Policy
	policyStop := stop{Title: "Bucket policy", Text: fmt.Sprintf("%d statements", len(policy.Statements))}
	if len(policy.Statements) == 1 {
		policyStop.Text = "1 statement"
	}
	for _, s := range policy.Statements {
		policyStop.Lines = append(policyStop.Lines, statementLine(s))
	}
	return []stop{viewer, behavior, keys, identityStop(b.Origin.Identity), policyStop, bucketStop(b.Origin)}
}

// unknownHere replaces the origin of a cache behavior that the edge cannot serve.
const unknownHere = "unknown here"

// keyLines returns the keys of a cache behavior with their states, and the
// template's keys that it does not trust.
func keyLines(e *edge.Edge, d *model.Distribution, b *model.Behavior) (lines []string) {
	signs := ""
	if document := e.Deployment(); document != nil {
		signs = document.KeyPairID
	}
	for _, id := range slices.Sorted(maps.Keys(b.TrustedKeys)) {
		state := "trusted"
		switch key := b.TrustedKeys[id]; {
		case key == nil:
			state = "trusted, unknown here"
		case id == signs:
			state = "signs now"
		}
		lines = append(lines, redact.Text(id)+" "+state)
	}
	for _, id := range slices.Sorted(maps.Keys(d.PublicKeys)) {
		if _, trusted := b.TrustedKeys[id]; trusted {
			continue
		}
		state := "not in the group"
		if id == signs {
			state = "signs now, not in the group"
		}
		lines = append(lines, redact.Text(id)+" "+state)
	}
	return lines
}

func identityStop(i model.Identity) stop {
	switch {
	case i.OAI != "":
		return stop{Title: "Identity", Text: "origin access identity", Lines: []string{redact.Text(i.OAI)}}
	case i.Control:
		return stop{Title: "Identity", Text: "origin access control", Lines: []string{"signs as CloudFront"}}
	}
	return stop{Title: "Identity", Text: "none: anonymous"}
}

// statementLine returns a statement of a policy on one line.
func statementLine(s model.Statement) string {
	words := []string{"allows"}
	if s.Deny {
		words[0] = "denies"
	}
	if s.Actions.Inverted {
		words = append(words, "all but")
	}
	words = append(words, redact.Text(strings.Join(s.Actions.Values, ", ")), "on")
	var on []string
	for _, value := range s.Resources.Values {
		on = append(on, redact.Path(redact.Text(strings.TrimPrefix(value, "arn:aws:s3:::"))))
	}
	words = append(words, strings.Join(on, ", "))
	if len(s.Conditions) > 0 {
		words = append(words, "if", redact.Name(s.Conditions[0].Key))
	}
	return strings.Join(words, " ")
}

func bucketStop(o *model.Origin) stop {
	s := stop{Title: "Bucket", Text: redact.Text(o.Bucket.Name)}
	if o.Path != "" {
		s.Lines = append(s.Lines, "folder "+redact.Path(o.Path))
	}
	switch e := o.Bucket.Encryption; {
	case e.KMS && e.AWSKey:
		s.Lines = append(s.Lines, "SSE-KMS, AWS managed key")
	case e.KMS:
		s.Lines = append(s.Lines, "SSE-KMS")
	}
	if len(o.Bucket.CORS) > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("%d CORS rules", len(o.Bucket.CORS)))
	}
	return s
}

// hiddenBy returns which earlier cache behavior gets the requests of b. A public
// behavior before the default one is usual, but a signed pattern after a public one
// is probably a mistake.
func hiddenBy(before []*model.Behavior, b *model.Behavior) (state, reason string) {
	for _, other := range before {
		pattern := redact.Path(other.PathPattern)
		switch shared, overlaps := commonPath(other.PathPattern, b.PathPattern); {
		case !overlaps:
		case coversPattern(other.PathPattern, b.PathPattern) && other.Public && !b.Public:
			return broken, fmt.Sprintf("%s comes before it, matches all its paths and is public: put the signed pattern first", pattern)
		case coversPattern(other.PathPattern, b.PathPattern):
			return broken, fmt.Sprintf("%s comes before it and matches all its paths, so it is never chosen: put the narrower pattern first", pattern)
		case other.Public && !b.Public && b.PathPattern != "*":
			state, reason = warning, fmt.Sprintf("%s comes before it and is public, so %s needs no signature: put the signed pattern first", pattern, redact.Path(shared))
		}
	}
	return state, reason
}

// coversPattern reports whether a path pattern matches every path that another
// matches: a star of other must match a star of pattern.
func coversPattern(pattern, other string) bool {
	// The character stands for any text. No pattern contains it.
	const any = "\uE000"
	return signer.MatchPattern(strings.ReplaceAll(pattern, "?", "\uE001"), strings.ReplaceAll(strings.ReplaceAll(other, "*", any), "?", "\uE001"))
}

// commonPath returns a short path that both path patterns match.
func commonPath(a, b string) (string, bool) {
	as, bs := []rune(a), []rune(b)
	type place struct{ i, j int }
	type step struct {
		from place
		c    rune // 0: none
	}
	came := map[place]step{{0, 0}: {}}
	queue := []place{{0, 0}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at.i == len(as) && at.j == len(bs) {
			var path []rune
			for at != (place{}) {
				s := came[at]
				if s.c != 0 {
					path = append(path, s.c)
				}
				at = s.from
			}
			slices.Reverse(path)
			return string(path), true
		}
		visit := func(to place, c rune) {
			if _, seen := came[to]; !seen {
				came[to] = step{at, c}
				queue = append(queue, to)
			}
		}
		starA, starB := at.i < len(as) && as[at.i] == '*', at.j < len(bs) && bs[at.j] == '*'
		if starA {
			visit(place{at.i + 1, at.j}, 0)
		}
		if starB {
			visit(place{at.i, at.j + 1}, 0)
		}
		switch {
		case starA && at.j < len(bs) && !starB:
			visit(place{at.i, at.j + 1}, concrete(bs[at.j]))
		case starB && at.i < len(as) && !starA:
			visit(place{at.i + 1, at.j}, concrete(as[at.i]))
		case !starA && !starB && at.i < len(as) && at.j < len(bs) && (as[at.i] == bs[at.j] || as[at.i] == '?' || bs[at.j] == '?'):
			c := as[at.i]
			if c == '?' {
				c = bs[at.j]
			}
			visit(place{at.i + 1, at.j + 1}, concrete(c))
		}
	}
	return "", false
}

// concrete returns a character that matches one of a pattern.
func concrete(c rune) rune {
	if c == '?' {
		return 'x'
	}
	return c
}
