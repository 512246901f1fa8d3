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

// checkpointer is the actor that writes frozen states to storage, publishes them, cuts the log behind them and compares
// them with those of the other nodes.
type checkpointer struct {
	storage Storage
	machine CheckpointMachine
	digests *divergence
	kept    *keptLog
	bounds  CheckpointBounds
	log     *slog.Logger
	observe func(Event)
	count   *atomic.Uint64 // of those published
	// tell sends a digest to every member. compact has the core know how far the log is cut, before it is, and after it was.
	tell    func(paxos.CheckpointDigest)
	compact func(first, checkpoint paxos.Slot)
	poke    func() // wakes the loop
	fail    func(error)
	quit    <-chan struct{}

	tasks    chan *checkpointTask // has room for one; there is never more
	progress chan struct{}        // has room for one: something was taken from the frozen state, or it is done
	wake     chan struct{}        // has room for one: there is a task, or a digest to judge
	stop     chan struct{}
	ended    chan struct{}
	clock    Clock
	// changed says that something was applied since the newest mark.
	changed atomic.Bool

	// The actor's own: the task it is at.
	current *checkpointTask
	failed  atomic.Bool

	mu        sync.Mutex // guards what follows
	task      *checkpointTask
	frozen    FrozenState // of task, while records are left in it
	suspended bool
	freezing  bool            // a mark was reached, and task is about to be made
	idle      chan<- struct{} // signalled when a task is finished; nil unless suspended
	base      baseState
	rewritten paxos.Slot // of the newest checkpoint that was written whole, or restored: damage of those before it says nothing
	// recollecting: the machine is at Recollect.
	recollecting bool
	mark         appliedMark
	newest       publishedCheckpoint
	skipped      skippedCheckpoint
	news         chan struct{} // closed, and replaced, when something of the above has changed
}

// checkpointTask is a frozen state to be written.
type checkpointTask struct {
	slot    paxos.Slot
	mark    checkpointMark
	frozen  FrozenState // until it is finished: nil then
	whole   bool        // all records are in frozen, and are written in place of all checkpoints before
	group   []byte
	journal uint64 // Storage.JournalBytes at the moment of the freeze
	stage   checkpointStage
	began   int64 // Instant.Mono

	// Known once it is published: its digest, and the slot of the one it replaces.
	digest []byte
	before paxos.Slot
}

// checkpointStage is what is to be done next for a checkpoint.
type checkpointStage uint8

const (
	stageBegin checkpointStage = iota
	stageWrite
	stagePublish
	stageCut
	stageRenew
)

// appliedMark is the newest EntryCheckpoint applied, and where this node was then.
type appliedMark struct {
	number  uint64
	slot    paxos.Slot
	journal uint64
	at      int64 // Instant.Mono
}

// publishedCheckpoint is the newest checkpoint of this node.
type publishedCheckpoint struct {
	slot    paxos.Slot
	records uint64
	took    time.Duration
	at      time.Time
	journal uint64
}

// skippedCheckpoint is the newest mark at which this node took no checkpoint.
type skippedCheckpoint struct {
	count uint64
	slot  paxos.Slot
	why   error
}

// Why no checkpoint is taken at a mark, apart from want of space.
var (
	errStillWriting = errors.New("the checkpoint before is still being written")
	errInstalling   = errors.New("a checkpoint is being fetched from a peer")
)

func newCheckpointer(g *Group) *checkpointer {
	c := &checkpointer{
		observe: g.cfg.observe, count: &g.figures.checkpoints, storage: g.storage, machine: g.machine, kept: g.kept, bounds: g.cfg.Bounds.CheckpointBounds, log: g.cfg.Logger,
		tell: g.tellMembers, compact: g.compact, poke: g.inbox.poke, fail: g.fail, quit: g.quit, clock: g.clock,
		tasks: make(chan *checkpointTask, 1), progress: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		stop: make(chan struct{}), ended: make(chan struct{}),
		mark: appliedMark{at: g.clock.Now().Mono}, news: make(chan struct{}),
	}
	c.digests = newDivergence(g.cfg.Self, g.cfg.Logger, func() paxos.Configuration { return g.Configuration() }, c.wake)
	c.digests.observe = g.cfg.observe
	return c
}

func (c *checkpointer) await() {
	select {
	case <-c.stop:
	case <-c.quit:
	case <-c.wake:
	}
}

func (c *checkpointer) isOver() bool { return c.failed.Load() || isClosed(c.stop) || isClosed(c.quit) }

