package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AccessLogs records each request as JSON, without the query string, the cookies
// and the referrer. A log group is kept when its stack is deleted, as the bucket
// is, unless the content is ephemeral.
type AccessLogs struct {
	// Retention is for how long a log group of CloudWatch keeps the records, in
	// whole days of which CloudWatch Logs has a step: 1, 3, 5, 7, 14, 30, 60, 90,
	// 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or
	// 3653 days.
	//
	// Default: 90 days.
	Retention time.Duration `json:"retention"`

	// Bucket is the name of an existing bucket that gets the records instead,
	// under the prefix cloudfront/. It, its policy and its retention are its
	// owner's. AWS adds to the policy that delivery.logs.amazonaws.com may write
	// to the bucket, where the deployment may change the policy:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
	//
	// Default: none, a log group.
	Bucket string `json:"bucket"`
}

// logFolder is that of the records in a bucket.
const logFolder = "/cloudfront"

func (l *AccessLogs) withDefaults() *AccessLogs {
	if l == nil {
		return nil
	}
	filled := *l
	if filled.Retention == 0 && filled.Bucket == "" {
		filled.Retention = 90 * day
	}
	return &filled
}

// retentionDays are the steps of CloudWatch Logs up to ten years:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// check checks the logs of a distribution that serves a bucket, or a folder of
// one.
func (l AccessLogs) check(at node, served, folder string) {
	retention := at.field("Retention")
	switch {
	case l.Bucket != "" && l.Retention != 0:
		retention.wrong("a retention with a bucket of one's own", "leave it out: how long the bucket keeps them is its owner's")
	case l.Bucket == "" && !slices.Contains(retentionDays, int(l.Retention/day)) || l.Retention%day != 0:
		retention.wrong(FormatDuration(l.Retention), "write one of the steps of CloudWatch Logs: "+retentionChoices())
	}
	checkBucketName(at.field("Bucket"), l.Bucket)
	if l.Bucket != "" && l.Bucket == served && (folder == "" || folder == logFolder || strings.HasPrefix(folder, logFolder+"/")) {
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
