package resp

import (
	"strings"
	"testing"
	"time"
)

// A latency is told by the top of its bucket, which is at most 1/32 more; buckets have neither gaps nor overlaps.
func TestHistogramBuckets(t *testing.T) {
	last := -1
	for nanos := int64(0); nanos < 1<<17; nanos++ {
		b := bucketOf(nanos)
		if b != last && b != last+1 {
			t.Fatalf("%d ns is in bucket %d behind %d", nanos, b, last)
		}
		if b != last && nanos > 0 && bucketTop(last) != nanos-1 {
			t.Fatalf("bucket %d ends at %d, the next begins at %d", last, bucketTop(last), nanos)
		}
		if top := bucketTop(b); top < nanos || top-nanos > nanos/histogramParts {
			t.Fatalf("%d ns is told as %d", nanos, top)
		}
		last = b
	}
	for _, far := range []int64{longestLatency, longestLatency + 1, 1<<63 - 1} {
		if b := bucketOf(far); b >= histogramBuckets || bucketTop(b) < longestLatency {
			t.Errorf("%d ns is in bucket %d of %d, up to %d", far, b, histogramBuckets, bucketTop(b))
		}
	}
	if bucketOf(-5) != 0 {
		t.Error("a clock that went back")
	}
}

func TestHistogramPercentilesAndSteps(t *testing.T) {
	var h latencyHistogram
	for range 98 {
		h.add(2_000)
	}
	h.add(500_000)
	h.add(40_000)
	var l latencies
	l.include(&h)
	for _, test := range []struct {
		percent     float64
		least, most int64
	}{{0, 2_000, 2_063}, {50, 2_000, 2_063}, {98, 2_000, 2_063}, {99, 40_000, 41_250}, {100, 500_000, 516_000}} {
		if got := l.percentile(test.percent); got < test.least || got > test.most {
			t.Errorf("p%v is %d, want from %d to %d", test.percent, got, test.least, test.most)
		}
	}
	want := []step{{2, 98}, {66, 99}, {528, 100}}
	got := l.steps()
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("step %d is %v, want %v", i, got[i], want[i])
		}
	}
	if new(latencies).percentile(50) != 0 || new(latencies).steps() != nil {
		t.Error("no calls took something")
	}
}

// TestWhatHoldsCommandsUpIsTold: how long the journal took, and the removal of what is due.
func TestWhatHoldsCommandsUpIsTold(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("CONFIG SET latency-monitor-threshold 100", "+OK")
	node.saved(99 * time.Millisecond)
	w.check("LATENCY LATEST", "*0")
	node.saved(250 * time.Millisecond)
	if got := w.do("LATENCY HISTORY aof-fsync-always"); !strings.HasSuffix(got, " :250") {
		t.Error(got)
	}
	s.hub.Expiring()
	s.hub.expiring = s.hub.expiring.Add(-time.Hour)
	s.hub.Expired()
	if got := w.do("LATENCY LATEST"); !strings.HasPrefix(got, "*2 *4 $16 aof-fsync-always ") || !strings.Contains(got, " *4 $12 expire-cycle ") {
		t.Error(got)
	}
}

