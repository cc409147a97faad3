package signer

import (
	"encoding/base64"
	"errors"
	"strings"
)

// cloudFront is CloudFront's spelling of base64, which is not that of RFC 4648
// for URLs: "-" for "+", "~" for "/" and "_" for the padding "=".
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
// Strict: a lenient decoder takes several spellings of one signature.
var cloudFront = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").
	WithPadding('_').Strict()

// lenient takes several spellings of one text. Whether CloudFront does is not
// known.
var lenient = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").WithPadding('_')

// surelyNotEncoded reports whether a text that decodeCloudFront refuses is one
// that CloudFront must refuse too.
func surelyNotEncoded(text string) bool {
	_, err := lenient.DecodeString(text)
	return err != nil && !strings.Contains(text, "%")
}

// decodeCloudFront decodes strictly. encoding/base64 passes over line breaks
// even when it is strict, so they are refused here.
func decodeCloudFront(text string) ([]byte, error) {
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' {
			return nil, errors.New("a line break in base64")
		}
	}
	return cloudFront.DecodeString(text)
}

var errSHA1InFIPS = errors.New("this program runs in FIPS-only mode, in which SHA-1 cannot be used: sign with sha256")
