package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// runWith runs the program with this standard input and waits for its end.
func runWith(t *testing.T, dir, input string, args ...string) *process {
	t.Helper()
	p := start(t, dir, args...)
	go func() {
		io.WriteString(p.stdin, input)
		p.stdin.Close()
	}()
	p.status()
	return p
}

func TestEachLineOfStandardInputIsSignedInItsOrder(t *testing.T) {
	dir, keys := keyFolder(t)
	const lines = 5000
	var input strings.Builder
	input.WriteString("\xef\xbb\xbf") // some programs write one before a text
	var want []string
	for i := range lines {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&input, "a b/%d.png\r\n", i)
			want = append(want, fmt.Sprintf("%s/a%%20b/%d.png", site, i))
		case 1:
			fmt.Fprintf(&input, "%s/%d.png?size=l\n", site, i)
			want = append(want, fmt.Sprintf("%s/%d.png?size=l", site, i))
		case 2:
			input.WriteString("\n") // an empty line is refused
		default:
			fmt.Fprintf(&input, "día/%d\n", i)
			want = append(want, fmt.Sprintf("%s/d%%C3%%ADa/%d", site, i))
		}
	}
	input.WriteString("last") // without a line end
	want = append(want, site+"/last")
	p := runWith(t, dir, input.String(), "url", "--deployment", "deployment.json", "--ip", "203.0.113.7", "-")
	got := strings.Split(strings.TrimSuffix(p.stdout.String(), "\n"), "\n")
	if p.status() != 1 || len(got) != len(want) {
		t.Fatalf("exit status %d, %d lines, want %d: %.500s", p.status(), len(got), len(want), p.stderr.String())
	}
	for i, signed := range got {
		if !strings.HasPrefix(signed, want[i]+"?Policy=") && !strings.HasPrefix(signed, want[i]+"&Policy=") {
			t.Fatalf("line %d: got %s, want %s", i, signed, want[i])
		}
	}
	if v := signer.Verify(signer.Request{URL: got[0], Time: time.Now(), RemoteAddr: netip.MustParseAddr("203.0.113.7")}, keys); !v.Allowed {
		t.Error(v.Detail)
	}
	told := p.stderr.String()
	if n := strings.Count(told, " is empty\n"); n != lines/5 || !strings.HasPrefix(told, "signedfront: error: line 3 is empty\nsignedfront: error: line 8 is empty\n") ||
		!strings.HasSuffix(told, "signedfront: error: 1000 of 5001 lines of standard input were not signed\n") {
		t.Errorf("%d lines are told: %.500s", n, told)
	}
}

func TestALineThatCannotBeSignedIsToldWithItsNumberAndTheOthersAreSigned(t *testing.T) {
	dir, _ := keyFolder(t)
	for name, test := range map[string]struct{ line, want string }{
		"an empty line":                {"", "line 2 is empty"},
		"a megabyte without an end":    {strings.Repeat("a", 1<<20), "line 2 is longer than 16384 bytes"},
		"a key that is too long":       {strings.Repeat("a", 1025), ": 1025 bytes long, but S3 allows 1024"},
		"a key that is not UTF-8":      {"d\xeda.png", "not UTF-8"},
		"a URL that is not UTF-8":      {site + "/d\xeda.png", `"\xed"`},
		"a URL that is signed already": {site + "/a?Expires=1&Signature=secret&Key-Pair-Id=K1", "not signed yet"},
		"a path of S3":                 {"s3://bucket/a", "an S3 address"},
		"a control character":          {site + "/a\x00b", "%00"},
		"a key with a NUL":             {"a\x00b\x00", `byte 1, "\x00"`},
		"columns":                      {"a.png\t1234", "with %09"},
		"colors of a terminal":         {"\x1b[32ma.png\x1b[0m", "with %1B"},
		"lines of an old Macintosh":    {"a.png\rb.png", "with %0D"},
		"a byte order mark inside":     {"\ufeffa.png", "with %EF%BB%BF"},
		"white space":                  {" \t ", "only white space"},
		"quotation marks":              {`"bucket","a.png"`, "with %22"},
		"a line of aws s3 ls":          {"2026-11-29 08:00:00       1234 albums/a.png", "aws s3api list-objects-v2"},
		"the same in large units":      {"2026-11-29 08:00:00    1.2 KiB albums/a.png", "aws s3api list-objects-v2"},
		"a folder of aws s3 ls":        {"                           PRE albums/", "aws s3api list-objects-v2"},
		"a line of find":               {"./albums/a.png", "leave ./ out"},
		"a scheme with one slash":      {"https:/d111111abcdef8.cloudfront.net/a", "two slashes after its scheme"},
		"a scheme of something else":   {"gs://bucket/a", "neither an object key nor a URL"},
		"another host, no scheme":      {"d222222abcdef8.cloudfront.net/a", "write https:// before it"},
		"a dot segment":                {"a/../b", "segment"},
		"another host of S3":           {"https://b.s3.amazonaws.com/a", "does not accept CloudFront's signatures"},
		"one beside the resource":      {"other/a", `--resource "albums/*" does not cover line 2, "other/a"`},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"url", "--deployment", "deployment.json", "-"}
			if strings.Contains(test.want, "--resource") {
				args = append(args, "--resource", "albums/*")
			}
			p := runWith(t, dir, "albums/1\n"+test.line+"\nalbums/3", args...)
			told := p.stderr.String()
			if p.status() != 1 || !strings.HasPrefix(told, "signedfront: error: ") || !strings.Contains(told, "line 2") || !strings.Contains(told, test.want) ||
				!strings.HasSuffix(told, "1 of 3 lines of standard input were not signed\n") || strings.Contains(told, "secret") {
				t.Errorf("exit status %d: %.500s", p.status(), told)
			}
			first, rest, _ := strings.Cut(p.stdout.String(), "\n")
			if !strings.HasPrefix(first, site+"/albums/1?") || !strings.HasPrefix(rest, site+"/albums/3?") || strings.Count(rest, "\n") != 1 {
				t.Errorf("got %s\n%s", first, rest)
			}
		})
	}
}

