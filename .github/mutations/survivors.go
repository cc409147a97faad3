package main

import (
	"fmt"
	"os"
	"strings"
)

// readSurvivors reads the mutations that may survive: one or more lines with names of
// mutations and, below them and indented, the reason why no test can or need notice. A
// line that ends in ": *" stands for all mutations of a function. They are not tried.
func readSurvivors(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	survivors := map[string]string{}
	var names []string // of the next reason
	reasoned := true
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t"):
			if len(names) == 0 {
				return nil, fmt.Errorf("%s:%d: a reason without a mutation", path, i+1)
			}
			for _, name := range names {
				survivors[name] += strings.TrimSpace(line) + " "
			}
			reasoned = true
		default:
			if reasoned {
				names = nil
			}
			if _, twice := survivors[line]; twice {
				return nil, fmt.Errorf("%s:%d: the mutation stands there already", path, i+1)
			}
			names, reasoned = append(names, line), false
		}
	}
	if !reasoned {
		return nil, fmt.Errorf("%s: the last mutation has no reason", path)
	}
	return survivors, nil
}
