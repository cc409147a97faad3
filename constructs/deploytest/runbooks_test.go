package deploytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/signedfront/signedfront/signer"
)

// picture is the object that viewers open.
const picture = "albums/rt 1.png"

// TestTheRunbooks plants each accident of RUNBOOKS.md in an account of its own, checks
// that status finds it, and mends it by the commands of the page. Each accident starts
// where the one before it ended.
func TestTheRunbooks(t *testing.T) {
	find(t, "jq", "install jq, as with `apt-get install jq`")
	a := openAccount(t)
	defer a.searchForKeys(t)
	defer a.report(t)
	a.bootstrap(t)
	p := a.clone(t)
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		environments[protected] = map[string]any{
			"account": accountID, "region": region,
			"signingKeys": map[string]any{"keys": map[string]any{"1": map[string]any{}, "2": map[string]any{}}, "current": 1},
		}
		environments["dev"] = map[string]any{"ephemeral": true, "lendKeys": true}
		environments["pr-*"] = map[string]any{"ephemeral": true, "originAccess": "oac", "signingKeys": map[string]any{"from": "dev"}}
	})
	p.deploy(t, protected)
	p.later(t)
	writeFile(t, p.backup(t), []byte("a picture"))
	p.upload(t, p.physicalID(t, protected, "AWS::S3::Bucket"))
	p.wantHealthy(t, protected)

	for _, accident := range []struct {
		name string
		run  func(*app, *testing.T)
	}{
		{"a viewer is refused", (*app).refusesOne},
		{"every viewer is refused", (*app).refusesAll},
		{"a key is known to others", (*app).hasAKeyThatOthersKnow},
		{"a secret is lost", (*app).losesASecret},
		{"a stack is in UPDATE_ROLLBACK_FAILED", (*app).cannotGoBack},
		{"a bucket was deleted", (*app).losesItsBucket},
		{"an account is handed over", (*app).isHandedOver},
		{"a pull request's stack is stuck", (*app).isStuck},
	} {
		if !t.Run(accident.name, func(t *testing.T) { accident.run(p, t) }) {
			break
		}
	}
}

// The page has a section for each accident of the list above, and one whose accidents are
// not planted, with all the parts that a reader needs.
func TestThePageOfRunbooksHasTheAccidentsThatAreTested(t *testing.T) {
	page, err := os.ReadFile("../RUNBOOKS.md")
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for line := range strings.Lines(string(page)) {
		if heading, is := strings.CutPrefix(line, "## "); is {
			headings = append(headings, strings.TrimSpace(heading))
		}
	}
	want := []string{
		"A viewer is refused", "Every viewer is refused", "Strangers can open objects", "A key is known to others", "A secret is lost",
		"A stack is in UPDATE_ROLLBACK_FAILED", "A bucket was deleted", "A pull request's stack is stuck", "An account is handed over", "What is tested",
	}
	if !slices.Equal(headings, want) {
		t.Fatalf("the page has the sections %q, want %q", headings, want)
	}
	for _, heading := range want[:len(want)-1] {
		text, blocks := section(t, "RUNBOOKS.md", "## "+heading)
		for _, part := range []string{"**How you see it.**", "**What it costs viewers.**", "**It is over**"} {
			if strings.Count(text, part) != 1 {
				t.Errorf("%q has %d of %s", heading, strings.Count(text, part), part)
			}
		}
		if len(blocks) == 0 {
			t.Errorf("%q has no commands", heading)
		}
	}
}

// A command that cannot reach AWS, or has no valid credentials, exits with 1 or 255.
func TestTheRunbooksTakeNoFailedCallForTheEndOfAnAccident(t *testing.T) {
	for _, command := range []struct {
		section, line, program, over string
		ends                         string // the exit status that means that it is over
	}{
		{"## A key is known to others", "signedfront explain", "signedfront", "refused\n", "3"},
		{"## A pull request's stack is stuck", "echo gone", "aws", "gone\n", "0"},
	} {
		text, _ := section(t, "RUNBOOKS.md", command.section)
		line := lineWith(t, text, command.line)
		for _, status := range []string{"0", "1", "3", "254", "255"} {
			said := withProgram(t, command.program, "exit "+status, line)
			if want := status == command.ends; (said == command.over) != want {
				t.Errorf("%s exits with %s, and the page says %q:\n%s", command.program, status, said, line)
			}
		}
	}
}

