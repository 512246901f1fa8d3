package resp

import (
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// Tracing says which writes are told about one by one, and to whom. The zero value: none are, and nothing is looked at for it.
type Tracing struct {
	// Sink takes a write that was answered. It must not block, and is called by several goroutines; nil: nobody wants to know.
	Sink func(WriteTrace)
	// Ratio is the share of writes that are told about, from 0 to 1, drawn by chance.
	Ratio float64
	// SlowerThan has one write of each chunk told about that took so long from its hand-over to its reply; 0: none.
	SlowerThan time.Duration
}

// WriteTrace is the way of one write. Keys, values and other arguments are not in it.
type WriteTrace struct {
	Command    string // in upper case: "SET"
	DB         int
	Client     string // its address
	ClientName string
	Slot       uint64 // where it was applied; 0: it failed
	// Writes is how many writes of this node's clients had the same way, this one included.
	Writes int
	// Failure is what it was answered with in place of a reply of the log; empty: it was applied, and the stages are known.
	Failure string
	Began   time.Time // when it was handed over
	Took    time.Duration
	// The stages follow one another, and are together as long as Took.
	Queue, Replicate, Apply, Reply time.Duration
	Execute                        time.Duration // of this write, within Apply
	// Syncs are the newest writes of this node's journal, with their syncs, that were under way while it was replicated; at most maxTracedSyncs.
	Syncs []JournalSync
}

// JournalSync is one write and sync of the journal.
type JournalSync struct {
	Began time.Time
	Took  time.Duration
}

const (
	maxTracedSyncs = 8
	keptSyncs      = 64
)

// recentSyncs are the newest writes of the journal. Safe for use by several goroutines.
type recentSyncs struct {
	mu    sync.Mutex
	ring  [keptSyncs]finishedSync
	count int
}

// finishedSync is when one was done, by the server's nanos, and how long it took.
type finishedSync struct {
	at   int64
	took time.Duration
}

func (r *recentSyncs) note(at int64, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring[r.count%keptSyncs] = finishedSync{at, took}
	r.count++
}

// between returns those that were under way between two moments, the oldest first.
func (r *recentSyncs) between(from, to int64) (found []finishedSync) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := max(0, r.count-keptSyncs); i < r.count; i++ {
		if e := r.ring[i%keptSyncs]; e.at > from && e.at-int64(e.took) < to {
			found = append(found, e)
		}
	}
	return found[max(0, len(found)-maxTracedSyncs):]
}

// tracer is what one loop does for Tracing. It belongs to the loop.
type tracer struct {
	server *Server
	until  uint64        // how many writes are passed over before the next that is drawn
	due    []tracedWrite // those whose replies this wake-up writes
}

// tracedWrite is a write that may be told about once its reply is at its socket. Only then is anything made of it that takes memory.
type tracedWrite struct {
	row        *row
	db, writes int
	remote     net.Addr
	clientName string
	slot       uint64
	failed     replication.Outcome // 0: it was applied
	sent       int64               // by the server's nanos
	stages     chunkStages
	execute    time.Duration
	onlyIfSlow bool
}

// newTracer returns nil if nothing is traced, so that this is all that others look at.
func newTracer(s *Server) *tracer {
	if s.config.Tracing.Sink == nil {
		return nil
	}
	t := &tracer{server: s}
	t.draw()
	return t
}

// draw chooses the next write: each has the same chance, and no random number is drawn for those passed over.
func (t *tracer) draw() {
	switch ratio := t.server.config.Tracing.Ratio; {
	case ratio >= 1:
		t.until = 0
	case ratio <= 0:
		t.until = math.MaxUint64
	default:
		// 1-Float64 is never 0, whose logarithm is none. A conversion of what is too large for the type is not defined.
		t.until = uint64(min(math.Log(1-rand.Float64())/math.Log1p(-ratio), math.MaxInt64/2))
	}
}

// take looks through a chunk that was answered for writes to be told about.
func (t *tracer) take(s *submission) {
	start, writes, first := len(t.due), 0, (*item)(nil)
	for i := range s.items {
		it := &s.items[i]
		if it.kind != kindWrite {
			continue
		}
		if writes++; first == nil {
			first = it
		}
		if t.until > 0 {
			t.until--
			continue
		}
		t.keep(s, it, false)
		t.draw()
	}
	if first != nil && len(t.due) == start && t.server.config.Tracing.SlowerThan > 0 {
		t.keep(s, first, true)
	}
	for i := range t.due[start:] {
		t.due[start+i].writes = writes
	}
}

func (t *tracer) keep(s *submission, it *item, onlyIfSlow bool) {
	if it.failed == 0 && s.stages.finished == 0 {
		return // it was applied in a chunk that was not applied to its end: the node is stopping, and the stages are not known
	}
	c := it.client
	t.due = append(t.due, tracedWrite{row: it.row, db: int(it.db), remote: c.remote, clientName: c.name, slot: s.slot, failed: it.failed,
		sent: s.sent, stages: s.stages, execute: time.Duration(it.nanos), onlyIfSlow: onlyIfSlow})
}

// tell tells of those whose replies are at their sockets now.
func (t *tracer) tell() {
	if len(t.due) == 0 {
		return
	}
	nanos, now := t.server.nanos(), t.server.now()
	for i := range t.due {
		w := &t.due[i]
		took := time.Duration(nanos - w.sent)
		if w.failed == 0 {
			took = w.stages.queue + w.stages.replicate + w.stages.apply + w.reply(nanos)
		}
		if !w.onlyIfSlow || took >= t.server.config.Tracing.SlowerThan {
			t.server.config.Tracing.Sink(t.traceOf(w, took, nanos, now))
		}
	}
	clear(t.due)
	t.due = t.due[:0]
}

// reply is how long its replies took to come to their sockets.
func (w *tracedWrite) reply(nanos int64) time.Duration {
	return time.Duration(max(0, nanos-w.stages.finished))
}

// traceOf is what is told of a write that took so long until now, which is nanos by the server's nanos.
func (t *tracer) traceOf(w *tracedWrite, took time.Duration, nanos int64, now time.Time) WriteTrace {
	told := WriteTrace{Command: commandTitle(w.row), DB: w.db, Client: w.remote.String(), ClientName: w.clientName, Slot: w.slot, Writes: w.writes,
		Began: now.Add(-took), Took: took}
	if w.failed != 0 {
		told.Failure = w.failed.String()
		return told
	}
	st := &w.stages
	told.Queue, told.Replicate, told.Apply, told.Reply, told.Execute = st.queue, st.replicate, st.apply, w.reply(nanos), w.execute
	for _, s := range t.server.syncs.between(st.began-int64(st.replicate), st.began) {
		told.Syncs = append(told.Syncs, JournalSync{now.Add(time.Duration(s.at-nanos) - s.took), s.took})
	}
	return told
}
