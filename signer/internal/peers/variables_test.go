//go:build unix

package peers

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/hls"
)

// BenchmarkPlaylistOfVariables compares a playlist whose variables expand to the
// maximum with a plain one of the same size, and with one of twice the size. It may
// be refused at a line. It measures processor time, since other programs may interrupt a
// long call.
func BenchmarkPlaylistOfVariables(b *testing.B) {
	pass := must[*signer.Pass](b)(ours(b, ecdsaKey(), signer.Options{Now: time.Now}).OpenAll(b.Context(), site+"/movies/7/", signer.Policy{TTL: time.Hour}))
	rewrite := func(b *testing.B, text string) float64 {
		const times = 4
		start := processorTime(b)
		for range times {
			err := hls.Rewrite(io.Discard, strings.NewReader(text), site+"/movies/7/720p/index.m3u8", pass, nil)
			if lineErr := new(hls.LineError); err != nil && !errors.As(err, &lineErr) {
				b.Fatal(err)
			}
		}
		return float64(processorTime(b)-start) / times
	}
	for _, way := range []struct {
		name, value, line string
	}{
		{"a token in each URI", strings.Repeat("t", 500), "#EXTINF:6,\nseg1234.ts?token={$v}\n"},
		{"URIs below the prefix", strings.Repeat("a", 7000), "{$v}\n"},
		{"escaped URIs outside the prefix", "/" + strings.Repeat("%41", 2300), "{$v}\n"},
		{"dot segments", "/" + strings.Repeat("a/../", 1400), "{$v}\n"},
		{"URIs on another host", "https://evil.example/" + strings.Repeat("a", 60_000), "{$v}\n"},
		{"empty variables", "", strings.Repeat("{$v}", 1000) + "a\n"},
	} {
		b.Run(way.name, func(b *testing.B) {
			const size = 120_000
			text := "#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"" + way.value + "\"\n"
			text += strings.Repeat(way.line, (size-len(text))/len(way.line))
			twice := text + strings.Repeat(way.line, len(text)/len(way.line))
			const segment = "#EXTINF:6,\nsegment12345.ts\n"
			plain := "#EXTM3U\n" + strings.Repeat(segment, len(text)/len(segment))
			r := make(rounds, 3)
			loop(b, func() {
				for i, text := range []string{text, plain, twice} {
					r[i] = append(r[i], rewrite(b, text))
				}
			})
			b.ReportMetric(r.time(0), "ns/op")
			b.ReportMetric(r.time(1), "plain-ns")
			twiceTheSize := r.median(func(t []float64) float64 { return t[2] / t[0] })
			b.ReportMetric(twiceTheSize, "for-twice-the-size")
			if twiceTheSize > 3 {
				b.Errorf("twice the size takes %.3g times as long", twiceTheSize)
			}
			atMost(b, r.median(func(t []float64) float64 { return t[0] / t[1] }), "of-plain", 40)
		})
	}
}

// processorTime returns the program's processor time.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
