package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// The command runs in the root of the module.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestWhatTestsDoNotNoticeIsFoundAndWhatTheyDoIsNot(t *testing.T) {
	const sample = ".github/mutations/testdata/sample/sample.go"
	var report bytes.Buffer
	ok, err := run(t.Context(), &report, []string{sample}, ".github/mutations/testdata/survivors.txt", "")
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		t.Error("all is said to be well")
	}
	var found []string
	for line := range strings.Lines(report.String()) {
		if rest, isName := strings.CutPrefix(line, sample+" "); isName {
			found = append(found, strings.TrimSpace(rest))
		}
	}
	want := []string{
		"Opens: `broken` is always true", // explained, but killed
		"Opens: `broken` is always false",
		"Opens: `false` is always true",
		"Opens: `key > 0` has >= for >",
		"Steps: `steps - n` has + for -",
		"Gone: `true` is always false", // stale
	}
	if got := strings.Join(found, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s\nin the report\n%s", got, strings.Join(want, "\n"), report.String())
	}
}

func TestTheFileOfSurvivorsExplainsEachOfThem(t *testing.T) {
	if _, err := readSurvivors(".github/mutations/survivors.txt"); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no reason":         "a.go F: `x` is always true\n",
		"a reason too many": "\tbecause\n",
		"the same twice":    "a.go F: *\n\tbecause\na.go F: *\n\tbecause\n",
	} {
		file := t.TempDir() + "/survivors.txt"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readSurvivors(file); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
