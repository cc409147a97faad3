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
	"github.com/signedfront/signedfront/signer"
)

// searchForKeys searches all that programs printed and wrote for every private key that
// was ever in a secret, deleted secrets included.
func (a *account) searchForKeys(t *testing.T) {
	t.Helper()
	a.keepStacks(t)
	keys, texts := a.everyKey(t), a.everyText(t)
	for _, leak := range leaks(keys, texts) {
		t.Error(leak)
	}
	t.Logf("searched %d texts for %d private keys", len(texts), len(keys))
}

// leaks returns the names of the texts that have a part of a key.
func leaks(keys [][]byte, texts map[string]string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		for _, key := range keys {
			if what := keypairtest.KeyMaterial(key, texts[name]); what != "" {
				found = append(found, what+" of a private key is in "+name)
			}
		}
	}
	return found
}

func TestALeakInOneTextOfManyIsFound(t *testing.T) {
	// Keys of one algorithm start with the same bytes.
	var keys [][]byte
	for _, algorithm := range []signer.Algorithm{signer.RSA2048, signer.ECDSAP256} {
		key, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		text, err := key.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, text)
	}
	quoted, err := json.Marshal(map[string]string{"Value": string(keys[1])})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"events": "CREATE_COMPLETE", "outputs": string(quoted)}
	if found := leaks(keys[1:], texts); len(found) != 1 || !strings.HasSuffix(found[0], " of a private key is in outputs") {
		t.Errorf("found %q", found)
	}
	texts["outputs"] = strings.ReplaceAll(texts["outputs"], "-----BEGIN PRIVATE KEY-----", "")
	if found := leaks(keys[:1], texts); len(found) > 0 {
		t.Errorf("for a key that no text has, found %q", found)
	}
}

// everyKey returns the PEM text of every key, and checks that the keys the scenarios
// found in secrets are among them.
func (a *account) everyKey(t *testing.T) (keys [][]byte) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(a.scratch, "secret-values"))
	if err != nil {
		t.Fatal(err)
	}
	keys = slices.Clone(a.imported)
	missing := maps.Clone(a.fingerprints)
	for line := range bytes.Lines(lines) {
		var key string
		if err := json.Unmarshal(line, &key); err != nil {
			t.Fatal("a line of the engine's file of secret values is not a JSON string")
		}
		keys = append(keys, []byte(key))
		parsed, err := signer.ParsePrivateKey([]byte(key))
		if err != nil {
			t.Fatalf("a secret value is not a private key: %v", err)
		}
		delete(missing, parsed.PublicKey().Fingerprint())
	}
	if len(keys) == 0 || len(missing) > 0 {
		t.Errorf("%d keys were recorded, but %d keys that the scenarios found in secrets are not among them", len(keys), len(missing))
	}
	return keys
}

// everyText returns all texts to search: output of the command line, the engine and the
// functions, templates and outputs, and CloudFormation's answers.
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
	// Without one of these the search would be incomplete.
	for _, kind := range []string{"engine.log", "function-output", "cdk-", "outputs-", "signedfront-dev.template.json", "stack-signedfront-dev"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(texts)), func(name string) bool { return strings.HasPrefix(name, kind) }) {
			t.Errorf("no captured text has a name that starts with %s", kind)
		}
	}
	return texts
}

// keepStacks keeps the template, outputs and events of every stack, deleted ones
// included.
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
