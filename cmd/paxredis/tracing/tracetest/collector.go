// Package tracetest is an OpenTelemetry collector for tests, which remembers what it was sent.
package tracetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	collecting "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes OTLP over HTTP. Safe for use by several goroutines.
type Collector struct {
	URL string

	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	requests []Request
	spans    []Span
}

// Request is what a Collector was asked.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Span is a span, and what is told of where it comes from.
type Span struct {
	*otlp.Span
	Resource map[string]string
}

// Start runs a collector on the loopback interface until the test ends.
func Start(t testing.TB) *Collector {
	c := &Collector{t: t}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	c.URL = c.server.URL
	return c
}

// Close ends it, once requests under way are answered.
func (c *Collector) Close() { c.server.Close() }

// ServeHTTP takes spans.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collecting.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, Request{r.URL.Path, r.Header, body})
	for _, of := range request.ResourceSpans {
		for _, in := range of.ScopeSpans {
			for _, s := range in.Spans {
				c.spans = append(c.spans, Span{s, texts(of.Resource.Attributes)})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
}

// Requests are those that came.
func (c *Collector) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// Spans are those that came.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Roots are the spans of that name that traces begin with.
func (c *Collector) Roots(name string) []Span { return c.Below(Span{Span: &otlp.Span{}}, name) }

// Below are the spans of that name directly below another one.
func (c *Collector) Below(parent Span, name string) (found []Span) {
	for _, s := range c.Spans() {
		if s.Name == name && bytes.Equal(s.ParentSpanId, parent.SpanId) && (len(parent.TraceId) == 0 || bytes.Equal(s.TraceId, parent.TraceId)) {
			found = append(found, s)
		}
	}
	return found
}

// CheckStages says what is wrong with the spans below a write's: each stage is there once, they follow one another, and together they are as long.
func (c *Collector) CheckStages(write Span) error {
	at := write.StartTimeUnixNano
	for _, name := range []string{"queue", "replicate", "apply", "reply"} {
		stages := c.Below(write, name)
		if len(stages) != 1 {
			return fmt.Errorf("%d spans of the stage %s", len(stages), name)
		}
		s := stages[0]
		if s.StartTimeUnixNano != at || s.EndTimeUnixNano < at {
			return fmt.Errorf("%s is from %d to %d, and should begin at %d", name, s.StartTimeUnixNano, s.EndTimeUnixNano, at)
		}
		at = s.EndTimeUnixNano
	}
	if at != write.EndTimeUnixNano {
		return fmt.Errorf("the stages end at %d, and the write at %d", at, write.EndTimeUnixNano)
	}
	return nil
}

// About are the attributes of a span as texts.
func (s Span) About() map[string]string { return texts(s.Attributes) }

func texts(attributes []*common.KeyValue) map[string]string {
	all := make(map[string]string)
	for _, a := range attributes {
		if s, ok := a.Value.Value.(*common.AnyValue_StringValue); ok {
			all[a.Key] = s.StringValue
		} else {
			all[a.Key] = strconv.FormatInt(a.Value.GetIntValue(), 10)
		}
	}
	return all
}
