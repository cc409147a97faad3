package config

import (
	"fmt"
	"regexp"

	"github.com/signedfront/signedfront/constructs/contract"
)

// Lender is a deployment that lends its keys to borrowers in the same account and
// Region. Its LendKeys must be set, and it must be deployed before the borrowers.
type Lender struct {
	// ParameterName is the name of the parameter that holds the lender's deployment
	// document.
	ParameterName string

	// StackName is the name of the lender's stack. A borrower's signing policy
	// allows the secrets that this stack made.
	StackName string

	// KeyGroupID is CloudFront's id of the lender's key group. It is usually a
	// token.
	//
	// Default: the lender's export [contract.KeyGroupExport] of ParameterName.
	KeyGroupID string

	// ImportedKeys are the locations of the private halves of the lender's imported
	// keys. A borrower's signing policy allows those in Secrets Manager and KMS. When
	// the lender imports another key, deploy the borrowers before that key signs.
	//
	// Default: none.
	ImportedKeys []PrivateKeyLocation
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const maxExportName = 255

// checkKeys checks the deployment's own keys, or that there are none if it borrows.
func (c Content) checkKeys(at node) {
	keys := at.field("SigningKeys")
	from := c.SigningKeys.From
	if from == "" && c.Lender == nil {
		c.SigningKeys.check(keys)
		if len(c.SigningKeys.Compromised) > 0 && c.Guard != nil && !*c.Guard {
			keys.field("Compromised").wrong("a list, with "+at.name("Guard")+" false", "leave it out: without the guard, no deployment waits")
		}
		return
	}
	if len(c.SigningKeys.Compromised) > 0 {
		keys.field("Compromised").wrong("compromised keys, with borrowed keys", "leave it out, and write it in the lender")
	}
	if len(c.SigningKeys.AlsoTrust) > 0 {
		keys.field("AlsoTrust").wrong("keys to trust, with borrowed keys", "leave it out, and write it in the lender: the distribution trusts the lender's key group")
	}
	if len(c.SigningKeys.Keys) > 0 {
		keys.field("Keys").wrong("keys of its own, with borrowed keys", "leave them out: the lender's keys are used")
	}
	if c.SigningKeys.Current != 0 {
		keys.field("Current").wrong("a current key, with borrowed keys", "leave it out: the lender's current key signs")
	}
	if c.LendKeys {
		at.field("LendKeys").wrong("true, with borrowed keys", "leave it out: only the deployment that makes keys can lend them")
	}
	switch {
	case at.json: // Read finds the lender
	case c.Lender != nil:
		c.Lender.check(at.field("Lender"), c.ParameterName)
	default:
		keys.field("From").wrong(quote(from)+" without a lender", "set Lender instead: From names an environment of cdk.json")
	}
}

// check checks the lender of a borrower, whose own parameter has the name own.
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
		parameter.wrong(quote(l.ParameterName), "write the parameter of another deployment: this one is the borrower's own")
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

// isLentParameter reports whether a lender's parameter can have this name.
func isLentParameter(name string) bool {
	return isParameterName(name) && len(contract.KeyGroupExport(name)) <= maxExportName
}

// lender returns what borrowers need to know about this environment.
func (d *draft) lender() *Lender {
	l := &Lender{ParameterName: d.ParameterName(), StackName: d.StackName()}
	for _, key := range d.Content.SigningKeys.Keys {
		if key.Custody == Imported && key.PrivateKey.File == "" {
			l.ImportedKeys = append(l.ImportedKeys, key.PrivateKey)
		}
	}
	return l
}

// findLender returns the environment whose keys this one borrows. If this one may
// not borrow them, it reports why and returns nil.
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
	instead := "write \"lendKeys\": true in an environment, and name it here"
	if len(lending) > 0 {
		instead = "write " + choices(lending)
	}
	switch {
	case lender == d:
		at.wrong(quote(from)+", this environment itself", instead)
	case lender == nil:
		at.wrong(quote(from)+", which is not an environment", instead+didYouMean(from, near))
	case !lender.readable:
		return nil
	case lender.isPattern():
		at.wrong(quote(from)+", a pattern", instead+": a pattern cannot lend")
	case lender.Content.SigningKeys.From != "":
		at.wrong(quote(from)+", which itself borrows its keys", instead)
	case !lender.Content.LendKeys && lender.TerminationProtection:
		at.wrong(quote(from)+", which is protected", instead+": a role that may sign for a borrower may sign for the lender too")
	case !lender.Content.LendKeys:
		lender.at.field("LendKeys").missing("false, and environment "+quote(d.Name)+" borrows its keys", "write true, or remove signingKeys.from there")
	case lender.Account != d.Account:
		at.wrong(fmt.Sprintf("%s, which is in %s, not in %s", quote(from), accountWords(lender.Account), accountWords(d.Account)), instead+": keys are lent within one account")
	case lender.Region != d.Region:
		at.wrong(fmt.Sprintf("%s, which is in %s, not in %s", quote(from), regionWords(lender.Region), regionWords(d.Region)), instead+": keys are lent within one Region: write it in both environments or in neither")
	default:
		return lender
	}
	return nil
}

func accountWords(account string) string {
	switch {
	case account == "":
		return "the default account"
	case !accountID.MatchString(account):
		return "account " + quote(account)
	}
	return "account " + account
}

func regionWords(region string) string {
	switch {
	case region == "":
		return "the default Region"
	case !regionShape.MatchString(region):
		return quote(region)
	}
	return region
}
