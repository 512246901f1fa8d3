package resp

import (
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// Each write has the chance that was asked for, whatever it is sent together with.
func TestTheShareOfTracedWrites(t *testing.T) {
	const writes, chunks = 100, 2000
	for ratio, want := range map[float64][2]int{0: {0, 0}, 1: {writes * chunks, writes * chunks}, 0.25: {48_500, 51_500}, 1e-300: {0, 0}} {
		s := &Server{config: Config{Tracing: Tracing{Sink: func(WriteTrace) {}, Ratio: ratio}}}
		tr, told := newTracer(s), 0
		sub := &submission{stages: chunkStages{finished: 1}}
		for range writes {
			sub.push(item{client: &Client{remote: &unixAddr{}}, row: &row{name: "set"}, kind: kindWrite}, nil)
			sub.push(item{kind: kindTick}, nil)
		}
		for range chunks {
			tr.take(sub)
			told += len(tr.due)
			tr.due = tr.due[:0]
		}
		if told < want[0] || told > want[1] {
			t.Errorf("at a ratio of %v %d of %d writes are traced", ratio, told, writes*chunks)
		}
	}
}

// unixAddr is the address of a client that has none.
type unixAddr struct{}

func (*unixAddr) Network() string { return "unix" }
func (*unixAddr) String() string  { return "" }

// Without somebody to tell, a loop has no tracer, which is all that the way of a write looks at.
func TestNobodyToTell(t *testing.T) {
	s, _ := startServer(t, Config{Tracing: Tracing{Ratio: 1, SlowerThan: 1}})
	w := dial(t, s)
	w.send(line("SET a 1"))
	w.want("+OK")
	for _, l := range s.allLoops() {
		if l.tracer != nil {
			t.Error("a loop has a tracer")
		}
	}
}

// A write whose outcome is not known is told about with what its client was told.
func TestAFailedWriteIsTraced(t *testing.T) {
	told := make(chan WriteTrace, 10)
	s, node := startServer(t, Config{Tracing: Tracing{Sink: func(w WriteTrace) { told <- w }, SlowerThan: 1}})
	node.set(func() { node.refuse = replication.Uncertain })
	w := dial(t, s)
	w.send(line("SET a 1") + line("INCR b"))
	w.want("-"+replication.Uncertain.String(), "-"+replication.Uncertain.String())
	writes := 0
	for writes < 2 { // both are in one chunk, if they came together
		got := <-told
		writes += got.Writes
		if got.Failure != replication.Uncertain.String() || got.Slot != 0 || got.Took <= 0 || got.Client == "" || len(got.Syncs) > 0 {
			t.Errorf("%+v was told", got)
		}
	}
}

// Of the writes of the journal only those that were under way meanwhile are told, the newest of them.
func TestSyncsMeanwhile(t *testing.T) {
	var r recentSyncs
	if found := r.between(0, 1e9); len(found) > 0 {
		t.Errorf("%v is found of none", found)
	}
	for i := range int64(100) {
		r.note(10*i+10, 10) // one after the other: from 10i to 10i+10
	}
	for _, c := range []struct {
		from, to    int64
		first, last int64
		count       int
	}{
		{905, 925, 910, 930, 3},
		{910, 920, 920, 920, 1},
		{0, 1000, 930, 1000, maxTracedSyncs},
		{1000, 2000, 0, 0, 0},
		{0, 300, 0, 0, 0}, // forgotten
	} {
		found := r.between(c.from, c.to)
		if len(found) != c.count || c.count > 0 && (found[0].at != c.first || found[c.count-1].at != c.last || found[0].took != 10*time.Nanosecond) {
			t.Errorf("from %d to %d: %v", c.from, c.to, found)
		}
	}
}
