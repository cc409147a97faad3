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

// deliver puts an answer to the presigned URL that CloudFormation sent, again
// if need be, for as long as the context lasts. No error holds the URL or what
// came back from it.
func deliver(ctx context.Context, transport http.RoundTripper, responseURL *url.URL, body []byte) error {
	client := &http.Client{
		Transport: transport,
		// A presigned URL is good for its own host alone.
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

// put tries once and tells whether another attempt might do better.
//
// The URL's signature covers an empty Content-Type: no such header may be
// sent, and Go adds none to a request.
func put(ctx context.Context, client *http.Client, responseURL *url.URL, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, responseURL.String(), bytes.NewReader(body))
	if err != nil {
		return false, errors.New("the ResponseURL cannot be asked")
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
	io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can serve again
	switch code := response.StatusCode; {
	case code/100 == 2:
		return false, nil
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return true, fmt.Errorf("the ResponseURL answered %d", code)
	default:
		return false, fmt.Errorf("the ResponseURL answered %d", code)
	}
}
