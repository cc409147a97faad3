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

// What all services take of those that the stacks use, each of which gets the
// tags. CloudFormation alone takes no empty value.
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

// checkTags checks the tags of an environment. Some of its resources have one
// of ours.
func checkTags(at node, tags map[string]string, ours bool) {
	most, because := maxTags, "which is what AWS takes"
	if ours {
		most, because = maxTags-1, "for AWS takes one more, and here one of ours says what may be emptied or lent"
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
			at.wrong("a name that starts with aws:", "choose another one: AWS keeps these for itself")
		case strings.HasPrefix(lower, contract.TagPrefix):
			at.wrong("a name that starts with "+contract.TagPrefix, "choose another one: such a tag says whether a bucket may be emptied")
		case seen[lower] != "":
			at.wrong("a name that differs from "+quote(seen[lower])+" in letter case alone", "write one of the two: IAM takes them for one")
		}
		switch value, n := tags[key], utf8.RuneCountInString(tags[key]); {
		case isToken(value):
		case value == "":
			at.wrong("an empty value", "write a value, or leave the tag out: CloudFormation takes none that is empty")
		case n > maxTagValue:
			at.tooLong(n, maxTagValue)
		case !tagText.MatchString(value):
			at.wrong(quote(value), fmt.Sprintf("write 1 to %d letters, digits, spaces and _.:/=+-@", maxTagValue))
		case strings.HasPrefix(strings.ToLower(value), "aws:"):
			at.wrong("a value that starts with aws:", "choose another one: AWS keeps these for itself")
		}
		seen[lower] = key
	}
}
