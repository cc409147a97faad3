package deploytest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// protected is the environment of PIPELINES.md that is not ephemeral. Its destruction
// keeps data, and it has both stacks in us-east-1.
const protected = "prod"

// refusal is CloudFormation's error for a protected stack.
const refusal = "cannot be deleted while TerminationProtection is enabled"

// failsProtected has the first deployment of a protected environment fail, and deploys
// it by the commands of PIPELINES.md. It runs after the scenarios that check for
// leftovers, because it bootstraps another Region.
func (p *app) failsProtected(t *testing.T) {
	if said, err := p.cdk(t, t.TempDir(), "bootstrap", "aws://"+accountID+"/"+usEast1); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	zone := p.hostedZone(t)
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		environments[protected] = map[string]any{
			"account": accountID, "region": region,
			"originAccess": "oac", "encryption": "kms", "accessLogs": map[string]any{"retention": "30d"},
			"domain": map[string]any{"names": domainNames, "hostedZone": map[string]any{"id": zone, "name": "example.com"}},
		}
	})
	page, blocks := section(t, "PIPELINES.md", "### The first deployment failed")
	if len(blocks) != 1 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	deploy := lineWith(t, blocks[0], " deploy ")

	writeFile(t, filepath.Join(p.scratch, "fail-once"), []byte("AWS::CloudFront::Distribution"))
	if said, err := p.paste(t, deploy); err == nil {
		t.Fatalf("the first deployment does not fail:\n%s", said)
	}
	p.wantStatus(t, protected, "ROLLBACK_COMPLETE")
	said, err := p.paste(t, deploy)
	if err == nil || !strings.Contains(said, refusal) || !strings.Contains(page, refusal) {
		t.Fatalf("the next deployment is not refused as the page says: %v\n%s", err, said)
	}
	if said, err := p.paste(t, blocks[0]); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	p.keepTemplates(t)
	p.wantProtected(t)
}

// protectedStacks returns the stacks of the protected environment, each with the account
// in its Region.
func (a *account) protectedStacks() map[string]*account {
	return map[string]*account{
		stackName(protected):                  a,
		stackName(protected) + "-certificate": a.in(usEast1),
		stackName(protected) + "-global":      a.in(usEast1),
	}
}

func (a *account) wantProtected(t *testing.T) {
	t.Helper()
	for name, account := range a.protectedStacks() {
		answer, err := account.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !aws.ToBool(answer.Stacks[0].EnableTerminationProtection) {
			t.Errorf("%s is not protected", name)
		}
	}
}

// isRemoved removes the protected environment by the commands of the page, and then what
// the removal kept.
func (p *app) isRemoved(t *testing.T) {
	_, blocks := section(t, "PIPELINES.md", "### Removing one")
	if len(blocks) != 3 {
		t.Fatalf("the page has %d blocks of commands, want three: to list what is kept, to destroy the stacks, to remove what was kept", len(blocks))
	}
	resources := func() map[string]*resource {
		t.Helper()
		all := map[string]*resource{}
		for name, account := range p.protectedStacks() {
			maps.Copy(all, account.checkResources(t, name))
		}
		return all
	}
	before := resources()
	bucket := ofType(before, "AWS::S3::Bucket")[0].physicalID
	key := ofType(before, "AWS::KMS::Key")[0].physicalID
	var log string // the log group of the access logs
	for _, group := range ofType(before, "AWS::Logs::LogGroup") {
		if strings.HasPrefix(group.physicalID, "/aws/vendedlogs/") {
			log = group.physicalID
		}
	}

	// Two versions of one object, and a deleted object.
	for _, key := range []string{"rt.png", "rt.png", `albums/"día" 1/a.png`} {
		if _, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(key)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(`albums/"día" 1/a.png`)}); err != nil {
		t.Fatal(err)
	}
	content := func() []string {
		t.Helper()
		answer, err := p.s3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, version := range answer.Versions {
			all = append(all, *version.Key+" "+*version.VersionId)
		}
		for _, marker := range answer.DeleteMarkers {
			all = append(all, *marker.Key+" "+*marker.VersionId+", deleted")
		}
		return all
	}
	stored := content()
	if len(stored) != 4 {
		t.Fatalf("the bucket has %q", stored)
	}

	said, err := p.paste(t, blocks[0]+`printf '%s\n' "$bucket" "$key" "$log"`)
	if err != nil || said != fmt.Sprintf("%s\n%s\n%s\n", bucket, key, log) {
		t.Fatalf("the commands that list what is kept: %v\n%s\nwant %s, %s and %s", err, said, bucket, key, log)
	}
	if said, err := p.paste(t, lineWith(t, blocks[1], " destroy ")); err == nil || !strings.Contains(said, refusal) {
		t.Fatalf("protected stacks are destroyed, or the output does not have the refusal: %v\n%s", err, said)
	}
	wantSame(t, identities(resources()), identities(before))

	if said, err := p.paste(t, blocks[1]); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for name, account := range p.protectedStacks() {
		if _, err := account.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name}); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if now := content(); !slices.Equal(now, stored) {
		t.Errorf("the bucket had %q, and has %q now", stored, now)
	}
	kept := []string{"bucket " + bucket, "KMS key " + key + ", " + string(kmstypes.KeyStateEnabled), "log group " + log}
	if left := p.leftoversInBoth(t); !slices.Equal(left, kept) {
		t.Errorf("kept are\n%s\nwant\n%s", strings.Join(left, "\n"), strings.Join(kept, "\n"))
	}

	if said, err := p.paste(t, blocks[2], "bucket="+bucket, "key="+key, "log="+log); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if left := p.leftoversInBoth(t); len(left) > 0 {
		t.Errorf("left in the account:\n%s", strings.Join(left, "\n"))
	}
	described, err := p.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	if err != nil {
		t.Fatal(err)
	}
	if state := described.KeyMetadata.KeyState; state != kmstypes.KeyStatePendingDeletion {
		t.Errorf("the KMS key is %s", state)
	}
}

