package sim

import (
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// grantedRead is a read that runs by the lease. The process may stand still between any two of its steps: after it was let through, and
// after the value was read (rule L4).
type grantedRead struct {
	front *front
	op    *operation
	grant replication.ReadGrant
	// ballot is that of the lease, as the world sees it.
	ballot paxos.Ballot
	slot   paxos.Slot
	reply  []byte
}

// readByLease begins a read if the lease lets it run. It reports false if not.
func (f *front) readByLease(op *operation) bool {
	grant, ok := f.node.group.ReadNow()
	if !ok {
		return false
	}
	r := &grantedRead{front: f, op: op, grant: grant}
	r.ballot, _ = f.node.lease()
	f.granted = append(f.granted, r)
	r.then(r.view)
	return true
}

// isReading reports whether a read of the client runs by the lease: what comes behind it on its connection waits.
func (f *front) isReading(c *client) bool {
	return slices.ContainsFunc(f.granted, func(r *grantedRead) bool { return r.op.client == c })
}

// then goes on with the next step: mostly at once, now and then in a moment, and, where a fault waits for that, once the process has stood
// still.
func (r *grantedRead) then(do func()) {
	f := r.front
	w, n := f.node.world, f.node
	switch {
	case n.freezeInRead != 0 && w.chance(500):
		n.freezeNow()
	case !w.chance(50):
		do()
		return
	}
	r.later(do)
}

func (r *grantedRead) later(do func()) {
	f := r.front
	w := f.node.world
	at := w.now + w.between(0, 100*microsecond)
	if f.node.isFrozen() {
		at = f.node.thaw()
	}
	w.at(at, func() {
		switch {
		case f.isOver():
		case f.node.isFrozen():
			r.later(do)
		default:
			do()
		}
	})
}

func (r *grantedRead) view() {
	var due bool
	r.slot = r.front.applied()
	if r.reply, due = r.front.view(r.op); due {
		r.end()
		r.front.ask(r.op)
		return
	}
	r.then(r.check)
}

// check is the last step before the reply is queued.
func (r *grantedRead) check() {
	f := r.front
	r.end()
	if !f.node.group.StillValid(r.grant) {
		f.ask(r.op)
		f.node.wake()
		return
	}
	if ballot, held := f.node.lease(); !held || ballot != r.ballot {
		f.node.world.violated(fmt.Errorf("node %v answers operation %v by its lease of ballot %v, which is over", f.node.id, r.op, r.ballot))
	}
	f.finish(r.op, r.slot, r.reply)
}

func (r *grantedRead) end() {
	r.front.granted = slices.DeleteFunc(r.front.granted, func(other *grantedRead) bool { return other == r })
}
