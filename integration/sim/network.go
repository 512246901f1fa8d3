package sim

import (
	"fmt"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication/paxos"
)

// A link carries messages in three lanes a direction, as those of package peer do: within a lane they keep their order, and short
// control messages pass bulk.
const (
	laneControl = iota
	laneBulk
	laneParts
	lanes
)

func laneOf(m paxos.Message) int {
	switch m.(type) {
	case paxos.Accept, paxos.Promise, paxos.Learned, paxos.Forward:
		return laneBulk
	case paxos.CheckpointPart:
		return laneParts
	}
	return laneControl
}

// What links are like when nothing is wrong.
const (
	minDelay = 20 * microsecond
	maxDelay = 2 * millisecond
	// idleTimeout is after how long an end gives a link up that brings nothing; both ends find out at different times.
	minIdleTimeout = 400 * millisecond
	maxIdleTimeout = 3 * second
	maxRedial      = 150 * millisecond
)

// network connects the nodes: one link a pair, as in package peer.
type network struct {
	world *world
	codec peer.Codec
	links map[pair]*link
	// blocked are the directions in which nothing gets through, and how many faults see to that.
	blocked map[pair]int
	// What of the messages is lost, or comes twice, and how much longer they take: per mille and a factor.
	lossy, doubled, slower overlap
	// held are the votes that are kept back, by direction.
	held map[pair]*heldVotes
}

// pair is a direction, or, with from below to, a link.
type pair struct{ from, to paxos.NodeID }

func pairOf(a, b paxos.NodeID) pair { return pair{min(a, b), max(a, b)} }

// link is a connection between two nodes, made anew after it broke.
type link struct {
	up bool
	// connection counts them: what was sent on an earlier one is lost.
	connection uint64
	dialling   bool
	directions [2]direction // from the lower id, from the higher
}

type direction struct {
	lanes [lanes]flow
}

// flow is a lane of a direction: a queue of messages on their way.
type flow struct {
	queue   []transit
	planned bool
}

type transit struct {
	at      moment
	message paxos.Message
}

func newNetwork(w *world) *network {
	return &network{world: w, links: map[pair]*link{}, blocked: map[pair]int{}, held: map[pair]*heldVotes{}}
}

func (n *network) link(a, b paxos.NodeID) *link {
	p := pairOf(a, b)
	l := n.links[p]
	if l == nil {
		l = &link{}
		n.links[p] = l
	}
	return l
}

func (l *link) flow(from, to paxos.NodeID, lane int) *flow {
	if from < to {
		return &l.directions[0].lanes[lane]
	}
	return &l.directions[1].lanes[lane]
}

// send puts a message on the link of two nodes; without one it is lost.
func (n *network) send(from, to paxos.NodeID, m paxos.Message) {
	w := n.world
	l := n.link(from, to)
	if !l.up || n.hold(from, to, m) {
		return
	}
	if n.doubled.isOn() && w.chance(int(n.doubled.strength(0))) {
		w.faults[FaultRepeat]++
		n.repeat(from, to, m)
	}
	if n.lossy.isOn() && w.chance(int(n.lossy.strength(0))) {
		w.faults[FaultLoss]++
		return
	}
	f := l.flow(from, to, laneOf(m))
	at := w.now + w.between(minDelay, maxDelay)*n.slower.strength(1)
	if last := len(f.queue) - 1; last >= 0 {
		at = max(at, f.queue[last].at)
	}
	f.queue = append(f.queue, transit{at, m})
	n.plan(from, to, l, f)
}

// repeat has a message come once more, at any time, in no order with the others. No link does that to a process: it is what the protocol
// must bear all the same, and what makes the rules about late messages matter.
func (n *network) repeat(from, to paxos.NodeID, m paxos.Message) {
	w, receiver := n.world, n.world.node(to)
	boot := receiver.boots
	w.after(w.between(0, []moment{10 * millisecond, second, 5 * second}[w.rng.IntN(3)]), func() {
		if receiver.isUp() && receiver.boots == boot && !receiver.isFrozen() {
			receiver.receive(from, []paxos.Message{n.carry(from, to, m)})
		}
	})
}

// plan has the next message of a flow delivered in its time.
func (n *network) plan(from, to paxos.NodeID, l *link, f *flow) {
	if f.planned || len(f.queue) == 0 || n.isBlocked(from, to) {
		return
	}
	f.planned = true
	connection := l.connection
	n.world.at(f.queue[0].at, func() {
		if l.connection != connection {
			return
		}
		f.planned = false
		n.deliver(from, to, l, f)
	})
}

// deliver hands over what has arrived.
func (n *network) deliver(from, to paxos.NodeID, l *link, f *flow) {
	w := n.world
	receiver := w.node(to)
	if n.isBlocked(from, to) {
		return // unblock plans it again
	}
	if receiver.isFrozen() {
		f.planned = true
		connection := l.connection
		w.at(receiver.thaw(), func() {
			if l.connection == connection {
				f.planned = false
				n.deliver(from, to, l, f)
			}
		})
		return
	}
	arrived := 0
	for arrived < len(f.queue) && f.queue[arrived].at <= w.now {
		arrived++
	}
	messages := make([]paxos.Message, 0, arrived)
	for _, t := range f.queue[:arrived] {
		messages = append(messages, n.carry(from, to, t.message))
	}
	if !receiver.receive(from, messages) { // full: TCP holds the sender up
		for i := range arrived {
			f.queue[i].at = w.now + millisecond
		}
		n.plan(from, to, l, f)
		return
	}
	clear(f.queue[:arrived])
	f.queue = f.queue[arrived:]
	n.plan(from, to, l, f)
}

