package constructs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

func TestGranteesOfAllKindsMaySign(t *testing.T) {
	functionOf := func(stack awscdk.Stack) awsiam.IGrantable {
		return awslambda.NewFunction(stack, jsii.String("App"), &awslambda.FunctionProps{
			Runtime: awslambda.Runtime_NODEJS_LATEST(), Handler: jsii.String("index.handler"), Code: awslambda.Code_FromInline(jsii.String("exports.handler = 1")),
		})
	}
	for _, test := range []struct {
		name         string
		grantee      func(stack awscdk.Stack) awsiam.IGrantable
		resourceType string // which names the policy, or is named by it
		property     string // of the policy, for an imported one
	}{
		{"a user", func(stack awscdk.Stack) awsiam.IGrantable { return awsiam.NewUser(stack, jsii.String("App"), nil) }, "AWS::IAM::User", ""},
		{"a group", func(stack awscdk.Stack) awsiam.IGrantable { return awsiam.NewGroup(stack, jsii.String("App"), nil) }, "AWS::IAM::Group", ""},
		{"a function, by its role", functionOf, "AWS::IAM::Role", ""},
		{"a role whose own template stays as it is", func(stack awscdk.Stack) awsiam.IGrantable {
			return awsiam.NewRole(stack, jsii.String("App"), &awsiam.RoleProps{
				RoleName: jsii.String("app"), AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
			}).WithoutPolicyUpdates(nil)
		}, "", "Roles"},
		{"an imported user", func(stack awscdk.Stack) awsiam.IGrantable {
			return awsiam.User_FromUserName(stack, jsii.String("App"), jsii.String("app"))
		}, "", "Users"},
		{"an imported group", func(stack awscdk.Stack) awsiam.IGrantable {
			return awsiam.Group_FromGroupName(stack, jsii.String("App"), jsii.String("app"))
		}, "", "Groups"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, template := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
				return &PrivateContentProps{SignGrantees: []awsiam.IGrantable{test.grantee(stack)}}
			})
			policyID, policy := template.only(t, "AWS::IAM::ManagedPolicy")
			if test.property != "" {
				want := `["app"]`
				if id := template.withPrefix("AWS::IAM::Role", "App"); id != "" {
					want = `[{"Ref": "` + id + `"}]`
				}
				wantJSON(t, "who is named by the policy", policy.Properties[test.property], want)
				return
			}
			identity := template.Resources[template.withPrefix(test.resourceType, "App")]
			if text := fmt.Sprint(identity.Properties["ManagedPolicyArns"]); !strings.Contains(text, policyID) {
				t.Errorf("it has the policies %s", text)
			}
		})
	}
}

func TestAGrantThatCannotBeGivenPanicsWithWhatToWrite(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")}})
	content, err := NewPrivateContent(stack, "Content", nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "write a role, a user or a group of this account, or a resource that has a role, such as a function"
	for said, grant := range map[string]func(){
		"Media/Content: GrantSign: nil; " + want: func() { content.GrantSign(nil) },
		"Media/Content: GrantSign: a grantee to which IAM cannot attach a policy; " + want: func() {
			content.GrantSign(awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil))
		},
		"Media/Content: GrantSign: a grantee of account 444455556666; write one of account 123456789012, or list a role of another account in SignerRoleAssumers": func() {
			content.GrantSign(awsiam.Role_FromRoleArn(stack, jsii.String("Other"), jsii.String("arn:aws:iam::444455556666:role/web"), nil))
		},
		"Media/Content: GrantUpload: nil; write a role or another grantee": func() { content.GrantUpload(nil) },
	} {
		func() {
			defer func() {
				if r := recover(); fmt.Sprint(r) != said {
					t.Errorf("got  %v\nwant %s", r, said)
				}
			}()
			grant()
		}()
	}
}