// AWS returns 50 versions a page, and --query with --output text looks at each page by
// itself.
func TestTheRunbooksRestoreTheDocumentOfAnyNumberOfVersions(t *testing.T) {
	find(t, "jq", "install jq, as with `apt-get install jq`")
	_, blocks := section(t, "RUNBOOKS.md", "### The deployment document")
	for _, versions := range []int{0, 1, 2, 50, 51, 52, 100} {
		var all []map[string]any
		var pages []string
		for i := range versions {
			all = append(all, map[string]any{"Version": i + 1, "Value": fmt.Sprintf("<%d>", i+1)})
			if i%50 == 48 || i == versions-2 {
				pages = append(pages, fmt.Sprintf("<%d>", i+1))
			}
		}
		history, err := json.Marshal(map[string]any{"Parameters": all})
		if err != nil {
			t.Fatal(err)
		}
		said := withProgram(t, "aws", fmt.Sprintf(`case "$*" in
*put-parameter*) cat document.json ;;
*"--output json"*) echo '%s' ;;
*Value*) printf '%%s\n' '%s' ;;
esac`, history, strings.Join(pages, "\n")), blocks[0])
		want := ""
		if versions > 1 {
			want = fmt.Sprintf("<%d>", versions-1)
		}
		if said != want {
			t.Errorf("of %d versions it restores %q, want %q", versions, said, want)
		}
	}
}

func TestTheRunbooksRestoreTheSignaturesOfTheTemplate(t *testing.T) {
	find(t, "jq", "install jq, as with `apt-get install jq`")
	_, blocks := section(t, "RUNBOOKS.md", "### The cache behaviors")
	type object = map[string]any
	trusting := func(groups ...string) object {
		if len(groups) == 0 {
			return object{"Enabled": false, "Quantity": 0}
		}
		return object{"Enabled": true, "Quantity": len(groups), "Items": groups}
	}
	behavior := func(pattern string, groups ...string) object {
		return object{"PathPattern": pattern, "TargetOriginId": "content", "TrustedKeyGroups": trusting(groups...), "TrustedSigners": trusting()}
	}
	ofAccounts := behavior("*.ico")
	ofAccounts["TrustedSigners"] = trusting("self")
	list := func(behaviors []object) object {
		if len(behaviors) == 0 {
			return object{"Quantity": 0}
		}
		return object{"Quantity": len(behaviors), "Items": behaviors}
	}
	const own = "own-group"
	for name, test := range map[string]struct {
		template, first string   // the golden file, and the default behavior's group
		live, want      []object // the other behaviors
	}{
		"a template of every setting": {
			"everything", "foreign",
			[]object{
				behavior("/*.mp4"), behavior("/assets/*", own), behavior("/assets/premium/*"), behavior("/assets/beta/*", own, "foreign"), behavior("/errors/denied.html"), ofAccounts,
			},
			[]object{
				behavior("/assets/premium/*", own), behavior("/assets/beta/*", own), behavior("/errors/denied.html"), behavior("/assets/*"), behavior("*.ico"),
			},
		},
		"a template at the defaults": {"dev", "foreign", []object{behavior("/*.mp4")}, nil},
		"nothing was added":          {"dev", own, nil, nil},
	} {
		live := object{"Comment": "kept", "DefaultCacheBehavior": object{"TrustedKeyGroups": trusting(test.first), "TrustedSigners": trusting("self")}, "CacheBehaviors": list(test.live)}
		text, err := json.Marshal(object{"ETag": "E1", "DistributionConfig": live})
		if err != nil {
			t.Fatal(err)
		}
		template, err := filepath.Abs("../testdata/" + test.template + ".template.json")
		if err != nil {
			t.Fatal(err)
		}
		said := withProgram(t, "aws", fmt.Sprintf(`case "$*" in
*" get-template "*) cat '%s' ;;
*" get-distribution-config "*) echo '%s' ;;
*" update-distribution "*"--if-match E1 "*) cat config.json ;;
esac`, template, text), "group="+own+" distribution=E1\n"+blocks[0])
		live["DefaultCacheBehavior"] = object{"TrustedKeyGroups": trusting(own), "TrustedSigners": trusting()}
		live["CacheBehaviors"] = list(test.want)
		want, err := json.Marshal(live)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { wantSameJSON(t, said, string(want)) })
	}
}

