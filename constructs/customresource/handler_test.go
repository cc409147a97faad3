package customresource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

// provider handles every type of request in the same way.
type provider func(context.Context, customresource.Request) (customresource.Response, error)

func (p provider) Create(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p(ctx, r)
}

func (p provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p(ctx, r)
}

func (p provider) Delete(ctx context.Context, r customresource.Request) error {
	_, err := p(ctx, r)
	return err
}

var works = provider(func(context.Context, customresource.Request) (customresource.Response, error) {
	return customresource.Response{PhysicalResourceID: "a-thing", Data: map[string]string{"Colour": "green"}}, nil
})

func fails(err error) provider {
	return func(context.Context, customresource.Request) (customresource.Response, error) {
		return customresource.Response{PhysicalResourceID: "another-thing"}, err
	}
}

const lambdaTimeout = 90 * time.Second

// deliver has a provider handle an event as Lambda would, within a Lambda
// timeout, and checks that no credential was written. It must run in a bubble
// of synctest.
func deliver(t *testing.T, c *customresourcetest.CloudFormation, p customresource.Provider, e cfn.Event) (log string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lambdaTimeout)
	defer cancel()
	var text bytes.Buffer
	h := customresource.Handler{
		Provider:  p,
		Log:       slog.New(slog.NewJSONHandler(&text, nil)),
		Transport: c.Transport(),
	}
	err = h.Handle(ctx, e)
	if ctx.Err() != nil {
		t.Error("Lambda's deadline was over before the function was done")
	}
	if strings.Contains(text.String()+fmt.Sprint(err), "X-Amz") {
		t.Errorf("the credential of the ResponseURL was written:\n%v\n%s", err, text.String())
	}
	return text.String(), err
}

func answerTo(t *testing.T, p customresource.Provider, kind cfn.RequestType, physicalID string) customresourcetest.Answer {
	t.Helper()
	var c customresourcetest.CloudFormation
	e := c.Event(kind, nil)
	e.PhysicalResourceID = physicalID
	if _, err := deliver(t, &c, p, e); err != nil {
		t.Fatalf("Lambda was told of a failure although CloudFormation has an answer: %v", err)
	}
	return c.Answer(t, e)
}

func TestAnAnswerNames(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name, answered string // the id that CloudFormation has when it asks
		provider       provider
		kind           cfn.RequestType
		status         cfn.StatusType
		id             string
	}{
		{"the created resource", "", works, cfn.RequestCreate, cfn.StatusSuccess, "a-thing"},
		{"the updated resource", "a-thing", works, cfn.RequestUpdate, cfn.StatusSuccess, "a-thing"},
		{"the resource that takes an old one's place", "an-old-thing", works, cfn.RequestUpdate, cfn.StatusSuccess, "a-thing"},
		{"the old resource when an update failed, so that it is not deleted", "a-thing", fails(broken), cfn.RequestUpdate, cfn.StatusFailed, "a-thing"},
		{"the resource that was asked to be deleted", "an-old-thing", works, cfn.RequestDelete, cfn.StatusSuccess, "an-old-thing"},
		{"the resource that could not be deleted", "an-old-thing", fails(broken), cfn.RequestDelete, cfn.StatusFailed, "an-old-thing"},
		{"a resource that was not created", "", fails(broken), cfn.RequestCreate, cfn.StatusFailed,
			"signedfront:not-created:00000000-0000-4000-8000-000000000001"},
		{"nothing new for a request of an unknown type", "a-thing", works, "Import", cfn.StatusFailed, "a-thing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := answerTo(t, test.provider, test.kind, test.answered)
				if a.Status != test.status || a.PhysicalResourceID != test.id {
					t.Errorf("got %s %q, want %s %q", a.Status, a.PhysicalResourceID, test.status, test.id)
				}
			})
		})
	}
}

type creator struct{ customresource.Provider }

func (creator) Create(_ context.Context, r customresource.Request) (customresource.Response, error) {
	return customresource.Response{PhysicalResourceID: "made-now" + r.PhysicalResourceID}, nil
}

