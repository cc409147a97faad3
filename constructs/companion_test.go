package constructs

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// companioned is content that needs both companions if its stack is not in us-east-1.
func companioned() config.Content {
	return config.Content{
		Domain:     &config.Domain{Names: []string{"media.example.com"}, HostedZone: exampleZone},
		AccessLogs: &config.AccessLogs{},
	}
}

// deployedStack is the description of a stack for the command line.
type deployedStack struct {
	Type         string
	Environment  string // aws://account/region
	Dependencies []string
	Properties   struct {
		TerminationProtection bool
		Tags                  map[string]string

		AssumeRoleARN                  string
		CloudFormationExecutionRoleARN string
		StackTemplateAssetObjectURL    string
	}
	Metadata map[string][]struct {
		Type string
		Data any
	}
}

// deployedStacks returns the stacks of an assembly by id.
func deployedStacks(t *testing.T, outdir string) map[string]deployedStack {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Artifacts map[string]deployedStack }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(manifest.Artifacts, func(_ string, a deployedStack) bool { return a.Type != "aws:cloudformation:stack" })
	for id, stack := range manifest.Artifacts {
		stack.Dependencies = slices.DeleteFunc(stack.Dependencies, func(other string) bool { return strings.HasSuffix(other, ".assets") })
		manifest.Artifacts[id] = stack
	}
	return manifest.Artifacts
}

func TestCompanionsAreDeployedAroundTheirStack(t *testing.T) {
	for _, test := range []struct {
		name, settings, account string
		protected               bool
		tags                    map[string]string
	}{
		{"of a lasting environment", `{"account": "123456789012", "region": "eu-west-1"}`, "123456789012", true, map[string]string{"team": "media"}},
		{"of an ephemeral one, in whose account it may be", `{"region": "eu-west-1", "ephemeral": true}`, "unknown-account", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := environmentOf(t, "prod", test.settings)
			e.Tags = test.tags
			e.Content.Domain, e.Content.AccessLogs = companioned().Domain, companioned().AccessLogs
			app, outdir := newApp(t, nil)
			_, content, err := NewEnvironment(app, e)
			if err != nil {
				t.Fatal(err)
			}
			app.Synth(nil)

			dependencies := map[string][]string{
				"signedfront-prod-certificate": nil,
				"signedfront-prod":             {"signedfront-prod-certificate"},
				"signedfront-prod-global":      {"signedfront-prod"},
			}
			stacks := deployedStacks(t, outdir)
			for id, stack := range stacks {
				region := "us-east-1"
				if id == "signedfront-prod" {
					region = "eu-west-1"
				}
				if want := "aws://" + test.account + "/" + region; stack.Environment != want {
					t.Errorf("%s is deployed to %s, want %s", id, stack.Environment, want)
				}
				if want, known := dependencies[id]; !known || !slices.Equal(stack.Dependencies, want) {
					t.Errorf("%s is deployed after %v, want %v", id, stack.Dependencies, want)
				}
				if stack.Properties.TerminationProtection != test.protected {
					t.Errorf("%s: termination protection %v", id, stack.Properties.TerminationProtection)
				}
				if !maps.Equal(stack.Properties.Tags, test.tags) {
					t.Errorf("%s has the tags %v, want %v", id, stack.Properties.Tags, test.tags)
				}
			}
			if len(stacks) != len(dependencies) {
				t.Errorf("stacks %v", slices.Sorted(maps.Keys(stacks)))
			}
			var companions []string
			for _, companion := range content.Companions() {
				companions = append(companions, *companion.StackName())
			}
			if want := []string{"signedfront-prod-certificate", "signedfront-prod-global"}; !slices.Equal(companions, want) {
				t.Errorf("companions %v, want %v", companions, want)
			}
		})
	}
}

func TestStackInUSEast1HasNoCompanions(t *testing.T) {
	e := environmentOf(t, "prod", `{"region": "us-east-1"}`)
	e.Content.Domain, e.Content.AccessLogs = companioned().Domain, companioned().AccessLogs
	templates := synthesizeStacks(t, e)
	if len(templates) != 1 {
		t.Fatalf("stacks %v", slices.Sorted(maps.Keys(templates)))
	}
	for _, resourceType := range []string{"AWS::CertificateManager::Certificate", "AWS::Logs::Delivery"} {
		templates["signedfront-prod"].only(t, resourceType)
	}
}