// step does the next bite of the checkpoint at hand, takes up the next one, or judges digests.
func (c *checkpointer) step() bool {
	if c.isOver() {
		return false
	}
	if c.current == nil {
		select {
		case c.current = <-c.tasks:
		default:
			return c.recollect() || c.judge()
		}
	}
	task := c.current
	if err := c.proceed(task); err != nil {
		c.end(fmt.Errorf("the checkpoint at slot %v could not be written: %w", task.slot, err))
	}
	return true
}

// end ends the actor, and the group with it.
func (c *checkpointer) end(err error) {
	c.failed.Store(true)
	c.fail(err)
}

// reached takes a mark that is being applied: the state is frozen here, or it is said why not. On the applier's goroutine.
func (c *checkpointer) reached(slot paxos.Slot, mark checkpointMark, now paxos.Instant, group func() ([]byte, error)) error {
	journal := c.storage.JournalBytes()
	c.changed.Store(false)
	why := c.note(appliedMark{mark.number, slot, journal, now.Mono})
	if why == nil {
		defer c.frozenOrNot()
		if why = c.storage.RoomForCheckpoint(); why != nil && !errors.Is(why, ErrDiskSpace) {
			return fmt.Errorf("whether there is room for a checkpoint could not be found out: %w", why)
		}
	}
	if why != nil {
		c.skip(slot, why)
		return nil
	}
	encoded, err := group()
	if err != nil {
		return fmt.Errorf("the state of the group could not be encoded: %w", err)
	}
	if paxos.BreakFreeze.On() {
		slot++
	}
	task := &checkpointTask{slot: slot, mark: mark, frozen: c.machine.Freeze(), group: encoded, journal: journal}
	c.mu.Lock()
	if c.base == baseReplaced {
		task.whole, c.base = true, baseSound
	}
	c.task, c.frozen = task, task.frozen
	c.announce()
	c.mu.Unlock()
	c.tasks <- task
	signal(c.wake)
	return nil
}

// passed notes a mark that an earlier boot applied already: what was written since the checkpoint restored still counts.
func (c *checkpointer) passed(number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark.number = number
}

// note keeps what the leader's schedule goes by, and says why there can be no checkpoint now.
func (c *checkpointer) note(mark appliedMark) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark = mark
	c.announce()
	switch {
	case c.suspended:
		return errInstalling
	case c.task != nil:
		return errStillWriting
	case c.base == baseDamaged:
		return errRecollecting
	}
	c.freezing = true
	return nil
}

// frozenOrNot ends what note began.
func (c *checkpointer) frozenOrNot() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.freezing = false
	if c.task == nil && c.idle != nil {
		signal(c.idle)
	}
	signal(c.wake) // there may be something to recollect
}

func (c *checkpointer) skip(slot paxos.Slot, why error) {
	c.log.Warn("no checkpoint is taken here, so the log is not cut; the next one covers what this one would have", "slot", slot, "why", why)
	c.observe(Event{Kind: EventCheckpoint, Text: fmt.Sprintf("no checkpoint of slot %v was taken: %v", slot, why)})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped = skippedCheckpoint{c.skipped.count + 1, slot, why}
	c.announce()
}

// announce wakes who waits for news. c.mu is held.
func (c *checkpointer) announce() {
	close(c.news)
	c.news = make(chan struct{})
}

// urgency is how little time there is for the checkpoint that is being written: the log may grow by as much again as it did before the
// mark, and commands need room for what they set aside.
func (c *checkpointer) urgency() float64 {
	c.mu.Lock()
	task, frozen := c.task, c.frozen
	c.mu.Unlock()
	if task == nil {
		return 0
	}
	journal := c.storage.JournalBytes()
	urgency := float64(journal-min(journal, task.journal)) / float64(c.bounds.CheckpointBytes)
	if frozen != nil {
		urgency = max(urgency, 2*float64(frozen.Waiting())/float64(c.bounds.FrozenBytes))
	}
	return urgency
}

// hasRoom reports whether commands may set more of the frozen state aside. On the applier's goroutine.
func (c *checkpointer) hasRoom() bool {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	return frozen == nil || frozen.Waiting() <= c.bounds.FrozenBytes
}

// awaitRoom waits until hasRoom may have changed, or the group fails. On the applier's goroutine, outside the machine's lock.
func (c *checkpointer) awaitRoom() {
	select {
	case <-c.progress:
	case <-c.quit:
	}
}

// proceed does what is next for a checkpoint. A crash may come between any two of these stages.
func (c *checkpointer) proceed(task *checkpointTask) error {
	switch task.stage {
	case stageBegin:
		return c.begin(task)
	case stageWrite:
		return c.unlessSpoilt(task, c.write(task))
	case stagePublish:
		return c.publish(task)
	case stageCut:
		if err := c.cut(task.before, task.slot); err != nil {
			return err
		}
		c.digests.add(c.digests.self, task.slot, task.digest)
		c.tell(paxos.CheckpointDigest{Slot: task.slot, Digest: task.digest})
		task.stage = stageRenew
		return nil
	}
	err := c.storage.RenewCheckpoint()
	if errors.Is(err, ErrDamaged) {
		c.spoilt(task.slot, err)
	} else if err != nil {
		return err
	}
	c.finish()
	return nil
}

