package hls_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/hls"
)

func exampleSigner() *signer.Signer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	key, err := signer.KeyFrom(private)
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		log.Fatal(err)
	}
	return s
}

// cut removes signatures from an example's output.
type cut struct{}

func (cut) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		before, _, signed := strings.Cut(line, "?Policy=")
		if signed {
			before += "?Policy=...\n"
		}
		fmt.Fprint(os.Stdout, before)
	}
	return len(p), nil
}

func ExampleRewrite() {
	const playlist = `#EXTM3U
#EXT-X-TARGETDURATION:6
#EXTINF:6,
seg1.ts
#EXTINF:6,
https://ads.example.com/spot.ts
#EXT-X-ENDLIST
`
	s := exampleSigner()
	pass, err := s.OpenAll(context.Background(), "https://d111111abcdef8.cloudfront.net/movies/7/", signer.Policy{TTL: 4 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	err = hls.Rewrite(cut{}, strings.NewReader(playlist), "https://d111111abcdef8.cloudfront.net/movies/7/720p.m3u8", pass, nil)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// #EXTM3U
	// #EXT-X-TARGETDURATION:6
	// #EXTINF:6,
	// https://d111111abcdef8.cloudfront.net/movies/7/seg1.ts?Policy=...
	// #EXTINF:6,
	// https://ads.example.com/spot.ts
	// #EXT-X-ENDLIST
}

// A multivariant playlist leads to further playlists. Here the application serves
// them below /movies/7/, where it rewrites them too.
func ExampleOptions_playlist() {
	const playlist = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2000000
720p.m3u8
`
	s := exampleSigner()
	pass, err := s.OpenAll(context.Background(), "https://d111111abcdef8.cloudfront.net/movies/7/", signer.Policy{TTL: 4 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	o := &hls.Options{Playlist: func(p hls.Reference) (string, error) {
		name, ok := strings.CutPrefix(p.URL, pass.Prefix())
		if !ok {
			return "", nil // not ours: leave it
		}
		return "/movies/7/" + name, nil
	}}
	err = hls.Rewrite(os.Stdout, strings.NewReader(playlist), pass.Prefix()+"index.m3u8", pass, o)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// #EXTM3U
	// #EXT-X-STREAM-INF:BANDWIDTH=2000000
	// /movies/7/720p.m3u8
}
