package replication

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// loading is how far a node is with restoring its state, in records of a checkpoint and slots of the log.
type loading struct {
	active      atomic.Bool
	done, total atomic.Uint64
	// least is the slot that the state must have come to before it is one: a node that lost its state, or never had one, and fetches it
	// from a peer is not active until that has come, and has nothing to show. 0 is the state of a new cluster.
	least atomic.Uint64
}

// lacksState reports whether there is no complete state, not even an old one.
func (g *Group) lacksState() bool { return g.applier.applied.Load() < g.loading.least.Load() }

// fetching notes that the checkpoint of that slot, or a later one, is fetched. A state that merely lags can be shown meanwhile.
func (g *Group) fetching(slot paxos.Slot) {
	if g.applier.applied.Load() == 0 {
		g.loading.least.Store(max(g.loading.least.Load(), uint64(slot)))
	}
}

func (l *loading) begin(total uint64) {
	l.done.Store(0)
	l.total.Store(total)
	l.active.Store(true)
}

// loadingLogEvery is the least time between two lines about a load, looked at every loadingLogRecords records.
const (
	loadingLogEvery   = 3 * time.Second
	loadingLogRecords = 1 << 11
)

// load restores the state: from the newest checkpoint, if there is one, then from the log, up to what is known to be chosen.
// It returns what the core goes on from. It runs on the goroutine that will be the loop's: nothing else can happen meanwhile.
func (g *Group) load(restored paxos.Restored) (paxos.Restored, error) {
	began := g.clock.Now().Mono
	if err := g.loadCheckpoint(restored.First, restored.Chosen); err != nil {
		return restored, err
	}
	from := paxos.Slot(g.applier.applied.Load())
	restored = startFrom(restored, from)
	if from+1 < restored.First {
		return g.loadNothing(restored)
	}
	g.loading.total.Store(g.loading.done.Load() + uint64(restored.Chosen-from))
	tail, err := g.applier.load(g.storage, restored.Chosen, &g.loading.done)
	if err != nil {
		return restored, err
	}
	g.checkpointer.tail(tail)
	if restored.Chosen > 0 {
		g.cfg.Logger.Info("state restored", "checkpoint", from, "slots", uint64(restored.Chosen-from), "took", time.Duration(g.clock.Now().Mono-began))
	}
	g.cfg.observe(Event{Kind: EventLoaded, Took: time.Duration(g.clock.Now().Mono - began), Text: fmt.Sprintf("state restored to slot %v", restored.Chosen)})
	return restored, nil
}

// startFrom makes restored agree with a checkpoint at slot from (0: none): what that covers is chosen.
func startFrom(restored paxos.Restored, from paxos.Slot) paxos.Restored {
	restored.Checkpoint = from
	if restored.Chosen < from {
		restored.Chosen = from
	}
	for len(restored.Records) > 0 && restored.Records[0].Slot <= restored.Chosen {
		restored.Records = restored.Records[1:]
	}
	return restored
}

// loadNothing is the start of a node that cannot restore its state: its log is cut, and it has no checkpoint. All it has voted
// for is handed to the core, even what it knew to be chosen: a candidate must be told.
func (g *Group) loadNothing(restored paxos.Restored) (paxos.Restored, error) {
	var kept []paxos.Record
	for next := restored.First; next <= restored.Chosen; next = kept[len(kept)-1].Slot + 1 {
		records, err := g.storage.Read(next, restored.Chosen, loadBytes)
		if err != nil || len(records) == 0 {
			return restored, fmt.Errorf("slots from %v on could not be read back (%d records): %w", next, len(records), err)
		}
		kept = append(kept, records...)
	}
	restored.Records = append(kept, restored.Records...)
	restored.Chosen = 0
	g.loading.least.Store(uint64(restored.First - 1))
	g.cfg.Logger.Warn("this node has lost its state and fetches it from a peer", "log from", restored.First)
	return restored, nil
}

// isAlone reports whether this node is the only member, by its configuration and by that of a checkpoint which may be damaged.
func (g *Group) isAlone(c *paxos.Checkpoint) bool {
	configuration := g.Configuration()
	members := configuration.Members()
	if state, err := decodeGroupState(c.Group); err == nil {
		members = append(members, state.configuration.Members()...)
	}
	return !slices.ContainsFunc(members, func(m paxos.Member) bool { return m.ID != g.cfg.Self })
}