// withProgram runs commands of the page with a script in place of a program, and returns
// their standard output.
func withProgram(t *testing.T, name, script, commands string) string {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, name)
	writeFile(t, file, []byte("#!/bin/sh\n"+script+"\n"))
	if err := os.Chmod(file, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", commands)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "environment=prod", "stack=media-prod", "url=https://d111111abcdef8.cloudfront.net/rt.png")
	said, err := cmd.Output()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(said)
}

// runbook is a section of the page.
type runbook struct {
	*app
	text     string
	blocks   []string // of commands
	settings []string // JSON of cdk.json
	before   string   // commands that go before each block
}

// runbook reads a section, which must have these numbers of blocks of commands and of
// settings.
func (p *app) runbook(t *testing.T, heading string, blocks, settings int) *runbook {
	t.Helper()
	page, err := os.ReadFile("../RUNBOOKS.md")
	if err != nil {
		t.Fatal(err)
	}
	opening, _, _ := strings.Cut(string(page), "\n## ")
	r := &runbook{app: p, before: fenced(opening, "sh")[0]}
	r.text, r.blocks = section(t, "RUNBOOKS.md", heading)
	r.settings = fenced(r.text, "json")
	if len(r.blocks) != blocks || len(r.settings) != settings {
		t.Fatalf("%q has %d blocks of commands and %d of settings, want %d and %d", heading, len(r.blocks), len(r.settings), blocks, settings)
	}
	return r
}

// takes runs a block, which must succeed, and returns its output.
func (r *runbook) takes(t *testing.T, block int, variables ...string) string {
	t.Helper()
	said, err := r.paste(t, r.before+r.blocks[block], variables...)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, r.blocks[block], said)
	}
	return said
}

// fails runs a block, which must fail with says in its output, and returns the output.
func (r *runbook) fails(t *testing.T, block int, says string, variables ...string) string {
	t.Helper()
	said, err := r.paste(t, r.before+r.blocks[block], variables...)
	if err == nil || !strings.Contains(said, says) {
		t.Fatalf("%v, want a failure that says %q:\n%s\n%s", err, says, r.blocks[block], said)
	}
	return said
}

// writes adds settings of the page to cdk.json.
func (r *runbook) writes(t *testing.T, block int) {
	t.Helper()
	var settings map[string]any
	if err := json.Unmarshal([]byte("{"+r.settings[block]+"}"), &settings); err != nil {
		t.Fatal(err)
	}
	r.configure(t, func(environments map[string]any) { maps.Copy(environments[protected].(map[string]any), settings) })
}

// sees checks that status has the finding, and that the table at the top of the page
// links the check to the section.
func (r *runbook) sees(t *testing.T, environment, check, says, section string) {
	t.Helper()
	r.wantFound(t, environment, check, says)
	page, err := os.ReadFile("../RUNBOOKS.md")
	if err != nil {
		t.Fatal(err)
	}
	opening, _, _ := strings.Cut(string(page), "\n## ")
	for row := range strings.Lines(opening) {
		if strings.HasPrefix(row, "| ") && strings.Contains(row, "`"+check+"`") && strings.Contains(row, "["+section+"](") {
			return
		}
	}
	t.Errorf("no row of the page's table leads from %s to %q", check, section)
}

// backup returns the name of a backup's file, in a folder with the layout of the bucket.
func (p *app) backup(t *testing.T) string {
	t.Helper()
	file := filepath.Join(p.scratch, "backup", filepath.FromSlash(picture))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

func (p *app) upload(t *testing.T, bucket string) {
	t.Helper()
	if _, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(picture), Body: strings.NewReader("a picture")}); err != nil {
		t.Fatal(err)
	}
}

