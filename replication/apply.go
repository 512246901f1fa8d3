package replication

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// applier is the actor that applies chosen slots in order (rule C2) and answers this node's own chunks.
type applier struct {
	machine Machine
	origin  *origin
	readers *readers
	log     *slog.Logger
	queue   *queue[paxos.Record]
	// moved is called after each run of slots.
	moved func()
	// configured is told the configuration of a slot as that is applied.
	configured func(paxos.Configuration)
	// checkpoints and clock are nil in an applier that freezes nothing.
	checkpoints *checkpointer
	clock       Clock
	figures     *figures // nil in one that nobody watches
	fail        func(error)
	quit        <-chan struct{}
	ended       chan struct{}
	failed      atomic.Bool
	// watch, if not nil, is told of each slot as it is applied.
	watch func(*paxos.Record)

	// The actor's own: what was taken and is not applied yet begins at next.
	taken []paxos.Record
	next  int
	// began is when the own section at hand began to be applied, by stageTime; 0 if there is none.
	began time.Duration
	// live: what is applied now was not applied by an earlier boot already.
	live bool
	job  atomic.Pointer[applierJob]

	applied atomic.Uint64 // the newest applied slot

	mu       sync.Mutex // guards what follows; the applier alone writes it
	sessions SessionTable
	timeMS   int64 // of the newest applied batch
	// configuration is that of the newest applied slot that holds one; its Slot is 0 before the first.
	configuration paxos.Configuration
	mark          checkpointMark // the newest
}

// loadBytes is how much is read from the journal at once while a node restores its state.
const loadBytes = 4 << 20

// errStopped ends a load early.
var errStopped = errors.New("the group was closed")

// load applies the slots up to through from storage, counts them in done, and returns their bytes. It says now and then how far it is.
func (a *applier) load(s Storage, through paxos.Slot, done *atomic.Uint64) (bytes uint64, err error) {
	said := a.clock.Now().Mono
	for next := paxos.Slot(a.applied.Load()) + 1; next <= through; {
		select {
		case <-a.quit:
			return 0, errStopped
		default:
		}
		records, err := s.Read(next, through, loadBytes)
		if err != nil {
			return 0, fmt.Errorf("slots from %v on could not be read back: %w", next, err)
		}
		if len(records) == 0 {
			return 0, fmt.Errorf("slot %v is missing from storage, though chosen", next)
		}
		for i := range records {
			if err := a.apply(&records[i]); err != nil {
				return 0, err
			}
			done.Add(1)
		}
		bytes += uint64(recordsBytes(records))
		next = paxos.Slot(a.applied.Load()) + 1
		if now := a.clock.Now().Mono; now-said >= int64(loadingLogEvery) {
			said = now
			a.log.Info("applying the log again", "slot", next-1, "of", through)
		}
	}
	return bytes, nil
}

// await waits for slots to apply, or, in the middle of a run of them, for room to set more of the frozen state aside.
func (a *applier) await() {
	if a.next < len(a.taken) {
		a.checkpoints.awaitRoom()
		return
	}
	a.queue.await()
}

func (a *applier) isOver() bool {
	return a.failed.Load() || isClosed(a.quit) || a.next == len(a.taken) && a.queue.isEnded()
}

// step applies the next slot that the loop has handed over, and after the last of a run does what follows one.
func (a *applier) step() bool {
	if a.next == len(a.taken) {
		var ok bool
		a.next = 0
		if a.taken, ok = a.queue.take(a.taken); !ok {
			return false
		}
	}
	if a.next < len(a.taken) {
		if !a.checkpoints.hasRoom() {
			return false
		}
		if !a.applyNext() {
			return true
		}
	}
	if a.next == len(a.taken) {
		a.endRun()
	}
	return true
}

func (a *applier) applyNext() bool {
	r := &a.taken[a.next]
	if err := a.apply(r); err != nil {
		a.stop(err)
		return false
	}
	a.next++
	a.queue.done(1, len(r.Entry.Payload))
	return true
}

// endRun lets those go on who wait for what was applied.
func (a *applier) endRun() {
	if a.runJob() {
		a.runIdle(false)
		a.moved()
	}
}

// stop ends the actor, and the group with it.
func (a *applier) stop(err error) {
	a.failed.Store(true)
	a.fail(err)
}

