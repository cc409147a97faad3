package keyguard_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/keyguard"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
)

// client is an HTTP client that reaches a service without a socket.
type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }

// to records the permission that IAM would check for each request.
func to(h http.Handler, actions map[string]bool) client {
	return func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		action := "cloudformation:" + r.FormValue("Action")
		if _, target, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
			action = "ssm:" + target
		}
		if path, ok := strings.CutPrefix(r.URL.Path, "/2020-05-31/"); ok {
			resource, _, _ := strings.Cut(path, "/")
			action = map[string]string{"GET key-group": "cloudfront:GetKeyGroup", "GET public-key": "cloudfront:GetPublicKey", "GET distributionsByKeyGroupId": "cloudfront:ListDistributionsByKeyGroup"}[r.Method+" "+resource]
		}
		actions[action] = true
		return w.Result(), nil
	}
}

func services(c client) *keyguard.AWS {
	return keyguard.NewAWS(aws.Config{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "the-functions-own-secret-access-key", ""),
		HTTPClient:  c,
	})
}

// The actions that the function's role needs, and on what:
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var actions = map[string]string{
	"cloudformation:DescribeStacks":          "the stack",
	"cloudformation:DescribeStackResource":   "the stack",
	"ssm:GetParameterHistory":                "the parameter",
	"cloudfront:GetKeyGroup":                 "*",
	"cloudfront:GetPublicKey":                "*",
	"cloudfront:ListDistributionsByKeyGroup": "*",
}

func TestTheServicesAreReadWithTheActionsThatAreListed(t *testing.T) {
	inBubble(t, "a lender that stops", func(t *testing.T) {
		a, used := inUse(), map[string]bool{}
		a.exports[contract.KeyGroupExport(parameter)] = groupID
		a.trusting = []string{"E1", "E2", "E3", "E4", "E5"} // in three pages
		answer := a.deliver(t, services(to(a, used)), cfn.RequestUpdate, properties("2", "1a", "2b"))
		if want := `is lent to the distributions "E2", "E3", "E4" and 1 more`; !strings.Contains(answer.Reason, want) {
			t.Errorf("got  %s\nwant %s", answer.Reason, want)
		}
		if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(actions)); !slices.Equal(got, want) {
			t.Errorf("it used  %q\nlisted are %q", got, want)
		}
	})
}

func TestTheServicesTellWhatTheAccountHas(t *testing.T) {
	for name, test := range map[string]struct {
		account    func() *account
		properties map[string]any
		want       cfn.StatusType
		says       string
	}{
		"a right step": {func() *account { return added(readyAfter) }, properties("3", "1a", "2b", "3c"), cfn.StatusSuccess, ""},
		"a wrong step": {func() *account { return added(readyAfter - time.Second) }, properties("3", "1a", "2b", "3c"), cfn.StatusFailed, "before 2000-01-01T00:00:01Z"},
		"a history of five pages, whose first version counts": {func() *account {
			a := rotated(8 * day)
			a.history[0].Document.MaxURLLifetime *= 2
			for range 8 {
				a.documents(7*day, document("K2"))
			}
			return a
		}, properties("2", "2b"), cfn.StatusFailed, "(maxUrlLifetime 14d, maxKeyAge 1h)"},
		"a version that is no document": {func() *account {
			a := rotated(20 * day)
			a.history[0].Document = nil
			return a
		}, properties("2", "2b"), cfn.StatusFailed, "signing key 1 (K1) may have signed until"},
		"a resource that was deleted": {func() *account {
			a := inUse()
			a.resources["Group1A"] += " DELETE_COMPLETE"
			return a
		}, properties("1", "1a", "2b"), cfn.StatusFailed, "another key group"},
		"a resource that the stack has let go": {func() *account {
			a := inUse()
			a.resources["Group1A"] += " DELETE_SKIPPED"
			return a
		}, properties("1", "1a", "2b"), cfn.StatusFailed, "another key group"},
		"a resource without an id": {func() *account {
			a := inUse()
			a.resources["Group1A"] = " CREATE_FAILED"
			return a
		}, properties("1", "1a", "2b"), cfn.StatusFailed, "another key group"},
		"no document":                       {func() *account { return &account{status: "UPDATE_IN_PROGRESS", fail: map[string]error{}} }, wrong, cfn.StatusSuccess, ""},
		"a public key that is gone":         {func() *account { a := inUse(); delete(a.keys, "K2"); return a }, properties("1", "1a"), cfn.StatusFailed, "signing key K2 may have signed until"},
		"a stack that is being rolled back": {func() *account { a := inUse(); a.status = "UPDATE_ROLLBACK_IN_PROGRESS"; return a }, wrong, cfn.StatusSuccess, ""},
	} {
		inBubble(t, name, func(t *testing.T) {
			a := test.account()
			answer := a.deliver(t, services(to(a, map[string]bool{})), cfn.RequestUpdate, test.properties)
			if answer.Status != test.want || !strings.Contains(answer.Reason, test.says) {
				t.Errorf("got  %s\nwant %s %s", answer.Body, test.want, test.says)
			}
		})
	}
}

