package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pageOf returns the page address that a program printed, and its token.
func (p *process) pageOf(t *testing.T) (address, token string) {
	t.Helper()
	line, _, _ := strings.Cut(p.stdout.await(t, has("\n", 1)), "\n")
	address, token, found := strings.Cut(line, "/#token=")
	if !found || !strings.HasPrefix(address, "http://127.0.0.1:") || len(token) < 16 {
		t.Fatalf("the first line is %q", line)
	}
	return address, token
}

func TestThePagesAddressIsPrintedFirstAndItsTokenOpensIt(t *testing.T) {
	p, printed := serve(t, copiedApp(t, "shop-dev"))
	address, token := p.pageOf(t)
	if status, _, body := get(t, address+"/"); status != 200 || !strings.Contains(body, "<html") {
		t.Errorf("the page: %d", status)
	}
	with := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Signedfront-Token", token) }
	}
	if status, _, body := get(t, address+"/api/files", with(token)); status != 200 || !strings.Contains(body, "rt.png") {
		t.Errorf("its files: %d %s", status, body)
	}
	if status, _, _ := get(t, address+"/api/files", with(token+"x")); status < 400 {
		t.Errorf("with another token: %d", status)
	}
	if strings.HasPrefix(printed["rt.png"].signedURL, address) {
		t.Error("page and edge have one port")
	}
	if said := p.stderr.String(); strings.Contains(said, token) {
		t.Errorf("the token stands in the log:\n%s", said)
	}
	other, _ := serve(t, copiedApp(t, "shop-dev"))
	if _, again := other.pageOf(t); again == token {
		t.Error("another run has the same token")
	}
}

func TestThePageIsLeftOut(t *testing.T) {
	p, _ := serve(t, copiedApp(t, "shop-dev"), "--no-page")
	if out := p.stdout.String(); !strings.HasPrefix(out, "shop-dev on ") || strings.Contains(p.stderr.String(), "page") {
		t.Errorf("it prints\n%s", out)
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Everyone on a machine can read the arguments of programs.
func TestTheBrowserIsOpenedWithoutTheTokenInItsArguments(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	seen := filepath.Join(t.TempDir(), "seen")
	withCommand(t, "xdg-open", `ls -l "$1" >"`+seen+`.new" && cat "$1" >>"`+seen+`.new" && mv "`+seen+`.new" "`+seen+`"`)
	p, _ := serve(t, copiedApp(t, "shop-dev"), "--open")
	_, token := p.pageOf(t)
	var text []byte
	for len(text) == 0 {
		text, _ = os.ReadFile(seen)
	}
	listed, page, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(listed, "-rw-------") || strings.Contains(listed, token) || !strings.Contains(page, "/#token="+token) {
		t.Errorf("it opened\n%s", text)
	}
	interrupt(t, p)
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestABrowserThatCannotBeOpenedIsNoFailure(t *testing.T) {
	withCommand(t, "cp", `exec /bin/cp "$@"`)
	withCommand(t, "node", `exec `+lookPath(t, "node")+` "$@"`)
	t.Setenv("PATH", strings.Join(strings.Split(os.Getenv("PATH"), ":")[:2], ":"))
	p, printed := serve(t, copiedApp(t, "shop-dev"), "--open")
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d", status)
	}
	if said := p.stderr.String(); !strings.Contains(said, "signedfront: warning: the browser cannot be opened (exec: \"xdg-open\": executable file not found in $PATH): open the address of the page yourself\n") {
		t.Errorf("it says:\n%s", said)
	}
}

func TestABrowserThatCannotBeOpenedIsTold(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	withCommand(t, "xdg-open", "sleep 0.1; exit 3")
	p, printed := serve(t, copiedApp(t, "shop-dev"), "--open")
	p.stderr.await(t, has("signedfront: warning: the browser cannot be opened (exit status 3): open the address of the page yourself\n", 1))
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d", status)
	}
}
