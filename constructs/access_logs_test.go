package constructs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

// The fields of standard logging, in the order of its reference:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
const standardLogFields = `date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)
	cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes
	time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status
	fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len
	sc-range-start sc-range-end`

// logged is the stack in us-east-1 whose content has access logs.
func logged(t *testing.T, logs config.AccessLogs, change func(*config.Environment)) *template {
	t.Helper()
	e := environmentOf(t, "prod", `{"region": "us-east-1"}`)
	e.Content.AccessLogs = &logs
	change(&e)
	return synthesizeStacks(t, e)[e.StackName()]
}

func unchangedEnvironment(*config.Environment) {}

func TestAccessLogsHoldNoCredentials(t *testing.T) {
	for _, logs := range []config.AccessLogs{{}, {Bucket: "logs-of-all"}} {
		_, delivery := logged(t, logs, unchangedEnvironment).only(t, "AWS::Logs::Delivery")
		var got []string
		for _, field := range delivery.Properties["RecordFields"].([]any) {
			got = append(got, field.(string))
		}
		want := slices.DeleteFunc(strings.Fields(standardLogFields), func(field string) bool {
			return field == "cs-uri-query" || field == "cs(Cookie)" || field == "cs(Referer)"
		})
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

const logStackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/signedfront-prod/50d6f0a0-d2df-11e5-832f-503abc87a9b4"

func TestAccessLogsGoFromTheDistributionToALogGroup(t *testing.T) {
	template := logged(t, config.AccessLogs{}, unchangedEnvironment)
	distributionID, _ := template.only(t, "AWS::CloudFront::Distribution")
	sourceID, source := template.only(t, "AWS::Logs::DeliverySource")
	destinationID, destination := template.only(t, "AWS::Logs::DeliveryDestination")
	_, delivery := template.only(t, "AWS::Logs::Delivery")
	groupID, _ := template.accessLogGroup(t)

	wantJSON(t, "the kind of log", source.Properties["LogType"], `"ACCESS_LOGS"`)
	wantJSON(t, "what is logged", source.Properties["ResourceArn"],
		fmt.Sprintf(`{"Fn::Join": ["", ["arn:aws:cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/", {"Ref": %q}]]}`, distributionID))
	wantJSON(t, "the form of records", destination.Properties["OutputFormat"], `"json"`)
	wantJSON(t, "where they go", destination.Properties["DestinationResourceArn"], fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, groupID))
	wantJSON(t, "from", delivery.Properties["DeliverySourceName"], fmt.Sprintf(`{"Ref": %q}`, sourceID))
	wantJSON(t, "to", delivery.Properties["DeliveryDestinationArn"], fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, destinationID))
}

// accessLogGroup returns the log group of the access logs; the functions have others.
func (t *template) accessLogGroup(test *testing.T) (id string, group *resource) {
	test.Helper()
	for _, id := range t.all("AWS::Logs::LogGroup") {
		if strings.HasPrefix(id, "ContentAccessLogs") {
			return id, t.Resources[id]
		}
	}
	test.Fatal("no log group for access logs")
	return "", nil
}

func TestLogGroupIsKeptAsTheContentIs(t *testing.T) {
	for _, test := range []struct {
		name                      string
		ephemeral                 bool
		logs                      config.AccessLogs
		days                      string
		onDeletion, onReplacement string
	}{
		{"of a lasting environment, for 90 days", false, config.AccessLogs{}, `90`, "RetainExceptOnCreate", "Retain"},
		{"of a lasting environment, for a year", false, config.AccessLogs{Retention: 365 * 24 * time.Hour}, `365`, "RetainExceptOnCreate", "Retain"},
		{"of an ephemeral one", true, config.AccessLogs{Retention: 24 * time.Hour}, `1`, "Delete", "Delete"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, group := logged(t, test.logs, func(e *config.Environment) { e.Content.Ephemeral = test.ephemeral }).accessLogGroup(t)
			wantJSON(t, "days", group.Properties["RetentionInDays"], test.days)
			if group.DeletionPolicy != test.onDeletion || group.UpdateReplacePolicy != test.onReplacement {
				t.Errorf("DeletionPolicy %s, UpdateReplacePolicy %s", group.DeletionPolicy, group.UpdateReplacePolicy)
			}
		})
	}
}

// A policy of the account counts against a quota of ten, and a policy that the log
// service writes itself stays after the stack is deleted.
func TestLogGroupItselfLetsTheLogServiceWrite(t *testing.T) {
	template := logged(t, config.AccessLogs{}, func(e *config.Environment) { e.Account = "123456789012" })
	_, group := template.accessLogGroup(t)
	values := map[string]string{"AWS::StackId": logStackID}
	if got, want := resolve(t, group.Properties["LogGroupName"], values), "/aws/vendedlogs/cloudfront/signedfront-prod-50d6f0a0"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	policy := group.Properties["ResourcePolicyDocument"].(map[string]any)
	statement := policy["Statement"].([]any)[0].(map[string]any)
	statement["Resource"] = resolve(t, statement["Resource"], values)
	wantJSON(t, "the policy", policy, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
		"Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
		"Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/cloudfront/signedfront-prod-50d6f0a0:log-stream:*",
		"Condition": {
			"StringEquals": {"aws:SourceAccount": "123456789012"},
			"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}
		}
	}]}`)
	if ids := template.all("AWS::Logs::ResourcePolicy"); ids != nil {
		t.Errorf("policies of the account: %v", ids)
	}
}

func TestAccessLogsGoToABucketUnderAPrefix(t *testing.T) {
	template := logged(t, config.AccessLogs{Bucket: "logs-of-all"}, unchangedEnvironment)
	_, destination := template.only(t, "AWS::Logs::DeliveryDestination")
	wantJSON(t, "where they go", destination.Properties["DestinationResourceArn"], `"arn:aws:s3:::logs-of-all/cloudfront"`)
	for _, id := range template.all("AWS::Logs::LogGroup") {
		if strings.HasPrefix(id, "ContentAccessLogs") {
			t.Errorf("there is a log group %s too", id)
		}
	}
}

// CloudFormation makes the new destination before it deletes the old one.
func TestAnotherDestinationHasAnotherName(t *testing.T) {
	names := map[string]string{}
	for _, bucket := range []string{"", "logs-of-all", "logs-of-media"} {
		_, destination := logged(t, config.AccessLogs{Bucket: bucket}, unchangedEnvironment).only(t, "AWS::Logs::DeliveryDestination")
		name := resolve(t, destination.Properties["Name"], map[string]string{"AWS::StackId": logStackID}).(string)
		if other, taken := names[name]; taken {
			t.Errorf("%s is the name for %q and for %q", name, bucket, other)
		}
		names[name] = bucket
	}
	if _, known := names["signedfront-prod-group-50d6f0a0"]; !known {
		t.Errorf("the names are %v", names)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
func TestNamesOfAccessLogsFitWhateverTheContentIsCalled(t *testing.T) {
	fits := regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)
	for _, logs := range []config.AccessLogs{{}, {Bucket: "logs-of-all"}} {
		template := logged(t, logs, func(e *config.Environment) {
			e.Content.Name = strings.Repeat("n", config.MaxStackName)
		})
		for _, resourceType := range []string{"AWS::Logs::DeliverySource", "AWS::Logs::DeliveryDestination"} {
			_, r := template.only(t, resourceType)
			name := resolve(t, r.Properties["Name"], map[string]string{"AWS::StackId": logStackID}).(string)
			if !fits.MatchString(name) {
				t.Errorf("%s: %s has %d characters", resourceType, name, len(name))
			}
		}
	}
}
