package sim

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// How long what must happen may take once faults have stopped.
const (
	answersWithin  = 60 * second
	progressWithin = 60 * second
	agreeWithin    = 60 * second
)

// settle ends the faults and demands progress: every operation gets an outcome, every member serves reads and writes, and all of them come
// to hold the same state.
func (w *world) settle() {
	w.calm = true
	w.trace.note(0, "calm")
	w.network.heal()
	for _, n := range w.nodes {
		n.diskSlower.clear()
		n.full.clear()
		n.freezeInRead = 0
		n.appliesSlowly.clear()
		n.disk.Disk.Heal()
		n.disk.SetFull(false)
		n.restart()
	}
	if !w.runUntil(w.now+answersWithin, func() bool { return w.answered == w.issued }) {
		w.violated(fmt.Errorf("%d operations have no outcome %v after the last fault", w.issued-w.answered, answersWithin))
		return
	}
	w.probe()
	if !w.runUntil(w.now+agreeWithin, w.agree) {
		w.violated(fmt.Errorf("the members do not come to agree: %s", w.describe()))
	}
}

// serving are the members that must serve.
func (w *world) serving() []*node {
	active := w.configuration()
	var members []*node
	for _, m := range active.Members() {
		if n := w.node(m.ID); !n.gone {
			members = append(members, n)
		}
	}
	return members
}

// probe has each member serve a write and a read.
func (w *world) probe() {
	served := map[paxos.NodeID]bool{}
	for _, n := range w.serving() {
		p := &client{world: w, id: len(w.clients) + 1, probing: n.id}
		p.onServed = func() { served[n.id] = true }
		w.clients = append(w.clients, p)
		p.next()
	}
	done := func() bool {
		for _, n := range w.serving() {
			if !served[n.id] && w.isProbed(n.id) {
				return false
			}
		}
		return true
	}
	if !w.runUntil(w.now+progressWithin, done) {
		w.violated(fmt.Errorf("no progress %v after the last fault: served by %v, %s", progressWithin, served, w.describe()))
	}
}

func (w *world) isProbed(id paxos.NodeID) bool {
	for _, c := range w.clients {
		if c.probing == id {
			return true
		}
	}
	return false
}

// agree reports whether all members have applied the same slots. If so, their states must be equal.
func (w *world) agree() bool {
	members := w.serving()
	var slot paxos.Slot
	for i, n := range members {
		if !n.isUp() {
			return false
		}
		applied := n.group.Status().Applied
		if i > 0 && applied != slot {
			return false
		}
		slot = applied
	}
	if slot != w.checks.reference.newest() {
		return false
	}
	for _, n := range members {
		if right, held := w.checks.reference.machine.Digest(), n.machine.Digest(); held != right {
			w.violated(fmt.Errorf("at slot %v the state of node %v is %s, and it is %s by the log", slot, n.id, held, right))
		}
	}
	return true
}

// describe says where every node is.
func (w *world) describe() string {
	text := ""
	for _, n := range w.nodes {
		if !n.isUp() {
			text += fmt.Sprintf("; node %v is down (gone: %v)", n.id, n.gone)
			continue
		}
		s := n.group.Status()
		text += fmt.Sprintf("; node %v: %v, follows %v at %v, chosen %v, applied %v, configuration of %v", n.id, s.Role, s.Leader, s.Ballot, s.Chosen,
			s.Applied, s.Configuration.Slot)
	}
	return text
}
