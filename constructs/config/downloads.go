package config

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
