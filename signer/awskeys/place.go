package awskeys

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/signedfront/signedfront/signer"
)

// Place is where in AWS a document or a key is: a partition such as aws, a
// Region and an account of twelve digits.
type Place struct{ Partition, Region, Account string }

// placeOf is where the resource of an ARN is.
func placeOf(text string) (Place, error) {
	parsed, err := arn.Parse(text)
	if err != nil {
		return Place{}, errors.New("not an ARN")
	}
	return Place{parsed.Partition, parsed.Region, parsed.AccountID}, nil
}

// partitions are those whose Regions have a prefix of their own. The Regions of
// all others are of the partition aws.
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

// check reports why something named in a document may not be where it is: not
// at the document's own place, nor at one of others, whose empty parts are those
// of the own place. An own account that is not known allows any.
func (own Place) check(found Place, others []Place) error {
	allowed := func(place Place) bool {
		return found.Partition == place.Partition && found.Region == place.Region && (found.Account == place.Account || place.Account == "")
	}
	if allowed(own) || slices.ContainsFunc(others, func(other Place) bool { return allowed(own.with(other)) }) {
		return nil
	}
	for _, part := range []struct{ name, found, own string }{
		{"partition", found.Partition, own.Partition}, {"Region", found.Region, own.Region}, {"account", found.Account, own.Account},
	} {
		if part.found != part.own && part.own != "" {
			return fmt.Errorf("in the %s %s, and not in the deployment's own, %s: if that is meant, list its Place in Source.Others",
				part.name, signer.Describe(part.found, signer.FormWord), part.own)
		}
	}
	return errors.New("at none of the places of Source.Others")
}

// with is a place with its empty parts filled from another.
func (own Place) with(other Place) Place {
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
