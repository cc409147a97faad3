package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// withheld has the values that messages must not show: those arguments and
// environment variables that signer.Describe would not quote. Messages of this
// program use Describe. withheld is for messages of libraries, which quote their
// input.
type withheld map[string]bool // pieces of pieceLength bytes

// pieceLength is the length, in bytes, of the shortest piece of a value that is
// removed. 12 characters of base64 hold 9 bytes of a key.
const pieceLength = 12

func withhold(args, environ []string) withheld {
	w := withheld{}
	for _, arg := range args {
		w.add(arg)
	}
	for _, variable := range environ {
		_, value, _ := strings.Cut(variable, "=")
		w.add(value)
	}
	return w
}

// add adds the parts of a value that may not be quoted: the parts of a URL, of a
// query and of a list of folders such as PATH, what follows the existing folders of
// a path, and the value of name=value if the name may be quoted.
func (w withheld) add(value string) {
	if mayQuote(value) {
		return
	}
	separators := "?&"
	if !strings.Contains(value, "://") {
		separators += string(filepath.ListSeparator)
	}
	if strings.ContainsAny(value, separators) && !looksLikeKey(value) {
		for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return strings.ContainsRune(separators, c) }) {
			w.add(part)
		}
		return
	}
	if scheme, rest, ok := strings.Cut(value, "://"); ok && mayQuote(scheme) {
		if host, path, _ := strings.Cut(rest, "/"); mayQuote(host) {
			w.add(path)
			return
		}
	}
	if folder := existing(filepath.Dir(value)); folder != "" {
		w.add(strings.TrimPrefix(filepath.Clean(value), folder+string(filepath.Separator)))
		return
	}
	if name, rest, ok := strings.Cut(value, "="); ok && mayQuote(name) && strings.Trim(rest, "=") != "" {
		w.add(rest)
		return
	}
	// Both plain and escaped for a URL.
	for _, spelling := range []string{value, escapePattern(value), url.QueryEscape(value)} {
		for _, run := range base64Run.FindAllString(spelling, -1) {
			for i := 0; i+pieceLength <= len(run); i++ {
				if piece := run[i : i+pieceLength]; !isWords(piece) {
					w[piece] = true
				}
			}
		}
	}
}

// existing returns the longest part of an absolute path that is a folder, or "" if
// only the root is.
func existing(folder string) string {
	if !filepath.IsAbs(folder) {
		return ""
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder
		}
	}
	return ""
}

func mayQuote(value string) bool {
	if looksLikeKey(value) {
		return false
	}
	for form := signer.FormWord; form <= signer.FormText; form++ {
		if isQuoted(signer.Describe(value, form)) {
			return true
		}
	}
	return value == ""
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/=_%-]{12,}`)

// isWords reports whether a piece also occurs in ordinary names and sentences:
// letters of one case, and characters between words.
func isWords(piece string) bool {
	return strings.Trim(piece, "abcdefghijklmnopqrstuvwxyz/_-") == "" || strings.Trim(piece, "ABCDEFGHIJKLMNOPQRSTUVWXYZ/_-") == ""
}

// clean returns a message without the pieces.
func (w withheld) clean(message string) string {
	var b strings.Builder
	written, from, to := 0, 0, 0 // the bytes from from to to are removed next
	take := func() {
		if to > from {
			b.WriteString(message[written:from])
			b.WriteString("[not shown]")
			written = to
		}
	}
	for i := 0; i+pieceLength <= len(message); i++ {
		if !w[message[i:i+pieceLength]] {
			continue
		}
		if i > to {
			take()
			from = i
		}
		to = i + pieceLength
	}
	take()
	return b.String() + message[written:]
}