// carry puts a message through the links' real format.
func (n *network) carry(from, to paxos.NodeID, m paxos.Message) paxos.Message {
	carried, body, err := n.codec.Carry(m)
	if err != nil {
		n.world.violated(fmt.Errorf("a message of node %v to node %v cannot be encoded and decoded: %v: %w", from, to, m, err))
		return m
	}
	n.world.trace.noteBytes(to, "receives", body, func() string { return fmt.Sprintf("%d>%d %v", from, to, carried) })
	return carried
}

// block lets nothing through in one direction. Who waits for something gives the link up after a while.
func (n *network) block(from, to paxos.NodeID) {
	direction := pair{from, to}
	if n.blocked[direction]++; n.blocked[direction] == 1 {
		n.giveUpLater(from, to, func() bool { return n.isBlocked(from, to) })
	}
}

func (n *network) isBlocked(from, to paxos.NodeID) bool { return n.blocked[pair{from, to}] > 0 }

// giveUpLater breaks a link in a while, if it still is as it is, and still dead.
func (n *network) giveUpLater(a, b paxos.NodeID, isDead func() bool) {
	l := n.link(a, b)
	if !l.up {
		return
	}
	connection := l.connection
	n.world.after(n.world.between(minIdleTimeout, maxIdleTimeout), func() {
		if l.up && l.connection == connection && isDead() {
			n.breakLink(a, b)
		}
	})
}

// unblock undoes one block. Once every block of a direction is undone messages get through again.
func (n *network) unblock(from, to paxos.NodeID) {
	direction := pair{from, to}
	if !n.isBlocked(from, to) {
		return
	}
	if n.blocked[direction]--; n.blocked[direction] > 0 {
		return
	}
	l := n.link(from, to)
	if l.up {
		for lane := range lanes {
			n.plan(from, to, l, l.flow(from, to, lane))
		}
		return
	}
	n.dial(from, to)
}

// heal ends all that goes wrong.
func (n *network) heal() {
	for _, o := range []*overlap{&n.lossy, &n.doubled, &n.slower} {
		o.clear()
	}
	n.held = map[pair]*heldVotes{}
	n.unblockAll()
}

// unblockAll undoes every block.
func (n *network) unblockAll() {
	for _, a := range n.world.nodes {
		for _, b := range n.world.nodes {
			n.blocked[pair{a.id, b.id}] = min(n.blocked[pair{a.id, b.id}], 1)
			n.unblock(a.id, b.id)
		}
	}
}

// breakLink ends the connection of two nodes; what is on its way is lost. Both ends learn of it.
func (n *network) breakLink(a, b paxos.NodeID) {
	l := n.link(a, b)
	if !l.up {
		return
	}
	n.world.trace.note(0, "link breaks", uint64(a), uint64(b))
	l.up = false
	l.connection++
	l.directions = [2]direction{}
	n.tellDown(a, b)
	n.tellDown(b, a)
	n.dial(a, b)
}

func (n *network) tellDown(id, peer paxos.NodeID) {
	node, boot := n.world.node(id), n.world.node(id).boots
	n.world.after(n.world.between(0, 20*millisecond), func() {
		if node.isUp() && node.boots == boot && !n.link(id, peer).up {
			node.group.LinkDown(peer)
			node.wake()
		}
	})
}

// dial tries to connect two nodes, again and again while both are there.
func (n *network) dial(a, b paxos.NodeID) {
	l := n.link(a, b)
	if l.up || l.dialling || a == b {
		return
	}
	l.dialling = true
	n.world.after(n.world.between(millisecond, maxRedial), func() {
		l.dialling = false
		n.connect(a, b, l)
	})
}

// connect makes a link if both ends are there and want it. Whoever finds out that it is no member any more is told so.
func (n *network) connect(a, b paxos.NodeID, l *link) {
	one, two := n.world.node(a), n.world.node(b)
	if l.up || !one.isUp() || !two.isUp() {
		return // a boot dials
	}
	if n.isBlocked(a, b) || n.isBlocked(b, a) {
		return // unblock dials
	}
	if one.isFrozen() || two.isFrozen() {
		n.dial(a, b)
		return
	}
	if one.refuses(two) || two.refuses(one) {
		n.world.after(500*millisecond, func() { n.dial(a, b) })
		return
	}
	l.up = true
	l.connection++
	l.directions = [2]direction{}
	n.world.trace.note(0, "link up", uint64(a), uint64(b))
	one.linkUp(two)
	two.linkUp(one)
}

// dialAll has a node that has just started connected to all others.
func (n *network) dialAll(id paxos.NodeID) {
	for _, other := range n.world.nodes {
		n.dial(id, other.id)
	}
}

// lose is what the end of a node's process does to its links.
func (n *network) lose(id paxos.NodeID) {
	for _, other := range n.world.nodes {
		l := n.link(id, other.id)
		if other.id == id || !l.up {
			continue
		}
		l.up = false
		l.connection++
		l.directions = [2]direction{}
		n.tellDown(other.id, id)
	}
}
