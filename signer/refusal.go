package signer

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Refuser is who refused a request.
type Refuser string

// The parties that may refuse a request for private content.
const (
	RefusedBySignature Refuser = "signature"  // CloudFront, for the signature, the policy or their absence
	RefusedByOrigin    Refuser = "origin"     // S3: the signature was fine
	RefusedByEdge      Refuser = "cloudfront" // CloudFront, for another reason
	RefusedByUnknown   Refuser = "unknown"    // the body is neither CloudFront's nor S3's
)

// Refusal is what the body of a response says about a refusal.
type Refusal struct {
	By      Refuser
	Code    string // the code of a CloudFront or S3 body, or ""
	Message string // the message of a CloudFront or S3 body, or ""
	Detail  string // one sentence for people
}

// ReadRefusal returns who refused a request, from the body of a response with
// status 403 or 404. Both CloudFront and S3 send the code AccessDenied. S3's bodies
// have a RequestId and a HostId; CloudFront's have neither. For reasons other than
// the signature, CloudFront sends HTML.
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
