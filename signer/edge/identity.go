package edge

import "strings"

// identity is who CloudFront is at the bucket: an origin access identity, an
// origin access control, or nobody.
type identity struct {
	oai string // id of the origin access identity

	control      bool // an origin access control signs the requests
	distribution string
	account      string
}

func (i identity) String() string {
	switch {
	case i.oai != "":
		return "origin access identity " + unquoted(i.oai)
	case i.control:
		return "origin access control, for " + unquoted(i.distribution)
	}
	return "an anonymous caller"
}

// principals are the ways in which a bucket policy names the identity.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (i identity) principals() []principal {
	switch {
	case i.oai != "":
		return []principal{
			{"AWS", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity " + i.oai},
			{"CanonicalUser", canonicalUserID(i.oai)},
		}
	case i.control:
		return []principal{{"Service", "cloudfront.amazonaws.com"}}
	}
	return nil
}

// conditionKey is the value of a condition key in CloudFront's request to the
// bucket: empty if the request does not have it, not known if the edge cannot
// tell. Names of keys do not care about letter case.
func (i identity) conditionKey(name string) (value string, known bool) {
	service := func(value string) string {
		if i.control {
			return value
		}
		return ""
	}
	switch strings.ToLower(name) {
	case "aws:securetransport":
		return "true", true
	case "s3:tlsversion":
		return "1.2", true // the least that CloudFront speaks
	case "aws:sourcearn":
		return service(i.distribution), true
	case "aws:sourceaccount":
		return service(i.account), true
	case "aws:principalservicename":
		return service("cloudfront.amazonaws.com"), true
	case "aws:principalisawsservice":
		if i.control {
			return "true", true
		}
		return "false", true
	}
	return "", false
}
