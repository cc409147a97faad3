package redact

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strings"
)

// MaxKeyFile is how much of a file is searched for a private key, in bytes. Key
// files are far smaller, even with their certificates.
const MaxKeyFile = 256 << 10

// maxEncoded is the size limit, in bytes, of a file that is searched for an encoded
// key without PEM around it. Settings files are smaller.
const maxEncoded = 32 << 10

// HoldsPrivateKey reports whether the start of a file holds a private key: PEM of
// any kind, also as a JSON string; DER; the base64 or hexadecimal digits of either;
// PKCS #12; a Java key store; PuTTY's format; or a JSON Web Key. A program or page
// that only mentions PEM holds none, unless it has the name of a key file.
func HoldsPrivateKey(name string, content []byte) bool {
	if text, ok := decodeUTF16(content); ok {
		content = text
	}
	if hasKeyText(content) || isKeyName(name) && pemBegin.Match(content) || isKeyDER(content) {
		return true
	}
	return len(content) <= maxEncoded && hasEncodedKey(content)
}

// hasEncodedKey reports whether a text is the base64 of a key, with or without line
// breaks, or holds a key in base64 or hexadecimal, such as in a setting's value.
func hasEncodedKey(text []byte) bool {
	isKey := func(decoded []byte, err error) bool { return err == nil && (hasKeyText(decoded) || isKeyDER(decoded)) }
	if isKey(decodeBase64(bytes.Join(bytes.Fields(text), nil))) {
		return true
	}
	return slices.ContainsFunc(encoded.FindAll(text, -1), func(run []byte) bool {
		return isKey(decodeBase64(run)) || isKey(hex.AppendDecode(nil, bytes.TrimPrefix(run, []byte("0x"))))
	})
}

// decodeBase64 accepts both alphabets, with or without padding.
func decodeBase64(text []byte) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(string(text))
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
}

// decodeUTF16 returns a UTF-16 text, as PowerShell writes it, without every other
// byte. The forms of a key are ASCII.
func decodeUTF16(content []byte) ([]byte, bool) {
	// PEM is found without a byte order mark too.
	for _, start := range []string{"\xff\xfe", "\xfe\xff", "-\x00-\x00", "\x00-\x00-"} {
		if bytes.HasPrefix(content, []byte(start)) {
			content = bytes.TrimPrefix(bytes.TrimPrefix(content, []byte("\xff\xfe")), []byte("\xfe\xff"))
			return bytes.ReplaceAll(content, []byte{0}, nil), true
		}
	}
	return nil, false
}

var (
	pemBegin = regexp.MustCompile(`----[- ]BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY`)
	pemEnd   = regexp.MustCompile(`----[- ]END `)
	pemLine  = regexp.MustCompile(`[A-Za-z0-9+/=]{32,}`)
	encoded  = regexp.MustCompile(`[A-Za-z0-9+/_-]{64,}`) // the shortest key has 67 characters of base64

	// https://datatracker.ietf.org/doc/html/rfc7518#section-6.2.2
	jwk = regexp.MustCompile(`"(?:d|k)"\s*:\s*"[A-Za-z0-9_-]{32,}"`)
)

// hasKeyText reports whether a text holds a private key in one of the text formats.
// After the start of PEM there must be a line of base64.
func hasKeyText(text []byte) bool {
	if bytes.HasPrefix(text, []byte("PuTTY-User-Key-File-")) ||
		bytes.Contains(text, []byte(`"kty"`)) && jwk.Match(text) {
		return true
	}
	for _, body := range pemBodies(text) {
		if slices.ContainsFunc(pemLine.FindAll(body, -1), isMixed) || isKeyDER(decodeLines(body)) {
			return true
		}
	}
	return false
}

