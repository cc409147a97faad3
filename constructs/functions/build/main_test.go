package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuildRefusesWhatItDoesNotTake(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		folder, goarch string
		more           []string
		want           string
	}{
		"an argument":                       {t.TempDir(), "arm64", []string{"keypair"}, `build takes no arguments besides its flags: found "keypair"`},
		"a key for an argument":             {t.TempDir(), "arm64", []string{pem}, "build takes no arguments besides its flags: found a value of "},
		"Lambda's word for a processor":     {t.TempDir(), "x86_64", nil, `-arch is "x86_64": write arm64 or amd64`},
		"a key for a processor":             {t.TempDir(), pem, nil, "-arch is a value of "},
		"a file for a folder":               {file, "arm64", nil, "making the folder "},
		"a folder in a file, and a key too": {filepath.Join(file, pem), "arm64", nil, "making the folder a value of "},
	} {
		t.Run(name, func(t *testing.T) {
			err := build(test.folder, test.goarch, test.more)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "MIGHAgEAMBMG") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
