package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsWrongWithTheAWSConfigurationIsNamedWithTheFix(t *testing.T) {
	// Systems Manager, which has no parameter.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"__type":"ParameterNotFound"}`))
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		set  map[string]string
		want []string
	}{
		"no such profile":          {map[string]string{"AWS_PROFILE": "nope"}, []string{`error: there is no AWS profile "nope"`, "hint: `aws configure list-profiles` names those that there are"}},
		"no Region":                {map[string]string{"AWS_REGION": ""}, []string{"error: no AWS Region is set", "hint: set AWS_REGION to the Region of the stack"}},
		"a zone for a Region":      {map[string]string{"AWS_REGION": "eu-west-1a"}, []string{`error: the AWS Region is "eu-west-1a", which is not the name of one`, "hint: did you mean eu-west-1?"}},
		"a Region in capitals":     {map[string]string{"AWS_REGION": "EU-WEST-1"}, []string{"hint: did you mean eu-west-1?"}},
		"a Region by its place":    {map[string]string{"AWS_REGION": "Ireland"}, []string{`error: the AWS Region is "Ireland"`, "hint: set AWS_REGION to one such as eu-west-1"}},
		"no credentials":           {map[string]string{"AWS_ACCESS_KEY_ID": ""}, []string{"error: no AWS credentials that work", "hint: sign in with `aws sso login`"}},
		"a file that is no config": {map[string]string{"AWS_PROFILE": "broken", "AWS_ACCESS_KEY_ID": ""}, []string{"error: the AWS configuration cannot be read", "hint: `aws configure list`"}},
		"no network":               {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, []string{"AWS cannot be reached", "hint: is this machine online"}},
		"a Region without a stack": {nil, []string{"there is no parameter", "/signedfront/signedfront/dev", "Region eu-west-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			config := filepath.Join(dir, "config")
			writeFile(t, config, "[profile broken]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = secret-of-the-file\n")
			for _, variable := range os.Environ() {
				if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
					t.Setenv(name, "")
				}
			}
			for name, value := range map[string]string{
				"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": config, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": server.URL,
				"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
			} {
				t.Setenv(name, value)
			}
			for name, value := range test.set {
				t.Setenv(name, value)
			}
			p := run(t, dir, "url", "--env", "dev", "rt.png")
			said := p.stderr.String()
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if p.status() != 1 || p.stdout.String() != "" || strings.Contains(said, "secret-of-the-file") {
				t.Errorf("exit status %d, want 1: %s", p.status(), said)
			}
			for line := range strings.Lines(said) {
				if !strings.HasPrefix(line, "signedfront: ") {
					t.Errorf("a library wrote %q", line)
				}
			}
		})
	}
}
