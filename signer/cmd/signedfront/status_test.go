package main_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

// inAccount sets the environment so that programs use account a, and returns the folder
// to run them in.
func inAccount(t *testing.T, a *statustest.Account) (dir string) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	dir = t.TempDir()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": statustest.Region, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": filepath.Join(dir, "aws"), "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return dir
}

func TestTheExitStatusOfStatusSaysWhatItFound(t *testing.T) {
	for name, test := range map[string]struct {
		change func(a *statustest.Account)
		status int
		out    string
		err    string
	}{
		"healthy":       {func(*statustest.Account) {}, 0, "healthy: nothing is wrong", ""},
		"a lost secret": {func(a *statustest.Account) { delete(a.Secrets, a.SecretARN) }, 3, "secret: the secret ", ""},
		"a right that is missing": {func(a *statustest.Account) { a.Fail["s3:GetBucketPolicy"] = "AccessDenied" }, 1,
			"bucket policy: these credentials may not use s3:GetBucketPolicy", "error: not everything could be read"},
		"a right that no finding needs": {func(a *statustest.Account) { a.Fail["cloudfront:ListPublicKeys"] = "AccessDenied" }, 0, "may not use cloudfront:ListPublicKeys", ""},
		"no such environment":           {func(a *statustest.Account) { a.Parameters, a.Stacks = nil, nil }, 1, "", "there is no such environment"},
		"expired credentials":           {func(a *statustest.Account) { a.Fail["*"] = "ExpiredToken" }, 1, "", "hint: sign in again with `aws sso login`"},
		"no rights at all":              {func(a *statustest.Account) { a.Fail["*"] = "AccessDenied" }, 1, "may not use ssm:GetParameter", "error: not everything could be read"},
		"throttling":                    {func(a *statustest.Account) { a.Fail["cloudformation:ListStackResources"] = "Throttling" }, 1, "try again in a minute", "error: not everything could be read"},
	} {
		t.Run(name, func(t *testing.T) {
			a := statustest.Healthy("shipped")
			test.change(a)
			p := run(t, inAccount(t, a), "status", "--env", "dev", "--project", "media")
			if p.status() != test.status {
				t.Errorf("exit status %d, want %d", p.status(), test.status)
			}
			if out := p.stdout.String(); !strings.Contains(out, test.out) || test.out == "" && out != "" {
				t.Errorf("on standard output: %s", out)
			}
			if said := p.stderr.String(); !strings.Contains(said, test.err) {
				t.Errorf("on standard error: %s", said)
			}
			if strings.Contains(p.stdout.String(), "\x1b") {
				t.Error("colors in a pipe")
			}
		})
	}
}

func TestStatusWithoutAnswersSaysWhatToDo(t *testing.T) {
	dir := inAccount(t, statustest.Empty())
	for name, test := range map[string]struct {
		set  map[string]string
		args string
		code int
		says string
	}{
		"no network":           {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "status --env dev", 1, "hint: check that AWS has this Region, and that this machine is online"},
		"a proxy that is down": {map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1", "AWS_ENDPOINT_URL": "https://aws.example"}, "status --env dev", 1, "through the proxy that HTTPS_PROXY names"},
		"no credentials":       {map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "status --env dev", 1, "no AWS credentials that work"},
		"no Region":            {map[string]string{"AWS_REGION": ""}, "status --env dev", 1, "no AWS Region is set"},
		"a wrong Region":       {nil, "status --env dev --region Ireland", 1, "which is not the name of one"},
		"a wrong profile":      {nil, "status --env dev --profile nope", 1, `there is no AWS profile "nope"`},
		"no environment":       {nil, "status", 2, "give --env NAME"},
		"an argument":          {nil, "status dev", 2, "want no argument"},
		"a wrong name":         {nil, "status --env a/b", 2, "--env is"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.set {
				t.Setenv(variable, value)
			}
			p := run(t, dir, strings.Fields(test.args)...)
			if p.status() != test.code || !strings.Contains(p.stderr.String(), test.says) || p.stdout.String() != "" {
				t.Errorf("exit status %d: %s%s", p.status(), p.stdout.String(), p.stderr.String())
			}
		})
	}
}

