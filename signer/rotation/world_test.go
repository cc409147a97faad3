package rotation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// world is AWS, the programs that sign for it, their viewers, and an operator. The
// operator asks Judge before each deployment, and often makes a refused change as
// soon as Judge allows it. The world controls the time.
//
// The world does whatever a bound allows: edges and readers use any state that was
// current within Propagation, in any order, and each clock is off by up to Clocks,
// in either direction. In a harsh world everything is at its worst at once: the
// clocks of services are behind and those of signers ahead by all of Clocks, times
// lose almost a second to truncation, and fractions of the bounds add up so that no
// rounding hides another.
type world struct {
	t      *testing.T
	random *rand.Rand
	guard
	bounds Bounds
	harsh  bool
	drill  bool    // the operator makes each step of a rotation as soon as it is safe
	told   bool    // the operator sets Observation.Unread
	newer  float64 // the share of documents that the operator's program cannot read
	busy   float64 // the share of deployments that a hundred more follow

	now      time.Time // the true time
	moments  []time.Time
	asleep   []time.Time // the last moments at which a reader may get the last document but one
	groups   []groupState
	history  []documentState
	begun    int                  // the first of them that the present parameter has
	public   map[string]time.Time // CreatedTime of each key
	made     int                  // keys ever made
	signers  []*program
	grants   []grant
	lasting  map[string]grant // the grant of each key with the latest end
	burnt    map[string]bool  // keys removed as compromised
	pending  *Change          // a change that Judge refused
	when     time.Time        // when Judge allows pending, in true time
	outage   bool             // of Parameter Store
	locked   bool             // an outage of the private keys' store
	requests int
	changes  map[string]int
	wrong    string // the first request that got a wrong answer
	early    bool   // the key of that request is in the key group, but not every edge has it
}

// guard is what the operator asks before a deployment.
type guard struct {
	judges *proof
	states *proof                     // nil if nobody asks for states
	sees   func(*Observation, Change) // changes an observation before it is judged
}

type groupState struct {
	at, told time.Time
	members  []string
}

type documentState struct {
	at, told time.Time
	document signer.Deployment
	unread   bool // the operator's program cannot read it
}

// program is a program that signs, with the real signer.
type program struct {
	world   *world
	eager   float64 // how likely it reads the document when it can
	borrows bool    // its document borrows the key, and has limits of its own
	signer  *signer.Signer
}

// grant is a signature that a viewer has.
type grant struct {
	kind    string
	key     string
	request signer.Request
	at      time.Time // when it was signed, in true time
	expires time.Time
	checked bool // signer.Verify was called for it
}

const content = "https://d111111abcdef8.cloudfront.net/"

var keyPool = func() (pool []*signer.PrivateKey) {
	for range 12 {
		key, err := signer.GenerateKey(signer.ECDSAP256)
		if err != nil {
			panic(err)
		}
		pool = append(pool, key)
	}
	return pool
}()

func pooled(id string) *signer.PrivateKey {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "K"))
	return keyPool[n%len(keyPool)]
}

var limitChoices = []Limits{
	{30 * time.Second, time.Minute}, {10 * time.Minute, 5 * time.Minute}, {2 * time.Hour, time.Minute},
	{24 * time.Hour, time.Hour}, {7 * 24 * time.Hour, time.Hour}, {90 * time.Second, 6 * time.Hour},
}

func newWorld(t *testing.T, seed uint64, g guard) *world {
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 11)), guard: g,
		public: map[string]time.Time{}, lasting: map[string]grant{}, burnt: map[string]bool{}, changes: map[string]int{},
		now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
	}
	w.harsh, w.told, w.drill = w.chance(.5), w.chance(.5), w.chance(.6)
	if w.chance(.3) {
		w.newer = .3
	}
	if w.chance(.2) {
		w.busy = .15
	}
	w.bounds = Bounds{Propagation: w.upTo(20 * time.Minute), Clocks: w.upTo(2 * time.Minute)}
	if w.harsh {
		w.bounds = Bounds{
			Propagation: w.upTo(20*time.Minute).Truncate(time.Second) + 300*time.Millisecond,
			Clocks:      w.upTo(2*time.Minute).Truncate(time.Second) + 400*time.Millisecond,
		}
	}
	first := w.newKey()
	w.writeGroup([]string{first})
	w.pass(w.bounds.Propagation + 3*w.bounds.Clocks)
	w.writeDocument(first, limitChoices[w.random.IntN(len(limitChoices))])
	for _, eager := range []float64{1, .3, .01, 0} {
		w.signers = append(w.signers, &program{world: w, eager: eager})
	}
	w.signers = append(w.signers, &program{world: w, eager: .01, borrows: true})
	return w
}