// wantOpened checks that the last download by the page's commands is the picture.
func (p *app) wantOpened(t *testing.T) {
	t.Helper()
	file := filepath.Join(p.folder, "opened")
	if got, err := os.ReadFile(file); err != nil || string(got) != "a picture" {
		t.Errorf("%q was opened: %v", got, err)
	}
	os.Remove(file)
}

func (p *app) refusesOne(t *testing.T) {
	r := p.runbook(t, "## A viewer is refused", 3, 0)
	good := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", protected, "--ttl", "1h", picture))
	expired := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", protected, "--ttl", "1s", picture))
	id := p.physicalIDOf(t, protected, "AWS::CloudFront::PublicKey", "ContentSigningKey1")
	unsigned, _, _ := strings.Cut(good, "?")
	time.Sleep(2 * time.Second)
	for reason, url := range map[string]string{
		"expired at …": expired,
		"the key pair id, …, is not among the trusted keys …": strings.Replace(good, id, "K2JCJMDEHXQW5F", 1),
		"the signature is not that of key …":                  strings.Replace(good, ".png", ".jpg", 1),
		"the request is not signed: …":                        unsigned,
	} {
		if !strings.Contains(r.text, "| `"+reason+"` |") {
			t.Errorf("the page has no row for %q", reason)
		}
		parts := strings.Split(reason, "…")
		said := r.fails(t, 0, "reason      "+parts[0], "url="+url)
		for _, part := range parts {
			if !strings.Contains(said, part) {
				t.Errorf("explain says no %q:\n%s", part, said)
			}
		}
	}
	if said := r.takes(t, 0, "url="+good); !strings.Contains(said, "verdict     allowed\n") || strings.Contains(said, "fault") {
		t.Errorf("of a good URL:\n%s", said)
	}
	r.takes(t, 1, "key="+picture)
	r.fails(t, 1, "404", "key="+picture+"x")
	r.takes(t, 2, "key="+picture)
	p.wantOpened(t)
}

func (p *app) refusesAll(t *testing.T) {
	ctx := t.Context()
	const here = "Every viewer is refused"
	all := p.runbook(t, "## "+here, 2, 0)
	part := func(heading string, blocks int) *runbook {
		t.Helper()
		r := p.runbook(t, heading, blocks, 0)
		r.before += all.blocks[0]
		return r
	}
	isOver := func() {
		t.Helper()
		all.takes(t, 1, "key="+picture)
		p.wantOpened(t)
	}

	policy := part("### The bucket policy", 2)
	bucket := p.physicalID(t, protected, "AWS::S3::Bucket")
	was := p.policyOf(t, bucket)
	text := strings.ReplaceAll(was, bucket+"/*", bucket+"/")
	if _, err := p.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &text}); err != nil {
		t.Fatal(err)
	}
	policy.sees(t, protected, "bucket-policy", "which is no object", here)
	all.fails(t, 1, "bucket-policy", "key="+picture)
	if said := p.run(t, p.signedfront, "explain", "--env", protected, strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", protected, picture))); !strings.Contains(said, "fault ") {
		t.Errorf("explain names no fault of the deployment:\n%s", said)
	}
	policy.takes(t, 0)
	wantSameJSON(t, p.policyOf(t, bucket), was)
	isOver()

	group := part("### The key group", 1)
	id := p.physicalID(t, protected, "AWS::CloudFront::KeyGroup")
	keys := p.keysOfGroup(t, id)
	current := p.physicalIDOf(t, protected, "AWS::CloudFront::PublicKey", "ContentSigningKey1")
	p.setKeysOfGroup(t, id, slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == current }))
	group.sees(t, protected, "trusted", "signers sign with "+current, here)
	group.takes(t, 0)
	if now := p.keysOfGroup(t, id); !slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(keys))) {
		t.Errorf("the key group had %q, has %q", keys, now)
	}
	isOver()

	document := part("### The deployment document", 1)
	name := "/signedfront/" + project + "/" + protected
	right, err := p.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	was = *right.Parameter.Value
	wrong := strings.Replace(was, ".cloudfront.net", ".example.net", 1)
	if _, err := p.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: &wrong, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	document.sees(t, protected, "served", ".example.net", here)
	document.takes(t, 0)
	if right, err = p.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &name}); err != nil || strings.TrimSpace(*right.Parameter.Value) != was {
		t.Errorf("the document is not what it was: %v", err)
	}
	isOver()

	distribution := part("### The distribution", 1)
	p.enable(t, p.physicalID(t, protected, "AWS::CloudFront::Distribution"), false)
	distribution.sees(t, protected, "distribution", "is disabled", here)
	distribution.takes(t, 0)
	isOver()
	// The page says that the same setting closes an environment.
	if !strings.Contains(distribution.text, "`.Enabled = false`") {
		t.Error("the page does not say how an environment is closed")
	}
	open := distribution.blocks[0]
	distribution.blocks[0] = strings.Replace(open, ".Enabled = true", ".Enabled = false", 1)
	distribution.takes(t, 0)
	p.wantFound(t, protected, "distribution", "is disabled")
	distribution.blocks[0] = open
	distribution.takes(t, 0)
	isOver()

	deleted := part("### What was deleted", 1)
	const option = "--revert-drift"
	if help, err := p.cdk(t, p.folder, "deploy", "--help"); err != nil || !strings.Contains(help, option) || !strings.Contains(deleted.blocks[0], option) {
		t.Errorf("the command line does not know %s: %v\n%s", option, err, help)
	}
}

