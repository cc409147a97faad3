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
// round. Functions are not built, as in every synthesis after the first. Bounds
// are in times of the bare app's.
//
//	go test -run '^$' -bench Synth -benchtime 11x ./constructs
func BenchmarkSynth(b *testing.B) {
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
	for _, test := range []struct {
		validation   string
		one, further float64
	}{
		{"true", 1.8, 0.2},
		{"false", 2.5, 0.4},
	} {
		b.Run("validation="+test.validation, func(b *testing.B) {
			took := map[string][]float64{}
			round := func() {
				for _, app := range apps {
					took[app.name] = append(took[app.name], synthesis(b, app.file, app.context, test.validation).Seconds())
				}
			}
			round() // fills the caches
			clear(took)
			for b.Loop() {
				round()
			}
			// median is that of what f makes of the times of one round.
			median := func(f func(bare, one, five float64) float64) float64 {
				var all []float64
				for i := range took["bare"] {
					all = append(all, f(took["bare"][i], took["one"][i], took["five"][i]))
				}
				slices.Sort(all)
				return all[len(all)/2]
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(func(bare, _, _ float64) float64 { return bare }), "s-bare")
			b.ReportMetric(median(func(_, one, _ float64) float64 { return one }), "s-one")
			b.ReportMetric(median(func(_, one, five float64) float64 { return (five - one) / 4 }), "s-further")
			one := median(func(bare, one, _ float64) float64 { return one / bare })
			further := median(func(bare, one, five float64) float64 { return (five - one) / 4 / bare })
			b.ReportMetric(one, "one-of-bare")
			b.ReportMetric(further, "further-of-bare")
			if one > test.one {
				b.Errorf("an environment takes %.2f times a bare app's time, must be at most %.2f", one, test.one)
			}
			if further > test.further {
				b.Errorf("each further environment takes %.2f times a bare app's time, must be at most %.2f", further, test.further)
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
