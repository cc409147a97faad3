package hls

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

func FuzzEverythingButCoveredURIsStaysByteForByte(f *testing.F) {
	for _, playlist := range []string{
		segments(2),
		"#EXTM3U\r\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",URI=\"skd://x\"\r\nseg.ts",
		"\xef\xbb\xbf#EXTM3U\n#EXT-X-STREAM-INF:A=\"b,c\"\nv.m3u8\n#EXT-X-MAP:URI=i,URI=\"i",
		"#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b{$a}\"\n{$a}/s.ts\n#EXT-X-DATERANGE:X-ASSET-LIST=\"l\"\n",
		"#EXTM3U\n%ı\n??\n",
		"#EXTM3U\ndía 1|{2}.ts?f='é'\n%2E%2e/%61%7e.ts\n",
		"#EXTM3U\n#EXT-X-PART:URI=\"\",=,\"=\",URI= \"a b\" ,\n\t ../../x\r\n" + prefix + "y?z\n",
	} {
		f.Add(playlist)
	}
	pass := newPass(f, newKey(f), now)
	signed, err := pass.URL(prefix)
	if err != nil {
		f.Fatal(err)
	}
	tail := signed[len(prefix)+1:]
	signedURI := regexp.MustCompile(regexp.QuoteMeta(prefix) + `[^"\s]*?[?&]` + regexp.QuoteMeta(tail))
	s, err := signer.New(keyID, newKey(f), &signer.Options{Now: now})
	if err != nil {
		f.Fatal(err)
	}
	elsewhere, err := s.OpenAll(f.Context(), "https://elsewhere.example/", signer.Policy{TTL: 1e9})
	if err != nil {
		f.Fatal(err)
	}
	leave := &Options{Playlist: func(Reference) (string, error) { return "", nil }}

	f.Fuzz(func(t *testing.T, playlist string) {
		if strings.Contains(playlist, tail) || strings.Contains(playlist, "elsewhere.example") {
			return
		}
		var b bytes.Buffer
		if err := Rewrite(&b, strings.NewReader(playlist), list, elsewhere, nil); err == nil && b.String() != playlist {
			t.Fatalf("a pass for elsewhere changed %q to %q", playlist, b.String())
		}

		b.Reset()
		err := Rewrite(&b, strings.NewReader(playlist), list, pass, leave)
		if err != nil {
			if lineErr := new(LineError); !errors.As(err, &lineErr) || lineErr.Line > strings.Count(playlist, "\n")+1 {
				t.Fatalf("an error without its line: %v", err)
			}
			if strings.Contains(err.Error(), tail) {
				t.Fatalf("a signature in an error: %v", err)
			}
			return
		}
		in, out := strings.Split(playlist, "\n"), strings.Split(b.String(), "\n")
		if len(in) != len(out) {
			t.Fatalf("%d lines became %d", len(in), len(out))
		}
		for i := range in {
			rest, from := in[i], 0
			for n, at := range signedURI.FindAllStringIndex(out[i], -1) {
				kept := out[i][from:at[0]]
				found := strings.Index(rest, kept)
				if found < 0 || n == 0 && found > 0 {
					t.Fatalf("line %d: %q became %q", i+1, in[i], out[i])
				}
				rest, from = rest[found+len(kept):], at[1]
				url := out[i][at[0] : at[1]-len(tail)-1]
				if !pass.Covers(url) {
					t.Fatalf("line %d: %q got the pass", i+1, url)
				}
			}
			if foot := out[i][from:]; !strings.HasSuffix(rest, foot) || from == 0 && rest != foot {
				t.Fatalf("line %d: %q became %q", i+1, in[i], out[i])
			}
		}
		if strings.Count(b.String(), tail) != len(signedURI.FindAllString(b.String(), -1)) {
			t.Fatalf("the pass stands outside of a covered URI in %q", b.String())
		}

		// The second rewriting refuses what the first one signed, or changes
		// nothing else.
		var again bytes.Buffer
		err = Rewrite(&again, bytes.NewReader(b.Bytes()), list, pass, leave)
		if wasSigned := strings.Contains(b.String(), tail); wasSigned != (err != nil) {
			t.Fatalf("rewriting again: got %v", err)
		}
		if err == nil && again.String() != b.String() {
			t.Fatalf("rewriting again changed %q to %q", b.String(), again.String())
		}
	})
}
