package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// Downloads lets a signed URL set how a browser saves an object, with query
// parameters of S3 that a cache policy of the stack forwards to the bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
type Downloads struct {
	// Types lets a signed URL also set the content type of the answer. The holder
	// of a pass, of signed cookies or of a URL with a wildcard can then choose the
	// type: sent as HTML, an uploaded file is a page of the content's host.
	//
	// Default: false.
	Types bool `json:"types"`
}

// Parameters returns the query parameters of signed requests that reach the
// bucket. It returns an empty list if d is nil.
func (d *Downloads) Parameters() []string {
	switch {
	case d == nil:
		return []string{}
	case d.Types:
		return []string{"response-content-disposition", "response-content-type"}
	}
	return []string{"response-content-disposition"}
}

// checkDownloads reports a custom header that would overwrite the header that a
// signed URL sets: CloudFront adds its headers after S3 has answered.
func (c Content) checkDownloads(at node) {
	custom := at.field("ResponseHeaders").field("Custom")
	for _, name := range slices.Sorted(maps.Keys(c.ResponseHeaders.Custom)) {
		for parameter, header := range signer.S3Overrides() {
			if strings.EqualFold(name, header) && slices.Contains(c.Downloads.Parameters(), parameter) {
				custom.member(name).wrong("a header that would replace the one that signed URLs choose, with "+at.name("Downloads"),
					"leave it out, and set it on objects when they are uploaded, or leave "+at.name("Downloads")+" out")
			}
		}
	}
}
