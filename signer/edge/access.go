package edge

import (
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// Allows reports whether the policy of a bucket or a key allows CloudFront an
// action on a resource, an ARN, and the reason if it does not. It decides as the
// local edge does: a part of a policy that the edge does not know allows nothing.
func Allows(p model.Policy, cloudFront model.Identity, action, resource string) (allowed bool, reason string) {
	return (*resourcePolicy)(&p).decide(accessRequest{identity(cloudFront), action, resource})
}

// MatchesPath reports whether the path pattern of a cache behavior, with or without its
// first slash, matches the raw path of a URL, which CloudFront normalizes first.
func MatchesPath(pattern, rawPath string) bool {
	return signer.MatchPattern("/"+strings.TrimPrefix(pattern, "/"), normalizePath(rawPath))
}
