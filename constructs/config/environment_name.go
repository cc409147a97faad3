package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	// Names that stacks, parameters and CloudFront's resources all allow.
	validProject     = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	validEnvironment = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// checkProjectName checks the name of a project. If it could contain hyphens, two
// projects could have stacks of one name, and each would replace the other's.
func checkProjectName(at node, name string) bool {
	if validProject.MatchString(name) {
		return true
	}
	at.wrong("the name "+quote(name),
		"write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack")
	return false
}

// reservedEndings are the endings of the names of an environment's stacks in
// us-east-1.
var reservedEndings = []string{"-global", "-certificate"}

// checkName checks the name of an environment or of a pattern.
func (e Environment) checkName(at node) {
	if e.isPattern() {
		e.checkPatternName(at)
		return
	}
	if !validEnvironment.MatchString(e.Name) {
		at.wrong("the name "+quote(e.Name), "write lower-case letters, digits and single hyphens between them, a letter first")
		return
	}
	for _, ending := range reservedEndings {
		if strings.HasSuffix(e.Name, ending) {
			at.wrong("a name that ends with "+ending,
				"choose another ending: it is reserved for the stacks of an environment in us-east-1")
		}
	}
	if stack := e.StackName(); e.Project != "" && len(stack) > MaxStackName {
		at.wrong(fmt.Sprintf("the stack's name %s would have %d characters", quote(stack), len(stack)),
			fmt.Sprintf("shorten the project's or the environment's name: %d at most, the hyphen between them included", MaxStackName))
	}
}

// isPattern reports whether the name ends with a star, such as pr-*. A pattern makes
// no stack by itself: -c env=pr-42 makes one of its environments.
func (e Environment) isPattern() bool { return strings.Contains(e.Name, "*") }

var validPrefix = regexp.MustCompile(`^([a-z][a-z0-9]*(-[a-z0-9]+)*-?)?$`)

func (e Environment) checkPatternName(at node) {
	prefix, _ := strings.CutSuffix(e.Name, "*")
	switch {
	case !validPrefix.MatchString(prefix):
		at.wrong("the pattern "+quote(e.Name), `write a name of lower-case letters, digits and single hyphens between them, with one * at its end, such as "pr-*"`)
	case e.Project != "" && len(e.StackName()) > MaxStackName:
		at.wrong("the pattern "+quote(e.Name), fmt.Sprintf("shorten it or the project's name: the stack's name has %d characters at most", MaxStackName))
	}
}

func (e Environment) matches(name string) bool {
	return e.isPattern() && strings.HasPrefix(name, e.start())
}

// chosen returns the environments to make: all that are not patterns, or the one
// that the context member env names. That is the environment with this name, or else
// one made from the longest pattern that matches it.
func chosen(context jsonObject, drafts []*draft) (environments []Environment) {
	if name, given := context.members["env"]; given {
		if e := chosenByName(context.member("env"), name, drafts); e != nil {
			return []Environment{*e}
		}
		return nil
	}
	for _, d := range drafts {
		if !d.isPattern() {
			environments = append(environments, d.Environment)
		}
	}
	if names := usableNames(drafts); len(environments) == 0 && len(names) > 0 {
		context.member("environments").wrong("only patterns", "say which environment to make, such as -c env="+quote(names[0]))
	}
	return environments
}

func chosenByName(at node, value any, drafts []*draft) *Environment {
	name, ok := expect[string](at, value, "the name of an environment, as -c env=NAME does")
	if !ok || len(drafts) == 0 {
		return nil
	}
	var pattern *draft
	for _, d := range drafts {
		switch {
		case d.Name == name && d.isPattern():
			at.wrong(quote(name)+", a pattern", "write the name of one environment that it makes, such as -c env="+quote(d.sample()))
			return nil
		case d.Name == name:
			return &d.Environment
		case d.matches(name) && (pattern == nil || len(d.Name) > len(pattern.Name)):
			pattern = d
		}
	}
	if pattern == nil || strings.Contains(name, "*") {
		fix := "correct the names of all environments first"
		if names := usableNames(drafts); len(names) > 0 {
			fix = "write " + choices(names) + didYouMean(name, names)
		}
		at.wrong(quote(name)+", which is not an environment", fix)
		return nil
	}
	e := pattern.Environment
	e.Name = name
	e.Content.Name, e.Content.ParameterName = e.StackName(), e.ParameterName()
	named := len(*at.problems)
	e.checkName(at)
	e.Content.Domain = pattern.domain.named(name)
	if e.Content.Domain != nil && len(*at.problems) == named && len(*pattern.at.problems) == 0 {
		domain := pattern.at.field("Domain")
		domain.problems = at.problems
		e.Content.Domain.check(domain)
	}
	return &e
}

// usableNames returns the names of environments that can be made. For a pattern it
// returns one example.
func usableNames(drafts []*draft) (names []string) {
	for _, d := range drafts {
		name := d.Name
		if d.isPattern() {
			name = d.sample()
		}
		if validEnvironment.MatchString(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// sample returns the name of an environment that the pattern makes.
func (e Environment) sample() string {
	if prefix := e.start(); prefix != "" {
		return prefix + "1"
	}
	return "dev"
}

// start returns the text with which the names of the pattern's environments start.
func (e Environment) start() string {
	prefix, _ := strings.CutSuffix(e.Name, "*")
	return prefix
}
