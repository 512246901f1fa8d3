package replication

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// newApplierAlone returns an applier without its goroutine, for the node and boot given.
func newApplierAlone(boot uint64) (*applier, *recorder) {
	m := newRecorder()
	cfg := Config{Self: 1, Boot: boot, Session: uuid.New()}
	return &applier{machine: m, origin: newOrigin(&cfg), readers: &readers{}, log: discardLog(), sessions: newSessionTable()}, m
}

// applySections applies one slot with a batch of sections.
func applySections(t *testing.T, a *applier, timeMS int64, sections ...section) error {
	t.Helper()
	payload, err := encodeBatch(&batch{timeMS: timeMS, seed: 1, sections: sections})
	if err != nil {
		t.Fatal(err)
	}
	slot := paxos.Slot(a.applied.Load() + 1)
	return a.apply(&paxos.Record{Slot: slot, Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: payload}})
}

// openOwn applies the opening of the applier's own session.
func openOwn(t *testing.T, a *applier) {
	t.Helper()
	if err := applySections(t, a, 1, a.origin.flights[0].section); err != nil {
		t.Fatal(err)
	}
}

func chunkOf(texts ...string) (*Chunk, []*item) {
	replies := &items{}
	c := &Chunk{Replies: replies}
	for _, text := range texts {
		replies.list = append(replies.list, &item{text: text, done: make(chan result, 1)})
		if text != "" {
			c.Commands = appendCommand(c.Commands, text)
			c.Count++
		}
	}
	return c, replies.list
}

// What does not decode is applied as nothing, and the slots behind it go on.
func TestUndecodableBatchIsAppliedAsNothing(t *testing.T) {
	a, m := newApplierAlone(1)
	for i, payload := range [][]byte{nil, {0xff}, []byte("not a batch at all")} {
		r := paxos.Record{Slot: paxos.Slot(i + 1), Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: payload}}
		if err := a.apply(&r); err != nil {
			t.Fatal(err)
		}
	}
	if a.applied.Load() != 3 || len(m.times) != 0 {
		t.Errorf("applied %d, the machine saw %d slots", a.applied.Load(), len(m.times))
	}
}

// What a later release wrote is applied by the nodes that know it, so this one must not go on without.
func TestWhatALaterReleaseWroteEndsTheNode(t *testing.T) {
	for name, entry := range map[string]paxos.Entry{
		"a batch":                 {Kind: paxos.EntryBatch, Payload: []byte{8, FormatVersion + 1, 16, 1}},
		"a batch of other fields": {Kind: paxos.EntryBatch, Payload: []byte{8, FormatVersion + 1, 18, 1, 0xff, 0xff}},
		"a mark":                  {Kind: paxos.EntryCheckpoint, Payload: []byte{8, FormatVersion + 1, 16, 1}},
		"a mark of other fields":  {Kind: paxos.EntryCheckpoint, Payload: []byte{8, FormatVersion + 1, 18, 1, 0xff, 0xff}},
		"a configuration":         {Kind: paxos.EntryConfiguration, Payload: []byte{8, 2, 16, 1}},
		"a kind":                  {Kind: paxos.EntryCheckpoint + 1},
	} {
		a, m := newApplierAlone(1)
		err := a.apply(&paxos.Record{Slot: 1, Entry: entry})
		if !errors.Is(err, paxos.ErrNewerFormat) || a.applied.Load() != 0 || len(m.times) != 0 {
			t.Errorf("%s: %v, applied %d", name, err, a.applied.Load())
		}
	}
}

func TestC2_NoSlotIsLeftOut(t *testing.T) {
	a, _ := newApplierAlone(1)
	if err := a.apply(&paxos.Record{Slot: 2, Entry: paxos.Entry{Kind: paxos.EntryNoop}}); err == nil {
		t.Error("slot 2 was applied first")
	}
}

