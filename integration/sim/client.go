package sim

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// client issues operations, one at a time, to the node it is connected to.
type client struct {
	world *world
	id    int
	at    paxos.NodeID // 0: not connected
	boot  uint64
	// probing is the node that this client is to see serve, at the end of a history; then it calls onServed.
	probing  paxos.NodeID
	onServed func()
	wrote    bool
}

// think is how long a client waits between two operations at most, pause how long if it makes a longer pause.
const (
	think = 10 * millisecond
	pause = 3 * second
)

// next has the client issue another operation soon.
func (c *client) next() {
	w := c.world
	most := think
	if w.chance(w.pauses) {
		most = pause
	}
	w.after(w.between(0, most), c.issue)
}

// issue issues an operation, if there is a node to send it to.
func (c *client) issue() {
	w := c.world
	if !w.wantsOperations() && c.probing == 0 {
		return
	}
	n, ok := c.connect()
	if !ok {
		c.next()
		return
	}
	w.issued++
	op := &operation{client: c, id: w.issued}
	if err := w.workload.next(op); err != nil {
		w.violated(err)
		return
	}
	w.checks.invoked(op)
	c.send(n, op)
}

// send has the process read the operation from its socket: later if it stands still, or has no room.
func (c *client) send(n *node, op *operation) {
	w := c.world
	boot := n.boots
	at := w.now + w.between(0, 200*microsecond)
	if n.isFrozen() {
		at = n.thaw()
	}
	w.at(at, func() {
		switch {
		case !n.isUp() || n.boots != boot:
			c.failed(op, false) // it was never read
		case n.isFrozen() || !n.front.take(op):
			c.send(n, op)
		}
	})
}

// connect returns the node the client is connected to, or connects it to another one.
func (c *client) connect() (*node, bool) {
	w := c.world
	if c.probing != 0 {
		n := w.node(c.probing)
		c.boot = n.boots
		return n, n.isUp()
	}
	if c.at != 0 {
		if n := w.node(c.at); n.isUp() && n.boots == c.boot && !w.chance(20) {
			return n, true
		}
	}
	n, ok := pick(w, w.live())
	if ok {
		c.at, c.boot = n.id, n.boots
	}
	return n, ok
}

// replied ends an operation with its reply, which rests on the state at slot.
func (c *client) replied(op *operation, slot paxos.Slot, reply []byte) {
	c.world.answered++
	c.world.checks.replied(op, slot, reply)
	if c.probing != 0 {
		if c.wrote = c.wrote || op.isWrite(); c.wrote && !op.isWrite() {
			c.onServed()
			return
		}
	}
	c.next()
}

// failed ends an operation without one: it was not applied, or, uncertain, nobody knows.
func (c *client) failed(op *operation, uncertain bool) {
	c.world.answered++
	c.world.checks.failed(op, uncertain)
	if c.world.chance(500) {
		c.at = 0
	}
	c.next()
}
