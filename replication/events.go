package replication

import (
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// EventKind is what happened to a group.
type EventKind string

// The kinds of events. Operators see these names.
const (
	EventElection   EventKind = "election"   // this node stands for leader
	EventLeader     EventKind = "leader"     // this node follows another leader, itself included; Node 0: it knows of none
	EventMember     EventKind = "member"     // a member joined, was promoted, moved or left
	EventSlowSync   EventKind = "slow-sync"  // the journal took Took to be synced
	EventCheckpoint EventKind = "checkpoint" // a checkpoint was published, or not taken
	EventDivergence EventKind = "divergence" // another node's state is not this one's
	EventLoaded     EventKind = "loaded"     // the state was restored
)

// Event is something that operators want to know of.
type Event struct {
	Kind EventKind
	// Node is whom it is about, 0 if that is this node or nobody.
	Node paxos.NodeID
	Text string
	Took time.Duration
}

// SlowSync is how long a sync of the journal takes that is told of as slow: a healthy disk needs a few milliseconds, and followers begin to
// miss their leader at several hundred.
const SlowSync = 100 * time.Millisecond

func leaderEvent(id paxos.NodeID, ballot paxos.Ballot) Event {
	if id == 0 {
		return Event{Kind: EventLeader, Text: "no leader is known"}
	}
	return Event{Kind: EventLeader, Node: id, Text: fmt.Sprintf("node %v leads at ballot %v", id, ballot)}
}

// observe tells of an event, if anybody listens.
func (c *Config) observe(e Event) {
	if c.Observe != nil {
		c.Observe(e)
	}
}
