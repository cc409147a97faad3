package config

import (
	"fmt"
	"slices"
	"strings"
)

// retentionDays are the steps of CloudWatch Logs up to ten years:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// check checks the logs of a distribution that serves a bucket.
func (l AccessLogs) check(at place, served string) {
	retention := at.field("Retention")
	switch {
	case l.Bucket != "" && l.Retention != 0:
		retention.wrong("a retention with a bucket of one's own", "leave it out: how long the bucket keeps them is its owner's")
	case l.Bucket == "" && !slices.Contains(retentionDays, int(l.Retention/day)) || l.Retention%day != 0:
		retention.wrong(durationText(l.Retention), "write one of the steps of CloudWatch Logs: "+retentionChoices())
	}
	checkBucketName(at.field("Bucket"), l.Bucket)
	if l.Bucket != "" && l.Bucket == served {
		at.field("Bucket").wrong(quote(l.Bucket)+", the bucket with the content", "write another one: the logs would be served")
	}
}

func retentionChoices() string {
	steps := make([]string, len(retentionDays))
	for i, n := range retentionDays {
		steps[i] = fmt.Sprintf("%dd", n)
	}
	return strings.Join(steps, ", ")
}
