// Package status reads the state of a deployed environment from AWS, and reports what is
// wrong with it. It sends no viewer's request, reads no private key and changes nothing.
//
// Read calls an Account, concurrently where it can, and returns a Report: Findings are
// what is wrong, and Unread is what could not be read. It reads the deployment document
// and the stack first. They name the distribution, the key group, the keys with their
// history, the secrets, and the bucket with its policy. Package rotation computes the
// state of each key and which steps are safe. The policy evaluator of the local edge
// decides whether CloudFront may read the bucket.
package status

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/model"
	"github.com/signedfront/signedfront/signer/edge/template"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Environment names an environment.
type Environment struct {
	Project, Name string
	Region        string // of the stack; used in texts only
}

// ErrNoEnvironment is wrapped by the error of Read for an environment that has neither a
// deployment document nor a stack.
var ErrNoEnvironment = errors.New("there is no such environment")

// Read reads an environment. It returns an error if no call was answered or if the
// environment does not exist. Any other failure is in Report.Unread.
func Read(ctx context.Context, a Account, e Environment) (*Report, error) {
	r := newReading(ctx, a, e)
	return r.read(r.readDistribution, r.readKeys, r.readSecrets, r.readBucket, r.readBorrowers, r.readQuotas, r.readDrift)
}

func newReading(ctx context.Context, a Account, e Environment) *reading {
	r := &reading{Account: a, ctx: ctx, env: e, now: time.Now()}
	r.report = Report{
		Schema: Schema, Environment: e.Name, Parameter: contract.ParameterName(e.Project, e.Name), Region: e.Region, Time: r.now.UTC().Truncate(time.Second),
		Keys: []Key{}, Quotas: []Quota{}, Findings: []Finding{}, Unread: []Unread{},
	}
	return r
}

// read reads the document and the stack, and then all parts concurrently.
func (r *reading) read(parts ...func()) (*Report, error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	concurrently(parts...)
	r.judge()
	if err := r.unreachable(); err != nil {
		return nil, err
	}
	r.finish()
	return &r.report, nil
}

// reading is the state of one Read. Each step writes fields that later steps read.
type reading struct {
	Account
	ctx context.Context
	env Environment
	now time.Time

	mu       sync.Mutex // guards report, errs and answered
	report   Report
	errs     []error // of all calls
	answered bool    // at least one call was answered

	document    *signer.Deployment // nil if it cannot be read
	noDoc       bool               // the parameter does not exist
	effective   *signer.Deployment // the document with the lender's key; nil if it is not known
	lenderStack *Stack             // nil if it is not known
	parameter   string             // the document that names the keys: the lender's or its own
	history     []rotation.Version
	historyRead bool

	stack        *Stack
	resources    []Resource // of this environment's content
	guard        guard
	templateRead bool
	intended     []Behavior // of the distribution in the template; nil if they are not known
	readers      string     // the properties of the template's bucket policies, as JSON

	distribution *Distribution
	groupsRead   bool // all key groups that the distribution trusts were read
	groups       map[string]rotation.KeyGroup
	public       map[string]PublicKey
	policy       *string // of the bucket; nil if it was not read
	blocked      *bool
	kmsKey       *string
	kmsPolicy    *string
}

// guard has properties of the template's Custom::KeyGuard.
type guard struct {
	distribution string // logical id
	compromised  int    // how many keys are compromised
}

func concurrently(parts ...func()) {
	var wait sync.WaitGroup
	for _, part := range parts {
		wait.Go(part)
	}
	wait.Wait()
}

func (r *reading) find(check, what, meaning, do string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Findings = append(r.report.Findings, Finding{check, what, meaning, do})
}

// called records the result of a call for a line of the report, and reports whether it
// succeeded. It adds an error to Unread, unless the error is ErrMissing.
func (r *reading) called(line string, needed bool, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || errors.Is(err, ErrMissing) {
		r.answered = true
		return err == nil
	}
	r.errs = append(r.errs, err)
	u := Unread{Line: line, Needed: needed, Why: Why(err)}
	var call *CallError
	if errors.As(err, &call) && Denied(err) {
		u.Action, u.Why = missingRight(call.Action, err)
	}
	if !Unreachable(err) {
		r.answered = true
	}
	if !slices.Contains(r.report.Unread, u) {
		r.report.Unread = append(r.report.Unread, u)
	}
	return false
}

// unreachable returns an error if no call was answered or AWS did not accept the
// credentials.
func (r *reading) unreachable() error {
	for _, err := range r.errs {
		if BadCredentials(err) {
			return err
		}
	}
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if !r.answered && len(r.errs) > 0 {
		return r.errs[0]
	}
	return nil
}

// begin reads the document and the stack.
func (r *reading) begin() error {
	var text string
	var docErr, stackErr error
	var stack Stack
	concurrently(
		func() { text, docErr = r.Document(r.ctx, r.report.Parameter) },
		func() { stack, stackErr = r.Stack(r.ctx, r.env.Project+"-"+r.env.Name) },
	)
	r.noDoc = errors.Is(docErr, ErrMissing)
	read := r.called("deployment document", true, docErr)
	foundStack := r.called("stack", true, stackErr)
	if err := r.unreachable(); err != nil {
		return err
	}
	if read {
		var err error
		if r.document, err = signer.ParseDeployment([]byte(text)); err != nil {
			r.find("document", "the parameter "+r.report.Parameter+" is not a deployment document: "+oneLine(err),
				"new signers fail, and running ones sign for at most maxKeyAge", "restore the last valid version: `aws ssm get-parameter-history --name "+r.report.Parameter+"` lists all versions")
		}
	}
	if foundStack {
		r.readStack(stack)
	}
	orphan := false
	if r.stack == nil && !r.noDoc && (foundStack || errors.Is(stackErr, ErrMissing)) {
		// The content may be in a stack of another name.
		name, err := r.StackOf(r.ctx, r.report.Parameter)
		orphan = errors.Is(err, ErrMissing)
		if r.called("stack", true, err) {
			stack, err := r.Account.Stack(r.ctx, name)
			if r.called("stack", true, err) {
				r.readStack(stack)
			}
		}
	}
	switch {
	case r.noDoc && r.stack == nil && (errors.Is(stackErr, ErrMissing) || foundStack):
		return fmt.Errorf("%w: Region %s of this account has no parameter %s and no stack that creates it", ErrNoEnvironment, r.env.Region, r.report.Parameter)
	case r.noDoc && r.stack == nil:
		r.find("document", fmt.Sprintf("Region %s of this account has no parameter %s", r.env.Region, r.report.Parameter), "nothing can be signed: there is no such environment, or its parameter was deleted",
			"`aws sts get-caller-identity` shows which account this is; with the right to read stacks, status shows more")
	case r.noDoc && r.stack.inProgress():
		r.find("document", fmt.Sprintf("there is no parameter %s while the stack is %s", r.report.Parameter, r.stack.State), "signers cannot start", "wait until the deployment has ended")
	case r.noDoc && !r.stack.whole(): // the finding about the stack explains it
	case r.noDoc:
		r.find("document", "there is no parameter "+r.report.Parameter, "new signers fail, and running ones sign for at most maxKeyAge", r.redo())
	case orphan && read:
		r.find("stack", fmt.Sprintf("the parameter %s exists, but belongs to no stack of this account", r.report.Parameter), "the stack was deleted and left the parameter, or it is in another account",
			"look for the stack with `aws cloudformation list-stacks`, and delete the parameter if no signer reads it")
	}
	return nil
}

