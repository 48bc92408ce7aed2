// Package webhook tells a program on the web, by one POST, that something has happened.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Hook is where messages go. Its URL may hold a secret; no error of this package has more of it than the host.
type Hook struct {
	url  *url.URL
	opts Options
}

// Options say how patient a hook is.
type Options struct {
	// Attempts is how often a message is sent at most, where the network or the server (429, 5xx)
	// refuses it. Defaults to 4.
	Attempts int
	// Timeout ends one attempt. Defaults to 5 seconds.
	Timeout time.Duration
	// Total ends all attempts together. Defaults to 20 seconds.
	Total time.Duration
	// Wait is the time before the second attempt; it doubles with each, to at most 4 seconds. Defaults
	// to half a second.
	Wait time.Duration
}

func (o Options) withDefaults() Options {
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Total <= 0 {
		o.Total = 20 * time.Second
	}
	if o.Wait <= 0 {
		o.Wait = 500 * time.Millisecond
	}
	return o
}

// New makes a hook. It refuses what is no http or https URL.
func New(address string, opts Options) (*Hook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("a URL as https://example.com/hook is wanted")
	}
	return &Hook{url: u, opts: opts.withDefaults()}, nil
}

// Host names the server of the hook.
func (h *Hook) Host() string { return h.url.Host }

// Send posts a message as JSON. It succeeds with any status of 2xx and follows no redirects. Cancelling
// ctx ends it; a caller that was itself cancelled passes a context that is not.
func (h *Hook) Send(ctx context.Context, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, h.opts.Total)
	defer cancel()
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), body)
	if err != nil {
		return fmt.Errorf("%s: %w", h.Host(), withoutURL(err))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "rye-import")
	client := h.client()
	defer client.HTTPClient.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", h.Host(), withoutURL(err))
	}
	defer res.Body.Close()
	if _, err := io.CopyN(io.Discard, res.Body, 1<<16); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: reading the answer: %w", h.Host(), err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s answered %s", h.Host(), res.Status)
	}
	return nil
}

func (h *Hook) client() *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil // it would log the URL
	c.RetryMax = h.opts.Attempts - 1
	c.RetryWaitMin, c.RetryWaitMax = h.opts.Wait, 4*time.Second
	c.HTTPClient.Timeout = h.opts.Timeout
	c.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler // the last answer, or error, as it came
	return c
}

// withoutURL takes the URL out of an error of the client.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
