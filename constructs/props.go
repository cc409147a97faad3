package constructs

import (
	"fmt"
	"os"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/environment"
	"github.com/signedfront/signedfront/signer"
)

const maxName = environment.MaxStackName

// maxTagValue is how many characters the value of a tag of AWS holds.
const maxTagValue = 256

var (
	nameShape = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*$`)

	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	parameterShape    = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)
	reservedParameter = regexp.MustCompile(`^(?i)/(aws|ssm)`)
)

// checkedProps fills in the defaults and reports everything that is wrong.
func checkedProps(construct constructs.Construct, props *PrivateContentProps, regionSetting string) (*PrivateContentProps, error) {
	var p PrivateContentProps
	if props != nil {
		p = *props
	}
	var problems environment.Problems
	check := func(found environment.Problems) { problems = append(problems, found...) }
	wrong := func(prop, found, fix string) {
		problems = append(problems, environment.Problem{Path: prop, Found: fmt.Sprintf("%q", found), Fix: fix})
	}

	if p.Name == "" {
		p.Name = *awscdk.Names_UniqueResourceName(construct, &awscdk.UniqueResourceNameOptions{
			MaxLength: jsii.Number(maxName),
			Separator: jsii.String("-"),
		})
	}
	if len(p.Name) > maxName || !nameShape.MatchString(p.Name) {
		wrong("Name", p.Name, fmt.Sprintf("write at most %d letters, digits and single hyphens between them", maxName))
	}
	if p.ParameterName == "" {
		p.ParameterName = "/signedfront/" + p.Name
	}
	if len(p.ParameterName) > 900 || !parameterShape.MatchString(p.ParameterName) || reservedParameter.MatchString(p.ParameterName) {
		wrong("ParameterName", p.ParameterName, "write a path of at most 15 parts such as /media/prod/signing, of letters, digits and the characters _.-, that starts with neither aws nor ssm")
	}
	if p.LendKeys && len(p.ParameterName) > maxTagValue {
		wrong("ParameterName", p.ParameterName, fmt.Sprintf("write at most %d characters: keys that are lent have it as a tag", maxTagValue))
	}
	borrowing := checkBorrowing(&p)
	if p.Lender != nil || p.SigningKeys.From != "" {
		p.SigningKeys = environment.SigningKeys{} // a lender's keys have no number here
	}
	p = p.WithDefaults()
	check(p.Check())
	for _, problem := range append(borrowing, checkImportedKeys(&p)...) {
		if !reported(problems, problem.Path) {
			problems = append(problems, problem)
		}
	}

	check(checkCompanions(construct, &p, regionSetting))
	stack := awscdk.Stack_Of(construct)
	if *awscdk.Token_IsUnresolved(stack.Region()) {
		// The stack goes where its deployer is, and the CDK's command line
		// tells where that is.
		if region := os.Getenv("CDK_DEFAULT_REGION"); region != "" {
			found := environment.CheckRegion("the current Region, from AWS_REGION or your AWS profile", region, p.OriginAccess)
			for i := range found {
				found[i].Fix = "set AWS_REGION to another, or write " + regionSetting + "; " + found[i].Fix
			}
			check(found)
		}
	} else {
		check(environment.CheckRegion("the stack's Region", *stack.Region(), p.OriginAccess))
	}

	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %w", *construct.Node().Path(), problems)
	}
	return &p, nil
}

// checkBorrowing reports what is wrong with borrowing and lending, as far as
// props can say it and cdk.json cannot.
func checkBorrowing(p *PrivateContentProps) environment.Problems {
	var problems environment.Problems
	wrong := func(prop, found, fix string) {
		problems = append(problems, environment.Problem{Path: prop, Found: found, Fix: fix})
	}
	if p.Lender == nil {
		if p.SigningKeys.From != "" {
			wrong("SigningKeys.From", fmt.Sprintf("%q", p.SigningKeys.From), "write Lender: environments are known by their names in cdk.json alone")
		}
		return problems
	}
	if len(p.SigningKeys.Keys) > 0 {
		wrong("SigningKeys.Keys", "keys beside a Lender", "leave one of the two out: borrowed keys replace one's own")
	}
	if p.LendKeys {
		wrong("LendKeys", "true, with keys that are borrowed", "write the same Lender in those that would borrow here: signers follow one hop")
	}
	switch parameter := p.Lender.ParameterName; {
	case *awscdk.Token_IsUnresolved(parameter):
	case !parameterShape.MatchString(parameter):
		wrong("Lender.ParameterName", fmt.Sprintf("%q", parameter), "write the parameter of the lender's deployment document, such as /media/prod/signing")
	case parameter == p.ParameterName:
		wrong("Lender.ParameterName", fmt.Sprintf("%q", parameter), "write that of another deployment: this is the borrower's own")
	}
	if p.Lender.KeyGroupID == "" {
		wrong("Lender.KeyGroupID", "missing", "write the output KeyGroupId of the lender")
	}
	return problems
}

// checkImportedKeys reports the public keys that CloudFront would not take, and
// those that are not what is said of them.
func checkImportedKeys(p *PrivateContentProps) environment.Problems {
	var problems environment.Problems
	for _, key := range p.SigningKeys.Keys {
		if key.Custody != environment.Imported {
			continue
		}
		path := fmt.Sprintf("SigningKeys.Keys.%d", key.Number)
		public, err := signer.ParsePublicKey([]byte(key.PublicKey))
		switch {
		case *awscdk.Token_IsUnresolved(key.PublicKey):
			problems = append(problems, environment.Problem{Path: path + ".PublicKey", Found: "a token",
				Fix: "write the key itself: the deployment document holds its hash"})
		case err != nil:
			problems = append(problems, environment.Problem{Path: path + ".PublicKey", Found: err.Error(),
				Fix: "write what `openssl pkey -in private_key.pem -pubout` prints"})
		case string(public.Algorithm()) != key.Algorithm:
			problems = append(problems, environment.Problem{Path: path + ".Algorithm", Found: fmt.Sprintf("%q, with a public key of %s", key.Algorithm, public.Algorithm()),
				Fix: fmt.Sprintf("write %q", public.Algorithm())})
		}
	}
	return problems
}

// reported reports whether something is known to be wrong at a path.
func reported(problems environment.Problems, path string) bool {
	return slices.ContainsFunc(problems, func(p environment.Problem) bool { return p.Path == path })
}
