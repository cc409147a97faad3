package constructs

import (
	"crypto/sha256"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// namesOf returns the names of a content that AWS would refuse a second time: domain
// names in the whole app and, within a stack, the parameter name and the name with
// which CloudFront's names start.
func namesOf(content constructs.Construct, p *PrivateContentProps) []takenName {
	stack, root := awscdk.Stack_Of(content), content.Node().Root()
	names := []takenName{
		{stack, "Name", p.Name, "choose another one: the names of CloudFront's resources start with it"},
		{stack, "ParameterName", p.ParameterName, "choose another one: a parameter holds one document"},
	}
	if p.Domain != nil {
		for i, name := range p.Domain.Names {
			names = append(names, takenName{root, fmt.Sprintf("Domain.Names[%d]", i), name, "choose another one: CloudFront gives a domain name to one distribution in all of AWS"})
		}
	}
	return names
}

// checkNames reports names that another content of the app has taken.
func checkNames(content constructs.Construct, p *PrivateContentProps) config.Problems {
	var problems config.Problems
	for _, name := range namesOf(content, p) {
		if owner := name.owner(); owner != "" && owner != *content.Node().Path() {
			problems = append(problems, config.Problem{
				Path: name.path, Found: fmt.Sprintf("%s, which %s has too", config.Quote(name.name), safeName(owner)), Fix: name.fix,
			})
		}
	}
	return problems
}

// takenName is a name that only one content below a construct may have. Its owner is
// recorded in the construct tree.
type takenName struct {
	among           constructs.IConstruct
	path, name, fix string
}

const (
	takenNames   = "SignedfrontNames"
	ownerContext = "signedfront:owner"
)

func (n takenName) id() *string {
	kind := n.path
	if n.among.Node().Scope() == nil {
		kind = "Domain"
	}
	return jsii.String(fmt.Sprintf("%s-%x", kind, sha256.Sum256([]byte(n.name))))
}

// owner returns the path of the content that has the name, or "".
func (n takenName) owner() string {
	holder := n.among.Node().TryFindChild(jsii.String(takenNames))
	if holder == nil {
		return ""
	}
	taken := holder.Node().TryFindChild(n.id())
	if taken == nil {
		return ""
	}
	owner, _ := taken.Node().TryGetContext(jsii.String(ownerContext)).(string)
	return owner
}

func (n takenName) take(owner string) {
	if n.owner() == owner {
		return
	}
	var among, holder constructs.Construct
	jsii.UnsafeCast(n.among, &among)
	if found := among.Node().TryFindChild(jsii.String(takenNames)); found != nil {
		jsii.UnsafeCast(found, &holder)
	} else {
		holder = constructs.NewConstruct(among, jsii.String(takenNames))
	}
	constructs.NewConstruct(holder, n.id()).Node().SetContext(jsii.String(ownerContext), owner)
}
