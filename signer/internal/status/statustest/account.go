// Package statustest provides an AWS account for tests: an HTTP handler that answers as
// the services do, from plain data that a test can change. It checks no signature.
//
//	a := statustest.Healthy("oac")
//	delete(a.Secrets, a.SecretARN)
//	server := httptest.NewServer(a)
//
// It answers only the calls of package status and of the command line.
package statustest

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Account is an account of AWS in one Region.
type Account struct {
	Parameters    map[string][]Version
	Stacks        map[string]*Stack
	Distributions map[string]*status.Distribution
	Groups        map[string]*rotation.KeyGroup
	Keys          map[string]status.PublicKey
	Identities    map[string]string // canonical users by identity id
	Controls      map[string]bool
	Secrets       map[string]*status.Secret
	Values        map[string]*signer.PrivateKey // by the ARN of a secret, also a lost one, or of a key in KMS
	KMSKeys       map[string]*KMSKey
	Buckets       map[string]*Bucket
	Imports       map[string][]string // stacks by export
	Drifts        map[string]status.Drift

	// Fail has the error codes of calls by action. * stands for all actions.
	Fail map[string]string

	// Message is the message of an error.
	Message string

	// Hang is a prefix of the actions of CloudFormation that are never answered. If it
	// is empty, all are.
	Hang string

	// Delay is how long each answer takes.
	Delay time.Duration

	// The names and ids of the environment that Healthy creates.
	Parameter, SecretARN, VersionID, BucketName, DistributionID, GroupID, KeyPairID, IdentityID, ControlID, StackName string

	inFlight, most atomic.Int32

	mu    sync.Mutex
	calls map[Call]bool
	users map[string]bool
}

// Call is a call: its action, and the ARN of its resource or *.
type Call struct{ Action, Resource string }

// Version is a version of a parameter.
type Version struct {
	Text     string
	Modified time.Time
}

// Stack is a stack. Its resources have no state unless a test sets one.
type Stack struct {
	ID, State string
	Protected bool
	Resources []status.Resource
	Exports   map[string]string
	Template  string
}

// KMSKey is a key in KMS.
type KMSKey struct{ State, Policy string }

// Bucket is a bucket of S3.
type Bucket struct {
	Policy  string // "" for none
	Blocked bool
	KMSKey  string
}

// The number and the Region of the account.
const (
	Number = "111122223333"
	Region = "eu-west-1"
)

// Change changes an account that answers calls.
func (a *Account) Change(change func(a *Account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// Calls returns the calls so far.
func (a *Account) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.SortedFunc(maps.Keys(a.calls), func(x, y Call) int { return strings.Compare(x.Action+x.Resource, y.Action+y.Resource) })
}

// MaxConcurrent returns the largest number of calls that were in flight at the same time.
func (a *Account) MaxConcurrent() int { return int(a.most.Load()) }

// Users returns the ids of the access keys that calls were signed with.
func (a *Account) Users() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.users))
}

// ServeHTTP answers one call.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := a.inFlight.Add(1)
	defer a.inFlight.Add(-1)
	for most := a.most.Load(); now > most && !a.most.CompareAndSwap(most, now); most = a.most.Load() {
	}
	time.Sleep(a.Delay)
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, credential, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		user, _, _ := strings.Cut(credential, "/")
		if a.users == nil {
			a.users = map[string]bool{}
		}
		a.users[user] = true
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		a.json(w, r, target)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/2020-05-31/"); ok {
		a.cloudFront(w, path)
		return
	}
	if r.Method == http.MethodPost {
		if action := "cloudformation:" + r.FormValue("Action"); a.Hang != "" && strings.HasPrefix(action, a.Hang) {
			a.mu.Unlock()
			<-r.Context().Done()
			a.mu.Lock()
			return
		}
		a.cloudFormation(w, r)
		return
	}
	a.s3(w, r)
}

// refuses records a call and returns the error code it fails with, or "".
func (a *Account) refuses(action, resource string) string {
	if a.calls == nil {
		a.calls = map[Call]bool{}
	}
	a.calls[Call{action, resource}] = true
	if code := a.Fail[action]; code != "" {
		return code
	}
	return a.Fail["*"]
}

