package config

import (
	"regexp"
	"strings"
)

// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
var (
	webACLARN    = regexp.MustCompile(`^arn:aws:wafv2:us-east-1:([0-9]{12}):global/webacl/[A-Za-z0-9_-]{1,128}/[A-Za-z0-9-]+$`)
	regionalACL  = regexp.MustCompile(`^arn:aws[a-z-]*:wafv2:([a-z0-9-]+):[0-9]{12}:regional/`)
	classicACLID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

func checkWebACL(at node, arn string) {
	want := "write the ARN of a web ACL of scope CLOUDFRONT, such as " + examples["webAcl"]
	switch {
	case arn == "" || isToken(arn) || webACLARN.MatchString(arn):
	case regionalACL.MatchString(arn):
		at.wrong("a regional web ACL in "+regionWords(regionalACL.FindStringSubmatch(arn)[1]), want+": CloudFront accepts no other, and they exist in us-east-1")
	case classicACLID.MatchString(arn) || strings.Contains(arn, ":waf::"):
		at.wrong(quote(arn)+", a web ACL of AWS WAF Classic", want)
	default:
		at.wrong(quote(arn), want)
	}
}
