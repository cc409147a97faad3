package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// change is a new state of a source, or a notice that it is being read.
type change struct {
	started string // text for the start of reading; the other fields are empty

	stack    *target
	err      error  // reading failed
	recorded bool   // the stack being served is the recorded one
	same     string // text if nothing changed
	other    string // text if another stack is served now
}

// follow sends the changes of the source. It closes the channel after ctx has ended
// and everything that it started has stopped. seen are the files before the current
// stack was read.
//
// It polls the files. That takes a few milliseconds, works on every file system and
// in containers, and needs no library.
func (s *source) follow(ctx context.Context, seen files) <-chan change {
	changes := make(chan change)
	if s.next == nil {
		close(changes)
		return changes
	}
	send := func(c change) {
		select {
		case changes <- c:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(changes)
		wrote := seen.changes(s.files(), nil) // changed while the app ran
		if s.compare != nil {
			send(change{started: "serving the recorded template of this app; synthesizing the app to compare it ..."})
			c := change{recorded: true}
			c.same = "the app's template equals the recorded one"
			c.other = "the app's template differs from the recorded one: serving the app's template now"
			c.stack, c.err = s.compare(ctx)
			send(c)
		}
		ignored := map[string]bool{}
		for {
			changed, now := s.wait(ctx, seen, ignored)
			if changed == nil {
				return
			}
			seen = now
			what := changed[0]
			if more := len(changed) - 1; more > 0 {
				what += fmt.Sprintf(" and %s more", count(more, "file"))
			}
			send(change{started: what + " changed ..."})
			c := change{same: "the template has not changed", other: "serving the new template now"}
			c.stack, c.err = s.next(ctx)
			send(c)
			// A file that changes at each run of the app is written by the app.
			again := seen.changes(s.files(), ignored)
			for _, name := range again {
				if slices.Contains(wrote, name) {
					ignored[name] = true
				}
			}
			wrote = again
		}
	}()
	return changes
}

// wait waits until files have changed and then stay unchanged for a moment. It
// returns nothing if ctx ends.
func (s *source) wait(ctx context.Context, seen files, ignored map[string]bool) (changed []string, now files) {
	const often, settled, share = 300 * time.Millisecond, 100 * time.Millisecond, 50
	pause, last := often, seen
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(pause):
		}
		start := time.Now()
		now = s.files()
		if last.changes(now, ignored) != nil {
			pause, last = settled, now
			continue
		}
		if changed = seen.changes(now, ignored); changed != nil {
			return changed, now
		}
		pause = max(often, share*time.Since(start)) // at most a fiftieth of one processor
	}
}

// files are files by name, with what shows a change.
type files map[string]stamp

type stamp struct {
	size int64
	time int64 // nanoseconds since 1970
}

// changes returns the names of new, removed and changed files, except the ignored
// ones.
func (f files) changes(now files, ignored map[string]bool) (names []string) {
	for name, stamp := range now {
		if before, known := f[name]; (!known || before != stamp) && !ignored[name] {
			names = append(names, name)
		}
	}
	for name := range f {
		if _, still := now[name]; !still && !ignored[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// add adds a file if it exists.
func (f files) add(name string, info fs.FileInfo, err error) {
	if err == nil && info.Mode().IsRegular() {
		f[name] = stamp{info.Size(), info.ModTime().UnixNano()}
	}
}

// notSources are folders of installed or generated files.
var notSources = []string{"node_modules", "cdk.out", "vendor", "__pycache__", "target", "obj"}

// appFiles returns the files of a CDK app, without the served folder, the files
// that this program writes, dot files and Go tests.
func appFiles(app, served string, written ...fs.FileInfo) files {
	found := files{}
	content, _ := os.Stat(cmp.Or(served, string(filepath.Separator)))
	filepath.WalkDir(app, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || name == app:
		case strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir():
			info, err := entry.Info()
			if slices.Contains(notSources, entry.Name()) || err == nil && os.SameFile(info, content) {
				return fs.SkipDir
			}
		case !strings.HasSuffix(entry.Name(), "_test.go"):
			info, err := entry.Info()
			if err == nil && slices.ContainsFunc(written, func(w fs.FileInfo) bool { return os.SameFile(info, w) }) {
				return nil
			}
			relative, _ := filepath.Rel(app, name)
			found.add(relative, info, err)
		}
		return nil
	})
	return found
}