// pemBodies returns what follows each start of a private key in PEM, up to its end,
// the next start or 16 KiB. No byte is in two bodies, so a file with many starts
// takes no longer than another.
func pemBodies(text []byte) [][]byte {
	var bodies [][]byte
	for {
		at := pemBegin.FindIndex(text)
		if at == nil {
			return bodies
		}
		text = text[at[1]:]
		body := text[:min(len(text), 16<<10)]
		if end := pemBegin.FindIndex(body); end != nil {
			body = body[:end[0]]
		}
		if end := pemEnd.FindIndex(body); end != nil {
			body = body[:end[0]]
		}
		bodies = append(bodies, body)
	}
}

// decodeLines decodes base64 with line breaks, until the first invalid character.
func decodeLines(body []byte) []byte {
	_, lines, _ := bytes.Cut(body, []byte("\n"))
	decoded, _ := decodeBase64(bytes.Join(bytes.Fields(lines), nil))
	return decoded
}

// isMixed reports whether base64 has upper-case letters, lower-case letters and
// digits. Random bytes do, names rarely.
func isMixed(line []byte) bool {
	return bytes.ContainsAny(line, "0123456789") &&
		!bytes.Equal(bytes.ToLower(line), line) && !bytes.Equal(bytes.ToUpper(line), line)
}

// isKeyName reports whether a name is usual for a private key file.
func isKeyName(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains([]string{".pem", ".key", ".p8", ".pk8", ".der", ".ppk"}, path.Ext(name)) ||
		strings.HasPrefix(name, "id_")
}

// isKeyDER reports whether bytes start with a private key in DER, by its structure:
// a PKCS #8, PKCS #1, DSA or SEC 1 key, an encrypted key, a PKCS #12 store or a
// Java key store.
// https://datatracker.ietf.org/doc/html/rfc5958#section-2
func isKeyDER(der []byte) bool {
	for _, start := range []string{
		"\xfe\xed\xfe\xed", "\xce\xce\xce\xce", // Java's
		"\x30\x80\x02\x01\x03", // PKCS #12 in BER
	} {
		if bytes.HasPrefix(der, []byte(start)) {
			return true
		}
	}
	var sequence asn1.RawValue
	if _, err := asn1.Unmarshal(der, &sequence); err != nil || sequence.Tag != asn1.TagSequence || sequence.Class != asn1.ClassUniversal {
		return false
	}
	var parts []asn1.RawValue
	for rest := sequence.Bytes; len(rest) > 0 && len(parts) < 9; {
		var part asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return false
		}
		parts = append(parts, part)
	}
	is := func(i, tag int) bool {
		return i < len(parts) && parts[i].Class == asn1.ClassUniversal && parts[i].Tag == tag
	}
	if is(0, asn1.TagSequence) && is(1, asn1.TagOctetString) && len(parts) == 2 {
		var algorithm asn1.ObjectIdentifier
		_, err := asn1.Unmarshal(parts[0].Bytes, &algorithm)
		return err == nil && (isUnder(algorithm, 1, 2, 840, 113549, 1, 5) || isUnder(algorithm, 1, 2, 840, 113549, 1, 12))
	}
	if !is(0, asn1.TagInteger) || len(parts[0].Bytes) != 1 {
		return false
	}
	integers := 0
	for is(integers, asn1.TagInteger) {
		integers++
	}
	switch version := parts[0].Bytes[0]; version {
	case 0, 1:
		return is(1, asn1.TagSequence) && is(2, asn1.TagOctetString) || // PKCS #8
			version == 1 && is(1, asn1.TagOctetString) || // SEC 1
			version == 0 && integers == 6 || integers == 9 // DSA, RSA
	case 3: // PKCS #12
		var kind asn1.ObjectIdentifier
		if !is(1, asn1.TagSequence) {
			return false
		}
		_, err := asn1.Unmarshal(parts[1].Bytes, &kind)
		return err == nil && isUnder(kind, 1, 2, 840, 113549, 1, 7)
	}
	return false
}

func isUnder(id asn1.ObjectIdentifier, arc ...int) bool {
	return len(id) > len(arc) && id[:len(arc)].Equal(arc)
}