func (w *world) chance(p float64) bool { return w.random.Float64() < p }

func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.random.Int64N(int64(d))) + 1
}

// clock returns the reading of a clock; in a harsh world it is ahead or behind.
func (w *world) clock(ahead bool) time.Time {
	off := w.bounds.Clocks
	switch {
	case w.harsh && ahead:
	case w.harsh:
		off = -off
	case w.chance(.25):
		off = -off
	case w.chance(.7):
		off = time.Duration(w.random.Int64N(int64(2*off))) - off
	}
	return w.now.Add(off)
}

// stamp returns the time that a service reports for what happens now.
func (w *world) stamp() time.Time { return w.clock(false).Truncate(time.Second) }

// align waits until truncation makes a stamp lose as much as possible.
func (w *world) align() {
	if told := w.now.Add(-w.bounds.Clocks); w.harsh && w.chance(.5) {
		w.now = w.now.Add(told.Truncate(time.Second).Add(time.Second - 1).Sub(told))
	}
}

func (w *world) newKey() string {
	w.made++
	id := "K" + strconv.Itoa(w.made)
	w.public[id] = w.stamp()
	return id
}

func (w *world) writeGroup(members []string) {
	w.align()
	w.groups = append(w.groups, groupState{w.now, w.stamp(), slices.Clone(members)})
	w.moments = append(w.moments, w.now.Add(w.bounds.Propagation-1), w.now.Add(w.bounds.Propagation))
	w.act()
}

func (w *world) writeDocument(key string, l Limits) {
	w.align()
	d := signer.Deployment{
		Schema: signer.DeploymentSchema, BaseURL: strings.TrimSuffix(content, "/"), KeyPairID: key,
		Algorithm: signer.ECDSAP256, Hash: signer.SHA256, PublicKeySHA256: pooled(key).PublicKey().Fingerprint(),
		Key:            signer.KeyLocation{File: key},
		MaxURLLifetime: int64(l.MaxURLLifetime / time.Second), MaxKeyAge: int64(l.MaxKeyAge / time.Second),
	}
	w.history = append(w.history, documentState{w.now, w.stamp(), d, w.chance(w.newer)})
	delete(w.burnt, key) // it is in use again
	w.moments = append(w.moments, w.now.Add(w.bounds.Propagation-1))
	w.asleep = append(w.asleep, w.now.Add(w.bounds.Propagation-1))
	w.act()
	if w.states != nil {
		clock := w.clock(true)
		for _, k := range w.states.assess(see(w.observe(clock))).Keys {
			w.moments = append(w.moments, w.now.Add(k.Until.Sub(clock)))
		}
	}
}

func (w *world) members() []string { return w.groups[len(w.groups)-1].members }

func (w *world) document() *signer.Deployment { return &w.history[len(w.history)-1].document }

// pick returns the index of a state that somebody may use now, of states that begin
// at the times at(i): the last one, or one that was current within Propagation.
func (w *world) pick(states int, at func(int) time.Time) int {
	last := states - 1
	oldest := last
	for oldest > 0 && at(oldest).Add(w.bounds.Propagation).After(w.now) {
		oldest--
	}
	switch w.random.IntN(3) {
	case 0:
		return oldest
	case 1:
		return last
	}
	return oldest + w.random.IntN(last-oldest+1)
}

// Deployment and Key make a program a source of its own signer.
func (p *program) Deployment(context.Context) (*signer.Deployment, error) {
	w := p.world
	if w.outage {
		return nil, errors.New("no answer")
	}
	d := w.history[w.pick(len(w.history), func(i int) time.Time { return w.history[i].at })].document
	if p.eager < .1 {
		w.moments = append(w.moments, w.now.Add(time.Duration(d.MaxKeyAge)*time.Second))
	}
	if p.borrows {
		own := signer.Deployment{Schema: d.Schema, BaseURL: d.BaseURL, Key: signer.KeyLocation{Parameter: "/signedfront/signedfront/dev"}, MaxKeyAge: 2 * 60 * 60}
		return own.Borrow(&d)
	}
	return &d, nil
}

