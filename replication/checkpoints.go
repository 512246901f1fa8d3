package replication

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// CheckpointStatus is where a node's checkpoints are.
type CheckpointStatus struct {
	// Slot and Records are those of the newest published checkpoint, Took and At how long it took, and when the leader decided
	// on it. Took is 0 for one that an earlier boot took, or that a peer did.
	Slot    paxos.Slot
	Records uint64
	Took    time.Duration
	At      time.Time
	// Running is the slot of the one being written, 0 without one.
	Running paxos.Slot
	// Fetching is the slot of the one being fetched from a peer, 0 without one; Fetched is how many bytes of it are here.
	Fetching paxos.Slot
	Fetched  uint64
	// JournalBytes is how much the journal has grown since the newest one.
	JournalBytes uint64
	// Skipped is how many this node has not taken since its start. NotTaken is why, if it has not taken the newest; empty if it has.
	Skipped  uint64
	NotTaken string
	// Differing are the nodes whose state at slot Compared, the newest that could be compared, is not this node's. There are
	// none unless memory, a disk or the program has failed on some node.
	Differing []paxos.NodeID
	Compared  paxos.Slot
}

// CheckpointStatus returns where this node's checkpoints are. Safe for use by several goroutines.
func (g *Group) CheckpointStatus() CheckpointStatus {
	c := g.checkpointer
	journal := g.storage.JournalBytes()
	c.mu.Lock()
	s := CheckpointStatus{
		Slot: c.newest.slot, Records: c.newest.records, Took: c.newest.took, At: c.newest.at,
		JournalBytes: journal - min(journal, c.newest.journal), Skipped: c.skipped.count,
	}
	if c.task != nil {
		s.Running = c.task.slot
	}
	if c.skipped.why != nil && c.skipped.slot >= c.mark.slot && c.skipped.slot > c.newest.slot {
		s.NotTaken = c.skipped.why.Error()
	}
	c.mu.Unlock()
	s.Fetching, s.Fetched = g.fetcher.progress()
	s.Compared, s.Differing = c.digests.differing()
	return s
}

// Checkpoint has the cluster decide on the slot of a checkpoint, and returns that slot. If wait is set it returns once this
// node has published that checkpoint, or a later one. The error says why there was no answer, or why this node took none.
func (g *Group) Checkpoint(ctx context.Context, wait bool) (paxos.Slot, error) {
	for {
		got, err := g.askLeader(ctx, request{kind: askCheckpoint})
		if err != nil {
			return 0, fmt.Errorf("replication: checkpoint: %w", err)
		}
		if !wait {
			return got.slot, nil
		}
		slot, err := g.awaitCheckpoint(ctx, got.slot)
		if errors.Is(err, errStillWriting) || errors.Is(err, errInstalling) || errors.Is(err, errRecollecting) {
			continue // this node was busy when it came to that slot
		}
		if err != nil {
			return 0, fmt.Errorf("replication: checkpoint at slot %v: %w", got.slot, err)
		}
		return slot, nil
	}
}

// awaitCheckpoint waits until this node has a checkpoint of slot or later, and returns its slot, or why it has none.
func (g *Group) awaitCheckpoint(ctx context.Context, slot paxos.Slot) (paxos.Slot, error) {
	for {
		published, news, why := g.checkpointer.outcome(slot)
		if published != 0 || why != nil {
			return published, why
		}
		select {
		case <-news:
		case <-ctx.Done():
			return 0, fmt.Errorf("not published in time; it may still be: %w", ctx.Err())
		case <-g.finished:
			return 0, errors.New("the group has ended")
		}
	}
}

// outcome returns the published slot if it is slot or later, or why there is none. While neither is known, news is closed when
// there is more to know.
func (c *checkpointer) outcome(slot paxos.Slot) (published paxos.Slot, news <-chan struct{}, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.newest.slot >= slot:
		return c.newest.slot, nil, nil
	case c.suspended, c.task != nil && c.task.slot >= slot, c.base == baseDamaged && errors.Is(c.skipped.why, errRecollecting):
	case c.skipped.slot >= slot && (c.task == nil || !errors.Is(c.skipped.why, errStillWriting)):
		return 0, nil, c.skipped.why
	}
	return 0, c.news, nil
}

// workOnCheckpoint has a mark proposed for whoever asked, and answers when it is applied here.
func (l *loop) workOnCheckpoint(a *asked) (answer, bool) {
	c := l.g.checkpointer
	c.mu.Lock()
	mark := c.mark
	c.mu.Unlock()
	if a.mark == 0 { // what was acknowledged before must be in it, so one that is on its way does not do
		a.mark = max(mark.number, l.marked) + 1
		l.markAsked = true
	}
	if mark.number < a.mark {
		l.markAsked = l.markAsked || l.marked < a.mark
		return answer{}, false
	}
	return answer{state: answerDone, slot: mark.slot}, true
}

// proposeMark has a checkpoint decided on when one is due, and the one before is done.
func (l *loop) proposeMark() {
	c := l.g.checkpointer
	if !l.active || l.closing.started {
		return
	}
	c.mu.Lock()
	mark, writing := c.mark, c.task != nil
	c.mu.Unlock()
	if writing || l.marked > mark.number || !l.markAsked && !l.isMarkDue(mark) {
		l.marking = false
		return
	}
	if l.waitsForLarge() {
		return
	}
	payload, err := encodeMark(checkpointMark{timeMS: l.now.Real / int64(time.Millisecond), number: mark.number + 1})
	if err != nil {
		l.g.fail(fmt.Errorf("a checkpoint could not be proposed: %w", err))
		return
	}
	if l.core.CanPropose(len(payload)) && !l.isBehind() {
		l.marked, l.markAsked, l.marking = mark.number+1, false, false
		l.sessions.abandonPending()
		l.step(paxos.Proposed{Entry: paxos.Entry{Kind: paxos.EntryCheckpoint, Payload: payload}})
	}
}

// isMarkDue reports whether the log has grown by enough since the newest mark, or enough time has passed for what came.
func (l *loop) isMarkDue(mark appliedMark) bool {
	bounds := &l.g.cfg.Bounds
	journal := l.g.storage.JournalBytes()
	return journal-min(journal, mark.journal) >= uint64(bounds.CheckpointBytes) ||
		l.now.Mono-mark.at >= int64(bounds.CheckpointInterval) && l.g.checkpointer.changed.Load()
}

// tellMembers sends a digest to every other member. Safe for use by several goroutines.
func (g *Group) tellMembers(d paxos.CheckpointDigest) {
	configuration := g.Configuration()
	for _, m := range configuration.Members() {
		if m.ID != g.cfg.Self {
			g.loop.transport.Send(m.ID, d)
		}
	}
}

// tellPeer sends the newest digest over a link that came up: the peer may not have got it.
func (l *loop) tellPeer(peer paxos.NodeID) {
	if d, ok := l.g.checkpointer.digests.newest(); ok {
		l.send(peer, d)
	}
}

// compact has the core know what is cut, or about to be.
func (g *Group) compact(first, checkpoint paxos.Slot) {
	g.inbox.control(func() { g.loop.step(paxos.Compacted{First: first, Checkpoint: checkpoint}) })
}
