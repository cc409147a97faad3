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
		"a mistyped verb with flags":  {"ulr --env dev rt.png", 2, `there is no verb "ulr"`, "did you mean `signedfront url`?"},
		"a verb of other programs":    {"sign --env dev", 2, `there is no verb "sign"`, "did you mean `signedfront url`?"},
		"a verb like no other":        {"frobnicate", 2, `there is no verb "frobnicate"`, "run `signedfront help` for a list"},
		"help for a mistyped verb":    {"help ulr", 2, `there is no verb "ulr"`, "did you mean `signedfront url`?"},
		"help for two verbs":          {"help url cookies", 2, "want one verb, not 2", "put single quotes around an argument with spaces, &, ? or *, because a shell splits or expands it"},
		"a mistyped shell":            {"completion bashh", 2, `there is no script for the shell "bashh"`, "did you mean `signedfront completion bash`?"},
		"a shell like no other":       {"completion nushell", 2, `there is no script for the shell "nushell"`, "write one of bash, fish, powershell, zsh"},
		"no shell":                    {"completion", 2, "no shell given", ""},
		"two shells":                  {"completion bash zsh", 2, "want one shell, not 2", "put single quotes around an argument with spaces, &, ? or *, because a shell splits or expands it"},
		"an argument of version":      {"version 2", 2, `"2": want no argument`, ""},
		"a mistyped flag":             {"local --tll 5m", 2, `there is no flag "--tll"`, "did you mean --ttl?"},
		"a flag like no other":        {"local --frobnicate", 2, `there is no flag "--frobnicate"`, ""},
		"a flag of one letter":        {"local -x dev", 2, `there is no flag "-x"`, "write two hyphens and the whole name of the flag"},
		"a flag with one hyphen":      {"url -ttl 1h rt.png", 2, `there is no flag "-ttl"`, "did you mean --ttl?"},
		"one that starts as another":  {"-version", 2, `there is no flag "-version"`, "did you mean --version?"},
		"a flag of the AWS CLI":       {"url --date-less-than 2030-01-01 rt.png", 2, `there is no flag "--date-less-than"`, "did you mean --expires?"},
		"a profile that is not there": {"url --env dev --profile nope rt.png", 1, `there is no AWS profile "nope"`, "`aws configure list-profiles` lists the profiles, and AWS_PROFILE chooses one"},
		"a profile for a key file":    {"url --key-pair-id K2JCJMDEHXQW5F --private-key key.pem --profile prod https://d111111abcdef8.cloudfront.net/rt.png", 2, "--profile goes with --env or --deployment", ""},
		"a Region for a document":     {"url --deployment deployment.json --region eu-west-1 rt.png", 2, "--region goes with --env: a deployment document contains the Region", ""},
		"the AWS CLI's profile":       {"keygen --profile prod", 2, `there is no flag "--profile"`, "set the environment variable AWS_PROFILE"},
		"a flag without its value":    {"local --env", 2, "--env has no value", "write its value after it"},
		"a flag for a value":          {"url --env --project shop rt.png", 2, `--env has no value: the next word is "--project"`, "write its value after it"},
		"an empty value":              {"url --deployment deployment.json --ip '' rt.png", 2, "--ip is empty", "give it a value or leave it out; an unset shell variable is empty"},
		"an empty argument":           {"url --deployment deployment.json ''", 2, "the argument is empty", "give it a value or leave it out; an unset shell variable is empty"},
		"an empty argument of two":    {"url --deployment deployment.json rt.png ''", 2, "argument 2 is empty", "give it a value or leave it out; an unset shell variable is empty"},
		"a word for a switch":         {"local --all=maybe", 2, `--all is "maybe"`, "write --all or --all=false"},
		"a time without a unit":       {"local --ttl 10", 2, `--ttl is "10", without a unit`, "write the unit: 10s for seconds, 10m for minutes, 10h for hours or 10d for days"},
		"a time that is past":         {"local --ttl -5m", 2, `--ttl is "-5m", which is negative`, "write a number with its unit, such as 90s, 30m, 12h or 7d"},
		"no time at all":              {"local --ttl 0s", 2, `--ttl is "0s", less than 1s`, "write 1s or more, such as 90s, 30m, 12h or 7d"},
		"milliseconds":                {"local --ttl 1500ms", 2, `--ttl is "1500ms", which has a fraction of a second`, "write a whole number of seconds: CloudFront counts seconds"},
		"a unit that is none":         {"local --ttl 1w", 2, `--ttl is "1w", not a duration`, "write a number with its unit, such as 90s, 30m, 12h or 7d"},
		"ten years and more":          {"local --ttl 9999d", 2, `--ttl is "9999d", longer than 3650d`, "write a number with its unit, such as 90s, 30m, 12h or 7d"},
		"a time for a duration":       {"url --ttl 2030-01-31 rt.png", 2, `--ttl is "2030-01-31", which is a time, not a duration`, "write a number with its unit, such as 90s, 30m, 12h or 7d; --expires takes a time"},
		"and where no flag takes one": {"local --ttl 2030-01-31", 2, `--ttl is "2030-01-31", which is a time, not a duration`, "write a number with its unit, such as 90s, 30m, 12h or 7d"},
		"a duration for a time":       {"url --expires 7d rt.png", 2, `--expires is "7d", which is a duration, not a time`, "write 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970; without an offset it is UTC; --ttl takes a duration"},
		"a day without hyphens":       {"url --expires 20300131 rt.png", 2, `--expires is "20300131", which would be seconds since 1970`, "write the day as 2030-01-31"},
		"milliseconds since 1970":     {"url --expires 1893456000000 rt.png", 2, `--expires is "1893456000000", which counts milliseconds since 1970`, "write it in seconds: 1893456000"},
		"nanoseconds since 1970":      {"url --not-before 1893456000000000000 rt.png", 2, `--not-before is "1893456000000000000", which counts nanoseconds since 1970`, "write it in seconds: 1893456000"},
		"a day that is none":          {"url --expires 2030-02-30 rt.png", 2, `--expires is "2030-02-30", not a time`, "write 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970; without an offset it is UTC"},
		"two folders":                 {"local a b", 2, "want one folder, not 2", "put quotes around a name with spaces"},
		"a folder without a name":     {"local ''", 2, "the argument is empty", "give it a value or leave it out; an unset shell variable is empty"},
		"an address of all":           {"local --addr 0.0.0.0:8080", 2, `--addr is "0.0.0.0:8080", an address that other machines can reach`, "write 127.0.0.1:8080; or add --host with the name or address by which other machines reach this one, as in --host 192.168.1.5"},
		"an address of the network":   {"local --addr 192.0.2.1:8080", 2, `--addr is "192.0.2.1:8080", an address that other machines can reach`, "write 127.0.0.1:8080; or add --host with the name or address by which other machines reach this one, as in --host 192.168.1.5"},
		"a host that is a URL":        {"local --host http://192.0.2.1", 2, `--host is "http://192.0.2.1", a URL, not a name or an address`, "write the name or address by which other machines reach this one, such as 192.168.1.5, and the port if it is not that of --addr"},
		"a host that is all":          {"local --addr 0.0.0.0:8080 --host 0.0.0.0", 2, `--host is "0.0.0.0", which means all addresses and cannot be opened by a browser`, "write the name or address by which other machines reach this one, such as 192.168.1.5, and the port if it is not that of --addr"},
		"a host with capitals":        {"local --host Phone.example", 2, `--host is "Phone.example", not a lower-case name or an IPv4 address`, "write the name or address by which other machines reach this one, such as 192.168.1.5, and the port if it is not that of --addr"},
		"no address":                  {"local --addr :8080", 2, `--addr is ":8080", which is not an IPv4 address of this machine`, "write an address of this machine and a port, such as 127.0.0.1:8080"},
		"a port alone":                {"local --addr 8080", 2, `--addr is "8080", not an address and a port`, "write an address of this machine and a port, such as 127.0.0.1:8080"},
		"a port out of range":         {"local --addr 127.0.0.1:65536", 2, `--addr is "127.0.0.1:65536", whose port is not 0 to 65535`, "write an address of this machine and a port, such as 127.0.0.1:8080"},
		"an IPv6 address":             {"local --addr [::1]:8080", 2, `--addr is "[::1]:8080", an IPv6 address, which a signed URL cannot contain`, "write an address of this machine and a port, such as 127.0.0.1:8080"},
		"a name of elsewhere":         {"local --addr example.com:80", 2, `--addr is "example.com:80", which is not an IPv4 address of this machine`, "write an address of this machine and a port, such as 127.0.0.1:8080"},
		"a folder that is not there":  {"local missing", 1, `there is no folder "missing" to serve`, "a relative name starts at the current folder"},
		"a file for a folder":         {"local file.txt", 1, `"file.txt" is not a folder`, "name the folder that it is in"},
		"a folder in a file":          {"local file.txt/x", 1, `the folder "file.txt/x": not a directory`, ""},
		"an empty folder":             {"local empty", 1, `the folder "empty" has no file to serve`, "dot files, dot folders, symbolic links and private keys are left out"},
		"a folder of dot files alone": {"local dots", 1, `the folder "dots" has no file to serve`, "dot files, dot folders, symbolic links and private keys are left out"},
		"the folder of the keys":      {"local .signedfront", 1, `".signedfront" is a folder for private keys and is never served`, "name the folder that your files are in"},
		"a link to one of the keys":   {"local link", 1, `"link" is a folder for private keys and is never served`, "name the folder that your files are in"},
		"an app that is not there":    {"local --app missing", 1, `--app: there is no folder "missing"`, "name the folder of a CDK app, with its cdk.json"},
		"a file for an app":           {"local --app file.txt", 1, `--app: "file.txt" is not a folder`, "name the folder of a CDK app, with its cdk.json"},
		"no CDK app there":            {"local --app empty", 1, "empty: there is no cdk.json", "run this in the folder of a CDK app, or name that folder with --app"},
		"a verb in capitals":          {"URL rt.png", 2, `there is no verb "URL"`, "did you mean `signedfront url`?"},
		"a flag in camel case":        {"url --keyPairId K2JCJMDEHXQW5F rt.png", 2, `there is no flag "--keyPairId"`, "did you mean --key-pair-id?"},
		"a scheme in capitals":        {"explain HTTPS://d111111abcdef8.cloudfront.net/rt.png", 2, "the scheme of the URL has capitals", "write https://"},
		"a bracket before a URL":      {"explain <https://d111111abcdef8.cloudfront.net/rt.png", 2, `there is text before the https:// of the URL: "<"`, "leave it out"},
		"no cookie":                   {"explain --cookie cookies.txt https://d111111abcdef8.cloudfront.net/rt.png", 2, "--cookie has no name=value", "write the header that the browser sent, as `signedfront cookies --format curl` prints one: name=value; name=value"},
		"a Set-Cookie header":         {"explain --cookie set-cookie:a=b https://d111111abcdef8.cloudfront.net/rt.png", 2, "--cookie is a Set-Cookie header, which a server sends", "write the header that the browser sent, as `signedfront cookies --format curl` prints one: name=value; name=value"},
		"file:// alone":               {"url --key-pair-id K2JCJMDEHXQW5F --private-key file:// https://d111111abcdef8.cloudfront.net/rt.png", 2, "--private-key names no file after the scheme", "write the file name, as in file://private_key.pem"},
		"a port that is taken":        {"local --addr " + taken.Addr().String(), 1, "another program listens on " + taken.Addr().String(), "choose another port with --addr, or leave --addr out to get a free one"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file.txt"), "text")
			writeFile(t, filepath.Join(dir, "dots", ".hidden"), "text")
			if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, ".signedfront", "shop-dev", "deployment.json"), "{}")
			if err := os.Symlink(filepath.Join(".signedfront", "shop-dev"), filepath.Join(dir, "link")); err != nil {
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
			err, rest, _ := strings.Cut(strings.TrimSuffix(said, "\n"), "\n")
			hint, help, _ := strings.Cut("\n"+rest, "\nsignedfront: help: ")
			if !strings.HasSuffix(err, test.err) {
				t.Errorf("\n got %s\nwant %s", err, test.err)
			}
			if hint = strings.TrimPrefix(hint, "\nsignedfront: hint: "); strings.TrimSpace(hint) != test.hint {
				t.Errorf("\n got hint %s\nwant hint %s", hint, test.hint)
			}
			if test.status == 2 && (!strings.HasPrefix(help, "run `signedfront ") || !strings.HasSuffix(help, "--help`")) {
				t.Errorf("it does not name the help to read: %s", help)
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