func (p *program) Key(_ context.Context, d *signer.Deployment) (signer.Key, error) {
	if p.world.locked {
		return nil, errors.New("no answer")
	}
	return pooled(d.KeyPairID), nil
}

// read makes the program read the document. In the background a timer does that; in
// a test whose clock stands still, a newly opened signer does.
func (p *program) read() {
	w := p.world
	s, err := signer.Open(context.Background(), p, &signer.OpenOptions{
		Refresh: 1000 * time.Hour, Memoize: 8, Now: func() time.Time { return w.clock(true) },
	})
	if err != nil {
		return // an outage: the present signer goes on while its key is not too old
	}
	p.close()
	p.signer = s
}

func (p *program) close() {
	if p.signer != nil {
		p.signer.Close()
	}
}

// sign gives a viewer a signature, if the signer makes one.
func (p *program) sign() {
	w := p.world
	if p.signer == nil {
		return
	}
	// The signer's limit is that of the version that it read. A program learns it by
	// exceeding it.
	ctx := context.Background()
	file := content + "albums/7/" + strconv.Itoa(w.random.IntN(10)) + ".png"
	g := grant{at: w.now, request: signer.Request{URL: file}}
	for _, l := range w.limits() {
		policy := signer.Policy{TTL: l.MaxURLLifetime}
		if w.chance(.3) {
			policy.TTL = max(w.upTo(policy.TTL), time.Second)
		}
		var err error
		switch g.kind = []string{"URL", "URL with a start", "URL with an end", "stable URL", "cookies", "URL of a pass", "cookies of a pass"}[w.random.IntN(7)]; g.kind {
		case "URL":
			g.request.URL, err = p.signer.URL(ctx, file, policy)
		case "URL with an end":
			if policy.TTL > 2*w.bounds.Clocks+2*time.Second { // or it may have passed by the signer's clock
				policy = signer.Policy{Expires: w.clock(true).Add(policy.TTL)}
			}
			g.request.URL, err = p.signer.URL(ctx, file, policy)
		case "stable URL":
			if window := policy.TTL / 2; window >= time.Second {
				policy.TTL, policy.Window = policy.TTL-window, window
			}
			g.request.URL, err = p.signer.URL(ctx, file, policy)
		case "URL with a start":
			policy.NotBefore = w.now.Add(-time.Hour)
			g.request.URL, err = p.signer.URL(ctx, file, policy)
		case "cookies":
			var cookies []*http.Cookie
			cookies, err = p.signer.Cookies(ctx, content+"albums/*", policy, signer.CookieOptions{})
			g.request.Cookie = header(cookies)
		default:
			var pass *signer.Pass
			if pass, err = p.signer.OpenAll(ctx, content+"albums/7/", policy); err != nil {
				break
			}
			if g.kind == "URL of a pass" {
				g.request.URL, err = pass.URL(file)
				break
			}
			var cookies []*http.Cookie
			cookies, err = pass.Cookies(signer.CookieOptions{})
			g.request.Cookie = header(cookies)
		}
		if limited := (*signer.LifetimeError)(nil); errors.As(err, &limited) {
			g.request = signer.Request{URL: file}
			continue
		}
		if err != nil {
			if stale := (*signer.StaleError)(nil); !errors.As(err, &stale) && !errors.Is(err, signer.ErrExpired) {
				w.t.Fatalf("%s: %v", g.kind, err)
			}
			return // no signature, so no viewer
		}
		v := signer.Verify(w.at(g, w.now), w.trusted(nil))
		if v.Statement == nil {
			w.t.Fatalf("%s: %s", g.kind, v.Detail)
		}
		g.key, g.expires, g.checked = v.KeyPairID, v.Statement.Expires, v.Allowed
		w.changes["signatures"]++
		w.grants = append(w.grants, g)
		if g.expires.After(w.lasting[g.key].expires) {
			w.lasting[g.key] = g
		}
		return
	}
}

