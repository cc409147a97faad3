package edge

import "unicode/utf8"

// wildcard reports whether pattern covers the whole of s. In a pattern, * is
// any number of characters, none included, and ? is exactly one. Everything
// else stands for itself. CloudFront's path patterns and the wildcards of a
// bucket policy are read alike.
func wildcard(pattern, s string) bool {
	// A mismatch goes back to the last star alone: letting an earlier one take
	// more cannot help. So the work is at most len(pattern) * len(s).
	star, retry := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, size := utf8.DecodeRuneInString(s[i:])
			p++
			i += size
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			_, size := utf8.DecodeRuneInString(s[retry:])
			retry += size
			p, i = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