func TestAnUpdateOfAResourceWhoseCreateFailedCreatesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := answerTo(t, fails(errors.New("broken")), cfn.RequestCreate, "")
		if a := answerTo(t, creator{works}, cfn.RequestUpdate, failed.PhysicalResourceID); a.PhysicalResourceID != "made-now" {
			t.Errorf("got %s", a.Body)
		}
		if a := answerTo(t, creator{works}, cfn.RequestUpdate, "a-thing"); a.PhysicalResourceID != "a-thing" {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestAttributesReachTheTemplateOnSuccessAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if a := answerTo(t, works, cfn.RequestCreate, ""); a.Attribute("Colour") != "green" {
			t.Errorf("got %s", a.Body)
		}
		both := provider(func(context.Context, customresource.Request) (customresource.Response, error) {
			return customresource.Response{PhysicalResourceID: "a-thing", Data: map[string]string{"Colour": "green"}}, errors.New("broken")
		})
		if a := answerTo(t, both, cfn.RequestCreate, ""); a.Data != nil || a.Reason != "broken" {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestFailure10_AnAnswerStaysBelow4096BytesWith(t *testing.T) {
	tests := []struct{ name, reason string }{
		{"a long reason", strings.Repeat("long ", 10_000)},
		{"a reason of quotes", strings.Repeat(`"`, 10_000)},
		{"a reason of control characters", strings.Repeat("\x01", 10_000)},
		{"a reason of angle brackets", strings.Repeat("<&>", 10_000)},
		{"a reason of line separators", strings.Repeat("\u2028", 10_000)},
		{"a reason that is not UTF-8", strings.Repeat("\xff", 10_000)},
		{"a reason of wide characters", strings.Repeat("é", 200) + strings.Repeat("🔑", 10_000)},
		{"no reason", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := answerTo(t, fails(errors.New(test.reason)), cfn.RequestUpdate, strings.Repeat("i", 1024))
				if len(a.Reason) > 500 || a.Reason == "" || !utf8.ValidString(a.Reason) || strings.ContainsRune(a.Reason, utf8.RuneError) {
					t.Errorf("a reason of %d bytes: %q", len(a.Reason), a.Reason)
				}
			})
		})
	}

	unfit := func(r customresource.Response) provider {
		return func(context.Context, customresource.Request) (customresource.Response, error) { return r, nil }
	}
	for name, r := range map[string]customresource.Response{
		"too many attributes":    {PhysicalResourceID: "a-thing", Data: map[string]string{"Long": strings.Repeat("a", 4096)}},
		"too long a physical id": {PhysicalResourceID: strings.Repeat("i", 1025)},
		"no physical id":         {},
	} {
		t.Run(name+", which is a failure", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if a := answerTo(t, unfit(r), cfn.RequestCreate, ""); a.Status != cfn.StatusFailed {
					t.Errorf("got %s", a.Body)
				}
			})
		})
	}
}

func TestFailure11_AProviderNeverSeesTheCredentialOfTheResponseURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tell := provider(func(_ context.Context, r customresource.Request) (customresource.Response, error) {
			r.Log = nil
			return customresource.Response{}, fmt.Errorf("%+v", r)
		})
		if a := answerTo(t, tell, cfn.RequestCreate, ""); strings.Contains(string(a.Body), "X-Amz") {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestFailure11_TheLogHoldsTheRequestsNamesAndNothingElseOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c customresourcetest.CloudFormation
		e := c.Event(cfn.RequestCreate, map[string]any{"Password": "swordfish"})
		log, err := deliver(t, &c, fails(errors.New("swordfish too")), e)
		if err != nil {
			t.Fatal(err)
		}
		allowed := map[string]bool{"time": true, "level": true, "msg": true,
			"requestType": true, "logicalResourceId": true, "requestId": true, "status": true}
		lines := strings.Split(strings.TrimSpace(log), "\n")
		if len(lines) != 2 {
			t.Errorf("want a line for the request and one for the answer:\n%s", log)
		}
		for _, line := range lines {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatalf("not JSON: %s", line)
			}
			for name := range fields {
				if !allowed[name] {
					t.Errorf("%s is in the log: %s", name, line)
				}
			}
		}
		if strings.Contains(log, "swordfish") {
			t.Errorf("the log tells too much:\n%s", log)
		}
	})
}