// The CDK copies values between Regions with Node functions of its own, unless its flag
// for weak references is set. An importer's app may not set it; then the CDK also warns.
func TestCompanionsTakeNoFunctionsAndNoFlags(t *testing.T) {
	for name, context := range map[string]map[string]any{
		"with the shipped flags": shippedContext(t),
		"without any flag":       {},
		"with strong references": {"@aws-cdk/core:defaultCrossStackReferences": "strong"},
	} {
		t.Run(name, func(t *testing.T) {
			outdir := t.TempDir()
			context["aws:cdk:bundling-stacks"] = []string{}
			app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &outdir})
			stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
			if _, err := NewPrivateContent(stack, "Content", propsIn(stack, companioned())); err != nil {
				t.Fatal(err)
			}
			app.Synth(nil)

			stacks := deployedStacks(t, outdir)
			if len(stacks) != 3 {
				t.Fatalf("stacks %v", slices.Sorted(maps.Keys(stacks)))
			}
			for id, stack := range stacks {
				for path, entries := range stack.Metadata {
					for _, entry := range entries {
						if entry.Type == "aws:cdk:warning" {
							t.Errorf("%s: %v", path, entry.Data)
						}
					}
				}
				template := readTemplate(t, outdir, id)
				for _, function := range template.all("AWS::Lambda::Function") {
					if runtime := template.Resources[function].Properties["Runtime"]; runtime != "provided.al2023" {
						t.Errorf("%s: %s runs on %v", id, function, runtime)
					}
				}
				for _, r := range template.Resources {
					if strings.HasPrefix(r.Type, "Custom::") && r.Type != "Custom::SigningKeyPair" && r.Type != "Custom::KeyGuard" {
						t.Errorf("%s has a %s", id, r.Type)
					}
				}
				if strings.Contains(string(template.text), "Fn::ImportValue") {
					t.Errorf("%s imports an export", id)
				}
			}
		})
	}
}

func TestContentsOfOneStackShareItsCompanions(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
	for _, id := range []string{"Films", "Songs"} {
		props := companioned()
		props.Domain.Names[0] = strings.ToLower(id) + ".example.com"
		if _, err := NewPrivateContent(stack, id, propsIn(stack, props)); err != nil {
			t.Fatal(err)
		}
	}
	app.Synth(nil)
	if got := readTemplate(t, outdir, "Media-certificate").all("AWS::CertificateManager::Certificate"); len(got) != 2 {
		t.Errorf("certificates %v", got)
	}
	if got := readTemplate(t, outdir, "Media-global").all("AWS::Logs::Delivery"); len(got) != 2 {
		t.Errorf("deliveries %v", got)
	}
}

func TestCompanionsStandBesideTheStackThatHoldsANestedOne(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
	nested := awscdk.NewNestedStack(stack, jsii.String("Nested"), nil)
	if _, err := NewPrivateContent(nested, "Content", propsIn(nested, companioned())); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	if got, want := slices.Sorted(maps.Keys(deployedStacks(t, outdir))), []string{"Media", "Media-certificate", "Media-global"}; !slices.Equal(got, want) {
		t.Errorf("stacks %v, want %v", got, want)
	}
}

func TestCompanionsAreDeployedByWhatDeploysTheirStack(t *testing.T) {
	media := func() awscdk.IStackSynthesizer {
		return awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{
			Qualifier:                   jsii.String("media"),
			FileAssetsBucketName:        jsii.String("media-assets-${AWS::Region}"),
			CloudFormationExecutionRole: jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/media-execution-${AWS::Region}"),
		})
	}
	const (
		execution = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/media-execution-"
		usual     = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-other-cfn-exec-role-${AWS::AccountId}-"
	)
	for _, test := range []struct {
		name       string
		of         awscdk.IStackSynthesizer // of the stack
		ofAll      awscdk.IStackSynthesizer // of the app
		execution  string                   // the role without its Region
		bucket     string                   // of the template, without its Region
		deployRole bool
	}{
		{"a synthesizer of the stack", media(), nil, execution, "s3://media-assets-", true},
		{"a synthesizer of the app", nil, media(), execution, "s3://media-assets-", true},
		{"a synthesizer of the stack in an app with another one", awscdk.NewDefaultStackSynthesizer(nil), media(), usual, "s3://cdk-other-assets-${AWS::AccountId}-", true},
		{"the qualifier of the context", nil, nil, usual, "s3://cdk-other-assets-${AWS::AccountId}-", true},
		{"the credentials of whoever deploys", awscdk.NewCliCredentialsStackSynthesizer(nil), nil, "", "s3://cdk-other-assets-${AWS::AccountId}-", false},
		{"no bucket for assets", awscdk.NewBootstraplessSynthesizer(nil), nil, usual, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			outdir := t.TempDir()
			context := shippedContext(t)
			context["aws:cdk:bundling-stacks"] = []string{}
			context["@aws-cdk/core:bootstrapQualifier"] = "other"
			props := &awscdk.AppProps{Context: &context, Outdir: &outdir}
			if test.ofAll != nil {
				jsii.UnsafeCast(test.ofAll, &props.DefaultStackSynthesizer)
			}
			app := awscdk.NewApp(props)
			// Without functions, there is no asset, which not all of them take.
			key := imported(1, publicECDSA, privateKeys["in KMS"])
			content := companioned()
			content.SigningKeys.Keys, content.Guard = []config.SigningKey{key}, jsii.Bool(false)
			stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Synthesizer: test.of, Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
			if _, err := NewPrivateContent(stack, "Content", propsIn(stack, content)); err != nil {
				t.Fatal(err)
			}
			app.Synth(nil)
			stacks := deployedStacks(t, outdir)
			if len(stacks) != 3 {
				t.Fatalf("stacks %v", slices.Sorted(maps.Keys(stacks)))
			}
			for id, stack := range stacks {
				region := "us-east-1"
				if id == "Media" {
					region = "eu-west-1"
				}
				want := test.execution + region
				if test.execution == "" {
					want = ""
				}
				if got := stack.Properties.CloudFormationExecutionRoleARN; got != want {
					t.Errorf("%s is executed by %q, want %q", id, got, want)
				}
				if got := stack.Properties.StackTemplateAssetObjectURL; test.bucket != "" && !strings.HasPrefix(got, test.bucket+region+"/") || test.bucket == "" && got != "" {
					t.Errorf("the template of %s is put into %q, want %s%s", id, got, test.bucket, region)
				}
				if got := stack.Properties.AssumeRoleARN != ""; got != test.deployRole {
					t.Errorf("%s is deployed by the role %q", id, stack.Properties.AssumeRoleARN)
				}
			}
		})
	}
}

