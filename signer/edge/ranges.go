package edge

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strconv"
	"strings"
)

// A byteRange is a part of an object. Both offsets are inclusive.
type byteRange struct{ first, last int64 }

// header is the Range header that asks for r.
func (r byteRange) header() string {
	return "bytes=" + strconv.FormatInt(r.first, 10) + "-" + strconv.FormatInt(r.last, 10)
}

// servedRanges returns the Range header that CloudFront honors for an object of
// this size, and the ranges if there are several. CloudFront ignores a header with
// an invalid range, or with ranges that overlap or do not ascend, and sends the
// whole object:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
//
// For several ranges the header is the first one that the object has.
// http.ServeContent checks it with the preconditions, and the edge sends the ranges
// itself: whether http.ServeContent sends several depends on the GODEBUG setting
// httpservecontentmaxranges, whose default for this module is one.
func servedRanges(header string, size int64) (string, []byteRange) {
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return "", nil
	}
	next := int64(0)
	var ranges []byteRange
	specs := strings.Split(list, ",")
	for _, spec := range specs {
		first, last, ok := parseRange(strings.TrimSpace(spec), size)
		if !ok || len(specs) > 1 && first < next {
			return "", nil
		}
		if first < size {
			ranges = append(ranges, byteRange{first, min(last, size-1)})
		}
		next = last + 1
	}
	switch len(ranges) {
	case 0:
		return fmt.Sprintf("bytes=%d-", size), nil // the object has no byte of it: 416
	case 1:
		return ranges[0].header(), nil
	}
	return ranges[0].header(), ranges
}

// writeParts writes ranges of an object as multipart/byteranges.
func writeParts(w *multipart.Writer, object io.ReadSeeker, ranges []byteRange, contentType string, size int64) error {
	for _, r := range ranges {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Type":  {contentType},
			"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", r.first, r.last, size)},
		})
		if err != nil {
			return err
		}
		if object == nil { // only the length is needed
			continue
		}
		if _, err := object.Seek(r.first, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.CopyN(part, object, r.last-r.first+1); err != nil {
			return err
		}
	}
	return w.Close()
}

// parseRange reads one range: "first-last", "first-" or "-length".
func parseRange(spec string, size int64) (first, last int64, ok bool) {
	from, to, ok := strings.Cut(spec, "-")
	if !ok || from == "" && to == "" {
		return 0, 0, false
	}
	if from == "" {
		length, ok := parseOffset(to)
		return max(size-length, 0), size - 1, ok // for length 0, first is size, past the end
	}
	first, ok = parseOffset(from)
	if !ok || to == "" {
		return first, max(size-1, first), ok
	}
	last, ok = parseOffset(to)
	return first, last, ok && first <= last
}

func parseOffset(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
