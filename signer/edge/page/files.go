package page

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// deployment is what the browser needs before it shows files.
type deployment struct {
	Stack   string `json:"stack"`
	Content string `json:"content"`
	BaseURL string `json:"baseUrl"`

	// Preview is the query with which the page opens pictures. It is empty if
	// nothing can sign, which Unsigned explains. After Renew seconds the page must
	// get a new one.
	Preview  string `json:"preview,omitempty"`
	Renew    int64  `json:"renew,omitempty"`
	Unsigned string `json:"unsigned,omitempty"`

	// MaxLifetime is the longest lifetime of a link, in seconds. 0 is no limit.
	MaxLifetime int64 `json:"maxLifetime,omitempty"`

	// SaveAs is set if a link may set the file name under which a browser saves it.
	SaveAs bool `json:"saveAs"`
}

func (p *Page) showDeployment(http.ResponseWriter, *http.Request) (any, error) {
	e := p.edge()
	d := deployment{Stack: p.stack, Content: p.content, BaseURL: p.baseURL}
	if document := e.Deployment(); document != nil {
		d.MaxLifetime = document.MaxURLLifetime
		// A document without Query is of an older version: no parameters reach the
		// bucket.
		q := document.Query
		d.SaveAs = q != nil && (slices.Contains(q.Signed, "*") || slices.Contains(q.Signed, "response-content-disposition"))
	}
	query, renew, err := p.previewQuery(e)
	if err != nil {
		d.Unsigned = err.Error()
		return d, nil
	}
	d.Preview, d.Renew = query, 1+int64(renew.Sub(p.now()).Seconds())
	return d, nil
}

// previews are the queries with which the page opens pictures.
type previews struct {
	mu      sync.Mutex
	of      *edge.Edge
	query   string
	renew   time.Time
	queries []string // the last few, to recognize the page's own requests
}

// previewLife is the lifetime of a preview's query, unless the deployment's limit
// is lower.
const previewLife = 4 * time.Hour

// previewQuery returns a query that opens every object. One signature serves all
// pictures of a folder and identifies the page's own requests. From renew on there
// is a new one.
func (p *Page) previewQuery(e *edge.Edge) (query string, renew time.Time, err error) {
	p.previews.mu.Lock()
	defer p.previews.mu.Unlock()
	if p.previews.of == e && p.now().Before(p.previews.renew) {
		return p.previews.query, p.previews.renew, nil
	}
	s, err := p.signerOf(e)
	if err != nil {
		return "", time.Time{}, err
	}
	life := previewLife
	if d := e.Deployment(); d != nil && d.MaxURLLifetime > 0 {
		life = min(life, time.Duration(min(d.MaxURLLifetime, int64(previewLife/time.Second)))*time.Second)
	}
	pass, err := s.OpenAll(context.Background(), p.baseURL+"/", signer.Policy{TTL: life})
	if err != nil {
		return "", time.Time{}, err
	}
	query, err = pass.Query()
	if err != nil {
		return "", time.Time{}, err
	}
	p.previews.of, p.previews.query, p.previews.renew = e, query, p.now().Add(life/2)
	p.previews.queries = append(p.previews.queries, query)
	p.previews.queries = p.previews.queries[max(0, len(p.previews.queries)-8):]
	return query, p.previews.renew, nil
}

// isPreview reports whether the page itself requested a target.
func (p *Page) isPreview(target string) bool {
	_, query, ok := strings.Cut(target, "?")
	if !ok {
		return false
	}
	p.previews.mu.Lock()
	defer p.previews.mu.Unlock()
	return slices.Contains(p.previews.queries, query)
}

// file is an object as the deployment serves it: its key in the folder that the
// distribution serves, and the path of its URL. The path is empty if it is a slash
// and the key. If no URL can have the key, the reason is set.
type file struct {
	Key    string `json:"k"`
	Path   string `json:"p,omitempty"`
	Reason string `json:"why,omitempty"`
}

func (p *Page) listFiles(_ http.ResponseWriter, _ *http.Request) (any, error) {
	prefix := p.edge().BucketPath() + "/"
	list := struct {
		Files  []file `json:"files"`
		Other  int    `json:"other"`            // objects outside Folder
		Folder string `json:"folder,omitempty"` // the folder of the bucket that the distribution serves
	}{Files: []file{}, Folder: redact.Path(strings.TrimSuffix(prefix, "/"))}
	for _, key := range p.objects.Keys() {
		served, is := strings.CutPrefix("/"+key, prefix)
		if !is {
			list.Other++
			continue
		}
		f := file{Key: served}
		switch address, err := signer.ObjectURL(p.baseURL, served); {
		case err != nil:
			f.Reason = err.Error()
		case address != p.baseURL+"/"+served:
			f.Path = strings.TrimPrefix(address, p.baseURL)
		}
		list.Files = append(list.Files, f)
	}
	return list, nil
}

// linkWish is a person's choice for a link.
type linkWish struct {
	Key     string `json:"key"`
	Seconds int64  `json:"seconds"`
	Address string `json:"address"`
	SaveAs  string `json:"saveAs"`
	Inline  bool   `json:"inline"`
	Pass    bool   `json:"pass"`   // opens everything in Folder
	Folder  string `json:"folder"` // a prefix of Key that ends in a slash, or empty
}

// link is a signed URL with its unsigned URL.
type link struct {
	Signed   string    `json:"signed"`
	Unsigned string    `json:"unsigned"`
	Expires  time.Time `json:"expires"`
	Opens    string    `json:"opens,omitempty"` // what a pass opens

	// Public is the pattern of the cache behavior that also opens the unsigned URL.
	Public string `json:"public,omitempty"`
}

