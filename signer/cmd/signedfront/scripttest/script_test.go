package scripttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/signedfront/signedfront/signer"
)

const repository = "../../../.."

// bin is the folder of the built program.
var bin string

func TestMain(m *testing.M) {
	status, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func buildAndRun(m *testing.M) (status int, err error) {
	bin, err = os.MkdirTemp("", "signedfront-script-test-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-C", repository, "-o", filepath.Join(bin, "signedfront"), "./signer/cmd/signedfront")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%s: %w\n%s", build, err, out)
	}
	return m.Run(), nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Setup: setup, UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "keep": keep, "await": await, "fetch": fetch},
	})
}

const (
	keyPairID = "K2JCJMDEHXQW5F"
	baseURL   = "https://d111111abcdef8.cloudfront.net"
)

// setup makes the folder of a script: a key pair, the deployment document of a
// stack with this key, and Systems Manager, whose parameters are the files in the
// folder parameters. No other AWS service answers.
func setup(e *testscript.Env) error {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		return err
	}
	if err := key.WriteFile(filepath.Join(e.WorkDir, "private_key.pem")); err != nil {
		return err
	}
	d := signer.Deployment{
		Schema: signer.DeploymentSchema, BaseURL: baseURL, KeyPairID: keyPairID, Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
		PublicKeySHA256: key.PublicKey().Fingerprint(), Key: signer.KeyLocation{File: "private_key.pem"}, MaxURLLifetime: 86400,
		TrustedKeys: []signer.TrustedKey{{ID: keyPairID, SPKI: key.PublicKey().SPKI()}},
	}
	document, err := d.MarshalIndent()
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"public_key.pem": key.PublicKey().PEM(), "deployment.json": document} {
		if err := os.WriteFile(filepath.Join(e.WorkDir, name), text, 0o600); err != nil {
			return err
		}
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		return err
	}
	aws := httptest.NewServer(systemsManager(filepath.Join(e.WorkDir, "parameters")))
	e.Defer(aws.Close)
	for name, value := range map[string]string{
		"PATH": bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "BIN": bin, "REPOSITORY": root, "SITE": baseURL, "ID": keyPairID,
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_ENDPOINT_URL": aws.URL,
		"AWS_CONFIG_FILE": filepath.Join(e.WorkDir, "aws-config"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		e.Setenv(name, value)
	}
	return nil
}

// systemsManager answers GetParameter and refuses all other requests.
func systemsManager(folder string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		var asked struct{ Name string }
		refusal := "AccessDeniedException"
		if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameter" && json.NewDecoder(r.Body).Decode(&asked) == nil {
			text, err := os.ReadFile(filepath.Join(folder, asked.Name))
			if err == nil {
				json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{
					"Name": asked.Name, "Value": string(text), "ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter" + asked.Name,
				}})
				return
			}
			refusal = "ParameterNotFound"
		}
		if r.Header.Get("X-Amz-Target") == "" { // CloudFormation, CloudFront and S3
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q}`, refusal)
	}
}

// exits STATUS PROGRAM [ARG...] runs a program that must exit with a status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	status := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		status = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if neg || args[0] != strconv.Itoa(status) {
		ts.Fatalf("exit status %d", status)
	}
}

// keep NAME [PATTERN] sets a variable to the last line of standard output, or to
// the group that PATTERN matches.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
	value := lines[len(lines)-1]
	if len(args) > 1 {
		found := regexp.MustCompile(args[1]).FindStringSubmatch(value)
		if found == nil {
			ts.Fatalf("no %s in %s", args[1], value)
		}
		value = found[1]
	}
	ts.Setenv(args[0], value)
}

// await PATTERN [NAME] waits until a file exists, and sets a variable to its name.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || time.Now().After(end) {
			ts.Fatalf("there is no %s (%v)", args[0], err)
		} else if len(found) > 0 {
			if len(args) > 1 {
				ts.Setenv(args[1], filepath.Join(filepath.Dir(args[0]), filepath.Base(found[0])))
			}
			return
		}
	}
}

// fetch STATUS URL TEXT requests a URL. The body of the response must contain the
// text.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	answer, err := http.Get(args[1])
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if strconv.Itoa(answer.StatusCode) != args[0] || !strings.Contains(string(body), args[2]) {
		ts.Fatalf("%s: %s", answer.Status, body)
	}
}