// The graph is what Redis draws of the same spikes.
func TestLatencyGraph(t *testing.T) {
	now := time.Unix(100_000, 0)
	s := latencySeries{longest: 500}
	for i, millis := range []int64{100, 200, 300, 400, 500} {
		s.samples = append(s.samples, latencySample{now.Unix() - []int64{90_000, 7_200, 600, 12, 1}[i], millis})
	}
	want := "command - high 500 ms, low 100 ms (all time high 500 ms)\n" + strings.Repeat("-", 80) + "\n" +
		"   _#\n  _||\n _|||\n_||||\n     \n12111\ndh02s\n  ms \n"
	if got := s.graph("command", now); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestLatencyMonitor(t *testing.T) {
	var m latencyMonitor
	for i := range 2 * latencySamples {
		m.note("x", time.Unix(int64(1000+i), 0), time.Duration(i)*time.Millisecond)
		m.note("x", time.Unix(int64(1000+i), 0), time.Millisecond) // within the same second: the longest counts
	}
	s, ok := m.series("x")
	if !ok || len(s.samples) != latencySamples || s.last() != (latencySample{1000 + 2*latencySamples - 1, 2*latencySamples - 1}) || s.longest != 2*latencySamples-1 {
		t.Errorf("%d samples, %v, %d", len(s.samples), s.last(), s.longest)
	}
	if n := m.reset([][]byte{[]byte("y"), []byte("x")}); n != 1 || len(m.all()) != 0 {
		t.Errorf("%d reset, %v left", n, m.all())
	}
}

func TestLatencyCommands(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w := dial(t, s)
	if got := w.do("LATENCY DOCTOR"); !strings.Contains(got, "Latency monitoring is disabled") {
		t.Error(got)
	}
	w.check("LATENCY LATEST", "*0")
	w.check("LATENCY HISTORY command", "*0")
	w.check("LATENCY GRAPH command", "-ERR No samples available for event 'command'")
	w.check("CONFIG SET latency-monitor-threshold 100", "+OK")
	if got := w.do("LATENCY DOCTOR"); !strings.Contains(got, "no latency spike was observed") {
		t.Error(got)
	}
	s.settings.slowerMicros.Store(-1) // the slow log would want a client
	s.timed(nil, s.rows[s.table.Lookup([]byte("KEYS"))], nil, int64(99*time.Millisecond), time.Unix(7, 0))
	s.timed(nil, s.rows[s.table.Lookup([]byte("KEYS"))], nil, int64(250*time.Millisecond), time.Unix(7, 0))
	s.timed(nil, s.rows[s.table.Lookup([]byte("GET"))], nil, int64(100*time.Millisecond), time.Unix(8, 0))
	w.check("LATENCY LATEST", "*2 *4 $7 command :7 :250 :250 *4 $12 fast-command :8 :100 :100")
	w.check("LATENCY HISTORY command", "*1 *2 :7 :250")
	if got := w.do("LATENCY DOCTOR"); !strings.Contains(got, "1. command: 1 latency spikes (average 250ms, mean deviation 0ms, period 0.00 sec). Worst all time event 250ms.") {
		t.Error(got)
	}
	for event, advice := range map[string]string{eventSync: "disk took long to sync", eventExpire: "Spread their times", eventEviction: "maxmemory-samples"} {
		if got := w.do("LATENCY DOCTOR"); strings.Contains(got, advice) {
			t.Errorf("without %s: %s", event, got)
		}
		s.stall(event, 99*time.Millisecond)
		w.check("LATENCY HISTORY "+event, "*0")
		s.stall(event, 100*time.Millisecond)
		if got := w.do("LATENCY DOCTOR"); !strings.Contains(got, event+": 1 latency spikes (average 100ms") || !strings.Contains(got, advice) {
			t.Errorf("of %s: %s", event, got)
		}
	}
	if got := w.do("LATENCY GRAPH command"); !strings.Contains(got, "command - high 250 ms, low 250 ms (all time high 250 ms)") {
		t.Error(got)
	}
	w.check("LATENCY RESET", ":5")
	w.check("LATENCY LATEST", "*0")
	w.check("LATENCY FOO", "-ERR unknown subcommand 'FOO'. Try LATENCY HELP.")
}

// Every command that ran is in the histograms, until they are reset or turned off; a container stands for its subcommands.
func TestLatencyHistogramOfCommands(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w := dial(t, s)
	w.send(lines("SET a 1;GET a;CONFIG GET save;CONFIG GET save;CONFIG HELP"))
	for range 5 {
		w.reply()
	}
	got := w.do("LATENCY HISTOGRAM set config nosuch")
	for _, want := range []string{"*6 ", "$3 set *4 $5 calls :1 $14 histogram_usec *2 ", "$10 config|get *4 $5 calls :2 ", "$11 config|help *4 "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := w.do("INFO latencystats"); !strings.Contains(got, " latency_percentiles_usec_set:p50=") || !strings.Contains(got, ",p99.9=") {
		t.Error(got)
	}
	w.check("CONFIG SET latency-tracking no", "+OK")
	w.check("CONFIG RESETSTAT", "+OK")
	w.check("GET a", "$1 1")
	w.check("LATENCY HISTOGRAM", "*0")
	w.check("LATENCY HISTOGRAM nosuch", "*0")
}
