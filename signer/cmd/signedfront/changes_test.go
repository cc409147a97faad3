package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheFilesOfAnAppAreItsSources(t *testing.T) {
	app := t.TempDir()
	for _, name := range []string{
		"cdk.json", "cdk.go", "lib/stack.ts", "photos/cat.jpg",
		"cdk_test.go", ".git/HEAD", ".signedfront/x/deployment.json", ".env",
		"node_modules/aws-cdk-lib/index.js", "cdk.out/manifest.json", "lib/__pycache__/stack.pyc", "content/a/b.jpg",
	} {
		file := filepath.Join(app, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(app, ".env"), filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	got := files{}.changes(appFiles(app, filepath.Join(app, "content")), nil)
	want := []string{"cdk.go", "cdk.json", filepath.Join("lib", "stack.ts"), filepath.Join("photos", "cat.jpg")}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatChangesOfFilesIsNoticed(t *testing.T) {
	before := files{"kept": {1, 1}, "gone": {1, 1}, "longer": {1, 1}, "later": {1, 1}, "made": {1, 1}}
	after := files{"kept": {1, 1}, "longer": {2, 1}, "later": {1, 2}, "new": {1, 1}, "made": {9, 9}}
	if got, want := before.changes(after, map[string]bool{"made": true}), []string{"gone", "later", "longer", "new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := after.changes(after, nil); got != nil {
		t.Errorf("of what is the same: %q", got)
	}
}

// tree is an app's files, which change while they are read.
type tree struct {
	mu  sync.Mutex
	now files
}

func (f *tree) files() files {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// become replaces the files.
func (f *tree) become(change func(now files) files) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = change(f.now)
}

// follow follows a source until it is quiet. It returns the texts of started
// changes and the number of runs.
func follow(t *testing.T, s *source, during func()) (started []string, synthesized int) {
	ctx, cancel := context.WithCancel(t.Context())
	next := s.next
	s.next = func(ctx context.Context) (*target, error) {
		synthesized++
		return next(ctx)
	}
	changes := s.follow(ctx, s.files())
	go func() {
		during()
		time.Sleep(time.Minute)
		cancel()
	}()
	for c := range changes {
		if c.started != "" {
			started = append(started, c.started)
		}
	}
	return started, synthesized
}

func TestSeveralChangesAtOnceAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &tree{now: files{"a": {}, "b": {}}}
		s := &source{files: app.files, next: func(context.Context) (*target, error) { return nil, nil }}
		started, synthesized := follow(t, s, func() {
			time.Sleep(time.Second)
			for _, change := range []files{{"a": {1, 1}, "b": {}}, {"a": {1, 1}, "b": {1, 1}}, {"a": {1, 1}, "b": {1, 2}}} {
				app.become(func(files) files { return change })
				time.Sleep(90 * time.Millisecond)
			}
		})
		if want := []string{"a and 1 file more changed ..."}; !slices.Equal(started, want) || synthesized != 1 {
			t.Errorf("synthesized %d times: %q, want %q", synthesized, started, want)
		}
	})
}

func TestAChangeWhileTheAppRunsIsServedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &tree{now: files{"a": {}}}
		s := &source{files: app.files, next: func(context.Context) (*target, error) {
			app.become(func(now files) files {
				if now["a"].size == 1 {
					return files{"a": {2, 2}}
				}
				return now
			})
			return nil, nil
		}}
		started, _ := follow(t, s, func() {
			time.Sleep(time.Second)
			app.become(func(files) files { return files{"a": {1, 1}} })
		})
		if want := []string{"a changed ...", "a changed ..."}; !slices.Equal(started, want) {
			t.Errorf("got %q, want %q", started, want)
		}
	})
}

func TestAnAppThatWritesIntoItsFolderDoesNotRunForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &tree{now: files{"stack.ts": {}, "stack.js": {}}}
		runs := int64(0)
		s := &source{files: app.files, next: func(context.Context) (*target, error) {
			runs++
			app.become(func(now files) files { return files{"stack.ts": now["stack.ts"], "stack.js": {1, runs}} })
			return nil, nil
		}}
		_, synthesized := follow(t, s, func() {
			for i := range int64(3) {
				time.Sleep(5 * time.Second)
				app.become(func(now files) files { return files{"stack.ts": {1, i + 1}, "stack.js": now["stack.js"]} })
			}
		})
		if synthesized != 4 { // one extra run shows that the app writes stack.js
			t.Errorf("synthesized %d times for 3 changes", synthesized)
		}
	})
}

func TestWhatIsBeingDoneIsNeverSilentForTwoSeconds(t *testing.T) {
	for name, onTerminal := range map[string]bool{"on a terminal": true, "in a pipe": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				written := &times{}
				l := &terminal{err: written, errIsTTY: onTerminal, withheld: func() withheld { return nil }}
				start := time.Now()
				tell, end := l.progress("building ...", "built")
				time.Sleep(20 * time.Second)
				tell("compiling package 3 of 9 ...")
				time.Sleep(20 * time.Second)
				end(true)
				last := start
				for _, at := range append(written.at, time.Now()) {
					if silent := at.Sub(last); silent > 2*time.Second {
						t.Errorf("silent for %s", silent)
					}
					last = at
				}
				if len(written.at) > 45 {
					t.Errorf("%d lines in 40 s", len(written.at))
				}
			})
		})
	}
}

// times records when something was written.
type times struct{ at []time.Time }

func (w *times) Write(b []byte) (int, error) {
	w.at = append(w.at, time.Now())
	return len(b), nil
}
