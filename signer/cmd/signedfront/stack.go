package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// chooseStack returns the stack of an environment. Without a name it is the only
// stack with a distribution.
func chooseStack(assembly *cdkapp.Assembly, environment string) (*cdkapp.Stack, error) {
	prefix := project(assembly) + "-"
	var names []string
	var chosen []*cdkapp.Stack
	for i := range assembly.Stacks {
		stack := &assembly.Stacks[i]
		if !hasDistribution(stack.Template) {
			continue
		}
		names = append(names, strings.TrimPrefix(stack.Name, prefix))
		if environment == "" || environment == stack.Name || prefix+environment == stack.Name {
			chosen = append(chosen, stack)
		}
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("the app has no stack with a CloudFront distribution")
	case len(chosen) == 0:
		return nil, &failure{
			err:   fmt.Errorf("the app has no environment %s", signer.Describe(environment, signer.FormName)),
			hint:  "it has " + strings.Join(append(names, environmentPatterns(assembly)...), ", "),
			usage: true,
		}
	case len(chosen) > 1:
		return nil, &failure{
			err:   fmt.Errorf("the app has %d environments: %s", len(names), strings.Join(names, ", ")),
			hint:  "choose one, as with --env " + names[0],
			usage: true,
		}
	}
	return chosen[0], nil
}

// project returns the project of an app. Its stacks are named
// <project>-<environment>.
func project(assembly *cdkapp.Assembly) string {
	name, _ := assembly.Context["project"].(string)
	return name
}

// environmentPatterns returns the patterns of environments that an app makes only
// if they are named, such as pr-*.
func environmentPatterns(assembly *cdkapp.Assembly) []string {
	environments, _ := assembly.Context["environments"].(map[string]any)
	var patterns []string
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		if strings.Contains(name, "*") {
			patterns = append(patterns, name)
		}
	}
	return patterns
}

// fitsPattern reports whether the app would make an environment of this name.
func fitsPattern(assembly *cdkapp.Assembly, environment string) bool {
	environment = strings.TrimPrefix(environment, project(assembly)+"-")
	return slices.ContainsFunc(environmentPatterns(assembly), func(pattern string) bool {
		return signer.MatchPattern(pattern, environment)
	})
}

// otherStacks returns all stacks of assemblies except one. If two assemblies have a
// stack, the first counts.
func otherStacks(chosen *cdkapp.Stack, assemblies ...*cdkapp.Assembly) []edge.Stack {
	var others []edge.Stack
	seen := map[string]bool{chosen.Name + " " + chosen.Region: true}
	for _, assembly := range assemblies {
		for _, s := range assembly.Stacks {
			if id := s.Name + " " + s.Region; !seen[id] {
				seen[id] = true
				others = append(others, edge.Stack{Name: s.Name, Account: s.Account, Region: s.Region, Template: s.Template})
			}
		}
	}
	return others
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
