package hls_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/hls"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// A key may be in a playlist, in its URL, in a variable and in the result of
// Options.Playlist.
func TestNoErrorOfARewriteShowsAKey(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://d111111abcdef8.cloudfront.net/"
	pass, err := s.OpenAll(t.Context(), base+"albums/", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"Rewrite": func(text string) (back []any) {
			rewrite := func(playlist, url string, o *hls.Options) {
				back = append(back, hls.Rewrite(io.Discard, strings.NewReader(playlist), url, pass, o))
			}
			for _, url := range []string{text, "https://" + text, base + text} {
				rewrite("#EXTM3U\na.ts\n", url, nil)
			}
			for _, line := range []string{
				text, base + text, "https://" + text, "/../" + text, "a.ts?" + text, "#EXT-X-KEY:METHOD=AES-128,URI=\"" + text + "\"", "#EXT-X-KEY:METHOD=AES-128,URI=\"" + text,
				"#EXT-X-KEY:" + text, "#EXT-X-KEY:METHOD=AES-128," + text + "=\"a\"", "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + text + "\"\n{$a}", "#EXT-X-DEFINE:NAME=\"" + text + "\",VALUE=\"a\"\n{$" + text + "}",
				"#EXT-X-DEFINE:IMPORT=\"" + text + "\"", "#EXT-X-DEFINE:QUERYPARAM=\"" + text + "\"", "{$" + text + "}", "{$" + text, "#EXT-X-MAP:URI=\"a\"" + text, "#EXT-X-MEDIA:URI=\"a\",URI=\"" + text + "\"",
				"#EXT-X-CONTENT-STEERING:SERVER-URI=\"" + text + "\"", text + "\n#EXTM3U",
			} {
				rewrite("#EXTM3U\n"+line+"\n", base+"albums/a.m3u8", nil)
				rewrite(line, base+"albums/a.m3u8", &hls.Options{MaxLine: 64})
			}
			for _, o := range []*hls.Options{
				{Variables: map[string]string{text: "a", "a": text}},
				{Playlist: func(hls.Reference) (string, error) { return text, nil }},
				{Playlist: func(hls.Reference) (string, error) { return "", errors.New("no such playlist") }},
			} {
				rewrite("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"+text+"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nb.m3u8\n", base+"albums/a.m3u8", o)
				rewrite("#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"a\"\n{$a}\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"c\"\n", base+"albums/a.m3u8", o)
			}
			return back
		},
	})
}