func (a *Account) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, Region, Number, resource)
}

// json answers Systems Manager, Secrets Manager and KMS.
func (a *Account) json(w http.ResponseWriter, r *http.Request, target string) {
	var in struct {
		Name, SecretId, VersionId, KeyId string
		Message                          []byte
	}
	json.NewDecoder(r.Body).Decode(&in)
	service, operation, _ := strings.Cut(target, ".")
	action := map[string]string{"AmazonSSM": "ssm", "secretsmanager": "secretsmanager", "TrentService": "kms"}[service] + ":" + operation
	resource := map[string]string{"AmazonSSM": a.arn("ssm", "parameter"+in.Name), "secretsmanager": in.SecretId, "TrentService": in.KeyId}[service]
	fail := func(code string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": a.Message})
	}
	answer := func(v any) { json.NewEncoder(w).Encode(v) }
	if code := a.refuses(action, resource); code != "" {
		fail(code)
		return
	}
	seconds := func(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
	switch action {
	case "ssm:GetParameter", "ssm:GetParameterHistory":
		versions := a.Parameters[in.Name]
		if len(versions) == 0 {
			fail("ParameterNotFound")
			return
		}
		var list []map[string]any
		for i, v := range versions {
			list = append(list, map[string]any{"Name": in.Name, "Type": "String", "Value": v.Text, "Version": i + 1, "LastModifiedDate": seconds(v.Modified), "ARN": resource})
		}
		if action == "ssm:GetParameter" {
			answer(map[string]any{"Parameter": list[len(list)-1]})
		} else {
			answer(map[string]any{"Parameters": list})
		}
	case "secretsmanager:DescribeSecret":
		secret := a.Secrets[in.SecretId]
		if secret == nil {
			fail("ResourceNotFoundException")
			return
		}
		out := map[string]any{"ARN": in.SecretId}
		if !secret.Deleted.IsZero() {
			out["DeletedDate"] = seconds(secret.Deleted)
		}
		stages := map[string][]string{}
		for _, id := range secret.Versions {
			stages[id] = []string{"AWSCURRENT"}
		}
		out["VersionIdsToStages"] = stages
		answer(out)
	case "secretsmanager:GetSecretValue":
		secret := a.Secrets[in.SecretId]
		if secret == nil || !slices.Contains(secret.Versions, in.VersionId) {
			fail("ResourceNotFoundException")
			return
		}
		value, err := a.Values[in.SecretId].MarshalPEM()
		if err != nil {
			panic(err)
		}
		answer(map[string]any{"ARN": in.SecretId, "VersionId": in.VersionId, "SecretString": string(value)})
	case "kms:GetPublicKey", "kms:Sign":
		key := a.Values[in.KeyId]
		if a.KMSKeys[in.KeyId] == nil || key == nil {
			fail("NotFoundException")
			return
		}
		if action == "kms:GetPublicKey" {
			der, err := x509.MarshalPKIXPublicKey(key.Public())
			if err != nil {
				panic(err)
			}
			answer(map[string]any{"KeyId": in.KeyId, "KeyUsage": "SIGN_VERIFY", "PublicKey": der})
			return
		}
		signature, err := key.SignDigest(r.Context(), in.Message, crypto.SHA256)
		if err != nil {
			panic(err)
		}
		answer(map[string]any{"KeyId": in.KeyId, "Signature": signature})
	case "kms:DescribeKey", "kms:GetKeyPolicy":
		key := a.KMSKeys[in.KeyId]
		if key == nil {
			fail("NotFoundException")
			return
		}
		answer(map[string]any{"KeyMetadata": map[string]any{"KeyId": in.KeyId, "KeyState": key.State}, "Policy": key.Policy})
	default:
		fail("UnknownOperation of the test: " + action)
	}
}

func xmlText(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

func xmlTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func xmlList(items []string, element string) string {
	var b strings.Builder
	for _, item := range items {
		fmt.Fprintf(&b, "<%s>%s</%[1]s>", element, xmlText(item))
	}
	return b.String()
}

func (a *Account) cloudFormation(w http.ResponseWriter, r *http.Request) {
	operation, name := r.FormValue("Action"), r.FormValue("StackName")
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, xmlText(a.Message))
	}
	answer := func(result string) {
		fmt.Fprintf(w, "<%sResponse><%[1]sResult>%s</%[1]sResult></%[1]sResponse>", operation, result)
	}
	resource := "*"
	if name != "" {
		resource = a.arn("cloudformation", "stack/"+name+"/id")
	}
	if code := a.refuses("cloudformation:"+operation, resource); code != "" {
		fail(code)
		return
	}
	stack := a.Stacks[name]
	if stack == nil && name != "" {
		fail("ValidationError")
		return
	}
	switch operation {
	case "DescribeStacks":
		var outputs strings.Builder
		for export, value := range stack.Exports {
			fmt.Fprintf(&outputs, "<member><OutputKey>A</OutputKey><ExportName>%s</ExportName><OutputValue>%s</OutputValue></member>", xmlText(export), xmlText(value))
		}
		answer(fmt.Sprintf("<Stacks><member><StackName>%s</StackName><StackId>%s</StackId><StackStatus>%s</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><EnableTerminationProtection>%t</EnableTerminationProtection><Outputs>%s</Outputs></member></Stacks>",
			xmlText(name), xmlText(stack.ID), stack.State, stack.Protected, outputs.String()))
	case "ListStackResources":
		var list strings.Builder
		for _, r := range stack.Resources {
			state := r.State
			if state == "" {
				state = "CREATE_COMPLETE"
			}
			fmt.Fprintf(&list, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType><ResourceStatus>%s</ResourceStatus></member>",
				r.LogicalID, xmlText(r.PhysicalID), r.Type, state)
		}
		answer("<StackResourceSummaries>" + list.String() + "</StackResourceSummaries>")
	case "DescribeStackResources":
		id := r.FormValue("PhysicalResourceId")
		for name, stack := range a.Stacks {
			for _, resource := range stack.Resources {
				if resource.PhysicalID == id {
					answer(fmt.Sprintf("<StackResources><member><StackName>%s</StackName><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId></member></StackResources>", name, resource.LogicalID, xmlText(id)))
					return
				}
			}
		}
		fail("ValidationError")
	case "GetTemplate":
		answer("<TemplateBody>" + xmlText(stack.Template) + "</TemplateBody>")
	case "ListImports":
		stacks := a.Imports[r.FormValue("ExportName")]
		if len(stacks) == 0 {
			fail("ValidationError")
			return
		}
		answer("<Imports>" + xmlList(stacks, "member") + "</Imports>")
	case "DetectStackResourceDrift":
		drift, there := a.Drifts[r.FormValue("LogicalResourceId")]
		if !there {
			drift.State = "IN_SYNC"
		}
		var differences strings.Builder
		for _, path := range drift.Differences {
			fmt.Fprintf(&differences, "<member><PropertyPath>%s</PropertyPath><ActualValue>a</ActualValue><ExpectedValue>b</ExpectedValue><DifferenceType>NOT_EQUAL</DifferenceType></member>", path)
		}
		answer(fmt.Sprintf("<StackResourceDrift><StackId>%s</StackId><LogicalResourceId>a</LogicalResourceId><ResourceType>a</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp><StackResourceDriftStatus>%s</StackResourceDriftStatus><PropertyDifferences>%s</PropertyDifferences></StackResourceDrift>",
			xmlText(stack.ID), drift.State, differences.String()))
	default:
		fail("InvalidAction")
	}
}

