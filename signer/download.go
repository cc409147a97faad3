package signer

import (
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Download sets the name under which a browser saves an object, and the object's
// media type. URL adds both to the query of a URL that is not signed yet:
//
//	rawURL, err := signer.Download{Name: "Invoice July 2026.pdf"}.URL("https://d111111abcdef8.cloudfront.net/invoices/7f3a.pdf")
//	signed, err := s.URL(ctx, rawURL, signer.Policy{TTL: 2 * time.Minute})
//
// The deployment must forward these parameters to the bucket: set "downloads": true
// in cdk.json, or "downloads": {"types": true} for Type. If it does not, a Signer
// of that deployment and its Pass refuse such a URL with a *QueryError. The
// signature covers the query, so the holder of the URL cannot change the name. The
// holder of a Pass, or of a signature with a wildcard, can.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
//
// The zero value saves the object under the last part of its URL's path.
type Download struct {
	// Name is the file name, at most 255 bytes. It is encoded as in RFC 6266 and
	// RFC 8187, so it may hold quotes, semicolons and text in any language. A
	// browser replaces characters that its system does not allow in file names.
	//
	// URL refuses a name with a slash or a backslash (browsers keep only one part),
	// a control character, a line break, a mark of text direction (it hides the
	// true end of the name) or surrounding white space, and a name of dots alone.
	Name string

	// Inline shows the object in the browser. A viewer who then saves it gets Name.
	Inline bool

	// Type is the media type, such as application/pdf, at most 255 bytes. Empty
	// means the object's own.
	Type string
}

const (
	dispositionParameter = "response-content-disposition"
	typeParameter        = "response-content-type"
)

// URL returns rawURL with the parameters added to its query. It does not sign. It
// refuses a URL that CheckURL refuses or that already has one of the parameters.
func (d Download) URL(rawURL string) (string, error) {
	if err := d.check(); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	u, err := parseURL(rawURL)
	if err != nil {
		return "", err
	}
	separator := byte('?')
	if u.query > 0 {
		for name := range queryNames(rawURL[u.query:]) {
			if name == dispositionParameter || name == typeParameter {
				return "", fmt.Errorf("download: the URL already has the parameter %s: leave it out", name)
			}
		}
		separator = '&'
	}
	b := make([]byte, 0, len(rawURL)+len(dispositionParameter)+len("?=attachment%3B%20filename%3D%22%22")+3*len(d.Name)+64)
	b = append(append(b, rawURL...), separator)
	b = append(b, dispositionParameter+"="...)
	b = d.appendDisposition(b)
	if d.Type != "" {
		b = append(b, "&"+typeParameter+"="...)
		for i := range len(d.Type) {
			b = appendQueryByte(b, d.Type[i])
		}
	}
	if n := len(b) - u.path; n > MaxURLLength {
		return "", tooLong(n)
	}
	return string(b), nil
}

const maxFileName = 255 // bytes: the limit of file systems, and of Type

func (d Download) check() error {
	switch name := d.Name; {
	case name == "":
	case isItself(name):
		return fmt.Errorf("name, %s: write the name of a file on one line", Describe(name, FormText))
	case len(name) > maxFileName:
		return fmt.Errorf("name: %d bytes long, but file systems allow at most %d: write a shorter one", len(name), maxFileName)
	case !utf8.ValidString(name):
		return errors.New("name: not UTF-8: encode it as UTF-8")
	case strings.ContainsAny(name, `/\`):
		return errors.New(`name: holds a slash or a backslash: browsers keep only the part after it: write that part`)
	case strings.ContainsFunc(name, isHidden):
		return errors.New("name: holds a control character or a mark that changes the direction of text: leave it out")
	case strings.TrimSpace(name) != name:
		return errors.New("name: starts or ends with white space, which browsers drop: leave it out")
	case strings.Trim(name, ".") == "":
		return errors.New("name: only dots: write the name of a file")
	}
	if d.Type == "" {
		return nil
	}
	const want = "write a media type such as application/pdf"
	switch _, _, err := mime.ParseMediaType(d.Type); {
	case len(d.Type) > maxFileName:
		return fmt.Errorf("type: %d bytes long, but at most %d are allowed: %s", len(d.Type), maxFileName, want)
	case err != nil || !strings.Contains(d.Type, "/") || strings.ContainsFunc(d.Type, func(c rune) bool { return c < ' ' || c > '~' }):
		return fmt.Errorf("type, %s: %s", Describe(d.Type, FormWord), want)
	}
	return nil
}

// isHidden reports whether a character is invisible and changes how the rest of a
// name is displayed: a person reads the end of "invoice\u202Efdp.exe" as exe.pdf.
// https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
func isHidden(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || unicode.Is(unicode.Bidi_Control, c)
}

// appendDisposition appends the Content-Disposition header's value, escaped for a
// query. S3 accepts only ISO-8859-1 there, and clients that do not know filename*
// read filename: https://www.rfc-editor.org/rfc/rfc6266#appendix-D
func (d Download) appendDisposition(b []byte) []byte {
	if d.Inline {
		b = append(b, "inline"...)
	} else {
		b = append(b, "attachment"...)
	}
	if d.Name == "" {
		return b
	}
	b = append(b, "%3B%20filename%3D%22"...)
	ascii := true
	for _, c := range d.Name { // check refused control characters and backslashes
		if c > '~' || c == '"' || c == '%' {
			ascii, c = false, '_'
		}
		b = appendQueryByte(b, byte(c))
	}
	b = append(b, "%22"...)
	if ascii {
		return b
	}
	b = append(b, "%3B%20filename%2A%3DUTF-8%27%27"...)
	for i := range len(d.Name) {
		if c := d.Name[i]; class[c]&unreserved != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', '2', '5', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// appendQueryByte appends one byte of a query value, as most clients send it.
func appendQueryByte(b []byte, c byte) []byte {
	if class[c]&plain != 0 && c != '&' && c != '=' && c != ';' {
		return append(b, c)
	}
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

// queryNames iterates over the parameter names of a query.
func queryNames(query string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for parameter := range strings.SplitSeq(query, "&") {
			name, _, _ := strings.Cut(parameter, "=")
			if !yield(name) {
				return
			}
		}
	}
}

// QueryError reports a query parameter that S3 would act on but that the deployment
// does not forward to the bucket, so that S3 would ignore it.
type QueryError struct {
	Parameter string // its name; response-* or X-Amz-* for names with that prefix
	Fix       string // what to do instead
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("url: query: the parameter %s would be ignored, because the deployment does not forward it to the bucket: %s", e.Parameter, e.Fix)
}

// S3Overrides returns the query parameters that set headers of S3's response, each
// with its header, such as Content-Type for response-content-type. S3 accepts them
// only in requests that are signed for S3, as CloudFront's are with an origin
// access identity or control.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func S3Overrides() map[string]string {
	return map[string]string{
		"response-cache-control":    "Cache-Control",
		dispositionParameter:        "Content-Disposition",
		"response-content-encoding": "Content-Encoding",
		"response-content-language": "Content-Language",
		typeParameter:               "Content-Type",
		"response-expires":          "Expires",
	}
}

// IsS3Subresource reports whether this query parameter makes S3 return something
// else than the object: a subresource, another version or a part.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
func IsS3Subresource(parameter string) bool {
	switch parameter {
	case "acl", "attributes", "legal-hold", "partNumber", "retention", "select", "tagging", "torrent", "uploadId", "uploads", "versionId":
		return true
	}
	return false
}

// forwarding is what a signer knows about the queries that reach the bucket.
type forwarding struct {
	query *ForwardedQuery        // nil: not known
	tell  func(parameter string) // called with the name of a parameter that is not forwarded
	told  sync.Map               // the names passed to tell
	count atomic.Int32           // how many names told has
}

// maxTold limits the names in told: names may come from outside, and each is kept.
const maxTold = 100

// check refuses parameters that S3 would act on but never gets. It reports any
// other parameter that is not forwarded, such as a version for caches, once.
func (f *forwarding) check(u *wireURL) error {
	if u.query == 0 || f == nil || f.query == nil {
		return nil
	}
	for name := range queryNames(u.raw[u.query:]) {
		if slices.Contains(f.query.Signed, name) || slices.Contains(f.query.Signed, "*") {
			continue
		}
		switch {
		case name == dispositionParameter:
			return &QueryError{name, `set "downloads": true in cdk.json and deploy`}
		case name == typeParameter:
			return &QueryError{name, `set "downloads": {"types": true} in cdk.json and deploy`}
		case strings.HasPrefix(name, "response-"):
			return &QueryError{"response-*", "leave it out, or set the header on the object when it is uploaded"}
		case strings.HasPrefix(name, "X-Amz-"):
			return &QueryError{"X-Amz-*", "leave it out: CloudFront does not know the signatures of S3"}
		case IsS3Subresource(name):
			return &QueryError{name, "leave it out"}
		}
		f.tellOnce(name)
	}
	return nil
}

func (f *forwarding) tellOnce(name string) {
	if _, told := f.told.Load(name); told || f.count.Load() >= maxTold {
		return
	}
	if _, told := f.told.LoadOrStore(strings.Clone(name), true); told || f.count.Add(1) > maxTold {
		return
	}
	if f.tell != nil {
		f.tell(name)
		return
	}
	slog.Warn("the deployment does not forward a signed query parameter to the bucket", "parameter", unquoted(name, FormWord))
}
