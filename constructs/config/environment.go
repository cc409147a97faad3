// Package config reads and checks the configuration of a signedfront project: the
// environments in the context of cdk.json. [Read] fills in the defaults and reports
// all mistakes at once.
//
//	"context": {
//	  "project": "signedfront",
//	  "environments": {
//	    "dev":  {"ephemeral": true, "lendKeys": true},
//	    "pr-*": {"ephemeral": true, "signingKeys": {"from": "dev"}},
//	    "prod": {"account": "123456789012", "region": "eu-west-1",
//	             "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2},
//	             "publicPaths": ["/assets/*"], "maxUrlLifetime": "2d"}
//	  }
//	}
//
// Each environment becomes a stack, <project>-<environment>. The name of a project
// consists of lower-case letters and digits. The name of an environment may also
// contain hyphens. A name that ends with a star is a pattern, which makes no stack
// by itself.
//
// "cdk deploy -c env=pr-42" sets the context member "env", which selects one
// environment: the one with that name, or else one made from the longest pattern
// that matches the name. Without it, Read returns all environments that are not
// patterns. The whole file is checked either way.
//
// # Settings
//
// Every setting may be left out. [Environment] and [Content] document each with
// its default. cdk.schema.json, which editors read, and the tables of README.md in
// this folder, which groups the settings and gives an example of each, are made
// from those comments.
//
// [ParseDuration] reads durations: "36h", "90m", "7d", "1d12h". A duration is a
// whole number of seconds, at most 3650 days.
//
// # Mistakes
//
// Each [Problem] says where a mistake is, what was found and what to write
// instead. [Content.Check] and [Environment.Check] report the mistakes of a Go
// program, with the names of the fields. No problem repeats a private key that was
// pasted into the configuration.
package config

import (
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
)

// Config is a project and those of its environments that the app makes.
type Config struct {
	Project      string
	Environments []Environment // sorted by name, at least one

	warnings Problems
}

// Environment is one environment of a project, with its defaults filled in.
type Environment struct {
	Project string `json:"-"`
	Name    string `json:"-"`

	// Account is the AWS account of the environment: 12 digits.
	//
	// Default: the account of the credentials that deploy.
	Account string `json:"account"`

	// Region is the AWS Region of the environment, such as eu-west-1. It may be
	// given without Account.
	//
	// Default: the default Region of the profile that deploys.
	Region string `json:"region"`

	// Tags are the tags of all resources in the stacks that can have tags. A value
	// must not be empty, because CloudFormation refuses it.
	//
	// Default: none.
	Tags map[string]string `json:"tags"`

	// TerminationProtection keeps the stack from being deleted.
	//
	// Default: true, unless the environment is ephemeral.
	TerminationProtection bool `json:"terminationProtection"`

	// Content configures the private content, with its defaults filled in. Its Name
	// is the stack's name, and its ParameterName that of the environment.
	Content Content `json:",inline"`
}

// Defaults of an environment.
const (
	DefaultMaxURLLifetime = 7 * 24 * time.Hour
	DefaultMaxKeyAge      = time.Hour
)

// MaxStackName is the most characters of a stack's name, which consists of the
// project, a hyphen and the environment. The shortest limit of CloudFront's names,
// that of origin access controls and functions, is 64 characters: 24 remain for the
// kind of resource and a salt that makes the name unique.
const MaxStackName = 40

// StackName returns <project>-<environment>. A project's name has no hyphen, so
// environments of different projects never share a stack.
func (e Environment) StackName() string { return e.Project + "-" + e.Name }

// ParameterName returns the name of the Systems Manager parameter that holds the
// deployment document: /signedfront/<project>/<environment>.
func (e Environment) ParameterName() string { return contract.ParameterName(e.Project, e.Name) }

// Read returns the configuration in the members "project", "environments" and
// "env" of the context of cdk.json, with the defaults filled in. The values of
// context have the types that encoding/json produces. Read reads the files that
// cdk.json names from folder, the folder of cdk.json; nil means that there are none.
// It reports all mistakes at once: the error wraps [Problems].
func Read(context map[string]any, folder fs.FS) (*Config, error) {
	var problems Problems
	c := decoder{folder}.config(jsonObject{node{json: true, problems: &problems}, context})
	if len(problems) > 0 {
		return nil, fmt.Errorf("cdk.json: %w", problems)
	}
	return c, nil
}

func (d decoder) config(context jsonObject) *Config {
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
	var drafts []*draft
	for _, name := range slices.Sorted(maps.Keys(environments.members)) {
		drafts = append(drafts, d.draft(environments, c.Project, name))
	}
	for _, draft := range drafts {
		if lender := draft.findLender(drafts); lender != nil {
			draft.Content.Lender = lender.lender()
		}
	}
	checkDomainNames(drafts)
	for _, draft := range drafts {
		if draft.readable {
			draft.check(draft.at)
		}
		context.add(*draft.at.problems)
	}
	c.Environments = chosen(context, drafts)
	for _, draft := range drafts {
		at := draft.at
		at.problems = &c.warnings
		draft.Content.warn(at)
	}
	c.warnings = append(c.warnings, overlapWarnings(drafts)...)
	c.warnings = append(c.warnings, quotaWarnings(drafts)...)
	return c
}

