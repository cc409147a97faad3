package peers

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// edgeHost is the edge's host in these figures. Their requests use no network.
const edgeHost = "127.0.0.1:8080"

// edgeFiles returns a folder with the objects of these figures: a picture among
// 100, two folders down, and a film.
func edgeFiles(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	album := filepath.Join(dir, "albums", "july")
	if err := os.MkdirAll(album, 0o755); err != nil {
		b.Fatal(err)
	}
	write := func(name string, size int) {
		content := bytes.Repeat([]byte("\xff\xd8 no text of any kind \x00"), size/24+1)[:size]
		if err := os.WriteFile(filepath.Join(album, name), content, 0o644); err != nil {
			b.Fatal(err)
		}
		// No recent change, as of a file that nobody is writing.
		past := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(album, name), past, past); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 100 {
		write(fmt.Sprintf("%03d.jpg", i), 1<<10)
	}
	write("film.mp4", 1<<20)
	time.Sleep(2500 * time.Millisecond) // so that the system's change time is not recent either
	return dir
}

// discarded is a response writer that drops the body.
type discarded struct {
	header http.Header
	status int
	bytes  int
}

func (d *discarded) Header() http.Header    { return d.header }
func (d *discarded) WriteHeader(status int) { d.status = status }
func (d *discarded) Write(b []byte) (int, error) {
	d.bytes += len(b)
	return len(b), nil
}

// threadTime returns the processor time of this thread.
func threadTime(b *testing.B) time.Duration {
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID
	var used syscall.Timespec
	if _, _, fault := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&used)), 0); fault != 0 {
		b.Fatal(fault)
	}
	return time.Duration(used.Nano())
}

// processed is repeated in processor time, which other programs do not change.
func processed(b *testing.B, way func()) func(calls int) time.Duration {
	way()
	return func(calls int) time.Duration {
		start := threadTime(b)
		for range calls {
			way()
		}
		return threadTime(b) - start
	}
}

// pairs returns a function that runs the next round of two ways. They alternate call by
// call, forth and back, so that other load on the processor or its caches affects both
// alike.
func pairs(b *testing.B, turn time.Duration, first, second func()) (r rounds, next func()) {
	ways := []func(){first, second}
	used := func(way int) time.Duration {
		start := threadTime(b)
		ways[way]()
		return threadTime(b) - start
	}
	four := func() (times [2]time.Duration) {
		for _, way := range []int{0, 1, 1, 0} {
			times[way] += used(way)
		}
		return times
	}
	four()
	times := four()
	fours := max(1, int(2*turn/(times[0]+times[1])))
	r = make(rounds, 2)
	return r, func() {
		var sum [2]time.Duration
		for range fours {
			times := four()
			sum[0] += times[0]
			sum[1] += times[1]
		}
		for way := range r {
			r[way] = append(r[way], float64(sum[way])/float64(2*fours))
		}
	}
}

