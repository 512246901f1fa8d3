package resp

import (
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// How much a client may do at a time while others want something, too.
const (
	// biteBytes is how much input of a client is read and run in one bite, apart from a command that is larger.
	biteBytes = 16 << 10
	// largeBite is how much of one large command is received in one bite: its bytes are only kept.
	largeBite = 256 << 10
	// biteNanos is how long the commands of one bite may run, but for the last.
	biteNanos = 500e3
	// wakeUpNanos is how long a loop serves clients before it looks again who else has sent something.
	wakeUpNanos = 500e3
	// roomBytes is how many bytes of commands a loop has on their way into the log before clients that have sent more than a bite wait
	// with their writes. What is on its way is in front of everybody who comes later: a few milliseconds' worth.
	roomBytes = 512 << 10
	// mostRoomBytes is the same for clients that begin.
	mostRoomBytes = 2 * roomBytes
)

// turns says which client is next. Clients that had nothing outstanding come before those that have sent more than a bite, as new flows come
// before old ones in FQ-CoDel (RFC 8290, 4.2): who sends a command now and then does not wait behind who sends a hundred thousand
// at once. Old ones take turns, a bite each.
type turns struct {
	fresh    clientQueue
	old      clientQueue
	awaiting clientQueue // old ones whose next command is a write, for which there is no room
	large    clientQueue // those whose next command is a large one, and another is on its way
	swapped  bool        // whose turn it is: old ones', or that of those who awaited room
}

// next removes the client whose turn it is; nil if there is none. room says whether there is room for writes, large whether there is for a large one.
func (t *turns) next(room, large bool) *Client {
	if c := t.fresh.pop(); c != nil {
		return c
	}
	t.swapped = !t.swapped
	if room && t.swapped {
		if c := t.awaiting.pop(); c != nil {
			return c
		}
	}
	if c := t.old.pop(); c != nil {
		return c
	}
	if large {
		if c := t.large.pop(); c != nil {
			return c
		}
	}
	if room {
		return t.awaiting.pop()
	}
	return nil
}

// any reports whether next would find a client.
func (t *turns) any(room, large bool) bool {
	return !t.fresh.empty() || !t.old.empty() || room && !t.awaiting.empty() || large && !t.large.empty()
}

// clientQueue is a queue of clients, each of which is in one queue at most. Closed ones are left out when their turn comes.
type clientQueue struct {
	clients []*Client
	head    int
}

func (q *clientQueue) empty() bool { return q.head == len(q.clients) }

func (q *clientQueue) push(c *Client) {
	c.isQueued = true
	if q.head > len(q.clients)/2 { // the move costs no more than what was popped
		n := copy(q.clients, q.clients[q.head:])
		clear(q.clients[n:])
		q.clients, q.head = q.clients[:n], 0
	}
	q.clients = append(q.clients, c)
}

func (q *clientQueue) pop() *Client {
	for !q.empty() {
		c := q.clients[q.head]
		q.clients[q.head] = nil
		q.head++
		if q.empty() {
			q.clients, q.head = q.clients[:0], 0
		}
		if !c.closed {
			c.isQueued = false
			return c
		}
	}
	return nil
}

// enqueueTurn gives a client a turn, if it has something to be done and is not held up.
func (l *eventLoop) enqueueTurn(c *Client) {
	switch {
	case c.isQueued || c.closed:
	case c.conn.OutboundBuffered() > 0 && !c.conn.IsFull():
		l.turns.old.push(c) // the rest of a large reply
	case c.hasReady:
		l.turns.old.push(c)
	case c.held():
	case c.awaitsLarge:
		l.turns.large.push(c)
	case c.awaitsRoom:
		l.turns.awaiting.push(c)
	case !c.hasMore && !c.readable:
		c.isOld, c.awaitsSince = false, time.Time{}
	case c.isOld:
		l.turns.old.push(c)
	default:
		l.turns.fresh.push(c)
	}
}

// hasRoom reports whether clients that wait with their writes may go on.
func (l *eventLoop) hasRoom() bool { return l.underWay < roomBytes && !l.lane.IsFull() }

// hasRoomFor reports whether a write of a client may go on.
func (l *eventLoop) hasRoomFor(c *Client) bool {
	if l.underWay < roomBytes || !c.isOld && l.underWay < mostRoomBytes {
		return !l.lane.IsFull()
	}
	return false
}

// needsRoom reports whether a command is for the log, and there is no room for it.
func (l *eventLoop) needsRoom(c *Client, args statemachine.Args) bool {
	if l.hasRoomFor(c) || len(args) == 0 {
		c.awaitsSince = time.Time{}
		return false
	}
	return l.isForLog(c, args, statemachine.Write)
}

// isForLog reports whether a command has one of these flags, or is the end of a transaction for the log.
func (l *eventLoop) isForLog(c *Client, args statemachine.Args, flags statemachine.Flags) bool {
	if len(args) == 0 {
		return false
	}
	cmd, _ := l.server.table.Resolve(args)
	switch {
	case cmd == nil:
		return false
	case c.tx != nil:
		return c.tx.writes && cmd.Name == "EXEC"
	}
	return cmd.Flags&flags != 0
}

// serve gives clients their turns until all have had theirs, or it is time to look who else has come.
func (l *eventLoop) serve() {
	began := l.server.nanos()
	for l.clock = began; l.clock-began < wakeUpNanos; {
		c := l.turns.next(l.hasRoom(), l.takesLarge())
		if c == nil {
			return
		}
		l.bite(c)
		l.endTurn()
		l.clock = l.server.nanos()
		l.endWaits(l.clock)
	}
}

// bite has a client do some of what it has sent.
func (l *eventLoop) bite(c *Client) {
	l.touch(c)
	c.awaitsRoom, c.awaitsLarge = false, false
	if c.conn.OutboundBuffered() > 0 && !l.send(c) || c.held() {
		return
	}
	l.biteEnds = l.clock + biteNanos
	if c.hasMore {
		l.parseInput(c)
	}
	if !c.hasMore && c.readable && !c.held() {
		l.readInput(c)
	}
	if c.ended && !c.hasMore && !c.closing {
		// What it has sent is answered, and it may still listen.
		c.closing = true
		c.input = input{}
	}
	c.isOld = c.hasMore || c.readable
}

// isBiteOver reports whether a client that has run so many bytes of its input is to let others go first.
func (l *eventLoop) isBiteOver(taken int) bool { return taken >= biteBytes || l.clock >= l.biteEnds }
