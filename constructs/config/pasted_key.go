package config

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What stands in cdk.json where it should not may be a private key, and is then
// not repeated.

func holdsPrivateKey(text string) bool { return strings.Contains(text, "PRIVATE KEY") }

// holdsKey reports whether a text may hold a part of a private key: PEM, or
// something long in hex, base64 or base64url, as keys without the lines around
// them, secrets and tokens of access are. It errs on the safe side.
func holdsKey(text string) bool {
	if holdsPrivateKey(text) {
		return true
	}
	text = betweenDigits.Replace(text)
	if hexRun.MatchString(text) || keyStart.MatchString(text) || base64End.MatchString(text) {
		return true
	}
	for _, run := range base64Run.FindAllString(text, -1) {
		// Names and paths keep to one case, which chance does not.
		if strings.ToLower(run) != run && strings.ToUpper(run) != run {
			return true
		}
	}
	return false
}

var (
	// betweenDigits takes out what breaks lines and separates bytes.
	betweenDigits = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `\r`, "", `\n`, "", ":", "")

	hexRun    = regexp.MustCompile(`[0-9a-fA-F]{40,}`)
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/]{40,}|[A-Za-z0-9_-]{40,}`)

	// keyStart is how DER and PEM start in base64, as far as keys do, and
	// base64End is a last line.
	keyStart  = regexp.MustCompile(`(^|[^A-Za-z0-9])(MH|MI|LS0t)[A-Za-z0-9+/_-]{16,}`)
	base64End = regexp.MustCompile(`^[A-Za-z0-9+/_-]{6,}={1,2}$`)
)

var (
	// wholeKey is a key in base64 with nothing around it.
	wholeKey = regexp.MustCompile(`^(MH|MI|LS0t)[A-Za-z0-9+/_-]{38,}={0,2}$`)

	// keyInside is the start of a private key in DER, in base64 or hexadecimal
	// and with any text around it: a sequence that starts with the integer 0 or 1.
	// The length of the sequence has one, two or three bytes.
	keyInside = regexp.MustCompile(`M[A-H][AEIMQUYcgkosw048]CAQ[AE]` +
		`|MI[GH][A-Za-z0-9+/_-]AgE[AB]` +
		`|MI[I-L][A-Za-z0-9+/_-]{2}[AQgw]IBA` +
		`|(?i:30([0-7][0-9a-f]|81[0-9a-f]{2}|82[0-9a-f]{4})02010[01])`)
)

// isPrivateKey reports whether a text is or holds a private key beyond doubt.
func isPrivateKey(text string) bool {
	digits := betweenDigits.Replace(text)
	return holdsPrivateKey(text) || wholeKey.MatchString(digits) || keyInside.MatchString(digits)
}

// WithoutKeys returns what another program said, such as the CDK or the Go
// command, with the words described that may be of a key: it may repeat what it
// was given. A line that is not text is left out.
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
