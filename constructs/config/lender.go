package config

import (
	"fmt"
	"regexp"

	"github.com/signedfront/signedfront/constructs/contract"
)

// Lender is a deployment whose keys others borrow, in the same account and
// Region. Its LendKeys must be set, and it must be deployed before them.
type Lender struct {
	// ParameterName is the parameter of its deployment document.
	ParameterName string

	// StackName is its stack in CloudFormation. A borrower's signing policy
	// allows the secrets that this stack has made.
	StackName string

	// KeyGroupID is CloudFront's id of its key group; a token, mostly.
	//
	// Default: what the lender exports as [contract.KeyGroupExport] of
	// ParameterName.
	KeyGroupID string

	// ImportedKeys are where the private halves of its imported keys are. A
	// borrower's signing policy allows those in Secrets Manager and in KMS: when
	// the lender imports another, deploy its borrowers before that key signs.
	//
	// Default: none.
	ImportedKeys []PrivateKeyLocation
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const maxExportName = 255

// checkKeys checks keys of one's own, or that there are none where they are
// borrowed.
func (c Content) checkKeys(at node) {
	keys := at.field("SigningKeys")
	from := c.SigningKeys.From
	if from == "" && c.Lender == nil {
		c.SigningKeys.check(keys)
		if len(c.SigningKeys.Compromised) > 0 && c.Guard != nil && !*c.Guard {
			keys.field("Compromised").wrong("a list, with "+at.name("Guard")+" false", "leave it out: without the guard nothing waits")
		}
		return
	}
	if len(c.SigningKeys.Compromised) > 0 {
		keys.field("Compromised").wrong("keys of one's own beside borrowed ones", "leave it out, and write it where the keys are lent")
	}
	if len(c.SigningKeys.AlsoTrust) > 0 {
		keys.field("AlsoTrust").wrong("keys to trust in addition to borrowed ones", "leave it out, and write it where the keys are lent: the distribution trusts the lender's key group")
	}
	if len(c.SigningKeys.Keys) > 0 {
		keys.field("Keys").wrong("keys of one's own beside borrowed ones", "leave them out: the lender's are used")
	}
	if c.SigningKeys.Current != 0 {
		keys.field("Current").wrong("a key of one's own beside borrowed ones", "leave it out: the lender's current key signs")
	}
	if c.LendKeys {
		at.field("LendKeys").wrong("true, with borrowed keys", "leave it out: keys are lent by whoever makes them")
	}
	switch {
	case at.json: // Read finds the lender
	case c.Lender != nil:
		c.Lender.check(at.field("Lender"), c.ParameterName)
	default:
		keys.field("From").wrong(quote(from)+" without a lender", "set Lender instead: environments are those of cdk.json")
	}
}

// check checks the lender of a deployment with a parameter of its own.
func (l Lender) check(at node, own string) {
	const wantParameter = "write the parameter of the lender's deployment document, such as /signedfront/media/dev"
	parameter := at.field("ParameterName")
	switch {
	case l.ParameterName == "":
		parameter.wrong("missing", wantParameter)
	case isToken(l.ParameterName) && l.KeyGroupID == "":
		parameter.wrong("a token, without KeyGroupID", "write the name itself, which the name of the lender's export is made of, or KeyGroupID")
	case isToken(l.ParameterName):
	case !isLentParameter(l.ParameterName):
		parameter.wrong(quote(l.ParameterName), wantParameter)
	case l.ParameterName == own:
		parameter.wrong(quote(l.ParameterName), "write that of another deployment: this is the borrower's own")
	}
	if l.StackName == "" {
		at.field("StackName").wrong("missing", "write the name of the lender's stack, such as media-dev")
	}
	checkShape(at.field("StackName"), l.StackName, stackName, "the name of a stack, such as media-dev: at most 128 letters, digits and hyphens, a letter first")
	checkShape(at.field("KeyGroupID"), l.KeyGroupID, keyGroupID, "the id of a key group, such as a1b2c3d4-5678-90ab-cdef-111122223333")
	for i, key := range l.ImportedKeys {
		key.check(at.field("ImportedKeys").index(i))
	}
}

var (
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
	stackName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)
	keyGroupID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
)

// isLentParameter reports whether the document of a lender can have a name.
func isLentParameter(name string) bool {
	return isParameterName(name) && len(contract.KeyGroupExport(name)) <= maxExportName
}

// lender is what the environments that borrow have to know of this one.
func (d *draft) lender() *Lender {
	l := &Lender{ParameterName: d.ParameterName(), StackName: d.StackName()}
	for _, key := range d.Content.SigningKeys.Keys {
		if key.Custody == Imported && key.PrivateKey.File == "" {
			l.ImportedKeys = append(l.ImportedKeys, key.PrivateKey)
		}
	}
	return l
}

// findLender is the environment whose keys this one borrows, or none. It
// reports why it cannot.
func (d *draft) findLender(all []*draft) *draft {
	from := d.Content.SigningKeys.From
	if from == "" || isToken(from) {
		return nil
	}
	at := d.at.field("SigningKeys").field("From")
	var lender *draft
	var lending, near []string
	for _, other := range all {
		if other.Name == from {
			lender = other
		}
		if other != d && !other.isPattern() && other.Content.LendKeys {
			lending = append(lending, other.Name)
		}
		if other != d && !other.isPattern() && (other.Content.LendKeys || !other.TerminationProtection) {
			near = append(near, other.Name)
		}
	}
	instead := "make an environment that says \"lendKeys\": true, and name it here"
	if len(lending) > 0 {
		instead = "write " + choices(lending)
	}
	switch {
	case lender == d:
		at.wrong(quote(from)+", this environment itself", instead)
	case lender == nil:
		at.wrong(quote(from)+", which is no environment", instead+didYouMean(from, near))
	case !lender.readable:
		return nil
	case lender.isPattern():
		at.wrong(quote(from)+", a pattern", instead+": one environment lends")
	case lender.Content.SigningKeys.From != "":
		at.wrong(quote(from)+", which borrows its keys itself", instead)
	case !lender.Content.LendKeys && lender.TerminationProtection:
		at.wrong(quote(from)+", which is protected", instead+": whoever may sign for a borrower may sign for the lender")
	case !lender.Content.LendKeys:
		lender.at.field("LendKeys").missing("false, and environment "+quote(d.Name)+" borrows its keys", "write true, or take signingKeys.from away there")
	case lender.Account != d.Account:
		at.wrong(fmt.Sprintf("%s, which is in %s, not in %s", quote(from), accountWords(lender.Account), accountWords(d.Account)), instead+": keys are lent within one account")
	case lender.Region != d.Region:
		at.wrong(fmt.Sprintf("%s, which is in %s, not in %s", quote(from), regionWords(lender.Region), regionWords(d.Region)), instead+": keys are lent within one Region, which both environments write or leave out")
	default:
		return lender
	}
	return nil
}

func accountWords(account string) string {
	switch {
	case account == "":
		return "the account of whoever deploys"
	case !accountID.MatchString(account):
		return "account " + quote(account)
	}
	return "account " + account
}

func regionWords(region string) string {
	switch {
	case region == "":
		return "the Region of whoever deploys"
	case !regionShape.MatchString(region):
		return quote(region)
	}
	return region
}