func header(cookies []*http.Cookie) (values []string) {
	for _, c := range cookies {
		if c.MaxAge >= 0 { // the others clear the cookies of an older policy
			values = append(values, c.Name+"="+c.Value)
		}
	}
	return values
}

// limits returns the limits of all versions so far, the longest first.
func (w *world) limits() (all []Limits) {
	for _, s := range w.history[max(0, len(w.history)-4):] {
		all = append(all, Limits{seconds(s.document.MaxURLLifetime), seconds(s.document.MaxKeyAge)})
	}
	slices.SortFunc(all, func(a, b Limits) int { return int(b.MaxURLLifetime - a.MaxURLLifetime) })
	return append(slices.Compact(all), Limits{MaxURLLifetime: 30 * time.Second})
}

func (w *world) at(g grant, t time.Time) signer.Request {
	r := g.request
	r.Time = t
	return r
}

// trusted returns the public keys of some key pair ids, or of all for nil.
func (w *world) trusted(ids []string) map[string]*signer.PublicKey {
	keys := map[string]*signer.PublicKey{}
	if ids == nil {
		for n := range w.made {
			ids = append(ids, "K"+strconv.Itoa(n+1))
		}
	}
	for _, id := range ids {
		keys[id] = pooled(id).PublicKey()
	}
	return keys
}

// act makes signers and viewers act once.
func (w *world) act() {
	w.outage, w.locked = w.chance(.1), w.chance(.1)
	last := slices.ContainsFunc(w.asleep, w.now.Equal)
	for _, p := range w.signers {
		if p.signer == nil || w.chance(p.eager) || last && w.chance(.5) {
			p.read()
		}
		if w.chance(.5) {
			p.sign()
		}
	}
	w.outage, w.locked = false, false
	w.watch()
}

// watch sends requests with the viewers' signatures, and judges the answers.
func (w *world) watch() {
	w.grants = slices.DeleteFunc(w.grants, func(g grant) bool {
		return g.expires.Add(w.bounds.Clocks).Before(w.now) || len(w.grants) > 30 && w.chance(.3)
	})
	retired := map[string]bool{}
	if w.states != nil {
		f := see(w.observe(w.clock(true)))
		for key := range w.lasting {
			retired[key] = w.states.key(f, key).State == Retired
		}
	}
	for i := range w.grants {
		w.grants[i].checked = w.ask(w.grants[i], retired) || w.grants[i].checked
	}
	for _, key := range slices.Sorted(maps.Keys(w.lasting)) {
		g := w.lasting[key]
		if g.expires.Add(w.bounds.Clocks).Before(w.now) {
			delete(w.lasting, key)
		} else {
			g.checked = w.ask(g, retired) || g.checked
			w.lasting[key] = g
		}
	}
}

// ask sends one request to one edge, unless its signature has expired there. It
// reports whether it called signer.Verify, as it does for the first request of a
// grant; the result for the others is known.
func (w *world) ask(g grant, retired map[string]bool) (verified bool) {
	clock := w.clock(false)
	if !clock.Before(g.expires) {
		return false
	}
	w.requests++
	group := w.groups[w.pick(len(w.groups), func(i int) time.Time { return w.groups[i].at })]
	passed := slices.Contains(group.members, g.key)
	if !g.checked || w.chance(.001) {
		verified = true
		if v := signer.Verify(w.at(g, clock), w.trusted(group.members)); v.Allowed != passed {
			w.t.Fatalf("%s: signer.Verify says %v: %s", g.kind, v.Allowed, v.Detail)
		}
	}
	switch {
	case w.wrong != "":
	case passed && retired[g.key]:
		w.wrong = "passed, though its key is retired: " + w.tell(g, group)
	case !passed && !w.excused(g):
		w.wrong, w.early = "refused: "+w.tell(g, group), slices.Contains(w.members(), g.key)
	}
	return verified
}

// excused reports whether a refusal is the cost of a compromised key: a URL that
// was signed before signers had switched.
func (w *world) excused(g grant) bool {
	if !w.burnt[g.key] || w.document().KeyPairID == g.key {
		return false
	}
	// A signer may have read any version that named the key for as long as the
	// version could be read, and uses the key for that version's maxKeyAge.
	for i, s := range w.history[:len(w.history)-1] {
		noticed := w.history[i+1].at.Add(w.bounds.Propagation + 2*w.bounds.Clocks + seconds(s.document.MaxKeyAge))
		if s.document.KeyPairID == g.key && !g.at.After(noticed) {
			return true
		}
	}
	return false
}

