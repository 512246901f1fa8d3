package replication

import (
	"context"
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// ChangeKind is what a Change does.
type ChangeKind uint8

// The kinds of changes. The values are part of the links' format.
const (
	// AddMember makes Change.Member a learner, which is promoted when it has caught up.
	AddMember ChangeKind = 1
	// RemoveMember takes the member of Change.Member.ID out.
	RemoveMember ChangeKind = 2
	// ReplaceMember makes Change.Member a learner that takes Change.Replaces' place when it has caught up. Without an
	// address it gets that of the voter it replaces.
	ReplaceMember ChangeKind = 3
	// MoveMember gives the member of Change.Member.ID another address.
	MoveMember ChangeKind = 4
	// TransferLeadership hands leadership to Change.Member.ID, to the most up to date voter if that is 0.
	TransferLeadership ChangeKind = 5
)

func (k ChangeKind) String() string {
	switch k {
	case AddMember:
		return "add a member"
	case RemoveMember:
		return "remove a member"
	case ReplaceMember:
		return "replace a member"
	case MoveMember:
		return "move a member"
	case TransferLeadership:
		return "transfer leadership"
	}
	return fmt.Sprintf("change of kind %d", uint8(k))
}

// Change is a change of the members, or of who leads them.
type Change struct {
	Kind   ChangeKind
	Member paxos.Member
	// Replaces is the voter that leaves, for ReplaceMember.
	Replaces paxos.NodeID
	// Force has it done even if the voters that are left have no majority that can be reached.
	Force bool
}

// Change has the leader, whichever node it is, change the members, and returns once the change is active: the new
// configuration was chosen, and a leader is at work in it. The error says why it was refused or not seen to happen; a change
// asked for again is done once. An id of 0 for a new member gets the next free one, unless a member has that UUID, or
// address, already.
func (g *Group) Change(ctx context.Context, c Change) (paxos.Configuration, error) {
	a, err := g.askLeader(ctx, request{kind: askChange, change: c})
	if err != nil {
		return paxos.Configuration{}, fmt.Errorf("replication: %v: %w", c.Kind, err)
	}
	if a.configuration.IsMember(g.cfg.Self) {
		g.setConfiguration(a.configuration) // it was chosen: who asks this node next must be told of it
	}
	return a.configuration, nil
}

// Configuration returns the configuration that is active as far as this node knows. The caller must not change it.
func (g *Group) Configuration() paxos.Configuration { return *g.active.Load() }

// setConfiguration makes c the active configuration, unless a later one is known. Safe for use by several goroutines.
func (g *Group) setConfiguration(c paxos.Configuration) {
	for {
		known := g.active.Load()
		if known != nil && c.Slot <= known.Slot {
			return
		}
		if g.active.CompareAndSwap(known, &c) {
			g.removed.Store(!c.IsMember(g.cfg.Self))
			return
		}
	}
}

// Met tells that a node with that UUID has this id: this node's own, or that of a peer whose handshake was accepted. A leader
// writes the UUIDs it has met into the configuration when the members there have none (rule D4).
func (g *Group) Met(id paxos.NodeID, uuid string) {
	g.inbox.control(func() { g.loop.met(id, uuid) })
}

// Removed tells that this node is no member any more, and how that is known: a peer says so whose configuration is newer.
// From now on clients are refused.
func (g *Group) Removed(why string) {
	g.inbox.control(func() {
		if !g.removed.Swap(true) {
			g.cfg.Logger.Warn("this node was removed from the cluster", "why", why)
		}
	})
}

// configured takes over a configuration that has become active in the core.
func (l *loop) configured(c paxos.Configuration) {
	l.g.setConfiguration(c)
	l.transport.SetMembers(c)
	before := l.members
	l.members = c
	for _, change := range memberChanges(&before, &c) {
		l.g.cfg.Logger.Info("member "+change.what, "member", change.id, "slot", uint64(c.Slot), "voters", len(c.Voters), "learners", len(c.Learners))
		l.g.cfg.observe(Event{Kind: EventMember, Node: change.id, Text: fmt.Sprintf("node %v %s", change.id, change.what)})
	}
	if l.g.removed.Load() {
		l.g.cfg.Logger.Warn("this node was removed from the cluster; it keeps its data and serves no clients", "slot", uint64(c.Slot))
	}
}

// isMember reports whether a node is in the active configuration.
func (l *loop) isMember(id paxos.NodeID) bool {
	active := l.g.active.Load()
	return active.IsMember(id)
}

// memberChange is what became of one member, for the log.
type memberChange struct {
	id   paxos.NodeID
	what string
}

// memberChanges lists what has changed between two configurations.
func memberChanges(before, after *paxos.Configuration) []memberChange {
	var changes []memberChange
	for _, m := range after.Members() {
		old, known := before.Member(m.ID)
		switch {
		case !known:
			changes = append(changes, memberChange{m.ID, "joined"})
		case after.IsVoter(m.ID) && !before.IsVoter(m.ID):
			changes = append(changes, memberChange{m.ID, "was promoted"})
		case old.Address != m.Address:
			changes = append(changes, memberChange{m.ID, "moved to " + m.Address})
		}
	}
	for _, m := range before.Members() {
		if !after.IsMember(m.ID) {
			changes = append(changes, memberChange{m.ID, "left"})
		}
	}
	return changes
}

// refuseRemoved ends every wait at a node that was removed, once everything it knows up to the removal is applied. What was sent by
// then is not applied, and never will be, if the removal itself is among that; it is uncertain to a node that was only told. All
// else was sent nowhere.
func (l *loop) refuseRemoved() {
	if !l.g.removed.Load() {
		return
	}
	l.g.wantsChunks.Store(true) // before the lanes are looked into: what comes later wakes the loop
	l.g.wantsReads.Store(true)
	active, applied := l.g.Configuration(), l.g.applier.applied.Load()
	if applied >= min(uint64(active.Slot), uint64(l.core.Chosen())) {
		sent := Uncertain
		if !active.IsMember(l.g.cfg.Self) && applied >= uint64(active.Slot) {
			sent = Removed // what is not applied by now is fenced, wherever it is
		}
		for _, f := range l.g.origin.expire(1<<63-1, Removed, sent) {
			f.replies.Fail(f.outcome)
		}
	}
	for _, lane := range l.lanes() {
		lane.failHeld(1<<63-1, Removed)
		lane.collect()
		lane.failHeld(1<<63-1, Removed)
	}
	l.expireReads(1<<63-1, Removed)
}

// ErrNoMember is what a node that is no member says to who wants something of the cluster through it. Its text tells it from every other refusal.
var ErrNoMember = errors.New("this node is not a member of the cluster: ask one that is")