// leftoversInBoth returns the leftovers of both Regions, without the bootstrap stack in
// us-east-1 and the hosted zone.
func (a *account) leftoversInBoth(t *testing.T) []string {
	t.Helper()
	left := slices.DeleteFunc(a.leftovers(t), func(found string) bool {
		return strings.HasSuffix(found, accountID+"-"+usEast1) || found == "stack "+zoneStack
	})
	there := a.in(usEast1)
	groups, err := there.logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range groups.LogGroups {
		left = append(left, "log group "+*group.LogGroupName)
	}
	deliveries, err := there.logs.DescribeDeliveries(t.Context(), &cloudwatchlogs.DescribeDeliveriesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, delivery := range deliveries.Deliveries {
		left = append(left, "log delivery "+*delivery.Id)
	}
	certificates, err := there.acm.ListCertificates(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, certificate := range certificates.CertificateSummaryList {
		left = append(left, "certificate "+*certificate.DomainName)
	}
	return left
}

// section returns the text of a page from a heading to the next one, and its blocks of
// commands.
func section(t *testing.T, page, heading string) (text string, blocks []string) {
	t.Helper()
	whole, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(whole), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	text = regexp.MustCompile(`(?s)\n##.*`).ReplaceAllString(text, "")
	return text, fenced(text, "sh")
}

// fenced returns the code blocks of a text in a language.
func fenced(text, language string) (blocks []string) {
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}

func lineWith(t *testing.T, commands, part string) string {
	t.Helper()
	for line := range strings.Lines(commands) {
		if strings.Contains(line, part) {
			return line
		}
	}
	t.Fatalf("no line has %q:\n%s", part, commands)
	return ""
}

// paste runs commands of a page in the clone, with the AWS CLI, and returns their
// output. Their npx runs the pinned CDK command line, with the options that this test
// needs.
func (p *app) paste(t *testing.T, commands string, variables ...string) (string, error) {
	t.Helper()
	programs := t.TempDir()
	for name, script := range map[string]string{
		"aws": fmt.Sprintf("exec '%s' -m awscli \"$@\"", p.tools.aws),
		"npx": fmt.Sprintf(`[ "$1 $2" = "--yes aws-cdk@%s" ] || exit 2
shift 2
exec '%s' '%s' --no-notices --no-color "$@" -c '%s'`, cdkapp.CLIVersion, p.node, p.tools.cdk, p.processor()),
		"signedfront": fmt.Sprintf("exec '%s' \"$@\"", p.signedfront),
		// Requests the distribution by its name, as view does.
		"curl": fmt.Sprintf(`[ "$1 $2 $#" = "--fail --output 4" ] || exit 2
target=${4#https://}
exec '%s' --silent --show-error --noproxy '*' --fail --output "$3" --header "Host: ${target%%%%/*}" --header 'X-Forwarded-Proto: https' \
  --header '%s' "%s/${target#*/}"`, find(t, "curl", "install curl"), viewedAs, p.endpoint),
	} {
		file := filepath.Join(programs, name)
		writeFile(t, file, []byte("#!/bin/sh\n"+script+"\n"))
		if err := os.Chmod(file, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", commands)
	cmd.Dir = p.folder
	cmd.Env = append(p.environment(t), append(variables, "PATH="+programs+":"+os.Getenv("PATH"))...)
	cmd.SysProcAttr = inGroup(p.process)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	p.keep(t, "pasted", []byte(commands+said.String()))
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return said.String(), err
}
