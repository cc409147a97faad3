package bucketemptier

import (
	"encoding/json"
	"regexp"
	"strings"
)

// roleARN matches the ARN of an IAM role.
var roleARN = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)

// closingPolicy returns the policy of a bucket while it is emptied and until it is
// deleted. It denies all writes: objects, parts of uploads, copies, replicas and object
// locks. It denies everybody except the function's role to delete an object without a
// version, which makes a delete marker in a versioned bucket. It does not deny deleting
// versions or the bucket. It denies requests without TLS, as the previous policy did.
//
// If the role is not known, deletes without a version are not denied, because the
// function needs the same permission to delete a version:
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

// partition returns the partition of the stack, such as aws.
func partition(stackID string) string {
	if parts := strings.SplitN(stackID, ":", 3); len(parts) == 3 {
		return parts[1]
	}
	return "aws"
}