// redo returns what to do about a change that was made outside of CloudFormation.
func (r *reading) redo() string {
	return "run `cdk deploy --revert-drift`, or change the resource in the template and deploy; a deployment without a change restores nothing, since CloudFormation has not noticed (`cdk drift` lists the difference)"
}

// children matches the logical ids of a content's resources, after the content's own id.
var children = regexp.MustCompile(`^(SigningKey[0-9]|Distribution|KeyGroup|KeyGuard|KeyPairProvider|Bucket|OriginAccess|SigningPolicy|DeploymentDocument|ResponseHeaders|SignedCaching|EscapeRefusal)`)

// readStack reads a stack, unless it is not the environment's. A stack is the
// environment's if it has the parameter of the document, or failed before it created one.
func (r *reading) readStack(stack Stack) {
	all, err := r.Resources(r.ctx, stack.Name)
	if !r.called("resources of the stack", true, err) {
		r.stack = &stack
		r.judgeStack(nil)
		return
	}
	at := slices.IndexFunc(all, func(resource Resource) bool {
		return resource.Type == "AWS::SSM::Parameter" && resource.PhysicalID == r.report.Parameter
	})
	if at < 0 && (!r.noDoc || stack.whole()) {
		return // another stack of the same name
	}
	prefix := ""
	if at >= 0 {
		prefix, _, _ = strings.Cut(all[at].LogicalID, "DeploymentDocument")
	}
	r.stack = &stack
	for _, resource := range all {
		if rest, ok := strings.CutPrefix(resource.LogicalID, prefix); ok && children.MatchString(rest) && !gone(resource) {
			r.resources = append(r.resources, resource)
		}
	}
	r.judgeStack(all)
	text, err := r.Template(r.ctx, stack.Name)
	r.called(behaviorsLine, true, err)
	if !r.called("keys removed too early", true, err) {
		return
	}
	r.templateRead = true
	var t stackTemplate
	if json.Unmarshal([]byte(text), &t) == nil { // YAML otherwise, which the CDK does not write
		r.guard = t.guard(r.report.Parameter)
		r.readers = t.bucketPolicies()
	}
	if d, there := r.distributionOf(); there {
		physical := map[string]string{}
		for _, resource := range all {
			physical[resource.LogicalID] = resource.PhysicalID
		}
		if r.intended = t.behaviors(d.LogicalID, physical); r.intended == nil {
			r.report.Unread = append(r.report.Unread, Unread{Line: behaviorsLine, Why: "the template of the stack has none that can be compared for " + d.LogicalID, Needed: true})
		}
	}
}

// behaviorsLine is the line of the report about the cache behaviors in the template.
const behaviorsLine = "cache behaviors of the template"

func gone(resource Resource) bool {
	return resource.PhysicalID == "" || resource.State == "DELETE_COMPLETE" || resource.State == "DELETE_SKIPPED"
}

// stackTemplate is a template of CloudFormation.
type stackTemplate struct {
	Resources map[string]struct {
		Type       string
		Properties map[string]any
	}
}

func (t stackTemplate) guard(parameter string) (g guard) {
	for _, resource := range t.Resources {
		if resource.Type == contract.KeyGuard && resource.Properties[contract.DocumentName] == parameter {
			g.distribution, _ = resource.Properties[contract.DistributionLogicalID].(string)
			list, _ := resource.Properties[contract.CompromisedKeys].([]any)
			g.compromised = len(list)
		}
	}
	return g
}

func (t stackTemplate) bucketPolicies() string {
	var all strings.Builder
	for _, resource := range t.Resources {
		if resource.Type == "AWS::S3::BucketPolicy" {
			text, _ := json.Marshal(resource.Properties)
			all.Write(text)
		}
	}
	return all.String()
}

// behaviors returns the cache behaviors of a distribution in the template, the default
// one last. It replaces references to resources with their ids in physical, and any other
// intrinsic function with "". It returns nil if the template does not have the
// distribution or has a function in place of its behaviors.
func (t stackTemplate) behaviors(distribution string, physical map[string]string) (list []Behavior) {
	config, _ := t.Resources[distribution].Properties["DistributionConfig"].(map[string]any)
	last, there := config["DefaultCacheBehavior"].(map[string]any)
	if !there {
		return nil
	}
	others, isList := config["CacheBehaviors"].([]any)
	if config["CacheBehaviors"] != nil && !isList {
		return nil
	}
	behavior := func(pattern string, b map[string]any) Behavior {
		return Behavior{Pattern: pattern, KeyGroups: resolved(b["TrustedKeyGroups"], physical), Accounts: resolved(b["TrustedSigners"], physical)}
	}
	for _, other := range others {
		b, _ := other.(map[string]any)
		pattern, isText := b["PathPattern"].(string)
		if !isText {
			return nil
		}
		list = append(list, behavior(pattern, b))
	}
	return append(list, behavior("*", last))
}

// resolved returns a list of a template, with references resolved as in behaviors.
func resolved(property any, physical map[string]string) (list []string) {
	items, isList := property.([]any)
	if property != nil && !isList {
		return []string{""}
	}
	for _, item := range items {
		text, _ := item.(string)
		if function, _ := item.(map[string]any); function != nil {
			logical, _ := function["Ref"].(string)
			if of, _ := function["Fn::GetAtt"].([]any); len(of) == 2 && of[1] == "Id" {
				logical, _ = of[0].(string)
			}
			text = physical[logical]
		}
		list = append(list, text)
	}
	return list
}

