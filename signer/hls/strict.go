package hls

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A changed line must have one meaning to every player. Players differ in how they
// read what RFC 8216 does not allow: one ends a line where another reads on, or
// reads two attributes as one, and would request a URL of another host with the
// pass in it. The functions here refuse such a line. An unchanged line may have
// any form, since it has no pass.

var errBlank = errors.New("white space before or after the text of a line that is to be changed: players differ in whether it belongs to the text: leave it out")

// Shaka Player also replaces a variable with escaped braces.
const escapedVariable = "%7B$"

var errEscapedVariable = errors.New("a URI with " + escapedVariable + " in it, which Shaka Player reads as a variable: write %24 for the $")

func notQuoted(attribute string) error {
	return fmt.Errorf("the value of %s is not in quotation marks: add them", attribute)
}

// checkAttributes returns an error if line[at:], an attribute list, or the text of
// the line violates RFC 8216, sections 4 and 4.2:
// https://www.rfc-editor.org/rfc/rfc8216#section-4.2
func checkAttributes(line []byte, at int) error {
	if err := checkText(line); err != nil {
		return err
	}
	seen := map[string]bool{}
	for {
		name := at
		for at < len(line) && isAttributeName(line[at]) {
			at++
		}
		switch {
		case at == name || at == len(line) || line[at] != '=':
			return fault(at, "not the name of an attribute and an equals sign", "write NAME=VALUE, with one comma and no space between attributes")
		case seen[string(line[name:at])]:
			return fault(name, "an attribute that occurs twice", "leave one of them out")
		}
		seen[string(line[name:at])] = true
		at++
		if at < len(line) && line[at] == '"' {
			n := bytes.IndexByte(line[at+1:], '"')
			if n < 0 {
				return fault(at, "a quotation mark without its second one", "write the second one")
			}
			at += n + 2
			if at < len(line) && line[at] != ',' {
				return fault(at, "text after a closing quotation mark", "write a comma")
			}
		} else {
			value := at
			for at < len(line) && isUnquoted(line[at]) {
				at++
			}
			switch {
			case at < len(line) && line[at] != ',':
				return fault(at, "a character that a value cannot have", "put the value between quotation marks, or leave the character out")
			case at == value:
				return fault(at, "an attribute without a value", "write the value, or leave the attribute out")
			}
		}
		if at == len(line) {
			return nil
		}
		at++ // the comma
	}
}

func fault(at int, found, fix string) error {
	return fmt.Errorf("byte %d: %s, which players read in different ways: %s", at, found, fix)
}

func isAttributeName(c byte) bool {
	return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}

// isUnquoted reports whether c can stand in a value without quotation marks: a
// number, a resolution or an enumerated string.
func isUnquoted(c byte) bool { return '!' <= c && c <= '~' && c != '"' && c != ',' }

// checkText refuses a line that is not UTF-8, or has a control character or byte
// order mark that RFC 8216 forbids, a separator of lines or paragraphs, or the
// start of another tag.
func checkText(line []byte) error {
	for i := 0; i < len(line); {
		c, size := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(line[i:])
		}
		switch {
		case c == utf8.RuneError && size == 1:
			return fault(i, "not UTF-8", "write the text as UTF-8")
		case unicode.IsControl(c):
			return fault(i, "a control character", "leave it out")
		case c == '\u2028' || c == '\u2029':
			return fault(i, "a separator of lines", "leave it out")
		case c == '\ufeff':
			return fault(i, "a byte order mark", "leave it out")
		case c == '#' && i > 0 && bytes.HasPrefix(line[i:], []byte("#EXT")):
			return fault(i, "the start of another tag", "write it at the start of a line, or leave it out")
		}
		i += size
	}
	return nil
}

// checkReplacement refuses a URI from Options.Playlist that would break the line,
// or that players resolve in different ways.
func (rw *rewriter) checkReplacement(uri string) error {
	for i := range len(uri) {
		if c := uri[i]; !plain[c] && !strings.ContainsRune(":?#[]@!$&'()*+,;=%", rune(c)) || c == '#' && i == 0 {
			return fmt.Errorf("Options.Playlist returned a URI with %q in it, byte %d: escape it", c, i)
		}
	}
	scheme := schemeOf(uri)
	origin, _, _, ok := splitAbsolute(uri, scheme)
	switch {
	case strings.HasPrefix(uri, "//"):
		return errors.New("Options.Playlist returned a URI that starts with two slashes, after which a host is expected: write https:// and the host, or one slash")
	case isHTTP(scheme) && (!ok || scheme != strings.ToLower(scheme)):
		return errors.New("Options.Playlist returned a URL without a host, or with its scheme in capitals: write https:// and the host")
	case strings.Contains(origin, "@"):
		return errors.New("Options.Playlist returned a URL with a user name: leave it out")
	case strings.Contains(uri, escapedVariable):
		return fmt.Errorf("Options.Playlist returned %w", errEscapedVariable)
	case strings.Contains(uri, "Signature="):
		rw.signedPlaylist = rw.line
		return rw.checkSteering()
	}
	return nil
}
