package main

import (
	"fmt"
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

// version is that of the module, with the commit and the Go release that this
// program was built from:
//
//	v1.2.3 (commit 0123456789ab, go1.26.0 linux/amd64)
func version() string {
	build := fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fmt.Sprintf("(unknown) (%s)", build)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	commit := settings["vcs.revision"]
	if commit == "" { // built by go install, whose version says it
		return fmt.Sprintf("%s (%s)", info.Main.Version, build)
	}
	commit = "commit " + commit[:min(12, len(commit))]
	if settings["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return fmt.Sprintf("%s (%s, %s)", info.Main.Version, commit, build)
}
