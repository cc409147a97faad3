package contract

import "strings"

// ownPrefix is the start of signedfront's own tags, exports, context keys and physical
// ids.
const ownPrefix = "signedfront:"

// Tags. A user's tag must not start with TagPrefix.
const (
	TagPrefix = ownPrefix

	// LendsTag is the tag of a secret whose key may be borrowed. Its value is the name
	// of the lender's parameter.
	LendsTag = TagPrefix + "lends"

	// EphemeralTag, with the value EphemeralValue, is the tag of a bucket that may be
	// emptied.
	EphemeralTag   = TagPrefix + "ephemeral"
	EphemeralValue = "true"
)

// ParameterPath is the default start of the name of a deployment document's parameter.
const ParameterPath = "/signedfront/"

// ParameterName returns the name of the parameter that holds the deployment
// document of an environment: /signedfront/<project>/<environment>.
func ParameterName(project, environment string) string {
	return ParameterPath + project + "/" + environment
}

// KeyGroupExport returns the name of the export of a lender's key group, which follows
// from the name of the lender's parameter. It is
//
//	signedfront:lent-key-group:signedfront:media:dev
//
// for /signedfront/media/dev. The name of an export may contain letters, digits, colons
// and hyphens. A hyphen therefore starts an escape: -- is a hyphen, -u an underscore
// and -d a dot. Different parameters have different exports.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html
func KeyGroupExport(parameterName string) string {
	return ownPrefix + "lent-key-group" + exportEscapes.Replace(parameterName)
}

var exportEscapes = strings.NewReplacer("/", ":", "-", "--", "_", "-u", ".", "-d")

// RequiredBucketPolicy is the output with the policy, as JSON, that an existing bucket
// must have.
const RequiredBucketPolicy = "RequiredBucketPolicy"

// Context keys of the CDK that a user may set.
const (
	// ArchitectureContext sets the processor of the functions: arm64, or x86_64 for an
	// emulator on such a machine.
	ArchitectureContext = ownPrefix + "functionArchitecture"

	// ArchivesContext sets a folder with the archives of functions that were built
	// before: a synthesis then needs neither Go nor modules.
	ArchivesContext = ownPrefix + "functions"
)
