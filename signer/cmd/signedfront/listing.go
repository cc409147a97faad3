package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// listed is the number of files that are printed at first.
const listed = 20

// listing prints the files of an edge with their URLs.
type listing struct {
	edge    *edge.Edge
	signer  *signer.Signer // nil: the key is elsewhere
	objects []string       // the keys
	baseURL string
	stack   string
	content string
	ttl     time.Duration
	all     bool
}

// text signs a URL for each file, if there is a key, and requests it and the
// unsigned one from the edge. Each URL has its own line, so it can be copied whole.
func (l listing) text(ctx context.Context) ([]byte, error) {
	var keys []string
	for _, key := range l.objects {
		if served, is := strings.CutPrefix("/"+key, l.edge.BucketPath()+"/"); is {
			keys = append(keys, served)
		}
	}
	shown := keys
	if !l.all {
		shown = keys[:min(len(keys), listed)]
	}
	expires := ceilSecond(time.Now().Add(l.ttl))
	until := fmt.Sprintf("until %s (%s)", clockTime(expires, time.Now()), duration(l.ttl))

	var b bytes.Buffer
	fmt.Fprintf(&b, "%s on %s, %s of %s\n", l.stack, l.baseURL, count(len(keys), "file"), l.content)
	if len(keys) == 0 {
		fmt.Fprintf(&b, "\nthe stack serves the folder %s of its bucket, which %s does not have\n", printable(l.edge.BucketPath()), l.content)
	}
	for _, key := range shown {
		unsigned, err := signer.ObjectURL(l.baseURL, key)
		if err != nil {
			fmt.Fprintf(&b, "\n%s\n  no URL     %v\n", described(key), err)
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", printable(key))
		if l.signer != nil {
			signed, err := l.signer.URL(ctx, unsigned, signer.Policy{Expires: expires})
			if err != nil {
				return nil, fmt.Errorf("signing for %s: %w", described(key), err)
			}
			fmt.Fprintf(&b, "  signed     %s, %s\n  %s\n", l.ask(ctx, signed), until, signed)
		}
		fmt.Fprintf(&b, "  unsigned   %s\n  %s\n", l.ask(ctx, unsigned), unsigned)
	}
	if more := len(keys) - len(shown); more > 0 {
		fmt.Fprintf(&b, "\nand %d more: --all prints every file\n", more)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// ask sends the edge a request as a viewer on this machine would. It returns the
// status with the content type, or with the code of the refusal.
func (l listing) ask(ctx context.Context, url string) string {
	r, err := http.NewRequestWithContext(unlogged(ctx), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	r.RequestURI = strings.TrimPrefix(url, l.baseURL)
	r.RemoteAddr = "127.0.0.1:1024"
	a := answer{header: http.Header{}}
	l.edge.ServeHTTP(&a, r)
	if a.status < http.StatusBadRequest {
		kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
		return fmt.Sprintf("%d %s", a.status, kind)
	}
	what := cmp.Or(signer.ReadRefusal(a.body.Bytes()).Code, http.StatusText(a.status))
	return fmt.Sprintf("%d %s", a.status, what)
}

// answer records a handler's response. It stops the handler before the content.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.status < http.StatusBadRequest {
		return 0, errEnough
	}
	return a.body.Write(b)
}

var errEnough = errors.New("the header of the response is enough")

// ceilSecond rounds up to a second: URLs expire at whole seconds.
func ceilSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); whole.Before(t) {
		return whole.Add(time.Second)
	}
	return t
}

// clockTime returns a local time with its zone, and with the date if it is not
// today.
func clockTime(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	layout := "15:04:05 MST"
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		layout = "2006-01-02 " + layout
	}
	return t.Format(layout)
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// duration formats d without units that are zero: 10m, not 10m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
