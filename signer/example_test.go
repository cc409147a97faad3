package signer_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// exampleKey writes a key pair to a file, as `signedfront keygen` does.
func exampleKey() (file string, remove func()) {
	dir, err := os.MkdirTemp("", "signer")
	if err != nil {
		log.Fatal(err)
	}
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	file = filepath.Join(dir, "key.pem")
	if err := key.WriteFile(file); err != nil {
		log.Fatal(err)
	}
	return file, func() { os.RemoveAll(dir) }
}

func exampleSigner() (*signer.Signer, map[string]*signer.PublicKey) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		log.Fatal(err)
	}
	return s, map[string]*signer.PublicKey{"K2JCJMDEHXQW5F": key.PublicKey()}
}

func Example() {
	ctx := context.Background()
	file, remove := exampleKey()
	defer remove()

	key, err := signer.LoadPrivateKey(file)
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		log.Fatal(err)
	}
	signed, err := s.URL(ctx, "https://d111111abcdef8.cloudfront.net/rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed[:strings.Index(signed, "?")])
	// Output: https://d111111abcdef8.cloudfront.net/rt.png
}

func ExampleObjectURL() {
	u, err := signer.ObjectURL("https://d111111abcdef8.cloudfront.net", "albums/July 2026/a+b.png")
	fmt.Println(u, err)
	// Output: https://d111111abcdef8.cloudfront.net/albums/July%202026/a%2Bb.png <nil>
}

func ExampleCheckURL() {
	fmt.Println(signer.CheckURL("https://d111111abcdef8.cloudfront.net/a|b.png"))
	// Output: url: path, byte 39, "|": clients differ in whether they escape it: write %7C
}

// This pass opens a whole album with one signature.
func ExampleSigner_OpenAll() {
	s, keys := exampleSigner()
	const album = "https://d111111abcdef8.cloudfront.net/albums/7/"
	pass, err := s.OpenAll(context.Background(), album, signer.Policy{TTL: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"one.png", "two.png"} {
		signed, err := pass.URL(album + name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, signer.Verify(signer.Request{URL: signed, Time: time.Now()}, keys).Allowed)
	}
	// Output:
	// one.png true
	// two.png true
}

// The application at app.example.com opens an album at cdn.example.com.
func ExampleSigner_Cookies() {
	s, _ := exampleSigner()
	handler := func(w http.ResponseWriter, r *http.Request) {
		cookies, err := s.Cookies(r.Context(), "https://cdn.example.com/albums/7/*",
			signer.Policy{TTL: time.Hour},
			signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"})
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		for _, cookie := range cookies {
			http.SetCookie(w, cookie)
		}
	}
	_ = handler
}

// Explain finds why a URL was refused.
func ExampleExplain() {
	s, keys := exampleSigner()
	signed, err := s.URL(context.Background(), "https://d111111abcdef8.cloudfront.net/it's.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	arrived := strings.Replace(signed, "'", "%27", 1)
	v := signer.Explain(signer.Request{URL: arrived, Time: time.Now()}, keys)
	fmt.Println(v.Code, v.Reason)
	fmt.Println(v.Detail)
	// Output:
	// AccessDenied rewritten
	// the URL was rewritten after it was signed: byte 40 was signed as "'s.png" and arrived as "%27s.png", as these clients send it: node-fetch 2
}

// This signer signs for the local edge and follows its key.
func ExampleOpen() {
	ctx := context.Background()
	s, err := signer.Open(ctx, signer.FileSource(".signedfront/signedfront-dev/deployment.json"), nil)
	if err != nil {
		fmt.Println("run `signedfront local` first")
		return
	}
	defer s.Close()
	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed)
	// Output: run `signedfront local` first
}

// A user called * opens only their own files.
func ExampleEscapeSegment() {
	const base = "https://d111111abcdef8.cloudfront.net"
	s, keys := exampleSigner()
	user := "*"

	segment, err := signer.EscapeSegment(user)
	if err != nil {
		log.Fatal(err)
	}
	url, err := signer.ObjectURL(base, "users/"+user+"/rt.png")
	if err != nil {
		log.Fatal(err)
	}
	signed, err := s.URL(context.Background(), url, signer.Policy{TTL: time.Hour, Resource: base + "/users/" + segment + "/*"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(url)
	fmt.Println(signer.Verify(signer.Request{URL: signed}, keys).Allowed)
	fmt.Println(signer.Verify(signer.Request{URL: strings.Replace(signed, "/users/%2A/", "/users/ann/", 1)}, keys).Allowed)
	// Output:
	// https://d111111abcdef8.cloudfront.net/users/%2A/rt.png
	// true
	// false
}

// This program logs each grant with the subject that it names. The access log of a
// distribution has no subject and no query, but date, time, c-ip and cs-uri-stem, the
// path of the request. A request may have used any grant that was given before it, was
// valid at its time and for its address, and whose resource covers its path.
func ExampleGrant() {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	records := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	var given []signer.Grant
	s, err := signer.New("K2JCJMDEHXQW5F", key, &signer.Options{
		OnGrant: func(ctx context.Context, g signer.Grant) error {
			given = append(given, g) // take a lock if requests run concurrently
			records.LogAttrs(ctx, slog.LevelInfo, "grant", slog.Any("grant", g))
			return nil
		},
		Now: func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	const site = "https://d111111abcdef8.cloudfront.net"
	s.URL(signer.WithSubject(context.Background(), "anna"), site+"/rt.png", signer.Policy{TTL: 2 * time.Minute})
	s.OpenAll(signer.WithSubject(context.Background(), "bert"), site+"/albums/7/", signer.Policy{TTL: time.Hour})

	// One line of the distribution's access log.
	line := struct{ Date, Time, Address, Stem string }{"2026-07-01", "12:30:00", "203.0.113.7", "/albums/7/rt.png"}
	at, err := time.Parse(time.DateTime, line.Date+" "+line.Time)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range given {
		resource, _, _ := strings.Cut(g.Statement.Resource, "?")
		good := !at.Before(g.Time.Truncate(time.Second)) && !at.Before(g.Statement.NotBefore) && at.Before(g.Statement.Expires)
		from := !g.Statement.IPAddress.IsValid() || g.Statement.IPAddress.Contains(netip.MustParseAddr(line.Address))
		if good && from && signer.MatchPattern(resource, site+line.Stem) {
			fmt.Println(line.Stem, "was opened for", g.Subject)
		}
	}
	// Output:
	// {"level":"INFO","msg":"grant","grant":{"kind":"url","keyPairId":"K2JCJMDEHXQW5F","resource":"https://d111111abcdef8.cloudfront.net/rt.png","policy":"canned","expires":"2026-07-01T12:02:00Z","subject":"anna"}}
	// {"level":"INFO","msg":"grant","grant":{"kind":"pass","keyPairId":"K2JCJMDEHXQW5F","resource":"https://d111111abcdef8.cloudfront.net/albums/7/*","policy":"custom","expires":"2026-07-01T13:00:00Z","subject":"bert"}}
	// /albums/7/rt.png was opened for bert
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
