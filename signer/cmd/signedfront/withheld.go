package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// withheld is what messages must not show of the values that this program was
// given: of arguments and environment variables that signer.Describe would not
// quote. Where this program makes a message, it uses Describe; this is for the
// messages of libraries, which quote what they are given.
type withheld map[string]bool // pieces of pieceLength bytes

// pieceLength is the least of a value, in bytes, that is taken out: 12
// characters of base64 hold 9 bytes of a key.
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

// add adds what may not be quoted of a value: of a URL, of a query and of a list
// of folders such as PATH its parts, of a path what follows its folders, and of
// name=value the value if the name may be quoted.
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
	// As it is, and as URLs have it.
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

// existing is the longest part of an absolute path that is a folder, and empty
// if only the root is one.
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

// isWords reports whether a piece is what ordinary names and sentences have in
// common with a value: letters of one case, and what stands between words.
func isWords(piece string) bool {
	return strings.Trim(piece, "abcdefghijklmnopqrstuvwxyz/_-") == "" || strings.Trim(piece, "ABCDEFGHIJKLMNOPQRSTUVWXYZ/_-") == ""
}

// clean returns a message without the pieces.
func (w withheld) clean(message string) string {
	var b strings.Builder
	written, from, to := 0, 0, 0 // the bytes from from to to are taken out next
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
