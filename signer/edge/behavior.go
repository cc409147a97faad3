package edge

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/model"

	"github.com/signedfront/signedfront/signer"
)

// withRootObject returns a raw path with the default root object in place of /.
// Only / has one. The cache behavior and its trusted keys are those of the
// resulting path.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
func withRootObject(d *model.Distribution, rawPath string) string {
	if rawPath == "/" {
		return "/" + d.RootObject
	}
	return rawPath
}

// chooseBehavior returns the cache behavior of a raw path: the first whose pattern
// matches the normalized path. Letter case matters.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func chooseBehavior(d *model.Distribution, rawPath string) *model.Behavior {
	last := len(d.Behaviors) - 1 // its pattern, *, matches everything
	if last > 0 {
		path := normalizePath(rawPath)
		for _, b := range d.Behaviors[:last] {
			if signer.MatchPattern(b.PathPattern, path) {
				return b
			}
		}
	}
	return d.Behaviors[last]
}

// corsHeaders are the headers of a CORS request.
var corsHeaders = []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}

// toOrigin returns a request with the CORS headers that reach the origin. It may
// return r itself.
func toOrigin(b *model.Behavior, r *http.Request) *http.Request {
	forwarded := r
	for _, name := range corsHeaders {
		if r.Header[name] != nil && !slices.ContainsFunc(b.Forwarding, func(f model.Forwarding) bool { return chooses(f.Headers, name, strings.EqualFold) }) {
			forwarded = withHeaders(forwarded)
			forwarded.Header.Del(name)
		}
	}
	return forwarded
}

// withHeaders returns a copy of a request with its own headers.
func withHeaders(r *http.Request) *http.Request {
	copied := *r
	copied.Header = maps.Clone(r.Header)
	return &copied
}

// queryToOrigin returns the parameters of a query that reach the origin: those that
// the behavior forwards, without those of CloudFront's signatures. Names are
// compared as written.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/QueryStringParameters.html
func queryToOrigin(b *model.Behavior, query string) []string {
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if name == "" || slices.Contains(signatureParameters, name) {
			continue
		}
		if slices.ContainsFunc(b.Forwarding, func(f model.Forwarding) bool {
			return chooses(f.Query, name, func(a, b string) bool { return a == b })
		}) {
			kept = append(kept, parameter)
		}
	}
	return kept
}

// signatureParameters never reach an origin.
var signatureParameters = []string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}

// chooses reports whether a selection includes a name. Names are compared by same.
func chooses(s model.Selection, name string, same func(a, b string) bool) bool {
	named := slices.ContainsFunc(s.Names, func(n string) bool { return same(n, name) })
	return named != s.All
}
