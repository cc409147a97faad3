package main

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version of this program",
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(t.out, "signedfront %s\n", version())
			return err
		},
	}
}

// version describes this program, as in
//
//	v1.2.3 (commit 0123456789ab, go1.26.0 linux/amd64)
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok { // not built with module support
		info = &debug.BuildInfo{}
	}
	return versionOf(info)
}

// pseudoVersion ends as the version of a commit without a tag does.
// https://go.dev/ref/mod#pseudo-versions
var pseudoVersion = regexp.MustCompile(`[.-]\d{14}-([0-9a-f]{12})(\+|$)`)

// versionOf returns the version of the main module, "(devel)" where the go command
// knows none, with the first 12 digits of the commit and the Go release of the
// build. The commit is the one of the work tree. A program that "go install"
// downloaded has no work tree: its commit is the one in its pseudo-version, and a
// tag names it by itself.
func versionOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	build := fmt.Sprintf("%s %s/%s", cmp.Or(info.GoVersion, runtime.Version()), runtime.GOOS, runtime.GOARCH)
	if tags := settings["-tags"]; tags != "" {
		build += ", -tags=" + tags
	}
	module := cmp.Or(info.Main.Version, "(devel)")
	commit := settings["vcs.revision"]
	if found := pseudoVersion.FindStringSubmatch(module); commit == "" && found != nil {
		commit = found[1]
	}
	if commit == "" {
		return fmt.Sprintf("%s (%s)", module, build)
	}
	commit = commit[:min(12, len(commit))]
	if settings["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return fmt.Sprintf("%s (commit %s, %s)", module, commit, build)
}
