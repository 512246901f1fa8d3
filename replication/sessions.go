package replication

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Session is what the state machine remembers of a node's newest session.
type Session struct {
	ID uuid.UUID
	// Boot is the start of the node's data directory that opened it.
	Boot uint64
	// Last is the number of the last command applied.
	Last uint64
	// Large is the number of the newest large command of which a fragment was applied, Whole says that all were, and so the command; else
	// Pending is how many bytes of it there are.
	Large   uint64
	Whole   bool
	Pending uint64
}

// SessionTable decides which sections of the log are applied, alike on every node. It is part of the replicated state.
// Not safe for concurrent use.
type SessionTable struct {
	nodes map[paxos.NodeID]Session
	// members are those of the newest configuration that the log brought; nil before the first. Until then nobody is fenced
	// for not being one: what the first members are is not in the log, so not every node knows it.
	members map[paxos.NodeID]struct{}
	// pending are the bytes of large commands of which the last fragment has not come, by node. A table that foretells keeps none: it is
	// a leader's, of what it has proposed.
	pending   map[paxos.NodeID][]byte
	foretells bool
}

// verdict is what becomes of a section.
type verdict uint8

const (
	verdictRun    verdict = iota // its commands are applied
	verdictOpened                // it opened a session
	verdictRepeat                // it was applied before: skipped
	verdictGap                   // one before it is missing: dropped, the origin sends it again
	verdictFenced                // its session is not, or not any more, the node's: dropped
	verdictPart                  // a fragment of a large command, not the last: kept
	verdictStale                 // it opens a session of a boot that is not above the node's newest: ignored
)

func (v verdict) String() string {
	return [...]string{"run", "opened", "applied before", "one before it is missing", "not the node's session",
		"a fragment", "not a newer boot"}[v]
}

func newSessionTable() SessionTable {
	return SessionTable{nodes: map[paxos.NodeID]Session{}, pending: map[paxos.NodeID][]byte{}}
}

// Get returns a node's newest session.
func (t *SessionTable) Get(node paxos.NodeID) (Session, bool) {
	s, ok := t.nodes[node]
	return s, ok
}

// foretold returns a copy that is to be told what will come, and so keeps no bytes. The set of members is shared: it is replaced, never changed.
func (t *SessionTable) foretold() SessionTable {
	return SessionTable{nodes: maps.Clone(t.nodes), members: t.members, foretells: true}
}

// forget forgets a node's session.
func (t *SessionTable) forget(node paxos.NodeID) {
	delete(t.nodes, node)
	delete(t.pending, node)
}

// renew forgets the sessions of members that have another data directory in configuration c than they had in the one before: a
// learner that lost its own before it was promoted. The boots of the new one count from 1 again.
func (t *SessionTable) renew(before, c *paxos.Configuration) {
	for _, m := range c.Members() {
		if old, _ := before.Member(m.ID); old.UUID != "" && old.UUID != m.UUID {
			t.forget(m.ID)
		}
	}
}

// keep takes the members of the configuration of a slot over, and forgets the sessions of all others. An id is never used
// again (rule M2), so what a node that left sends late finds no session, and cannot open one.
func (t *SessionTable) keep(c *paxos.Configuration) {
	t.members = map[paxos.NodeID]struct{}{}
	for _, m := range c.Members() {
		t.members[m.ID] = struct{}{}
	}
	for node := range t.nodes {
		if !t.isMember(node) {
			t.forget(node)
		}
	}
}

func (t *SessionTable) isMember(node paxos.NodeID) bool {
	_, ok := t.members[node]
	return ok || t.members == nil
}

// export returns the sessions, ordered by node. Together with the configuration of the same slot they are the whole table.
func (t *SessionTable) export() []NodeSession {
	sessions := make([]NodeSession, 0, len(t.nodes))
	for node, s := range t.nodes {
		sessions = append(sessions, NodeSession{node, s})
	}
	slices.SortFunc(sessions, func(a, b NodeSession) int { return int(a.Node) - int(b.Node) })
	return sessions
}

// restoreSessions makes a table of what export returned and the newest configuration that the log had brought by then; its
// Slot is 0 if there was none.
func restoreSessions(sessions []NodeSession, c paxos.Configuration) SessionTable {
	t := newSessionTable()
	for _, s := range sessions {
		t.nodes[s.Node] = s.Session
	}
	if c.Slot != 0 {
		t.keep(&c)
	}
	return t
}

// apply takes the next section of the log, notes what it changes, and says what becomes of it.
func (t *SessionTable) apply(s *section) verdict {
	if !t.isMember(s.node) {
		return verdictFenced
	}
	current := t.nodes[s.node]
	if s.open {
		// A boot number is used once, so an opening that comes late cannot take a newer boot's place.
		if s.boot <= current.Boot && !paxos.BreakBoot.On() {
			return verdictStale
		}
		t.forget(s.node)
		t.nodes[s.node] = Session{ID: s.session, Boot: s.boot}
		return verdictOpened
	}
	switch {
	case current.Boot != 0 && current.ID != s.session && paxos.BreakFence.On():
		return verdictRun
	case current.Boot == 0 || current.ID != s.session:
		return verdictFenced
	case s.isFragment():
		return t.applyFragment(s, current)
	case s.last() <= current.Last && !paxos.BreakRepeat.On():
		return verdictRepeat
	case s.first != current.Last+1 && s.last() > current.Last && !paxos.BreakGap.On():
		return verdictGap
	}
	current.Last = s.last()
	t.voidLarge(s, &current)
	t.nodes[s.node] = current
	return verdictRun
}
