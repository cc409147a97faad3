package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/signedfront/signedfront/constructs/contract"
)

// Limits that all services of the stacks share. CloudFormation also refuses an empty
// value.
//
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)

// checkTags checks the tags of an environment. If ours is set, some of its resources
// also have a tag of signedfront.
func checkTags(at node, tags map[string]string, ours bool) {
	most, because := maxTags, "the AWS limit"
	if ours {
		most, because = maxTags-1, "because AWS allows one more and signedfront adds one itself"
	}
	if len(tags) > most {
		at.wrong(fmt.Sprintf("%d tags", len(tags)), fmt.Sprintf("write %d at most, %s", most, because))
	}
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		at, lower := at.member(key), strings.ToLower(key)
		switch n := utf8.RuneCountInString(key); {
		case n > maxTagKey:
			at.tooLong(n, maxTagKey)
		case key == "" || !tagText.MatchString(key):
			at.wrong("the name "+quote(key), fmt.Sprintf("write 1 to %d letters, digits, spaces and _.:/=+-@", maxTagKey))
		case strings.HasPrefix(lower, "aws:"):
			at.wrong("a name that starts with aws:", "choose another one: AWS reserves these")
		case strings.HasPrefix(lower, contract.TagPrefix):
			at.wrong("a name that starts with "+contract.TagPrefix, "choose another one: signedfront reserves these")
		case seen[lower] != "":
			at.wrong("a name that differs from "+quote(seen[lower])+" in letter case alone", "write one of the two: IAM treats them as the same name")
		}
		switch value, n := tags[key], utf8.RuneCountInString(tags[key]); {
		case isToken(value):
		case value == "":
			at.wrong("an empty value", "write a value, or leave the tag out: CloudFormation refuses an empty value")
		case n > maxTagValue:
			at.tooLong(n, maxTagValue)
		case !tagText.MatchString(value):
			at.wrong(quote(value), fmt.Sprintf("write 1 to %d letters, digits, spaces and _.:/=+-@", maxTagValue))
		case strings.HasPrefix(strings.ToLower(value), "aws:"):
			at.wrong("a value that starts with aws:", "choose another one: AWS reserves these")
		}
		seen[lower] = key
	}
}