func TestAnErrorOfAllLinesIsToldOnce(t *testing.T) {
	dir, _ := keyFolder(t)
	for _, test := range []struct {
		args   string
		status int
		want   string
	}{
		{"url --deployment deployment.json --ttl 48h -", 1, "maxUrlLifetime"},
		{"url --deployment deployment.json --resource " + site + "/a|b* -", 1, "--resource"},
		{"url --deployment deployment.json - a", 2, "give no other argument"},
		{"url --key-pair-id K1 --private-key - -", 2, "standard input for both the private key and the URLs"},
	} {
		p := runWith(t, dir, strings.Repeat("a\n", 1000), strings.Fields(test.args)...)
		if told := p.stderr.String(); p.status() != test.status || p.stdout.String() != "" || strings.Count(told, "error:") != 1 || !strings.Contains(told, test.want) {
			t.Errorf("%s: exit status %d: %.500s", test.args, p.status(), told)
		}
	}
	// The next lines of UTF-16 would be read as other object keys.
	for _, input := range []string{"\xff\xfea\x00\n\x00b\x00", "\xfe\xff\x00a\x00\n\x00b"} {
		p := runWith(t, dir, input, "url", "--deployment", "deployment.json", "-")
		if told := p.stderr.String(); p.status() != 1 || p.stdout.String() != "" || !strings.Contains(told, "write the list as UTF-8") {
			t.Errorf("exit status %d: %s%s", p.status(), p.stdout.String(), told)
		}
	}
	// An empty list has no line that fails.
	if p := runWith(t, dir, "", "url", "--deployment", "deployment.json", "-"); p.status() != 0 || p.stdout.String()+p.stderr.String() != "" {
		t.Errorf("exit status %d: %s", p.status(), p.stderr.String())
	}
}

func TestALineIsSignedBeforeTheNextOneIsWaitedFor(t *testing.T) {
	dir, _ := keyFolder(t)
	p := start(t, dir, "url", "--deployment", "deployment.json", "-")
	for i := range 3 {
		fmt.Fprintf(p.stdin, "%d.png\n", i)
		p.stdout.await(t, has("\n", i+1))
	}
	p.stdin.Close()
	if p.status() != 0 {
		t.Error(p.stderr.String())
	}
}

func TestURLsInJSONSayWhatTheyWereMadeOf(t *testing.T) {
	dir, keys := keyFolder(t)
	type object struct {
		Line       int
		Input, URL string
	}
	check := func(text string, want object) {
		t.Helper()
		var got object
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Line != want.Line || got.Input != want.Input || strings.Contains(text, `\u0026`) {
			t.Errorf("got %s, %v", text, err)
		}
		if v := signer.Verify(signer.Request{URL: got.URL, Time: time.Now()}, keys); !v.Allowed {
			t.Error(v.Detail)
		}
	}
	p := runWith(t, dir, "\n\"día\" <1>\n", "url", "--deployment", "deployment.json", "--json", "-")
	check(p.stdout.String(), object{Line: 2, Input: `"día" <1>`})
	check(line(t, run(t, dir, "url", "--deployment", "deployment.json", "--json", "a&b")), object{Input: "a&b"})
}

func TestAKeyOnStandardInputIsNotShownAndEndsTheList(t *testing.T) {
	dir, _ := keyFolder(t)
	for _, key := range leaktest.Keys() {
		pem := string(key.PEM())
		p := runWith(t, dir, "a\n"+pem+"b\n", "url", "--deployment", "deployment.json", "-")
		out, told := p.stdout.String(), p.stderr.String()
		if found := key.Find(out + told); found != "" {
			t.Errorf("%s: the output shows %s", key.Name, found)
		}
		if p.status() != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(told, "line 2 of standard input is a value of ") {
			t.Errorf("%s: exit status %d: %s%s", key.Name, p.status(), out, told)
		}
		// The lines of its base64 are refused one by one.
		body := strings.Join(strings.Split(strings.TrimSpace(pem), "\n")[1:2], "\n")
		p = runWith(t, dir, body+"\nb\n", "url", "--deployment", "deployment.json", "-")
		if found := key.Find(p.stdout.String() + p.stderr.String()); found != "" || strings.Count(p.stdout.String(), "\n") != 1 {
			t.Errorf("%s: a line of it: the output shows %s", key.Name, found)
		}
	}
}

func TestAListThatCannotBeReadToItsEndIsAFailure(t *testing.T) {
	dir, _ := keyFolder(t)
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	cmd := exec.Command(signedfront, "url", "--deployment", filepath.Join(dir, "deployment.json"), "-")
	cmd.Stdin = folder
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "error: standard input, after line 0: ") {
		t.Errorf("%v: %s", err, out)
	}
}
