package edge

import (
	"fmt"
	"strconv"
	"strings"
)

// servedRange is the Range header that CloudFront acts on for an object of
// that size. A header with a range that is not valid, or with ranges that are
// not ascending or that overlap, is passed over, and the whole object is sent:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
func servedRange(header string, size int64) string {
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return ""
	}
	next := int64(0)
	specs := strings.Split(list, ",")
	for _, spec := range specs {
		first, last, ok := parseRange(strings.TrimSpace(spec), size)
		if !ok || len(specs) > 1 && first < next {
			return ""
		}
		if first >= size && len(specs) == 1 {
			return fmt.Sprintf("bytes=%d-", size) // nothing of it is there: 416
		}
		next = last + 1
	}
	return header
}

// parseRange reads one range: "first-last", "first-" or "-length".
func parseRange(spec string, size int64) (first, last int64, ok bool) {
	from, to, ok := strings.Cut(spec, "-")
	if !ok || from == "" && to == "" {
		return 0, 0, false
	}
	if from == "" {
		length, ok := parseOffset(to)
		return max(size-length, 0), size - 1, ok // of length 0: first is size, past the end
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