func (a *Account) cloudFront(w http.ResponseWriter, path string) {
	kind, id, _ := strings.Cut(path, "/")
	id, sub, _ := strings.Cut(id, "/")
	fail := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, xmlText(a.Message))
	}
	action, resource := "", "*"
	switch kind {
	case "distribution":
		action, resource = "GetDistribution", "arn:aws:cloudfront::"+Number+":distribution/"+id
	case "key-group":
		if action = "GetKeyGroup"; id == "" {
			action = "ListKeyGroups"
		}
	case "distributionsByKeyGroupId":
		action = "ListDistributionsByKeyGroup"
	case "public-key":
		if action = "GetPublicKey"; id == "" {
			action = "ListPublicKeys"
		}
	case "origin-access-identity":
		action, id = "GetCloudFrontOriginAccessIdentity", sub
		resource = "arn:aws:cloudfront::" + Number + ":origin-access-identity/" + id
	case "origin-access-control":
		action, resource = "GetOriginAccessControl", "arn:aws:cloudfront::"+Number+":origin-access-control/"+id
	}
	if code := a.refuses("cloudfront:"+action, resource); code != "" {
		fail(http.StatusForbidden, code)
		return
	}
	switch action {
	case "GetDistribution":
		d := a.Distributions[id]
		if d == nil {
			fail(http.StatusNotFound, "NoSuchDistribution")
			return
		}
		fmt.Fprint(w, distributionXML(d))
	case "GetKeyGroup":
		g := a.Groups[id]
		if g == nil {
			fail(http.StatusNotFound, "NoSuchResource")
			return
		}
		fmt.Fprintf(w, "<KeyGroup><Id>%s</Id><LastModifiedTime>%s</LastModifiedTime><KeyGroupConfig><Name>n</Name><Items>%s</Items></KeyGroupConfig></KeyGroup>", id, xmlTime(g.Modified), xmlList(g.Members, "PublicKey"))
	case "ListDistributionsByKeyGroup":
		n := 0
		for _, d := range a.Distributions {
			if slices.ContainsFunc(d.Behaviors, func(b status.Behavior) bool { return slices.Contains(b.KeyGroups, id) }) {
				n++
			}
		}
		fmt.Fprintf(w, "<DistributionIdList><Quantity>%d</Quantity><Items>%s</Items></DistributionIdList>", n, strings.Repeat("<DistributionId>E1</DistributionId>", n))
	case "ListKeyGroups":
		fmt.Fprintf(w, "<KeyGroupList><MaxItems>100</MaxItems><Quantity>%d</Quantity><Items>%s</Items></KeyGroupList>", len(a.Groups), strings.Repeat("<KeyGroupSummary></KeyGroupSummary>", len(a.Groups)))
	case "GetPublicKey":
		key, there := a.Keys[id]
		if !there {
			fail(http.StatusNotFound, "NoSuchPublicKey")
			return
		}
		fmt.Fprintf(w, "<PublicKey><Id>%s</Id><CreatedTime>%s</CreatedTime><PublicKeyConfig><CallerReference>%s</CallerReference><Name>n</Name><EncodedKey>%s</EncodedKey></PublicKeyConfig></PublicKey>", id, xmlTime(key.Created), xmlText(key.CallerReference), xmlText(key.PEM))
	case "ListPublicKeys":
		fmt.Fprintf(w, "<PublicKeyList><MaxItems>100</MaxItems><Quantity>%d</Quantity><Items>%s</Items></PublicKeyList>", len(a.Keys), strings.Repeat("<PublicKeySummary></PublicKeySummary>", len(a.Keys)))
	case "GetCloudFrontOriginAccessIdentity":
		user, there := a.Identities[id]
		if !there {
			fail(http.StatusNotFound, "NoSuchCloudFrontOriginAccessIdentity")
			return
		}
		fmt.Fprintf(w, "<CloudFrontOriginAccessIdentity><Id>%s</Id><S3CanonicalUserId>%s</S3CanonicalUserId></CloudFrontOriginAccessIdentity>", id, user)
	case "GetOriginAccessControl":
		if !a.Controls[id] {
			fail(http.StatusNotFound, "NoSuchOriginAccessControl")
			return
		}
		fmt.Fprintf(w, "<OriginAccessControl><Id>%s</Id></OriginAccessControl>", id)
	default:
		fail(http.StatusBadRequest, "UnknownOperation")
	}
}