// BenchmarkEdge compares the processor time that the local edge takes for a new URL
// with that of a program that checks the signature and then serves the file with a
// file server. A round counts only if no other program used the processor's caches,
// judged by the sum of both times. One time alone would not show that the other was
// disturbed.
func BenchmarkEdge(b *testing.B) {
	dir := edgeFiles(b)
	objects := must[*edge.Objects](b)(edge.OpenDir(dir))
	defer objects.Close()
	e := must[*edge.Edge](b)(edge.New(edge.Config{Template: recorded.Template(), StackName: recorded.StackName, BaseURL: "http://" + edgeHost, Objects: objects}))
	s := must[*signer.Signer](b)(e.Signer())
	keys := must[map[string]*signer.PublicKey](b)(e.Deployment().PublicKeys())
	files := http.FileServer(http.Dir(dir))
	for _, test := range []struct {
		name, path, ranges string
		status, bytes      int
	}{
		{"1KB", "/albums/july/042.jpg", "", 200, 1 << 10},
		{"1MB", "/albums/july/film.mp4", "", 200, 1 << 20},
		{"range", "/albums/july/film.mp4", "bytes=500000-500999", 206, 1000},
	} {
		b.Run(test.name, func(b *testing.B) {
			urls := make([]string, 4096)
			for i := range urls {
				urls[i] = must[string](b)(s.URL(b.Context(), "http://"+edgeHost+test.path, signer.Policy{TTL: time.Hour + time.Duration(i)*time.Second}))
			}
			next := 0
			request := func() *http.Request {
				next++
				r := must[*http.Request](b)(http.NewRequest(http.MethodGet, urls[next%len(urls)], nil))
				r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:50000"
				r.Header = http.Header{"User-Agent": {"Mozilla/5.0"}, "Accept": {"image/avif,image/webp,*/*"}, "Accept-Encoding": {"gzip"}}
				if test.ranges != "" {
					r.Header.Set("Range", test.ranges)
				}
				return r
			}
			ask := func(h http.Handler) func() {
				return func() {
					w := discarded{header: make(http.Header)}
					if h.ServeHTTP(&w, request()); w.status != test.status || w.bytes != test.bytes {
						b.Fatalf("%d, %d bytes: %s", w.status, w.bytes, w.header)
					}
				}
			}
			verify := func() {
				next++
				if sinkVerdict = signer.Verify(signer.Request{URL: urls[next%len(urls)]}, keys); !sinkVerdict.Allowed {
					b.Fatal(sinkVerdict.Detail)
				}
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			both := func() {
				verify()
				ask(files)()
			}
			all, round := pairs(b, 2*time.Millisecond, ask(e), both)
			loop(b, round)
			free := func() rounds {
				least := math.Inf(1)
				for i := range all[0] {
					least = min(least, all[0][i]+all[1][i])
				}
				return all.where(func(t []float64) bool { return t[0]+t[1] <= 1.05*least })
			}
			for start := time.Now(); len(free()[0]) < enough && time.Since(start) < 20*time.Second; {
				round()
			}
			r := free()
			if len(r[0]) < enough {
				b.Logf("NOT JUDGED: the machine was free in %d rounds of %d: run this where no other program needs it", len(r[0]), len(all[0]))
				return
			}
			b.ReportMetric(r.time(0), "ns/op")
			b.ReportMetric(r.time(1), "files-and-verify-ns")
			atMost(b, r.median(func(t []float64) float64 { return t[0] / t[1] }), "of-files-and-verify", 1.15)
		})
	}
}

// BenchmarkForged compares the refusal of URLs that a client rewrote with one check of
// the signature. signer.Explain would try some hundred other URLs for each, but the edge
// computes no explanation that nobody sees.
func BenchmarkForged(b *testing.B) {
	dir := b.TempDir()
	objects := must[*edge.Objects](b)(edge.OpenDir(dir))
	defer objects.Close()
	e := must[*edge.Edge](b)(edge.New(edge.Config{Template: recorded.Template(), StackName: recorded.StackName, BaseURL: "http://" + edgeHost, Objects: objects}))
	s := must[*signer.Signer](b)(e.Signer())
	keys := must[map[string]*signer.PublicKey](b)(e.Deployment().PublicKeys())
	signed := must[string](b)(s.URL(b.Context(), "http://"+edgeHost+"/albums/july/042.jpg", signer.Policy{TTL: time.Hour}))
	forged := strings.Replace(signed, "042", "043", 1)
	refuse := func() {
		r := must[*http.Request](b)(http.NewRequest(http.MethodGet, forged, nil))
		r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:50000"
		w := discarded{header: make(http.Header)}
		if e.ServeHTTP(&w, r); w.status != http.StatusForbidden {
			b.Fatalf("%d: %s", w.status, w.header)
		}
	}
	verify := func() {
		if sinkVerdict = signer.Verify(signer.Request{URL: forged}, keys); sinkVerdict.Allowed {
			b.Fatal("a forged URL is allowed")
		}
	}
	explain := func() {
		if sinkVerdict = signer.Explain(signer.Request{URL: forged}, keys); sinkVerdict.Allowed {
			b.Fatal("a forged URL is allowed")
		}
	}
	for start := time.Now(); time.Since(start) < time.Second; { // of which a quarter is explained
		refuse()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Explaining is limited to a share of the elapsed time. The share that grew during
	// the other turns is used up first, and a round counts only if this program had the
	// processor for most of it.
	flood := processed(b, refuse)
	refusals := func(calls int) time.Duration {
		for range 10 {
			refuse()
		}
		return flood(calls)
	}
	all, round := newRounds(20*time.Millisecond, refusals, processed(b, verify), processed(b, explain))
	r := make(rounds, len(all))
	measured := func() {
		start, used := time.Now(), threadTime(b)
		if round(); threadTime(b)-used >= time.Since(start)*9/10 {
			for way, times := range all {
				r[way] = append(r[way], times[len(times)-1])
			}
		}
	}
	loop(b, measured)
	for start := time.Now(); len(r[0]) < enough && time.Since(start) < 20*time.Second; {
		measured()
	}
	if len(r[0]) < enough {
		b.Logf("NOT JUDGED: a processor was free in %d rounds of %d: run this where no other program needs it", len(r[0]), len(all[0]))
		return
	}
	b.ReportMetric(r.time(0), "ns/op")
	b.ReportMetric(r.median(func(t []float64) float64 { return t[2] / t[1] }), "explain-of-verify")
	atMost(b, r.median(func(t []float64) float64 { return t[0] / t[1] }), "of-verify", 1.5)
}
