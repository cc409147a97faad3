//go:build deploy

package deploytest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/signedfront/signedfront/constructs/keypair/keypairtest"
)

// searchForKeys searches all that was said and written for every private key
// that was ever put into a secret, also into one that is gone.
func (a *account) searchForKeys(t *testing.T) {
	t.Helper()
	a.keepStacks(t)
	keys := a.everyKey(t)
	texts := a.everyText(t)
	for name, text := range texts {
		for _, key := range keys {
			if found := keypairtest.KeyMaterial(key, text); found != "" {
				t.Errorf("%s of a private key is in %s", found, name)
			}
		}
	}
	t.Logf("searched %d texts for %d private keys", len(texts), len(keys))
}

// everyKey is the PEM text of every key.
func (a *account) everyKey(t *testing.T) (keys [][]byte) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(a.scratch, "secret-values"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var key string
		if err := json.Unmarshal(line, &key); err != nil {
			t.Fatal("what the engine wrote of secrets cannot be read")
		}
		keys = append(keys, []byte(key))
	}
	return keys
}

// everyText is what was captured: of the command line, the engine, the
// functions, the templates and outputs, and CloudFormation.
func (a *account) everyText(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	read := func(name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(name)] = string(text)
	}
	read(filepath.Join(a.scratch, "function-output"))
	err := filepath.WalkDir(a.transcript, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			read(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A search that misses one of these would find nothing in it.
	for _, kind := range []string{"engine.log", "function-output", "cdk-", "outputs-", "signedfront-dev.template.json", "stack-signedfront-dev"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(texts)), func(name string) bool { return strings.HasPrefix(name, kind) }) {
			t.Errorf("nothing was captured that is named %s...", kind)
		}
	}
	return texts
}

// keepStacks keeps the template, outputs and events of every stack that there
// ever was.
func (a *account) keepStacks(t *testing.T) {
	t.Helper()
	pages := cloudformation.NewListStacksPaginator(a.cloudFormation, nil)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, stack := range page.StackSummaries {
			lines := a.events(t, *stack.StackId)
			template, err := a.cloudFormation.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: stack.StackId})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, aws.ToString(template.TemplateBody))
			described, err := a.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: stack.StackId})
			if err != nil {
				t.Fatal(err)
			}
			for _, output := range described.Stacks[0].Outputs {
				lines = append(lines, aws.ToString(output.OutputKey)+" "+aws.ToString(output.OutputValue))
			}
			a.keep(t, "stack-"+*stack.StackName, []byte(strings.Join(lines, "\n")))
		}
	}
}
