package customresource_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

// presigned is the rest of a ResponseURL, as CloudFormation makes it.
const presigned = "/arn%3Aaws%3Acloudformation%3Aus-east-1%3A111122223333%3Astack/signedfront-dev/0f51a2d0-7c1e-11ef-9d5a-0a1b2c3d4e5f%7CContentSigningKey1%7C00000000-0000-4000-8000-000000000001?" +
	"AWSAccessKeyId=AKIDEXAMPLE&Expires=1764365000&" + customresourcetest.Credential

// sentTo has a provider answer a request whose ResponseURL is this, and returns
// where the answer went.
func sentTo(t *testing.T, responseURL, stackID string) (urls []string, called bool, said string) {
	t.Helper()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.String())
		if r.Host != r.URL.Host {
			t.Errorf("it asks %s for the host %s", r.URL.Host, r.Host)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	provider := provider(func(ctx context.Context, r customresource.Request) (customresource.Response, error) {
		called = true
		return works(ctx, r)
	})
	var log bytes.Buffer
	h := customresource.Handler{Provider: provider, Log: slog.New(slog.NewJSONHandler(&log, nil)), Transport: transport}
	err := h.Handle(t.Context(), cfn.Event{
		RequestType: cfn.RequestDelete, RequestID: "00000000-0000-4000-8000-000000000001", ResponseURL: responseURL,
		StackID: stackID, LogicalResourceID: "ContentSigningKey1", PhysicalResourceID: "a-thing",
	})
	return urls, called, fmt.Sprint(err, log.String())
}

func TestAnAnswerGoesToS3OfThePartitionOf(t *testing.T) {
	for _, test := range []struct{ partition, host string }{
		{"aws", "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"},
		{"aws", "cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com"},
		{"aws", "cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"},
		{"aws", "cloudformation-custom-resource-response-useast1.s3-external-1.amazonaws.com"},
		{"aws", "cloudformation-custom-resource-response-useast1.s3.dualstack.us-east-1.amazonaws.com"},
		{"aws", "s3.ap-southeast-7.amazonaws.com"},
		{"aws-cn", "cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn"},
		{"aws-us-gov", "cloudformation-custom-resource-response-usgovwest1.s3-us-gov-west-1.amazonaws.com"},
		{"aws-us-gov", "cloudformation-custom-resource-response-usgovwest1.s3-fips.us-gov-west-1.amazonaws.com"},
		{"aws-iso", "cloudformation-custom-resource-response-usisoeast1.s3.us-iso-east-1.c2s.ic.gov"},
		{"aws-iso-b", "cloudformation-custom-resource-response-usisobeast1.s3.us-isob-east-1.sc2s.sgov.gov"},
		{"aws-iso-e", "cloudformation-custom-resource-response-euisoewest1.s3.eu-isoe-west-1.cloud.adc-e.uk"},
		{"aws-iso-f", "cloudformation-custom-resource-response-usisofsouth1.s3.us-isof-south-1.csp.hci.ic.gov"},
		{"aws-eusc", "cloudformation-custom-resource-response-euscdeeast1.s3.eusc-de-east-1.amazonaws.eu"},
	} {
		t.Run(test.partition+" at "+test.host, func(t *testing.T) {
			stack := strings.Replace(customresourcetest.StackID, "arn:aws:", "arn:"+test.partition+":", 1)
			want := "https://" + test.host + presigned
			urls, _, said := sentTo(t, want, stack)
			if len(urls) != 1 || urls[0] != want {
				t.Errorf("sent to %q, want %s: %s", urls, want, said)
			}
		})
	}
}

