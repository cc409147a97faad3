package signer

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Editors, shells, variables, YAML and JSON change the line endings of a key and
// add characters around it. White space, backslashes and quotes mean nothing in
// base64 and in the lines BEGIN and END, so these changes can be undone safely.

// plainText returns the text of a key in UTF-8, without a byte order mark or
// surrounding quotes, and with line breaks in place of escaped ones.
func plainText(text []byte) string {
	s := string(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
		var units []uint16
		for i := 2; i+1 < len(text); i += 2 {
			low, high := text[i], text[i+1]
			if text[0] == 0xfe {
				low, high = high, low
			}
			units = append(units, uint16(high)<<8|uint16(low))
		}
		s = string(utf16.Decode(units))
	}
	if strings.Contains(s, "-----BEGIN") {
		s = escapedEnd.ReplaceAllString(s, "\n")
	}
	return s
}

var escapedEnd = regexp.MustCompile(`\\+[rn]`)

// keyBlock is a block of PEM, which may be damaged.
type keyBlock struct {
	kind      string
	der       []byte // nil if it cannot be read
	encrypted bool   // its headers say so, as in OpenSSL's old formats
}

// keyBlocks returns the PEM blocks of a text, wherever they start in a line and
// however their lines are joined. cut reports a block without an end.
func keyBlocks(text string) (blocks []keyBlock, cut bool) {
	const begin, dashes = "-----BEGIN ", "-----"
	for {
		_, rest, ok := strings.Cut(text, begin)
		if !ok {
			return blocks, cut
		}
		text = rest
		kind, rest, ok := strings.Cut(rest, dashes)
		if !ok || !only(kind, func(c rune) bool { return c == ' ' || isUpperOrDigit(c) }) {
			cut = true
			continue
		}
		body, rest, ok := strings.Cut(rest, "-----END "+kind+dashes)
		if !ok || strings.Contains(body, begin) {
			cut = true
			continue
		}
		text = rest
		block := keyBlock{kind: kind}
		if strings.Contains(body, ":") {
			// Headers end at an empty line, so the lines must stay as they are.
			whole := begin + kind + dashes + strings.ReplaceAll(body, "\r\n", "\n") + "-----END " + kind + dashes
			if decoded, _ := pem.Decode([]byte(whole)); decoded != nil {
				block.der = decoded.Bytes
			}
			block.encrypted = strings.Contains(body, "DEK-Info") || strings.Contains(body, "ENCRYPTED")
		} else if der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), "")); err == nil {
			block.der = der
		}
		blocks = append(blocks, block)
	}
}

// derKey parses a private key in DER.
func derKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return nil, errors.New("a public key in DER, not a private key: give the private half of the pair")
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		return nil, errors.New("a certificate in DER, not a private key: give the private key that belongs to it")
	}
	switch {
	case isPKCS12(der):
		return nil, errors.New("a PKCS #12 file: take the private key out of it, as with `openssl pkcs12 -in FILE -nocerts -nodes -out PEM`")
	case isEncryptedPKCS8(der):
		return nil, errEncryptedKey
	}
	for _, kind := range []string{pkcs8Kind(der), sec1Kind(der)} {
		if kind != "" {
			return nil, unsupportedKey(kind)
		}
	}
	return nil, errors.New("no private key that can be read in DER: want PKCS #8, PKCS #1 or SEC 1 without a passphrase, whole and with nothing after it; `openssl pkey -in FILE -out PEM` reads other formats")
}

// isDER reports whether b starts as a private key, a certificate or a PKCS #12 file
// in DER does: a sequence of 16 bytes or more. No text starts so.
func isDER(b []byte) bool {
	return len(b) > 2 && b[0] == 0x30 && (b[1] == 0x81 || b[1] == 0x82 || b[1] >= 0x10 && b[1] < 0x80 && int(b[1])+2 == len(b))
}

// notPEM returns an error that says what a text without a PEM block seems to be.
func notPEM(text string) error {
	const want = "want text that starts with -----BEGIN PRIVATE KEY----- (also RSA PRIVATE KEY or EC PRIVATE KEY)"
	text = strings.TrimSpace(text)
	compact := strings.Join(strings.Fields(strings.Trim(text, `"'`)), "")
	decoded, err := base64.StdEncoding.DecodeString(compact)
	if err != nil {
		decoded, err = base64.RawStdEncoding.DecodeString(compact)
	}
	switch {
	case text == "":
		return errors.New("empty, not a PEM private key: " + want)
	case strings.Contains(text, "\x00") || !utf8.ValidString(text):
		return errors.New("binary, and neither PEM nor a private key in DER that is whole with nothing around it: " + want)
	case err == nil && bytes.Contains(decoded, []byte("-----BEGIN")):
		return errors.New("base64 of a PEM text, not the text itself: decode it once, as with `base64 -d`")
	case err == nil && isDER(decoded):
		return errors.New("base64 of a key without the lines BEGIN and END of PEM around it: " + want)
	case strings.HasPrefix(text, "PuTTY-User-Key-File"):
		return errors.New("a PuTTY key: make one for CloudFront with `signedfront keygen`")
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-sha2-"):
		return errors.New("an OpenSSH public key: make a pair for CloudFront with `signedfront keygen`")
	case strings.HasPrefix(text, "{"):
		return errors.New("JSON without a PEM private key in it, not a PEM private key: " + want)
	}
	return errors.New("not a PEM private key: " + want)
}
