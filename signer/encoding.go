package signer

import (
	"encoding/base64"
	"errors"
	"strings"
)

// cloudFront is CloudFront's variant of base64, which differs from RFC 4648's for
// URLs: "-" for "+", "~" for "/" and "_" for the padding "=".
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
// It is strict: a lenient decoder accepts several spellings of one signature.
var cloudFront = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").
	WithPadding('_').Strict()

// lenient accepts several spellings of one text. It is not known whether CloudFront
// does.
var lenient = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").WithPadding('_')

// surelyNotEncoded reports whether CloudFront, too, must refuse a text that
// decodeCloudFront refuses.
func surelyNotEncoded(text string) bool {
	_, err := lenient.DecodeString(text)
	return err != nil && !strings.Contains(text, "%")
}

// decodeCloudFront decodes strictly. It refuses line breaks, which encoding/base64
// ignores even in strict mode.
func decodeCloudFront(text string) ([]byte, error) {
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' {
			return nil, errors.New("a line break in base64")
		}
	}
	return cloudFront.DecodeString(text)
}

var errSHA1InFIPS = errors.New("this program runs in FIPS-only mode, in which SHA-1 cannot be used: sign with sha256")
