package edge

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/model"

	"github.com/signedfront/signedfront/signer"
)

// withRootObject returns the raw path of the object that a raw path is for: at /,
// and there alone, the default root object. That comes before all else: the cache
// behavior, and with it the trusted keys, are those of the object's path.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
func withRootObject(d *model.Distribution, rawPath string) string {
	if rawPath == "/" {
		return "/" + d.RootObject
	}
	return rawPath
}

// chooseBehavior returns the cache behavior of a raw path: the first whose pattern
// covers the normalized path. Letter case matters.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func chooseBehavior(d *model.Distribution, rawPath string) *model.Behavior {
	last := len(d.Behaviors) - 1 // its pattern, *, covers everything
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

// corsHeaders are the headers that make a request one of CORS.
var corsHeaders = []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}

// toOrigin returns a request as it reaches the origin, as far as CORS goes. It may
// be the same one.
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

// withHeaders returns a request whose headers are its own.
func withHeaders(r *http.Request) *http.Request {
	copied := *r
	copied.Header = maps.Clone(r.Header)
	return &copied
}

// queryToOrigin returns the parameters of a query that reach the origin: those
// that the behavior passes on, without those of CloudFront's signatures. Names are
// compared as they are written.
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

// chooses reports whether a selection has a name, compared by same.
func chooses(s model.Selection, name string, same func(a, b string) bool) bool {
	named := slices.ContainsFunc(s.Names, func(n string) bool { return same(n, name) })
	return named != s.All
}
