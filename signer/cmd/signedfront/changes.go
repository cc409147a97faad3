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

// change is what a source has become, or that it is being found out.
type change struct {
	started string // tells that a change was seen; nothing else is set then

	stack    *target
	err      error  // there is none
	recorded bool   // what is served was recorded
	same     string // tells that it is what is served
	other    string // tells that it is served now
}

// follow sends what the source becomes, and closes the channel when ctx has ended
// and nothing that it started runs any more. seen are the files as they were before
// what is served was made of them.
//
// The files are looked at again and again: that costs a few milliseconds, works on
// every file system and in containers, and needs no library.
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
		wrote := seen.changes(s.files(), nil) // what changed while the app ran
		if s.compare != nil {
			send(change{started: "the template of this app is served as recorded; the app is being synthesized, to compare it ..."})
			c := change{recorded: true}
			c.same = "the app synthesizes the recorded template: both are equal"
			c.other = "the app synthesizes another template than the recorded one: it is served now"
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
			c := change{same: "the template is the same after the change", other: "the new template is served now"}
			c.stack, c.err = s.next(ctx)
			send(c)
			// What changes each time that the app runs is written by the app.
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

// wait waits until files have changed, and no more have for a moment. It returns
// nothing if ctx ends.
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
		pause = max(often, share*time.Since(start)) // a fiftieth of one processor, at most
	}
}

// files are files by their names, with what tells that one has changed.
type files map[string]stamp

type stamp struct {
	size int64
	time int64 // nanoseconds since 1970
}

// changes lists the files that are new, gone or changed, but for those that are
// ignored.
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

// add adds a file, if there is one.
func (f files) add(name string, info fs.FileInfo, err error) {
	if err == nil && info.Mode().IsRegular() {
		f[name] = stamp{info.Size(), info.ModTime().UnixNano()}
	}
}

// Folders that hold what is installed or made, and no sources.
var notSources = []string{"node_modules", "cdk.out", "vendor", "__pycache__", "target", "obj"}

// appFiles are the files of a CDK app, without the folder that is served, the files
// that this program writes, dot files and Go's tests.
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