// judgeStack reports the state of the stack, and a finding if the last deployment failed.
func (r *reading) judgeStack(resources []Resource) {
	s := r.stack
	r.report.Stack = &StackState{s.Name, s.ID, s.State, s.Updated.UTC()}
	if s.whole() || s.inProgress() {
		return
	}
	var failed []string
	for _, resource := range resources {
		if strings.HasSuffix(resource.State, "_FAILED") {
			failed = append(failed, resource.LogicalID)
		}
	}
	what := "the stack " + s.Name + " is " + s.State
	if len(failed) > 0 {
		what += ": " + strings.Join(failed, ", ") + " failed"
	}
	events := fmt.Sprintf("`aws cloudformation describe-stack-events --stack-name %s` shows why", s.Name)
	switch s.State {
	case "UPDATE_FAILED":
		r.find("stack", what, "the environment is partly updated, since the deployment failed and was not rolled back",
			events+fmt.Sprintf("; repair the cause, then deploy again, or run `aws cloudformation rollback-stack --stack-name %s`", s.Name))
	case "UPDATE_ROLLBACK_FAILED":
		r.find("stack", what, "the environment is partly updated, and CloudFormation accepts no other update",
			events+fmt.Sprintf("; repair the cause, then run `aws cloudformation continue-update-rollback --stack-name %s`, and do not skip the key group, the document or the distribution", s.Name))
	case "DELETE_FAILED":
		r.find("stack", what, "the environment is partly deleted, usually because something wrote to its bucket during the deletion", events+"; then destroy it again")
	case "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED":
		r.find("stack", what, "the first deployment failed and nothing is served; CloudFormation accepts no update of such a stack", events+"; then destroy the stack and deploy again")
	case "REVIEW_IN_PROGRESS":
	default:
		r.find("stack", what, "the last deployment failed", events)
	}
}

// of returns the resources of a type.
func (r *reading) of(kind string) (list []Resource) {
	for _, resource := range r.resources {
		if resource.Type == kind {
			list = append(list, resource)
		}
	}
	return list
}

// distributionOf returns the resource that is the content's distribution.
func (r *reading) distributionOf() (d Resource, there bool) {
	candidates := r.of("AWS::CloudFront::Distribution")
	if r.guard.distribution != "" {
		candidates = slices.DeleteFunc(candidates, func(c Resource) bool { return c.LogicalID != r.guard.distribution })
	}
	if len(candidates) == 0 {
		return d, false
	}
	return candidates[0], true
}

// readDistribution reads the distribution of the content and the key groups that it
// trusts.
func (r *reading) readDistribution() {
	resource, there := r.distributionOf()
	if !there {
		return // there is no stack, or it has no distribution yet
	}
	id := resource.PhysicalID
	d, err := r.Distribution(r.ctx, id)
	if errors.Is(err, ErrMissing) {
		r.called("distribution", true, err)
		r.find("distribution", "the distribution "+id+" is gone", "nothing is served", r.redo()+"; a new distribution has another domain name, so all URLs change")
		return
	}
	if !r.called("distribution", true, err) {
		return
	}
	r.distribution = &d
	var groups []string
	for _, b := range d.Behaviors {
		for _, id := range b.KeyGroups {
			if !slices.Contains(groups, id) {
				groups = append(groups, id)
			}
		}
	}
	read := true
	found := make([]*rotation.KeyGroup, len(groups))
	var parts []func()
	for i, id := range groups {
		parts = append(parts, func() {
			g, err := r.KeyGroup(r.ctx, id)
			if errors.Is(err, ErrMissing) {
				r.find("group", "the key group "+id+" that the distribution trusts is gone", "CloudFront refuses every viewer", r.redo())
			}
			if r.called("key group", true, err) {
				found[i] = &g
			} else if !errors.Is(err, ErrMissing) {
				r.mu.Lock()
				read = false
				r.mu.Unlock()
			}
		})
	}
	concurrently(parts...)
	r.groups = map[string]rotation.KeyGroup{}
	for i, id := range groups {
		if found[i] != nil {
			r.groups[id] = *found[i]
		}
	}
	r.groupsRead = read
}

// readKeys reads the lender's document, the history of the document that names the keys,
// and whether the private key exists.
func (r *reading) readKeys() {
	r.parameter = r.report.Parameter
	if r.document != nil && r.document.Key.Parameter != "" {
		r.parameter = r.document.Key.Parameter
		r.report.Lender = r.parameter
		text, err := r.Document(r.ctx, r.parameter)
		if errors.Is(err, ErrMissing) {
			r.find("lender", "the environment that lends the keys is gone: there is no parameter "+r.parameter, "signers cannot sign: CloudFront refuses every viewer once their URLs have expired",
				"deploy the lender again, or give this environment keys of its own, in two deployments")
		}
		if r.called("lender", true, err) {
			lender, err := signer.ParseDeployment([]byte(text))
			if err == nil {
				r.effective, err = r.document.Borrow(lender)
			}
			if err != nil {
				r.find("lender", "the keys cannot be borrowed from "+r.parameter+": "+oneLine(err), "signers cannot sign",
					"borrow from an environment that has keys of its own and lends them")
			} else {
				r.readLenderStack()
			}
		}
	} else {
		r.effective = r.document
	}
	if r.document == nil && !r.noDoc {
		return
	}
	concurrently(
		func() {
			history, err := r.History(r.ctx, r.parameter)
			if r.called("history of the keys", true, err) {
				r.history, r.historyRead = history, true
			}
		},
		func() {
			if r.effective != nil {
				r.readPrivateKey(r.effective.Key)
			}
		},
	)
}

// readLenderStack reads the stack that has the lender's document.
func (r *reading) readLenderStack() {
	name, err := r.StackOf(r.ctx, r.parameter)
	if !r.called("lender", true, err) {
		return
	}
	stack, err := r.Account.Stack(r.ctx, name)
	if r.called("lender", true, err) {
		r.lenderStack = &stack
	}
}

// readSecrets reads the secrets of the stack, except the current one.
func (r *reading) readSecrets() {
	var parts []func()
	for _, secret := range r.of("AWS::SecretsManager::Secret") {
		if r.document == nil || r.document.Key.SecretARN != secret.PhysicalID {
			parts = append(parts, func() { r.readSecret(secret.PhysicalID, false, "") })
		}
	}
	concurrently(parts...)
}

// readPrivateKey reads whether the current key is where the document says.
func (r *reading) readPrivateKey(at signer.KeyLocation) {
	switch {
	case at.SecretARN != "":
		r.readSecret(at.SecretARN, true, at.SecretVersionID)
	case at.KMSARN != "":
		state, err := r.KMSKey(r.ctx, at.KMSARN)
		switch read := r.called("signing key in KMS", true, err); {
		case errors.Is(err, ErrMissing):
			r.find("secret", "the KMS key "+at.KMSARN+" that signs is gone", "nothing can be signed", "make another key current")
		case read && state != "Enabled":
			r.find("secret", "the KMS key "+at.KMSARN+" that signs is "+state, "nothing can be signed", "enable the key again, or make another key current")
		}
	}
}

