package deploytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// The engine takes an access key of twelve digits as the number of its account.
const (
	accountID = "111122223333"
	region    = "eu-west-1"
)

// account is an AWS account on this machine: the engine, the clients of its API, and
// everything that programs printed and wrote.
type account struct {
	tools
	endpoint string
	process  int // of the engine
	config   aws.Config

	acm            *acm.Client
	cloudFormation *cloudformation.Client
	cloudFront     *cloudfront.Client
	iam            *iam.Client
	kms            *kms.Client
	lambda         *lambda.Client
	logs           *cloudwatchlogs.Client
	route53        *route53.Client
	s3             *s3.Client
	secrets        *secretsmanager.Client
	ssm            *ssm.Client

	scratch    string // folder for files that the test and the engine exchange
	transcript string // searched for keys at the end
	steps      []step

	fingerprints map[string]bool // of the keys found in secrets
	imported     [][]byte        // private keys that no secret holds, as PEM
}

// step is a run of the CDK's command line.
type step struct {
	command string
	took    time.Duration
}

// openAccount starts the engine and ends it with the test. The engine ends with the pipe
// to its standard input, and ends the programs in its process group.
func openAccount(t *testing.T) *account {
	t.Helper()
	tools := installTools(t)
	scratch := t.TempDir()
	transcript := t.TempDir()

	// -I ignores the user's environment for Python.
	engine := exec.Command(tools.python, "-I", filepath.Join("testdata", "engine.py"), "--scratch", scratch)
	engine.SysProcAttr = inGroup(0)
	engine.Env = append(withoutSettings(os.Environ()), "TMPDIR="+scratch, "HOME="+scratch)
	log, err := os.Create(filepath.Join(transcript, "engine.log"))
	if err != nil {
		t.Fatal(err)
	}
	engine.Stderr = log
	stdin, err := engine.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	output := bufio.NewReader(stdout)
	address, _ := output.ReadString('\n')
	drained := make(chan struct{})
	go func() {
		io.Copy(io.Discard, output)
		close(drained)
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-drained
		engine.Wait()
		log.Close()
	})

	a, err := accountAt(strings.TrimSpace(address))
	if err == nil {
		err = a.answers(drained)
	}
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		t.Fatalf("the engine did not start: %v\n%s", err, said)
	}
	a.tools, a.process, a.scratch, a.transcript = tools, engine.Process.Pid, scratch, transcript
	return a
}

// accountAt returns the account at the address of an engine. The address must be a
// numeric loopback address: a name could resolve to another machine.
func accountAt(endpoint string) (*account, error) {
	address, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("the engine's address: %w", err)
	}
	host, err := netip.ParseAddrPort(address.Host)
	if err != nil || !host.Addr().IsLoopback() || endpoint != "http://"+host.String() {
		return nil, fmt.Errorf("the engine is at %q: want http, a numeric loopback address, a port and nothing else, such as http://127.0.0.1:4566", endpoint)
	}
	config := aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(accountID, "not-a-secret", ""),
		HTTPClient:   loopbackClient,
	}
	return &account{
		endpoint:       endpoint,
		fingerprints:   map[string]bool{},
		config:         config,
		acm:            acm.NewFromConfig(config),
		cloudFormation: cloudformation.NewFromConfig(config),
		cloudFront:     cloudfront.NewFromConfig(config),
		iam:            iam.NewFromConfig(config),
		kms:            kms.NewFromConfig(config),
		lambda:         lambda.NewFromConfig(config),
		logs:           cloudwatchlogs.NewFromConfig(config),
		route53:        route53.NewFromConfig(config),
		s3:             s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }),
		secrets:        secretsmanager.NewFromConfig(config),
		ssm:            ssm.NewFromConfig(config),
	}, nil
}

// loopbackClient dials the loopback interface alone.
var loopbackClient = &http.Client{Transport: &http.Transport{
	DialContext: (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, err := netip.ParseAddrPort(address)
		if err != nil || !host.Addr().IsLoopback() {
			return fmt.Errorf("%s is not an address of the loopback interface", address)
		}
		return nil
	}}).DialContext,
	MaxIdleConnsPerHost: 16,
}}

// answers waits until the engine answers. It fails if the engine ends.
func (a *account) answers(ended <-chan struct{}) error {
	for {
		response, err := loopbackClient.Get(a.endpoint + "/_ministack/health")
		if err == nil {
			response.Body.Close()
			return nil
		}
		select {
		case <-ended:
			return errors.New("it has ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// environment returns the environment of a program that uses the account: the machine's,
// without its settings for AWS and the CDK, and the account's own.
func (a *account) environment(t *testing.T) []string {
	t.Helper()
	home := filepath.Join(a.scratch, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	return append(goEnvironment(t, withoutSettings(os.Environ())),
		"HOME="+home, "CDK_HOME="+home, "TMPDIR="+a.scratch,
		"AWS_ENDPOINT_URL="+a.endpoint,
		"AWS_ACCESS_KEY_ID="+accountID,
		"AWS_SECRET_ACCESS_KEY=not-a-secret",
		"AWS_REGION="+region,
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"CDK_DISABLE_CLI_TELEMETRY=1",
		"CDK_VALIDATION=false",
		"JSII_RUNTIME_PACKAGE_CACHE_ROOT="+filepath.Join(a.cache, "jsii"),
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20",
		"AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true",
		// A proxy serves downloads alone.
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
	)
}

// withoutSettings returns environ without the variables that AWS's tools read.
func withoutSettings(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		switch prefix, _, _ := strings.Cut(name, "_"); prefix {
		case "AWS", "AMAZON", "BOTO", "CDK", "JSII", "MINISTACK", "LOCALSTACK":
		default:
			kept = append(kept, variable)
		}
	}
	return kept
}

// goEnvironment returns environ with Go's own folders and settings, for a program with
// another home.
func goEnvironment(t *testing.T, environ []string) []string {
	t.Helper()
	names := []string{"GOENV", "GOPATH", "GOMODCACHE", "GOCACHE"}
	values := strings.Split(strings.TrimSpace(run(t, "go", append([]string{"env"}, names...)...)), "\n")
	for i, name := range names {
		environ = append(environ, name+"="+values[i])
	}
	return environ
}
