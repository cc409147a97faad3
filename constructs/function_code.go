package constructs

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/environment"
)

// architectureContext is the context that chooses the processor of our
// functions: arm64, or x86_64 where an emulator runs them on such a machine.
const architectureContext = "signedfront:functionArchitecture"

// functionBuilder makes the code of our functions.
type functionBuilder struct {
	module       string // the folder of this module's source
	goarch       string
	architecture awslambda.Architecture
}

func newFunctionBuilder(scope constructs.Construct) (*functionBuilder, error) {
	b := &functionBuilder{}
	switch word := scope.Node().TryGetContext(jsii.String(architectureContext)); word {
	case nil, "arm64":
		b.goarch, b.architecture = "arm64", awslambda.Architecture_ARM_64()
	case "x86_64":
		b.goarch, b.architecture = "amd64", awslambda.Architecture_X86_64()
	default:
		return nil, environment.Problems{{
			Path:  architectureContext,
			Found: fmt.Sprintf("%q", fmt.Sprint(word)),
			Fix:   `write "arm64" or "x86_64"`,
		}}
	}
	var err error
	b.module, err = thisModule()
	return b, err
}

// newFunction makes a function whose code is built when the template is, by the
// CDK's own local bundling. The template is the same whether the function was
// built or not, for its asset is named after the sources.
func (b *functionBuilder) newFunction(scope constructs.Construct, id string, source functionSource, props awslambda.FunctionProps) (function awslambda.Function, err error) {
	fingerprint, err := source.fingerprint(b.module, b.goarch)
	if err != nil {
		return nil, err
	}
	bundling := &localBundling{builder: b, source: source}
	defer func() {
		// A build that failed comes back from the CDK as a panic.
		if bundling.err != nil {
			recover()
			function, err = nil, bundling.err
		}
	}()
	props.Runtime = awslambda.Runtime_PROVIDED_AL2023()
	props.Architecture = b.architecture
	props.Handler = jsii.String("bootstrap")
	props.Code = awslambda.Code_FromAsset(jsii.String(filepath.Join(b.module, filepath.FromSlash(source.main))), &awss3assets.AssetOptions{
		AssetHash:     jsii.String(fingerprint),
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		Bundling: &awscdk.BundlingOptions{
			Local:      bundling,
			OutputType: awscdk.BundlingOutput_NOT_ARCHIVED,
			// Required by the CDK, and never run: the local bundling does it or
			// fails.
			Image: awscdk.DockerImage_FromRegistry(jsii.String("scratch")),
		},
	})
	return awslambda.NewFunction(scope, jsii.String(id), &props), nil
}

// localBundling is the CDK's ILocalBundling.
type localBundling struct {
	builder *functionBuilder
	source  functionSource
	err     error
}

// TryBundle builds the function. To answer false would have the CDK start a
// container, and a panic would leave it waiting: so a failure is kept, and the
// folder taken away, which makes the CDK give up, with nothing left that a
// later run could take for a finished build.
func (b *localBundling) TryBundle(folder *string, _ *awscdk.BundlingOptions) *bool {
	b.err = b.source.build(b.builder.module, b.builder.goarch, filepath.Join(*folder, "bootstrap"), os.Stderr)
	if b.err != nil {
		os.RemoveAll(*folder)
	}
	return jsii.Bool(true)
}
