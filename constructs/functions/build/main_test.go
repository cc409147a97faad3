package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuildRefusesWhatItDoesNotTake(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
	const takes = "build takes -o FOLDER, -arch PROCESSOR and no other arguments"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an argument":                       {[]string{"keypair"}, takes + `: found "keypair"`},
		"another argument after a flag":     {[]string{"-arch", "amd64", "keypair"}, takes + `: found "keypair"`},
		"a flag that it does not have":      {[]string{"-o", "functions", "-out", "functions"}, takes},
		"a flag without a value":            {[]string{"-o"}, takes},
		"a key for an argument":             {[]string{"-arch", "arm64", pem}, takes},
		"a line of a key for an argument":   {[]string{pem[28:76]}, takes + ": found a value of "},
		"a line of a key for a flag":        {[]string{"-" + pem[28:76]}, takes},
		"Lambda's word for a processor":     {[]string{"-arch", "x86_64"}, `-arch is "x86_64": write arm64 or amd64`},
		"a key for a processor":             {[]string{"-arch", pem}, "-arch is a value of "},
		"a file for a folder":               {[]string{"-o", file}, "making the folder "},
		"a folder in a file, and a key too": {[]string{"-o", filepath.Join(file, pem)}, "making the folder a value of "},
	} {
		t.Run(name, func(t *testing.T) {
			err := build(test.args)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "MIGHAgEAMBMG") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
