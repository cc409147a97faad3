package constructs

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// acknowledge records for cdk-nag why a resource breaks one of its rules on purpose.
// If the rule has several findings on one resource, appliesTo lists those that the
// reason explains, such as Resource::*.
//
// It writes what cdk-nag's own suppressions write. It does not import cdk-nag,
// because importers of this module would then download it.
func acknowledge(c constructs.IConstruct, rule, reason string, appliesTo ...string) {
	const key, list = "cdk_nag", "rules_to_suppress"
	if !*awscdk.CfnResource_IsCfnResource(c) {
		c = c.Node().DefaultChild()
	}
	var resource awscdk.CfnResource
	jsii.UnsafeCast(c, &resource)

	acknowledged := map[string]any{"id": rule, "reason": reason}
	if len(appliesTo) > 0 {
		acknowledged["applies_to"] = appliesTo
	}
	var rules []any
	if metadata, has := resource.GetMetadata(jsii.String(key)).(map[string]any); has {
		rules = metadata[list].([]any)
	}
	resource.AddMetadata(jsii.String(key), map[string]any{list: append(rules, acknowledged)})
}

// onResource returns cdk-nag's name of a finding of a wildcard in the resource of a
// policy, such as Resource::<ContentBucketDD05A3B9.Arn>/*.
func onResource(scope constructs.Construct, arn *string) string {
	return "Resource::" + flat(awscdk.Stack_Of(scope).Resolve(arn))
}

// flat returns a resolved value as cdk-nag writes it, with references in angle
// brackets.
func flat(value any) string {
	function, is := value.(map[string]any)
	if !is {
		return fmt.Sprint(value)
	}
	if name, is := function["Ref"]; is {
		return fmt.Sprintf("<%v>", name)
	}
	if path, is := function["Fn::GetAtt"].([]any); is {
		return fmt.Sprintf("<%v.%v>", path...)
	}
	join, is := function["Fn::Join"].([]any)
	if !is {
		return fmt.Sprint(value)
	}
	var parts []string
	for _, part := range join[1].([]any) {
		parts = append(parts, flat(part))
	}
	return strings.Join(parts, join[0].(string))
}
