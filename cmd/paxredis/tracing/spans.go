package tracing

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/paxredis/paxredis/resp"
)

// The names of spans below a write's.
const (
	spanQueue     = "queue"
	spanReplicate = "replicate"
	spanApply     = "apply"
	spanReply     = "reply"
	spanSync      = "sync"
)

// stages is how many spans a write has below its own, but for its syncs.
const stages = 4

// spansOf is how many spans appendSpans makes of a write.
func spansOf(w *resp.WriteTrace) int {
	if w.Failure != "" {
		return 1
	}
	return 1 + stages + len(w.Syncs)
}

// appendSpans makes the spans of a write: its own, and those of its stages, one behind the other.
func appendSpans(spans []*otlp.Span, w *resp.WriteTrace) []*otlp.Span {
	end := w.Began.Add(w.Took)
	root := newSpan(nil, w.Command, w.Began, end)
	root.Kind = otlp.Span_SPAN_KIND_SERVER
	root.Attributes = attributesOf(w)
	if w.Failure != "" {
		code, _, _ := strings.Cut(w.Failure, " ")
		root.Attributes = append(root.Attributes, text("error.type", code))
		root.Status = &otlp.Status{Code: otlp.Status_STATUS_CODE_ERROR, Message: w.Failure}
		return append(spans, root)
	}
	left := w.Began.Add(w.Queue)
	chosen := left.Add(w.Replicate)
	applied := chosen.Add(w.Apply)
	replicating, applying := newSpan(root, spanReplicate, left, chosen), newSpan(root, spanApply, chosen, applied)
	applying.Attributes = []*common.KeyValue{number("paxredis.execute_usec", w.Execute.Microseconds())}
	spans = append(spans, root, newSpan(root, spanQueue, w.Began, left), replicating)
	for _, s := range w.Syncs {
		spans = append(spans, newSpan(replicating, spanSync, s.Began, s.Began.Add(s.Took)))
	}
	return append(spans, applying, newSpan(root, spanReply, applied, end))
}

// newSpan makes a span below another one; below nil a trace begins.
func newSpan(parent *otlp.Span, name string, from, to time.Time) *otlp.Span {
	s := &otlp.Span{SpanId: newID(8), Name: name, Kind: otlp.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(from.UnixNano()), EndTimeUnixNano: uint64(to.UnixNano())}
	if parent == nil {
		s.TraceId = newID(16)
	} else {
		s.TraceId, s.ParentSpanId = parent.TraceId, parent.SpanId
	}
	return s
}

// newID draws an identifier of so many bytes, a multiple of eight. All zero means none.
func newID(size int) []byte {
	id := make([]byte, 0, size)
	for len(id) < size {
		id = binary.BigEndian.AppendUint64(id, max(1, rand.Uint64()))
	}
	return id
}

// attributesOf are what a write's span tells, by OpenTelemetry's names where it has some.
func attributesOf(w *resp.WriteTrace) []*common.KeyValue {
	about := []*common.KeyValue{text("db.system.name", "redis"), text("db.operation.name", w.Command), text("db.namespace", strconv.Itoa(w.DB)),
		number("paxredis.slot", int64(w.Slot)), number("paxredis.writes", int64(w.Writes))}
	host, port, err := net.SplitHostPort(w.Client)
	if err != nil { // a Unix socket
		about = append(about, text("client.address", w.Client))
	} else {
		about = append(about, text("client.address", host))
		if n, err := strconv.Atoi(port); err == nil {
			about = append(about, number("client.port", int64(n)))
		}
	}
	if w.ClientName != "" {
		about = append(about, text("paxredis.client_name", w.ClientName))
	}
	return about
}

// text is an attribute. What is no UTF-8 could not be encoded, and the whole batch with it.
func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: strings.ToValidUTF8(value, "\uFFFD")}}}
}

func number(key string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}
