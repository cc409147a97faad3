package constructs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/signer"
)

// newDeploymentDocument makes the parameter with the deployment document. It is
// written after the key group, the distribution and the signing policy: a document
// never names a key that is not trusted yet or that signers may not read yet. If a
// deployment fails, it is rolled back with them. With borrowed keys it names the
// lender's document, which signers then read.
func newDeploymentDocument(scope constructs.Construct, props *PrivateContentProps, bucket awss3.IBucket, distribution awscloudfront.Distribution, caching awscloudfront.ICachePolicy, keys *signingKeys, policy awsiam.ManagedPolicy) awsssm.StringParameter {
	d := signer.Deployment{
		Schema:         signer.DeploymentSchema,
		BaseURL:        baseURL(props, distribution),
		Region:         *awscdk.Stack_Of(scope).Region(),
		MaxURLLifetime: int64(props.MaxURLLifetime / time.Second),
		MaxKeyAge:      int64(props.MaxKeyAge / time.Second),
		Query:          forwardedQuery(props),
		Bucket:         &signer.Bucket{Name: *bucket.BucketName(), Region: *bucket.Env().Region, Path: props.BucketPath},
	}
	if keys.lender != nil {
		d.Key.Parameter = keys.lender.ParameterName
	} else {
		d.KeyPairID = *keys.current.keyPairID()
		d.Algorithm = signer.Algorithm(keys.current.Algorithm)
		d.Hash = signer.Hash(keys.current.Hash)
		d.PublicKeySHA256 = keys.current.sha256
		d.Key = keys.current.private
		for _, key := range keys.generations {
			d.TrustedKeys = append(d.TrustedKeys, signer.TrustedKey{ID: *key.keyPairID(), SPKI: key.spki})
		}
		for _, id := range keys.alsoTrusted {
			d.TrustedKeys = append(d.TrustedKeys, signer.TrustedKey{ID: *id})
		}
	}
	document, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("a deployment document that cannot be written: %v", err)) // strings and numbers can
	}
	text := string(document)
	if d.Query != nil {
		query, _ := json.Marshal(d.Query)
		member := `"query":` + string(query) + ","
		text = strings.Replace(text, member, *awscdk.Lazy_UncachedString(&queryMember{distribution, caching, member}, nil), 1)
	}
	parameter := awsssm.NewStringParameter(scope, jsii.String("DeploymentDocument"), &awsssm.StringParameterProps{
		ParameterName: jsii.String(props.ParameterName),
		Description:   jsii.String("How to sign URLs and cookies for the private content of " + props.Name),
		StringValue:   jsii.String(text),
		Tier:          awsssm.ParameterTier_STANDARD,
	})
	// The document refers to the distribution, but not to these.
	parameter.Node().AddDependency(keys.group, policy)
	return parameter
}

// forwardedQuery returns the query parameters that the cache behaviors forward to the
// bucket. It returns nil, for unknown, if the props may contain other policies.
func forwardedQuery(p *PrivateContentProps) *signer.ForwardedQuery {
	if p.ConfigureDistribution != nil || slices.ContainsFunc(p.Behaviors, func(b Behavior) bool { return b.Options != nil }) {
		return nil
	}
	return &signer.ForwardedQuery{Signed: p.Downloads.Parameters(), Public: []string{}}
}

// queryMember is the document's member "query". It is checked when the template is
// written, because until then the app may add behaviors to the distribution.
type queryMember struct {
	distribution awscloudfront.Distribution
	caching      awscloudfront.ICachePolicy // the cache policy of signed behaviors
	member       string
}

// Produce returns the member, or "" if a behavior has a policy of the app's own.
func (q *queryMember) Produce(awscdk.IResolveContext) *string {
	stack := awscdk.Stack_Of(q.distribution)
	public, request := awscloudfront.CachePolicy_CACHING_OPTIMIZED().CachePolicyId(), awscloudfront.OriginRequestPolicy_CORS_S3_ORIGIN().OriginRequestPolicyId()
	for _, b := range cacheBehaviors(q.distribution) {
		cache := any(*public)
		if isSigned(b) {
			cache = stack.Resolve(q.caching.CachePolicyId())
		}
		if !reflect.DeepEqual(b["cachePolicyId"], cache) || b["originRequestPolicyId"] != nil && b["originRequestPolicyId"] != *request {
			return jsii.String("")
		}
	}
	return &q.member
}
