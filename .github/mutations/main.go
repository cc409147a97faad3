// Mutations finds changes that the tests do not notice. It makes many small changes
// to the code that decides about security, one at a time, and runs the tests of
// the package. A change survives if they pass. ../MUTATIONS.md describes how to run it
// and what it found.
//
//	go run ./.github/mutations [-survivors FILE] [-skip REGEXP] [FILE.go ...]
//
// It runs in the root of the module, and changes no file there. Without arguments it
// mutates the files of targets. It fails if a mutation survives without an explanation
// in the file of survivors, or if an explained one does not survive.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// targets are the files to mutate by default: policy evaluation, verification, the
// providers and the checks of the configuration.
var targets = []string{
	"signer/verify.go",
	"signer/policy.go",
	"signer/statement.go",
	"signer/download.go",
	"signer/edge/bucketpolicy.go",
	"signer/edge/identity.go",
	"signer/edge/template/policy.go",
	"constructs/keypair/keypair.go",
	"constructs/bucketemptier/bucketemptier.go",
	"constructs/bucketemptier/policy.go",
	"constructs/keyguard/keyguard.go",
	"constructs/keyguard/properties.go",
	"constructs/customresource/handler.go",
	"constructs/customresource/response_url.go",
	"constructs/config/lender.go",
	"constructs/config/imported_key.go",
	"constructs/config/cors.go",
	"constructs/config/domain.go",
	"constructs/config/downloads.go",
	"constructs/config/missing.go",
	"constructs/config/origin.go",
	"constructs/config/response_headers.go",
	"constructs/config/uploads.go",
	"constructs/config/versions.go",
}

// slow matches tests that take seconds and test other things: the contents of errors,
// and the downloads of an importer.
const slow = "ShowsAKey|DownloadsNothingElse|ThousandsOfSigners"

func main() {
	explained := flag.String("survivors", ".github/mutations/survivors.txt", "`file` of the mutations that may survive, with the reasons")
	skip := flag.String("skip", slow, "leave out the tests that match this `regexp`")
	flag.Parse()
	files := flag.Args()
	if len(files) == 0 {
		files = targets
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ok, err := run(ctx, os.Stdout, files, *explained, *skip)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run mutates files and reports whether exactly the explained mutations survive.
func run(ctx context.Context, w io.Writer, files []string, explained, skip string) (ok bool, err error) {
	reasons, err := readSurvivors(explained)
	if err != nil {
		return false, err
	}
	packages := map[string][]string{}
	var dirs []string
	for _, file := range files {
		dir, name := path.Split(filepath.ToSlash(file))
		if packages[dir] == nil {
			dirs = append(dirs, dir)
		}
		packages[dir] = append(packages[dir], name)
	}
	ok = true
	for _, dir := range dirs {
		good, err := runPackage(ctx, w, path.Clean(dir), packages[dir], reasons, skip)
		if err != nil {
			return false, err
		}
		ok = ok && good
	}
	return ok, nil
}

func runPackage(ctx context.Context, w io.Writer, dir string, files []string, reasons map[string]string, skip string) (ok bool, err error) {
	scratch, err := os.MkdirTemp("", "mutations")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(scratch)
	began := time.Now()
	s, err := compile(dir, files, scratch)
	if err != nil {
		return false, err
	}
	if err := s.measure(ctx, scratch, skip); err != nil {
		return false, err
	}
	fmt.Fprintf(w, "%s: %d mutations, %d tests\n", dir, len(s.mutations), len(s.tests))
	ok = true
	count := map[result]int{}
	unexplained, leftAlone := 0, 0
	for _, m := range s.mutations {
		if reasons[m.function+": *"] != "" {
			leftAlone++
			continue
		}
		got := s.try(ctx, m)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		count[got]++
		reason := reasons[m.name]
		switch {
		case got == killed && reason != "":
			fmt.Fprintf(w, "%s: explained as a survivor, and killed:\n%s\n", m.at, m.name)
			ok = false
		case got != killed && reason == "":
			how := "survived"
			if got == notReached {
				how = "is reached by no test"
			}
			fmt.Fprintf(w, "%s: %s:\n%s\n", m.at, how, m.name)
			unexplained++
			ok = false
		}
	}
	for _, name := range stale(reasons, s.mutations, dir, files) {
		fmt.Fprintf(w, "explained as a survivor, and no mutation any more:\n%s\n", name)
		ok = false
	}
	fmt.Fprintf(w, "%s: %d killed, %d survived, %d reached by no test, %d of these not explained, %d left alone, in %s\n",
		dir, count[killed], count[survived], count[notReached], unexplained, leftAlone, time.Since(began).Round(time.Second))
	return ok, nil
}

// stale returns the explained mutations of files that do not exist.
func stale(reasons map[string]string, mutations []mutation, dir string, files []string) []string {
	var names []string
	for name := range reasons {
		var file string
		fmt.Sscan(name, &file)
		if path.Dir(file) == dir && slices.Contains(files, path.Base(file)) &&
			!slices.ContainsFunc(mutations, func(m mutation) bool { return name == m.name || name == m.function+": *" }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