func (r *reading) readSecret(arn string, current bool, version string) {
	meaning := "the key cannot be made current again"
	if current {
		meaning = "new signers fail, and running ones sign for at most maxKeyAge"
	}
	const lost = "the private key is lost for good: add a signing key with a new number, make it current once it is ready, and remove this one"
	secret, err := r.Secret(r.ctx, arn)
	switch read := r.called("secret", true, err); {
	case errors.Is(err, ErrMissing):
		r.find("secret", "the secret "+arn+" is gone", meaning, lost)
	case !read:
	case !secret.Deleted.IsZero():
		r.find("secret", fmt.Sprintf("the secret %s has been scheduled for deletion since %s", arn, stamp(secret.Deleted)), meaning, "cancel the deletion while that is possible: `aws secretsmanager restore-secret --secret-id "+arn+"`")
	case current && !slices.Contains(secret.Versions, version):
		r.find("secret", fmt.Sprintf("the secret %s has no labelled version %s, which the deployment document names", arn, version), meaning,
			"other values were written into the secret: while the version exists, `aws secretsmanager update-secret-version-stage` restores its label")
	}
}

// readBucket reads the bucket's policy, its public access and its encryption.
func (r *reading) readBucket() {
	b, ok := r.bucket()
	if !ok {
		return
	}
	var errs [3]error
	concurrently(
		func() {
			policy, err := r.BucketPolicy(r.ctx, b)
			errs[0] = err
			if isMoved(err) {
				r.find("bucket", "the bucket "+b.Name+" is not in "+cmp.Or(b.Region, r.env.Region)+": S3 redirects to another Region", "the bucket was deleted, and a new one has its name, perhaps in another account",
					"`aws s3api head-bucket --bucket "+b.Name+"` shows its Region, and is refused if it belongs to another account")
				return
			}
			if errors.Is(err, ErrMissing) {
				r.find("bucket", "the bucket "+b.Name+" is gone", "CloudFront answers 403 for every object that no edge has cached", "create the bucket and its policy again: "+r.redo()+"; then upload the objects")
			}
			if r.called(policyLine, true, err) {
				r.policy = &policy
			}
		},
		func() {
			blocked, err := r.PublicAccessBlocked(r.ctx, b)
			errs[1] = err
			if !isMoved(err) && r.called(publicLine, true, err) {
				r.blocked = &blocked
			}
		},
		func() {
			key, err := r.Encryption(r.ctx, b)
			errs[2] = err
			if isMoved(err) || !r.called(encryptionLine, true, err) {
				return
			}
			r.kmsKey = &key
			if key == "" || key == AWSKey {
				return
			}
			if state, err := r.KMSKey(r.ctx, key); r.called("state of the KMS key", true, err) && state != "Enabled" {
				r.find("kms", "the KMS key "+key+" that encrypts the bucket is "+state, "CloudFront cannot decrypt the objects", "enable the key again, or cancel its deletion")
			}
			policy, err := r.KMSPolicy(r.ctx, key)
			if errors.Is(err, ErrMissing) {
				r.find("kms", "the KMS key "+key+" that encrypts the bucket is gone", "CloudFront cannot decrypt the objects", "cancel its deletion while that is possible, or encrypt the objects with another key")
			}
			if r.called("policy of the KMS key", true, err) {
				r.kmsPolicy = &policy
			}
		},
	)
	if slices.ContainsFunc(errs[:], func(err error) bool { return !Denied(err) || namesAction(err) }) {
		return
	}
	// S3 names the missing action only to callers of the bucket's own account.
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.report.Unread {
		u := &r.report.Unread[i]
		if slices.Contains([]string{policyLine, publicLine, encryptionLine}, u.Line) {
			u.Why += ", or the bucket now belongs to another account"
		}
	}
}

// Lines of the report about the bucket.
const (
	policyLine     = "bucket policy"
	publicLine     = "public access of the bucket"
	encryptionLine = "encryption of the bucket"
)

func (r *reading) bucket() (Bucket, bool) {
	if r.document != nil && r.document.Bucket != nil {
		return Bucket{r.document.Bucket.Name, r.document.Bucket.Region}, true
	}
	if made := r.of("AWS::S3::Bucket"); len(made) == 1 {
		return Bucket{made[0].PhysicalID, ""}, true
	}
	return Bucket{}, false
}

// readBorrowers reads the stacks that sign with the keys of this environment.
func (r *reading) readBorrowers() {
	if r.stack == nil {
		return
	}
	export := contract.KeyGroupExport(r.report.Parameter)
	if r.stack.Exports[export] == "" {
		return
	}
	stacks, err := r.Importers(r.ctx, export)
	if r.called("borrowers", false, err) {
		slices.Sort(stacks)
		r.report.Borrowers = stacks
	}
}

// The default quotas of an account:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxPublicKeys    = 10
	maxKeyGroups     = 10
	maxMembers       = 5   // public keys in a key group
	maxDistributions = 100 // that trust a key group
)

func (r *reading) readQuotas() {
	var keys, groups, distributions *int
	concurrently(
		func() {
			own := r.of("AWS::CloudFront::KeyGroup")
			if len(own) != 1 || r.stack.Exports[contract.KeyGroupExport(r.report.Parameter)] == "" {
				return // it lends no keys
			}
			if n, err := r.DistributionsOf(r.ctx, own[0].PhysicalID); r.called("distributions of the key group", false, err) {
				distributions = &n
			}
		},
		func() {
			if n, err := r.PublicKeys(r.ctx); r.called("public keys of the account", false, err) {
				keys = &n
			}
		},
		func() {
			if n, err := r.KeyGroups(r.ctx); r.called("key groups of the account", false, err) {
				groups = &n
			}
		},
	)
	r.mu.Lock()
	defer r.mu.Unlock()
	if keys != nil {
		r.report.Quotas = append(r.report.Quotas, Quota{"public keys", *keys, maxPublicKeys})
	}
	if groups != nil {
		r.report.Quotas = append(r.report.Quotas, Quota{"key groups", *groups, maxKeyGroups})
	}
	if distributions != nil {
		r.report.Quotas = append(r.report.Quotas, Quota{"distributions of the key group", *distributions, maxDistributions})
	}
}

