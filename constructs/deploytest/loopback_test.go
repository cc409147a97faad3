package deploytest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func TestAnAccountAnywhereButOnThisMachineIsRefused(t *testing.T) {
	for _, endpoint := range []string{
		"",
		"http://127.0.0.1", // without a port
		"https://127.0.0.1:4566",
		"http://localhost:4566",
		"http://10.0.0.1:4566",
		"http://0.0.0.0:4566",
		"http://169.254.169.254:80",
		"http://127.0.0.1.example.com:4566",
		"http://user@127.0.0.1:4566",
		"http://127.0.0.1:4566/",
		"http://127.0.0.1:4566@example.com",
		"https://cloudformation.eu-west-1.amazonaws.com",
		"https://cloudformation.eu-west-1.amazonaws.com:443",
	} {
		if _, err := accountAt(endpoint); err == nil {
			t.Errorf("%q is accepted", endpoint)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:4566", "http://[::1]:4566"} {
		if _, err := accountAt(endpoint); err != nil {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

// wantLoopbackAlone checks that the engine listens on the loopback interface alone.
func (a *account) wantLoopbackAlone(t *testing.T) {
	t.Helper()
	sockets := map[string]bool{} // of the engine, by inode
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", a.process))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		target, _ := os.Readlink(file)
		if inode, is := strings.CutPrefix(target, "socket:["); is {
			sockets[strings.TrimSuffix(inode, "]")] = true
		}
	}
	listening := 0
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", a.process, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			const listen = "0A"
			if len(fields) < 10 || fields[3] != listen || !sockets[fields[9]] {
				continue
			}
			listening++
			// 127.0.0.1 as the kernel writes it on this processor.
			if !strings.HasPrefix(fields[1], "0100007F:") {
				t.Fatalf("the engine listens on %s of %s", fields[1], table)
			}
		}
	}
	if listening != 1 {
		t.Fatalf("the engine listens on %d sockets, want 1", listening)
	}
}

func TestTheSDKReachesNothingButThisMachine(t *testing.T) {
	a, err := accountAt("http://127.0.0.1:4566")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := "http://192.0.2.1:80" // reserved for documentation
	_, err = a.secrets.ListSecrets(t.Context(), nil, func(o *secretsmanager.Options) {
		o.BaseEndpoint = &elsewhere
		o.RetryMaxAttempts = 1
	})
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1:80 is not an address of the loopback interface") {
		t.Errorf("asking another machine: %v", err)
	}
}

// The user who runs the test may be signed in to AWS in any of these ways.
func TestSettingsOfWhoeverRunsTheTestReachNoProgram(t *testing.T) {
	a, err := accountAt("http://127.0.0.1:4566")
	if err != nil {
		t.Fatal(err)
	}
	a.scratch = t.TempDir()
	const theirs = "whoever runs the test"
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AMAZON_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE",
		"CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "CDK_CONTEXT_JSON", "CDK_HOME", "MINISTACK_HOST",
	} {
		t.Setenv(name, theirs)
	}
	environ := a.environment(t)
	for _, variable := range environ {
		if strings.HasSuffix(variable, "="+theirs) {
			t.Errorf("the environment of a program has %s", variable)
		}
	}
	last := func(name string) (value string) {
		for _, variable := range environ {
			if found, is := strings.CutPrefix(variable, name+"="); is {
				value = found
			}
		}
		return value
	}
	for name, want := range map[string]string{
		"AWS_ENDPOINT_URL":            "http://127.0.0.1:4566",
		"AWS_ACCESS_KEY_ID":           accountID,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		if got := last(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if home, err := os.UserHomeDir(); err != nil || last("HOME") == home {
		t.Errorf("the home folder of the programs is that of the user, %s (%v)", home, err)
	}
	if credentials, err := a.config.Credentials.Retrieve(t.Context()); err != nil || credentials.AccessKeyID != accountID {
		t.Errorf("the SDK has the access key id %s (%v)", credentials.AccessKeyID, err)
	}
	if !slices.Contains(environ, "NO_PROXY=127.0.0.1") {
		t.Error("a proxy could stand between the programs and the account")
	}
}
