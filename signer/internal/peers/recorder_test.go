package peers

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// recorder is a server that records what clients send: the request target and the
// Host header, byte for byte, with no HTTP library in between.
//
// A client requests a mark before each URL, so that its request for the URL can be
// told apart from all others, even if it sends none.
type recorder struct {
	address string
	done    chan struct{} // closed by a request for /done; the response to /wait waits for it

	mu   sync.Mutex
	page string // served at /page
	mark int
	got  map[int][]wire
}

// wire is what a client sent for a URL.
type wire struct{ host, target string }

func record(t testing.TB) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{address: listener.Addr().String(), done: make(chan struct{}), mark: -1, got: map[int][]wire{}}
	var open sync.WaitGroup
	var mu sync.Mutex
	connections := map[net.Conn]bool{}
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for c := range connections {
			c.Close()
		}
		mu.Unlock()
		open.Wait()
	})
	open.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			connections[c] = true
			mu.Unlock()
			open.Go(func() {
				r.serve(c)
				c.Close()
				mu.Lock()
				delete(connections, c)
				mu.Unlock()
			})
		}
	})
	return r
}

func (r *recorder) serve(c net.Conn) {
	in := bufio.NewReaderSize(c, 1<<16)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		target := strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "GET ")
		target = strings.TrimSuffix(target, " HTTP/1.1")
		w := wire{target: target}
		for {
			header, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if header = strings.TrimRight(header, "\r\n"); header == "" {
				break
			}
			if name, value, _ := strings.Cut(header, ":"); strings.EqualFold(name, "Host") {
				w.host = strings.TrimSpace(value)
			}
		}
		fmt.Fprint(c, r.answer(w))
	}
}

const nothing = "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n\r\n"

func (r *recorder) answer(w wire) string {
	own := w.host == r.address
	switch {
	case own && w.target == "/page":
		r.mu.Lock()
		defer r.mu.Unlock()
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(r.page), r.page)
	case own && w.target == "/wait":
		<-r.done
	case own && w.target == "/done":
		close(r.done)
	case own && strings.HasPrefix(w.target, "/mark/"):
		n, _ := strconv.Atoi(strings.TrimPrefix(w.target, "/mark/"))
		r.mu.Lock()
		r.mark = n
		r.mu.Unlock()
	case w.target == "/favicon.ico":
	default:
		r.mu.Lock()
		r.got[r.mark] = append(r.got[r.mark], w)
		r.mu.Unlock()
	}
	return nothing
}

// sent returns what the client sent for the URL with this mark.
func (r *recorder) sent(mark int) []wire {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[mark]
}
