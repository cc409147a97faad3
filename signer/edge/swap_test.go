//go:build unix

package edge

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestNothingOutsideTheFolderIsServedWhileNamesAreSwapped asks for files whose
// names, and whose folders' names, stand for links, pipes, dot files and the
// real thing in turn: every answer ends, and none holds a secret.
func TestNothingOutsideTheFolderIsServedWhileNamesAreSwapped(t *testing.T) {
	const secret, public = "SECRET", "public"
	outside := t.TempDir()
	dir := filepath.Join(t.TempDir(), "content")
	write(t, filepath.Join(outside, "file"), secret)
	write(t, filepath.Join(outside, "sub", "file"), secret)
	write(t, filepath.Join(dir, ".dot", "file"), secret)
	write(t, filepath.Join(dir, ".dot", "sub", "file"), secret)
	write(t, filepath.Join(dir, "stays"), public)

	s := serveConfig(t, Config{Template: edited(t), Objects: open(t, dir)})
	urls := []string{s.sign("/a/sub/file"), s.sign("/b"), s.sign("/stays")}

	// Each of these makes what a name stands for: the name is then swapped to it
	// in one step.
	link := func(target string) func(string) error {
		return func(name string) error { return os.Symlink(target, name) }
	}
	folder := func(name string) error {
		if err := os.MkdirAll(filepath.Join(name, "sub"), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(name, "sub", "file"), []byte(public), 0o644)
	}
	pipe := func(name string) error { return syscall.Mkfifo(name, 0o644) }
	file := func(name string) error { return os.WriteFile(name, []byte(public), 0o644) }
	swapped := map[string][]func(string) error{
		"a":          {folder, link(outside), folder, link(".dot"), folder, pipe, folder, file},
		"a/sub":      {link(filepath.Join(outside, "sub")), pipe, link("../.dot/sub")},
		"a/sub/file": {file, pipe, file, link(filepath.Join(outside, "file")), file, link("../../.dot/file")},
		"b":          {file, link(filepath.Join(outside, "file")), file, pipe, file, link(".dot/file"), file, folder},
	}
	stop := make(chan struct{})
	var swapping, asking sync.WaitGroup
	swaps := 0
	swapping.Go(func() {
		scratch := filepath.Join(filepath.Dir(dir), "scratch")
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			for name, kinds := range swapped {
				name = filepath.Join(dir, name)
				if !isFolder(filepath.Dir(name)) || kinds[i%len(kinds)](scratch) != nil {
					continue
				}
				os.RemoveAll(name)
				if os.Rename(scratch, name) == nil {
					swaps++
				}
				os.RemoveAll(scratch)
			}
		}
	})
	var mu sync.Mutex
	answers := map[string]int{}
	client := http.Client{Timeout: 30 * time.Second}
	for _, url := range urls {
		asking.Go(func() {
			for range 800 {
				response, err := client.Get(url)
				if err != nil {
					t.Errorf("no answer: %v", err)
					return
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil {
					t.Errorf("half an answer: %v", err)
				}
				if strings.Contains(string(body), secret) {
					t.Errorf("%d: a secret was served", response.StatusCode)
					return
				}
				mu.Lock()
				answers[response.Status[:3]+map[bool]string{true: " public"}[string(body) == public]]++
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	close(stop)
	swapping.Wait()
	if swaps < 100 || answers["200 public"] <= 800 || answers["403"] == 0 {
		t.Errorf("%d swaps, and the answers %v: the test does not meet what it is for", swaps, answers)
	}
}

// isFolder reports whether a folder is one, and so is the folder that it is in.
func isFolder(name string) bool {
	for range 2 {
		if info, err := os.Lstat(name); err != nil || !info.IsDir() {
			return false
		}
		name = filepath.Dir(name)
	}
	return true
}

// swapping is a folder of which an entry is swapped once it was looked at.
type swapping struct {
	folder
	swap func(name string)
}

func (s swapping) lstat(name string) (fs.FileInfo, error) {
	info, err := s.folder.lstat(name)
	s.swap(name)
	return info, err
}

func TestWhatTookTheNameOfAnEntryAfterItWasLookedAtIsNotOpened(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "file"), "secret")
	for name, put := range map[string]func(name string) error{
		"a link to a dot entry":     func(name string) error { return os.Symlink(".dot", name) },
		"a link to a neighbor":      func(name string) error { return os.Symlink("neighbor", name) },
		"a link outside":            func(name string) error { return os.Symlink(outside, name) },
		"a link to a file outside":  func(name string) error { return os.Symlink(filepath.Join(outside, "file"), name) },
		"a pipe":                    func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"a link to a pipe":          func(name string) error { return os.Symlink("pipe", name) },
		"a folder of the same name": func(name string) error { return os.Mkdir(name, 0o755) },
		"nothing":                   func(string) error { return nil },
	} {
		for _, kind := range []string{"file", "folder"} {
			dir := t.TempDir()
			entry := filepath.Join(dir, "entry")
			if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"entry", ".dot", "neighbor"} {
				name = filepath.Join(dir, name)
				if kind == "folder" {
					name = filepath.Join(name, "file")
				}
				write(t, name, "secret")
			}
			in, err := openRootFolder(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			in = swapping{in, func(string) {
				// The first one is kept, so that its number is not given out again.
				os.Rename(entry, filepath.Join(dir, "was"))
				if err := put(entry); err != nil && !errors.Is(err, fs.ErrExist) {
					t.Fatal(err)
				}
			}}
			if kind == "file" {
				if file, _, err := openEntry(in, "entry"); err == nil {
					file.Close()
					t.Errorf("%s in place of a file was opened", name)
				}
				continue
			}
			if sub, err := enter(in, "entry"); err == nil {
				sub.Close()
				t.Errorf("%s in place of a folder was opened", name)
			}
		}
	}
}

func TestAPipeInPlaceOfAFileOrAFolderIsAnsweredAtOnce(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"file", "folder"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in, err := openRootFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	// Past the look at the entry, as if the pipe had come after it.
	if file, err := in.openFile("file"); err == nil {
		file.Close()
	}
	if sub, err := in.openFolder("folder"); err == nil {
		sub.Close()
		t.Error("a pipe was opened as a folder")
	}
	if root, err := openRootFolder(filepath.Join(dir, "folder")); err == nil {
		root.Close()
		t.Error("a pipe was opened as the folder of the bucket")
	}
	o := open(t, dir)
	for _, key := range []string{"file", "folder/file"} {
		if _, err := o.open(key); err != errNoObject {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestAFolderThatTurnsIntoALinkIsNotServedUnderItsName(t *testing.T) {
	outside, dir := t.TempDir(), filepath.Join(t.TempDir(), "content")
	write(t, filepath.Join(outside, "file"), "secret")
	write(t, filepath.Join(dir, "file"), "content")
	o := open(t, dir)
	if got := content(t, o, "file"); got != "content" {
		t.Fatalf("got %q", got)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, dir); err != nil {
		t.Fatal(err)
	}
	if got := content(t, o, "file"); got != "" || len(o.Keys()) != 0 {
		t.Errorf("a link in place of the folder opens %q", got)
	}
}
