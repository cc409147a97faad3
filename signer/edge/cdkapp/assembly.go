package cdkapp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

const manifestFile = "manifest.json"

// manifest has the parts of an assembly's manifest that concern templates:
// https://docs.aws.amazon.com/cdk/api/v2/docs/cloud-assembly-schema-readme.html
type manifest struct {
	Artifacts map[string]struct {
		Type        string
		Environment string // aws://<account>/<region>
		Properties  struct {
			TemplateFile  string
			StackName     string
			DirectoryName string
		}
	}
	Missing []struct{ Key string }
}

// ReadAssembly reads the templates of an assembly, such as the folder cdk.out, and
// of the assemblies nested in it for stages. The Context of the result is nil.
func ReadAssembly(dir string) (*Assembly, error) {
	var assembly Assembly
	if err := assembly.read(dir, ""); err != nil {
		return nil, err
	}
	slices.SortFunc(assembly.Stacks, func(a, b Stack) int { return cmp.Compare(a.Name, b.Name) })
	return &assembly, nil
}

func (a *Assembly) read(root, nested string) error {
	dir := filepath.Join(root, nested)
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return fmt.Errorf("reading the assembly: %s: %w", manifestFile, cause(err))
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("reading the assembly: %s: not a manifest in JSON", manifestFile)
	}
	if len(m.Missing) > 0 {
		var keys []string
		for _, missing := range m.Missing {
			keys = append(keys, redact.Text(missing.Key))
		}
		return &Error{
			Problem: "the app needs context that only AWS has: " + strings.Join(keys, ", "),
			Hint:    "run `cdk synth` once with credentials, and keep the cdk.context.json that it writes",
		}
	}
	for id, artifact := range m.Artifacts {
		switch properties := artifact.Properties; artifact.Type {
		case "cdk:cloud-assembly":
			if err := a.read(root, filepath.Join(nested, properties.DirectoryName)); err != nil {
				return err
			}
		case "aws:cloudformation:stack":
			template, err := os.ReadFile(filepath.Join(dir, properties.TemplateFile))
			if err != nil {
				return fmt.Errorf("reading the assembly: the template of %s: %w", redact.Text(id), cause(err))
			}
			account, region, _ := strings.Cut(strings.TrimPrefix(artifact.Environment, "aws://"), "/")
			a.Stacks = append(a.Stacks, Stack{
				Name:     cmp.Or(properties.StackName, id),
				Account:  known(account, "unknown-account"),
				Region:   known(region, "unknown-region"),
				Template: template,
				File:     filepath.Join(nested, properties.TemplateFile),
			})
		}
	}
	return nil
}

func known(value, unknown string) string {
	if value == unknown {
		return ""
	}
	return value
}
