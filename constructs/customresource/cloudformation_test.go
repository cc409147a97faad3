package customresource_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

// client is an HTTP client that reaches a service without a socket.
type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }

func cloudFormation(c client) *customresource.CloudFormation {
	return customresource.NewCloudFormation(aws.Config{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "the-functions-own-secret-access-key", ""),
		HTTPClient:  c,
	})
}

func TestCloudFormationTellsTheStatusOfAStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := ""
		c := client(func(r *http.Request) (*http.Response, error) {
			asked = r.FormValue("Action") + " " + r.FormValue("StackName")
			w := httptest.NewRecorder()
			fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>%s</StackId><StackStatus>UPDATE_COMPLETE</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>", r.FormValue("StackName"))
			return w.Result(), nil
		})
		status, err := cloudFormation(c).Status(t.Context(), customresourcetest.StackID)
		if status != "UPDATE_COMPLETE" || err != nil || asked != "DescribeStacks "+customresourcetest.StackID {
			t.Errorf("asked %q, got %s, %v", asked, status, err)
		}
	})
}

func TestCloudFormationsErrorsAreToldByTheirCode(t *testing.T) {
	answer := func(status int, body string) client {
		return func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return w.Result(), nil
		}
	}
	fault := func(status int, code string) client {
		return answer(status, "<ErrorResponse><Error><Code>"+code+"</Code><Message>swordfish</Message></Error></ErrorResponse>")
	}
	stacks := func(members string) client {
		return answer(http.StatusOK, "<DescribeStacksResponse><DescribeStacksResult><Stacks>"+members+"</Stacks></DescribeStacksResult></DescribeStacksResponse>")
	}
	const (
		stack    = customresourcetest.StackID
		quoted   = `"` + stack + `"`
		call     = "cloudformation:DescribeStacks on " + quoted
		notKnown = "CloudFormation does not know the stack: "
	)
	for _, test := range []struct {
		name    string
		stackID string
		client  client
		is      error
		text    string
	}{
		{"a stack that does not exist", stack, fault(400, "ValidationError"), customresource.ErrNoStack, notKnown + quoted},
		{"no stack", stack, stacks(""), customresource.ErrNoStack, notKnown + quoted},
		{"another stack", stack, stacks("<member><StackId>" + stack + "0</StackId><StackStatus>DELETE_IN_PROGRESS</StackStatus></member>"),
			customresource.ErrNoStack, notKnown + quoted},
		{"a request that names no stack", "", stacks("<member><StackId></StackId><StackStatus>DELETE_IN_PROGRESS</StackStatus></member>"),
			customresource.ErrNoStack, notKnown + "the request names none"},
		{"a role without the right", stack, fault(403, "AccessDenied"), customresource.ErrDenied,
			"access denied: the function's role may not use " + call + " (AccessDenied)"},
		{"too many requests, again and again", stack, fault(400, "Throttling"), nil, call + " answered Throttling"},
		{"an outage, again and again", stack, fault(503, "ServiceUnavailable"), nil, call + " answered ServiceUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				status, err := cloudFormation(test.client).Status(t.Context(), test.stackID)
				if status != "" || err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("got  %s, %v\nwant %s", status, err, test.text)
				}
			})
		})
	}
}
