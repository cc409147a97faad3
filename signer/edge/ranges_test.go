package edge

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestRangesAreServedAsCloudFrontDoes(t *testing.T) {
	s := serveConfig(t, Config{
		Template: edited(t),
		Objects:  OpenFS(fstest.MapFS{"digits.txt": {Data: []byte("0123456789")}}),
	})
	url := s.sign("/digits.txt")
	whole := "0123456789"
	for _, test := range []struct {
		name, header string
		status       int
		body         string
	}{
		{"the first bytes", "bytes=0-3", 206, "0123"},
		{"from an offset", "bytes=7-", 206, "789"},
		{"the last bytes", "bytes=-2", 206, "89"},
		{"more than there is", "bytes=8-100", 206, "89"},
		{"more of the end than there is", "bytes=-100", 206, whole},
		{"nothing of it there", "bytes=10-", 416, ""},
		{"the last zero bytes", "bytes=-0", 416, ""},
		{"backwards", "bytes=3-1", 200, whole},
		{"negative", "bytes=-1-3", 200, whole},
		{"no number", "bytes=a-b", 200, whole},
		{"no range", "bytes=", 200, whole},
		{"another unit", "lines=1-2", 200, whole},
		{"too large a number", "bytes=99999999999999999999-", 200, whole},
		{"several that descend", "bytes=5-6,1-2", 200, whole},
		{"several that overlap", "bytes=1-4,4-5", 200, whole},
		{"several of which one is not valid", "bytes=1-2,x", 200, whole},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.get(url, "Range", test.header)
			if got.status != test.status || test.status != 416 && got.body != test.body {
				t.Errorf("%s: %d %q, want %d %q", test.header, got.status, got.body, test.status, test.body)
			}
			if test.status != 416 {
				return
			}
			if !strings.Contains(got.body, "<Code>InvalidRange</Code>") || !strings.Contains(got.body, "<ActualObjectSize>10</ActualObjectSize>") ||
				got.header.Get("Content-Type") != "application/xml" || got.header.Get("X-Cache") != "Error from cloudfront" {
				t.Errorf("%s: %q %v", test.header, got.body, got.header)
			}
		})
	}
	got := s.handle("GET", strings.TrimPrefix(url, s.url), "Range", "bytes=10-")
	if !strings.HasSuffix(got.body, "</Error>") {
		t.Errorf("more than S3's body: %q", got.body)
	}
	for _, several := range []string{"bytes=0-1,4-5", "bytes=0-1, 4-5, 20-30"} {
		got = s.get(url, "Range", several)
		_, params, err := mime.ParseMediaType(got.header.Get("Content-Type"))
		if got.status != 206 || err != nil || got.header.Get("Content-Range") != "" || got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
			t.Fatalf("%s: %d %v %q", several, got.status, got.header, got.body)
		}
		parts := multipart.NewReader(strings.NewReader(got.body), params["boundary"])
		for _, want := range []string{"bytes 0-1/10 text/plain 01", "bytes 4-5/10 text/plain 45"} {
			part, err := parts.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(part)
			if got := part.Header.Get("Content-Range") + " " + part.Header.Get("Content-Type") + " " + string(text); got != want || err != nil {
				t.Errorf("%s: part %q %v, want %q", several, got, err, want)
			}
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("%s: after the parts: %v", several, err)
		}
	}
	if got := s.do("HEAD", url, "Range", "bytes=0-1,4-5"); got.status != 206 || got.body != "" || !strings.HasPrefix(got.header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("HEAD of several: %d %v", got.status, got.header)
	}
	if got := s.get(url, "Range", "bytes=0-1,4-5", "If-Range", `"other"`); got.status != 200 || got.body != whole {
		t.Errorf("several of another object: %d %q", got.status, got.body)
	}
	if got := s.do("HEAD", url, "Range", "bytes=0-3"); got.status != 206 || got.body != "" || got.header.Get("Content-Range") != "bytes 0-3/10" {
		t.Errorf("HEAD: %d %v", got.status, got.header)
	}
}

func TestConditionsAreServedAsS3Does(t *testing.T) {
	s := serve(t)
	url := s.sign("/rt.png")
	first := s.get(url)
	etag, modified := first.header.Get("Etag"), first.header.Get("Last-Modified")
	if len(etag) != 34 || etag[0] != '"' {
		t.Fatalf("the ETag %s is not 32 digits in quotes", etag)
	}
	earlier := noon.Add(-48 * time.Hour).Format(http.TimeFormat)
	for _, test := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"If-None-Match of this object", []string{"If-None-Match", etag}, 304},
		{"If-None-Match of another", []string{"If-None-Match", `"other"`}, 200},
		{"If-Modified-Since its change", []string{"If-Modified-Since", modified}, 304},
		{"If-Modified-Since before it", []string{"If-Modified-Since", earlier}, 200},
		{"If-Match of this object", []string{"If-Match", etag}, 200},
		{"If-Match of another", []string{"If-Match", `"other"`}, 412},
		{"If-Unmodified-Since before its change", []string{"If-Unmodified-Since", earlier}, 412},
		{"a range if it is this object", []string{"Range", "bytes=0-1", "If-Range", etag}, 206},
		{"a range if it is another", []string{"Range", "bytes=0-1", "If-Range", `"other"`}, 200},
		{"an impossible range of what is not changed", []string{"Range", "bytes=99-", "If-None-Match", etag}, 304},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.get(url, test.headers...)
			if got.status != test.status {
				t.Errorf("status %d, want %d", got.status, test.status)
			}
			switch got.status {
			case 304:
				if got.body != "" || got.header.Get("Etag") != etag || got.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%q %v", got.body, got.header)
				}
			case 412:
				if !strings.Contains(got.body, "<Code>PreconditionFailed</Code>") || got.header.Get("Server") != "AmazonS3" {
					t.Errorf("%q %v", got.body, got.header)
				}
			}
		})
	}
	if got := s.do("HEAD", url); got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "9" || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("HEAD: %d %q %v", got.status, got.body, got.header)
	}
}

func TestAFileOfGigabytesIsServedInRanges(t *testing.T) {
	const size = 5 << 30
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "film.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("the end"), size-7); err != nil {
		t.Fatal(err)
	}
	s := serveConfig(t, Config{Template: edited(t), Objects: open(t, dir)})
	url := s.sign("/film.mp4")

	if got := s.do("HEAD", url); got.header.Get("Content-Length") != fmt.Sprint(int64(size)) || got.header.Get("Content-Type") != "video/mp4" {
		t.Errorf("HEAD: %v", got.header)
	}
	for _, header := range []string{fmt.Sprintf("bytes=%d-", int64(size-7)), "bytes=-7"} {
		got := s.get(url, "Range", header)
		if got.status != 206 || got.body != "the end" || got.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", int64(size-7), int64(size-1), int64(size)) {
			t.Errorf("%s: %d %.20q %v", header, got.status, got.body, got.header)
		}
	}
	if got := s.get(url, "Range", "bytes=3000000000-3000000999"); got.status != 206 || len(got.body) != 1000 {
		t.Errorf("the middle: %d, %d bytes", got.status, len(got.body))
	}

	// A viewer may start on the whole and leave.
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil || response.ContentLength != size {
		t.Errorf("the start of the whole: %v, length %d", err, response.ContentLength)
	}
}