// apply applies one slot and then lets go of the reads that waited for it.
func (a *applier) apply(r *paxos.Record) error {
	if uint64(r.Slot) != a.applied.Load()+1 {
		return fmt.Errorf("slot %v came to be applied after slot %d: a slot would be left out", r.Slot, a.applied.Load())
	}
	if err := a.applyEntry(r.Slot, r.Entry); err != nil {
		return fmt.Errorf("slot %v: %w", r.Slot, err)
	}
	a.applied.Store(uint64(r.Slot))
	if a.watch != nil {
		a.watch(r)
	}
	a.readers.applied(r.Slot)
	return nil
}

func (a *applier) applyEntry(slot paxos.Slot, entry paxos.Entry) error {
	switch entry.Kind {
	case paxos.EntryBatch:
		return a.applyBatch(slot, entry.Payload)
	case paxos.EntryConfiguration:
		return a.applyConfiguration(slot, entry.Payload)
	case paxos.EntryCheckpoint:
		return a.applyMark(slot, entry.Payload)
	case paxos.EntryNoop:
		return nil
	}
	return unknownKind(entry.Kind)
}

// applyMark has a checkpoint taken of what the slots before this one left, but for large commands that are not whole. While an earlier boot's slots are applied again
// there is none: the next mark will do.
func (a *applier) applyMark(slot paxos.Slot, payload []byte) error {
	mark, err := decodeMark(payload)
	if errors.Is(err, paxos.ErrNewerFormat) {
		return fmt.Errorf("the mark of a checkpoint: %w; upgrade this node", err)
	}
	if err != nil {
		a.log.Error("the mark of a checkpoint cannot be decoded and is applied as nothing, on every node alike; this is a bug",
			"slot", slot, "error", err)
		return nil
	}
	a.mu.Lock()
	a.mark = mark
	a.sessions.abandonPending()
	a.mu.Unlock()
	a.origin.restartLarge()
	if !a.live {
		a.marked(mark)
		return nil
	}
	return a.checkpoints.reached(slot, mark, a.clock.Now(), a.groupState)
}

// marked tells the checkpointer of a mark at which nothing is to be taken.
func (a *applier) marked(mark checkpointMark) {
	if a.checkpoints != nil {
		a.checkpoints.passed(mark.number)
	}
}

// groupState encodes what the log decides besides the machine, as of the newest applied slot.
func (a *applier) groupState() ([]byte, error) {
	a.mu.Lock()
	s := groupState{timeMS: a.timeMS, mark: a.mark, configuration: a.configuration, sessions: a.sessions.export()}
	a.mu.Unlock()
	if paxos.BreakTimeKept.On() {
		s.timeMS = 0
	}
	if paxos.BreakSessionsKept.On() {
		s.sessions = nil
	}
	return s.encode()
}

// applyConfiguration has the session table forget who left. A configuration that does not decode is of a newer format:
// going on without it would be taking part by the wrong rules.
func (a *applier) applyConfiguration(slot paxos.Slot, payload []byte) error {
	c, err := paxos.DecodeConfiguration(payload)
	if err != nil {
		return err
	}
	if c.Base != a.configuration.Slot && !paxos.BreakM1Base.On() {
		return nil // void, as it is for the core
	}
	c.Slot = slot
	a.changes()
	a.mu.Lock()
	a.sessions.renew(&a.configuration, &c)
	a.configuration = c
	a.sessions.keep(&c)
	a.mu.Unlock()
	a.configured(c)
	return nil
}

// applyBatch runs the sections of a batch. A batch that does not decode does so on no node, and changes nothing; one of a later release
// does on those that run it.
func (a *applier) applyBatch(slot paxos.Slot, payload []byte) error {
	b, err := decodeBatch(payload)
	if errors.Is(err, paxos.ErrNewerFormat) {
		return fmt.Errorf("a batch of commands: %w; upgrade this node", err)
	}
	if err != nil {
		a.log.Error("a chosen batch cannot be decoded and is applied as nothing, on every node alike; this is a bug",
			"slot", slot, "bytes", len(payload), "error", err)
		return nil
	}
	timeMS := a.advanceTime(b.timeMS)
	ran := false
	for i := range b.sections {
		s := &b.sections[i]
		replies, run, err := a.admit(slot, s)
		if err != nil {
			return err
		}
		if run {
			commands := s.commands
			if s.isFragment() {
				commands = a.takeWhole(s.node)
			}
			a.changes()
			a.machine.Apply(uint64(slot), Stamp{timeMS, sectionSeed(b.seed, i), b.retentionMS}, commands, int(s.count), replies)
			a.endOwn()
			ran = true
		}
	}
	if !ran {
		a.machine.Apply(uint64(slot), Stamp{timeMS, b.seed, b.retentionMS}, nil, 0, nil) // its time still passes
	}
	return nil
}

