package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/randomtext"
)

// Any value of a command line may be a misplaced private key. If it certainly is
// one, it is refused before it is used. If it may be one, errors describe it and
// never quote it.

// described returns a value as errors may show it.
func described(value string) string {
	if name := signer.Describe(value, signer.FormName); isQuoted(name) {
		return name
	}
	return signer.Describe(value, signer.FormText)
}

// isQuoted reports whether signer.Describe quoted a value.
func isQuoted(description string) bool { return strings.HasPrefix(description, `"`) }

// shown returns a URL or an object key as errors may show it, without the query:
// that of a signed URL is a credential.
func shown(arg string) string {
	before, _, cut := strings.Cut(arg, "?")
	description := described(before)
	switch {
	case !cut:
		return description
	case isQuoted(description):
		return strings.TrimSuffix(description, `"`) + `?…"`
	}
	return description + " before its query"
}

// isURL reports whether an argument is a whole URL and not an object key.
func isURL(arg string) bool {
	return strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")
}

// urlMistake returns what is wrong with a text that was meant as a URL: text before
// its scheme, or a scheme in capitals.
func urlMistake(arg string) error {
	text := strings.TrimLeftFunc(arg, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("\"'<(`", c) })
	before := arg[:len(arg)-len(text)]
	scheme, _, ok := strings.Cut(text, "://")
	switch {
	case !ok || !isURL(strings.ToLower(scheme)+"://"):
		return nil
	case before != "":
		return &failure{err: fmt.Errorf("there is text before the %s:// of the URL: %q", scheme, before), hint: "leave it out", usage: true}
	case !isURL(arg):
		return &failure{err: errors.New("the scheme of the URL has capitals"), hint: "write " + strings.ToLower(scheme) + "://", usage: true}
	}
	return nil
}

// looksLikeKey reports whether a value is a private key or a part of one: it says
// so, or it has 40 characters or more of random base64, or it is a long number. URL
// escapes are decoded up to three times. The name of a file that exists, or could
// be created in an existing folder, is not a key.
func looksLikeKey(value string) bool {
	for range 3 {
		plain, err := url.QueryUnescape(value)
		if isKeyText(value) || err != nil || plain == value {
			break
		}
		value = plain
	}
	return isKeyText(value)
}

// isKeyText is looksLikeKey for a value without escapes.
func isKeyText(value string) bool {
	if strings.Contains(value, "-----BEGIN") || strings.Contains(value, "PRIVATE KEY") ||
		longHex.MatchString(value) || byteList.MatchString(value) {
		return true
	}
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		return slices.ContainsFunc(base64Run.FindAllString(value, -1), looksLikeKey)
	}
	body := betweenBase64.Replace(value)
	return len(body) >= 40 && wholeBase64.MatchString(body) && (keyStart.MatchString(body) || randomtext.Is(body)) && !isPlace(value)
}

// isPlace reports whether a value is the name of a file that exists, or could be
// created in an existing folder.
func isPlace(value string) bool {
	if _, err := os.Stat(value); err == nil {
		return true
	}
	folder := filepath.Dir(value)
	if folder == "." || folder == filepath.Dir(folder) {
		return false
	}
	info, err := os.Stat(folder)
	return err == nil && info.IsDir()
}

var (
	betweenBase64 = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `\r`, "", `\n`, "", `"`, "", "'", "")
	keyStart      = regexp.MustCompile(`^(MH|MI|LS0t)[A-Z]*[a-z]`) // how DER and PEM start in base64
	wholeBase64   = regexp.MustCompile(`^[A-Za-z0-9+/_-]*={0,2}$`)
	longHex       = regexp.MustCompile(`^30[0-9a-fA-F]{127,}$`) // DER, longer than a SHA-512
	byteList      = regexp.MustCompile(`([0-9]{1,3}[ ,]+){30}`)
)

const unsetHint = "give it a value or leave it out; an unset shell variable is empty"