func (w *world) tell(g grant, group groupState) string {
	last := w.groups[len(w.groups)-1]
	return fmt.Sprintf("%s of %s, signed at %s, good until %s, at %s by an edge that trusts %s (the group has %s since %s)",
		g.kind, g.key, w.since(g.at), w.since(g.expires), w.since(w.now), group.members, last.members, w.since(last.at))
}

func (w *world) since(t time.Time) string {
	return t.Sub(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)).String()
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for range 12 {
		next := end
		for _, m := range w.moments {
			if m.After(w.now) && m.Before(next) {
				next = m
			}
		}
		if !next.Before(end) {
			break
		}
		w.now = next
		w.act()
	}
	w.now = end
	gone := func(m time.Time) bool { return !m.After(w.now) }
	w.act()
	w.moments, w.asleep = slices.DeleteFunc(w.moments, gone), slices.DeleteFunc(w.asleep, gone)
}

// moment returns a duration to let pass.
func (w *world) moment() time.Duration {
	return []time.Duration{1, time.Second, time.Minute, 20 * time.Minute, 3 * time.Hour, 24 * time.Hour}[w.random.IntN(6)]
}

// observe returns what the operator sees, by a clock.
func (w *world) observe(now time.Time) Observation {
	group := w.groups[len(w.groups)-1]
	o := Observation{Now: now, KeyGroup: KeyGroup{group.members, group.told}, Bounds: w.bounds}
	for id, created := range w.public {
		o.PublicKeys = append(o.PublicKeys, PublicKey{ID: id, Created: created}) // in any order
	}
	for i := max(w.begun, len(w.history)-100); i < len(w.history); i++ {
		s := &w.history[i]
		v := Version{Number: int64(i - w.begun + 1), Modified: s.told, Document: &s.document}
		if s.unread {
			v.Document = nil
		}
		o.History = append(o.History, v)
	}
	w.random.Shuffle(len(o.History), func(i, j int) { o.History[i], o.History[j] = o.History[j], o.History[i] })
	if w.told {
		o.Unread = Limits{7 * 24 * time.Hour, 6 * time.Hour}
	}
	return o
}

// blind removes from an observation what an outage of a service hides.
func (w *world) blind(o *Observation) {
	if w.chance(.05) {
		o.History = nil
	}
	if w.chance(.05) {
		o.PublicKeys = nil
	}
	if w.chance(.05) {
		o.KeyGroup.Modified = time.Time{}
	}
}

// operate makes the operator's next step.
func (w *world) operate() {
	c := w.pending
	if w.pending = nil; c != nil {
		w.pass(w.when.Sub(w.now))
		for _, id := range c.Keys {
			if _, exists := w.public[id]; !exists {
				return
			}
		}
	} else {
		w.pass(w.moment())
		c = w.propose()
	}
	w.deploy(c)
}

// propose returns a change that somebody may want: a step, or anything.
func (w *world) propose() *Change {
	members, current := w.members(), w.document().KeyPairID
	c := Change{Keys: slices.Clone(members), Current: current}
	other := members[w.random.IntN(len(members))]
	if w.drill {
		other = members[(slices.Index(members, current)+1)%len(members)]
	}
	remove := func(id string) { c.Keys = slices.DeleteFunc(c.Keys, func(k string) bool { return k == id }) }
	kind := w.random.IntN(11)
	switch {
	case w.drill && w.chance(.9) && len(members) == 1:
		kind = 0
	case w.drill && w.chance(.9):
		kind = 2 + 2*w.random.IntN(2)
	}
	switch kind {
	case 0, 1:
		c.Keys = append(c.Keys, w.newKey())
	case 2, 3:
		c.Current = other
	case 4, 5:
		remove(other)
	case 6: // a key edited in place
		c.Current = w.newKey()
		c.Keys = append(c.Keys, c.Current)
		remove(current)
	case 7:
		c.Current = other
		remove(current)
		if w.chance(.5) {
			c.Compromised = []string{current}
		}
	case 8:
		remove(other)
		c.Compromised = []string{other}
	case 9: // a former key comes back
		for _, id := range slices.Sorted(maps.Keys(w.public)) {
			if !slices.Contains(members, id) {
				c.Keys, c.Current = append(c.Keys, id), id
				break
			}
		}
	default: // anything
		if w.chance(.5) {
			c.Keys = append(c.Keys, w.newKey())
		}
		c.Current = c.Keys[w.random.IntN(len(c.Keys))]
		remove(members[w.random.IntN(len(members))])
	}
	return &c
}