// Somebody who can invoke the function must not make it call a host of their choice, or do
// anything else.
func TestARequestIsRefusedBeforeAnythingIsDoneWhenItsResponseURL(t *testing.T) {
	const (
		s3    = "cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"
		stack = customresourcetest.StackID
	)
	for name, test := range map[string]struct{ url, stack string }{
		"is not encrypted":                   {"http://" + s3 + presigned, stack},
		"has another scheme":                 {"ftp://" + s3 + presigned, stack},
		"has no scheme":                      {"//" + s3 + presigned, stack},
		"has no slashes":                     {"https:" + s3 + presigned, stack},
		"is a word":                          {"answer", stack},
		"is of another host":                 {"https://evil.example" + presigned, stack},
		"has S3 in its path":                 {"https://evil.example/" + s3 + presigned, stack},
		"has S3 in its query":                {"https://evil.example/?https://" + s3 + presigned, stack},
		"goes on after S3's host":            {"https://" + s3 + ".evil.example" + presigned, stack},
		"is of a host that ends like AWS's":  {"https://s3.eu-central-1.evilamazonaws.com" + presigned, stack},
		"is of the suffix alone":             {"https://amazonaws.com" + presigned, stack},
		"has a user":                         {"https://user@" + s3 + presigned, stack},
		"has S3's host for a user":           {"https://" + s3 + "@evil.example" + presigned, stack},
		"has S3's host for a password":       {"https://user:" + s3 + "@evil.example" + presigned, stack},
		"has a backslash after the host":     {"https://" + s3 + "\\@evil.example" + presigned, stack},
		"has a port":                         {"https://" + s3 + ":8443" + presigned, stack},
		"has the port of HTTPS":              {"https://" + s3 + ":443" + presigned, stack},
		"has an empty port":                  {"https://" + s3 + ":" + presigned, stack},
		"has a dot after the host":           {"https://" + s3 + "." + presigned, stack},
		"has capitals in the host":           {"https://" + strings.ToUpper(s3) + presigned, stack},
		"has an escape in the host":          {"https://s3%2eeu-central-1.amazonaws.com" + presigned, stack},
		"has an address for a host":          {"https://169.254.169.254" + presigned, stack},
		"has an address of version 6":        {"https://[::1]" + presigned, stack},
		"is on this machine, encrypted":      {"https://127.0.0.1:9001" + presigned, stack},
		"is of a customer's function":        {"https://a1b2c3d4.execute-api.eu-central-1.amazonaws.com" + presigned, stack},
		"is of a customer's machine":         {"https://ec2-192-0-2-1.compute-1.amazonaws.com" + presigned, stack},
		"is of S3 Object Lambda":             {"https://evil-111122223333.s3-object-lambda.eu-central-1.amazonaws.com" + presigned, stack},
		"is of a website in a bucket":        {"https://evil.s3-website.eu-central-1.amazonaws.com" + presigned, stack},
		"is of another service":              {"https://sts.eu-central-1.amazonaws.com" + presigned, stack},
		"is of another partition":            {"https://evil.s3.cn-north-1.amazonaws.com.cn" + presigned, stack},
		"is of a partition within a name":    {"https://evil.s3.eu-central-1.amazonaws.com" + presigned, strings.Replace(stack, "arn:aws:", "arn:aws-cn:", 1)},
		"comes with a partition of its own":  {"https://" + s3 + presigned, strings.Replace(stack, "arn:aws:", "arn:evil:", 1)},
		"comes with no stack":                {"https://" + s3 + presigned, ""},
		"has no path":                        {"https://" + s3, stack},
		"is of the bucket":                   {"https://" + s3 + "/?" + customresourcetest.Credential, stack},
		"climbs in its path":                 {"https://" + s3 + "/a/../b?" + customresourcetest.Credential, stack},
		"stands still in its path":           {"https://" + s3 + "/a/./b?" + customresourcetest.Credential, stack},
		"climbs in its path with escapes":    {"https://" + s3 + "/a/%2e%2E/b?" + customresourcetest.Credential, stack},
		"has an escaped slash that climbs":   {"https://" + s3 + "/a%2f..%2fb?" + customresourcetest.Credential, stack},
		"has a backslash in its path":        {"https://" + s3 + "/a%5cb?" + customresourcetest.Credential, stack},
		"has a line break in its path":       {"https://" + s3 + "/a%0d%0ab?" + customresourcetest.Credential, stack},
		"has a fragment":                     {"https://" + s3 + presigned + "#end", stack},
		"has a line break":                   {"https://" + s3 + "\n" + presigned, stack},
		"has a space before it":              {" https://" + s3 + presigned, stack},
		"is empty, as anybody's request has": {"", stack},
	} {
		t.Run(name, func(t *testing.T) {
			urls, called, said := sentTo(t, test.url, test.stack)
			if len(urls) != 0 || called || !strings.HasPrefix(said, "not a request of CloudFormation: ") {
				t.Errorf("sent to %q, provider called: %t, said %s", urls, called, said)
			}
			if strings.Contains(said, "X-Amz") || strings.Contains(said, "evil") {
				t.Errorf("the ResponseURL was told: %s", said)
			}
		})
	}
}
