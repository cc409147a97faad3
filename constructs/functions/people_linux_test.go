package functions

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain is a program that builds an archive, where a test has started it as
// one: of one of our functions, or of the fixture's in a folder.
func TestMain(m *testing.M) {
	name, module, asked := strings.Cut(os.Getenv("SIGNEDFRONT_TEST_BUILD"), " ")
	if !asked {
		os.Exit(m.Run())
	}
	f := Function{Name: "fixture", Main: "lambda"}
	for _, known := range All {
		if known.Name == name {
			f = known
		}
	}
	archive, err := f.Build(module, "arm64", "", os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// As the bundling writes it.
	file := filepath.Join(os.Getenv("TMPDIR"), "function.zip")
	if err := os.WriteFile(file, archive, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A machine with a strict umask must not upload a function that nobody can execute under
// the same name as everybody's.
func TestTheBytesOfAnArchiveAreTheSameWhoeverBuildsIt(t *testing.T) {
	// Open to everybody, unlike the test's own folders.
	folder, err := os.MkdirTemp("", "signedfront-people-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "build")
	if err := copyProgram(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	build := func(t *testing.T, name, module, umask string, user *syscall.Credential) string {
		t.Helper()
		scratch := filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "-")+umask)
		if err := os.Mkdir(scratch, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(scratch, 0o777); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("sh", "-c", `umask "$1" && exec "$2"`, "sh", umask, program)
		command.Dir = folder
		command.Env = append(os.Environ(), "SIGNEDFRONT_TEST_BUILD="+name+" "+module, "TMPDIR="+scratch)
		if user != nil {
			command.SysProcAttr = &syscall.SysProcAttr{Credential: user}
			command.Env = append(command.Env, "HOME="+scratch, "GOCACHE="+filepath.Join(scratch, "cache"), "GOPATH="+filepath.Join(scratch, "go"), "GOENV=off")
		}
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		text, err := os.ReadFile(filepath.Join(scratch, "function.zip"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(text))
	}

	here, err := Module()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range All {
		t.Run(f.Name+", with another umask", func(t *testing.T) {
			if usual, strict := build(t, f.Name, here, "022", nil), build(t, f.Name, here, "077", nil); usual != strict {
				t.Errorf("%s with 022, %s with 077", usual, strict)
			}
		})
	}
	t.Run("as another user", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root can be another user")
		}
		if root, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE").Output(); err != nil {
			t.Fatal(err)
		} else if goroot, cache, _ := strings.Cut(strings.TrimSpace(string(root)), "\n"); strings.HasPrefix(goroot, cache) {
			t.Skip("this toolchain was downloaded into a folder of root's own; the machine's runs this")
		}
		module, _ := fixture(t)
		open := filepath.Join(folder, "fixture")
		if err := os.CopyFS(open, os.DirFS(module)); err != nil {
			t.Fatal(err)
		}
		root := build(t, "fixture", open, "022", nil)
		if nobody := build(t, "fixture", open, "027", &syscall.Credential{Uid: 65534, Gid: 65534}); nobody != root {
			t.Errorf("%s as root, %s as nobody", root, nobody)
		}
	})
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Chmod(0o755)
}
