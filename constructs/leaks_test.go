package constructs

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// The tests of config cover the errors of settings.
func TestNoErrorOfAConstructShowsAKey(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := newStack(app, "Media")
	made := 0
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"NewPrivateContent": func(text string) (shown []any) {
			made++
			inside := awscdk.NewStack(app, jsii.String(fmt.Sprint("Stack", made, text)), &awscdk.StackProps{StackName: jsii.String("Inside")})
			for _, of := range []struct {
				stack awscdk.Stack
				id    string
				props *PrivateContentProps
			}{
				{stack, text, &PrivateContentProps{Name: text, ParameterName: text}},
				{stack, "Content", &PrivateContentProps{Name: text, PublicPaths: []string{text}, Behaviors: []Behavior{{PathPattern: text}}}},
				{inside, "Content", &PrivateContentProps{DefaultRootObject: text, ParameterName: text}},
			} {
				_, err := NewPrivateContent(of.stack, of.id, of.props)
				if err == nil {
					t.Error("no error")
				}
				shown = append(shown, err)
			}
			return shown
		},
		"NewEnvironment": func(text string) []any {
			_, _, err := NewEnvironment(app, config.Environment{Project: text, Name: text, Content: config.Content{Bucket: text}})
			_, _, other := NewEnvironment(app, config.Environment{Project: "media", Name: "dev", Region: text})
			return []any{err, other}
		},
		"CDKError":                  func(text string) []any { return []any{CDKError(text), CDKError(errors.New(text))} },
		"PrivateContent.AddOutputs": nil, "PrivateContent.GrantSign": nil, "PrivateContent.GrantUpload": nil,
	})
}

func TestWhatTheCDKPanicsWithShowsNoKey(t *testing.T) {
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			for _, text := range []string{"ValidationError: got '%s'", "Stack name %s is none", "id=%s,", "[Media/%s] no", "Validation failed:\n  [Media] got %s\n  [Media/%s] no"} {
				if found := key.Find(CDKError(strings.ReplaceAll(text, "%s", spelling.Text)).Error()); found != "" {
					t.Errorf("%s, %s: shows %s", key.Name, spelling.Name, found)
				}
			}
		}
	}
	const plain = "ValidationError: [Media/Content/Distribution] There is a construct with name 'ContentBucketDD05A3B9' in the stack arn:aws:cloudformation:eu-west-1:123456789012:stack/media/a1b2"
	const named = "Validation failed with the following errors:\n  [Media/Content] Policy required\n\nERROR DistributionConfig.Aliases.0: CloudFront alias 'd.b.c' is not a valid domain name\n   S25/C/Distribution/Resource (CDistribution70949CE7) aws-cdk-lib.aws_cloudfront.CfnDistribution"
	for panicked, want := range map[string]string{
		plain + "\n    at new Node (node.js:1)": plain,
		named:                                   named,
		"ValidationFailedWithErrors: " + named:  named,
	} {
		if got := CDKError(panicked).Error(); got != want {
			t.Errorf("it says %s", got)
		}
	}
	if strings.Contains(safeName("signedfront-dev/Content"), `"`) {
		t.Error("a path is in quotes")
	}
}

func TestTheAppShowsNoKeyThatTheCDKPanicsWith(t *testing.T) {
	for _, key := range leaktest.Keys() {
		line := strings.Split(string(key.PEM()), "\n")[1]
		_, said, status := runAppWith(t, "{}", "CDK_OUTDIR=/dev/null/"+line)
		if status != 1 || !strings.Contains(said, "ENOTDIR") {
			t.Errorf("%s: status %d, and it says %s", key.Name, status, said)
		}
		if found := key.Find(said); found != "" {
			t.Errorf("%s: shows %s", key.Name, found)
		}
	}
}
