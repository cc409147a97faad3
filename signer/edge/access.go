package edge

import "github.com/signedfront/signedfront/signer/edge/model"

// Allows reports whether the policy of a bucket or of a key lets CloudFront take an
// action on a resource, an ARN, and the reason if it does not. It is how the local
// edge decides, so what it does not know of a policy opens nothing.
func Allows(p model.Policy, cloudFront model.Identity, action, resource string) (allowed bool, reason string) {
	return (*resourcePolicy)(&p).decide(accessRequest{identity(cloudFront), action, resource})
}
