package contract

import "strings"

// ownPrefix starts the names of tags, exports, contexts and physical ids that
// are ours.
const ownPrefix = "signedfront:"

// Tags. No tag of a user's may start with TagPrefix.
const (
	TagPrefix = ownPrefix

	// LendsTag is on a secret whose key may be borrowed. Its value is the
	// parameter of the deployment that lends the key.
	LendsTag = TagPrefix + "lends"

	// EphemeralTag is on a bucket that may be emptied, with the value
	// EphemeralValue.
	EphemeralTag   = TagPrefix + "ephemeral"
	EphemeralValue = "true"
)

// ParameterPath starts the name of the parameter that holds a deployment
// document, unless the template says another.
const ParameterPath = "/signedfront/"

// ParameterName returns the name of the parameter that holds the deployment
// document of an environment: /signedfront/<project>/<environment>.
func ParameterName(project, environment string) string {
	return ParameterPath + project + "/" + environment
}

// KeyGroupExport returns the name under which a deployment that lends its keys
// exports its key group, from the name of its parameter. It is
//
//	signedfront:lent-key-group:signedfront:media:dev
//
// for /signedfront/media/dev. An export's name holds letters, digits, colons and
// hyphens, so a hyphen starts an escape: -- is a hyphen, -u an underscore and -d
// a dot. No two parameters have one name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html
func KeyGroupExport(parameterName string) string {
	return ownPrefix + "lent-key-group" + exportEscapes.Replace(parameterName)
}

var exportEscapes = strings.NewReplacer("/", ":", "-", "--", "_", "-u", ".", "-d")

// RequiredBucketPolicy is the output that holds the policy, as JSON, that a
// bucket must have that is not of the template.
const RequiredBucketPolicy = "RequiredBucketPolicy"

// Context of the CDK that a user may set.
const (
	// ArchitectureContext chooses the processor of our functions: arm64, or
	// x86_64 where an emulator runs them on such a machine.
	ArchitectureContext = ownPrefix + "functionArchitecture"

	// ArchivesContext names a folder with the archives of our functions, built
	// elsewhere: a synthesis then needs no Go and no modules.
	ArchivesContext = ownPrefix + "functions"
)
