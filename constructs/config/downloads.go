package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// Downloads lets a signed URL say how a browser saves an object, by parameters of
// S3 that a cache policy of the stack forwards to the bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
type Downloads struct {
	// Types lets it also say as what type the object is sent. Whoever holds a
	// pass, signed cookies or a URL with a wildcard then chooses a type: with
	// text/html, what somebody has uploaded is a page of the content's host.
	//
	// Default: false.
	Types bool `json:"types"`
}

// Parameters are the query parameters of signed requests that reach the bucket:
// none where d is nil.
func (d *Downloads) Parameters() []string {
	switch {
	case d == nil:
		return []string{}
	case d.Types:
		return []string{"response-content-disposition", "response-content-type"}
	}
	return []string{"response-content-disposition"}
}

// checkDownloads reports a custom header that CloudFront would write over the one
// of a signed URL: it adds its own after the answer of S3.
func (c Content) checkDownloads(at node) {
	custom := at.field("ResponseHeaders").field("Custom")
	for _, name := range slices.Sorted(maps.Keys(c.ResponseHeaders.Custom)) {
		for parameter, header := range signer.S3Overrides() {
			if strings.EqualFold(name, header) && slices.Contains(c.Downloads.Parameters(), parameter) {
				custom.member(name).wrong("a header that takes the place of what signed URLs say, by "+at.name("Downloads"),
					"leave it out, and set it on objects when they are uploaded, or leave "+at.name("Downloads")+" out")
			}
		}
	}
}