// readDrift reads, with CloudFormation's drift detection, the policy that allows roles
// to sign and the functions that the next deployment needs.
func (r *reading) readDrift() {
	if r.stack == nil || !r.stack.whole() {
		return
	}
	var parts []func()
	for _, resource := range r.resources {
		policy := resource.Type == "AWS::IAM::ManagedPolicy"
		if !policy && resource.Type != "AWS::Lambda::Function" {
			continue
		}
		parts = append(parts, func() {
			drift, err := r.Drift(r.ctx, r.stack.Name, resource.LogicalID)
			line := map[bool]string{true: "drift of the signing policy", false: "drift of the functions"}[policy]
			switch read := r.called(line, false, err); {
			case !read:
			case policy && drift.State == "DELETED":
				r.find("signing-policy", "the policy "+resource.PhysicalID+" is gone", "AWS denies access to roles that need it to sign", r.redo())
			case policy && drift.State == "MODIFIED":
				r.find("signing-policy", fmt.Sprintf("the policy %s differs from the template (%s)", resource.PhysicalID, strings.Join(drift.Differences, ", ")),
					"AWS may deny access to roles that need it to sign, or allow them more than signing", "restore it: `cdk drift` shows the difference")
			case drift.State == "DELETED":
				r.find("function", "the function "+resource.PhysicalID+" is gone", "viewers notice nothing, but the next deployment that needs it fails", r.redo())
			}
		})
	}
	concurrently(parts...)
}

// judge adds findings about what was read.
func (r *reading) judge() {
	r.judgeDistribution()
	r.judgeKeys()
	r.judgeBucket()
	id := r.lent()
	if own := r.of("AWS::CloudFront::KeyGroup"); len(own) == 1 {
		id = own[0].PhysicalID
	}
	if group, read := r.groups[id]; read {
		r.report.Quotas = append(r.report.Quotas, Quota{"public keys in the key group", len(group.Members), maxMembers})
	}
}

// pathsOf divides cache behaviors, the default one last, by whether they require a
// signature.
func pathsOf(behaviors []Behavior) *Paths {
	p := &Paths{Public: []string{}, SignedPaths: []string{}}
	last := len(behaviors) - 1
	for _, b := range behaviors[:last] {
		if !b.signed() {
			p.Public = append(p.Public, b.Pattern)
		} else {
			p.SignedPaths = append(p.SignedPaths, b.Pattern)
		}
	}
	p.Signed = behaviors[last].signed()
	return p
}

func (r *reading) judgeDistribution() {
	d := r.distribution
	if d == nil {
		return
	}
	url := "https://" + d.DomainName
	names := append([]string{d.DomainName}, d.Aliases...)
	if r.document != nil {
		url = r.document.BaseURL
		if host := strings.TrimPrefix(url, "https://"); !slices.Contains(names, host) {
			r.find("served", fmt.Sprintf("the base URL of the deployment document is %s, but the distribution %s has the names %s", url, d.ID, strings.Join(names, ", ")), "signed URLs lead to another server or to none",
				"restore the name, or write the document as in the template")
		}
	}
	r.report.Served = &Served{url, names, d.ID, d.Enabled, d.Deployed, d.Modified.UTC()}
	if !d.Enabled {
		r.find("distribution", "the distribution "+d.ID+" is disabled", "nothing is served", "enable it")
	}

	live := pathsOf(d.Behaviors)
	p := &Protection{Signed: live.Signed, Public: live.Public, SignedPaths: live.SignedPaths, PublicAccessBlocked: r.blocked}
	if r.stack != nil {
		p.Termination = &r.stack.Protected
		if r.intended != nil && r.stack.whole() {
			p.Template = pathsOf(r.intended)
		}
	}
	if !p.Signed {
		r.find("protection", "the default behavior of the distribution "+d.ID+" trusts no key group", "anybody can open every object without a signature", r.redo())
	}
	r.report.Protection = p
	if own := r.of("AWS::CloudFront::KeyGroup"); p.Signed && len(own) == 1 {
		if groups := d.Behaviors[len(d.Behaviors)-1].KeyGroups; !slices.Contains(groups, own[0].PhysicalID) {
			trusts := "the key group " + strings.Join(groups, ", ")
			if len(groups) == 0 {
				trusts = "no key group"
			}
			r.find("group", fmt.Sprintf("the distribution trusts %s, but not the stack's own, %s", trusts, own[0].PhysicalID), "CloudFront refuses what the stack's keys sign", r.redo())
		}
	}
	if p.Template != nil {
		r.judgeBehaviors()
	}
}

// judgeBehaviors finds how the cache behaviors of the distribution differ from those of
// the template.
func (r *reading) judgeBehaviors() {
	d := r.distribution
	named := func(list []Behavior, b Behavior) (found Behavior, there bool) {
		at := slices.IndexFunc(list, func(other Behavior) bool { return rooted(other.Pattern) == rooted(b.Pattern) })
		if at < 0 {
			return found, false
		}
		return list[at], true
	}
	others, intended := d.Behaviors[:len(d.Behaviors)-1], r.intended[:len(r.intended)-1]
	const open, closed = "anybody can open the paths that it matches without a signature", "CloudFront requires a signature for other paths than the template does"
	differs := false
	find := func(b Behavior, how, meaning string) {
		differs = true
		r.find("protection", fmt.Sprintf("the distribution %s %s %s", d.ID, how, signer.Describe(b.Pattern, signer.FormName)), meaning, r.redo())
	}
	for _, b := range others {
		switch t, there := named(intended, b); {
		case !there && !b.signed():
			find(b, "has a cache behavior that requires no signature and that the template does not have:", open)
		case !there:
			find(b, "has a cache behavior that requires a signature and that the template does not have:", closed)
		case !b.signed() && t.signed():
			find(b, "requires no signature, unlike the template, for the paths", open)
		case b.signed() && !t.signed():
			find(b, "requires a signature, unlike the template, for the paths", closed)
		}
	}
	for _, t := range intended {
		if _, there := named(others, t); !there && t.signed() {
			find(t, "has lost a cache behavior that requires a signature:", "other behaviors decide on these paths, and may require no signature")
		} else if !there {
			find(t, "has lost a cache behavior that requires no signature:", closed)
		}
	}
	if !differs && !slices.EqualFunc(others, intended, func(b, t Behavior) bool { return rooted(b.Pattern) == rooted(t.Pattern) }) {
		r.find("protection", fmt.Sprintf("the cache behaviors of the distribution %s are in another order than in the template", d.ID), "the first one that matches a path decides whether it requires a signature", r.redo())
	}

	for _, b := range others {
		t, _ := named(intended, b)
		r.judgeGroups(b, t, false)
	}
	r.judgeGroups(d.Behaviors[len(others)], r.intended[len(intended)], true)
}

