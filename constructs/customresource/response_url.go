package customresource

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// suffixes are the DNS suffixes of AWS's partitions:
// https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
var suffixes = map[string]string{
	"aws":        "amazonaws.com",
	"aws-cn":     "amazonaws.com.cn",
	"aws-eusc":   "amazonaws.eu",
	"aws-iso":    "c2s.ic.gov",
	"aws-iso-b":  "sc2s.sgov.gov",
	"aws-iso-e":  "cloud.adc-e.uk",
	"aws-iso-f":  "csp.hci.ic.gov",
	"aws-us-gov": "amazonaws.com",
}

// s3Host matches the host of an S3 endpoint, optionally after a bucket's name, without
// the partition's suffix. It does not match other services with "s3" in their names,
// such as S3 Object Lambda, whose hosts run code of customers:
// https://docs.aws.amazon.com/general/latest/gr/s3.html
var s3Host = regexp.MustCompile(`^(?:[a-z0-9][a-z0-9.-]*\.)?s3(?:-fips|-external-1)?(?:\.dualstack)?(?:[.-][a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})?$`)

// partitionOf returns the partition in the ARN of a stack, or "".
func partitionOf(stackID string) string {
	if parts := strings.SplitN(stackID, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		return parts[1]
	}
	return ""
}

// parseResponseURL returns the address for the answer to a request. CloudFormation
// sends a presigned URL of S3 in the partition of the stack. Every other address is an
// error: somebody who can invoke the function must not make it call a host of their
// choice. No error contains the URL.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
func parseResponseURL(text, stackID string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("not a request of CloudFormation: it has no ResponseURL")
	}
	address, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("not a request of CloudFormation: its ResponseURL is not a URL")
	}
	if emulated(address) {
		return address, nil
	}
	suffix, known := suffixes[partitionOf(stackID)]
	if !known {
		return nil, errors.New("not a request of CloudFormation: its StackId is not an ARN of a known partition")
	}
	host, within := strings.CutSuffix(address.Host, "."+suffix)
	if address.Scheme != "https" || address.User != nil || address.Fragment != "" || !within || !s3Host.MatchString(host) || !isObject(address.Path) {
		return nil, fmt.Errorf("not a request of CloudFormation: its ResponseURL is not a presigned URL of S3: want https, a host of S3 under %s without user and port, and an object's path", suffix)
	}
	return address, nil
}

// isObject reports whether a path names an object, and every server reads it in the
// same way.
func isObject(path string) bool {
	if len(path) < 2 || path[0] != '/' || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	segments := strings.Split(path[1:], "/")
	return !slices.Contains(segments, ".") && !slices.Contains(segments, "..")
}