// takeWhole returns the commands of a large command that has come to its end.
func (a *applier) takeWhole(node paxos.NodeID) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions.takeWhole(node)
}

// changes notes that there is something for a checkpoint to hold.
func (a *applier) changes() {
	if a.checkpoints != nil && !a.checkpoints.changed.Load() {
		a.checkpoints.changed.Store(true)
	}
}

// advanceTime returns the slot's time, which never goes back.
func (a *applier) advanceTime(timeMS int64) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timeMS = max(a.timeMS, timeMS)
	if paxos.BreakTime.On() {
		a.timeMS = timeMS
	}
	return a.timeMS
}

// admit asks the session table about a section and finds who waits for its replies here.
func (a *applier) admit(slot paxos.Slot, s *section) (replies Replies, run bool, err error) {
	a.mu.Lock()
	v := a.sessions.apply(s)
	current, _ := a.sessions.Get(s.node)
	a.mu.Unlock()

	own := a.origin.isOwn(s)
	switch v {
	case verdictRun:
		if !own {
			return nil, true, nil
		}
		if !s.isFragment() {
			a.runIdle(true)
		}
		replies, err = a.beginOwn(s)
		return replies, err == nil, err
	case verdictPart:
		if own {
			a.origin.appliedFragment(s)
		}
		return nil, false, nil
	case verdictOpened:
		if own {
			_, _, err = a.origin.removeApplied(s)
		} else if s.node == a.origin.node && s.boot >= a.origin.boot && !a.isBeforeOwn() {
			err = a.replaced(current)
		}
		return nil, false, err
	case verdictStale:
		if own && current.ID != a.origin.session {
			err = a.replaced(current)
		}
		return nil, false, err
	case verdictRepeat, verdictGap, verdictFenced:
		a.log.Debug("section not applied", "slot", slot, "origin", s.node, "first", s.first, "count", s.count, "why", v)
	}
	return nil, false, nil
}

// beginOwn takes out the flight of an own section that is about to be applied, and counts how long it has waited.
func (a *applier) beginOwn(s *section) (Replies, error) {
	take := a.origin.removeApplied
	if s.isFragment() {
		take = a.origin.appliedLarge
	}
	replies, left, err := take(s)
	if err != nil || a.figures == nil {
		return replies, err
	}
	began, replicate, sync := a.figures.arrive(left)
	a.began = began
	if r, ok := replies.(StageReplies); ok {
		r.Waited(left.queued, replicate, sync)
	}
	return replies, nil
}

// endOwn counts how long it took to apply it.
func (a *applier) endOwn() {
	if a.began != 0 {
		a.figures.apply.AddDuration(stageTime() - a.began)
		a.began = 0
	}
}

// isBeforeOwn reports whether the log, where it has come to, is of a time when this node's id had another data directory.
func (a *applier) isBeforeOwn() bool {
	m, _ := a.configuration.Member(a.origin.node) // which this goroutine alone writes
	return m.UUID != "" && a.origin.uuid != "" && m.UUID != a.origin.uuid
}

// replaced is the end of this process: its commands will never be applied again.
func (a *applier) replaced(by Session) error {
	return fmt.Errorf("node %v has a session of boot %d, and this process is boot %d: another process runs with this node's identity, "+
		"or the data directory is an older copy. Stop the other process, or re-join with: paxredis member replace %v",
		a.origin.node, by.Boot, a.origin.boot, a.origin.node)
}

// runIdle runs the chunks without commands whose turn it is.
func (a *applier) runIdle(always bool) {
	applied := a.applied.Load()
	for {
		replies, ok := a.origin.removeIdle(paxos.Slot(applied), always)
		if !ok {
			return
		}
		if replies != nil {
			a.machine.Apply(applied, Stamp{TimeMS: a.advanceTime(0)}, nil, 0, replies)
		}
	}
}

// snapshot returns the session table and the log's time as of at least the slots applied before the call.
func (a *applier) snapshot() (sessions SessionTable, timeMS int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions.foretold(), a.timeMS
}