// deploy acts as CloudFormation: the guard, then the group and the document in
// either order, and the rollback if something fails between two calls.
func (w *world) deploy(c *Change) {
	before, document := slices.Clone(w.members()), *w.document()
	clock := w.clock(true)
	o := w.observe(clock)
	w.blind(&o)
	if w.sees != nil {
		w.sees(&o, *c)
	}
	v := w.judges.judge(see(o), *c)
	if !v.Safe {
		w.changes["refused"]++
		if !v.From.IsZero() && w.chance(.9) && v.From.Sub(clock) < 20*24*time.Hour {
			w.pending, w.when = c, w.now.Add(v.From.Sub(clock))
		}
		return
	}
	w.changes["deployed"]++
	if c.Current != document.KeyPairID {
		w.changes["promoted"]++
	}
	if slices.ContainsFunc(before, func(id string) bool { return !slices.Contains(c.Keys, id) }) {
		w.changes["removed"]++
	}
	for _, fault := range v.Lifted {
		w.burnt[fault.KeyPairID] = true
		w.changes["compromised"]++
	}
	l := Limits{seconds(document.MaxURLLifetime), seconds(document.MaxKeyAge)}
	if w.chance(.2) {
		l = limitChoices[w.random.IntN(len(limitChoices))]
	}

	rewrite := func(key string, l Limits) {
		d := w.document()
		if d.KeyPairID != key || d.MaxURLLifetime != int64(l.MaxURLLifetime/time.Second) || d.MaxKeyAge != int64(l.MaxKeyAge/time.Second) {
			w.writeDocument(key, l)
		}
	}
	regroup := func(members []string) {
		if !slices.Equal(w.members(), members) {
			w.writeGroup(members)
		}
	}
	steps := []func(){
		func() { regroup(c.Keys) },
		func() { rewrite(c.Current, l) },
		func() {}, // the stack's other resources
	}
	if w.chance(.2) {
		slices.Reverse(steps)
		w.pass(w.upTo(10 * time.Minute))
	}
	for _, step := range steps {
		step()
		if w.chance(.3) {
			w.pass(w.upTo(10 * time.Minute))
		}
		if w.chance(.05) {
			w.changes["rolled back"]++
			back := []func(){
				func() { regroup(before) },
				func() {
					rewrite(document.KeyPairID, Limits{seconds(document.MaxURLLifetime), seconds(document.MaxKeyAge)})
				},
			}
			if w.chance(.5) {
				slices.Reverse(back)
			}
			for _, step := range back {
				w.pass(w.moment()) // as long as UPDATE_ROLLBACK_FAILED lasts
				step()
			}
			w.clean(before)
			return
		}
	}
	if w.chance(w.busy) { // a busy day, after which AWS has dropped the older versions
		for i := range int64(101) {
			w.now = w.now.Add(w.upTo(time.Minute))
			w.history = append(w.history, documentState{w.now, w.stamp(), *w.document(), false})
			w.document().MaxURLLifetime = i + 1
		}
	}
	old := func(created time.Time) bool {
		return created.Add(creation + 2*w.bounds.Clocks + 2*time.Second).Before(w.now)
	}
	if w.chance(.1) && !slices.ContainsFunc(slices.Collect(maps.Values(w.public)), func(created time.Time) bool { return !old(created) }) {
		w.changes["renamed"]++
		w.writeDocument(w.document().KeyPairID, Limits{seconds(w.document().MaxURLLifetime), seconds(w.document().MaxKeyAge)})
		w.begun = len(w.history) - 1
	}
	w.clean(w.members())
}

// clean deletes public keys that the group does not have.
func (w *world) clean(members []string) {
	for _, id := range slices.Sorted(maps.Keys(w.public)) {
		if !slices.Contains(members, id) && w.chance(.7) {
			delete(w.public, id)
		}
	}
}
