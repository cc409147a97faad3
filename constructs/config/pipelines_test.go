package config

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The lines of PIPELINES.md that name an environment for a branch.
func TestEveryBranchGetsAnEnvironmentOfItsOwn(t *testing.T) {
	page, err := os.ReadFile("../PIPELINES.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?s)```sh\n(name=.*?)```").FindSubmatch(page)
	if lines == nil {
		t.Fatal("PIPELINES.md names no environment for a branch")
	}
	branches := map[string]string{} // by the name of the environment
	for _, branch := range []string{
		"feature/Login page", "feature/a", "feature-a", "feature_a", "FEATURE/a", "feature//a", "a", "1", "--", "-n",
		"día/straße", "日本語", "%s%n", `a"b'c$(id)`, "x-global", "x-certificate", "*",
		"renovate/github.com-aws-aws-sdk-go-v2-service-secretsmanager-1.x", strings.Repeat("long", 50),
	} {
		command := exec.Command("sh", "-c", string(lines[1])+`printf %s "$name"`)
		command.Env = append(os.Environ(), "branch="+branch)
		output, err := command.Output()
		if err != nil {
			t.Fatalf("branch %q: %v", branch, err)
		}
		name := string(output)
		if other, taken := branches[name]; taken {
			t.Errorf("branches %q and %q are both %s", branch, other, name)
		}
		branches[name] = branch
		text := `{"env": "` + name + `", "project": "signedfront", "environments": {"pr-*": {"ephemeral": true}}}`
		if _, err := Read(context(t, text), nil); err != nil {
			t.Errorf("branch %q: %v", branch, err)
		}
	}
	if branch := branches["pr-feature-login-8d458cd1"]; branch != "feature/Login page" {
		t.Error("PIPELINES.md shows another name than its lines make")
	}
}