func TestThePageNamesTheMembersThatStatusPrints(t *testing.T) {
	page, err := os.ReadFile("STATUS.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				seen[name] = true
				walk(member)
			}
		case []any:
			for _, member := range value {
				walk(member)
			}
		}
	}
	for _, kind := range []string{"rotating", "borrower", "lender", "kms", "existing-bucket"} {
		a := statustest.Healthy(kind)
		a.Fail["cloudfront:ListPublicKeys"] = "AccessDenied"
		a.Buckets[a.BucketName].Blocked = false
		p := run(t, inAccount(t, a), "status", "--env", "dev", "--project", "media", "--json")
		var v any
		if err := json.Unmarshal([]byte(p.stdout.String()), &v); err != nil || p.status() != 3 {
			t.Fatalf("%s: %v, exit status %d: %s", kind, err, p.status(), p.stdout.String())
		}
		walk(v)
	}
	for name := range seen {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("STATUS.md does not name the member %s", name)
		}
	}
	if len(seen) < 45 {
		t.Errorf("%d members were seen", len(seen))
	}
}

// membersOf adds the JSON names of all fields of a type, also nested ones, to members.
func membersOf(kind reflect.Type, members map[string]bool) {
	switch kind.Kind() {
	case reflect.Pointer, reflect.Slice:
		membersOf(kind.Elem(), members)
	case reflect.Struct:
		for i := range kind.NumField() {
			if name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ","); name != "" {
				members[name] = true
				membersOf(kind.Field(i).Type, members)
			}
		}
	}
}

func TestThePageDescribesEachMemberOfTheJSONAndNoOther(t *testing.T) {
	page, err := os.ReadFile("STATUS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## The JSON")
	members := map[string]bool{}
	membersOf(reflect.TypeFor[status.Report](), members)
	for name := range members {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("the page does not describe the member %s", name)
		}
	}
	rows := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			rows++
			if !members[name[1]] {
				t.Errorf("the page describes the member %s, which does not exist", name[1])
			}
		}
	}
	if rows < 15 || !strings.Contains(table, fmt.Sprintf("| `schema` | %d |", status.Schema)) {
		t.Errorf("the page describes %d members, or not the version %d", rows, status.Schema)
	}
}

func TestProfileAndRegionChooseWhoIsAskedAndWhere(t *testing.T) {
	a := statustest.Healthy("shipped")
	dir := inAccount(t, a)
	writeFile(t, filepath.Join(dir, "aws"), "[profile reader]\naws_access_key_id = AKIDREADER\naws_secret_access_key = example\nregion = eu-central-1\n")
	t.Setenv("AWS_REGION", "")
	for _, args := range []string{"status --env dev --project media --profile reader", "status --env dev --project media --profile reader --region eu-west-1"} {
		p := run(t, dir, strings.Fields(args)...)
		region := "eu-central-1"
		if strings.Contains(args, "--region") {
			region = "eu-west-1"
		}
		if !strings.Contains(p.stdout.String(), "ENVIRONMENT  dev, "+region+",") {
			t.Errorf("%s: %s%s", args, p.stdout.String(), p.stderr.String())
		}
	}
	if users := a.Users(); len(users) != 1 || users[0] != "AKIDREADER" {
		t.Errorf("asked as %q", users)
	}
}

func TestEnvironmentsOfCdkJSONAreCompleted(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "cdk.json"), `{"context": {"environments": {"dev": {}, "demo": {}, "prod": {}, "pr-*": {}}}}`)
	for _, verb := range []string{"url", "cookies", "explain", "status", "local"} {
		p := run(t, dir, "__complete", verb, "--env", "d")
		if got := p.stdout.String(); !strings.HasPrefix(got, "demo\ndev\n:4") {
			t.Errorf("%s: %s", verb, got)
		}
	}
	if p := run(t, t.TempDir(), "__complete", "status", "--env", ""); !strings.HasPrefix(p.stdout.String(), ":4") {
		t.Errorf("without cdk.json: %s", p.stdout.String())
	}
}
