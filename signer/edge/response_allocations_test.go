//go:build !race

package edge

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// discarding is the writer of a viewer, as that of HTTP/2, that cannot read a file
// itself.
type discarding struct {
	header http.Header
	bytes  int
}

func (d *discarding) Header() http.Header { return d.header }
func (d *discarding) WriteHeader(int)     {}
func (d *discarding) Write(b []byte) (int, error) {
	d.bytes += len(b)
	return len(b), nil
}

// A file that is not in memory goes through one buffer for all requests, and one that
// is in memory through none. The race detector has sync.Pool forget buffers.
func TestABodyNeedsNoBufferOfItsOwn(t *testing.T) {
	const most = 16 << 10 // bytes for all else
	dir := t.TempDir()
	large := bytes.Repeat([]byte("film"), maxRead)
	small := bytes.Repeat([]byte("page"), maxRead/8) // which is read whole
	write(t, filepath.Join(dir, "large.mp4"), string(large))
	write(t, filepath.Join(dir, "small.txt"), string(small))
	time.Sleep(2100 * time.Millisecond) // so that both are quiet
	s := serveConfig(t, Config{Template: edited(t), Objects: open(t, dir)})
	for _, test := range []struct {
		name  string
		size  int
		bound uint64
	}{
		{"large.mp4", len(large), most},
		{"small.txt", len(small), uint64(len(small)) + most},
	} {
		r := httptest.NewRequest(http.MethodGet, s.sign("/"+test.name), nil)
		r.RequestURI = strings.TrimPrefix(r.RequestURI, s.url)
		ask := func() {
			w := discarding{header: make(http.Header)}
			if s.edge.ServeHTTP(&w, r); w.bytes != test.size {
				t.Fatalf("%s: %d bytes of %d: %s", test.name, w.bytes, test.size, w.header)
			}
		}
		ask()
		ask()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 50 {
			ask()
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / 50; each > test.bound {
			t.Errorf("%s: %d bytes are allocated for each of its answers, want at most %d", test.name, each, test.bound)
		}
	}
}
