package constructs

import (
	"fmt"
	"os"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

const maxName = config.MaxStackName

var nameShape = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*$`)

// checkedProps fills in the defaults and reports everything that is wrong.
func checkedProps(construct constructs.Construct, props *PrivateContentProps, regionSetting string) (*PrivateContentProps, error) {
	var p PrivateContentProps
	if props != nil {
		p = *props
	}
	var problems config.Problems
	check := func(found config.Problems) { problems = append(problems, found...) }

	if p.Name == "" {
		p.Name = *awscdk.Names_UniqueResourceName(construct, &awscdk.UniqueResourceNameOptions{
			MaxLength: jsii.Number(maxName),
			Separator: jsii.String("-"),
		})
	}
	if len(p.Name) > maxName || !nameShape.MatchString(p.Name) {
		check(config.Problems{{
			Path: "Name", Found: config.Quote(p.Name),
			Fix: fmt.Sprintf("write at most %d letters, digits and single hyphens between them", maxName),
		}})
	}
	if p.ParameterName == "" {
		p.ParameterName = contract.ParameterPath + p.Name
	}
	p = p.WithDefaults()
	check(p.Check())
	if p.Lender != nil {
		p.SigningKeys = config.SigningKeys{} // a lender's keys have no number here
	}

	check(checkLender(construct, &p))
	check(checkCompanions(construct, &p, regionSetting))
	stack := awscdk.Stack_Of(construct)
	if *awscdk.Token_IsUnresolved(stack.Region()) {
		// The stack goes where its deployer is, and the CDK's command line
		// tells where that is.
		if region := os.Getenv("CDK_DEFAULT_REGION"); region != "" {
			found := config.CheckRegion("the current Region, from AWS_REGION or your AWS profile", region, p.OriginAccess)
			for i := range found {
				found[i].Fix = "set AWS_REGION to another, or write " + regionSetting + "; " + found[i].Fix
			}
			check(found)
		}
	} else {
		check(config.CheckRegion("the stack's Region", *stack.Region(), p.OriginAccess))
	}

	if len(problems) == 0 {
		check(takeNames(construct, &p))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %w", shown(*construct.Node().Path()), problems)
	}
	return &p, nil
}
