package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersionNamesTheModulesVersionAndTheCommit(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	platform := runtime.GOOS + "/" + runtime.GOARCH
	tests := map[string]struct {
		module   string
		settings map[string]string
		want     string
	}{
		"installed at a tag": {
			module: "v1.2.3",
			want:   "v1.2.3 (go1.27.4 " + platform + ")",
		},
		"installed at a commit before the first tag": {
			module: "v0.0.0-20261129120000-0123456789ab",
			want:   "v0.0.0-20261129120000-0123456789ab (commit 0123456789ab, go1.27.4 " + platform + ")",
		},
		"installed at a commit after a tag": {
			module: "v1.2.4-0.20261129120000-0123456789ab",
			want:   "v1.2.4-0.20261129120000-0123456789ab (commit 0123456789ab, go1.27.4 " + platform + ")",
		},
		"built in a clone at a tag": {
			module:   "v1.2.3",
			settings: map[string]string{"vcs": "git", "vcs.revision": commit, "vcs.modified": "false"},
			want:     "v1.2.3 (commit 0123456789ab, go1.27.4 " + platform + ")",
		},
		"built in a clone with changes": {
			module:   "v1.2.4-0.20261129120000-0123456789ab+dirty",
			settings: map[string]string{"vcs": "git", "vcs.revision": commit, "vcs.modified": "true"},
			want:     "v1.2.4-0.20261129120000-0123456789ab+dirty (commit 0123456789ab with changes, go1.27.4 " + platform + ")",
		},
		"built in a clone by Go 1.23 or older": {
			module:   "(devel)",
			settings: map[string]string{"vcs": "git", "vcs.revision": commit, "vcs.modified": "true"},
			want:     "(devel) (commit 0123456789ab with changes, go1.27.4 " + platform + ")",
		},
		"built with a tag": {
			module:   "v1.2.3",
			settings: map[string]string{"-tags": "noaws"},
			want:     "v1.2.3 (go1.27.4 " + platform + ", -tags=noaws)",
		},
		"built with -buildvcs=false": {
			module: "(devel)",
			want:   "(devel) (go1.27.4 " + platform + ")",
		},
		"a tag that ends in hexadecimal digits": {
			module: "v1.2.3-0123456789ab",
			want:   "v1.2.3-0123456789ab (go1.27.4 " + platform + ")",
		},
		"built from another module's main package, without a version": {
			want: "(devel) (go1.27.4 " + platform + ")",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{GoVersion: "go1.27.4", Main: debug.Module{Version: test.module}}
			for key, value := range test.settings {
				info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
			}
			if got := versionOf(info); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAProgramWithoutBuildInformationNamesTheGoReleaseAlone(t *testing.T) {
	want := "(devel) (" + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	if got := versionOf(&debug.BuildInfo{}); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