func TestCompanionsAreNamedAfterTheirStack(t *testing.T) {
	app, _ := newApp(t, nil)
	other, _ := newApp(t, nil)
	for _, test := range []struct {
		name  string
		scope constructs.Construct
		stack *string
		want  []string
	}{
		{"with a name of its own", app, jsii.String("films"), []string{"films-certificate", "films-global"}},
		{"in a stage", awscdk.NewStage(other, jsii.String("Prod"), nil), nil, []string{"Prod-Media-certificate", "Prod-Media-global"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := awscdk.NewStack(test.scope, jsii.String("Media"), &awscdk.StackProps{StackName: test.stack, Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
			content, err := NewPrivateContent(stack, "Content", propsIn(stack, companioned()))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, companion := range content.Companions() {
				names = append(names, *companion.StackName())
			}
			if !slices.Equal(names, test.want) {
				t.Errorf("got %v, want %v", names, test.want)
			}
		})
	}
}

func TestWhatKeepsAStackFromItsCompanionsIsSaidBeforeAnythingIsMade(t *testing.T) {
	here := &awscdk.Environment{Region: jsii.String("eu-west-1")}
	const wantRegion = `; write the Region of this stack, such as "eu-west-1"; with us-east-1, no other stack is needed`
	for _, test := range []struct {
		name  string
		stack string
		env   *awscdk.Environment
		props config.Content
		want  []string
	}{
		{"a Region that is not written, for a certificate", "Media", nil,
			config.Content{Domain: companioned().Domain},
			[]string{"Env.Region of the stack: missing, although Domain without Certificate may need another stack, in us-east-1" + wantRegion}},
		{"a Region that is not written, for both", "Media", nil, companioned(),
			[]string{"Env.Region of the stack: missing, although Domain without Certificate and AccessLogs may need another stack, in us-east-1" + wantRegion}},
		{"a Region that is not written, where none is needed", "Media", nil,
			config.Content{Domain: &config.Domain{Names: []string{"media.example.com"}, Certificate: certificateARN, HostedZone: exampleZone}}, nil},
		{"a name that is too long", strings.Repeat("media-", 20), here, companioned(), []string{
			"the stack's name: its companion " + strings.Repeat("media-", 20) + "-certificate would have 132 characters; shorten it to 116 at most",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, _ := newApp(t, nil)
			stack := awscdk.NewStack(app, jsii.String(test.stack), &awscdk.StackProps{Env: test.env})
			test.props.Name = "media"
			_, err := NewPrivateContent(stack, "Content", propsIn(stack, test.props))
			var problems config.Problems
			errors.As(err, &problems)
			var got []string
			for _, problem := range problems {
				got = append(got, problem.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if made := len(*app.Node().Children()); test.want != nil && made != 1 {
				t.Errorf("%d stacks were made", made)
			}
		})
	}
}

func TestAStackOfSomebodyElseIsNoCompanion(t *testing.T) {
	app, _ := newApp(t, nil)
	awscdk.NewStack(app, jsii.String("Media-global"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("ap-south-1")}})
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("eu-west-1")}})
	_, err := NewPrivateContent(stack, "Content", &PrivateContentProps{AccessLogs: &AccessLogs{}})
	want := "Media/Content: Media-global: an id that is taken, but that a companion of the stack needs; choose another id for that construct"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRegionIsAskedForWhereTheEnvironmentCanSayIt(t *testing.T) {
	e := environmentOf(t, "prod", `{}`)
	e.Content.AccessLogs = &config.AccessLogs{}
	app, _ := newApp(t, nil)
	_, _, err := NewEnvironment(app, e)
	if err == nil || !strings.Contains(err.Error(), "Region: missing, with AccessLogs; write the AWS Region of the stack") {
		t.Errorf("got %v", err)
	}
}
