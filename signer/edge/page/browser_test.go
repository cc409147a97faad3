//go:build browser

package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// browserTools installs playwright-core, which drives Chromium, and axe-core, which
// finds accessibility errors, in the versions of package-lock.json.
func browserTools(t *testing.T) (node, chromium, folder string) {
	t.Helper()
	find := func(program, hint string) string {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatalf("%s is not on the PATH: %s (%v)", program, hint, err)
		}
		return path
	}
	chromium = find("chromium", "install it, as with `apt-get install chromium`")
	node, npm := find("node", "install Node.js 20 or newer"), find("npm", "install Node.js with npm")
	folder = t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "browser.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return node, chromium, folder
}

var deepFolder = "archive" + strings.Repeat("/a folder in another one", 30)

// photos are the files of a site to look at.
func photos() fstest.MapFS {
	files := fstest.MapFS{
		"albums/2026/notes.txt":            {Data: []byte("Taken in July.\n")},
		"films/trailer.mp4":                {Data: []byte("not a film")},
		"invoices/7f3a.pdf":                {Data: []byte("%PDF-1.7")},
		"assets/logo.png":                  {Data: painting(31)},
		"día 1+1.txt":                      {Data: []byte("hola")},
		"<img src=x onerror=alert(1)>.txt": {Data: []byte("a name")},
	}
	files[deepFolder+"/end.txt"] = &fstest.MapFile{Data: []byte("the end")}
	for i, name := range []string{"harbor", "dunes", "first snow", "ridge", "valley", "evening", "lighthouse", "meadow", "north face", "pines", "river", "shore"} {
		files["albums/2026/"+name+".png"] = &fstest.MapFile{Data: painting(i + 1)}
		if i < 5 {
			files[name+".png"] = &fstest.MapFile{Data: painting(i + 20)}
		}
	}
	return files
}

// distributionOf returns the logical id of a template's distribution.
func distributionOf(t *testing.T, text []byte) string {
	t.Helper()
	var whole struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	for id, resource := range whole.Resources {
		if resource.Type == "AWS::CloudFront::Distribution" {
			return id
		}
	}
	t.Fatal("the template has no distribution")
	return ""
}

// testdata/browser.mjs uses the page as a person does. If SIGNEDFRONT_SCREENSHOTS
// names a folder, it gets screenshots of each view. If
// SIGNEDFRONT_README_SCREENSHOTS is set, those of the README are written to
// .github/screenshots.
func TestThePageInABrowser(t *testing.T) {
	node, chromium, folder := browserTools(t)
	text, err := os.ReadFile("../../../constructs/testdata/everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	files := photos()
	s := startConfig(t, edge.Config{Template: changed(t, text, "Resources."+distributionOf(t, text)+".Properties.DistributionConfig.CustomErrorResponses", ""), Objects: edge.OpenFS(files), Account: "123456789012", Region: "eu-west-1"},
		Config{Stack: "signedfront-prod", Content: "./photos"})
	s.page.maxSearch = time.Minute // on a busy machine too
	many := fstest.MapFS{}
	for i := range 50_000 {
		many[fmt.Sprintf("scans/%02d/page %05d.txt", i%20, i)] = &fstest.MapFile{Data: []byte("x")}
	}
	large := start(t, template(t), many)
	broken := start(t, template(t, "Resources.BucketPolicy.Properties.PolicyDocument.Statement.1.Resource", `{"Fn::GetAtt": ["Bucket", "Arn"]}`), files)

	elsewhereServed := startConfig(t, edge.Config{Template: template(t, origin+".OriginPath", `"/none here"`), Objects: edge.OpenFS(files)}, Config{Content: "./photos"})

	other, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := signer.New("K2JCJMDEHXQW5F", other, nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := elsewhere.URL(t.Context(), "https://d111111abcdef8.cloudfront.net/films/intro.mp4", signer.Policy{TTL: time.Hour, IPAddress: "203.0.113.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	swapped := start(t, template(t), files)
	next := swapped.config
	next.Template = template(t, "Resources.BucketPolicy", "")
	worse, err := edge.New(next)
	if err != nil {
		t.Fatal(err)
	}
	// A page of another origin that reads the edge by CORS. It can also swap the
	// page's edge.
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/swap" {
			swapped.current.Store(worse)
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>app</title>")
	}))
	t.Cleanup(app.Close)

	readme := ""
	if os.Getenv("SIGNEDFRONT_README_SCREENSHOTS") != "" {
		if readme, err = filepath.Abs("../../../.github/screenshots"); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := json.Marshal(map[string]string{
		"chromium": chromium, "page": s.page.URL(), "edge": s.base, "large": large.page.URL(), "broken": broken.page.URL(), "app": app.URL, "deep": deepFolder, "elsewhere": elsewhereServed.page.URL(), "swapped": swapped.page.URL(),
		"tampered":    s.base + strings.Replace(s.sign("/albums/2026/harbor.png"), "harbor", "harbqr", 1),
		"foreign":     foreign,
		"foreignKey":  string(other.PublicKey().PEM()),
		"screenshots": os.Getenv("SIGNEDFRONT_SCREENSHOTS"),
		"readme":      readme,
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "browser.mjs")
	command.Dir = folder
	command.Env = append(os.Environ(), "SETTINGS="+string(settings), "HOME="+t.TempDir())
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err = command.Run()
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
}
