package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakesAreToldWithWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		args      string
		status    int
		err, hint string
	}{
		"a mistyped verb":             {"lcoal", 2, `there is no verb "lcoal"`, "did you mean `signedfront local`?"},
		"a verb like no other":        {"frobnicate", 2, `there is no verb "frobnicate"`, "run `signedfront help` for what there is"},
		"a mistyped flag":             {"local --tll 5m", 2, "unknown flag: --tll", "did you mean --ttl?"},
		"a flag like no other":        {"local --frobnicate", 2, "unknown flag: --frobnicate", "run `signedfront local --help` for its flags"},
		"a flag without its value":    {"local --env", 2, "flag needs an argument: --env", "run `signedfront local --help` for its flags"},
		"a time without a unit":       {"local --ttl 10", 2, `--ttl "10": no duration`, "write a number with its unit, such as 30s, 10m or 24h"},
		"a time that is past":         {"local --ttl -5m", 2, "--ttl -5m0s: not a time to come", "write a number with its unit, such as 30s, 10m or 24h"},
		"two folders":                 {"local a b", 2, "one folder is served, not 2", "put quotes around a name with spaces"},
		"a folder without a name":     {"local ''", 2, "the name of the folder is empty", "leave it out to serve the sample files"},
		"an address of all":           {"local --addr 0.0.0.0:8080", 2, `--addr "0.0.0.0:8080": an address that others can reach: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"an address of the network":   {"local --addr 192.0.2.1:8080", 2, `--addr "192.0.2.1:8080": an address that others can reach: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"no address":                  {"local --addr :8080", 2, `--addr ":8080": no IPv4 address: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"a port alone":                {"local --addr 8080", 2, `--addr "8080": no address and port: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"a port out of range":         {"local --addr 127.0.0.1:65536", 2, `--addr "127.0.0.1:65536": no port from 0 to 65535: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"an IPv6 address":             {"local --addr [::1]:8080", 2, `--addr "[::1]:8080": an IPv6 address, which signed URLs cannot hold: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"a name of elsewhere":         {"local --addr example.com:80", 2, `--addr "example.com:80": no IPv4 address: write an address of this machine and a port, such as 127.0.0.1:8080`, ""},
		"a folder that is not there":  {"local missing", 1, "there is no folder missing", ""},
		"a file for a folder":         {"local file.txt", 1, "file.txt is a file, and a folder is served", "name its folder: signedfront local ."},
		"a folder in a file":          {"local file.txt/x", 1, "stat file.txt/x: not a directory", ""},
		"an empty folder":             {"local empty", 1, "there is no file to serve in empty", "files and folders whose names start with a dot are left out, and so are symbolic links"},
		"a folder of dot files alone": {"local dots", 1, "there is no file to serve in dots", "files and folders whose names start with a dot are left out, and so are symbolic links"},
		"a port that is taken":        {"local --addr " + taken.Addr().String(), 1, "another program listens on " + taken.Addr().String(), "choose another port with --addr, or leave --addr out to get one that is free"},
		"no CDK app":                  {"local", 1, ": no cdk.json, so no CDK app", "run this in the folder of a CDK app, or name that folder with --app"},
		"no CDK app there":            {"local --app empty", 1, "empty: no cdk.json, so no CDK app", "run this in the folder of a CDK app, or name that folder with --app"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file.txt"), "text")
			writeFile(t, filepath.Join(dir, "dots", ".hidden"), "text")
			if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
				t.Fatal(err)
			}

			p := run(t, dir, arguments(test.args)...)
			if status := p.status(); status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
			if out := p.stdout.String(); out != "" {
				t.Errorf("on standard output: %s", out)
			}
			said := p.stderr.String()
			if at := strings.Index(said, "signedfront: error: "); at < 0 {
				t.Fatalf("no error: %s", said)
			} else {
				said = said[at:]
			}
			err, hint, _ := strings.Cut(strings.TrimSuffix(said, "\n"), "\n")
			if !strings.HasSuffix(err, test.err) {
				t.Errorf("\n got %s\nwant %s", err, test.err)
			}
			if hint = strings.TrimPrefix(hint, "signedfront: hint: "); hint != test.hint {
				t.Errorf("\n got hint %s\nwant hint %s", hint, test.hint)
			}
		})
	}
}

// arguments splits a command line at its spaces; ” is an empty argument.
func arguments(line string) []string {
	all := strings.Fields(line)
	for i, argument := range all {
		all[i] = strings.Trim(argument, "'")
	}
	return all
}

func TestHelpIsWhatWasAskedFor(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}, {"help", "local"}, {"local", "--help"}, {"completion", "bash"}, {"--version"}} {
		p := run(t, t.TempDir(), args...)
		if p.status() != 0 || p.stdout.String() == "" || p.stderr.String() != "" {
			t.Errorf("signedfront %s: exit status %d, standard output %q, standard error %q", strings.Join(args, " "), p.status(), &p.stdout, &p.stderr)
		}
	}
}

func TestShellsCompleteVerbsAndFlags(t *testing.T) {
	for args, want := range map[string]string{
		"__complete lo":         "local\t",
		"__complete local --tt": "--ttl\t",
	} {
		if p := run(t, t.TempDir(), strings.Fields(args)...); !strings.HasPrefix(p.stdout.String(), want) {
			t.Errorf("signedfront %s: %q", args, &p.stdout)
		}
	}
}
