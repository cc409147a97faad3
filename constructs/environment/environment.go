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
	"io/fs"
	"maps"
	"reflect"
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
	Project string `json:"-"`
	Name    string `json:"-"`

	// Account is the AWS account that the environment lives in, 12 digits.
	//
	// Default: that of whoever deploys.
	Account string `json:"account"`

	// Region is the AWS Region that the environment lives in, such as
	// eu-west-1. Account and Region may be given one without the other.
	//
	// Default: that of whoever deploys.
	Region string `json:"region"`

	// Tags are put on everything in the stacks that can have tags.
	//
	// Default: none.
	Tags map[string]string `json:"tags"`

	// TerminationProtection keeps the stack from being deleted.
	//
	// Default: true, unless the environment is ephemeral.
	TerminationProtection bool `json:"terminationProtection"`

	// Content says how its content is provisioned, with its defaults. Name and
	// ParameterName are those of the environment.
	Content Content `json:",inline"`
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
// in the types that encoding/json gives. Files that it names are read from
// folder, that of cdk.json; nil is a folder without files. Everything that is
// wrong is reported at once: the error holds [Problems].
func Read(context map[string]any, folder fs.FS) (*Config, error) {
	var problems Problems
	c := decoder{folder}.config(object{place{json: true, problems: &problems}, context})
	if len(problems) > 0 {
		return nil, fmt.Errorf("cdk.json: %w", problems)
	}
	return c, nil
}

func (d decoder) config(context object) *Config {
	c := &Config{}
	const wantProject = `a name such as "signedfront"`
	if project, given := context.members["project"]; given {
		if name, ok := expect[string](context.member("project"), project, wantProject); ok && checkProjectName(context.member("project"), name) {
			c.Project = name
		}
	} else {
		context.member("project").wrong("missing", "write "+wantProject)
	}

	const wantEnvironments = `an object such as {"dev": {"ephemeral": true}}`
	environments, given := context.object("environments", wantEnvironments)
	if !context.has("environments") || given && len(environments.members) == 0 {
		environments.wrong("no environment", "write "+wantEnvironments)
	}
	for _, name := range slices.Sorted(maps.Keys(environments.members)) {
		settings, given := environments.object(name, "the environment's settings as an object, {} for none")
		e := Environment{Project: c.Project, Name: name}
		if given {
			d.environment(settings, &e)
		}
		if e.checkName(environments.member(name)) && given {
			c.Environments = append(c.Environments, e)
		}
	}
	return c
}

// environment reads the settings of an environment and checks what it could
// read.
func (d decoder) environment(settings object, e *Environment) {
	before := len(*settings.problems)
	d.into(settings, reflect.ValueOf(e).Elem())
	if !settings.has("terminationProtection") {
		e.TerminationProtection = !e.Content.Ephemeral
	}
	e.Content.Name, e.Content.ParameterName = e.StackName(), e.ParameterName()
	e.Content = e.Content.WithDefaults()

	at := settings.place
	for _, problem := range (*settings.problems)[before:] {
		at.unread = append(at.unread, path(problem.Path))
	}
	e.check(at)
}

func (e Environment) check(at place) {
	if e.Account != "" {
		checkShape(at.field("Account"), e.Account, accountID, "the 12 digits of an AWS account, in quotes: "+examples["account"])
	}
	if e.Region != "" {
		checkRegion(at.field("Region"), e.Region, e.Content.OriginAccess)
	}
	e.Content.check(at)
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)

	// What stacks, parameters and CloudFront's names can all hold.
	validProject     = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	validEnvironment = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// checkProjectName checks the name of a project. With hyphens, two projects
// could have one stack, and each would take over what the other one deployed.
func checkProjectName(at place, name string) bool {
	if validProject.MatchString(name) {
		return true
	}
	at.wrong("the name "+quote(name),
		"write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack")
	return false
}

func (e Environment) checkName(at place) bool {
	stack := e.StackName()
	switch {
	case !validEnvironment.MatchString(e.Name):
		at.wrong("the name "+quote(e.Name), "write lower-case letters, digits and single hyphens between them, a letter first")
	case strings.HasSuffix(e.Name, "-global"):
		at.wrong("a name that ends with -global",
			"choose another ending: stacks in us-east-1 that belong to an environment are named so")
	case e.Project != "" && len(stack) > MaxStackName:
		at.wrong(fmt.Sprintf("the stack's name %s would have %d characters", stack, len(stack)),
			fmt.Sprintf("shorten the project's or the environment's name: %d at most, the hyphen between them included", MaxStackName))
	default:
		return true
	}
	return false
}
