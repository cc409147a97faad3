package config

import (
	"fmt"
	"regexp"

	"github.com/signedfront/signedfront/constructs/contract"
)

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const maxParameterName = 900

var (
	parameterShape    = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)
	reservedParameter = regexp.MustCompile(`^(?i)/(aws|ssm)`)
)

// checkParameterName checks the name of the parameter, if there is one.
func (c Content) checkParameterName(at node) {
	switch name := c.ParameterName; {
	case name == "":
	case !isParameterName(name):
		at.wrong(quote(name), "write a path of at most 15 parts such as /media/prod/signing, of letters, digits and the characters _.-, that starts with neither aws nor ssm")
	case c.LendKeys && !isLentParameter(name):
		at.wrong(quote(name), fmt.Sprintf("write a shorter name: the export of the lent keys is named after it, and its name would have %d characters, more than %d", len(contract.KeyGroupExport(name)), maxExportName))
	}
}

func isParameterName(name string) bool {
	return len(name) <= maxParameterName && parameterShape.MatchString(name) && !reservedParameter.MatchString(name)
}
