package awskeys

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/signedfront/signedfront/signer"
)

// AccountRegion is an account of twelve digits and a Region, in a partition such as
// aws: the location of a document or a key.
type AccountRegion struct{ Partition, Region, Account string }

// accountRegionOf returns the location in an ARN.
func accountRegionOf(text string) (AccountRegion, error) {
	parsed, err := arn.Parse(text)
	if err != nil {
		return AccountRegion{}, errors.New("not an ARN")
	}
	return AccountRegion{parsed.Partition, parsed.Region, parsed.AccountID}, nil
}

// partitions are the partitions whose Regions have a common prefix. All other
// Regions are in the partition aws.
var partitions = []struct{ prefix, partition string }{
	{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"}, {"eusc-", "aws-eusc"},
}

func partitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// check returns an error unless found, the location of something that a document
// names, is own, the location of the document, or one of others. Empty fields of
// others mean those of own; an empty account of own allows any.
func (own AccountRegion) check(found AccountRegion, others []AccountRegion) error {
	allowed := func(in AccountRegion) bool {
		return found.Partition == in.Partition && found.Region == in.Region && (found.Account == in.Account || in.Account == "")
	}
	if allowed(own) || slices.ContainsFunc(others, func(other AccountRegion) bool { return allowed(own.with(other)) }) {
		return nil
	}
	for _, part := range []struct{ name, found, own string }{
		{"partition", found.Partition, own.Partition}, {"Region", found.Region, own.Region}, {"account", found.Account, own.Account},
	} {
		if part.found != part.own && part.own != "" {
			return fmt.Errorf("in the %s %s, not in the deployment's own, %s: to allow it, list its AccountRegion in Source.Others",
				part.name, signer.Describe(part.found, signer.FormWord), part.own)
		}
	}
	return errors.New("in no account and Region of Source.Others")
}

// with returns own with the fields of other that are not empty.
func (own AccountRegion) with(other AccountRegion) AccountRegion {
	if other.Partition != "" {
		own.Partition = other.Partition
	} else if other.Region != "" {
		own.Partition = partitionOf(other.Region)
	}
	if other.Region != "" {
		own.Region = other.Region
	}
	if other.Account != "" {
		own.Account = other.Account
	}
	return own
}
