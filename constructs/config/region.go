package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// identityRegions are the Regions whose buckets an origin access identity can
// read: all Regions opened before 2023. Newer Regions support origin access control
// only:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
var identityRegions = []string{
	"af-south-1",
	"ap-east-1",
	"ap-northeast-1",
	"ap-northeast-2",
	"ap-northeast-3",
	"ap-south-1",
	"ap-south-2",
	"ap-southeast-1",
	"ap-southeast-2",
	"ap-southeast-3",
	"ca-central-1",
	"eu-central-1",
	"eu-central-2",
	"eu-north-1",
	"eu-south-1",
	"eu-south-2",
	"eu-west-1",
	"eu-west-2",
	"eu-west-3",
	"me-central-1",
	"me-south-1",
	"sa-east-1",
	"us-east-1",
	"us-east-2",
	"us-west-1",
	"us-west-2",
}

// otherPartitions are the starts of names of Regions outside the partition aws:
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var otherPartitions = []string{"cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"}

var regionShape = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// CheckRegion reports a Region that cannot hold private content: a text that is not
// a Region, a Region of a partition other than aws, or, if access has an origin
// access identity, a Region whose buckets it cannot read. Path is the place of the
// Region for the problem.
func CheckRegion(path, region string, access OriginAccess) Problems {
	var problems Problems
	checkRegion(newNode(path, &problems), region, access)
	return problems
}

func checkRegion(at node, region string, access OriginAccess) {
	switch {
	case isToken(region), slices.Contains(identityRegions, region):
	case slices.ContainsFunc(otherPartitions, func(prefix string) bool { return strings.HasPrefix(region, prefix) }):
		at.wrong(quote(region)+", of another partition", "write a Region of the partition aws, such as "+examples["region"]+": other partitions are not supported")
	case !regionShape.MatchString(region):
		at.wrong(quote(region), "write an AWS Region such as "+examples["region"]+didYouMean(region, identityRegions))
	case access.HasIdentity() && !isToken(string(access)):
		at.wrong(quote(region), fmt.Sprintf("write originAccess %q, or choose a Region opened before 2023, such as %s: an origin access identity cannot read buckets in newer Regions", OAC, examples["region"]))
	}
}
