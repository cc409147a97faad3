package main_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

var background = context.Background()

// get requests a URL and returns the status, the header and the body.
func get(t *testing.T, url string, change ...func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

// The real app, from its cdk.json to the bytes of a file.
func TestLocalServesTheStackOfThisRepository(t *testing.T) {
	content := t.TempDir()
	files := map[string]string{
		"rt.txt":                  "a file",
		"deep/er/and deeper.html": "<p>nested, with a space",
		"1+1=2.txt":               "a plus sign",
		"día/日本語.txt":             "unicode",
		"100%25 sure.txt":         "percent signs",
		"it's (a) [test]&co;.txt": "punctuation",
	}
	for name, text := range files {
		writeFile(t, filepath.Join(content, filepath.FromSlash(name)), text)
	}
	writeFile(t, filepath.Join(content, ".secret"), "a dot file")
	writeFile(t, filepath.Join(content, ".git", "config"), "in a dot folder")

	app := realApp(t)
	p, printed := serve(t, app, content)
	if got, want := slices.Sorted(maps.Keys(printed)), slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Fatalf("printed\n got %q\nwant %q\n%s", got, want, &p.stdout)
	}
	for name, e := range printed {
		status, header, body := get(t, e.signedURL)
		if status != 200 || body != files[name] {
			t.Errorf("%s: signed: %d %s", name, status, body)
		}
		kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
		if e.signed != fmt.Sprintf("200 %s", kind) {
			t.Errorf("%s: printed that it answers %s, and it is 200 %s", name, e.signed, kind)
		}
		status, _, body = get(t, e.unsignedURL)
		if status != 403 || !strings.Contains(body, "<Code>MissingKey</Code>") || e.unsigned != "403 MissingKey" {
			t.Errorf("%s: unsigned: %d %s, printed %s", name, status, body, e.unsigned)
		}
	}
	status, header, body := get(t, printed["rt.txt"].signedURL, func(r *http.Request) { r.Header.Set("Range", "bytes=2-") })
	if status != 206 || body != "file" || header.Get("Content-Range") != "bytes 2-5/6" {
		t.Errorf("a range: %d %s %s", status, header.Get("Content-Range"), body)
	}

	d, key := deployment(t, app, "signedfront-dev")
	s, err := signer.New(d.KeyPairID, key, &signer.Options{Hash: d.Hash})
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{".secret", ".git/config"} {
		if status, _, body := get(t, sign(t, s, d, hidden)); status != 403 || strings.Contains(body, "dot") {
			t.Errorf("%s: %d %s", hidden, status, body)
		}
	}
}

