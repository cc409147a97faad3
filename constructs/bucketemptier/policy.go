package bucketemptier

import (
	"encoding/json"
	"regexp"
	"strings"
)

// roleARN matches the ARN of an IAM role.
var roleARN = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)

// closingPolicy is the policy of a bucket that is being emptied, until it is
// deleted. Nobody may put anything into it: an object, a part of an upload, a
// copy, a replica, or a lock on what is there. Nor may anybody but the role of
// this function delete an object without naming its version, which in a bucket
// with versions makes a delete marker. Deleting versions and the bucket itself
// is not denied. Requests without TLS are, as they were before.
//
// Where the role is not known, deletes without a version stay as they were, for
// the function needs the same right to delete a version:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
func closingPolicy(bucket, stackID, role string) string {
	arn := "arn:" + partition(stackID) + ":s3:::" + bucket
	type statement struct {
		Sid       string
		Effect    string
		Principal string
		Action    []string
		Resource  []string
		Condition map[string]map[string]string `json:",omitempty"`
	}
	statements := []statement{{
		Sid: "DenyWrites", Effect: "Deny", Principal: "*",
		Action:   []string{"s3:PutObject*", "s3:Replicate*"},
		Resource: []string{arn + "/*"},
	}, {
		Sid: "DenyPlainHTTP", Effect: "Deny", Principal: "*",
		Action:    []string{"s3:*"},
		Resource:  []string{arn, arn + "/*"},
		Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
	}}
	if roleARN.MatchString(role) {
		statements = append(statements, statement{
			Sid: "DenyDeleteMarkers", Effect: "Deny", Principal: "*",
			Action:    []string{"s3:DeleteObject"},
			Resource:  []string{arn + "/*"},
			Condition: map[string]map[string]string{"ArnNotEquals": {"aws:PrincipalArn": role}},
		})
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// partition is that of the stack, such as aws.
func partition(stackID string) string {
	if parts := strings.SplitN(stackID, ":", 3); len(parts) == 3 {
		return parts[1]
	}
	return "aws"
}
