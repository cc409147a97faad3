package config

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drafted is an environment or a pattern of a file, with its domain names.
type drafted struct {
	name    string
	domains []string
}

// makerOf is the index of the one that makes an environment: the one of its name,
// or the pattern with the most letters. It is -1 where none does.
func makerOf(list []drafted, environment string) int {
	maker := -1
	for i, d := range list {
		start, isPattern := strings.CutSuffix(d.name, "*")
		if !isPattern && d.name == environment {
			return i
		}
		if isPattern && strings.HasPrefix(environment, start) && (maker < 0 || len(start) >= len(list[maker].name)) {
			maker = i
		}
	}
	return maker
}

// environmentsWith returns the environments that have a domain name.
func environmentsWith(list []drafted, domain string) (environments []string) {
	add := func(environment string) {
		if !slices.Contains(environments, environment) {
			environments = append(environments, environment)
		}
	}
	for i, d := range list {
		for _, name := range d.domains {
			before, after, marked := strings.Cut(name, environmentMark)
			if !marked {
				if name == domain && !strings.HasSuffix(d.name, "*") {
					add(d.name)
				}
				continue
			}
			if len(domain) < len(before)+len(after) || !strings.HasPrefix(domain, before) || !strings.HasSuffix(domain, after) {
				continue
			}
			if environment := domain[len(before) : len(domain)-len(after)]; validEnvironment.MatchString(environment) && makerOf(list, environment) == i {
				add(environment)
			}
		}
	}
	return environments
}

// The result is compared with that for all environments with short names.
func TestTwoEnvironmentsOfOneDomainNameAreFoundWhereverThereAre(t *testing.T) {
	var environments []string
	for letters := []string{""}; len(letters[0]) < 6; {
		var longer []string
		for _, start := range letters {
			for _, letter := range "ab1-" {
				longer = append(longer, start+string(letter))
			}
		}
		for _, environment := range longer {
			if validEnvironment.MatchString(environment) {
				environments = append(environments, environment)
			}
		}
		letters = longer
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	witness := regexp.MustCompile(`names\[\d\]: "([^"]+)", which (?:makes "([^"]+)", a name that )?environment "[^"]+" has too`)
	found, none := 0, 0
	for range 5_000 {
		var list []drafted
		context := map[string]any{}
		for range 2 + random.IntN(2) {
			d := drafted{name: pick("a-1", "a-b", "a-*", "b-*", "a-b-*", "a*", "*", "live")}
			if context[d.name] != nil {
				continue
			}
			for range 1 + random.IntN(2) {
				domain := pick("", "a-", "b", "a-b-") + pick(environmentMark, environmentMark, environmentMark, "a-1") + pick("", "-1", "-b", "-b-1") + ".example.com"
				if strings.HasSuffix(d.name, "*") && !strings.Contains(domain, environmentMark) || slices.Contains(d.domains, domain) {
					continue
				}
				d.domains = append(d.domains, domain)
			}
			if len(d.domains) == 0 {
				continue
			}
			list = append(list, d)
			context[d.name] = map[string]any{"domain": map[string]any{"names": d.domains, "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}
		}
		if len(list) < 2 {
			continue
		}
		if !slices.ContainsFunc(list, func(d drafted) bool { return !strings.HasSuffix(d.name, "*") }) {
			context["z"] = map[string]any{}
		}
		_, err := Read(decoded(t, map[string]any{"project": "p", "environments": context}), nil)
		var said []string
		for _, problem := range problemsIn(t, err, "") {
			if strings.Contains(problem, " has too; ") {
				said = append(said, problem)
			}
		}

		// All of the domain names that environments of few letters have, by a
		// maker of theirs.
		with := map[string]string{}
		both := ""
		for _, environment := range environments {
			maker := makerOf(list, environment)
			if maker < 0 {
				continue
			}
			for _, name := range list[maker].domains {
				domain := strings.Replace(name, environmentMark, environment, 1)
				if other, has := with[domain]; has && other != environment && (both == "" || len(domain) < len(both)) {
					both = domain
				}
				with[domain] = environment
			}
		}
		switch {
		case both != "" && len(said) == 0:
			t.Fatalf("%+v: environments %q have %s, and nothing is said", list, environmentsWith(list, both), both)
		case len(said) > 0:
			found++
		default:
			none++
		}
		for _, problem := range said {
			m := witness.FindStringSubmatch(problem)
			if m == nil {
				t.Fatalf("%+v: it says %s", list, problem)
			}
			domain := m[2]
			if domain == "" {
				domain = m[1]
			}
			if with := environmentsWith(list, domain); len(with) < 2 {
				t.Fatalf("%+v: it says %s, and %s is a name of %q", list, problem, domain, with)
			}
		}
	}
	if found < 500 || none < 500 {
		t.Errorf("%d files have such names, %d have none", found, none)
	}
}

// decoded returns a value in the types of encoding/json.
func decoded(t *testing.T, value map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return context(t, string(text))
}
