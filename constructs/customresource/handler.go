package customresource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
)

// answerTime is kept at the end of a function's time to deliver the answer:
// enough for three attempts of attemptTime and the waits between them, or for
// two after statusTime.
const answerTime = 10 * time.Second

// statusTime is for asking CloudFormation for a stack's status, when an Update
// has failed.
const statusTime = 3 * time.Second

// Handler answers the requests of CloudFormation with a Provider. Its Handle
// is a Lambda function's handler.
type Handler struct {
	Provider Provider

	// Stacks tells whether an Update that failed was one of a rollback, which
	// must not fail. Nil means that no Update is.
	Stacks Stacks

	// Log gets a line for each request and answer. Nil means slog.Default().
	Log *slog.Logger

	// Transport delivers answers. Nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Handle answers one request. It returns an error when no answer could be
// delivered, and nil after an answer, be it that the Provider failed.
//
// The context's deadline is the function's. The Provider's context ends some
// seconds before it, or before the resource's own ServiceTimeout.
func (h *Handler) Handle(ctx context.Context, event cfn.Event) error {
	log := h.Log
	if log == nil {
		log = slog.Default()
	}
	responseURL, err := parseResponseURL(event.ResponseURL, event.StackID)
	if err != nil {
		return err
	}
	log = log.With("requestType", requestType(event),
		"logicalResourceId", event.LogicalResourceID, "requestId", event.RequestID)
	log.Info("request")

	response, err := h.provide(ctx, event, log)
	if err != nil && h.mustNotFail(ctx, event, log) {
		log.Warn("the update is being rolled back: answered as if it had not failed", "cause", reason(err))
		response, err = Response{PhysicalResourceID: event.PhysicalResourceID}, nil
	}
	answer := newAnswer(event, response, err)
	if err := deliver(ctx, h.Transport, responseURL, answer.body); err != nil {
		log.Error("no answer delivered", "status", answer.status, "cause", err.Error())
		return fmt.Errorf("delivering the answer %s to CloudFormation: %w", answer.status, err)
	}
	log.Info("answered", "status", answer.status)
	return nil
}

var (
	errTime  = errors.New("the function ran out of time: run the same operation again")
	errEnded = errors.New("the function has a fault: it ended without a result")
)

// requestType is what the log calls a request.
func requestType(event cfn.Event) string {
	switch event.RequestType {
	case cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete:
		return string(event.RequestType)
	}
	return "unknown"
}

// mustNotFail reports whether the request is an Update of a rollback. Without an
// answer of CloudFormation's it is taken for none.
func (h *Handler) mustNotFail(ctx context.Context, event cfn.Event, log *slog.Logger) bool {
	if h.Stacks == nil || event.RequestType != cfn.RequestUpdate {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	var status string
	err := RetryWhile(ctx, ErrDenied, func() (err error) {
		status, err = h.Stacks.Status(ctx, event.StackID)
		return err
	})
	if err != nil {
		log.Error("whether the update is being rolled back is not known", "cause", err.Error())
	}
	return rollingBack(status)
}

// provide runs the Provider and is back in time for an answer, even if the
// Provider is not.
func (h *Handler) provide(ctx context.Context, event cfn.Event, log *slog.Logger) (Response, error) {
	ctx, cancel, grace := providerContext(ctx, event)
	defer cancel()

	type result struct {
		response Response
		err      error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errEnded}
		defer func() {
			if fault := recover(); fault != nil {
				r = result{err: panicked(log, fault)}
			}
			done <- r
		}()
		r.response, r.err = dispatch(ctx, h.Provider, event, log)
	}()

	select {
	case r := <-done:
		return r.response, r.err
	case <-ctx.Done():
	}
	// A provider that minds its context knows best how far it came.
	select {
	case r := <-done:
		return r.response, r.err
	case <-time.After(grace):
		return Response{}, errTime
	}
}

// providerContext ends early enough for an answer: by the function's deadline,
// and by the resource's ServiceTimeout, counted from now. A provider may take
// grace longer to come to an end.
func providerContext(ctx context.Context, event cfn.Event) (_ context.Context, _ context.CancelFunc, grace time.Duration) {
	const none = time.Duration(1<<63 - 1)
	limit := none
	if deadline, ok := ctx.Deadline(); ok {
		limit = time.Until(deadline)
	}
	timeout, err := strconv.Atoi(Properties(event.ResourceProperties).String("ServiceTimeout"))
	if err == nil && timeout > 0 && timeout <= 3600 {
		limit = min(limit, time.Duration(timeout)*time.Second)
	}
	if limit == none {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, answerTime / 10
	}
	reserve := min(answerTime, limit/3)
	ctx, cancel := context.WithTimeout(ctx, limit-reserve)
	return ctx, cancel, reserve / 10
}

func dispatch(ctx context.Context, p Provider, event cfn.Event, log *slog.Logger) (Response, error) {
	r := Request{
		StackID:            event.StackID,
		LogicalResourceID:  event.LogicalResourceID,
		PhysicalResourceID: event.PhysicalResourceID,
		Properties:         event.ResourceProperties,
		Log:                log,
	}
	switch event.RequestType {
	case cfn.RequestCreate:
		return p.Create(ctx, r)
	case cfn.RequestUpdate:
		if strings.HasPrefix(r.PhysicalResourceID, contract.NotCreatedID) {
			r.PhysicalResourceID = ""
			return p.Create(ctx, r) // there is nothing to update yet
		}
		return p.Update(ctx, r)
	case cfn.RequestDelete:
		return Response{}, p.Delete(ctx, r)
	}
	return Response{}, fmt.Errorf("unknown request type %s: want Create, Update or Delete", signer.Describe(string(event.RequestType), signer.FormWord))
}

// panicked tells where a panic came from. Its value can hold anything that the
// provider had in hand, so only the value's type is told.
func panicked(log *slog.Logger, fault any) error {
	kind := fmt.Sprintf("%T", fault)
	var places []string
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		places = append(places, fmt.Sprintf("%s (%s:%d)", frame.Function, frame.File, frame.Line))
		if !more {
			break
		}
	}
	log.Error("panic", "kind", kind, "frames", places)
	return fmt.Errorf("the function has a fault: it stopped with a panic of type %s; its log names the place", kind)
}
