package peer

import (
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// messageOverhead is what a queued message counts for besides its payload.
const messageOverhead = 128

// outbox holds what waits to be written to one peer, in three lanes: control messages, which are small, bulk
// messages, which carry payloads, and parts of checkpoints. Each lane keeps its order; the writer takes from the first
// two in the order of arrival, but never lets a control message wait for more than a batch of bulk, nor either for more
// than a batch of parts. put never blocks: a full lane loses its oldest
// message, the one most likely to be out of date; the protocol sends everything again that matters.
// Safe for use by several goroutines.
type outbox struct {
	maxMessages, maxBytes int
	// wake has a token whenever there may be something to take.
	wake chan struct{}

	mu            sync.Mutex
	up            bool
	arrivals      uint64
	control, bulk lane
	parts         lane
	// overflowed counts messages lost to a full lane, unlinked those lost for want of a link.
	overflowed, unlinked uint64
}

func newOutbox(limits Limits) *outbox {
	return &outbox{maxMessages: limits.QueueMessages, maxBytes: limits.QueueBytes, wake: make(chan struct{}, 1)}
}

// put queues m, unless there is no link: news that old nodes would get late is no news, and the sender is told when
// a link comes up (Handler.LinkUp).
func (o *outbox) put(m paxos.Message) {
	size := messageOverhead + payloadBytes(m)
	o.mu.Lock()
	if !o.up {
		o.unlinked++
		o.mu.Unlock()
		return
	}
	l := o.laneOf(m.Kind(), size)
	for l.len() > 0 && (l.len() >= o.maxMessages || l.bytes+size > o.maxBytes) {
		l.pop()
		o.overflowed++
	}
	o.arrivals++
	l.push(queued{m, size, o.arrivals})
	o.mu.Unlock()
}

// bytes is how much waits.
func (o *outbox) bytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.control.bytes + o.bulk.bytes + o.parts.bytes
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// laneOf returns the lane of messages of that kind and size. A message of a control kind that does not fit a frame goes
// with bulk, so that the control lane, which is always taken whole, has none but short ones.
func (o *outbox) laneOf(kind paxos.MessageKind, size int) *lane {
	switch kind {
	case paxos.KindCheckpointPart:
		return &o.parts
	case paxos.KindAccept, paxos.KindPromise, paxos.KindLearned, paxos.KindForward:
		return &o.bulk
	}
	if size > pieceBytes {
		return &o.bulk
	}
	return &o.control
}

// takePart returns the part of a checkpoint that was queued first, if there is one.
func (o *outbox) takePart() (m paxos.Message, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.parts.len() == 0 {
		return nil, false
	}
	return o.parts.pop().message, true
}

// take appends to dst what may be written next: every control message, and bulk messages until they make up
// bulkBytes, the last one of any size. With bulkBytes 0 it takes no bulk. Parts of checkpoints it leaves alone.
func (o *outbox) take(dst []queued, bulkBytes int) []queued {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		bulk := bulkBytes > 0 && o.bulk.len() > 0
		control := o.control.len() > 0
		switch {
		case bulk && (!control || o.bulk.front().arrival < o.control.front().arrival):
			q := o.bulk.pop()
			bulkBytes -= q.size
			dst = append(dst, q)
		case control:
			dst = append(dst, o.control.pop())
		default:
			return dst
		}
	}
}

// start takes messages from now on, for a link that has just come up, and drops what waited for another.
func (o *outbox) start() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
	o.up = true
}

// stop drops what waits and takes nothing more until start.
func (o *outbox) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
	o.up = false
}

// seal takes nothing more, but keeps what waits for the writer.
func (o *outbox) seal() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.up = false
}

func (o *outbox) drop() {
	o.unlinked += uint64(o.control.len() + o.bulk.len() + o.parts.len())
	o.control, o.bulk, o.parts = lane{}, lane{}, lane{}
}

// queued is a message that waits.
type queued struct {
	message paxos.Message
	size    int
	arrival uint64
}

// lane is a first-in-first-out queue.
type lane struct {
	items []queued
	head  int
	bytes int
}

func (l *lane) len() int       { return len(l.items) - l.head }
func (l *lane) front() *queued { return &l.items[l.head] }

func (l *lane) push(q queued) {
	if len(l.items) == cap(l.items) && l.head > len(l.items)/2 {
		n := copy(l.items, l.items[l.head:])
		clear(l.items[n:])
		l.items, l.head = l.items[:n], 0
	}
	l.items = append(l.items, q)
	l.bytes += q.size
}

func (l *lane) pop() queued {
	q := l.items[l.head]
	l.items[l.head] = queued{}
	l.head++
	l.bytes -= q.size
	if l.head == len(l.items) {
		l.items, l.head = l.items[:0], 0
	}
	return q
}

func payloadBytes(m paxos.Message) int {
	switch m := m.(type) {
	case paxos.Accept:
		return len(m.Entry.Payload)
	case paxos.Forward:
		return len(m.Payload)
	case paxos.CheckpointAsk:
		return len(m.Cursor)
	case paxos.CheckpointPart:
		return len(m.Head) + len(m.Data) + len(m.Next) + len(m.Refused)
	case paxos.CheckpointDigest:
		return len(m.Digest)
	case paxos.Ask:
		return len(m.Payload)
	case paxos.Answer:
		return len(m.Payload)
	case paxos.Promise:
		return recordBytes(m.Accepted)
	case paxos.Learned:
		return recordBytes(m.Records)
	}
	return 0
}

func recordBytes(records []paxos.Record) int {
	total := 0
	for i := range records {
		total += messageOverhead + len(records[i].Entry.Payload)
	}
	return total
}
