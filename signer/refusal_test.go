package signer

import (
	"strings"
	"testing"
)

func TestCloudFrontsRefusalsAreToldFromS3s(t *testing.T) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	for name, test := range map[string]struct {
		body string
		by   Refuser
		want string
	}{
		"CloudFront, unsigned":          {head + `<Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>`, RefusedBySignature, "not signed"},
		"CloudFront, unknown key":       {head + `<Error><Code>InvalidKey</Code><Message>Unknown Key</Message></Error>`, RefusedBySignature, "does not trust"},
		"CloudFront, malformed":         {head + `<Error><Code>MalformedSignature</Code><Message>Could not unencode Signature</Message></Error>`, RefusedBySignature, "base64"},
		"CloudFront, malformed policy":  {head + `<Error><Code>MalformedPolicy</Code><Message>Malformed Policy</Message></Error>`, RefusedBySignature, "whole seconds"},
		"CloudFront, denied":            {head + `<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>`, RefusedBySignature, "expired"},
		"S3, denied":                    {head + "\n" + `<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId><HostId>2</HostId></Error>`, RefusedByOrigin, "bucket policy"},
		"S3, missing":                   {head + `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a</Key><RequestId>1</RequestId><HostId>2</HostId></Error>`, RefusedByOrigin, "no such object"},
		"S3, signed for the bucket":     {head + `<Error><Code>InvalidAccessKeyId</Code><Message>x</Message><RequestId>1</RequestId><HostId>2</HostId></Error>`, RefusedByOrigin, "distribution's domain name"},
		"S3, with CloudFront's query":   {head + `<Error><Code>AccessDenied</Code><Message>Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters</Message><RequestId>1</RequestId><HostId>2</HostId></Error>`, RefusedByOrigin, "distribution's domain name"},
		"CloudFront, method or country": {`<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>The request could not be satisfied.</BODY></HTML>`, RefusedByEdge, "web ACL"},
		"something else":                {`not found`, RefusedByUnknown, "neither"},
		"another XML":                   {`<Error><Code>Oops</Code></Error>`, RefusedByUnknown, "Oops"},
		"nothing":                       {``, RefusedByUnknown, "neither"},
	} {
		r := ReadRefusal([]byte(test.body))
		if r.By != test.by || !strings.Contains(r.Detail, test.want) {
			t.Errorf("%s: got %+v, want %s and %q", name, r, test.by, test.want)
		}
	}
}

func FuzzReadRefusalNeverPanics(f *testing.F) {
	f.Add([]byte(`<Error><Code>AccessDenied</Code></Error>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r := ReadRefusal(body); r.By == "" || r.Detail == "" {
			t.Error("no answer")
		}
	})
}
