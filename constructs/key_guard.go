package constructs

import (
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/functions"
	"github.com/signedfront/signedfront/signer/rotation"
)

// guardKeys makes the guard: a custom resource whose function fails a deployment after
// which CloudFront would refuse viewers, before the deployment changes anything that
// viewers depend on. The public keys, the key group, the distribution, the signing
// policy and the document depend on the guard, so it cannot refer to them: it has
// their logical ids as text, and asks CloudFormation for their physical ids. It
// depends only on the key pairs, whose hashes are in the caller references.
//
// CloudFormation calls the function only if a property changes, so each value whose
// change the guard must judge is a property.
func guardKeys(scope constructs.Construct, p *PrivateContentProps, keys *signingKeys, distribution awscloudfront.Distribution, policy awsiam.ManagedPolicy, document awsssm.StringParameter, builder *functionBuilder) error {
	stack := awscdk.Stack_Of(scope)
	provider, err := newProviderFunction(scope, "KeyGuardProvider", builder, &providerFunctionProps{
		description: "Refuses deployments that would have viewers of " + p.Name + " refused",
		source:      functions.KeyGuard,
		timeout:     90 * time.Second,
		statements: []statement{{
			actions:   []string{"cloudformation:DescribeStackResource"},
			resources: []*string{stack.StackId()},
		}, {
			actions:   []string{"ssm:GetParameterHistory"},
			resources: []*string{parameterARN(scope, p.ParameterName)},
		}, {
			actions:   []string{"cloudfront:GetKeyGroup", "cloudfront:GetPublicKey", "cloudfront:ListDistributionsByKeyGroup"},
			resources: []*string{jsii.String("*")},
		}},
	})
	if err != nil {
		return err
	}
	acknowledge(provider.role, "AwsSolutions-IAM5", "What it reads of key groups and public keys, which hold no secret, IAM allows for all of an account alone.", "Resource::*")

	properties := map[string]any{
		contract.DocumentLogicalID:     logicalID(document),
		contract.DistributionLogicalID: logicalID(distribution),
		contract.DocumentName:          p.ParameterName,
		contract.MarginSeconds:         strconv.Itoa(int(rotation.DefaultPropagation.Seconds())),
		contract.MaxURLLifetimeSeconds: strconv.Itoa(int(p.MaxURLLifetime.Seconds())),
		contract.MaxKeyAgeSeconds:      strconv.Itoa(int(p.MaxKeyAge.Seconds())),
	}
	if keys.lender != nil {
		properties[contract.KeyMode], properties[contract.LenderName] = contract.BorrowedKeys, keys.lender.ParameterName
	} else {
		references := map[string]any{}
		for _, key := range keys.generations {
			references[strconv.Itoa(key.Number)] = key.callerReference
		}
		properties[contract.KeyMode] = contract.OwnKeys
		if p.LendKeys {
			properties[contract.KeyMode] = contract.LentKeys
		}
		properties[contract.KeyGroupLogicalID] = logicalID(keys.group)
		properties[contract.CallerReferences] = references
		properties[contract.CurrentKey] = strconv.Itoa(p.SigningKeys.Current)
		var compromised []any
		for _, number := range p.SigningKeys.Compromised {
			compromised = append(compromised, strconv.Itoa(number))
		}
		if compromised != nil {
			properties[contract.CompromisedKeys] = compromised
		}
		if keys.alsoTrusted != nil {
			properties[contract.AlsoTrustedKeys] = keys.alsoTrusted
		}
	}
	guard := provider.newCustomResource(scope, "KeyGuard", contract.KeyGuard, runsTimeout, properties)
	waiting := []constructs.IConstruct{distribution, policy, document}
	for _, key := range keys.generations {
		waiting = append(waiting, key.publicKey)
	}
	if keys.lender == nil {
		waiting = append(waiting, keys.group)
	}
	for _, construct := range waiting {
		construct.Node().AddDependency(guard)
	}
	return nil
}

// logicalID returns the logical id of a construct's resource as text.
func logicalID(c constructs.IConstruct) *string {
	if !*awscdk.CfnResource_IsCfnResource(c) {
		c = c.Node().DefaultChild()
	}
	var resource awscdk.CfnResource
	jsii.UnsafeCast(c, &resource)
	return resource.LogicalId()
}