// judgeGroups finds what a cache behavior trusts and must not: key groups that are neither
// the stack's own, nor the lender's, nor in the template, and accounts that are not in the
// template. judgeDistribution finds a default behavior without the stack's own group.
func (r *reading) judgeGroups(live, template Behavior, byDefault bool) {
	mine := template.KeyGroups
	for _, own := range r.of("AWS::CloudFront::KeyGroup") {
		mine = append(slices.Clone(mine), own.PhysicalID)
	}
	unresolved := 0
	for _, id := range template.KeyGroups {
		if id == "" {
			unresolved++
		}
	}
	if lent := r.lent(); lent != "" {
		mine = append(slices.Clone(mine), lent)
		unresolved = max(unresolved-1, 0) // the import of the lender's
	}
	var foreign []string
	for _, id := range live.KeyGroups {
		if !slices.Contains(mine, id) {
			foreign = append(foreign, id)
		}
	}
	const meaning = "anybody with the private key of a key that it trusts can sign URLs of these paths"
	if len(foreign) > unresolved && !(byDefault && len(foreign) == len(live.KeyGroups) && r.report.Lender == "") {
		r.find("group", fmt.Sprintf("for the paths %s the distribution trusts the key group %s, which is not the group of this environment's keys", signer.Describe(live.Pattern, signer.FormName), strings.Join(foreign, ", ")), meaning, r.redo())
	}
	if len(live.Accounts) > 0 && len(template.Accounts) == 0 {
		r.find("group", fmt.Sprintf("for the paths %s the distribution trusts the key pairs of the AWS account %s", signer.Describe(live.Pattern, signer.FormName), strings.Join(live.Accounts, ", ")), meaning, r.redo())
	}
}

// lent returns the id of the key group that the lender lends, or "" if there is no lender
// or it is not known.
func (r *reading) lent() string {
	if r.lenderStack == nil {
		return ""
	}
	return r.lenderStack.Exports[contract.KeyGroupExport(r.parameter)]
}

// rooted returns a path pattern with its first slash, which CloudFront does not require.
func rooted(pattern string) string { return "/" + strings.TrimPrefix(pattern, "/") }

// signedGroup returns the first key group of the default behavior, with the members of all
// of them, and whether they are known.
func (r *reading) signedGroup() (id string, g rotation.KeyGroup, known bool) {
	if r.distribution == nil || !r.groupsRead {
		return "", g, false
	}
	groups := r.distribution.Behaviors[len(r.distribution.Behaviors)-1].KeyGroups
	if len(groups) == 0 {
		return "", g, false
	}
	for _, id := range groups {
		for _, member := range r.groups[id].Members {
			if !slices.Contains(g.Members, member) {
				g.Members = append(g.Members, member)
			}
		}
		if m := r.groups[id].Modified; m.After(g.Modified) {
			g.Modified = m
		}
	}
	return groups[0], g, true
}

func (r *reading) judgeKeys() {
	group, members, known := r.signedGroup()
	ids := slices.Clone(members.Members)
	add := func(id string) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if r.effective != nil {
		add(r.effective.KeyPairID)
	}
	for _, v := range r.history {
		if v.Document != nil && v.Document.Key.Parameter == "" {
			add(v.Document.KeyPairID)
		}
	}
	for _, key := range r.of("AWS::CloudFront::PublicKey") {
		add(key.PhysicalID)
	}

	r.public = map[string]PublicKey{}
	r.readPublicKeys(ids)

	if d := r.effective; d != nil {
		r.judgeCurrent(d, group, members, known)
		r.judgeForeign(d)
	}
	if !known || !r.historyRead {
		return
	}
	o := rotation.Observation{Now: r.now, KeyGroup: members, History: r.history}
	stackID := ""
	if r.stack != nil {
		stackID = r.stack.ID
	}
	for _, id := range ids {
		key, there := r.public[id]
		if there || slices.Contains(members.Members, id) {
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: id, Number: contract.KeyNumber(key.CallerReference, stackID), Created: key.Created})
		}
	}
	s := rotation.Assess(o)
	for _, k := range s.Keys {
		key := Key{ID: k.KeyPairID, Number: k.Number, State: string(k.State), Since: timeOf(k.Since), Until: timeOf(k.Until), Trusted: k.Trusted, Created: timeOf(r.public[k.KeyPairID].Created), May: []string{}}
		if public, err := signer.ParsePublicKey([]byte(r.public[k.KeyPairID].PEM)); err == nil {
			key.Algorithm = string(public.Algorithm())
		}
		for _, step := range s.Steps {
			if step.KeyPairID == k.KeyPairID && step.Safe && (step.Action == rotation.Promote || step.Action == rotation.Remove) {
				key.May = append(key.May, string(step.Action))
			}
		}
		r.report.Keys = append(r.report.Keys, key)
	}
	next := &Next{Safe: []string{}, From: timeOf(s.Next)}
	for _, step := range s.Steps {
		if step.Safe && step.Action != rotation.RemoveCompromised {
			next.Safe = append(next.Safe, strings.TrimSpace(string(step.Action)+" "+step.KeyPairID))
		}
		if !step.Safe && !s.Next.IsZero() && step.From.Equal(s.Next) && next.Why == "" && len(step.Faults) > 0 {
			next.Why = step.Faults[0].Error()
		}
	}
	r.report.Next = next
	r.judgeRetired(o, ids)
}

// judgeCurrent finds whether CloudFront accepts what the current key signs.
func (r *reading) judgeCurrent(d *signer.Deployment, group string, members rotation.KeyGroup, known bool) {
	id := d.KeyPairID
	if known && !slices.Contains(members.Members, id) {
		do := "put the key back into the group, or restore the earlier document: " + r.redo()
		if r.report.Lender != "" {
			do = "the distribution must trust the lender's key group: deploy this environment again, or give it keys of its own"
		}
		r.find("trusted", fmt.Sprintf("signers sign with %s, but the key group %s that the distribution trusts does not have it", id, group), "CloudFront refuses every signed URL and cookie", do)
	}
	key, there := r.public[id]
	if !there {
		return
	}
	public, err := signer.ParsePublicKey([]byte(key.PEM))
	if err != nil || public.Fingerprint() != d.PublicKeySHA256 {
		r.find("key", fmt.Sprintf("the public key %s in CloudFront does not have the SHA-256 that is in the deployment document", id), "signers refuse to sign with a key that does not match, or CloudFront refuses what they sign",
			"the document was changed: restore its last version that matches, or make another key current")
	}
	for _, trusted := range d.TrustedKeys {
		if known && !slices.Contains(members.Members, trusted.ID) {
			r.find("trusted", fmt.Sprintf("the deployment document lists the key %s as trusted, but the key group %s does not have it", trusted.ID, group), "CloudFront refuses the URLs that the key signed, although verifiers that read the document accept them", "put the key back into the group: "+r.redo())
		}
	}
}