func (p *app) hasAKeyThatOthersKnow(t *testing.T) {
	r := p.runbook(t, "## A key is known to others", 3, 2)
	url := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", protected, "--ttl", "1h", picture))
	r.writes(t, 0)
	r.takes(t, 0)
	p.wantAllowedIn(t, protected, url, true)
	r.writes(t, 1)
	r.takes(t, 1)
	if said := r.takes(t, 2, "url="+url); !strings.Contains(said, "verdict     denied") || !strings.Contains(said, "\nrefused\n") || !strings.Contains(said, "healthy: nothing is wrong") {
		t.Errorf("it is not over:\n%s", said)
	}
	p.wantAllowedIn(t, protected, url, false)
	p.checkGenerations(t, protected, 2)
	p.checkSigning(t, protected)
}

func (p *app) losesASecret(t *testing.T) {
	r := p.runbook(t, "## A secret is lost", 4, 2)
	const here = "A secret is lost"
	document, err := p.document(t.Context(), "/signedfront/"+project+"/"+protected)
	if err != nil {
		t.Fatal(err)
	}
	secret := document.Key.SecretARN
	if _, err := p.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &secret, RecoveryWindowInDays: aws.Int64(7)}); err != nil {
		t.Fatal(err)
	}
	r.sees(t, protected, "secret", "has been scheduled for deletion since", here)
	r.takes(t, 0)
	r.takes(t, 3, "key="+picture)

	if _, err := p.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &secret, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	r.sees(t, protected, "secret", "is gone", here)
	r.fails(t, 3, "secret", "key="+picture)
	r.writes(t, 0)
	r.takes(t, 1)
	r.wantFound(t, protected, "secret", "is gone")
	p.checkSigning(t, protected)
	r.writes(t, 1)
	r.takes(t, 2)
	if said := r.takes(t, 3, "key="+picture); !strings.Contains(said, "healthy: nothing is wrong") || !strings.Contains(said, "verdict     allowed") {
		t.Errorf("it is not over:\n%s", said)
	}
	p.checkGenerations(t, protected, 2)
}

