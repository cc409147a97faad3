package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// readTemplate reads a template. If it stands in an assembly, as in cdk.out, the
// stack has the name and the place that the assembly says, and may refer to the
// others of it.
func readTemplate(file string) (*target, error) {
	text, err := os.ReadFile(file)
	name := signer.Describe(file, signer.FormFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &failure{err: fmt.Errorf("--template: there is no file %s", name), hint: "`cdk synth` writes templates into cdk.out"}
	case err != nil:
		return nil, fmt.Errorf("--template: %s: %w", name, cause(err))
	case !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		return nil, &failure{err: fmt.Errorf("--template: %s is not JSON", name), hint: "name the template that `cdk synth` writes into cdk.out; what it prints is YAML, unless it is told --json"}
	}
	if assembly, err := cdkapp.ReadAssembly(filepath.Dir(file)); err == nil {
		for i := range assembly.Stacks {
			if stack := &assembly.Stacks[i]; stack.File == filepath.Base(file) {
				return &target{stack, otherStacks(stack, assembly)}, nil
			}
		}
	}
	stack := &cdkapp.Stack{Name: strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".json"), ".template"), Template: text}
	if !stackName.MatchString(stack.Name) {
		stack.Name = "template"
	}
	return &target{Stack: stack}, nil
}

// templateFiles are the files that readTemplate reads.
func templateFiles(file string) files {
	found := files{}
	beside, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.template.json"))
	for _, name := range append(beside, file, filepath.Join(filepath.Dir(file), "manifest.json")) {
		info, err := os.Stat(name)
		found.add(name, info, err)
	}
	return found
}
