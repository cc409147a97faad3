package bucketemptier_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/signedfront/signedfront/constructs/bucketemptier"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

func TestCloudFormationTellsTheStatusOfAStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(0)
		b.stack = "UPDATE_COMPLETE"
		status, err := services(to(b), emulator).Status(t.Context(), customresourcetest.StackID)
		if status != "UPDATE_COMPLETE" || err != nil {
			t.Errorf("got %s, %v", status, err)
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
		call     = "cloudformation:DescribeStacks on " + stack
		notKnown = "CloudFormation does not know the stack: "
	)
	for _, test := range []struct {
		name    string
		stackID string
		client  client
		is      error
		text    string
	}{
		{"a stack that does not exist", stack, fault(400, "ValidationError"), bucketemptier.ErrNoStack, notKnown + stack},
		{"no stack", stack, stacks(""), bucketemptier.ErrNoStack, notKnown + stack},
		{"another stack", stack, stacks("<member><StackId>" + stack + "0</StackId><StackStatus>DELETE_IN_PROGRESS</StackStatus></member>"),
			bucketemptier.ErrNoStack, notKnown + stack},
		{"a request that names no stack", "", stacks("<member><StackId></StackId><StackStatus>DELETE_IN_PROGRESS</StackStatus></member>"),
			bucketemptier.ErrNoStack, notKnown + "the request names none"},
		{"a role without the right", stack, fault(403, "AccessDenied"), customresource.ErrDenied,
			"access denied: the function's role may not use " + call + " (AccessDenied)"},
		{"too many requests, again and again", stack, fault(400, "Throttling"), nil, call + " answered Throttling"},
		{"an outage, again and again", stack, fault(503, "ServiceUnavailable"), nil, call + " answered ServiceUnavailable"},
	} {
		inBubble(t, test.name, func(t *testing.T) {
			status, err := services(test.client, emulator).Status(t.Context(), test.stackID)
			if status != "" || err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got  %s, %v\nwant %s", status, err, test.text)
			}
		})
	}
}