func (p *app) cannotGoBack(t *testing.T) {
	r := p.runbook(t, "## A stack is in UPDATE_ROLLBACK_FAILED", 3, 0)
	const parameter = "AWS::SSM::Parameter"
	p.configure(t, func(environments map[string]any) { environments[protected].(map[string]any)["maxKeyAge"] = "30m" })
	stuck := filepath.Join(p.scratch, "fail-going-back")
	writeFile(t, stuck, []byte(parameter))
	writeFile(t, filepath.Join(p.scratch, "fail-after-once"), []byte(parameter))
	if said, err := p.paste(t, r.before+lineWith(t, r.blocks[2], " deploy ")); err == nil {
		t.Fatalf("the deployment does not fail:\n%s", said)
	}
	p.later(t)
	p.wantStatus(t, protected, "UPDATE_ROLLBACK_FAILED")
	r.sees(t, protected, "stack", "UPDATE_ROLLBACK_FAILED", "A stack is in UPDATE_ROLLBACK_FAILED")
	// The deployed environment still serves.
	if answer := p.view(t, strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", protected, picture))); answer.StatusCode != 200 {
		t.Errorf("the object is answered with %s", answer.Status)
	}
	if said := r.takes(t, 0); !strings.Contains(said, "DeploymentDocument") || !strings.Contains(said, "does not go back") {
		t.Errorf("the events do not say what failed:\n%s", said)
	}
	// The rollback fails again until its cause is mended.
	r.fails(t, 1, "UPDATE_ROLLBACK_FAILED")
	if err := os.Remove(stuck); err != nil {
		t.Fatal(err)
	}
	r.takes(t, 1)
	p.wantStatus(t, protected, "UPDATE_ROLLBACK_COMPLETE")
	if said := r.takes(t, 2); !strings.Contains(said, "UPDATE_ROLLBACK_COMPLETE") || !strings.Contains(said, "healthy: nothing is wrong") {
		t.Errorf("it is not over:\n%s", said)
	}
	p.wantStatus(t, protected, "UPDATE_COMPLETE")
	p.checkSigning(t, protected)
}

func (p *app) losesItsBucket(t *testing.T) {
	r := p.runbook(t, "## A bucket was deleted", 3, 0)
	all := p.runbook(t, "## Every viewer is refused", 2, 0)
	bucket := p.physicalID(t, protected, "AWS::S3::Bucket")
	before := p.bucketSettings(t, bucket)
	p.deleteBucket(t, bucket)
	r.sees(t, protected, "bucket", "is gone", "A bucket was deleted")
	r.fails(t, 2, "bucket: ", "key="+picture)

	r.takes(t, 0)
	r.wantFound(t, protected, "bucket-policy", "has no policy")
	policy := p.runbook(t, "### The bucket policy", 2, 0)
	policy.before += all.blocks[0]
	policy.takes(t, 0)
	r.takes(t, 1, "backup="+filepath.Join(p.scratch, "backup"), "bucket="+bucket)
	if after := p.bucketSettings(t, bucket); after != before {
		t.Errorf("the bucket was\n%s\nand is\n%s", before, after)
	}
	r.takes(t, 2, "key="+picture)
	p.wantOpened(t)
	drift := lineWith(t, strings.ReplaceAll(r.text, "`", "\n"), "npx --yes aws-cdk")
	if said, err := p.paste(t, r.before+drift); err != nil || !strings.Contains(said, "drift") {
		t.Errorf("what differs: %v\n%s", err, said)
	}
}

func (p *app) isStuck(t *testing.T) {
	const here = "A pull request's stack is stuck"
	r := p.runbook(t, "## "+here, 5, 0)
	r.before += strings.Join(strings.SplitAfter(r.blocks[0], "\n")[:2], "") // the lines that set the names
	p.deploy(t, "dev")
	p.deploy(t, borrower, onlyTheBorrower...)
	p.later(t)
	r.takes(t, 0)
	p.hasAccidentsOfALender(t)

	stack := stackName(borrower)
	p.deleteFailing(t, stack, "AWS::S3::BucketPolicy")
	r.sees(t, borrower, "stack", "is DELETE_FAILED", here)
	r.fails(t, 0, "DELETE_FAILED")
	if said := r.takes(t, 1); !strings.Contains(said, "is not deleted once") {
		t.Errorf("the events do not say what failed:\n%s", said)
	}
	r.takes(t, 2)
	if said := r.takes(t, 4); !strings.HasSuffix(said, "gone\n") {
		t.Errorf("it is not over:\n%s", said)
	}

	p.deploy(t, borrower, onlyTheBorrower...)
	bucket := p.physicalID(t, borrower, "AWS::S3::Bucket")
	p.deleteFailing(t, stack, "AWS::S3::Bucket")
	writeFile(t, filepath.Join(p.scratch, "fail-delete-once"), []byte("AWS::S3::Bucket"))
	if said := r.takes(t, 3); !strings.Contains(said, bucket) {
		t.Errorf("it does not list what stays, the bucket %s:\n%s", bucket, said)
	}
	if said := r.takes(t, 4); !strings.HasSuffix(said, "gone\n") {
		t.Errorf("it is not over:\n%s", said)
	}
	os.Remove(filepath.Join(p.scratch, "fail-delete-once"))
	if _, err := p.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
		t.Errorf("the bucket in the way: %v", err)
	}
}