// checkValues makes every flag and argument of a command refuse an empty value,
// white space around a value, and a private key.
func checkValues(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "bool" {
			f.Value = checkedValue{f.Value}
			if f.DefValue == "[]" { // an empty list, which help would show for the type checkedValue
				f.DefValue = ""
			}
		}
	})
	next := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		for i, arg := range args {
			name := "the argument"
			if len(args) > 1 {
				name = fmt.Sprintf("argument %d", i+1)
			}
			switch {
			case arg == "":
				return &failure{err: fmt.Errorf("%s is empty", name), hint: unsetHint, usage: true}
			case !isURL(arg) && looksLikeKey(arg):
				return &failure{
					err:   fmt.Errorf("%s is %s", name, notShown(arg)),
					hint:  "others can see the command line: write a private key into a file; if it is an object key, write the whole URL",
					usage: true,
				}
			}
		}
		if next == nil {
			return nil
		}
		return next(cmd, args)
	}
	for _, child := range cmd.Commands() {
		checkValues(child)
	}
}

// checkedValue is the value of a flag. Its errors are predicates, such as "is
// empty".
type checkedValue struct{ pflag.Value }

func (v checkedValue) Set(text string) error {
	switch {
	case text == "":
		return &failure{err: errors.New("is empty"), hint: unsetHint}
	case looksLikeKey(text):
		return &failure{err: fmt.Errorf("has %s", notShown(text)), hint: "others can see the command line: write the private key into a file, and name the file with --private-key"}
	case strings.HasPrefix(text, "--"):
		return &failure{err: fmt.Errorf("has no value: the next word is %s", signer.Describe(text, signer.FormWord)), hint: "write its value after it"}
	case strings.TrimFunc(text, unicode.IsSpace) != text:
		return &failure{err: errors.New("has white space around its value"), hint: "leave it out"}
	}
	return v.Value.Set(text)
}

// notShown describes a value that looks like a key, in any form.
func notShown(value string) string {
	if description := signer.Describe(value, signer.FormID); !isQuoted(description) {
		return description
	}
	return fmt.Sprintf("a value of %d bytes that looks like a part of a key", len(value))
}

// inputFile returns the name of the file that a flag names, plain or, as in the AWS
// CLI, after file:// or fileb://. The file must exist.
func inputFile(flag, value string) (string, error) {
	name := value
	for _, scheme := range []string{"file://", "fileb://"} {
		if rest, ok := strings.CutPrefix(value, scheme); ok {
			name = localPath(rest)
		}
	}
	if name == "" {
		return "", &failure{err: fmt.Errorf("%s names no file after the scheme", flag), hint: "write the file name, as in file://private_key.pem", usage: true}
	}
	if looksLikeKey(name) {
		return "", &failure{err: fmt.Errorf("%s has %s", flag, notShown(name)), hint: "write it into a file, and give the name of that", usage: true}
	}
	info, err := os.Stat(name)
	file := signer.Describe(name, signer.FormFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		wrong := &failure{err: fmt.Errorf("%s: there is no file %s", flag, file)}
		switch {
		case strings.HasPrefix(name, "~"):
			wrong.hint = "a shell expands ~ only at the start of a word: write $HOME instead"
		case strings.Contains(name, "://"):
			wrong.hint = "give the name of a file on this machine"
		case !filepath.IsAbs(name):
			wrong.hint = "a relative name starts at the current folder"
		}
		return "", wrong
	case err != nil:
		return "", fmt.Errorf("%s: %s: %w", flag, file, cause(err))
	case info.IsDir():
		return "", &failure{err: fmt.Errorf("%s: %s is a folder", flag, file), hint: "name a file in it"}
	}
	return name, nil
}

// localPath returns the path after file://. As in the AWS CLI, ~ is expanded. A
// Windows drive may have a slash before it.
func localPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if rest, ok := strings.CutPrefix(path, "/"); ok && filepath.VolumeName(rest) != "" {
		return rest
	}
	return path
}

// cause returns what is wrong with a file, without its name.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// maxInput is larger than any key.
const maxInput = 1 << 20

// readInput reads what open opens, up to maxInput bytes. Opening and reading a pipe
// may block forever: readInput returns when ctx ends.
func readInput(ctx context.Context, open func() (io.ReadCloser, error)) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		in, err := open()
		if err != nil {
			done <- result{nil, cause(err)}
			return
		}
		defer in.Close()
		text, err := io.ReadAll(io.LimitReader(in, maxInput))
		if err != nil {
			err = cause(err)
		}
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return nil, errors.New("interrupted")
	}
}
