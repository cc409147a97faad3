package edge

import (
	"net/http"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"

	"github.com/signedfront/signedfront/signer"
)

// overridable are the query parameters that override headers of S3's response.
var overridable = signer.S3Overrides()

// overrides returns the headers that a query sets, or S3's refusal. query is the
// part that reaches the bucket.
func (o origin) overrides(query []string) (http.Header, *refusal) {
	invalid := func(name, value, message, reason string) *refusal {
		return s3Refusal(400, "InvalidArgument", message, reason, "ArgumentName", name, "ArgumentValue", redact.Text(value))
	}
	var headers http.Header
	for _, parameter := range query {
		rawName, rawValue, _ := strings.Cut(parameter, "=")
		name, err := decodeOnce(rawName)
		if err != nil {
			continue // S3 has no parameter with this spelling
		}
		value, err := decodeOnce(rawValue)
		header, known := overridable[name]
		latin1, encoded := toLatin1(value)
		switch {
		case signer.IsS3Subresource(name):
			return nil, s3Refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented", "the local bucket does not support S3's parameter "+name)
		case !strings.HasPrefix(name, "response-"):
			continue // S3 ignores unknown parameters
		case !known:
			name = redact.Text(name)
			return nil, invalid(name, value, name+" is not in the set of overridable response headers.", "S3 cannot set this header")
		case o.Identity == model.Identity{}:
			return nil, s3Refusal(400, "InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.",
				name+" needs a request that CloudFront signs: the origin has neither an origin access identity nor an origin access control")
		case err != nil:
			return nil, invalid(name, rawValue, "Couldn't parse the specified URI.", name+" has a percent sign that starts no escape")
		case !encoded:
			return nil, invalid(name, value, "Header value cannot be represented using ISO-8859-1.", name+" has a character that no header can have: for a file name write filename*=UTF-8''...")
		case headers[header] != nil:
			return nil, invalid(name, value, "Invalid argument", name+" stands twice")
		case value == "":
			continue
		}
		if headers == nil {
			headers = make(http.Header)
		}
		headers[header] = []string{latin1}
	}
	return headers, nil
}

// toLatin1 returns a text in ISO-8859-1, and whether it is a valid header value.
func toLatin1(text string) (string, bool) {
	encoded := make([]byte, 0, len(text))
	for _, c := range text { // invalid UTF-8 gives U+FFFD
		if c < ' ' && c != '\t' || c > 0xff || 0x7f <= c && c < 0xa0 {
			return "", false
		}
		encoded = append(encoded, byte(c))
	}
	return string(encoded), true
}
