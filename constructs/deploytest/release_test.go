package deploytest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// releaseFile names the release to deploy first, and says when to change it.
const releaseFile = "testdata/release"

// releaseFiles returns the files of the last release. The test fails if the clone does
// not have that commit.
func releaseFiles(t *testing.T) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(releaseFile)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := releaseCommit(text)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filesOf(t, ".", commit)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// releaseCommit returns the commit that the text of releaseFile names.
func releaseCommit(text []byte) (string, error) {
	commit := ""
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case commit == "" && regexp.MustCompile("^[0-9a-f]{40}$").MatchString(line):
			commit = line
		default:
			return "", fmt.Errorf("%s has the line %q: write one commit, with all of its 40 digits, and comments after #", releaseFile, line)
		}
	}
	if commit == "" {
		return "", fmt.Errorf("%s names no commit: write that of the last release", releaseFile)
	}
	return commit, nil
}

// filesOf returns the files of a commit of the repository around folder, by name.
func filesOf(t *testing.T, folder, commit string) (map[string][]byte, error) {
	git := func(args ...string) ([]byte, error) {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, args...)...).Output()
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return out, err
	}
	missing := "the test of an upgrade needs the commit %s, which " + releaseFile + " names: %w; " +
		"clone the repository with its history (a shallow clone gets it by git fetch --unshallow)"
	top, err := git("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf(missing, commit, err)
	}
	if _, err := git("cat-file", "-e", commit+"^{commit}"); err != nil {
		return nil, fmt.Errorf(missing, commit, err)
	}
	// In a folder below the top, "git archive" writes that folder alone.
	folder = strings.TrimSuffix(string(top), "\n")
	archive, err := git("archive", "--format=tar", commit)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			return nil, err
		}
	}
}

func TestTheReleaseFileNamesOneCommit(t *testing.T) {
	const commit = "4216cf3ce7913f22902e13c6077b9d77dacfae1c"
	if got, err := releaseCommit([]byte("# a comment\n\n" + commit + "\n")); err != nil || got != commit {
		t.Errorf("got %q, %v", got, err)
	}
	for name, text := range map[string]string{
		"nothing":         "# a comment\n",
		"a short commit":  commit[:7] + "\n",
		"a branch":        "main\n",
		"two commits":     commit + "\n" + commit + "\n",
		"a comment after": commit + " # the first\n",
	} {
		if got, err := releaseCommit([]byte(text)); err == nil || !strings.Contains(err.Error(), releaseFile) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestAReleaseThatACloneDoesNotHaveFails(t *testing.T) {
	git := func(folder string, args ...string) string {
		t.Helper()
		settings := []string{"-C", folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"}
		return strings.TrimSpace(run(t, "git", append(settings, args...)...))
	}
	whole := t.TempDir()
	git(whole, "init", "--quiet")
	commit := func(name string) string {
		t.Helper()
		writeFile(t, filepath.Join(whole, name), []byte(name))
		git(whole, "add", name)
		git(whole, "commit", "--quiet", "-m", name)
		return git(whole, "rev-parse", "HEAD")
	}
	release := commit("release.txt")
	commit("later.txt")

	files, err := filesOf(t, whole, release)
	if err != nil || len(files) != 1 || string(files["release.txt"]) != "release.txt" {
		t.Errorf("of the whole history: %q, %v", files, err)
	}

	shallow := filepath.Join(t.TempDir(), "shallow")
	git(".", "clone", "--quiet", "--depth", "1", "file://"+whole, shallow)
	export := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(export))
	for name, folder := range map[string]string{"a shallow clone": shallow, "an archive": export} {
		if _, err := filesOf(t, folder, release); err == nil || !strings.Contains(err.Error(), release) || !strings.Contains(err.Error(), "git fetch --unshallow") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
