// Package customresourcetest replaces the environment of a custom resource's function
// in tests: CloudFormation, which receives its answers, and Lambda, which runs it.
// Everything is on the loopback interface or in memory, and ends with the test.
package customresourcetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
)

// StackID is the stack of every event that Event makes.
const StackID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/signedfront-dev/0f51a2d0-7c1e-11ef-9d5a-0a1b2c3d4e5f"

// Credential is part of every ResponseURL. The output of a function must not contain
// it.
const Credential = "X-Amz-Signature=5c0ffee5c0ffee5c0ffee5c0ffee"

// CloudFormation receives the answers of custom resources. The zero value is ready for
// use in memory, through Transport; Serve makes it listen on a socket.
type CloudFormation struct {
	mu      sync.Mutex
	url     string
	serial  int
	failing []int
	answers map[string][]Answer
}

// Answer is an answer of a function that CloudFormation accepted.
type Answer struct {
	cfn.Response
	Body []byte
}

// Attribute returns what Fn::GetAtt would read.
func (a Answer) Attribute(name string) string {
	value, _ := a.Data[name].(string)
	return value
}

// Serve listens on 127.0.0.1 until the test ends.
func (c *CloudFormation) Serve(t testing.TB) {
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.url = server.URL
}

// Transport returns a transport to c without a socket.
func (c *CloudFormation) Transport() http.RoundTripper { return inMemory{c} }

type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

// FailNext makes the next attempts to answer fail with these statuses.
func (c *CloudFormation) FailNext(statuses ...int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = append(c.failing, statuses...)
}

// Event returns a new request. For an Update or Delete, the caller sets
// PhysicalResourceID to the id in the answer to the Create.
func (c *CloudFormation) Event(kind cfn.RequestType, properties map[string]any) cfn.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	base := c.url
	if base == "" {
		base = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", c.serial)
	return cfn.Event{
		RequestType:        kind,
		RequestID:          id,
		ResponseURL:        base + "/" + id + "?X-Amz-Expires=7200&" + Credential,
		ResourceType:       "Custom::Test",
		LogicalResourceID:  "ContentSigningKey1A2B3C4D",
		StackID:            StackID,
		ResourceProperties: properties,
	}
}

// Answers returns the answers to one request, in order.
func (c *CloudFormation) Answers(e cfn.Event) []Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Answer(nil), c.answers[e.RequestID]...)
}

// Answer returns the only answer to a request. Several answers, or none, fail the test.
func (c *CloudFormation) Answer(t testing.TB, e cfn.Event) Answer {
	t.Helper()
	answers := c.Answers(e)
	if len(answers) != 1 {
		t.Fatalf("CloudFormation has %d answers to the %s, want 1", len(answers), e.RequestType)
	}
	return answers[0]
}

// ServeHTTP refuses what S3 and CloudFormation refuse.
func (c *CloudFormation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failing) > 0 {
		status := c.failing[0]
		c.failing = c.failing[1:]
		w.Header().Set("Location", "/elsewhere") // for a redirect
		http.Error(w, "<Error><RequestUrl>"+r.URL.String()+"</RequestUrl></Error>", status)
		return
	}
	refuse := func(format string, args ...any) { http.Error(w, fmt.Sprintf(format, args...), http.StatusForbidden) }
	if r.Method != http.MethodPut {
		refuse("method %s, want PUT", r.Method)
		return
	}
	if _, sent := r.Header["Content-Type"]; sent {
		refuse("SignatureDoesNotMatch: the presigned URL has no Content-Type")
		return
	}
	if r.ContentLength <= 0 {
		refuse("MissingContentLength")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) >= 4096 {
		refuse("an answer of %d bytes, want less than 4096", len(body))
		return
	}
	a := Answer{Body: body}
	if err := json.Unmarshal(body, &a.Response); err != nil {
		refuse("not JSON: %v", err)
		return
	}
	id := a.PhysicalResourceID
	if r.URL.Path != "/"+a.RequestID || a.StackID != StackID || a.LogicalResourceID == "" ||
		id == "" || len(id) > 1024 || (a.Status == cfn.StatusFailed) != (a.Reason != "") {
		refuse("not an answer: %s", body)
		return
	}
	if c.answers == nil {
		c.answers = make(map[string][]Answer)
	}
	c.answers[a.RequestID] = append(c.answers[a.RequestID], a)
}
