package constructs

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A synthesis of one and of five environments, as the CDK's command line runs
// the app, and that of a bare app with one bucket, one after the other in each
// round. Functions are not built, as in every synthesis after the first.
//
//	go test -run '^$' -bench Synth -benchtime 11x ./constructs
func BenchmarkSynth(b *testing.B) {
	const mostOfAFurtherOne = 150 * time.Millisecond

	ours, err := buildApp()
	if err != nil {
		b.Fatal(err)
	}
	bare := filepath.Join(b.TempDir(), "bare")
	if out, err := exec.Command("go", "build", "-o", bare, "./testdata/bareapp").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	apps := []struct {
		name, file string
		context    map[string]any
	}{
		{"bare", bare, nil},
		{"one", ours, environments(1)},
		{"five", ours, environments(5)},
	}
	for _, validation := range []string{"true", "false"} {
		b.Run("validation="+validation, func(b *testing.B) {
			took := map[string][]time.Duration{}
			round := func() {
				for _, app := range apps {
					took[app.name] = append(took[app.name], synthesis(b, app.file, app.context, validation))
				}
			}
			round() // fills the caches
			clear(took)
			for b.Loop() {
				round()
			}
			median := func(name string) time.Duration {
				all := took[name]
				slices.Sort(all)
				return all[len(all)/2]
			}
			further := (median("five") - median("one")) / 4
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median("bare").Seconds(), "s-bare")
			b.ReportMetric(median("one").Seconds(), "s-one")
			b.ReportMetric(median("five").Seconds(), "s-five")
			b.ReportMetric(further.Seconds(), "s-further")
			if further > mostOfAFurtherOne {
				b.Errorf("each further environment takes %s, at most %s was wanted", further, mostOfAFurtherOne)
			}
		})
	}
}

// environments are n of them in the shipped context.
func environments(n int) map[string]any {
	all := map[string]any{}
	for i := range n {
		all[fmt.Sprintf("env%d", i+1)] = map[string]any{"ephemeral": true}
	}
	return map[string]any{"environments": all}
}

func synthesis(b *testing.B, file string, more map[string]any, validation string) time.Duration {
	b.Helper()
	context := shippedContext(b)
	context["aws:cdk:bundling-stacks"] = []string{}
	maps.Copy(context, more)
	text, err := json.Marshal(context)
	if err != nil {
		b.Fatal(err)
	}
	app := exec.Command(file)
	app.Dir = ".."
	app.Env = append(os.Environ(), "CDK_OUTDIR="+b.TempDir(), "CDK_CONTEXT_JSON="+string(text), "CDK_VALIDATION="+validation)
	start := time.Now()
	out, err := app.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return time.Since(start)
}