// judgeForeign finds keys that the key group has and the document does not trust. It does
// so only if the last deployment of the stack with the keys succeeded: otherwise the group
// and the document may differ.
func (r *reading) judgeForeign(d *signer.Deployment) {
	stack, groups := r.stack, []string{r.lent()}
	if r.report.Lender != "" {
		stack = r.lenderStack
	}
	for _, own := range r.of("AWS::CloudFront::KeyGroup") {
		groups = append(groups, own.PhysicalID)
	}
	if stack == nil || !stack.whole() || len(d.TrustedKeys) == 0 {
		return
	}
	for _, group := range groups {
		for _, id := range r.groups[group].Members {
			if id != d.KeyPairID && !slices.ContainsFunc(d.TrustedKeys, func(k signer.TrustedKey) bool { return k.ID == id }) {
				r.find("trusted", fmt.Sprintf("the key group %s has the public key %s, which the deployment document does not list as trusted", group, id), "anybody who has its private key can sign URLs of all paths",
					`if the key is yours, list it in "alsoTrust"; otherwise remove it from the group: `+r.redo())
			}
		}
	}
}

// judgeRetired finds keys that were removed from the group while their URLs may have been
// valid. It does nothing if the template lists compromised keys, which are removed early
// on purpose, or if the keys are borrowed, since the lender's status finds them.
func (r *reading) judgeRetired(o rotation.Observation, ids []string) {
	if !r.templateRead || r.guard.compromised > 0 || r.report.Lender != "" {
		return
	}
	for _, id := range ids {
		if slices.Contains(o.KeyGroup.Members, id) || r.effective != nil && id == r.effective.KeyPairID {
			continue
		}
		with := o
		with.KeyGroup.Members = append(slices.Clone(o.KeyGroup.Members), id)
		if _, there := r.public[id]; !there {
			// The key is deleted: assume that it was created when a version first named it.
			with.PublicKeys = append(slices.Clone(o.PublicKeys), rotation.PublicKey{ID: id, Created: r.named(id)})
		}
		current := ""
		if r.effective != nil {
			current = r.effective.KeyPairID
		}
		for _, fault := range rotation.Judge(with, rotation.Change{Keys: o.KeyGroup.Members, Current: current}).Faults {
			if fault.KeyPairID == id && !fault.From.IsZero() {
				before, _, _ := strings.Cut(fault.Error(), ": keep it")
				r.find("retired", "the key "+id+" was removed from the key group too early: "+before, "CloudFront refuses these URLs", r.restore(id))
			}
		}
	}
}

// named returns when a version in the history first named a key.
func (r *reading) named(id string) (first time.Time) {
	for _, v := range r.history {
		if v.Document != nil && v.Document.KeyPairID == id && (first.IsZero() || v.Modified.Before(first)) {
			first = v.Modified
		}
	}
	return first
}

func (r *reading) restore(id string) string {
	if _, there := r.public[id]; there {
		return "put the key back into the group until then: CloudFront still has it"
	}
	return `sign these URLs again: CloudFront no longer has the key. If it was removed on purpose, list its number in "compromised"`
}

// judgeBucket finds whether CloudFront may read the bucket.
func (r *reading) judgeBucket() {
	b, ok := r.bucket()
	if !ok {
		return
	}
	use := &BucketUse{Name: b.Name, Region: b.Region}
	if r.document != nil && r.document.Bucket != nil {
		use.Path = r.document.Bucket.Path
	}
	if r.kmsKey != nil {
		use.KMSKey = *r.kmsKey
	}
	r.report.Bucket = use
	if r.blocked != nil && !*r.blocked {
		r.find("public-access", "the bucket "+b.Name+" does not block public access", "a policy or an ACL can make objects public, without CloudFront", "block it with `aws s3api put-public-access-block` and all four settings")
	}
	d := r.distribution
	if d == nil {
		return
	}
	r.judgeReaders(use)
	target := d.Behaviors[len(d.Behaviors)-1].Origin
	at := slices.IndexFunc(d.Origins, func(o Origin) bool { return o.ID == target })
	if at < 0 {
		return
	}
	origin := d.Origins[at]
	if !strings.HasPrefix(origin.DomainName, b.Name+".s3") {
		r.find("origin", fmt.Sprintf("the distribution reads %s, but the content is in the bucket %s", origin.DomainName, b.Name), "what is uploaded is not what is served", r.redo())
		return
	}
	who, ok := r.whoReads(origin, use)
	if !ok || r.policy == nil {
		return
	}
	if *r.policy == "" {
		r.find("bucket-policy", "the bucket "+b.Name+" has no policy", "CloudFront may not read it: S3 answers 403 for every object that no edge has cached", "the policy was removed, or the bucket was created again; "+r.redo())
		return
	}
	policy, err := template.ReadPolicy("the bucket policy", []byte(*r.policy))
	if err != nil {
		r.find("bucket-policy", "the policy of the bucket "+b.Name+" cannot be evaluated: "+oneLine(err), "it is not known whether CloudFront may read objects", "write it as in the template")
		return
	}
	policy.BlockPublic = r.blocked == nil || *r.blocked
	partition, _ := r.account()
	object := "arn:" + partition + ":s3:::" + b.Name + use.Path + "/an-object"
	if allowed, reason := edge.Allows(policy, who, "s3:GetObject", object); !allowed {
		r.find("bucket-policy", "CloudFront may not read the bucket "+b.Name+": "+reason, "S3 answers 403 for every object that no edge has cached", "write the policy as in the template: "+r.redo())
	}
	r.judgeEncryption(who, use)
}

// account returns the partition and the account of the distribution.
func (r *reading) account() (partition, account string) {
	parts := strings.Split(r.distribution.ARN, ":")
	if len(parts) < 5 || parts[1] == "" {
		return "aws", ""
	}
	return parts[1], parts[4]
}

