package sim

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// client issues operations to the node it is connected to: one at a time, or many at once.
type client struct {
	world *world
	id    int
	at    paxos.NodeID // 0: not connected
	boot  uint64
	// connection counts them.
	connection int
	// bursts: it does not wait for a reply before it goes on, until it waits for all of them.
	bursts bool
	// burst is how many it issued last.
	burst int
	// unsent are the operations that its node has not read from the socket yet, open is how many have no outcome, those included.
	unsent []*operation
	open   int
	// plans counts what it was to do next: the newest counts.
	plans int
	// spacing is the longest time between two operations of a burst.
	spacing moment
	// appliedOf and repliedOf are the newest operations of connection number orderOf that were applied, and answered.
	orderOf, appliedOf, repliedOf int
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

// One client in burstingOf issues bursts: so many operations at once.
const (
	burstingOf = 3
	leastBurst = 5
	mostBurst  = 50
)

// next has the client issue another operation soon: after a burst, when it would have come to it without.
func (c *client) next() {
	w := c.world
	wait := moment(0)
	for range max(1, c.burst) {
		most := think
		if w.chance(w.pauses) {
			most = pause
		}
		wait += w.between(0, most)
	}
	c.plans++
	plan := c.plans
	w.after(wait, func() {
		if plan == c.plans {
			c.issue()
		}
	})
}

// issue issues an operation, or a burst, if there is a node to send it to.
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
	c.burst = 1
	if c.bursts {
		c.burst = int(w.between(leastBurst, mostBurst))
		c.spacing = w.between(0, millisecond)
	}
	c.send(n, c.burst)
}

// send makes up operations, and sends them.
func (c *client) send(n *node, count int) {
	w := c.world
	for range count {
		w.issued++
		op := &operation{client: c, id: w.issued, connection: c.connection}
		if err := w.workload.next(op); err != nil {
			w.violated(err)
			return
		}
		w.checks.invoked(op)
		c.open++
		c.unsent = append(c.unsent, op)
	}
	c.arrive(n)
}

// arrive has the process read the next operation from its socket: later if it stands still, or has no room.
func (c *client) arrive(n *node) {
	w := c.world
	boot := n.boots
	at := w.now + w.between(0, 200*microsecond) + w.between(0, c.spacing)
	if n.isFrozen() {
		at = n.thaw()
	}
	w.at(at, func() {
		if !n.isUp() || n.boots != boot {
			c.giveUp()
			return
		}
		if !n.isFrozen() && n.front.take(c.unsent[0]) {
			c.unsent = c.unsent[1:]
		}
		if len(c.unsent) > 0 {
			c.arrive(n)
		}
	})
}

// giveUp ends what no process has read, nor ever will.
func (c *client) giveUp() {
	unsent := c.unsent
	c.unsent = nil
	for _, op := range unsent {
		c.failed(op, false)
	}
}

// move has a client that has nothing open issue a burst at a node at once, instead of what it was to do next.
func (c *client) move(n *node) {
	c.plans++
	c.at, c.boot = n.id, n.boots
	c.connection++
	c.burst = min(int(c.world.between(leastBurst, mostBurst)), c.world.options.Operations)
	c.send(n, c.burst)
}

// connect returns the node the client is connected to, or connects it to another one.
func (c *client) connect() (*node, bool) {
	w := c.world
	if c.probing != 0 {
		n := w.node(c.probing)
		c.boot = n.boots
		c.connection++
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
		c.connection++
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
	c.over()
}

// failed ends an operation without one: it was not applied, or, uncertain, nobody knows.
func (c *client) failed(op *operation, uncertain bool) {
	c.world.answered++
	c.world.checks.failed(op, uncertain)
	if c.world.chance(500) {
		c.at = 0
	}
	c.over()
}

// over has the client go on once every operation has an outcome.
func (c *client) over() {
	if c.open--; c.open == 0 {
		c.next()
	}
}
