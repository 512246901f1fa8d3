package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collecting "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/resp"
)

func startTracer(t *testing.T, endpoint string) *Tracer {
	t.Helper()
	tr, err := Start(Config{Endpoint: endpoint, Node: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close(context.Background()) })
	return tr
}

// collectorOf is a collector that answers so.
func collectorOf(t *testing.T, answer http.HandlerFunc) string {
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

// While a collector is waited for, a bounded number of writes wait, and each span of the others is counted.
func TestTheQueueIsBounded(t *testing.T) {
	asked, never := make(chan struct{}, 1000), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-never
	}))
	t.Cleanup(func() { close(never); hanging.Close() })
	tr := startTracer(t, hanging.URL)
	w := resp.WriteTrace{Command: "SET", Began: time.Now()}
	tr.Add(w)
	<-asked
	for range maxQueued {
		tr.Add(w)
	}
	if got := tr.Counts(); got.Dropped != 0 {
		t.Fatalf("%+v with room for all", got)
	}
	w.Syncs = make([]resp.JournalSync, 2)
	for range 10 {
		tr.Add(w)
	}
	w.Failure = "UNCERTAIN"
	tr.Add(w)
	if got := tr.Counts(); got.Dropped != 10*7+1 {
		t.Errorf("%+v, want 71 dropped", got)
	}
	tr.Close(context.Background())
	if got, want := tr.Counts(), uint64(71+(maxQueued+1)*5); got.Dropped != want || got.Sent != 0 {
		t.Errorf("%+v at the end, want %d dropped", got, want)
	}
}

// What a collector refuses is counted, and not sent again.
func TestACollectorThatRefuses(t *testing.T) {
	asked := 0
	tr := startTracer(t, collectorOf(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "no", http.StatusForbidden)
	}))
	tr.Add(resp.WriteTrace{Command: "SET", Began: time.Now()})
	tr.Close(context.Background())
	if got := tr.Counts(); got != (Counts{Dropped: 5}) || asked != 1 {
		t.Errorf("%+v after %d requests, want 5 dropped after one", got, asked)
	}
}

// What a collector cannot take now is sent again, and is neither lost nor counted twice.
func TestACollectorThatIsBusy(t *testing.T) {
	asked, taken := make(chan int, maxAttempts), 0
	tr := startTracer(t, collectorOf(t, func(w http.ResponseWriter, _ *http.Request) {
		if taken++; taken == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		asked <- taken
	}))
	tr.Add(resp.WriteTrace{Command: "SET", Began: time.Now()})
	<-asked
	<-asked
	tr.Close(context.Background())
	if got := tr.Counts(); got != (Counts{Sent: 5}) || taken != 2 {
		t.Errorf("%+v after %d requests, want 5 sent by the second", got, taken)
	}
}

// Of spans that a collector takes but for some, those are counted as lost; it cannot have more of them than there were.
func TestACollectorThatRejectsSome(t *testing.T) {
	for rejected, want := range map[int64]Counts{2: {Sent: 3, Dropped: 2}, 0: {Sent: 5}, 9: {Dropped: 5}, -9: {Sent: 5}} {
		body, err := proto.Marshal(&collecting.ExportTraceServiceResponse{PartialSuccess: &collecting.ExportTracePartialSuccess{
			RejectedSpans: rejected, ErrorMessage: strings.Repeat("too old ", 1000)}})
		if err != nil {
			t.Fatal(err)
		}
		var told strings.Builder
		tr, err := Start(Config{Endpoint: collectorOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", protobufMedia)
			if _, err := w.Write(body); err != nil {
				t.Error(err)
			}
		}), Logger: slog.New(slog.NewTextHandler(&told, nil))})
		if err != nil {
			t.Fatal(err)
		}
		tr.Add(resp.WriteTrace{Command: "SET", Began: time.Now()})
		tr.Close(context.Background())
		if got := tr.Counts(); got != want {
			t.Errorf("%+v with %d of 5 rejected, want %+v", got, rejected, want)
		}
		if log := told.String(); !strings.Contains(log, "too old") || len(log) > 2*maxReason+200 {
			t.Errorf("the log says %q", log)
		}
	}
}

// What other answers say: only protobuf is read, and how long to wait is bounded.
func TestAnswersOfCollectors(t *testing.T) {
	for _, test := range []struct {
		status      int
		media, body string
		wait        string
		later       bool
		after       time.Duration
		fails       bool
	}{
		{status: 200},
		{status: 202, media: "application/json", body: "{}"},
		{status: 200, media: protobufMedia, body: "\xff", fails: true},
		{status: 307, fails: true},
		{status: 400, fails: true},
		{status: 500, fails: true},
		{status: 429, wait: "7", later: true, after: 7 * time.Second, fails: true},
		{status: 503, wait: "-1", later: true, fails: true},
		{status: 503, wait: "99999999999", later: true, after: maxWait, fails: true},
		{status: 502, wait: "Fri, 31 Dec 1999 23:59:59 GMT", later: true, fails: true},
	} {
		c, err := newCollector(Config{Endpoint: collectorOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.Header().Set("Retry-After", test.wait)
			w.Header().Set("Content-Type", test.media)
			w.WriteHeader(test.status)
			if _, err := w.Write([]byte(test.body)); err != nil {
				t.Error(err)
			}
		})})
		if err != nil {
			t.Fatal(err)
		}
		err = c.send(context.Background(), &collecting.ExportTraceServiceRequest{})
		later, isLater := err.(unavailable)
		if (err != nil) != test.fails || isLater != test.later || later.after != test.after {
			t.Errorf("%+v: %v, after %v", test, err, later.after)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for good, want := range map[string]string{
		"http://127.0.0.1:4318":                   "http://127.0.0.1:4318/v1/traces",
		"http://[::1]:4318/":                      "http://[::1]:4318/v1/traces",
		"https://collector.example.net/v1/traces": "https://collector.example.net/v1/traces",
		"https://example.net/otlp/":               "https://example.net/otlp",
	} {
		if err := CheckEndpoint(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
		if got := tracesURL(good); got != want {
			t.Errorf("%s: traces go to %s, want %s", good, got, want)
		}
	}
	for _, bad := range []string{"", "127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://:4318", "http://user:password@host:4318", "http://host/?a=b", "http://host/%zz"} {
		if CheckEndpoint(bad) == nil {
			t.Errorf("%q was taken for an endpoint", bad)
		}
	}
}

// What the standard variables say is taken as OpenTelemetry has it, and what is wrong with them is told without their values.
func TestTheEnvironment(t *testing.T) {
	t.Setenv(headersVariable, " x-token = a%2Cb%3D ,,x-other=1=2")
	t.Setenv(resourceVariable, "service.name=from-attributes,deployment.environment.name=test")
	t.Setenv(serviceVariable, "named")
	header, err := headersOfEnvironment()
	if err != nil || len(header) != 2 || header.Get("X-Token") != "a,b=" || header.Get("X-Other") != "1=2" {
		t.Errorf("the headers are %v, %v", header, err)
	}
	attributes, err := about(Config{Node: 7})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, a := range attributes {
		got[a.Key] = a.Value.GetStringValue()
	}
	if len(got) != len(attributes) || got["service.name"] != "named" || got["deployment.environment.name"] != "test" || got["paxredis.node"] != "7" {
		t.Errorf("the node is told as %v", attributes)
	}
	for _, bad := range []string{"secret", "=secret", "x-token=secret%zz", "x token=secret", "x-token=secret%0a"} {
		t.Setenv(headersVariable, bad)
		if _, err := Start(Config{Endpoint: "http://127.0.0.1:4318"}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
