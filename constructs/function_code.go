package constructs

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/functions"
	"github.com/signedfront/signedfront/signer"
)

// elsewhere is the way out where functions cannot be built.
const elsewhere = "build the functions where Go and their modules are at hand, with `go run github.com/signedfront/signedfront/constructs/functions/build -o functions`, and set the context " +
	contract.ArchivesContext + " to that folder"

// functionBuilder makes the code of our functions.
type functionBuilder struct {
	module       func() (string, error) // the folder of this module's source
	archives     string                 // the folder of archives, or empty
	goarch       string
	architecture awslambda.Architecture
}

func newFunctionBuilder(scope constructs.Construct) (*functionBuilder, error) {
	b := &functionBuilder{module: functions.Module}
	var problems config.Problems
	switch word := scope.Node().TryGetContext(jsii.String(contract.ArchitectureContext)); word {
	case nil, "arm64":
		b.goarch, b.architecture = "arm64", awslambda.Architecture_ARM_64()
	case "x86_64":
		b.goarch, b.architecture = "amd64", awslambda.Architecture_X86_64()
	default:
		problems = append(problems, config.Problem{
			Path:  contract.ArchitectureContext,
			Found: signer.Describe(fmt.Sprint(word), signer.FormWord),
			Fix:   `write "arm64" or "x86_64"`,
		})
	}
	switch folder := scope.Node().TryGetContext(jsii.String(contract.ArchivesContext)).(type) {
	case nil:
	case string:
		b.archives = filepath.Clean(folder)
	default:
		problems = append(problems, config.Problem{
			Path:  contract.ArchivesContext,
			Found: signer.Describe(fmt.Sprint(folder), signer.FormWord),
			Fix:   "write the path of the folder that holds the archives",
		})
	}
	if problems != nil {
		return nil, problems
	}
	return b, nil
}

// newFunction makes a function of an archive that was built elsewhere, or whose
// code is built when the template is.
func (b *functionBuilder) newFunction(scope constructs.Construct, id string, source functions.Function, props awslambda.FunctionProps) (awslambda.Function, error) {
	props.Runtime = awslambda.Runtime_PROVIDED_AL2023()
	props.Architecture = b.architecture
	props.Handler = jsii.String("bootstrap")
	if b.archives == "" {
		return b.buildFunction(scope, id, source, props)
	}
	file := filepath.Join(b.archives, source.ArchiveName(b.goarch))
	if err := functions.CheckArchive(file, b.goarch, functions.Version()); err != nil {
		return nil, config.Problems{{
			Path:  contract.ArchivesContext,
			Found: fmt.Sprintf("the folder %s, of whose %s: %v", signer.Describe(b.archives, signer.FormFile), source.ArchiveName(b.goarch), err),
			Fix:   elsewhere,
		}}
	}
	props.Code = awslambda.Code_FromAsset(jsii.String(file), nil) // named after its content
	return awslambda.NewFunction(scope, jsii.String(id), &props), nil
}

// buildFunction makes a function whose code is built by the CDK's own local
// bundling. The template is the same whether the function was built or not, for
// its asset is named after what makes its bytes.
func (b *functionBuilder) buildFunction(scope constructs.Construct, id string, source functions.Function, props awslambda.FunctionProps) (function awslambda.Function, err error) {
	module, err := b.module()
	if err != nil {
		return nil, fmt.Errorf("%w; or %s", err, elsewhere)
	}
	fingerprint, err := fingerprintOf(source, module, b.goarch)
	if err != nil {
		return nil, fmt.Errorf("%w; or %s", err, elsewhere)
	}
	bundling := &localBundling{source: source, module: module, goarch: b.goarch}
	defer func() {
		// A build that failed comes back from the CDK as a panic.
		if bundling.err != nil {
			recover()
			function, err = nil, bundling.err
		}
	}()
	props.Code = awslambda.Code_FromAsset(jsii.String(filepath.Join(module, filepath.FromSlash(source.Main))), &awss3assets.AssetOptions{
		AssetHash:     jsii.String(fingerprint),
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		Bundling: &awscdk.BundlingOptions{
			Local: bundling,
			// The archive is uploaded as it is. Of a folder, the command line would
			// keep the modes, which depend on who builds.
			OutputType: awscdk.BundlingOutput_ARCHIVED,
			// Required by the CDK, and never run: the local bundling does it or
			// fails.
			Image: awscdk.DockerImage_FromRegistry(jsii.String("scratch")),
		},
	})
	return awslambda.NewFunction(scope, jsii.String(id), &props), nil
}

// fingerprints are those that a process has worked out: by the name of the
// function, the folder of the module and the processor. Sources do not change
// while it runs.
var fingerprints sync.Map

func fingerprintOf(source functions.Function, module, goarch string) (string, error) {
	key := [3]string{source.Name, module, goarch}
	if known, is := fingerprints.Load(key); is {
		return known.(string), nil
	}
	fingerprint, err := source.Fingerprint(module, goarch)
	if err == nil {
		fingerprints.Store(key, fingerprint)
	}
	return fingerprint, err
}

// localBundling is the CDK's ILocalBundling.
type localBundling struct {
	source         functions.Function
	module, goarch string
	err            error
}

// TryBundle builds the function's archive. To answer false would have the CDK
// start a container, and a panic would leave it waiting: so a failure is kept,
// and the folder taken away, which makes the CDK give up, with nothing left that
// a later run could take for a finished build.
func (b *localBundling) TryBundle(folder *string, _ *awscdk.BundlingOptions) *bool {
	archive, err := b.source.Build(b.module, b.goarch, "", os.Stderr)
	if err != nil {
		b.err = fmt.Errorf("%w; where the modules of others cannot be had, %s", err, elsewhere)
	} else if err := os.WriteFile(filepath.Join(*folder, "function.zip"), archive, 0o644); err != nil {
		b.err = fmt.Errorf("writing the archive of the function %s: %w", b.source.Main, functions.WithoutPath(err))
	}
	if b.err != nil {
		os.RemoveAll(*folder)
	}
	return jsii.Bool(true)
}
