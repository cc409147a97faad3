package hls

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A line that is changed must have one meaning to every player. Players differ
// in how they read what RFC 8216 does not allow: one ends a line where another
// reads on, or takes two attributes for one, and would request the URL of
// another host with the pass in it. Such a line is refused. A line that stays
// as it was may have any form, since there is no pass in it.

var errBlank = errors.New("white space before or after the text of a line that is to be changed: players differ in whether it belongs to the text: leave it out")

// Shaka Player replaces a variable whose braces are escaped, too.
const escapedVariable = "%7B$"

var errEscapedVariable = errors.New("a URI with " + escapedVariable + " in it, which Shaka Player takes for a variable: write %24 for the $")

func notQuoted(attribute string) error {
	return fmt.Errorf("the value of %s is not between two quotation marks: write them", attribute)
}

// checkAttributes reports where line[at:], an attribute list, or the text of the
// line is not as RFC 8216, sections 4 and 4.2, has it:
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
			return fault(name, "an attribute that stands there twice", "leave one of them out")
		}
		seen[string(line[name:at])] = true
		at++
		if at < len(line) && line[at] == '"' {
			n := bytes.IndexByte(line[at+1:], '"')
			if n < 0 {
				return fault(at, "a quotation mark that is not closed", "write the second one")
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

// isUnquoted knows the characters of all values without quotation marks:
// numbers, resolutions, and enumerated strings.
func isUnquoted(c byte) bool { return '!' <= c && c <= '~' && c != '"' && c != ',' }

// checkText refuses the text of a line that is not UTF-8, holds one of the
// control characters and byte order marks that RFC 8216 forbids, a separator of
// lines or paragraphs, or the start of another tag.
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

// checkReplacement refuses a URI from Options.Playlist that would break the
// line, or that players resolve in different ways.
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
		return errors.New("Options.Playlist returned a URI that starts with two slashes, which is the name of a host: write https:// and the host, or one slash")
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
