// Package probe asks a distribution, over HTTP, what no page about CloudFront
// tells: the second list of the local edge's FIDELITY.md. Each question is a
// request that is signed rightly but for one thing, and is asked beside what
// [signer.Explain], and with it the local edge, answers to the same bytes.
//
//	answers, err := probe.Run(ctx, probe.Target{
//		BaseURL: "https://d111111abcdef8.cloudfront.net",
//		Object:  "rt.png",
//		...
//	})
//	...
//	err = probe.WriteMarkdown(os.Stdout, answers)
//
// It is for a distribution of one's own that nobody else uses yet. Among the
// policies that it sends are ones that open everything the key is trusted for,
// for a minute; none of what it sends is in an answer or an error.
package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Target is whom to ask, and what to ask with.
type Target struct {
	// BaseURL is where the content is served, without a slash at the end.
	BaseURL string

	// Object is the key of an object that is there and wants a signature.
	Object string

	// KeyPairID, Key and Hash are what the deployment signs with.
	KeyPairID string
	Key       signer.Key
	Hash      signer.Hash

	// Patience is for how long a signed URL may be refused at first, while the
	// edges learn of a key: at least one request is sent. The questions are
	// asked once a URL was answered.
	Patience time.Duration

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Answer is what came of one request.
type Answer struct {
	Question string // as FIDELITY.md asks it
	Request  string // what was sent, in words

	// Got is the answer: a status, with the code of a refusal, such as "403
	// MissingKey". Where the request could not be sent, it says why, in
	// brackets.
	Got string

	// Want is what the local edge answers. Certain is false where that is only
	// the strict reading.
	Want    string
	Certain bool
}

// Differs reports whether the local edge answers something else.
func (a Answer) Differs() bool { return a.Got != a.Want && a.Got[0] != '(' }

// ErrRefused is the error where a rightly signed URL was refused until the
// patience was at its end.
var ErrRefused = errors.New("a rightly signed URL is refused")

// Run asks all questions, one after the other. Its first answer tells how long
// it took until a rightly signed URL was answered.
func Run(ctx context.Context, t Target) ([]Answer, error) {
	asker, err := newAsker(t)
	if err != nil {
		return nil, err
	}
	first, err := asker.wait(ctx)
	if err != nil {
		return nil, err
	}
	answers := []Answer{first}
	for _, q := range questions {
		for _, v := range q.variants {
			answer, err := asker.ask(ctx, v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.name, err)
			}
			answer.Question, answer.Request = q.text, v.name
			answers = append(answers, answer)
		}
	}
	end, err := asker.end(ctx)
	if err != nil {
		return nil, err
	}
	return append(answers, end), nil
}

// asker signs and sends.
type asker struct {
	Target
	scheme, host string
	object       string // the URL of the object
	path         string // of the object
	trusted      map[string]*signer.PublicKey
	address      netip.Addr // the viewer's, as far as it is known here
}

func newAsker(t Target) (*asker, error) {
	if t.Now == nil {
		t.Now = time.Now
	}
	// A signer is refused what cannot be signed here, such as SHA-1 in FIPS-only
	// mode.
	if _, err := signer.New(t.KeyPairID, t.Key, &signer.Options{Hash: t.Hash}); err != nil {
		return nil, err
	}
	object, err := signer.ObjectURL(t.BaseURL, t.Object)
	if err != nil {
		return nil, err
	}
	if err := signer.CheckURL(object); err != nil {
		return nil, err
	}
	parsed, err := url.Parse(object)
	if err != nil {
		return nil, err
	}
	if described := signer.Describe(parsed.Host, signer.FormName); described != strconv.QuoteToASCII(parsed.Host) {
		return nil, fmt.Errorf("the host of the base URL is %s: want the domain name of the distribution", described)
	}
	if t.Key == nil {
		return nil, errors.New("no key: give the one that the deployment signs with")
	}
	public, err := signer.NewPublicKey(t.Key.Public())
	if err != nil {
		return nil, err
	}
	return &asker{
		Target: t,
		scheme: parsed.Scheme, host: parsed.Host,
		object: object, path: object[len(parsed.Scheme+"://"+parsed.Host):],
		trusted: map[string]*signer.PublicKey{t.KeyPairID: public},
		address: netip.AddrFrom4([4]byte{203, 0, 113, 7}),
	}, nil
}

// wait asks for the object until it is answered.
func (a *asker) wait(ctx context.Context) (Answer, error) {
	start := time.Now()
	for {
		s, err := a.sign(ctx, signed{})
		if err != nil {
			return Answer{}, err
		}
		got, err := a.send(ctx, s.request(a))
		if err != nil {
			return Answer{}, err
		}
		took := time.Since(start)
		switch {
		case got.status == 200:
			return Answer{
				Question: "How long a changed key group takes to reach the edge that answers here",
				Request:  fmt.Sprintf("a rightly signed URL, until it was answered after %s", took.Round(time.Second)),
				Got:      got.String(), Want: "200", Certain: true,
			}, nil
		case took >= a.Patience:
			return Answer{}, fmt.Errorf("%w: %s, for %s", ErrRefused, got, took.Round(time.Second))
		}
		select {
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		case <-time.After(min(5*time.Second, a.Patience)):
		}
	}
}

// ask sends one variant, and has the signer explain the same.
func (a *asker) ask(ctx context.Context, v variant) (Answer, error) {
	s, err := a.sign(ctx, v.sign)
	if err != nil {
		return Answer{}, err
	}
	r := s.request(a)
	if v.change != nil {
		v.change(a, &s, &r)
	}
	verdict := signer.Explain(signer.Request{
		URL:        a.scheme + "://" + r.host + r.target,
		Cookie:     r.cookies,
		RemoteAddr: r.viewer(a),
		Time:       a.Now(),
	}, a.trusted)
	answer := Answer{Want: "200", Certain: verdict.Certain}
	switch {
	case v.whole != "":
		answer.Want, answer.Certain = v.whole, false
	case !verdict.Allowed:
		answer.Want = "403 " + string(verdict.Code)
	}
	got, err := a.send(ctx, r)
	var unsent *net.OpError
	switch {
	case r.network != "" && errors.As(err, &unsent):
		answer.Got = "(not asked: no " + r.network + " from here)"
	case err != nil:
		return Answer{}, err
	default:
		answer.Got = got.String()
		if v.tell != nil {
			answer.Got += v.tell(got)
			answer.Want += v.want
		}
	}
	return answer, nil
}

// end asks what is answered in the very second of the expiry: it sends one
// request after the other, and sorts them by the clock of the answers.
func (a *asker) end(ctx context.Context) (Answer, error) {
	const ahead = 3 * time.Second
	expires := a.Now().Add(ahead).Truncate(time.Second)
	s, err := a.sign(ctx, signed{expires: expires})
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{
		Question: "The very second of the expiry",
		Request:  "a canned policy, by the clock of the answer",
		Got:      "(not asked: no answer of that second)", Want: "403 " + string(signer.AccessDenied),
	}
	for a.Now().Before(expires.Add(2 * time.Second)) {
		got, err := a.send(ctx, s.request(a))
		if err != nil {
			return Answer{}, err
		}
		if got.time.Equal(expires) {
			answer.Got = got.String()
			break
		}
		select {
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return answer, nil
}
