package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer/internal/doctor"
	"github.com/signedfront/signedfront/signer/internal/report"
	"github.com/signedfront/signedfront/signer/internal/unknowns"
)

// askUnknowns asks the deployment that the flags name the questions that only CloudFront
// can answer, and prints the answers.
func (f *signingFlags) askUnknowns(ctx context.Context, t *terminal, object string, asJSON bool) error {
	source, err := f.source(ctx)
	if err != nil {
		return err
	}
	document, err := source.Deployment(ctx)
	if err != nil {
		return awsFailure(unsigned(err))
	}
	if document.Region == "" {
		return &failure{err: errors.New("--unknowns asks CloudFront, but that document is of the local edge"), hint: "give --env NAME of a deployed environment", usage: true}
	}
	if err := checkObject(object, document.BaseURL); err != nil {
		return err
	}
	key, err := source.Key(ctx, document)
	if err != nil {
		return awsFailure(unsigned(err))
	}
	c := &credentials{base: document.BaseURL}
	whole, err := c.url(object)
	if err != nil {
		return err
	}
	d := unknowns.Distribution{
		BaseURL: document.BaseURL, Path: strings.TrimPrefix(whole, document.BaseURL), KeyPairID: document.KeyPairID, Hash: document.Hash, Key: key,
		Send: sender(document.BaseURL), Now: time.Now, Clock: doctor.ClockOf, Sleep: sleep,
	}
	show, end := t.progress("asking "+document.BaseURL, "asked "+document.BaseURL)
	r, err := unknowns.Ask(ctx, d, func(requests, of int) {
		show(fmt.Sprintf("asking %s: %d of %d requests", document.BaseURL, requests, of))
	})
	end(err == nil)
	if err != nil {
		return unasked(ctx, t, err)
	}
	if asJSON {
		err = report.JSON(t.out, r)
	} else {
		err = report.Unknowns(t.out, r)
	}
	switch {
	case err != nil:
		return writing(err)
	case !r.Whole:
		return &failure{err: errors.New("not every request was answered"), hint: "the lines above say why"}
	}
	return nil
}

func unasked(ctx context.Context, t *terminal, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case errors.Is(err, unknowns.ErrNotCloudFront):
		return &failure{err: err, hint: "give --env NAME of a deployed environment, at whose base URL CloudFront answers", usage: true}
	case errors.Is(err, unknowns.ErrNotPrivate):
		return &failure{err: err, hint: "give the key of a private object", usage: true}
	}
	return &failure{err: errors.New(t.withheld().clean(err.Error())), hint: "`signedfront doctor` without --unknowns says what is wrong"}
}

// sender returns a function for Distribution.Send. It uses HTTP/1.1, so that requests
// arrive as they are written. Its errors contain neither the URL nor a cookie.
func sender(base string) func(r *http.Request, ipv6 bool) (*http.Response, error) {
	client := func(network string) *http.Client {
		c := doctor.NewClient()
		transport := c.Transport.(*http.Transport)
		transport.ForceAttemptHTTP2, transport.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
		if network != "" {
			dialer := &net.Dialer{Timeout: 10 * time.Second}
			transport.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			}
		}
		c.Timeout = 15 * time.Second
		return c
	}
	over, over6 := client(""), client("tcp6")
	return func(r *http.Request, ipv6 bool) (*http.Response, error) {
		c := over
		if ipv6 {
			if proxied(r.Context(), base) {
				return nil, fmt.Errorf("%w: requests go through a proxy", unknowns.ErrNoIPv6)
			}
			c = over6
		}
		response, err := c.Do(r)
		switch {
		case err == nil:
			return response, nil
		case ipv6:
			return nil, unknowns.ErrNoIPv6
		}
		return nil, errors.New("it cannot be reached")
	}
}

// proxied reports whether requests for a URL go through a proxy.
func proxied(ctx context.Context, rawURL string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return false
	}
	proxy, err := http.ProxyFromEnvironment(request)
	return proxy != nil && err == nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
