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

// readTemplate reads a template. If the file is in an assembly, such as cdk.out,
// the assembly has the stack's name, account and Region, and the other stacks that
// it may refer to.
func readTemplate(file string) (*target, error) {
	text, err := os.ReadFile(file)
	name := signer.Describe(file, signer.FormFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &failure{err: fmt.Errorf("--template: there is no file %s", name), hint: "`cdk synth` writes templates into cdk.out"}
	case err != nil:
		return nil, fmt.Errorf("--template: %s: %w", name, cause(err))
	case !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		return nil, &failure{err: fmt.Errorf("--template: %s is not JSON", name), hint: "name the template that `cdk synth` writes into cdk.out; it prints YAML unless --json is given"}
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

// templateFiles returns the files that readTemplate reads.
func templateFiles(file string) files {
	found := files{}
	others, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.template.json"))
	for _, name := range append(others, file, filepath.Join(filepath.Dir(file), "manifest.json")) {
		info, err := os.Stat(name)
		found.add(name, info, err)
	}
	return found
}