func distributionXML(d *status.Distribution) string {
	behavior := func(b status.Behavior) string {
		return fmt.Sprintf("<TargetOriginId>%s</TargetOriginId><TrustedSigners><Enabled>%t</Enabled><Quantity>%d</Quantity><Items>%s</Items></TrustedSigners><TrustedKeyGroups><Enabled>%t</Enabled><Quantity>%d</Quantity><Items>%s</Items></TrustedKeyGroups>",
			b.Origin, len(b.Accounts) > 0, len(b.Accounts), xmlList(b.Accounts, "AwsAccountNumber"), len(b.KeyGroups) > 0, len(b.KeyGroups), xmlList(b.KeyGroups, "KeyGroup"))
	}
	var others, origins strings.Builder
	for _, b := range d.Behaviors[:len(d.Behaviors)-1] {
		fmt.Fprintf(&others, "<CacheBehavior><PathPattern>%s</PathPattern>%s</CacheBehavior>", b.Pattern, behavior(b))
	}
	for _, o := range d.Origins {
		identity := ""
		if o.Identity != "" {
			identity = "origin-access-identity/cloudfront/" + o.Identity
		}
		fmt.Fprintf(&origins, "<Origin><Id>%s</Id><DomainName>%s</DomainName><OriginAccessControlId>%s</OriginAccessControlId><S3OriginConfig><OriginAccessIdentity>%s</OriginAccessIdentity></S3OriginConfig></Origin>", o.ID, o.DomainName, o.Control, identity)
	}
	state := "InProgress"
	if d.Deployed {
		state = "Deployed"
	}
	return fmt.Sprintf("<Distribution><Id>%s</Id><ARN>%s</ARN><Status>%s</Status><LastModifiedTime>%s</LastModifiedTime><DomainName>%s</DomainName><DistributionConfig><Enabled>%t</Enabled><DefaultRootObject>%s</DefaultRootObject><Aliases><Quantity>%d</Quantity><Items>%s</Items></Aliases><DefaultCacheBehavior>%s</DefaultCacheBehavior><CacheBehaviors><Items>%s</Items></CacheBehaviors><Origins><Items>%s</Items></Origins></DistributionConfig></Distribution>",
		d.ID, d.ARN, state, xmlTime(d.Modified), d.DomainName, d.Enabled, xmlText(d.RootObject), len(d.Aliases), xmlList(d.Aliases, "CNAME"), behavior(d.Behaviors[len(d.Behaviors)-1]), others.String(), origins.String())
}

