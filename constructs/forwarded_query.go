package constructs

import (
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/signedfront/signedfront/constructs/contract/managed"
	"github.com/signedfront/signedfront/signer"
)

// forwardedQueries finds the query parameters that cache behaviors forward to their
// origins, with the policies of the app and the managed policies of AWS.
type forwardedQueries struct {
	stack awscdk.Stack     // the stack of the distribution
	ofApp []policyOfTheApp // set if found
	found bool
}

// forwarded describes the query parameters that a policy forwards to a bucket.
type forwarded struct {
	managed.Query
	unknown  bool // only the id of the policy is known
	uncached bool // the policy turns caching off
}

type policyOfTheApp struct {
	ids  []any // as resolved in the distribution's stack
	says forwarded
}

// of returns what the two policies of a behavior forward.
func (f *forwardedQueries) of(behavior map[string]any) queryForwarding {
	return queryForwarding{f.by(behavior["cachePolicyId"]), f.by(behavior["originRequestPolicyId"])}
}

// by returns what the policy with an id forwards.
func (f *forwardedQueries) by(id any) forwarded {
	if id == nil {
		return forwarded{}
	}
	if text, is := id.(string); is {
		if query, known := managed.Queries[text]; known {
			return forwarded{Query: query, uncached: text == *awscloudfront.CachePolicy_CACHING_DISABLED().CachePolicyId()}
		}
	}
	if !f.found {
		f.ofApp, f.found = policiesOfTheApp(f.stack), true
	}
	for _, policy := range f.ofApp {
		if slices.ContainsFunc(policy.ids, func(one any) bool { return reflect.DeepEqual(one, id) }) {
			return policy.says
		}
	}
	return forwarded{unknown: true}
}

// policiesOfTheApp returns the policies of all stacks of the app, those of the
// distribution's own stack first: a policy of another stack may have the same logical
// id, and its reference resolves to that id until the CDK makes it an import.
func policiesOfTheApp(stack awscdk.Stack) []policyOfTheApp {
	var own, others []policyOfTheApp
	for _, c := range *stack.Node().Root().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		var ref, id *string
		var config any
		var uncached bool
		switch policy := c.(type) {
		case awscloudfront.CfnCachePolicy:
			ref, id = policy.Ref(), policy.AttrId()
			settings, _ := policy.Stack().Resolve(policy.CachePolicyConfig()).(map[string]any)
			config, uncached = settings["parametersInCacheKeyAndForwardedToOrigin"], settings["maxTtl"] == 0.0
		case awscloudfront.CfnOriginRequestPolicy:
			ref, id = policy.Ref(), policy.AttrId()
			config = policy.Stack().Resolve(policy.OriginRequestPolicyConfig())
		default:
			continue
		}
		settings, _ := config.(map[string]any)
		says := readQuery(settings["queryStringsConfig"])
		says.uncached = uncached
		policy := policyOfTheApp{[]any{stack.Resolve(ref), stack.Resolve(id)}, says}
		if *awscdk.Stack_Of(c).Node().Path() == *stack.Node().Path() {
			own = append(own, policy)
		} else {
			others = append(others, policy)
		}
	}
	return append(own, others...)
}

func readQuery(config any) forwarded {
	query, _ := config.(map[string]any)
	var names []string
	listed, _ := query["queryStrings"].([]any)
	for _, name := range listed {
		text, is := name.(string)
		if !is {
			return forwarded{unknown: true}
		}
		names = append(names, text)
	}
	switch query["queryStringBehavior"] {
	case "none":
		return forwarded{}
	case "whitelist":
		return forwarded{Query: managed.Query{Names: names}}
	case "all":
		return forwarded{Query: managed.Query{All: true}}
	case "allExcept":
		return forwarded{Query: managed.Query{All: true, Names: names}}
	}
	return forwarded{unknown: true}
}

// queryForwarding is what a behavior's cache policy and origin request policy
// forward.
type queryForwarding [2]forwarded

// lacks reports whether a parameter is certainly not forwarded.
func (q queryForwarding) lacks(parameter string) bool {
	return !slices.ContainsFunc(q[:], func(f forwarded) bool { return f.unknown || f.has(parameter) })
}

// has reports whether a policy forwards a parameter.
func (f forwarded) has(parameter string) bool { return slices.Contains(f.Names, parameter) != f.All }

// shared returns a forwarded parameter that sets a name, a type or an encoding and
// that is not part of the cache key, or "".
func (q queryForwarding) shared() string {
	cache, request := q[0], q[1]
	if cache.unknown || cache.uncached || request.unknown {
		return ""
	}
	for _, parameter := range []string{"response-content-type", "response-content-disposition", "response-content-encoding"} {
		if request.has(parameter) && !cache.has(parameter) {
			return parameter
		}
	}
	return ""
}

// override returns a parameter that may be forwarded and with which S3 sets a header
// of its answer, or words for several, or "". A policy for all parameters except some
// may forward these too: S3 unescapes a name, but CloudFront compares it escaped.
func (q queryForwarding) override() string {
	overrides := signer.S3Overrides()
	for _, f := range q {
		switch {
		case f.unknown:
			return "unknown parameters, by a policy of which only the id is known,"
		case f.All:
			return "parameters such as response-content-type"
		}
		if i := slices.IndexFunc(f.Names, func(name string) bool { return overrides[name] != "" }); i >= 0 {
			return f.Names[i]
		}
	}
	return ""
}
