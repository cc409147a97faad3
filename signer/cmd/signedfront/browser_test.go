//go:build browser

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/edgetest"
)

// chromium runs headless Chromium, which must be on the PATH, and returns what
// it writes. It asks nobody but this machine.
func chromium(t *testing.T, args ...string) string {
	t.Helper()
	cmd := chromiumCommand(t, t.TempDir(), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, &stderr)
	}
	return stdout.String()
}

// chromiumCommand is headless Chromium with a home of its own, in a locale whose
// file names may have any character: where none is set, Chromium saves no file
// whose name is not ASCII.
func chromiumCommand(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("Chromium is not on the PATH: install it, as with `apt-get install chromium` (%v)", err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--force-device-scale-factor=1", "--force-color-profile=srgb", "--hide-scrollbars",
		"--window-size=800,600", "--user-data-dir=" + filepath.Join(home, "profile"),
	}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+home, "LC_ALL=C.UTF-8")
	return cmd
}

// saved is the name of the file that Chromium saves of a URL, and what is in it.
func saved(t *testing.T, url string) (name, content string) {
	t.Helper()
	home := t.TempDir()
	folder := filepath.Join(home, "saved")
	preferences, err := json.Marshal(map[string]any{"download": map[string]any{"default_directory": folder, "prompt_for_download": false}})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{folder, filepath.Join(home, "profile", "Default")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "profile", "Default", "Preferences"), preferences, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := chromiumCommand(t, home, "--remote-debugging-port=0", url)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Chromium stays open for a debugger: with an option such as --dump-dom it ends
	// when the page cannot be shown, often before the file is saved.
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			// While it is being written it has a name of Chromium's.
			if strings.HasSuffix(file.Name(), ".crdownload") || strings.HasPrefix(file.Name(), ".") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, file.Name()))
			if err != nil || len(text) == 0 {
				continue
			}
			return file.Name(), string(text)
		}
	}
	left, _ := os.ReadDir(folder)
	t.Fatalf("Chromium saves no file but %v: %s", left, &stderr)
	return "", ""
}

// screenshot is what Chromium shows of a URL. It is kept in the folder that
// SIGNEDFRONT_SCREENSHOTS names, if any, to be looked at.
func screenshot(t *testing.T, url string) *image.NRGBA {
	t.Helper()
	file := filepath.Join(t.TempDir(), "screenshot.png")
	chromium(t, "--screenshot="+file, url)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if kept := os.Getenv("SIGNEDFRONT_SCREENSHOTS"); kept != "" {
		name := strings.ReplaceAll(t.Name(), "/", "-") + ".png"
		if err := os.WriteFile(filepath.Join(kept, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return decode(t, text)
}

func decode(t *testing.T, text []byte) *image.NRGBA {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewNRGBA(decoded.Bounds())
	draw.Draw(picture, picture.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	return picture
}

// find lists where a picture stands, whole, in a screenshot.
func find(screen, picture *image.NRGBA) []image.Point {
	var found []image.Point
	room := screen.Bounds().Size().Sub(picture.Bounds().Size())
	for y := range room.Y + 1 {
		for x := range room.X + 1 {
			if at := image.Pt(x, y); shows(screen, picture, at) {
				found = append(found, at)
			}
		}
	}
	return found
}

// shows reports whether every pixel of a picture is in a screenshot, with the
// picture's corner at a point.
func shows(screen, picture *image.NRGBA, at image.Point) bool {
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if !alike(screen.NRGBAAt(at.X+x, at.Y+y), picture.NRGBAAt(x, y)) {
				return false
			}
		}
	}
	return true
}

// alike allows for rounding in the browser.
func alike(a, b color.NRGBA) bool {
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= 2 }
	return near(a.R, b.R) && near(a.G, b.G) && near(a.B, b.B)
}

func TestABrowserShowsThePictureThroughASignedURLAlone(t *testing.T) {
	app := realApp(t)
	_, printed := serve(t, app)
	e := printed["rt.png"]
	text, err := os.ReadFile(filepath.Join("sample", "rt.png"))
	if err != nil {
		t.Fatal(err)
	}
	picture := decode(t, text)
	var at image.Point // where Chromium puts a picture that it opens alone

	t.Run("signed", func(t *testing.T) {
		found := find(screenshot(t, e.signedURL), picture)
		if len(found) != 1 {
			t.Fatalf("the picture is shown %d times, want once", len(found))
		}
		at = found[0]
	})
	t.Run("unsigned", func(t *testing.T) {
		screen := screenshot(t, e.unsignedURL)
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				if alike(screen.NRGBAAt(at.X+x, at.Y+y), picture.NRGBAAt(x, y)) {
					t.Fatalf("the pixel %d, %d of the picture is shown", x, y)
				}
			}
		}
		if page := chromium(t, "--dump-dom", e.unsignedURL); !strings.Contains(page, "MissingKey") {
			t.Errorf("CloudFront's error is not shown:\n%s", page)
		}
	})
	t.Run("in a page, both", func(t *testing.T) {
		page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<body style="margin: 0"><img src="%s"><br><img src="%s" width="300" height="200" alt="refused">`,
				strings.ReplaceAll(e.signedURL, "&", "&amp;"), e.unsignedURL)
		}))
		defer page.Close()
		if found := find(screenshot(t, page.URL), picture); len(found) != 1 || found[0] != (image.Point{}) {
			t.Errorf("the picture is shown at %v, want at the top alone", found)
		}
	})
}

// Chromium replaces quotes, which not every system has in names of files.
func TestABrowserSavesUnderTheNameThatWasSigned(t *testing.T) {
	template, err := os.ReadFile("../../../constructs/testdata/everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	const content = "%PDF-1.7"
	server := edgetest.NewServer(t, edgetest.Options{
		Files: map[string]string{"invoices/7f3a.pdf": content},
		Edge:  edge.Config{Template: template, Account: "123456789012", Region: "eu-west-1"},
	})
	for name, want := range map[string]string{
		`Invoice "July"; día 100%.pdf`: `Invoice _July_; día 100%.pdf`,
		"履歴書.pdf":                      "履歴書.pdf",
		"it's a+b=c&d;e.pdf":           "it's a+b=c&d;e.pdf",
	} {
		raw, err := signer.Download{Name: name}.URL(server.URL + "/invoices/7f3a.pdf")
		if err != nil {
			t.Fatal(err)
		}
		signed, err := server.Signer.URL(t.Context(), raw, signer.Policy{TTL: 2 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		t.Run(want, func(t *testing.T) {
			got, text := saved(t, signed)
			if got != want || text != content {
				t.Errorf("%q is saved as %q, want %q, with %q", name, got, want, text)
			}
		})
	}
}
