package customresource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	maxAttempts = 5
	attemptTime = 3 * time.Second
	firstWait   = 250 * time.Millisecond // doubled after each attempt
)

// deliver sends an answer to the presigned URL of CloudFormation, with retries until
// the context ends. No error contains the URL or the body of the response.
func deliver(ctx context.Context, transport http.RoundTripper, responseURL *url.URL, body []byte) error {
	client := &http.Client{
		Transport: transport,
		// A presigned URL is valid only for its own host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	wait := firstWait
	for attempt := 1; ; attempt++ {
		again, err := put(ctx, client, responseURL, body)
		if err == nil || !again || attempt == maxAttempts {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		wait *= 2
	}
}

// put tries once and reports whether another attempt may succeed.
//
// The signature of the URL covers an empty Content-Type, so the request must not have
// that header. Go adds none.
func put(ctx context.Context, client *http.Client, responseURL *url.URL, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, responseURL.String(), bytes.NewReader(body))
	if err != nil {
		return false, errors.New("no request can be made for the ResponseURL")
	}
	response, err := client.Do(request)
	if err != nil {
		var where *url.Error // its text holds the URL
		if errors.As(err, &where) {
			err = where.Err
		}
		return true, err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be reused
	switch code := response.StatusCode; {
	case code/100 == 2:
		return false, nil
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return true, fmt.Errorf("the ResponseURL answered %d", code)
	default:
		return false, fmt.Errorf("the ResponseURL answered %d", code)
	}
}
