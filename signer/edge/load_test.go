package edge

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

var (
	distinctURLs = flag.Int("distinct", 20_000, "ask for this many distinct URLs")
	swapsLast    = flag.Duration("swaps", 2*time.Second, "swap the template ten times in this time")
)

// heap is what is in use, in bytes, after all that is not is gone.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// With -distinct=1000000 it is a million.
func TestDistinctURLsLeaveNothingInMemory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/public/logo.svg", "<svg/>")
	write(t, dir+"/rt.png", "a picture")
	s := serveConfig(t, Config{Objects: open(t, dir), Template: edited(t,
		change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/public/*", "TargetOriginId": "content"}}})})
	forged := strings.TrimPrefix(s.sign("/rt.png"), s.url)
	ask := func(from, to int) {
		for i := from; i < to; i++ {
			target, want := "", 403
			switch i % 8 {
			default:
				target, want = fmt.Sprintf("/public/logo.svg?v=%d", i), 200
			case 1:
				target = fmt.Sprintf("/public/none/%d/%d.png", i, i)
			case 2:
				target = fmt.Sprintf("/unsigned/%d", i)
			case 3:
				target = strings.Replace(forged, "/rt.png", fmt.Sprintf("/rt%d.png", i), 1)
			}
			w := httptest.NewRecorder()
			if s.edge.ServeHTTP(w, s.request("GET", target)); w.Code != want {
				t.Fatalf("%s: %d", target, w.Code)
			}
		}
	}
	const first = 5000
	ask(0, first)
	before := heap()
	ask(first, first+*distinctURLs)
	if after := heap(); after > before+512<<10 {
		t.Errorf("%d KB after %d URLs, and %d KB after %d more", before>>10, first, after>>10, *distinctURLs)
	}
}

// With -swaps=1m it lasts a minute.
func TestNoRequestIsDroppedWhileTheTemplateIsSwapped(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	objects := OpenFS(pictures)
	made := func(i int) *Edge {
		e, err := New(Config{
			Template: edited(t, change{config + ".Comment", fmt.Sprint(i)}), BaseURL: "http://" + listener.Addr().String(), Objects: objects,
			Keys: func(KeyPair) (*signer.PrivateKey, error) { return key, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	var current atomic.Pointer[Edge]
	current.Store(made(0))
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		current.Load().ServeHTTP(w, r)
	})}}
	server.Start()
	defer server.Close()
	signs, err := current.Load().Signer()
	if err != nil {
		t.Fatal(err)
	}
	url, err := signs.URL(t.Context(), "http://"+listener.Addr().String()+"/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}

	const connections, swaps = 64, 10
	stop := make(chan struct{})
	var served, failed atomic.Int64
	var asking sync.WaitGroup
	for range connections {
		asking.Go(func() {
			client := http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				response, err := client.Get(url)
				if err != nil {
					failed.Add(1)
					t.Errorf("dropped: %v", err)
					return
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != 200 || string(body) != "a picture" {
					failed.Add(1)
					t.Errorf("%d %q: %v", response.StatusCode, body, err)
					return
				}
				served.Add(1)
			}
		})
	}
	for i := range swaps {
		time.Sleep(*swapsLast / (swaps + 1))
		current.Store(made(i + 1))
	}
	time.Sleep(*swapsLast / (swaps + 1))
	close(stop)
	asking.Wait()
	t.Logf("%d requests over %d connections in %s, %d swaps, %d dropped", served.Load(), connections, *swapsLast, swaps, failed.Load())
	if served.Load() < connections {
		t.Errorf("%d requests were served", served.Load())
	}
}