// judgeReaders finds who, according to the bucket policy, may read the served objects
// without this distribution: anybody, other distributions, and, if the stack made the
// bucket, accounts that the template does not name. Roles of the same account, such as
// uploaders, are allowed to.
func (r *reading) judgeReaders(use *BucketUse) {
	partition, own := r.account()
	if r.policy == nil || *r.policy == "" || own == "" {
		return
	}
	policy, err := template.ReadPolicy("the bucket policy", []byte(*r.policy))
	if err != nil {
		return
	}
	policy.BlockPublic = r.blocked == nil || *r.blocked
	served := "arn:" + partition + ":s3:::" + use.Name + use.Path + "/"
	objects := []string{served + "an-object"}
	for _, s := range policy.Statements {
		for _, resource := range s.Resources.Values {
			if object := strings.NewReplacer("*", "an-object", "?", "x").Replace(resource); !s.Deny && strings.HasPrefix(object, served) {
				objects = append(objects, object)
			}
		}
	}
	allows := func(policy model.Policy, who model.Identity) bool {
		for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion"} {
			for _, object := range objects {
				if allowed, _ := edge.Allows(policy, who, action, object); allowed {
					return true
				}
			}
		}
		return false
	}
	find := func(who string) {
		r.find("bucket-policy", "the policy of the bucket "+use.Name+" allows "+who+" to read objects", "the objects can be read without a signed URL or cookie of this environment",
			"remove the statement from the policy: "+r.redo())
	}

	if allows(policy, model.Identity{}) {
		find("anybody")
		return
	}
	other := map[bool]string{false: "111111111111", true: "222222222222"}[own == "111111111111"]
	distribution := func(account string) model.Identity {
		return model.Identity{Control: true, Distribution: "arn:" + partition + ":cloudfront::" + account + ":distribution/E0ANOTHER", Account: account}
	}
	switch {
	case allows(policy, distribution(other)):
		find("CloudFront distributions of all accounts")
	case allows(policy, distribution(own)):
		find("all CloudFront distributions of this account")
	}
	if len(r.of("AWS::S3::Bucket")) == 0 { // it existed before: its owner decides which accounts read
		return
	}
	var found []string
	for _, s := range policy.Statements {
		for _, principal := range s.Principals {
			account := accountOf(principal)
			if s.Deny || account == "" || account == own || slices.Contains(found, account) || strings.Contains(r.readers, strings.TrimPrefix(principal.Value, "arn:"+partition)) {
				continue
			}
			if as, who := standIn(policy, principal); allows(as, who) {
				found = append(found, account)
				find("the AWS account " + account)
			}
		}
	}
}

// principalAccount matches a principal of IAM: an account, or an ARN with its account.
var principalAccount = regexp.MustCompile(`^(?:arn:[a-z-]+:(?:iam|sts)::)?([0-9]{12})(?::.+)?$`)

// accountOf returns the account of a principal of IAM, or "".
func accountOf(p model.Principal) string {
	if match := principalAccount.FindStringSubmatch(p.Value); p.Kind == "AWS" && match != nil {
		return match[1]
	}
	return ""
}

// standIn returns an identity, and the policy with this identity in place of a principal
// of IAM. It is needed because the edge evaluates only identities of CloudFront.
func standIn(policy model.Policy, principal model.Principal) (model.Policy, model.Identity) {
	const id = "E0STANDIN"
	policy.Statements = slices.Clone(policy.Statements)
	for i := range policy.Statements {
		s := &policy.Statements[i]
		s.Principals = slices.Clone(s.Principals)
		for j := range s.Principals {
			if s.Principals[j] == principal {
				s.Principals[j].Value = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity " + id
			}
		}
	}
	return policy, model.Identity{OAI: id}
}

// whoReads returns the identity CloudFront uses to read the bucket, and whether it is
// known.
func (r *reading) whoReads(origin Origin, use *BucketUse) (who model.Identity, known bool) {
	d := r.distribution
	switch {
	case origin.Control != "":
		use.Access = "origin access control " + origin.Control
		err := r.OriginControl(r.ctx, origin.Control)
		if errors.Is(err, ErrMissing) {
			r.find("identity", "the origin access control "+origin.Control+" is gone", "CloudFront reads the bucket without an identity and is refused", r.redo())
			return who, false
		}
		_, account := r.account()
		return model.Identity{Control: true, Distribution: d.ARN, Account: account}, r.called("origin access control", true, err)
	case origin.Identity != "":
		use.Access = "origin access identity " + origin.Identity
		user, err := r.OriginIdentity(r.ctx, origin.Identity)
		if errors.Is(err, ErrMissing) {
			r.find("identity", "the origin access identity "+origin.Identity+" is gone", "CloudFront reads the bucket without an identity and is refused", r.redo())
			return who, false
		}
		return model.Identity{OAI: origin.Identity, CanonicalUser: user}, r.called("origin access identity", true, err)
	}
	r.find("identity", "the origin "+origin.DomainName+" has neither an access identity nor an access control", "CloudFront reads the bucket without an identity and is refused", r.redo())
	return who, false
}

// judgeEncryption finds whether CloudFront may decrypt the objects.
func (r *reading) judgeEncryption(who model.Identity, use *BucketUse) {
	switch key := use.KMSKey; {
	case key == "":
	case !who.Control:
		r.find("kms", "the bucket "+use.Name+" is encrypted with the KMS key "+key+", but CloudFront reads it with an origin access identity, which cannot decrypt", "new objects cannot be read", `use an origin access control, with the setting "originAccess", or encrypt with S3's own keys`)
	case key == AWSKey:
		r.find("kms", "the bucket "+use.Name+" is encrypted with AWS's own KMS key aws/s3", "CloudFront may not use that key: new objects cannot be read", "encrypt with a key of your own, or with S3's own keys")
	case r.kmsPolicy != nil:
		policy, err := template.ReadPolicy("the key policy", []byte(*r.kmsPolicy))
		allowed, reason := false, ""
		if err != nil {
			reason = oneLine(err)
		} else {
			allowed, reason = edge.Allows(policy, who, "kms:Decrypt", key)
		}
		if !allowed {
			r.find("kms", "CloudFront may not decrypt with the KMS key "+key+": "+reason, "new objects cannot be read", "in the key's policy, allow cloudfront.amazonaws.com kms:Decrypt for this distribution")
		}
	}
}

// finish sorts Findings and Unread, and sets Healthy.
func (r *reading) finish() {
	slices.SortStableFunc(r.report.Findings, func(a, b Finding) int {
		if a.Check != b.Check {
			return strings.Compare(a.Check, b.Check)
		}
		return strings.Compare(a.What, b.What)
	})
	slices.SortStableFunc(r.report.Unread, func(a, b Unread) int { return strings.Compare(a.Line, b.Line) })
	r.report.Healthy = len(r.report.Findings) == 0 && !slices.ContainsFunc(r.report.Unread, func(u Unread) bool { return u.Needed })
}

// oneLine returns the text of an error about a document on one line.
func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), "deployment document: "), "\n", "; ")
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
