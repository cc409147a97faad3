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

// elsewhere is the advice if functions cannot be built.
const elsewhere = "build the functions on a machine with Go and access to their modules, with `go run github.com/signedfront/signedfront/constructs/functions/build -o functions`, and set the context " +
	contract.ArchivesContext + " to that folder"

// functionBuilder makes the code of the stack's functions.
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

// newFunction makes a function from an archive that was built before, or builds its
// code during the synthesis.
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
			Found: fmt.Sprintf("the folder %s, with a problem in %s: %v", signer.Describe(b.archives, signer.FormFile), source.ArchiveName(b.goarch), err),
			Fix:   elsewhere,
		}}
	}
	props.Code = awslambda.Code_FromAsset(jsii.String(file), nil) // its name is the hash of its content
	return awslambda.NewFunction(scope, jsii.String(id), &props), nil
}

// buildFunction makes a function whose code the CDK's local bundling builds. The
// template is the same whether the function was built or not, because the name of its
// asset is a hash of its sources.
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
		// The CDK panics after a failed build.
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
			// The archive is uploaded unchanged. From a folder, the command line would
			// keep file modes, which depend on the machine.
			OutputType: awscdk.BundlingOutput_ARCHIVED,
			// The CDK requires an image, but never runs it: the local bundling builds
			// or fails.
			Image: awscdk.DockerImage_FromRegistry(jsii.String("scratch")),
		},
	})
	return awslambda.NewFunction(scope, jsii.String(id), &props), nil
}

// fingerprints caches the fingerprints of this process by function, folder of the
// module and processor. Sources do not change while it runs.
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

// TryBundle builds the function's archive. It must not return false, because the CDK
// would then start a container, and it must not panic, because the CDK would then wait
// forever. After a failure it keeps the error and removes the folder: the CDK stops,
// and a later run does not find an unfinished build.
func (b *localBundling) TryBundle(folder *string, _ *awscdk.BundlingOptions) *bool {
	archive, err := b.source.Build(b.module, b.goarch, "", os.Stderr)
	if err != nil {
		b.err = fmt.Errorf("%w; if its modules cannot be downloaded, %s", err, elsewhere)
	} else if err := os.WriteFile(filepath.Join(*folder, "function.zip"), archive, 0o644); err != nil {
		b.err = fmt.Errorf("writing the archive of the function %s: %w", b.source.Main, functions.WithoutPath(err))
	}
	if b.err != nil {
		os.RemoveAll(*folder)
	}
	return jsii.Bool(true)
}
