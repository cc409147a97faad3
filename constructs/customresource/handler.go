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

// answerTime is the time before the deadline that is reserved for delivering the
// answer: enough for three attempts of attemptTime and the waits between them, or for
// two attempts after statusTime.
const answerTime = 10 * time.Second

// statusTime is the time for asking CloudFormation for the status of a stack after an
// Update has failed.
const statusTime = 3 * time.Second

// Handler answers the requests of CloudFormation with a Provider. Handle is the
// handler of a Lambda function.
type Handler struct {
	Provider Provider

	// Stacks says whether a failed Update is part of a rollback, which must not fail.
	// Nil means that no Update is.
	Stacks Stacks

	// Log receives a line for each request and answer. Nil means slog.Default().
	Log *slog.Logger

	// Transport delivers answers. Nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Handle answers one request. It returns an error if it could not deliver an answer.
// It returns nil after an answer, even if the Provider failed.
//
// The deadline of the context is that of the function. The Provider's context ends
// some seconds before it, or before the ServiceTimeout of the resource.
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

// requestType returns the type of a request for the log.
func requestType(event cfn.Event) string {
	switch event.RequestType {
	case cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete:
		return string(event.RequestType)
	}
	return "unknown"
}

// mustNotFail reports whether the request is an Update of a rollback. It returns false
// if CloudFormation does not answer.
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

// provide runs the Provider and returns in time for an answer, even if the Provider
// does not.
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
	// A provider that stops with its context may return a better error.
	select {
	case r := <-done:
		return r.response, r.err
	case <-time.After(grace):
		return Response{}, errTime
	}
}

// providerContext returns a context that ends early enough for an answer before the
// function's deadline and the resource's ServiceTimeout, counted from now. A provider
// may take grace longer to return.
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
			return p.Create(ctx, r) // nothing was created yet
		}
		return p.Update(ctx, r)
	case cfn.RequestDelete:
		return Response{}, p.Delete(ctx, r)
	}
	return Response{}, fmt.Errorf("unknown request type %s: want Create, Update or Delete", signer.Describe(string(event.RequestType), signer.FormWord))
}

// panicked logs the place of a panic and returns an error for it. Both contain only
// the type of the value, because the value may contain secrets.
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
