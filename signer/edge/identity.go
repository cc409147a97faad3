package edge

import (
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// identity is the identity CloudFront uses to read the bucket.
type identity model.Identity

func (i identity) String() string {
	switch {
	case i.OAI != "":
		return "origin access identity " + redact.Text(i.OAI)
	case i.Control:
		return "origin access control, for " + redact.Text(i.Distribution)
	}
	return "an anonymous caller"
}

// principals returns the ways in which a bucket policy can name the identity:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (i identity) principals() []model.Principal {
	switch {
	case i.OAI != "":
		return []model.Principal{
			{Kind: "AWS", Value: "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity " + i.OAI},
			{Kind: "CanonicalUser", Value: i.CanonicalUser},
		}
	case i.Control:
		return []model.Principal{{Kind: "Service", Value: "cloudfront.amazonaws.com"}}
	}
	return nil
}

// conditionKey returns the value of a condition key in CloudFront's request to the
// bucket. It is empty if the request does not have the key, and unknown if the edge
// cannot tell. Letter case of the name does not matter.
func (i identity) conditionKey(name string) (value string, known bool) {
	service := func(value string) string {
		if i.Control {
			return value
		}
		return ""
	}
	switch strings.ToLower(name) {
	case "aws:securetransport":
		return "true", true
	case "s3:tlsversion":
		return "1.2", true // the lowest version that CloudFront uses
	case "aws:sourcearn":
		return service(i.Distribution), true
	case "aws:sourceaccount":
		return service(i.Account), true
	case "aws:principalservicename":
		return service("cloudfront.amazonaws.com"), true
	case "aws:principalisawsservice":
		if i.Control {
			return "true", true
		}
		return "false", true
	}
	return "", false
}
