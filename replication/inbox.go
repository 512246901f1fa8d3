package replication

import (
	"slices"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// inbox is everything that the loop is to react to. Peers' messages are bounded: who brings more waits for room.
type inbox struct {
	maxMessages, maxBytes int

	mu   sync.Mutex
	room sync.Cond
	mail
	bytes  int
	closed bool
	// wake has room for one: it says that there is something, not how much.
	wake chan struct{}
	// react, if not nil, has the loop look at its mail on the caller's goroutine, and reports whether it has, or another goroutine will.
	react func() bool
}

// mail is what one look into the inbox brings.
type mail struct {
	messages []paxos.Received
	links    []linkChange
	controls []func()
	stored   uint64 // the newest sequence on stable storage
}

func newInbox(b Bounds) *inbox {
	in := &inbox{maxMessages: b.InboxMessages, maxBytes: b.InboxBytes, wake: make(chan struct{}, 1)}
	in.room.L = &in.mu
	return in
}

// poke has the loop look at its mail. No lock may be held that the loop takes.
func (in *inbox) poke() {
	if in.react != nil && in.react() {
		return
	}
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// receive adds a peer's messages, and waits while there is no room.
func (in *inbox) receive(from paxos.NodeID, ms []paxos.Message) {
	bytes := 0
	for _, m := range ms {
		bytes += payloadBytes(m)
	}
	in.mu.Lock()
	for !in.closed && !in.hasRoom(len(ms), bytes) {
		in.room.Wait()
	}
	if !in.closed {
		in.bytes += bytes
		for _, m := range ms {
			in.messages = append(in.messages, paxos.Received{From: from, Message: m})
		}
	}
	in.mu.Unlock()
	in.poke()
}

// hasRoom reports whether that much fits. in.mu is held.
func (in *inbox) hasRoom(messages, bytes int) bool {
	return len(in.messages) == 0 || len(in.messages)+messages <= in.maxMessages && in.bytes+bytes <= in.maxBytes
}

// wouldWait reports whether receive would hold its caller up.
func (in *inbox) wouldWait(ms []paxos.Message) bool {
	bytes := 0
	for _, m := range ms {
		bytes += payloadBytes(m)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return !in.closed && !in.hasRoom(len(ms), bytes)
}

// linkChange is a link to a peer that came up or broke.
type linkChange struct {
	peer paxos.NodeID
	up   bool
}

// linkChanged notes what became of a link. However often one flaps, the loop sees its newest coming and its newest
// going, in their order.
func (in *inbox) linkChanged(change linkChange) {
	in.mu.Lock()
	in.links = append(slices.DeleteFunc(in.links, func(c linkChange) bool { return c == change }), change)
	in.mu.Unlock()
	in.poke()
}

func (in *inbox) storedThrough(sequence uint64) {
	in.mu.Lock()
	in.stored = max(in.stored, sequence)
	in.mu.Unlock()
	in.poke()
}

// control has the loop call f; it reports false once the loop has ended.
func (in *inbox) control(f func()) bool {
	in.mu.Lock()
	closed := in.closed
	if !closed {
		in.controls = append(in.controls, f)
	}
	in.mu.Unlock()
	if !closed {
		in.poke()
	}
	return !closed
}

// take swaps the mail for an empty one, which reuses the buffers of the mail before.
func (in *inbox) take(m *mail) {
	clear(m.messages)
	clear(m.controls)
	in.mu.Lock()
	m.messages, in.messages = in.messages, m.messages[:0]
	m.links, in.links = in.links, m.links[:0]
	m.controls, in.controls = in.controls, m.controls[:0]
	m.stored = in.stored
	in.bytes = 0
	in.mu.Unlock()
	in.room.Broadcast()
}

// close lets go of everybody who waits for room; what comes from now on is dropped.
func (in *inbox) close() {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.room.Broadcast()
}

// payloadBytes is how much memory the entries and commands of a message hold.
func payloadBytes(m paxos.Message) int {
	switch m := m.(type) {
	case paxos.Accept:
		return len(m.Entry.Payload)
	case paxos.Learned:
		return recordsBytes(m.Records)
	case paxos.Promise:
		return recordsBytes(m.Accepted)
	case paxos.Forward:
		return len(m.Payload)
	case paxos.CheckpointPart:
		return len(m.Head) + len(m.Data)
	}
	return 0
}

func recordsBytes(records []paxos.Record) int {
	bytes := 0
	for i := range records {
		bytes += len(records[i].Entry.Payload)
	}
	return bytes
}
