package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/paxredis/paxredis/cmd/paxredis/tracing/tracetest"
)

// Each write that is traced is a span with its stages below it, one behind the other, and nothing of keys and values is in it.
func TestTracesOfWrites(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=of-the-collector")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off") // the settings decide
	c := tracetest.Start(t)
	n := startTestNode(t, t.TempDir(), "--otlp-endpoint", c.URL, "--otlp-sample", "1", "--otlp-slower-than", "0")
	n.do("CLIENT", "SETNAME", "writer")
	n.do("SET", "secret-key", "secret-value")
	n.do("GET", "secret-key")
	n.do("EVAL", "return redis.call('INCR', KEYS[1])", 1, "counter")
	n.stop() // which sends what waits
	c.Close()

	sets, scripts := c.Roots("SET"), c.Roots("EVAL")
	if len(sets) != 1 || len(scripts) != 1 || len(c.Roots("GET")) != 0 {
		t.Fatalf("%d spans of one SET, %d of one EVAL, %d of a GET, which is no write", len(sets), len(scripts), len(c.Roots("GET")))
	}
	set := sets[0]
	if about := set.About(); about["db.system.name"] != "redis" || about["db.operation.name"] != "SET" || about["db.namespace"] != "0" ||
		about["paxredis.client_name"] != "writer" || about["client.address"] != "127.0.0.1" || about["paxredis.writes"] != "1" || about["paxredis.slot"] == "0" {
		t.Errorf("the write is told as %v", about)
	}
	if set.Kind != otlp.Span_SPAN_KIND_SERVER || set.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR {
		t.Errorf("the write is %v with status %v", set.Kind, set.Status)
	}
	if err := errors.Join(c.CheckStages(set), c.CheckStages(scripts[0])); err != nil {
		t.Error(err)
	}
	if syncs := c.Below(c.Below(set, "replicate")[0], "sync"); len(syncs) == 0 {
		t.Error("a write of a single node was replicated without a sync")
	}
	if of := set.Resource; of["service.name"] != "paxredis" || of["service.instance.id"] != n.node.store.Identity().NodeUUID || of["deployment.environment.name"] != "test" {
		t.Errorf("the node is told as %v", of)
	}
	for _, r := range c.Requests() {
		if r.Path != "/v1/traces" || r.Header.Get("X-Token") != "of-the-collector" {
			t.Errorf("%s was asked, with %v", r.Path, r.Header)
		}
		if bytes.Contains(r.Body, []byte("secret")) {
			t.Error("the collector was told keys or values")
		}
	}
	if counts, came := n.node.traces.Counts(), len(c.Spans()); counts.Sent != uint64(came) || counts.Dropped != 0 {
		t.Errorf("%+v is counted, and %d spans came", counts, came)
	}
}

// Without chance only writes that took long are traced: one of those that were sent together.
func TestTracesOfSlowWrites(t *testing.T) {
	c := tracetest.Start(t)
	n := startTestNode(t, t.TempDir(), "--otlp-endpoint", c.URL, "--otlp-sample", "0", "--otlp-slower-than", "1ns")
	if _, err := n.client.Pipelined(context.Background(), func(p redis.Pipeliner) error {
		for range 50 {
			p.Incr(context.Background(), "counter")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	n.stop()
	c.Close()
	writes, told := 0, c.Roots("INCR")
	for _, s := range told {
		var together int
		if _, err := fmt.Sscan(s.About()["paxredis.writes"], &together); err != nil {
			t.Fatal(err)
		}
		writes += together
	}
	if writes != 50 || len(told) >= 50 {
		t.Errorf("%d spans stand for %d of 50 writes", len(told), writes)
	}

	c = tracetest.Start(t)
	n = startTestNode(t, t.TempDir(), "--otlp-endpoint", c.URL, "--otlp-sample", "0", "--otlp-slower-than", "1h")
	n.do("SET", "key", "value")
	n.stop()
	c.Close()
	if spans := len(c.Spans()); spans > 0 {
		t.Errorf("%d spans of a write that was not slow", spans)
	}
}

// What is not asked for is not there, whatever the environment says that other programs go by.
func TestNoTracesWithoutAnEndpoint(t *testing.T) {
	c := tracetest.Start(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	n := startTestNode(t, t.TempDir())
	n.do("SET", "key", "value")
	if n.node.traces != nil {
		t.Error("there is a tracer")
	}
	n.stop()
	c.Close()
	if asked := c.Requests(); len(asked) > 0 {
		t.Errorf("the collector was asked for %v", asked)
	}
}

// A node does not depend on its collector: neither while it serves, nor to stop.
func TestACollectorThatDoesNotAnswer(t *testing.T) {
	asked, never := make(chan struct{}, 1000), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-never
	}))
	t.Cleanup(func() { close(never); hanging.Close() })
	n := startTestNode(t, t.TempDir(), "--otlp-endpoint", hanging.URL, "--otlp-sample", "1")
	n.do("SET", "key", "value")
	<-asked
	n.do("SET", "key", "value") // while the collector is waited for
	n.stop()                    // and so is this
	if counts := n.node.traces.Counts(); counts.Sent != 0 || counts.Dropped < 10 {
		t.Errorf("%+v is counted of two writes", counts)
	}
}

// That nobody listens is no error, and is counted.
func TestACollectorThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	n := startTestNode(t, t.TempDir(), "--otlp-endpoint", gone.URL, "--otlp-sample", "1", "--http-listen", "127.0.0.1:0")
	for range 10 {
		n.do("SET", "key", "value")
	}
	if text := pageOf(t, "http://"+n.node.web.Addr().String()+"/metrics"); !strings.Contains(text, "paxredis_trace_spans_dropped_total ") || !strings.Contains(text, "paxredis_trace_spans_sent_total 0\n") {
		t.Errorf("spans are not counted in %s", text)
	}
	n.stop()
	if counts := n.node.traces.Counts(); counts.Dropped < 50 || counts.Sent != 0 {
		t.Errorf("%+v is counted of ten writes", counts)
	}
}

// pageOf is what an HTTP server answers.
func pageOf(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}
