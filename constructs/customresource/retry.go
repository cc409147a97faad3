package customresource

import (
	"context"
	"errors"
	"time"
)

const (
	retryTime    = 30 * time.Second
	retryWait    = 500 * time.Millisecond // doubled each time
	maxRetryWait = 5 * time.Second
)

// RetryWhile repeats call while its error wraps transient, for at most 30 seconds and
// until the context ends. It returns the error of the last call.
func RetryWhile(ctx context.Context, transient error, call func() error) error {
	ctx, cancel := context.WithTimeout(ctx, retryTime)
	defer cancel()
	for wait := retryWait; ; wait = min(2*wait, maxRetryWait) {
		err := call()
		if !errors.Is(err, transient) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}
