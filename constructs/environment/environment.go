// Package environment is the configuration of a signedfront project: what
// cdk.json's context says of it, read, checked whole and filled with defaults.
//
//	"context": {
//	  "project": "signedfront",
//	  "environments": {
//	    "dev":  {"ephemeral": true},
//	    "prod": {"account": "123456789012", "region": "eu-west-1",
//	             "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2},
//	             "maxUrlLifetime": "2d"}
//	  }
//	}
//
// An environment becomes one stack, named after project and environment. The
// name of a project holds lower-case letters and digits; that of an environment
// may hold hyphens too. The settings of an environment:
//
//   - account: the 12 digits of the AWS account that it lives in. By default,
//     the account of whoever deploys.
//   - region: the AWS Region that it lives in. By default, the Region of
//     whoever deploys. One of the two may be given without the other.
//   - ephemeral: true lets everything go with the stack, objects included, and
//     leaves termination protection off. By default false.
//   - signingKeys: the generations of the signing key, see [SigningKeys]. By
//     default, one.
//   - maxUrlLifetime: how far ahead the expiry of a signed URL may lie. By
//     default "7d".
//   - maxKeyAge: for how long a signer may go on with a key that it has not
//     confirmed to be the current one. By default "1h", at least "1m".
//
// A duration is written as for Go's [time.ParseDuration], with days beside its
// units: "36h", "90m", "7d", "1d12h". It is a whole number of seconds, 3650
// days at most.
package environment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config is a project and its environments.
type Config struct {
	Project      string
	Environments []Environment // sorted by name, at least one
}

// Environment is one environment of a project, its defaults filled in.
type Environment struct {
	Project string
	Name    string

	Account string // 12 digits, or empty: that of whoever deploys
	Region  string // such as eu-west-1, or empty: that of whoever deploys

	// Tags are put on everything in the stacks that can have tags.
	Tags map[string]string

	// TerminationProtection keeps the stack from being deleted. By default it
	// is on, unless the environment is ephemeral.
	TerminationProtection bool

	// Content says how its content is provisioned, with its defaults. Name and
	// ParameterName are those of the environment.
	Content Content
}

// What an environment that does not say otherwise gets.
const (
	DefaultMaxURLLifetime = 7 * 24 * time.Hour
	DefaultMaxKeyAge      = time.Hour
)

// MaxStackName is the greatest length of a stack's name, and with it of
// project and environment together. CloudFront's narrowest names, those of
// origin access controls and functions, hold 64 characters, of which this
// leaves 24 to what is named and to the salt that keeps it apart from other
// stacks.
const MaxStackName = 40

// StackName is <project>-<environment>. The project has no hyphen: no two
// environments of any projects share a stack.
func (e Environment) StackName() string { return e.Project + "-" + e.Name }

// ParameterName is the Systems Manager parameter that holds the deployment
// document: /signedfront/<project>/<environment>.
func (e Environment) ParameterName() string { return "/signedfront/" + e.Project + "/" + e.Name }

// Read reads the members "project" and "environments" of cdk.json's context,
// in the types that encoding/json gives. Everything that is wrong is reported
// at once: the error holds [Problems].
func Read(context map[string]any) (*Config, error) {
	var problems Problems
	c := read(object{members: context, problems: &problems})
	if len(problems) > 0 {
		return nil, fmt.Errorf("cdk.json: %w", problems)
	}
	return c, nil
}

func read(context object) *Config {
	c := &Config{}
	project, given := context.string("project", `a name such as "signedfront"`)
	switch {
	case !context.has("project"):
		context.wrong("project", "missing", `write a name such as "signedfront"`)
	case given && context.projectName(project):
		c.Project = project
	}

	environments, given := context.object("environments", `an object such as {"dev": {"ephemeral": true}}`)
	if !context.has("environments") || given && len(environments.members) == 0 {
		context.wrong("environments", "no environment", `write an object such as {"dev": {"ephemeral": true}}`)
	}
	for _, name := range slices.Sorted(maps.Keys(environments.members)) {
		settings, given := environments.object(name, `the environment's settings as an object, {} for none`)
		e := readEnvironment(settings)
		e.Project, e.Name = c.Project, name

		path := environments.path.member(name)
		switch {
		case !environments.environmentName(path, name):
		case strings.HasSuffix(name, "-global"):
			environments.report(path, "a name that ends with -global",
				"choose another ending: stacks in us-east-1 that belong to an environment are named so")
		case c.Project != "" && len(e.StackName()) > MaxStackName:
			environments.report(path, fmt.Sprintf("the stack's name %s would have %d characters", e.StackName(), len(e.StackName())),
				fmt.Sprintf("shorten the project's or the environment's name: %d at most, the hyphen between them included", MaxStackName))
		case given:
			e.Content.Name, e.Content.ParameterName = e.StackName(), e.ParameterName()
			c.Environments = append(c.Environments, e)
		}
	}
	return c
}

func readEnvironment(settings object) Environment {
	settings.only("account", "region", "ephemeral", "signingKeys", "maxUrlLifetime", "maxKeyAge")

	var e Environment
	const wantAccount = `the 12 digits of an AWS account, in quotes: "123456789012"`
	if account, given := settings.string("account", wantAccount); given {
		if !accountID.MatchString(account) {
			settings.wrong("account", quote(account), "write "+wantAccount)
		}
		e.Account = account
	}
	if region, given := settings.string("region", `an AWS Region such as "eu-west-1"`); given {
		settings.add(CheckRegion(settings.path.member("region").String(), region))
		e.Region = region
	}
	e.Content.Ephemeral = settings.bool("ephemeral")
	e.TerminationProtection = !e.Content.Ephemeral
	e.Content.SigningKeys = readSigningKeys(settings)
	e.Content.MaxURLLifetime = settings.duration("maxUrlLifetime", DefaultMaxURLLifetime, CheckMaxURLLifetime)
	e.Content.MaxKeyAge = settings.duration("maxKeyAge", DefaultMaxKeyAge, CheckMaxKeyAge)
	e.Content = e.Content.WithDefaults()
	return e
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)

	// What stacks, parameters and CloudFront's names can all hold.
	validProject     = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	validEnvironment = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// projectName checks the name of a project. With hyphens, two projects could
// have one stack, and each would take over what the other one deployed.
func (o object) projectName(name string) bool {
	if validProject.MatchString(name) {
		return true
	}
	o.wrong("project", "the name "+quote(name),
		"write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack")
	return false
}

func (o object) environmentName(path path, name string) bool {
	if validEnvironment.MatchString(name) {
		return true
	}
	o.report(path, "the name "+quote(name),
		"write lower-case letters, digits and single hyphens between them, a letter first")
	return false
}
