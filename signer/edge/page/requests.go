package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Limits on the kept requests. One request may have 32 KB of headers.
const (
	maxRequests = 1000
	maxKept     = 8 << 20 // bytes
)

// requests are the last requests that the edge answered.
type requests struct {
	mu      sync.Mutex
	kept    []observed // in their order
	size    int        // of kept, in bytes
	last    int64      // id
	waiting chan struct{}
}

// observed is a request that the edge answered.
type observed struct {
	id     int64
	own    bool // a preview of the page itself
	record edge.Record
}

func (o *observed) size() int {
	size := len(o.record.Target) + len(o.record.Host) + len(o.record.Origin) + len(o.record.Object) + len(o.record.Reason) + len(o.record.Hidden)
	for _, cookie := range o.record.Cookies {
		size += len(cookie)
	}
	return size
}

// Observe keeps a request to show it. It is for edge.Config.Observe: fast and safe
// for concurrent use.
func (p *Page) Observe(r edge.Record) {
	own := p.isPreview(r.Target)
	if r.Allowed && !own {
		p.opened.keep(r.Target)
	}
	p.requests.add(observed{own: own, record: r})
}

func (q *requests) add(o observed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	o.id = q.last
	q.kept = append(q.kept, o)
	q.size += o.size()
	drop := 0
	for ; len(q.kept)-drop > maxRequests || q.size > maxKept && len(q.kept)-drop > 1; drop++ {
		q.size -= q.kept[drop].size()
		q.kept[drop] = observed{} // to free its memory
	}
	q.kept = q.kept[drop:]
	if q.waiting != nil {
		close(q.waiting)
		q.waiting = nil
	}
}

// after returns the requests newer than an id, and a channel that closes when there
// are more.
func (q *requests) after(id int64) ([]observed, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	newer := min(int64(len(q.kept)), max(0, q.last-id))
	if q.waiting == nil {
		q.waiting = make(chan struct{})
	}
	return append([]observed(nil), q.kept[int64(len(q.kept))-newer:]...), q.waiting
}

func (q *requests) find(id int64) (observed, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := int64(len(q.kept)) - 1 - (q.last - id); at >= 0 && at < int64(len(q.kept)) {
		return q.kept[at], true
	}
	return observed{}, false
}

// summary is a request in a list, without query and cookies.
type summary struct {
	ID       int64     `json:"id"`
	Time     time.Time `json:"time"`
	Verdict  string    `json:"verdict"` // allowed or refused
	Status   int       `json:"status"`
	Code     string    `json:"code,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Behavior string    `json:"behavior,omitempty"`
	Key      string    `json:"key,omitempty"`
	Object   string    `json:"object,omitempty"`
	Address  string    `json:"address,omitempty"`
	Hidden   bool      `json:"hidden,omitempty"`
	Own      bool      `json:"own,omitempty"`
}

func summarize(o observed) summary {
	r := o.record
	path, _, _ := strings.Cut(r.Target, "?")
	s := summary{
		ID: o.id, Time: r.Time, Verdict: verdictOf(r.Allowed), Status: r.Status, Code: r.Code, Reason: r.Reason, Method: shownWord(r.Method),
		Path: shownPath(path), Behavior: redact.Path(r.Behavior), Key: r.KeyPairID, Object: shownPath(r.Object),
		Hidden: r.Hidden != "", Own: o.own,
	}
	if r.RemoteAddr.IsValid() {
		s.Address = r.RemoteAddr.String()
	}
	return s
}

func verdictOf(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}

// batchPause is how long a stream waits for more requests before it sends them.
const batchPause = 120 * time.Millisecond

// How often a stream checks for another edge, and after how many checks it sends
// something, to notice a browser that is gone.
const (
	swapPause = time.Second
	heartbeat = 15
)

// streamRequests sends the kept requests and then each new one, as lines of JSON,
// until the browser disconnects. A slow browser misses requests that are no longer
// kept.
func (p *Page) streamRequests(w http.ResponseWriter, r *http.Request) (any, error) {
	last, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || last < 0 {
		return nil, errors.New("after is not the id of a request")
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out, flush := json.NewEncoder(w), http.NewResponseController(w).Flush
	send := func(message any) bool { return out.Encode(message) == nil && flush() == nil }
	shown := p.edge()
	for quiet := heartbeat; ; {
		if quiet++; quiet > heartbeat {
			quiet = 0
			if !send(struct{}{}) {
				return nil, nil
			}
		}
		newer, more := p.requests.after(last)
		if now := p.edge(); now != shown {
			shown = now
			if !send(map[string]bool{"swapped": true}) {
				return nil, nil
			}
		}
		if len(newer) > 0 {
			last = newer[len(newer)-1].id
			list := make([]summary, len(newer))
			for i, o := range newer {
				list[i] = summarize(o)
			}
			if !send(map[string][]summary{"requests": list}) {
				return nil, nil
			}
		}
		select {
		case <-r.Context().Done():
			return nil, nil
		case <-more:
			time.Sleep(batchPause)
		case <-time.After(swapPause):
		}
	}
}

// explainRequest explains a kept request.
func (p *Page) explainRequest(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	o, ok := p.requests.find(id)
	if !ok {
		return nil, &refusal{http.StatusNotFound, errors.New("this request is not kept any more: the page keeps the last thousand")}
	}
	e := p.edge()
	scheme, _, _ := strings.Cut(p.baseURL, "://")
	return p.explain(r.Context(), e.Explain(o.record), scheme+"://"+o.record.Host+o.record.Target, keysFor(e, o.record.Behavior)), nil
}
