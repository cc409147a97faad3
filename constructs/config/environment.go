// Package config reads and checks the configuration of a signedfront project:
// what the context of cdk.json says of its environments. [Read] fills in the
// defaults and reports all mistakes at once.
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
// Each environment becomes a stack, <project>-<environment>. The name of a
// project holds lower-case letters and digits, that of an environment hyphens
// too. A name that ends with a star is a pattern, which makes no stack by itself.
//
// The context member "env", which "cdk deploy -c env=pr-42" sets, selects one
// environment: the one of that name, or else one of the longest pattern that
// matches. Without it, Read returns all that are no patterns. The whole file is
// checked either way.
//
// # Settings
//
// Every setting may be left out. [Environment] and [Content] document each with
// its default; cdk.schema.json, which is made of them, lets editors complete and
// explain them.
//
// Where the stack goes, and how it stays:
//
//   - account, region: by default, those of whoever deploys
//   - tags: {"team": "media"}, on everything that can have tags
//   - ephemeral: true lets everything go with the stack, objects included
//   - terminationProtection: on, unless the environment is ephemeral
//
// The content and who reads it for CloudFront:
//
//   - originAccess: "oai", "migrating", "migrated" or "oac"
//   - encryption: "s3", or with oac "kms", and "leaving-kms" on the way back
//   - bucket: the name of one that exists, instead of a new one, or
//     {"name": "example-media", "path": "/folder"}, a folder of it
//   - versions: {"keep": "30d"}, after which S3 deletes what was written over
//     or deleted
//   - originShield: the Region of an additional cache before the bucket
//
// Who signs, with what and for how long:
//
//   - signingKeys: the generations of the key, see [SigningKeys], or {"from":
//     "dev"}, which borrows those of another environment, neither protected
//   - lendKeys: true lets others borrow them, from an unprotected environment
//   - maxUrlLifetime: "7d", how far ahead the expiry of a signed URL may lie
//   - maxKeyAge: "1h", for how long a signer may go on with a key unconfirmed
//   - guard: false leaves out what refuses a step of a rotation that comes too
//     early
//   - signers: {"roles": [...], "roleArns": [...]}, roles of this account by
//     name and of others by ARN
//   - addressRestriction: true where policies name IP addresses, which turns
//     IPv6 off
//
// What is served, and how:
//
//   - publicPaths, signedPaths: path patterns that need no signature, and
//     those within them that do
//   - defaultRootObject: "index.html"
//   - missing: 404 for objects that are not there, instead of 403
//   - errorPages: [{"errorCode": 403, "responsePagePath": "/403.html"}]
//   - cors: {"origins": ["https://app.example.com"], "credentials": true}
//   - responseHeaders: contentSecurityPolicy, frameOptions, referrerPolicy,
//     strictTransportSecurity, includeSubdomains, and others by their names in
//     custom: {"X-Robots-Tag": "noindex"}
//   - domain: names of one's own, with a certificate or a hostedZone
//   - accessLogs: {} or {"retention": "30d"} or {"bucket": "example-logs"}
//   - priceClass: "PriceClass_All", "PriceClass_200" or "PriceClass_100"
//   - geoRestriction: {"allow": ["DE"]} or {"deny": ["KP"]}
//   - webAcl: the ARN of a web ACL of AWS WAF
//
// [ParseDuration] reads durations: "36h", "90m", "7d", "1d12h". One is a whole
// number of seconds, 3650 days at most; a log group's retention is one of the
// steps of CloudWatch Logs.
//
// # Mistakes
//
// Each [Problem] says where a mistake is, what was found and what to write
// instead. [Content.Check] and [Environment.Check] report those of a Go program,
// under the names of the fields. No text of a problem repeats a private key,
// wherever one was pasted.
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

// Config is a project and those of its environments that are to be made.
type Config struct {
	Project      string
	Environments []Environment // sorted by name, at least one

	warnings Problems
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

	// Tags are put on everything in the stacks that can have tags. None has an
	// empty value, which CloudFormation refuses.
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

// StackName returns <project>-<environment>. The project has no hyphen: no two
// environments of any projects share a stack.
func (e Environment) StackName() string { return e.Project + "-" + e.Name }

// ParameterName returns the name of the Systems Manager parameter that holds the
// deployment document: /signedfront/<project>/<environment>.
func (e Environment) ParameterName() string { return contract.ParameterName(e.Project, e.Name) }

// Read reads the members "project", "environments" and "env" of cdk.json's
// context, in the types that encoding/json gives, and fills in the defaults. Files
// that it names are read from folder, that of cdk.json; nil is a folder without
// files. Everything that is wrong is reported at once: the error wraps [Problems].
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

// draft is an environment as it was read, or a pattern of environments. It is
// not checked yet.
type draft struct {
	Environment
	at       node
	readable bool    // its settings are an object
	domain   *Domain // as it is written, of a pattern with the mark in its names
}

// draft reads the settings of an environment, and checks its name.
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
		e.TerminationProtection = false // it cannot be told, and nothing is to follow
	}
	made := &draft{e, at, readable, e.Content.Domain}
	switch {
	case e.isPattern():
		made.Content.Domain = made.domain.named(e.sample())
	case validEnvironment.MatchString(e.Name):
		made.domain = made.domain.named(e.Name)
		made.Content.Domain = made.domain
	default: // which is reported
		made.Content.Domain = made.domain.named("dev")
	}
	return made
}

// Check reports everything that is wrong with an environment that a Go program
// made, its content included, which has its defaults. The paths of the problems
// are the names of the fields.
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
		e.Content.ParameterName = "" // which is made of these names
	}
	e.check(at)
	return problems
}

func (e Environment) check(outer node) {
	c, at := e.Content, outer
	if !outer.json { // there its settings are among those of the environment
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
		region.missing("missing, with a certificate to be made", "write the AWS Region of the stack, such as "+examples["region"]+": "+becauseGlobal)
	}
	checkTags(outer.field("Tags"), e.Tags, c.Ephemeral || c.LendKeys)
	if c.LendKeys && e.TerminationProtection {
		at.field("LendKeys").wrong("true, in a protected environment",
			fmt.Sprintf("leave it out, or write %s false: whoever may sign for a borrower may sign for this one", outer.name("TerminationProtection")))
	}
	if from := c.SigningKeys.From; from != "" && e.TerminationProtection {
		at.field("SigningKeys").field("From").wrong(quote(from)+", in a protected environment",
			fmt.Sprintf("leave it out, or write %s false: whoever may sign for the lender may sign for this one", outer.name("TerminationProtection")))
	}
	c.check(at)
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

const becauseGlobal = "a part of it is made in us-east-1, and the CDK links stacks only where it knows their Regions"

// checkOwnAccount compares the account, which is known, with those in ARNs.
func (e Environment) checkOwnAccount(at node) {
	e.Content.Signers.checkAccount(at.field("Signers"), e.Account)
	if parts := webACLARN.FindStringSubmatch(e.Content.WebACL); parts != nil && parts[1] != e.Account {
		at.field("WebACL").wrong("a web ACL of account "+parts[1], "write one of account "+e.Account+": CloudFront takes no other")
	}
	if e.Content.Domain == nil {
		return
	}
	if parts := certificateARN.FindStringSubmatch(e.Content.Domain.Certificate); parts != nil && parts[2] != e.Account {
		at.field("Domain").field("Certificate").wrong("a certificate of account "+parts[2], "write one of account "+e.Account+": CloudFront takes no other")
	}
}
