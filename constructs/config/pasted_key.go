package config

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// holdsPrivateKey reports whether a text contains the label of a PEM private key.
// No error repeats a text that may be a private key.
func holdsPrivateKey(text string) bool { return strings.Contains(text, "PRIVATE KEY") }

// holdsKey reports whether a text may contain part of a private key: PEM, or a long
// run of hex, base64 or base64url, as in keys without their PEM lines, secrets and
// access tokens. It errs on the safe side.
func holdsKey(text string) bool {
	if holdsPrivateKey(text) {
		return true
	}
	text = betweenDigits.Replace(text)
	if hexRun.MatchString(text) || keyStart.MatchString(text) || base64End.MatchString(text) {
		return true
	}
	for _, run := range base64Run.FindAllString(text, -1) {
		// Names and paths use one letter case; random text uses both.
		if strings.ToLower(run) != run && strings.ToUpper(run) != run {
			return true
		}
	}
	return false
}

var (
	// betweenDigits removes line breaks and separators between bytes.
	betweenDigits = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `\r`, "", `\n`, "", ":", "")

	hexRun    = regexp.MustCompile(`[0-9a-fA-F]{40,}`)
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/]{40,}|[A-Za-z0-9_-]{40,}`)

	// keyStart matches the start of a DER key or of PEM, in base64. base64End
	// matches the last line of base64.
	keyStart  = regexp.MustCompile(`(^|[^A-Za-z0-9])(MH|MI|LS0t)[A-Za-z0-9+/_-]{16,}`)
	base64End = regexp.MustCompile(`^[A-Za-z0-9+/_-]{6,}={1,2}$`)
)

var (
	// wholeKey matches a text that is a key in base64.
	wholeKey = regexp.MustCompile(`^(MH|MI|LS0t)[A-Za-z0-9+/_-]{38,}={0,2}$`)

	// keyInside matches the start of a private key in DER, written in base64 or
	// hexadecimal, anywhere in a text: a sequence whose length has one, two or three
	// bytes and whose first element is the integer 0 or 1.
	keyInside = regexp.MustCompile(`M[A-H][AEIMQUYcgkosw048]CAQ[AE]` +
		`|MI[GH][A-Za-z0-9+/_-]AgE[AB]` +
		`|MI[I-L][A-Za-z0-9+/_-]{2}[AQgw]IBA` +
		`|(?i:30([0-7][0-9a-f]|81[0-9a-f]{2}|82[0-9a-f]{4})02010[01])`)
)

// isPrivateKey reports whether a text certainly is or contains a private key.
func isPrivateKey(text string) bool {
	digits := betweenDigits.Replace(text)
	return holdsPrivateKey(text) || wholeKey.MatchString(digits) || keyInside.MatchString(digits)
}

// WithoutKeys returns the output of another program, such as the CDK or the Go
// command, with each word that may be part of a key replaced by a description: a
// program may repeat its input. It replaces a line that is not text, too.
func WithoutKeys(said string) string {
	lines := strings.Split(said, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		if strings.ContainsFunc(line, func(r rune) bool { return r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r) }) {
			lines[i] = "a line that is not text"
			continue
		}
		lines[i] = longWord.ReplaceAllStringFunc(line, func(word string) string {
			if described := quote(word); !logicalID.MatchString(word) && !strings.HasPrefix(described, `"`) {
				return described
			}
			return word
		})
	}
	return strings.Join(lines, "\n")
}

var (
	longWord  = regexp.MustCompile(`[^\s"'\x60(),;\[\]{}<>]{12,}|(?:(?:0x)?[0-9A-Fa-f]{1,3}[, ]+){12,}`)
	logicalID = regexp.MustCompile(`^[A-Za-z]{1,240}[0-9A-F]{8}$`)
)
