package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	collecting "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/paxredis/paxredis/resp"
)

// scope names what makes the spans.
const scope = "github.com/paxredis/paxredis"

// The bounds of what waits, and of what is waited for.
const (
	// maxQueued is how many writes wait to be made spans of.
	maxQueued = 1024
	// maxBatch is how many spans are sent at once, and those of one write more.
	maxBatch = 512
	// batchTime is how long spans wait for others to be sent with, and twice it how long for the second attempt.
	batchTime = time.Second
	// attemptTime is how long a collector may take to answer.
	attemptTime = 10 * time.Second
	// maxAttempts is how often a batch is sent to a collector that does not take it now; each wait is twice the one before.
	maxAttempts = 5
	// maxWait is how long a collector is left alone that asks for it.
	maxWait = time.Minute
	// flushTime is how long the last batches may take at the end.
	flushTime = 2 * time.Second
)

// Config is what a Tracer needs to know.
type Config struct {
	// Endpoint is the collector's URL. Without a path it is /v1/traces.
	Endpoint string
	// Node is this node's number in the cluster, NodeUUID and Cluster are UUIDs, and Version is the program's.
	Node                       uint64
	NodeUUID, Cluster, Version string
	Logger                     *slog.Logger
}

// Counts are how many spans the collector has taken, and how many were lost: the queue was full, or the collector has not taken them.
type Counts struct{ Sent, Dropped uint64 }

// Tracer sends traces to a collector. Its methods are safe for use by several goroutines.
type Tracer struct {
	log     *slog.Logger
	queue   chan resp.WriteTrace
	quit    chan struct{}
	closing sync.Once
	done    chan struct{}
	ctx     context.Context // of what is sent
	cancel  context.CancelFunc

	sent, dropped atomic.Uint64

	// Of run's goroutine.
	collector *collector
	about     []*common.KeyValue
	version   string
	spans     []*otlp.Span // the batch that is being made, or waits to be sent again
	attempts  int          // to send it
	failing   bool         // the newest attempt was in vain
}

// Start makes a Tracer. The collector is first asked for when there are spans: that it cannot be reached is no error.
func Start(c Config) (*Tracer, error) {
	collector, err := newCollector(c)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	about, err := about(c)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &Tracer{log: c.Logger, queue: make(chan resp.WriteTrace, maxQueued), quit: make(chan struct{}), done: make(chan struct{}), ctx: ctx, cancel: cancel,
		collector: collector, about: about, version: c.Version}
	go t.run()
	return t, nil
}

// Add takes a write that was answered. It never waits: what there is no room for is dropped, and counted.
func (t *Tracer) Add(w resp.WriteTrace) {
	select {
	case t.queue <- w:
	default:
		t.dropped.Add(uint64(spansOf(&w)))
	}
}

// Counts returns how many spans were sent and dropped.
func (t *Tracer) Counts() Counts { return Counts{t.sent.Load(), t.dropped.Load()} }

// Close sends what waits, for two seconds at most, and for no longer than ctx. What is left then is dropped. Nothing may be added any more.
func (t *Tracer) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	defer context.AfterFunc(ctx, t.cancel)()
	t.closing.Do(func() { close(t.quit) })
	<-t.done
}

// run makes spans and sends them, until Close.
func (t *Tracer) run() {
	defer close(t.done)
	defer t.cancel()
	defer t.collector.client.CloseIdleConnections()
	timer := time.NewTimer(batchTime)
	defer timer.Stop()
	for {
		queue := t.queue
		if len(t.spans) >= maxBatch {
			queue = nil // what comes waits there until these are out of the way
		}
		select {
		case w := <-queue:
			t.spans = appendSpans(t.spans, &w)
			if len(t.spans) >= maxBatch && t.attempts == 0 {
				timer.Reset(0)
			}
		case <-timer.C:
			timer.Reset(t.export())
		case <-t.quit:
			t.flush()
			return
		}
	}
}

// flush sends all that waits, each batch once.
func (t *Tracer) flush() {
	for {
		for len(t.queue) > 0 && len(t.spans) < maxBatch {
			w := <-t.queue
			t.spans = appendSpans(t.spans, &w)
		}
		if len(t.spans) == 0 {
			return
		}
		t.attempts = maxAttempts - 1
		t.export()
	}
}

// export sends the spans that there are, and returns when to do so next. Those that the collector may take then stay.
func (t *Tracer) export() time.Duration {
	if len(t.spans) == 0 {
		return batchTime
	}
	ctx, cancel := context.WithTimeout(t.ctx, attemptTime)
	defer cancel()
	err := t.collector.send(ctx, t.request())
	t.report(err)
	t.attempts++
	var later unavailable
	if errors.As(err, &later) && t.attempts < maxAttempts {
		return max(later.after, batchTime<<t.attempts)
	}
	lost := 0
	if partly := (rejection{}); errors.As(err, &partly) {
		lost = int(min(max(partly.spans, 0), int64(len(t.spans))))
	} else if err != nil {
		lost = len(t.spans)
	}
	t.dropped.Add(uint64(lost))
	t.sent.Add(uint64(len(t.spans) - lost))
	clear(t.spans)
	t.spans, t.attempts = t.spans[:0], 0
	return max(later.after, batchTime)
}

// request is what tells a collector of the spans that there are.
func (t *Tracer) request() *collecting.ExportTraceServiceRequest {
	return &collecting.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: t.about},
		ScopeSpans: []*otlp.ScopeSpans{{Scope: &common.InstrumentationScope{Name: scope, Version: t.version}, Spans: t.spans}},
	}}}
}

// report has the log say when attempts begin to fail, and when they do not any more.
func (t *Tracer) report(err error) {
	switch failing := err != nil; {
	case failing && !t.failing:
		t.log.Warn("the collector of traces does not take all spans; what it does not take soon is dropped", "spans", len(t.spans), "error", err)
	case !failing && t.failing:
		t.log.Info("the collector of traces takes all spans again", "dropped", t.dropped.Load())
	}
	t.failing = err != nil
}
