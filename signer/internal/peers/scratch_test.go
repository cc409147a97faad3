package peers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// scratch is the temporary folder of the programs in other languages, installed at
// the versions in testdata.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "signedfront-peers-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

var installPython = sync.OnceValue(func() error {
	venv := filepath.Join(scratch, "venv")
	if err := command("python3", "-m", "venv", venv); err != nil {
		return err
	}
	return command(filepath.Join(venv, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", "testdata/requirements.txt")
})

var installNode = sync.OnceValue(func() error {
	folder := filepath.Join(scratch, "node")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json", "fetch.mjs", "players.mjs", "sign.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return err
		}
	}
	// A program finds packages in its own folder or above.
	if err := os.CopyFS(filepath.Join(folder, "languages"), os.DirFS(languages)); err != nil {
		return err
	}
	return command("npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund")
})

// javaLibraries is the folder of the Debian packages libokhttp-java,
// libhttpclient-java and libhttpclient5-java and their dependencies.
const javaLibraries = "/usr/share/java/"

var javaClasspath = sync.OnceValues(func() (string, error) {
	var jars []string
	for _, name := range []string{"okhttp", "okio", "httpclient", "httpcore", "commons-logging", "commons-codec", "httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api", "slf4j-nop"} {
		jar := javaLibraries + name + ".jar"
		if _, err := os.Stat(jar); err != nil {
			return "", err
		}
		jars = append(jars, jar)
	}
	classes := filepath.Join(scratch, "java")
	classpath := strings.Join(append(jars, classes), ":")
	return classpath, command("javac", "-d", classes, "-cp", classpath, "testdata/Fetch.java")
})

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// python returns an interpreter with the packages of testdata/requirements.txt.
func python(t testing.TB) string {
	t.Helper()
	if err := installPython(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(scratch, "venv", "bin", "python")
}

// node returns a folder with the packages of testdata/package.json and the programs
// that use them.
func node(t testing.TB) string {
	t.Helper()
	if err := installNode(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(scratch, "node")
}

// run runs a program and returns its standard output.
func run(t testing.TB, input string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}
