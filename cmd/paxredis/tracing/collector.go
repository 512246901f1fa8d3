package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	collecting "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	tracesPath    = "/v1/traces"
	protobufMedia = "application/x-protobuf"
	// maxAnswer is how many bytes of a collector's answer are read.
	maxAnswer = 64 << 10
	// maxReason is how many bytes of a collector's words are told in the log.
	maxReason = 200
)

// collector is where spans are sent. For use by one goroutine.
type collector struct {
	url    string
	header http.Header
	client *http.Client
}

// unavailable is why spans were not taken now, and may be later.
type unavailable struct {
	error
	after time.Duration // as the collector wants it; 0: it has not said
}

func (u unavailable) Unwrap() error { return u.error }

// rejection is what a collector said that has taken spans, but not all of them.
type rejection struct {
	spans int64 // that it has not taken; 0: it has only a warning
	why   string
}

func (r rejection) Error() string { return fmt.Sprintf("it rejected %d spans: %q", r.spans, r.why) }

// newCollector does not ask for it yet.
func newCollector(c Config) (*collector, error) {
	if err := CheckEndpoint(c.Endpoint); err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", c.Endpoint, err)
	}
	header, err := headersOfEnvironment()
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", protobufMedia)
	header.Set("User-Agent", "paxredis/"+c.Version)
	return &collector{url: tracesURL(c.Endpoint), header: header, client: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, MaxConnsPerHost: 1, ForceAttemptHTTP2: true},
		// Headers may be secret: they go to nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// tracesURL adds the standard path to an endpoint without one.
func tracesURL(endpoint string) string {
	endpoint = strings.TrimRight(endpoint, "/")
	if _, host, _ := strings.Cut(endpoint, "://"); strings.Contains(host, "/") {
		return endpoint
	}
	return endpoint + tracesPath
}

// send hands over spans. With any error but a rejection none were taken.
func (c *collector) send(ctx context.Context, spans *collecting.ExportTraceServiceRequest) error {
	body, err := proto.Marshal(spans)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = c.header.Clone()
	answer, err := c.client.Do(request)
	if err != nil {
		return unavailable{error: err}
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return unavailable{error: err}
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return unavailable{fmt.Errorf("%s answers %s", c.url, answer.Status), retryAfter(answer.Header)}
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", c.url, answer.Status)
	}
	if answer.Header.Get("Content-Type") != protobufMedia {
		return nil // in a form that was not asked for: that it took them is all that is known
	}
	return partialSuccess(said)
}

// partialSuccess reads what a collector says that has taken spans.
func partialSuccess(said []byte) error {
	answer := &collecting.ExportTraceServiceResponse{}
	if err := proto.Unmarshal(said, answer); err != nil {
		return rejection{why: "its answer cannot be read: " + err.Error()}
	}
	partial := answer.GetPartialSuccess()
	if partial.GetRejectedSpans() == 0 && partial.GetErrorMessage() == "" {
		return nil
	}
	why := partial.GetErrorMessage()
	return rejection{partial.GetRejectedSpans(), why[:min(len(why), maxReason)]}
}

// retryAfter is for how long a collector wants to be left alone. It may also say a date, which is not looked at.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(min(max(seconds, 0), int(maxWait/time.Second))) * time.Second
}