func TestAServiceThatThrottlesDelaysAndDoesNotFail(t *testing.T) {
	for method, code := range map[string]string{"Stack": "Throttling", "Resource": "Throttling", "History": "ThrottlingException", "KeyGroup": "Throttling", "PublicKey": "Throttling"} {
		inBubble(t, method, func(t *testing.T) {
			a := inUse()
			a.fail[method] = errors.New(code)
			a.heals = time.Now().Add(4 * time.Second) // longer than three attempts take
			answer := a.deliver(t, services(to(a, map[string]bool{})), cfn.RequestUpdate, properties("1", "1a", "2b"))
			if answer.Status != cfn.StatusSuccess || strings.Contains(a.log.String(), "WARN") || !strings.Contains(a.log.String(), `"allowed"`) {
				t.Errorf("got %s: %s", answer.Body, a.log.String())
			}
		})
	}
}

// A stack waits for hours for a function that does not answer.
func TestAServiceThatHangsIsAnsweredInTime(t *testing.T) {
	for _, method := range []string{"Stack", "History"} {
		inBubble(t, method, func(t *testing.T) {
			a := inUse()
			c := to(a, map[string]bool{})
			hangs := client(func(r *http.Request) (*http.Response, error) {
				if method == "Stack" || r.Header.Get("X-Amz-Target") != "" {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return c(r)
			})
			answer := a.deliver(t, services(hangs), cfn.RequestUpdate, wrong)
			if want := map[string]cfn.StatusType{"Stack": cfn.StatusSuccess, "History": cfn.StatusFailed}[method]; answer.Status != want {
				t.Errorf("got %s, want %s", answer.Body, want)
			}
		})
	}
}

func TestTheServicesErrorsAreToldByTheirCode(t *testing.T) {
	for _, test := range []struct {
		name, method, code string
		is                 error
		text               string
	}{
		{"a stack that does not exist", "Stack", "ValidationError", nil, `cloudformation:DescribeStacks on "` + stackID + `" answered ValidationError`},
		{"no such resource", "Resource", "ValidationError", keyguard.ErrNoResource, `the stack has no such resource: "Group1A"`},
		{"no such public key", "PublicKey", "NoSuchPublicKey", awsrotation.ErrNoPublicKey, `CloudFront has no such public key: "K1"`},
		{"no such parameter", "History", "ParameterNotFound", awsrotation.ErrNoParameter, `the parameter does not exist: "` + parameter + `"`},
		{"no such key group", "KeyGroup", "NoSuchResource", nil, `cloudfront:GetKeyGroup on "` + groupID + `" answered NoSuchResource`},
		{"no right to read the stack", "Stack", "AccessDenied", customresource.ErrDenied, `access denied: the function's role may not use cloudformation:DescribeStacks on "` + stackID + `" (AccessDenied)`},
		{"no right to read a resource", "Resource", "AccessDenied", customresource.ErrDenied, `access denied: the function's role may not use cloudformation:DescribeStackResource on "Group1A" (AccessDenied)`},
		{"no right to read the key group", "KeyGroup", "AccessDenied", customresource.ErrDenied, `access denied: the function's role may not use cloudfront:GetKeyGroup on "` + groupID + `" (AccessDenied)`},
		{"no right to read a public key", "PublicKey", "AccessDenied", customresource.ErrDenied, `access denied: the function's role may not use cloudfront:GetPublicKey on "K1" (AccessDenied)`},
		{"no right to read the history", "History", "AccessDeniedException", customresource.ErrDenied, `access denied: the function's role may not use ssm:GetParameterHistory on "` + parameter + `" (AccessDeniedException)`},
		{"no right to list the distributions", "Trusting", "AccessDenied", customresource.ErrDenied, `access denied: the function's role may not use cloudfront:ListDistributionsByKeyGroup on "` + groupID + `" (AccessDenied)`},
	} {
		inBubble(t, test.name, func(t *testing.T) {
			a := inUse()
			a.fail[test.method] = errors.New(test.code)
			err := perform(t.Context(), services(to(a, map[string]bool{})), test.method)
			if err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got  %v\nwant %s", err, test.text)
			}
		})
	}
	inBubble(t, "another stack", func(t *testing.T) {
		c := client(func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>%s0</StackId><StackStatus>CREATE_IN_PROGRESS</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>", stackID)
			return w.Result(), nil
		})
		if _, err := services(c).Stack(t.Context(), stackID); !errors.Is(err, customresource.ErrNoStack) {
			t.Errorf("got %v", err)
		}
	})
	answers := func(bodies ...string) client {
		return func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			fmt.Fprint(w, bodies[0])
			bodies = append(bodies[1:], bodies[0])
			return w.Result(), nil
		}
	}
	for _, test := range []struct{ name, method, body string }{
		{"no key group", "KeyGroup", ""},
		{"a key group without its members", "KeyGroup", "<KeyGroup><Id>G</Id></KeyGroup>"},
		{"no public key", "PublicKey", ""},
		{"a public key without its caller reference", "PublicKey", "<PublicKey><Id>K1</Id></PublicKey>"},
		{"no list", "Trusting", ""},
		{"no resource", "Resource", "<DescribeStackResourceResponse><DescribeStackResourceResult></DescribeStackResourceResult></DescribeStackResourceResponse>"},
		{"a resource without an id", "Resource", "<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail><ResourceStatus>CREATE_FAILED</ResourceStatus></StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"},
	} {
		inBubble(t, "an answer with "+test.name, func(t *testing.T) {
			if err := perform(t.Context(), services(answers(test.body)), test.method); err == nil {
				t.Error("it is taken for an answer")
			}
		})
	}
	const list = "<DistributionIdList><Marker></Marker><NextMarker>%s</NextMarker><MaxItems>1</MaxItems><IsTruncated>true</IsTruncated><Quantity>0</Quantity></DistributionIdList>"
	for name, pages := range map[string][]string{"is": {fmt.Sprintf(list, "E1")}, "is not told": {fmt.Sprintf(list, "E1"), fmt.Sprintf(list, "")}} {
		inBubble(t, "a list whose next page "+name+" the one before", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := services(answers(pages...)).Trusting(ctx, groupID); err == nil || !strings.Contains(err.Error(), "without the marker of the next page") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func perform(ctx context.Context, a *keyguard.AWS, method string) (err error) {
	switch method {
	case "Stack":
		_, err = a.Stack(ctx, stackID)
	case "Resource":
		_, err = a.Resource(ctx, stackID, "Group1A")
	case "KeyGroup":
		_, err = a.KeyGroup(ctx, groupID)
	case "PublicKey":
		_, err = a.PublicKey(ctx, "K1")
	case "History":
		_, err = a.History(ctx, parameter)
	case "Trusting":
		_, err = a.Trusting(ctx, groupID)
	}
	return err
}

func TestAVersionHasTheNumberTheTimeAndTheDocumentThatItHad(t *testing.T) {
	inBubble(t, "three versions", func(t *testing.T) {
		a := rotated(day)
		a.documents(time.Hour, nil)
		got, err := services(to(a, map[string]bool{})).History(t.Context(), parameter)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %v, %v", got, err)
		}
		for i, v := range got {
			want := a.history[i]
			if v.Number != want.Number || !v.Modified.Equal(want.Modified) || (v.Document == nil) != (want.Document == nil) {
				t.Errorf("got %+v, want %+v", v, want)
			}
		}
		if d := got[1].Document; d.KeyPairID != "K2" || d.MaxKeyAge != 3600 || d.Schema != signer.DeploymentSchema {
			t.Errorf("got %+v", d)
		}
	})
}