// hasAccidentsOfALender deletes and changes what a borrower uses of its lender.
func (p *app) hasAccidentsOfALender(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	p.wantHealthy(t, borrower)
	answer, err := p.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(lender)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(lender)}); err != nil {
		t.Fatal(err)
	}
	p.wantFound(t, borrower, "lender", "is gone: there is no parameter "+lender)
	if _, err := p.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String(lender), Value: answer.Parameter.Value, Type: ssmtypes.ParameterTypeString}); err != nil {
		t.Fatal(err)
	}

	// The lender's key group has an unknown key alone.
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.cloudFront.CreatePublicKey(ctx, &cloudfront.CreatePublicKeyInput{PublicKeyConfig: &cloudfronttypes.PublicKeyConfig{
		CallerReference: aws.String("nobody's"), Name: aws.String("nobodys"), EncodedKey: aws.String(string(key.PublicKey().PEM())),
	}})
	if err != nil {
		t.Fatal(err)
	}
	group := p.physicalID(t, "dev", "AWS::CloudFront::KeyGroup")
	own := p.keysOfGroup(t, group)
	p.setKeysOfGroup(t, group, []string{*made.PublicKey.Id})
	p.wantFound(t, borrower, "trusted", "does not have it")
	all := p.runbook(t, "## Every viewer is refused", 2, 0)
	mend := p.runbook(t, "### The key group", 1, 0)
	mend.before += "environment=dev\nstack=" + stackName("dev") + "\n" + all.blocks[0]
	mend.takes(t, 0)
	p.wantHealthy(t, borrower)
	p.setKeysOfGroup(t, group, own)

	// An environment with an access control has another bucket policy.
	policy := p.runbook(t, "### The bucket policy", 2, 0)
	policy.before += "environment=" + borrower + "\nstack=" + stackName(borrower) + "\n" + all.blocks[0]
	bucket := p.physicalID(t, borrower, "AWS::S3::Bucket")
	was := p.policyOf(t, bucket)
	if _, err := p.s3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	p.wantFound(t, borrower, "bucket-policy", "has no policy")
	policy.takes(t, 1)
	wantSameJSON(t, p.policyOf(t, bucket), was)
	p.wantHealthy(t, borrower)
}

func (p *app) isHandedOver(t *testing.T) {
	r := p.runbook(t, "## An account is handed over", 4, 0)
	ctx := t.Context()
	const former = "former"
	policy := p.physicalID(t, protected, "AWS::IAM::ManagedPolicy")
	if _, err := p.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(former), AssumeRolePolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": []}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(former), PolicyArn: &policy}); err != nil {
		t.Fatal(err)
	}
	said := r.takes(t, 0)
	for _, who := range append(p.keysOfGroup(t, p.physicalID(t, protected, "AWS::CloudFront::KeyGroup")), former) {
		if !strings.Contains(said, who) {
			t.Errorf("%s is not listed:\n%s", who, said)
		}
	}
	r.before += r.blocks[0]
	r.takes(t, 1)
	if said := r.takes(t, 2); !strings.Contains(said, "(no changes)") {
		t.Errorf("the new owners' clone changes something:\n%s", said)
	}
	r.before = strings.Replace(r.before, "aws iam list-entities-for-policy", ": aws iam list-entities-for-policy", 1)
	if said := r.takes(t, 3); strings.Contains(said, former) || !strings.Contains(said, "healthy: nothing is wrong") {
		t.Errorf("it is not over:\n%s", said)
	}
}

