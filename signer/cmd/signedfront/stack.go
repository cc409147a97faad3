package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// chooseStack finds the stack of an environment: the app's only one with a
// distribution if none is named.
func chooseStack(assembly *cdkapp.Assembly, environment string) (*cdkapp.Stack, error) {
	// Stacks are named <project>-<environment>.
	project, _ := assembly.Context["project"].(string)
	var names []string
	var chosen []*cdkapp.Stack
	for i := range assembly.Stacks {
		stack := &assembly.Stacks[i]
		if !hasDistribution(stack.Template) {
			continue
		}
		names = append(names, strings.TrimPrefix(stack.Name, project+"-"))
		if environment == "" || environment == stack.Name || project+"-"+environment == stack.Name {
			chosen = append(chosen, stack)
		}
	}
	switch all := strings.Join(names, ", "); {
	case len(names) == 0:
		return nil, errors.New("the app has no stack with a CloudFront distribution")
	case len(chosen) == 0:
		return nil, &failure{
			err:   fmt.Errorf("the app has no environment %q", environment),
			hint:  "it has " + all,
			usage: true,
		}
	case len(chosen) > 1:
		return nil, &failure{
			err:   fmt.Errorf("the app has %d environments: %s", len(names), all),
			hint:  "choose one, as with --env " + names[0],
			usage: true,
		}
	}
	return chosen[0], nil
}

func hasDistribution(template []byte) bool {
	var t struct {
		Resources map[string]struct{ Type string }
	}
	if json.Unmarshal(template, &t) != nil {
		return false
	}
	for _, resource := range t.Resources {
		if resource.Type == "AWS::CloudFront::Distribution" {
			return true
		}
	}
	return false
}