func (p *Page) makeLink(w http.ResponseWriter, r *http.Request) (any, error) {
	var wish linkWish
	if err := readJSON(w, r, &wish); err != nil {
		return nil, err
	}
	const longest = 10 * 366 * 24 * 60 * 60 // seconds
	switch {
	case wish.Seconds < 1:
		return nil, errors.New("the time must be at least one second")
	case wish.Seconds > longest:
		return nil, errors.New("the time must be at most ten years")
	case wish.Pass && (!strings.HasPrefix(wish.Key, wish.Folder) || wish.Folder != "" && !strings.HasSuffix(wish.Folder, "/")):
		return nil, errors.New("the file is not in the folder of the pass")
	}
	unsigned, err := signer.ObjectURL(p.baseURL, wish.Key)
	if err != nil {
		return nil, err
	}
	asked := unsigned
	if wish.SaveAs != "" || wish.Inline {
		if asked, err = (signer.Download{Name: wish.SaveAs, Inline: wish.Inline}).URL(unsigned); err != nil {
			return nil, err
		}
	}
	e := p.edge()
	s, err := p.signerOf(e)
	if err != nil {
		return nil, err
	}
	expires := ceilSecond(p.now().Add(time.Duration(wish.Seconds) * time.Second))
	policy := signer.Policy{Expires: expires, IPAddress: strings.TrimSpace(wish.Address)}
	made := link{Unsigned: unsigned, Expires: expires}
	if wish.Pass {
		prefix, err := signer.ObjectURL(p.baseURL, wish.Folder+"x")
		if err != nil {
			return nil, err
		}
		made.Opens = strings.TrimSuffix(prefix, "x")
		pass, err := s.OpenAll(r.Context(), made.Opens, policy)
		if err != nil {
			return nil, err
		}
		made.Signed, err = pass.URL(asked)
		if err != nil {
			return nil, err
		}
	} else if made.Signed, err = s.URL(r.Context(), asked, policy); err != nil {
		return nil, err
	}
	p.opened.keep(strings.TrimPrefix(made.Signed, p.baseURL))
	open := e.Explain(edge.Record{Method: http.MethodGet, Target: strings.TrimPrefix(unsigned, p.baseURL), RemoteAddr: netip.AddrFrom4([4]byte{127, 0, 0, 1})}).Record
	if open.Allowed {
		made.Public = redact.Path(open.Behavior)
	}
	return made, nil
}

// ceilSecond rounds up to a second: links expire at whole seconds.
func ceilSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); whole.Before(t) {
		return whole.Add(time.Second)
	}
	return t
}

// answer is the edge's response to a URL.
type answer struct {
	URL     string `json:"url"`
	Status  int    `json:"status"`
	Word    string `json:"word"` // of the status, or the error code
	Type    string `json:"type"`
	Reason  string `json:"reason,omitempty"`
	Text    string `json:"text,omitempty"`    // the start of the body, if it is text
	Picture bool   `json:"picture,omitempty"` // the body is an image that browsers show
}

// compareAnswers requests a signed URL and its unsigned URL from the edge, as a
// viewer on this machine would. The page itself cannot read responses of another
// host.
func (p *Page) compareAnswers(w http.ResponseWriter, r *http.Request) (any, error) {
	var asked struct{ Signed, Unsigned string }
	if err := readJSON(w, r, &asked); err != nil {
		return nil, err
	}
	var answers struct {
		Signed   *answer `json:"signed"`
		Unsigned *answer `json:"unsigned"`
	}
	var err, err2 error
	answers.Signed, err = p.ask(r, asked.Signed)
	answers.Unsigned, err2 = p.ask(r, asked.Unsigned)
	return answers, errors.Join(err, err2)
}

func (p *Page) ask(r *http.Request, address string) (*answer, error) {
	target, ok := strings.CutPrefix(address, p.baseURL)
	if !ok || !strings.HasPrefix(target, "/") {
		return nil, errors.New("the URL is not one of this edge")
	}
	asked, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the URL cannot be requested")
	}
	asked.RequestURI, asked.RemoteAddr = target, r.RemoteAddr
	asked.Header.Set("User-Agent", "signedfront page")
	body := excerpt{header: http.Header{}}
	p.edge().ServeHTTP(&body, asked)
	kind, _, _ := mime.ParseMediaType(body.header.Get("Content-Type"))
	a := &answer{
		URL: address, Status: body.status, Type: kind, Word: http.StatusText(body.status),
		Reason: body.header.Get("X-Signedfront-Reason"),
	}
	if a.Status >= http.StatusBadRequest {
		a.Word = cmp.Or(signer.ReadRefusal(body.text.Bytes()).Code, a.Word)
	}
	a.Picture = a.Status < http.StatusMultipleChoices && strings.HasPrefix(kind, "image/")
	if text := body.text.Bytes(); isText(kind) {
		for len(text) > 0 && !utf8.Valid(text) && body.text.Len()-len(text) < utf8.UTFMax {
			text = text[:len(text)-1] // an incomplete character at the end
		}
		a.Text = strings.ToValidUTF8(string(text), "\uFFFD")
	}
	return a, nil
}

// isText reports whether a person can read a body of this type.
func isText(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") || strings.HasSuffix(kind, "mpegurl") || kind == "application/javascript"
}

// excerpt keeps the start of a handler's response.
type excerpt struct {
	header http.Header
	status int
	text   bytes.Buffer
}

const excerptLength = 2048 // bytes

func (s *excerpt) Header() http.Header { return s.header }

func (s *excerpt) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
}

func (s *excerpt) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	room := excerptLength - s.text.Len()
	s.text.Write(b[:min(room, len(b))])
	if len(b) > room {
		return 0, errEnough
	}
	return len(b), nil
}

var errEnough = errors.New("the start of the response is enough")
