package customresource_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

// stacks is CloudFormation's answer about the only stack.
type stacks func(ctx context.Context) (status string, err error)

func (s stacks) Status(ctx context.Context, stackID string) (string, error) {
	if stackID != customresourcetest.StackID {
		return "", fmt.Errorf("asked for %s", stackID)
	}
	return s(ctx)
}

// answerIn is the answer of a function whose stack has a status.
func answerIn(t *testing.T, s customresource.Stacks, p customresource.Provider, kind cfn.RequestType, physicalID string) (customresourcetest.Answer, string) {
	t.Helper()
	var c customresourcetest.CloudFormation
	e := c.Event(kind, nil)
	e.PhysicalResourceID = physicalID
	ctx, cancel := context.WithTimeout(t.Context(), lambdaTimeout)
	defer cancel()
	var log bytes.Buffer
	h := customresource.Handler{Provider: p, Stacks: s, Log: slog.New(slog.NewJSONHandler(&log, nil)), Transport: c.Transport()}
	if err := h.Handle(ctx, e); err != nil || ctx.Err() != nil {
		t.Fatalf("no answer in time: %v", err)
	}
	return c.Answer(t, e), log.String()
}

// After a failed rollback, a stack accepts no update until somebody skips the resource by
// hand.
func TestFailure05_AnUpdateOfARollbackDoesNotFail(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := stacks(func(context.Context) (string, error) { return string(status), nil })
				want := cfn.StatusFailed
				if strings.HasSuffix(string(status), "ROLLBACK_IN_PROGRESS") {
					want = cfn.StatusSuccess
				}
				a, log := answerIn(t, is, fails(errors.New("the secret is gone")), cfn.RequestUpdate, "a-thing")
				if a.Status != want || a.PhysicalResourceID != "a-thing" || a.Data != nil {
					t.Errorf("got %s, want %s", a.Body, want)
				}
				if want == cfn.StatusSuccess && !strings.Contains(log, "the secret is gone") {
					t.Errorf("the log does not tell why it did not work:\n%s", log)
				}
			})
		})
	}
	back := stacks(func(context.Context) (string, error) { return "UPDATE_ROLLBACK_IN_PROGRESS", nil })
	for name, p := range map[string]provider{
		"whose provider stops with a panic": func(context.Context, customresource.Request) (customresource.Response, error) { panic("a crash") },
		"whose provider runs out of time": func(ctx context.Context, _ customresource.Request) (customresource.Response, error) {
			<-ctx.Done()
			return customresource.Response{}, ctx.Err()
		},
		"whose provider hangs": func(context.Context, customresource.Request) (customresource.Response, error) {
			time.Sleep(time.Hour)
			return customresource.Response{}, errors.New("too late")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if a, _ := answerIn(t, back, p, cfn.RequestUpdate, "a-thing"); a.Status != cfn.StatusSuccess || a.PhysicalResourceID != "a-thing" {
					t.Errorf("got %s", a.Body)
				}
				time.Sleep(2 * time.Hour) // until the provider that hangs is back
			})
		})
	}
	t.Run("of a resource whose Create had failed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const id = "signedfront:not-created:00000000-0000-4000-8000-000000000001"
			if a, _ := answerIn(t, back, fails(errors.New("broken")), cfn.RequestUpdate, id); a.Status != cfn.StatusSuccess || a.PhysicalResourceID != id {
				t.Errorf("got %s", a.Body)
			}
		})
	})
	t.Run("and tells its attributes where it can", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if a, _ := answerIn(t, back, works, cfn.RequestUpdate, "a-thing"); a.Attribute("Colour") != "green" {
				t.Errorf("got %s", a.Body)
			}
		})
	})
}

func TestAFailureIsTold(t *testing.T) {
	broken := fails(errors.New("broken"))
	back := stacks(func(context.Context) (string, error) { return "UPDATE_ROLLBACK_IN_PROGRESS", nil })
	tests := []struct {
		name   string
		stacks customresource.Stacks
		kind   cfn.RequestType
	}{
		{"of a Create in a rollback", back, cfn.RequestCreate},
		{"of a Delete in a rollback", back, cfn.RequestDelete},
		{"of an Update when CloudFormation does not answer", stacks(func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}), cfn.RequestUpdate},
		{"of an Update when the role may not ask", stacks(func(context.Context) (string, error) { return "", customresource.ErrDenied }), cfn.RequestUpdate},
		{"of an Update when CloudFormation does not know the stack", stacks(func(context.Context) (string, error) { return "", customresource.ErrNoStack }), cfn.RequestUpdate},
		{"of an Update when nobody can be asked", nil, cfn.RequestUpdate},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if a, _ := answerIn(t, test.stacks, broken, test.kind, "a-thing"); a.Status != cfn.StatusFailed || a.Reason != "broken" {
					t.Errorf("got %s", a.Body)
				}
			})
		})
	}
}

func TestACommandNamesAStackByWhatCloudFormationTakes(t *testing.T) {
	const arn, uuid = "arn:aws:cloudformation:eu-central-1:111122223333:stack/", "/50d6f0a0-d2df-11e5-832f-503abc87a9b4"
	for id, want := range map[string]string{
		arn + "media-dev" + uuid: "media-dev",
		arn + "Media-ContentNestedStackContentNestedStackResource1A2B3C4D-1ABCDEFGHIJKL" + uuid: "Media-ContentNestedStackContentNestedStackResource1A2B3C4D-1ABCDEFGHIJKL",
		arn + "media dev; ls" + uuid: "a value of 105 bytes",
		"":                           "an empty value",
	} {
		got := customresource.SkipCommand(customresource.Request{StackID: id, LogicalResourceID: "Key1"})
		if got != "aws cloudformation continue-update-rollback --stack-name "+want+" --resources-to-skip Key1" {
			t.Errorf("%s: got %s", id, got)
		}
	}
}

func TestARoleThatMayAskAMomentLaterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		later := stacks(func(context.Context) (string, error) {
			if calls++; calls < 3 {
				return "", customresource.ErrDenied
			}
			return "UPDATE_ROLLBACK_IN_PROGRESS", nil
		})
		if a, _ := answerIn(t, later, fails(errors.New("broken")), cfn.RequestUpdate, "a-thing"); a.Status != cfn.StatusSuccess {
			t.Errorf("got %s", a.Body)
		}
	})
}
