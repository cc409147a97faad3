package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestProbePrintsATableInWhichTheLocalEdgeAgreesWithItself(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	serve(t, app)
	document := filepath.Join(".signedfront", "shop-dev", "deployment.json")
	p := run(t, app, "probe", "--deployment", document, "rt.png")
	if p.status() != 0 {
		t.Fatalf("exit status %d: %s", p.status(), p.stderr.String())
	}
	table := p.stdout.String()
	for _, want := range []string{
		"| question | request | CloudFront | the local edge | |\n",
		"| no signature at all | 403 MissingKey without its headers | 403 MissingKey without its headers |  |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("it lacks %q:\n%s", want, table)
		}
	}
	for line := range strings.Lines(table) {
		// In numbers, "in capitals" is the host itself.
		if strings.Contains(line, "differs") && !strings.Contains(line, "in capitals") {
			t.Errorf("it differs from itself: %s", line)
		}
	}
	if strings.Contains(table, "Signature=") || p.stderr.String() != "" {
		t.Errorf("it prints what was signed, or more than the table:\n%s%s", table, p.stderr.String())
	}

	p = run(t, app, "probe", "--deployment", document, "missing.png")
	if said := p.stderr.String(); p.status() != 1 || !strings.Contains(said, "a rightly signed URL is refused: 403 AccessDenied") ||
		!strings.Contains(said, `is "missing.png" in the bucket?`) {
		t.Errorf("an object that is not there: exit status %d: %s", p.status(), said)
	}
}

func TestMistakesInProbingAreToldBeforeAnythingIsAsked(t *testing.T) {
	dir, _ := keyFolder(t)
	for name, test := range map[string]struct {
		args   string
		status int
		want   string
	}{
		"no object":            {"probe --deployment deployment.json", 2, "no object key given"},
		"no deployment":        {"probe rt.png", 2, "give --env NAME or --deployment FILE"},
		"a URL":                {"probe --deployment deployment.json " + site + "/rt.png?Signature=abc", 2, `"` + site + `/rt.png?…" is a URL`},
		"a time that is past":  {"probe --deployment deployment.json --wait -1m rt.png", 2, "--wait is \"-1m\", which is negative"},
		"a document not there": {"probe --deployment missing.json rt.png", 1, "missing.json"},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, strings.Fields(test.args)...)
			if said := p.stderr.String(); p.status() != test.status || !strings.Contains(said, test.want) || p.stdout.String() != "" {
				t.Errorf("exit status %d, want %d; said %s", p.status(), test.status, said)
			}
		})
	}
}
