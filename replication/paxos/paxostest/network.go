package paxostest

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// Packet is a message on its way.
type Packet struct {
	From, To paxos.NodeID
	Message  paxos.Message
	// Due is the real time at which a random schedule delivers it.
	Due int64
}

type link struct{ from, to paxos.NodeID }

// transmit puts a message on the wire, where a cut link loses it. It checks that the message tells the truth about
// what is stored.
func (e *Env) transmit(n *node, envelope paxos.Envelope) {
	e.checkTruth(n, envelope.Message)
	p := Packet{From: n.id, To: envelope.To, Message: envelope.Message, Due: e.now}
	if e.cut[link{p.From, p.To}] {
		e.detail("%v->%v lost: %v", p.From, p.To, p.Message)
		return
	}
	e.detail("%v->%v %v", p.From, p.To, p.Message)
	if e.Route != nil {
		e.Route(p)
		return
	}
	e.Enqueue(p)
}

// Enqueue adds a packet to those on their way.
func (e *Env) Enqueue(p Packet) { e.packets = append(e.packets, p) }

// Packets returns the messages on their way, oldest first. The slice is valid until the next call.
func (e *Env) Packets() []Packet { return e.packets }

// TakePackets removes the packets that take chooses, and returns them in the order they were sent.
func (e *Env) TakePackets(take func(Packet) bool) []Packet {
	var taken []Packet
	kept := e.packets[:0]
	for _, p := range e.packets {
		if take(p) {
			taken = append(taken, p)
		} else {
			kept = append(kept, p)
		}
	}
	e.packets = kept
	return taken
}

// Arrive delivers a packet that was taken: a node that is down does not get it.
func (e *Env) Arrive(p Packet) {
	e.Stats.Delivered++
	e.Step(p.To, paxos.Received{From: p.From, Message: p.Message})
}

// Stabilize delivers every message and syncs every write until nothing is left to do; a node whose journal is held
// (see holds) does not sync.
func (e *Env) Stabilize(holds map[paxos.NodeID]bool) {
	for range 10_000 {
		for _, id := range e.IDs() {
			if !holds[id] {
				e.Sync(id, -1)
			}
		}
		if len(e.packets) == 0 {
			return
		}
		p := e.packets[0]
		e.packets = e.packets[1:]
		e.Arrive(p)
	}
	e.violated("the cluster never comes to rest: %d messages on their way", len(e.packets))
}

// Cut loses what is sent from one node to another from now on; what is on its way still arrives.
func (e *Env) Cut(from, to paxos.NodeID) { e.cut[link{from, to}] = true }

// CutBoth cuts a link both ways.
func (e *Env) CutBoth(a, b paxos.NodeID) {
	e.Cut(a, b)
	e.Cut(b, a)
}

// Isolate cuts every link of a node.
func (e *Env) Isolate(id paxos.NodeID) {
	for _, other := range e.IDs() {
		if other != id {
			e.CutBoth(id, other)
		}
	}
}

// Connect heals the link between two nodes, and tells both, as links do.
func (e *Env) Connect(a, b paxos.NodeID) {
	delete(e.cut, link{a, b})
	delete(e.cut, link{b, a})
	e.Step(a, paxos.LinkUp{Peer: b})
	e.Step(b, paxos.LinkUp{Peer: a})
}

// Heal heals every link.
func (e *Env) Heal() {
	for i, a := range e.nodes {
		for _, b := range e.nodes[:i] {
			e.Connect(b.id, a.id)
		}
	}
}

// OnlyLinks cuts every link but those given.
func (e *Env) OnlyLinks(pairs ...[2]paxos.NodeID) {
	for _, id := range e.IDs() {
		e.Isolate(id)
	}
	for _, pair := range pairs {
		delete(e.cut, link{pair[0], pair[1]})
		delete(e.cut, link{pair[1], pair[0]})
	}
}