// loadCheckpoint restores the newest checkpoint, after which the slots up to chosen follow. One that is damaged is given up, if there is a
// node to fetch another one from, or the log is whole.
func (g *Group) loadCheckpoint(first, chosen paxos.Slot) error {
	c, ok := g.storage.Checkpoint()
	if !ok {
		return nil
	}
	g.loading.total.Store(c.Count + uint64(max(chosen, c.Slot)-c.Slot))
	err := g.restore(c, g.quit, func(time.Duration) {})
	var damage damageError
	if err == nil {
		if configuration := g.applier.newestConfiguration(); configuration.Slot != 0 {
			g.setConfiguration(configuration)
		}
		return nil
	}
	if !errors.As(err, &damage) {
		return err
	}
	if first > 1 && g.isAlone(&c) {
		return fmt.Errorf("%w. There is no other node to fetch it from, and the log before slot %v is cut. Nothing was changed; "+
			"put a backup back with: paxredis restore", err, first)
	}
	g.cfg.Logger.Error("the newest checkpoint is damaged and given up", "slot", c.Slot, "error", err)
	g.machine.Reset()
	g.loading.begin(uint64(chosen))
	if err := g.storage.DiscardCheckpoint(err.Error()); err != nil {
		return fmt.Errorf("the damaged checkpoint of slot %v could not be given up: %w", c.Slot, err)
	}
	return nil
}

// damageError is the error of a checkpoint that another one can take the place of.
type damageError struct{ error }

func (e damageError) Unwrap() error { return e.error }

// restore replaces the state by that of checkpoint c, which is storage's newest. It runs on the applier's goroutine, or before
// there is one, and rests between bites of its work as it is told. Unless it returns nil, the machine is to be reset.
func (g *Group) restore(c paxos.Checkpoint, stop <-chan struct{}, rest func(worked time.Duration)) error {
	state, err := decodeGroupState(c.Group)
	if err != nil {
		return asDamage(err)
	}
	digest, err := c.Digest()
	if err != nil {
		return err
	}
	if err := g.restoreMachine(c, stop, rest); err != nil {
		return err
	}
	g.applier.restore(c.Slot, &state)
	now, journal := g.clock.Now(), g.storage.JournalBytes()
	g.checkpointer.restored(
		publishedCheckpoint{slot: c.Slot, records: c.Count, at: time.UnixMilli(state.mark.timeMS), journal: journal},
		appliedMark{number: state.mark.number, slot: c.Slot, journal: journal, at: now.Mono}, digest)
	return nil
}

// asDamage marks an error as damage, unless only a later release is needed: what that wrote must stay for it.
func asDamage(err error) error {
	if errors.Is(err, paxos.ErrNewerFormat) || errors.Is(err, errStopped) {
		return err
	}
	return damageError{err}
}

// restoreMachine hands the records of storage's newest checkpoint to the machine.
func (g *Group) restoreMachine(c paxos.Checkpoint, stop <-chan struct{}, rest func(worked time.Duration)) error {
	next, done, err := g.storage.LoadCheckpoint()
	if errors.Is(err, ErrDamaged) {
		return asDamage(fmt.Errorf("checkpoint of slot %v: %w", c.Slot, err))
	}
	if err != nil {
		return fmt.Errorf("the checkpoint of slot %v could not be read: %w", c.Slot, err)
	}
	err = g.machine.Restore(c, g.watched(c, next, stop, rest))
	if doneErr := done(); doneErr != nil && err == nil {
		return fmt.Errorf("the checkpoint of slot %v could not be read to its end: %w", c.Slot, doneErr)
	}
	if err != nil {
		return asDamage(fmt.Errorf("checkpoint of slot %v: %w", c.Slot, err))
	}
	return nil
}

// watched counts the records, says now and then how far it is, rests, and ends early when the group does.
func (g *Group) watched(
	c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error), stop <-chan struct{}, rest func(worked time.Duration),
) func() (paxos.CheckpointRecord, bool, error) {
	said := g.clock.Now().Mono
	began := said
	return func() (paxos.CheckpointRecord, bool, error) {
		record, ok, err := next()
		if !ok || err != nil {
			return record, false, err
		}
		if n := g.loading.done.Add(1); n%loadingLogRecords == 0 {
			select {
			case <-stop:
				return paxos.CheckpointRecord{}, false, errStopped
			case <-g.quit:
				return paxos.CheckpointRecord{}, false, errStopped
			default:
			}
			now := g.clock.Now().Mono
			rest(time.Duration(now - began))
			began = g.clock.Now().Mono
			if now-said >= int64(loadingLogEvery) {
				said = now
				g.cfg.Logger.Info("restoring the state", "checkpoint", c.Slot, "records", n, "of", c.Count)
			}
		}
		return record, true, nil
	}
}

// Loading reports whether the state is being restored, and how many records and slots of how many are: at the start, and again
// when this node has fallen behind by so much that it got a checkpoint from a peer. A node that has no state and fetches it is loading, too:
// of nothing, since nobody knows how much will come.
func (g *Group) Loading() (loading bool, done, total uint64) {
	if !g.loading.active.Load() && g.lacksState() {
		return true, 0, 0
	}
	total = g.loading.total.Load()
	return g.loading.active.Load(), min(g.loading.done.Load(), total), total
}
