package replication

import (
	"maps"

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
}

// SessionTable decides which sections of the log are applied, alike on every node. It is part of the replicated state.
// Not safe for concurrent use.
type SessionTable struct {
	nodes map[paxos.NodeID]Session
}

// verdict is what becomes of a section.
type verdict uint8

const (
	verdictRun    verdict = iota // its commands are applied
	verdictOpened                // it opened a session
	verdictRepeat                // it was applied before: skipped
	verdictGap                   // one before it is missing: dropped, the origin sends it again
	verdictFenced                // its session is not, or not any more, the node's: dropped
	verdictStale                 // it opens a session of a boot that is not above the node's newest: ignored
)

func (v verdict) String() string {
	return [...]string{"run", "opened", "applied before", "one before it is missing", "not the node's session", "not a newer boot"}[v]
}

func newSessionTable() SessionTable { return SessionTable{nodes: map[paxos.NodeID]Session{}} }

// Get returns a node's newest session.
func (t *SessionTable) Get(node paxos.NodeID) (Session, bool) {
	s, ok := t.nodes[node]
	return s, ok
}

func (t *SessionTable) clone() SessionTable { return SessionTable{nodes: maps.Clone(t.nodes)} }

// apply takes the next section of the log, notes what it changes, and says what becomes of it.
func (t *SessionTable) apply(s *section) verdict {
	current := t.nodes[s.node]
	if s.open {
		// A boot number is used once, so an opening that comes late cannot take a newer boot's place.
		if s.boot <= current.Boot {
			return verdictStale
		}
		t.nodes[s.node] = Session{ID: s.session, Boot: s.boot}
		return verdictOpened
	}
	switch {
	case current.Boot == 0 || current.ID != s.session:
		return verdictFenced
	case s.last() <= current.Last:
		return verdictRepeat
	case s.first != current.Last+1:
		return verdictGap
	}
	current.Last = s.last()
	t.nodes[s.node] = current
	return verdictRun
}