func TestAppliedTimeNeverGoesBack(t *testing.T) {
	a, m := newApplierAlone(1)
	for _, timeMS := range []int64{10, 5, 20} {
		if err := applySections(t, a, timeMS); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int64{10, 10, 20}; !slices.Equal(m.times, want) {
		t.Errorf("times %v, want %v", m.times, want)
	}
}

// Reads that were handed over before a command run before it, whether or not their read slot is there yet.
func TestIdleFlightRunsBeforeTheFlightBehindIt(t *testing.T) {
	a, m := newApplierAlone(1)
	openOwn(t, a)
	read, reads := chunkOf("")
	write, writes := chunkOf("a")
	a.origin.add(read, 1<<60, departure{})
	f := a.origin.add(write, 1<<60, departure{})
	a.runIdle(false)
	select {
	case <-reads[0].done:
		t.Fatal("a read ran without its read slot")
	default:
	}
	if err := applySections(t, a, 2, f.section); err != nil {
		t.Fatal(err)
	}
	if r := <-reads[0].done; r.seen != 0 || r.outcome != 0 {
		t.Errorf("read: %+v", r)
	}
	if r := <-writes[0].done; r.seen != 0 || r.outcome != 0 {
		t.Errorf("write: %+v", r)
	}
	if !slices.Equal(m.log(), []string{"a"}) {
		t.Error(m.log())
	}
}

func TestIdleFlightWaitsForItsReadSlot(t *testing.T) {
	a, _ := newApplierAlone(1)
	openOwn(t, a)
	c, reads := chunkOf("")
	f := a.origin.add(c, 1<<60, departure{})
	a.origin.makeReady([]*flight{f}, 2)
	if a.runIdle(false); len(reads[0].done) != 0 {
		t.Fatal("it ran at slot 1")
	}
	if err := applySections(t, a, 2); err != nil {
		t.Fatal(err)
	}
	if a.runIdle(false); len(reads[0].done) != 1 {
		t.Error("it did not run at slot 2")
	}
}

// A command whose wait is over stays in its place; its replies are not used any more.
func TestExpiredFlightIsAppliedWithoutReplies(t *testing.T) {
	a, m := newApplierAlone(1)
	openOwn(t, a)
	write, writes := chunkOf("a")
	read, reads := chunkOf("")
	f := a.origin.add(write, 5, departure{})
	a.origin.add(read, 5, departure{})
	if ended := a.origin.expire(4, NoLeader, Uncertain); ended != nil {
		t.Fatal("expired before the deadline")
	}
	for _, ended := range a.origin.expire(5, NoLeader, Uncertain) {
		ended.replies.Fail(ended.outcome)
	}
	if r := <-writes[0].done; r.outcome != Uncertain {
		t.Errorf("write: %v", r.outcome)
	}
	if r := <-reads[0].done; r.outcome != NoLeader {
		t.Errorf("read: %v", r.outcome)
	}
	if err := applySections(t, a, 2, f.section); err != nil {
		t.Fatal(err)
	}
	a.runIdle(false)
	if flights, waiting, bytes := a.origin.load(); flights != 0 || waiting != 0 || bytes != 0 {
		t.Errorf("%d flights, %d waiting, %d bytes are left", flights, waiting, bytes)
	}
	if !slices.Equal(m.log(), []string{"a"}) {
		t.Error(m.log())
	}
}

func TestOwnSessionReplacedIsFatal(t *testing.T) {
	other := section{node: 1, session: uuid.New(), boot: 5, open: true}
	t.Run("another process opened a newer one", func(t *testing.T) {
		a, _ := newApplierAlone(3)
		openOwn(t, a)
		if err := applySections(t, a, 2, other); err == nil || !strings.Contains(err.Error(), "boot 5") {
			t.Error(err)
		}
	})
	t.Run("the own opening comes too late", func(t *testing.T) {
		a, _ := newApplierAlone(3)
		a.sessions.apply(&other)
		if err := applySections(t, a, 2, a.origin.flights[0].section); err == nil || !strings.Contains(err.Error(), "boot 5") {
			t.Error(err)
		}
	})
	t.Run("but not by its own repeated opening, nor by an older boot", func(t *testing.T) {
		a, _ := newApplierAlone(7)
		opening := a.origin.flights[0].section
		if err := applySections(t, a, 2, other, opening, opening, other); err != nil {
			t.Error(err)
		}
	})
}

func TestSectionNeverSentIsRefused(t *testing.T) {
	a, _ := newApplierAlone(1)
	openOwn(t, a)
	forged := section{node: 1, session: a.origin.session, first: 1, count: 1, commands: []byte("x")}
	if err := applySections(t, a, 2, forged); err == nil {
		t.Error("a section of the own session was applied that this node never sent")
	}
}

func TestReadersAreToldOnceTheirSlotIsApplied(t *testing.T) {
	var r readers
	reader := &client{}
	reader.reads.L = &reader.mu
	lane := &Lane{listener: reader}
	applied := paxos.Slot(4)
	now := func() paxos.Slot { return applied }
	r.add(readRound{slot: 5, tickets: []laneTicket{{lane, 7}}}, now)
	r.applied(4)
	if reader.ready != 0 {
		t.Fatal("told before the slot was applied")
	}
	if r.applied(5); reader.ready != 7 {
		t.Fatalf("told through %d, want 7", reader.ready)
	}
	r.add(readRound{slot: 4, tickets: []laneTicket{{lane, 8}}}, now)
	if reader.ready != 8 {
		t.Error("not told though the slot was applied already")
	}
	r.failLane(lane, 8, NoLeader)
	if reader.failed != 0 {
		t.Error("reads that are ready failed")
	}
	r.failLane(lane, 9, NoLeader)
	r.add(readRound{slot: 4, tickets: []laneTicket{{lane, 9}}}, now)
	if reader.failed != 9 || reader.ready != 8 {
		t.Error("reads that failed became ready")
	}
}

// slowLog is a log whose records take 2 seconds each to read.
type slowLog struct {
	Storage
	clock *fakeClock
}

func (s *slowLog) Read(from, _ paxos.Slot, _ int) ([]paxos.Record, error) {
	s.clock.mono += int64(2 * time.Second)
	return []paxos.Record{{Slot: from, Entry: paxos.Entry{Kind: paxos.EntryNoop}}}, nil
}

// A start that applies a long log says how far it is, not more often than every 3 seconds.
func TestALongLogIsAppliedWithWordsAboutIt(t *testing.T) {
	a, _ := newApplierAlone(1)
	clock, said := &fakeClock{}, &strings.Builder{}
	a.clock, a.log = clock, slog.New(slog.NewTextHandler(said, nil))
	var done atomic.Uint64
	if _, err := a.load(&slowLog{clock: clock}, 7, &done); err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(said.String(), "\n")
	if lines != 3 || !strings.Contains(said.String(), `msg="applying the log again" slot=6 of=7`) || done.Load() != 7 {
		t.Errorf("after %d slots it has said:\n%s", done.Load(), said)
	}
}