// publish publishes what was written.
func (c *checkpointer) publish(task *checkpointTask) error {
	if paxos.BreakCut.On() {
		if _, err := c.storage.Cut(task.slot + 1); err != nil {
			return err
		}
	}
	checkpoint := c.thaw(task)
	checkpoint.Slot, checkpoint.Group = task.slot, task.group
	if err := c.storage.PublishCheckpoint(checkpoint); err != nil {
		return c.unlessSpoilt(task, err)
	}
	var err error
	if task.digest, err = checkpoint.Digest(); err != nil {
		return err
	}
	took := time.Duration(c.clock.Now().Mono - task.began)
	task.before = c.published(publishedCheckpoint{task.slot, checkpoint.Count, took, time.UnixMilli(task.mark.timeMS), task.journal})
	c.log.Info("checkpoint", "slot", task.slot, "records", checkpoint.Count, "took", took)
	c.count.Add(1)
	c.observe(Event{Kind: EventCheckpoint, Took: took, Text: fmt.Sprintf("checkpoint of slot %v, %d records", task.slot, checkpoint.Count)})
	task.stage = stageCut
	return nil
}

// write moves some records of a frozen state to storage, and lets the applier look again.
func (c *checkpointer) write(task *checkpointTask) error {
	records := task.frozen.Next(c.bounds.PartBytes)
	if err := c.storage.WriteCheckpoint(task.slot, records); err != nil {
		return err
	}
	signal(c.progress)
	if len(records) == 0 {
		task.stage = stagePublish
	}
	return nil
}

// thaw ends the frozen state of a checkpoint, once, and returns what describes it. It holds nothing any more.
func (c *checkpointer) thaw(task *checkpointTask) paxos.Checkpoint {
	checkpoint := task.frozen.Finish()
	task.frozen = nil
	c.mu.Lock()
	c.frozen = nil
	c.mu.Unlock()
	signal(c.progress)
	return checkpoint
}

// published notes this node's newest checkpoint, and returns the slot of the one before.
func (c *checkpointer) published(p publishedCheckpoint) (before paxos.Slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.newest = c.newest.slot, p
	if c.task.whole {
		c.rewritten = p.slot
	}
	c.announce()
	return before
}

// cut cuts the log below what the checkpoint before the newest covers: what came since stays for peers that lag a little, and more for
// those that fetch a checkpoint from this node.
func (c *checkpointer) cut(before, newest paxos.Slot) error {
	if before == 0 {
		c.compact(0, newest)
		return nil
	}
	below := c.kept.limit(before+1, newest)
	c.compact(below, newest)
	first, err := c.storage.Cut(below)
	if err != nil {
		return fmt.Errorf("the log could not be cut below slot %v: %w", below, err)
	}
	c.log.Debug("log cut", "first", first)
	return nil
}

// finish lets the next one begin.
func (c *checkpointer) finish() {
	c.mu.Lock()
	c.task = nil
	c.announce()
	idle := c.idle
	c.mu.Unlock()
	c.current = nil
	if idle != nil {
		signal(idle)
	}
	c.poke()
}

// suspend has no checkpoint begun until resume. One that is being written goes on; idle, which has room for one, is signalled when
// that is finished.
func (c *checkpointer) suspend(idle chan<- struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.suspended, c.idle = true, idle
}

// isWriting reports whether a checkpoint is being written, or about to be, or its state is being collected.
func (c *checkpointer) isWriting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.task != nil || c.freezing || c.recollecting
}

func (c *checkpointer) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.suspended, c.idle = false, nil
	c.announce()
	signal(c.wake)
}

// restored notes the checkpoint that the state was made from, and how much of the log came after it.
func (c *checkpointer) restored(p publishedCheckpoint, mark appliedMark, digest []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest, c.mark, c.base, c.rewritten = p, mark, baseSound, p.slot
	if digest != nil {
		c.digests.add(c.digests.self, p.slot, digest)
	}
	c.announce()
}

// tail counts what of the log came after the checkpoint restored as written since.
func (c *checkpointer) tail(bytes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest.journal -= min(c.newest.journal, bytes)
	c.mark.journal -= min(c.mark.journal, bytes)
}

// close stops the goroutine; a checkpoint that is being written is left unfinished.
func (c *checkpointer) close() { close(c.stop) }