func sign(t *testing.T, s *signer.Signer, d *signer.Deployment, key string) string {
	t.Helper()
	url, err := signer.ObjectURL(d.BaseURL, key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.URL(t.Context(), url, signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestLocalServesItsOwnFilesWhereNoFolderIsNamed(t *testing.T) {
	_, printed := serve(t, copiedApp(t, "shop-dev"))
	for name, kind := range map[string]string{
		"rt.png":            "image/png",
		"texts/hello.txt":   "text/plain",
		"texts/día 1+1.txt": "text/plain",
	} {
		want, err := os.ReadFile(filepath.Join("sample", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		status, header, body := get(t, printed[name].signedURL)
		if status != 200 || body != string(want) || !strings.HasPrefix(header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", name, status, header.Get("Content-Type"))
		}
	}
}

func TestLocalRefusesWhatIsNotSignedForIt(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	_, printed := serve(t, app)
	d, key := deployment(t, app, "shop-dev")
	other, err := signer.GenerateKey(d.Algorithm)
	if err != nil {
		t.Fatal(err)
	}
	with := func(id string, key signer.Key, now func() time.Time) string {
		s, err := signer.New(id, key, &signer.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return sign(t, s, d, "rt.png")
	}
	yesterday := func() time.Time { return time.Now().Add(-24 * time.Hour) }
	signed := printed["rt.png"].signedURL
	for name, test := range map[string]struct {
		url    string
		change func(*http.Request)
		status int
		code   string
	}{
		"its own":                {url: with(d.KeyPairID, key, nil), status: 200},
		"expired":                {url: with(d.KeyPairID, key, yesterday), status: 403, code: "AccessDenied"},
		"for longer than signed": {url: strings.Replace(signed, "Expires=", "Expires=9", 1), status: 403, code: "AccessDenied"},
		"of another path":        {url: strings.Replace(signed, "rt.png", "texts/hello.txt", 1), status: 403, code: "AccessDenied"},
		"of another key":         {url: with(d.KeyPairID, other, nil), status: 403, code: "AccessDenied"},
		"of an unknown key pair": {url: with("K0UNKNOWN00000", other, nil), status: 403, code: "InvalidKey"},
		"a signature cut short":  {url: strings.Replace(signed, "&Key-Pair-Id", "*&Key-Pair-Id", 1), status: 403, code: "MalformedSignature"},
		"to another host":        {url: signed, change: func(r *http.Request) { r.Host = "attacker.example" }, status: 403, code: "ERROR: The request could not be satisfied"},
	} {
		t.Run(name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*http.Request) {}
			}
			status, _, body := get(t, test.url, change)
			if status != test.status || !strings.Contains(body, test.code) {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.code)
			}
		})
	}
}

func TestThePrintedURLsAreGoodForTheAskedTime(t *testing.T) {
	before := time.Now()
	_, printed := serve(t, copiedApp(t, "shop-dev"), "--ttl", "90m")
	_, query, _ := strings.Cut(printed["rt.png"].signedURL, "?Expires=")
	var expires int64
	if _, err := fmt.Sscan(strings.Replace(query, "&", " ", 1), &expires); err != nil {
		t.Fatal(err)
	}
	end := time.Unix(expires, 0)
	if end.Before(before.Add(90*time.Minute)) || end.After(time.Now().Add(90*time.Minute+time.Second)) {
		t.Errorf("they end at %s, asked at %s", end, before)
	}
	if want := end.Local().Format("15:04:05 MST") + " (1h30m)"; !strings.HasSuffix(printed["rt.png"].until, want) {
		t.Errorf("printed until %s, want %s", printed["rt.png"].until, want)
	}
}

func TestTheKeyAndTheDeploymentDocumentAreKeptForTheirOwnerAlone(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	p, _ := serve(t, app)
	d, key := deployment(t, app, "shop-dev")
	if err := d.CheckKey(key.PublicKey()); err != nil {
		t.Error(err)
	}
	state := filepath.Join(app, ".signedfront")
	folder := filepath.Join(state, "shop-dev")
	for name, want := range map[string]os.FileMode{
		state:                                    0o700 | os.ModeDir,
		folder:                                   0o700 | os.ModeDir,
		filepath.Join(folder, d.Key.File):        0o600,
		filepath.Join(folder, "deployment.json"): 0o600,
		filepath.Join(state, ".gitignore"):       0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", name, info.Mode(), want)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 3 {
		t.Errorf("%s has %d entries, want the key, the document and the lock (%v)", folder, len(entries), err)
	}
	if !strings.Contains(p.stderr.String(), "keys and deployment document are in .signedfront/shop-dev\n") {
		t.Errorf("it does not say where they are:\n%s", &p.stderr)
	}
}

func TestAKeyOfAnotherKindIsNotUsed(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	first, _ := serve(t, app)
	interrupt(t, first)
	d, _ := deployment(t, app, "shop-dev")
	file := filepath.Join(app, ".signedfront", "shop-dev", d.Key.File)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	key, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	p := run(t, app, "local", "--addr", "127.0.0.1:0")
	for _, want := range []string{"holds a key of kind rsa-2048, but the template needs ecdsa-p256\n", "signedfront: hint: stop every `signedfront local` of this app and delete the file, to make a new key\n"} {
		if p.status() != 1 || !strings.Contains(p.stderr.String(), want) {
			t.Errorf("exit status %d, want 1, and %q\n%s", p.status(), want, &p.stderr)
		}
	}
}

func TestSeveralAtOnceShareTheKeyAndTakeDifferentPorts(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	var all []*process
	for range 4 {
		all = append(all, start(t, app, "local"))
	}
	opened := map[string]bool{}
	for _, p := range all {
		e := p.entries(t)["rt.png"]
		if status, _, body := get(t, e.signedURL); status != 200 {
			t.Errorf("%d %s", status, body)
		}
		opened[e.unsignedURL] = true
	}
	if len(opened) != len(all) {
		t.Errorf("%d processes serve %d URLs", len(all), len(opened))
	}
	if keys, err := filepath.Glob(filepath.Join(app, ".signedfront", "shop-dev", "*.pem")); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, want 1 (%v)", len(keys), err)
	}
}

func interrupt(t *testing.T, p *process) {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if status := p.status(); status != 0 {
		t.Errorf("exit status %d, want 0\n%s", status, &p.stderr)
	}
}

func TestASignalEndsItAlsoWhileAFileIsSent(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		content := t.TempDir()
		big, err := os.Create(filepath.Join(content, "big.bin"))
		if err != nil {
			t.Fatal(err)
		}
		if err := big.Truncate(1 << 32); err != nil {
			t.Fatal(err)
		}
		big.Close()
		p, printed := serve(t, copiedApp(t, "shop-dev"), content)

		answer, err := http.Get(printed["big.bin"].signedURL)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		idle, err := net.Dial("tcp", answer.Request.URL.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if status := p.status(); status != 0 {
			t.Errorf("%s: exit status %d, want 0\n%s", signal, status, &p.stderr)
		}
	}
}

func TestTheLogHasALineForEachRequestAndNothingSecret(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	p, printed := serve(t, app)
	get(t, printed["rt.png"].signedURL)
	get(t, printed["rt.png"].unsignedURL+"?token=hidden")
	p.stderr.await(t, has("/rt.png", 2))
	interrupt(t, p)

	log := p.stderr.String()
	if !strings.Contains(log, " 200 GET /rt.png\n") || !strings.Contains(log, " 403 GET /rt.png (unsigned: ") {
		t.Errorf("no line for each request:\n%s", log)
	}
	_, key := deployment(t, app, "shop-dev")
	pem, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hidden", "Signature=", "PRIVATE KEY", strings.Split(string(pem), "\n")[1]} {
		if strings.Contains(log, secret) {
			t.Errorf("%q stands in the log:\n%s", secret, log)
		}
	}
	if strings.Contains(p.stdout.String(), "PRIVATE KEY") {
		t.Error("the private key was printed")
	}
}

func TestAWrongConfigurationIsToldInTheAppsOwnWords(t *testing.T) {
	app := realApp(t)
	text, err := os.ReadFile(filepath.Join(app, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(text), `"ephemeral"`, `"ephemral"`, 1)
	writeFile(t, filepath.Join(app, "cdk.json"), wrong)
	p := run(t, app, "local", "--addr", "127.0.0.1:0")
	said := p.stderr.String()
	if p.status() != 1 || !strings.Contains(said, "environments.dev.ephemral") {
		t.Errorf("exit status %d\n%s", p.status(), said)
	}
	for _, noise := range []string{"goroutine", "panic", "waitid", "Node 20", "end-of-life", "\nexit status"} {
		if strings.Contains(said, noise) {
			t.Errorf("%q stands in it:\n%s", noise, said)
		}
	}
}
