package constructs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What an operation of AWS takes, after the service authorization reference:
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var operationsOfProviders = []struct {
	folder, operation string
	actions           []string
	on                string
}{
	{"keypair", "secretsmanager.DescribeSecret", []string{"secretsmanager:DescribeSecret"}, "secrets"},
	{"keypair", "secretsmanager.GetSecretValue", []string{"secretsmanager:GetSecretValue"}, "secrets"},
	{"keypair", "secretsmanager.PutSecretValue", []string{"secretsmanager:PutSecretValue"}, "secrets"},

	{"bucketemptier", "s3.GetBucketTagging", []string{"s3:GetBucketTagging"}, "bucket"},
	{"bucketemptier", "s3.PutBucketPolicy", []string{"s3:PutBucketPolicy"}, "bucket"},
	{"bucketemptier", "s3.ListObjectVersions", []string{"s3:ListBucketVersions"}, "bucket"},
	{"bucketemptier", "s3.ListMultipartUploads", []string{"s3:ListBucketMultipartUploads"}, "bucket"},
	{"bucketemptier", "s3.AbortMultipartUpload", []string{"s3:AbortMultipartUpload"}, "objects"},
	// Both are taken where a version is named:
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
	{"bucketemptier", "s3.DeleteObject", []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, "objects"},
	{"bucketemptier", "s3.DeleteObjects", []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, "objects"},
	{"keyguard", "cloudformation.DescribeStacks", []string{"cloudformation:DescribeStacks"}, "stack"},
	{"keyguard", "cloudformation.DescribeStackResource", []string{"cloudformation:DescribeStackResource"}, "stack"},
	{"keyguard", "ssm.GetParameterHistory", []string{"ssm:GetParameterHistory"}, "parameter"},
	{"keyguard", "cloudfront.GetKeyGroup", []string{"cloudfront:GetKeyGroup"}, "everything"},
	{"keyguard", "cloudfront.GetPublicKey", []string{"cloudfront:GetPublicKey"}, "everything"},
	{"keyguard", "cloudfront.ListDistributionsByKeyGroup", []string{"cloudfront:ListDistributionsByKeyGroup"}, "everything"},

	// What all functions do.
	{"customresource", "cloudformation.DescribeStacks", []string{"cloudformation:DescribeStacks"}, "stack"},
}

// What Lambda does with the role of a function, wherever its log group is made
// for it.
var actionsOfLambda = []string{"logs:CreateLogStream", "logs:PutLogEvents"}

func TestFunctionsMayMakeEveryCallThatTheyMakeAndNoOther(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true, "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 1}}`)
	bucketID, _ := template.only(t, "AWS::S3::Bucket")
	first, _ := template.generation(t, "1", "AWS::SecretsManager::Secret")
	second, _ := template.generation(t, "2", "AWS::SecretsManager::Secret")
	resources := map[string]string{
		"secrets":    fmt.Sprintf(`[{"Ref": %q}, {"Ref": %q}]`, first, second),
		"bucket":     fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, bucketID),
		"objects":    fmt.Sprintf(`{"Fn::Join": ["", [{"Fn::GetAtt": [%q, "Arn"]}, "/*"]]}`, bucketID),
		"stack":      `{"Ref": "AWS::StackId"}`,
		"parameter":  `{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":parameter/signedfront/signedfront/dev"]]}`,
		"everything": `"*"`, // IAM knows no key group and no public key
	}
	for folder, prefix := range map[string]string{"keypair": "ContentKeyPairProvider", "keyguard": "ContentKeyGuardProvider", "bucketemptier": "ContentBucketEmptier"} {
		t.Run(folder, func(t *testing.T) {
			var known []string
			needed := map[string]string{} // actions, and what they are on
			for _, o := range operationsOfProviders {
				if o.folder != folder && o.folder != "customresource" {
					continue
				}
				known = append(known, o.operation)
				for _, action := range o.actions {
					needed[action] = o.on
				}
			}
			slices.Sort(known)
			called := append(operationsCalled(t, folder), operationsCalled(t, "customresource")...)
			if folder == "keyguard" {
				called = append(called, operationsCalled(t, "../signer/awsrotation")...)
			}
			slices.Sort(called)
			if !slices.Equal(called, known) {
				t.Errorf("it calls\n%q\nand the table has\n%q", called, known)
			}
			resources["logs"] = fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, template.withPrefix("AWS::Logs::LogGroup", prefix))
			for _, action := range actionsOfLambda {
				needed[action] = "logs"
			}

			allowed := map[string]any{}
			role := template.Resources[template.withPrefix("AWS::IAM::Role", prefix)]
			for _, policy := range role.Properties["Policies"].([]any) {
				for _, statement := range policy.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
					statement := statement.(map[string]any)
					for _, action := range listOf(statement["Action"]) {
						allowed[action.(string)] = statement["Resource"]
					}
				}
			}
			for _, action := range slices.Sorted(maps.Keys(needed)) {
				resource, is := allowed[action]
				if !is {
					t.Errorf("it may not %s", action)
					continue
				}
				wantJSON(t, action+" is allowed on", resource, resources[needed[action]])
			}
			for _, action := range slices.Sorted(maps.Keys(allowed)) {
				if needed[action] == "" {
					t.Errorf("it may %s, which no call of its takes", action)
				}
			}
			if role.Properties["ManagedPolicyArns"] != nil {
				t.Errorf("it has the policies %v too", role.Properties["ManagedPolicyArns"])
			}
		})
	}
}

// listOf is a value of a policy that may be one or a list.
func listOf(value any) []any {
	if list, is := value.([]any); is {
		return list
	}
	return []any{value}
}

// operationsCalled are the operations of AWS of which a package makes the
// input, as "s3.DeleteObject", sorted: without its input none can be called.
// That other packages of a function make none is in the table of what packages
// may import.
func operationsCalled(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	operations := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		services := map[string]string{} // by the name that the file gives the package
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if service, is := strings.CutPrefix(path, "github.com/aws/aws-sdk-go-v2/service/"); is && !strings.Contains(service, "/") {
				local := service
				if spec.Name != nil {
					local = spec.Name.Name
				}
				services[local] = service
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, is := node.(*ast.SelectorExpr)
			if !is {
				return true
			}
			from, is := selector.X.(*ast.Ident)
			operation, isInput := strings.CutSuffix(selector.Sel.Name, "Input")
			if is && isInput && services[from.Name] != "" {
				operations[services[from.Name]+"."+operation] = true
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(operations))
}
