package signer

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Refuser is who refused a request.
type Refuser string

// Who may refuse a request to private content.
const (
	RefusedBySignature Refuser = "signature"  // CloudFront, for the signature, the policy or their absence
	RefusedByOrigin    Refuser = "origin"     // S3: the signature was fine
	RefusedByEdge      Refuser = "cloudfront" // CloudFront, for something else than the signature
	RefusedByUnknown   Refuser = "unknown"    // neither body is known
)

// Refusal is what the body of an answer tells about a refusal.
type Refusal struct {
	By      Refuser
	Code    string // of a body that is CloudFront's or S3's, empty if it has none
	Message string // of a body that is CloudFront's or S3's, empty if it has none
	Detail  string // one sentence for people
}

// ReadRefusal tells CloudFront's refusals from S3's by the body of an answer of
// status 403 or 404. Both call themselves AccessDenied. S3's bodies have a
// RequestId and a HostId, CloudFront's have neither, and what CloudFront refuses
// for another reason than the signature it refuses in HTML.
func ReadRefusal(body []byte) Refusal {
	var e struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
	}
	if err := xml.Unmarshal(body, &e); err != nil || e.Code == "" {
		if bytes.Contains(body, []byte("The request could not be satisfied")) {
			return Refusal{By: RefusedByEdge, Detail: "CloudFront refused the request before it looked at a signature: the method, the country, a web ACL or the host name"}
		}
		return Refusal{By: RefusedByUnknown, Detail: "neither CloudFront's nor S3's error body"}
	}
	r := Refusal{Code: e.Code, Message: e.Message}
	switch {
	case e.RequestID != "" || e.HostID != "":
		r.By = RefusedByOrigin
		code := e.Code
		if strings.HasPrefix(e.Message, "Query-string authentication requires") {
			code = "AuthorizationQueryParametersError"
		}
		switch code {
		case "NoSuchKey":
			r.Detail = "the signature was fine, and S3 has no such object"
		case "AccessDenied":
			r.Detail = "the signature was fine, and S3 denied CloudFront the object: it does not exist, or the bucket policy does not let the distribution read it"
		case "AuthorizationQueryParametersError", "InvalidAccessKeyId", "SignatureDoesNotMatch":
			r.Detail = "the request went to S3 itself, which does not know CloudFront's signatures: sign the distribution's domain name, not the bucket's"
		default:
			r.Detail = "the signature was fine, and S3 refused the request"
		}
	case Code(e.Code).meaning() != "":
		r.By = RefusedBySignature
		r.Detail = Code(e.Code).meaning()
	default:
		return Refusal{By: RefusedByUnknown, Detail: fmt.Sprintf("an error body with the code %s, which neither CloudFront nor S3 is known to send", Describe(e.Code, FormWord))}
	}
	return r
}

func (c Code) meaning() string {
	switch c {
	case MissingKey:
		return "CloudFront found no key pair id: the request is not signed, or the client dropped the query or the cookies"
	case InvalidKey:
		return "CloudFront does not trust the key pair id for this path: another id, another distribution, or a key group without the key"
	case MalformedSignature:
		return "CloudFront could not decode the signature: it is not in CloudFront's base64, or was cut or escaped on the way"
	case MalformedPolicy:
		return "CloudFront could not read the policy or the expiry: not one statement with whole seconds, or a parameter is missing"
	case AccessDenied:
		return "CloudFront refused the signature: it does not fit the URL, it has expired or is not yet valid, or the viewer's address is another"
	}
	return ""
}