// physicalIDOf returns the physical id of the resource of a type whose logical id starts
// with logicalID.
func (p *app) physicalIDOf(t *testing.T, environment, kind, logicalID string) string {
	t.Helper()
	for id, r := range p.resources(t, stackName(environment)) {
		if r.Type == kind && strings.HasPrefix(id, logicalID) {
			return r.physicalID
		}
	}
	t.Fatalf("%s has no %s that is called %s", environment, kind, logicalID)
	return ""
}

// wantAllowedIn checks whether the trusted keys of an environment's distribution verify
// a URL.
func (p *app) wantAllowedIn(t *testing.T, environment, url string, allowed bool) {
	t.Helper()
	trusted, err := p.trustedKeys(t.Context(), p.physicalID(t, environment, "AWS::CloudFront::Distribution"))
	if err != nil {
		t.Fatal(err)
	}
	if v := signer.Verify(signer.Request{URL: url, Time: time.Now()}, trusted); v.Allowed != allowed {
		t.Errorf("allowed is %t: %s", v.Allowed, v.Detail)
	}
}

func (a *account) policyOf(t *testing.T, bucket string) string {
	t.Helper()
	answer, err := a.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	return *answer.Policy
}

// bucketSettings returns the settings that the shipped template gives a bucket, and the
// bucket policy.
func (a *account) bucketSettings(t *testing.T, bucket string) string {
	t.Helper()
	ctx := t.Context()
	versioning, err := a.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	blocked, err := a.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	encryption, err := a.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{versioning.Status, blocked.PublicAccessBlockConfiguration, encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault, canonical(t, a.policyOf(t, bucket))})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// deleteBucket deletes a bucket and its content, as a person does by hand.
func (a *account) deleteBucket(t *testing.T, bucket string) {
	t.Helper()
	ctx := t.Context()
	versions, err := a.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	var all []s3types.ObjectIdentifier
	for _, version := range versions.Versions {
		all = append(all, s3types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
	}
	if _, err := a.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: all}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
}

func (a *account) keysOfGroup(t *testing.T, group string) []string {
	t.Helper()
	answer, err := a.cloudFront.GetKeyGroup(t.Context(), &cloudfront.GetKeyGroupInput{Id: &group})
	if err != nil {
		t.Fatal(err)
	}
	return answer.KeyGroup.KeyGroupConfig.Items
}

func (a *account) setKeysOfGroup(t *testing.T, group string, keys []string) {
	t.Helper()
	now, err := a.cloudFront.GetKeyGroup(t.Context(), &cloudfront.GetKeyGroupInput{Id: &group})
	if err != nil {
		t.Fatal(err)
	}
	config := *now.KeyGroup.KeyGroupConfig
	config.Items = keys
	if _, err := a.cloudFront.UpdateKeyGroup(t.Context(), &cloudfront.UpdateKeyGroupInput{Id: &group, IfMatch: now.ETag, KeyGroupConfig: &config}); err != nil {
		t.Fatal(err)
	}
}

// enable enables or disables a distribution.
func (a *account) enable(t *testing.T, distribution string, enabled bool) {
	t.Helper()
	now, err := a.cloudFront.GetDistributionConfig(t.Context(), &cloudfront.GetDistributionConfigInput{Id: &distribution})
	if err != nil {
		t.Fatal(err)
	}
	now.DistributionConfig.Enabled = &enabled
	if _, err := a.cloudFront.UpdateDistribution(t.Context(), &cloudfront.UpdateDistributionInput{Id: &distribution, IfMatch: now.ETag, DistributionConfig: now.DistributionConfig}); err != nil {
		t.Fatal(err)
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	again, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

func wantSameJSON(t *testing.T, got, want string) {
	t.Helper()
	if canonical(t, got) != canonical(t, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
