package customresource_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

func TestAProviderHasTheTimeThatIsLeftBeforeTheAnswer(t *testing.T) {
	const unbounded = 0
	for _, test := range []struct {
		name           string
		lambda         time.Duration // the function's time, unbounded or more
		serviceTimeout any
		want           time.Duration
	}{
		{"by the function's timeout", 90 * time.Second, nil, 80 * time.Second},
		{"by a short one, of which a third is kept", 9 * time.Second, nil, 6 * time.Second},
		{"by the resource's timeout where that is shorter", 90 * time.Second, "60", 50 * time.Second},
		{"by a resource's timeout of a second", 90 * time.Second, "1", time.Second - time.Second/3},
		{"by the function's where the resource's is longer", 90 * time.Second, "3600", 80 * time.Second},
		{"by the function's where the resource's is 0", 90 * time.Second, "0", 80 * time.Second},
		{"by the function's where the resource's is below 0", 90 * time.Second, "-5", 80 * time.Second},
		{"by the function's where the resource's is no number", 90 * time.Second, "soon", 80 * time.Second},
		{"by the resource's where the function has none", unbounded, "3600", 3590 * time.Second},
		{"without an end where the resource's is over an hour", unbounded, "3601", unbounded},
		{"without an end where there is none", unbounded, nil, unbounded},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.lambda != unbounded {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.lambda)
					defer cancel()
				}
				began, got := time.Now(), time.Duration(-1)
				p := provider(func(ctx context.Context, r customresource.Request) (customresource.Response, error) {
					got = unbounded
					if deadline, ok := ctx.Deadline(); ok {
						got = deadline.Sub(began)
					}
					time.Sleep(test.want / 2)
					if ctx.Err() != nil {
						t.Error("the provider's time was over too early")
					}
					return works(ctx, r)
				})
				var c customresourcetest.CloudFormation
				properties := map[string]any{}
				if test.serviceTimeout != nil {
					properties["ServiceTimeout"] = test.serviceTimeout
				}
				e := c.Event(cfn.RequestCreate, properties)
				h := customresource.Handler{Provider: p, Log: slog.New(slog.DiscardHandler), Transport: c.Transport()}
				if err := h.Handle(ctx, e); err != nil {
					t.Fatal(err)
				}
				if a := c.Answer(t, e); a.Status != cfn.StatusSuccess || got != test.want {
					t.Errorf("the provider has %s, want %s: %s", got, test.want, a.Body)
				}
			})
		})
	}
}

func TestEachLineOfTheLogNamesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c customresourcetest.CloudFormation
		e := c.Event(cfn.RequestCreate, nil)
		log, err := deliver(t, &c, works, e)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(log), "\n")
		if len(lines) < 2 {
			t.Errorf("want a line for the request and one for the answer:\n%s", log)
		}
		for _, line := range lines {
			for _, want := range []string{`"requestType":"Create"`, `"logicalResourceId":"` + e.LogicalResourceID + `"`, `"requestId":"` + e.RequestID + `"`} {
				if !strings.Contains(line, want) {
					t.Errorf("want %s in %s", want, line)
				}
			}
		}
	})
}

func TestTheLogIsTheDefaultOneWhereNoneIsGiven(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	synctest.Test(t, func(t *testing.T) {
		var c customresourcetest.CloudFormation
		e := c.Event(cfn.RequestCreate, nil)
		h := customresource.Handler{Provider: works, Transport: c.Transport()}
		if err := h.Handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.Contains(log.String(), `"msg":"answered"`) {
		t.Errorf("got %s", log.String())
	}
}

func TestNothingIsSentOrDoneWhereTheStackOrTheAddressIsOfNoPartition(t *testing.T) {
	const s3 = "https://s3.eu-central-1.amazonaws.com"
	for name, test := range map[string]struct{ url, stack string }{
		"its StackId is a word":                        {s3 + presigned, "arn"},
		"its StackId ends at the partition":            {s3 + presigned, "arn:aws"},
		"its StackId is no ARN":                        {s3 + presigned, strings.Replace(customresourcetest.StackID, "arn:", "urn:", 1)},
		"its partition has no suffix, and its URL too": {"https://s3.eu-central-1." + presigned, strings.Replace(customresourcetest.StackID, "arn:aws:", "arn:evil:", 1)},
		"its URL is of a short name":                   {"https://s3" + presigned, customresourcetest.StackID},
		"its URL is under another suffix":              {"https://evil.s3.eu-central-1" + presigned, customresourcetest.StackID},
		"its URL has an escaped delete":                {s3 + "/a%7fb?" + customresourcetest.Credential, customresourcetest.StackID},
	} {
		urls, called, said := sentTo(t, test.url, test.stack)
		if len(urls) != 0 || called || !strings.HasPrefix(said, "not a request of CloudFormation: ") {
			t.Errorf("%s: sent to %q, provider called: %t, said %s", name, urls, called, said)
		}
	}
}

func TestAnAnswersObjectMayHaveAnyNameThatAllServersReadAlike(t *testing.T) {
	for _, path := range []string{"/k", "/a%20b", "/a/..b/c.", "/%C3%AD"} {
		url := "https://s3.eu-central-1.amazonaws.com" + path + "?" + customresourcetest.Credential
		if urls, _, said := sentTo(t, url, customresourcetest.StackID); len(urls) != 1 || urls[0] != url {
			t.Errorf("sent to %q, want %s: %s", urls, url, said)
		}
	}
}