func (a *Account) s3(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(r.URL.Path, "/")
	fail := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, xmlText(a.Message))
	}
	query := r.URL.Query()
	action := "s3:Unknown"
	for parameter, of := range map[string]string{"policy": "s3:GetBucketPolicy", "publicAccessBlock": "s3:GetBucketPublicAccessBlock", "encryption": "s3:GetEncryptionConfiguration"} {
		if query.Has(parameter) {
			action = of
		}
	}
	if code := a.refuses(action, "arn:aws:s3:::"+name); code != "" {
		fail(http.StatusForbidden, code)
		return
	}
	b := a.Buckets[name]
	switch {
	case b == nil:
		fail(http.StatusNotFound, "NoSuchBucket")
	case action == "s3:GetBucketPolicy" && b.Policy == "":
		fail(http.StatusNotFound, "NoSuchBucketPolicy")
	case action == "s3:GetBucketPolicy":
		fmt.Fprint(w, b.Policy)
	case action == "s3:GetBucketPublicAccessBlock":
		fmt.Fprintf(w, "<PublicAccessBlockConfiguration><BlockPublicAcls>%t</BlockPublicAcls><BlockPublicPolicy>%[1]t</BlockPublicPolicy><IgnorePublicAcls>%[1]t</IgnorePublicAcls><RestrictPublicBuckets>%[1]t</RestrictPublicBuckets></PublicAccessBlockConfiguration>", b.Blocked)
	case action == "s3:GetEncryptionConfiguration":
		algorithm := "AES256"
		if b.KMSKey != "" {
			algorithm = "aws:kms"
		}
		fmt.Fprintf(w, "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>%s</SSEAlgorithm><KMSMasterKeyID>%s</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>", algorithm, b.KMSKey)
	default:
		fail(http.StatusBadRequest, "NotImplemented")
	}
}