func TestFailure13_AnAnswerComesInTimeFromAProviderThat(t *testing.T) {
	waits := provider(func(ctx context.Context, _ customresource.Request) (customresource.Response, error) {
		<-ctx.Done()
		return customresource.Response{}, errors.New("this far and no farther")
	})
	hangs := provider(func(context.Context, customresource.Request) (customresource.Response, error) {
		time.Sleep(24 * time.Hour)
		return customresource.Response{PhysicalResourceID: "too-late"}, nil
	})
	tests := []struct {
		name           string
		provider       provider
		serviceTimeout any
		lambda         time.Duration
		by             time.Duration // when the answer is there at the latest
		reason         string
	}{
		{"waits for its context", waits, "120", 90 * time.Second, 80 * time.Second, "this far and no farther"},
		{"ignores its context", hangs, "120", 90 * time.Second, 81 * time.Second, "the function ran out of time: run the same operation again"},
		{"has less time from CloudFormation than from Lambda", waits, "30", 90 * time.Second, 20 * time.Second, "this far and no farther"},
		{"has less time from CloudFormation, as a number", waits, 30.0, 90 * time.Second, 20 * time.Second, "this far and no farther"},
		{"hangs in a very short function", hangs, nil, 3 * time.Second, 2200 * time.Millisecond, "the function ran out of time: run the same operation again"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c customresourcetest.CloudFormation
				e := c.Event(cfn.RequestCreate, map[string]any{"ServiceTimeout": test.serviceTimeout})
				ctx, cancel := context.WithTimeout(t.Context(), test.lambda)
				defer cancel()
				start := time.Now()
				h := customresource.Handler{Provider: test.provider, Log: slog.New(slog.DiscardHandler), Transport: c.Transport()}
				if err := h.Handle(ctx, e); err != nil {
					t.Fatal(err)
				}
				if a := c.Answer(t, e); a.Status != cfn.StatusFailed || a.Reason != test.reason {
					t.Errorf("got %s", a.Body)
				}
				if took := time.Since(start); took > test.by {
					t.Errorf("the answer took %v, want %v at most", took, test.by)
				}
				time.Sleep(25 * time.Hour) // until the provider that hangs is back
				c.Answer(t, e)
			})
		})
	}
}

func TestFailure14_APanicIsAnsweredAndItsValueIsNotTold(t *testing.T) {
	secret := "-----BEGIN PRIVATE KEY-----"
	for name, p := range map[string]provider{
		"a string": func(context.Context, customresource.Request) (customresource.Response, error) { panic(secret) },
		"an error": func(context.Context, customresource.Request) (customresource.Response, error) {
			panic(errors.New(secret))
		},
		"a runtime error": func(context.Context, customresource.Request) (customresource.Response, error) {
			panic(any(secret).(error))
		},
		"nil": func(context.Context, customresource.Request) (customresource.Response, error) {
			panic(nil)
		},
		"an end of the goroutine": func(context.Context, customresource.Request) (customresource.Response, error) {
			runtime.Goexit()
			return customresource.Response{}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c customresourcetest.CloudFormation
				e := c.Event(cfn.RequestCreate, nil)
				log, err := deliver(t, &c, p, e)
				if err != nil {
					t.Fatal(err)
				}
				a := c.Answer(t, e)
				if a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "the function has a fault") {
					t.Errorf("got %s", a.Body)
				}
				if strings.Contains(log+string(a.Body), secret) {
					t.Errorf("the value of the panic was told:\n%s\n%s", a.Body, log)
				}
				if name != "an end of the goroutine" && !strings.Contains(log, "handler_test.go:") {
					t.Errorf("the log does not name the place:\n%s", log)
				}
			})
		})
	}
}

func TestAnAnswerIsDeliveredDespite(t *testing.T) {
	for name, statuses := range map[string][]int{
		"one server error":         {http.StatusInternalServerError},
		"a slow down":              {http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"too many requests":        {http.StatusTooManyRequests},
		"four failures one by one": {500, 502, 503, 504},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c customresourcetest.CloudFormation
				c.FailNext(statuses...)
				e := c.Event(cfn.RequestCreate, nil)
				if _, err := deliver(t, &c, works, e); err != nil {
					t.Fatal(err)
				}
				c.Answer(t, e)
			})
		})
	}
}

func TestLambdaIsToldThatNoAnswerCouldBeDeliveredWhen(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*customresourcetest.CloudFormation, *cfn.Event)
		want    string
	}{
		{"the ResponseURL has expired", func(c *customresourcetest.CloudFormation, _ *cfn.Event) { c.FailNext(403) },
			"delivering the answer SUCCESS to CloudFormation: the ResponseURL answered 403"},
		{"the ResponseURL leads elsewhere", func(c *customresourcetest.CloudFormation, _ *cfn.Event) { c.FailNext(307) },
			"delivering the answer SUCCESS to CloudFormation: the ResponseURL answered 307"},
		{"every attempt fails", func(c *customresourcetest.CloudFormation, _ *cfn.Event) { c.FailNext(500, 500, 500, 500, 500) },
			"delivering the answer SUCCESS to CloudFormation: the ResponseURL answered 500"},
		{"the ResponseURL is none", func(_ *customresourcetest.CloudFormation, e *cfn.Event) {
			e.ResponseURL = "https://%zz?" + customresourcetest.Credential
		}, "not a request of CloudFormation: its ResponseURL is not a URL"},
		{"somebody else invoked the function", func(_ *customresourcetest.CloudFormation, e *cfn.Event) { *e = cfn.Event{} },
			"not a request of CloudFormation: it has no ResponseURL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c customresourcetest.CloudFormation
				e := c.Event(cfn.RequestCreate, nil)
				test.prepare(&c, &e)
				if _, err := deliver(t, &c, works, e); err == nil || err.Error() != test.want {
					t.Errorf("got %v\nwant %s", err, test.want)
				}
				if n := len(c.Answers(e)); n != 0 {
					t.Errorf("CloudFormation has %d answers", n)
				}
			})
		})
	}
}