// draft is an environment, or a pattern of environments, that was read and is not
// checked yet.
type draft struct {
	Environment
	at       node
	readable bool    // its settings are an object
	domain   *Domain // as written: the names of a pattern contain environmentMark
}

// draft reads the settings of an environment and checks its name.
func (d decoder) draft(environments jsonObject, project, name string) *draft {
	var problems Problems
	environments.problems = &problems
	e := Environment{Project: project, Name: name}
	e.checkName(environments.member(name))
	named := len(problems)

	settings, readable := environments.object(name, "the environment's settings as an object, {} for none")
	d.into(settings, reflect.ValueOf(&e).Elem())
	if !settings.has("terminationProtection") {
		e.TerminationProtection = !e.Content.Ephemeral
	}
	e.Content.Name, e.Content.ParameterName = e.StackName(), e.ParameterName()
	e.Content = e.Content.WithDefaults()

	at := settings.node
	for _, problem := range problems[named:] {
		at.unread = append(at.unread, path(problem.Path))
	}
	if !at.field("Ephemeral").wasRead() || !at.field("TerminationProtection").wasRead() {
		e.TerminationProtection = false // unknown: report nothing that depends on it
	}
	made := &draft{e, at, readable, e.Content.Domain}
	switch {
	case e.isPattern():
		made.Content.Domain = made.domain.named(e.sample())
	case validEnvironment.MatchString(e.Name):
		made.domain = made.domain.named(e.Name)
		made.Content.Domain = made.domain
	default: // the name is reported
		made.Content.Domain = made.domain.named("dev")
	}
	return made
}

// Check reports all mistakes of an environment that a Go program made, and of its
// content, which must have its defaults. The paths of the problems are the names of
// the fields.
func (e Environment) Check() Problems {
	var problems Problems
	at := newNode("", &problems)
	checkProjectName(at.field("Project"), e.Project)
	if name := at.field("Name"); e.isPattern() {
		name.wrong("the pattern "+quote(e.Name), "write the name of one environment")
	} else {
		e.checkName(name)
	}
	if len(problems) > 0 && e.Content.ParameterName == e.ParameterName() {
		e.Content.ParameterName = "" // it is made from these names
	}
	e.check(at)
	return problems
}

func (e Environment) check(outer node) {
	c, at := e.Content, outer
	if !outer.json { // in cdk.json, the settings of Content are the environment's own
		at = outer.field("Content")
	}
	if e.Account != "" {
		checkShape(outer.field("Account"), e.Account, accountID, "the 12 digits of an AWS account, in quotes: "+examples["account"])
	}
	if accountID.MatchString(e.Account) {
		e.checkOwnAccount(at)
	}
	region := outer.field("Region")
	switch {
	case e.Region != "":
		checkRegion(region, e.Region, c.OriginAccess)
	case c.AccessLogs != nil:
		region.missing("missing, with "+at.name("AccessLogs"), "write the AWS Region of the stack, such as "+examples["region"]+": "+becauseGlobal)
	case c.Domain != nil && c.Domain.Certificate == "" && c.Domain.HostedZone != nil:
		region.missing("missing, with a certificate that the stack makes", "write the AWS Region of the stack, such as "+examples["region"]+": "+becauseGlobal)
	}
	checkTags(outer.field("Tags"), e.Tags, c.Ephemeral || c.LendKeys)
	if c.LendKeys && e.TerminationProtection {
		at.field("LendKeys").wrong("true, in a protected environment",
			fmt.Sprintf("leave it out, or write %s false: a role that may sign for a borrower may sign for this environment too", outer.name("TerminationProtection")))
	}
	if from := c.SigningKeys.From; from != "" && e.TerminationProtection {
		at.field("SigningKeys").field("From").wrong(quote(from)+", in a protected environment",
			fmt.Sprintf("leave it out, or write %s false: a role that may sign for the lender may sign for this environment too", outer.name("TerminationProtection")))
	}
	c.check(at)
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

const becauseGlobal = "a part of it is made in us-east-1, and the CDK links two stacks only if it knows their Regions"

// checkOwnAccount compares the known account with the accounts in ARNs.
func (e Environment) checkOwnAccount(at node) {
	e.Content.Signers.checkAccount(at.field("Signers"), e.Account)
	if parts := webACLARN.FindStringSubmatch(e.Content.WebACL); parts != nil && parts[1] != e.Account {
		at.field("WebACL").wrong("a web ACL of account "+parts[1], "write one of account "+e.Account+": CloudFront accepts no other")
	}
	if e.Content.Domain == nil {
		return
	}
	if parts := certificateARN.FindStringSubmatch(e.Content.Domain.Certificate); parts != nil && parts[2] != e.Account {
		at.field("Domain").field("Certificate").wrong("a certificate of account "+parts[2], "write one of account "+e.Account+": CloudFront accepts no other")
	}
}
