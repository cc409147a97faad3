package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AccessLogs records each request as JSON, without the query string, the cookies
// and the referrer. The log group is kept when its stack is deleted, unless the
// content is ephemeral.
type AccessLogs struct {
	// Retention is how long the log group keeps the records: 1, 3, 5, 7, 14, 30,
	// 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288
	// or 3653 days.
	//
	// Default: 90 days.
	Retention time.Duration `json:"retention"`

	// Bucket is the name of an existing bucket that gets the records instead,
	// under the prefix "cloudfront/". Its owner manages its policy and its retention.
	// If the deployment may change the policy, AWS adds a statement that lets
	// delivery.logs.amazonaws.com write to the bucket:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
	//
	// Default: none. The records go to a log group.
	Bucket string `json:"bucket"`
}

// logFolder is the folder of the records in a bucket.
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

// retentionDays are the retention periods of CloudWatch Logs up to ten years:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// check checks the logs of a distribution that serves the bucket named served, or
// only its folder.
func (l AccessLogs) check(at node, served, folder string) {
	retention := at.field("Retention")
	switch {
	case l.Bucket != "" && l.Retention != 0:
		retention.wrong("a retention with an existing bucket", "leave it out: the owner of the bucket decides how long it keeps the records")
	case l.Bucket == "" && !slices.Contains(retentionDays, int(l.Retention/day)) || l.Retention%day != 0:
		retention.wrong(FormatDuration(l.Retention), "write one of the steps of CloudWatch Logs: "+retentionChoices())
	}
	checkBucketName(at.field("Bucket"), l.Bucket)
	if l.Bucket != "" && l.Bucket == served && (folder == "" || folder == logFolder || strings.HasPrefix(folder, logFolder+"/")) {
		at.field("Bucket").wrong(quote(l.Bucket)+", the bucket that is served", "write another bucket: the logs would be served with the content")
	}
}

func retentionChoices() string {
	steps := make([]string, len(retentionDays))
	for i, n := range retentionDays {
		steps[i] = fmt.Sprintf("%dd", n)
	}
	return strings.Join(steps, ", ")
}