// silent is an endpoint that accepts requests and never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAnAttemptToAnswerThatHangsLeavesTimeForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c customresourcetest.CloudFormation
		e := c.Event(cfn.RequestCreate, nil)
		attempts := 0
		flaky := roundTrip(func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts < 3 {
				return silent{}.RoundTrip(r)
			}
			return c.Transport().RoundTrip(r)
		})
		late := provider(func(ctx context.Context, _ customresource.Request) (customresource.Response, error) {
			<-ctx.Done()
			return customresource.Response{}, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), lambdaTimeout)
		defer cancel()
		h := customresource.Handler{Provider: late, Log: slog.New(slog.DiscardHandler), Transport: flaky}
		if err := h.Handle(ctx, e); err != nil {
			t.Fatal(err)
		}
		c.Answer(t, e)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The other tests answer in memory; this one over a socket, where Go's own
// client adds its headers.
func TestAnAnswerOverHTTPSIsAsAPresignedURLWantsIt(t *testing.T) {
	var c customresourcetest.CloudFormation
	s3 := httptest.NewTLSServer(&c)
	t.Cleanup(s3.Close)
	c.FailNext(http.StatusServiceUnavailable)
	e := c.Event(cfn.RequestCreate, nil)
	transport := s3.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "example.com" // of the server's certificate
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if want := strings.TrimPrefix(strings.SplitN(e.ResponseURL, "/", 4)[2], "//") + ":443"; address != want {
			t.Errorf("dialled %s, want %s", address, want)
		}
		return new(net.Dialer).DialContext(ctx, network, s3.Listener.Addr().String())
	}
	h := customresource.Handler{Provider: works, Log: slog.New(slog.DiscardHandler), Transport: transport}
	if err := h.Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	c.Answer(t, e)
}

func TestAnErrorOfTheNetworkDoesNotTellTheResponseURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c customresourcetest.CloudFormation
		e := c.Event(cfn.RequestCreate, nil)
		ctx, cancel := context.WithTimeout(t.Context(), lambdaTimeout)
		defer cancel()
		var log bytes.Buffer
		h := customresource.Handler{Provider: works, Log: slog.New(slog.NewJSONHandler(&log, nil)), Transport: silent{}}
		err := h.Handle(ctx, e)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if text := fmt.Sprint(err, log.String()); strings.Contains(text, "X-Amz") || strings.Contains(text, "https://") {
			t.Errorf("the ResponseURL was told: %s", text)
		}
	})
}

func TestFailure20_PropertiesOfAnyShapeAreRead(t *testing.T) {
	var p customresource.Properties
	if err := json.Unmarshal([]byte(`{"Word": "two", "Number": 2, "Large": 123456789, "Truth": true, "List": [2], "Object": {}, "Null": null}`), &p); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Word": "two", "Number": "2", "Large": "123456789", "Truth": "true", "List": "", "Object": "", "Null": "", "Missing": "",
	} {
		if got := p.String(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := customresource.Properties(nil).String("Word"); got != "" {
		t.Errorf("no properties: got %q", got)
	}
}

func TestFailure15_ACallThatIsDeniedAtFirstIsTriedAgain(t *testing.T) {
	denied := fmt.Errorf("%w: the role may not", customresource.ErrDenied)
	tests := []struct {
		name     string
		denials  int
		after    error
		time     time.Duration // that the context gives
		calls    int
		want     error
		atMostIn time.Duration
	}{
		{"until it is allowed", 4, nil, time.Minute, 5, nil, 8 * time.Second},
		{"until it fails for another reason", 2, errEmpty, time.Minute, 3, errEmpty, 2 * time.Second},
		{"for half a minute at most", 1000, nil, time.Hour, 9, denied, 30 * time.Second},
		{"no longer than the context lasts", 1000, nil, 5 * time.Second, 4, denied, 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.time)
				defer cancel()
				start, calls := time.Now(), 0
				err := customresource.RetryWhile(ctx, customresource.ErrDenied, func() error {
					if calls++; calls <= test.denials {
						return denied
					}
					return test.after
				})
				if err != test.want || calls != test.calls {
					t.Errorf("got %v after %d calls, want %v after %d", err, calls, test.want, test.calls)
				}
				if took := time.Since(start); took > test.atMostIn {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

var errEmpty = errors.New("empty")
