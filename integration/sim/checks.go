package sim

import (
	"bytes"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// checks looks at everything that must hold, after every event that may have changed it:
//
//   - a slot is applied only once a majority of its configuration has the entry, accepted at one ballot, on its disks; a ballot proposes one
//     entry a slot;
//   - C2: all nodes apply the same entry in a slot, slots in order and without gaps, and make the same of it: the same sections are run, at
//     the same time and by the same chance;
//   - checkpoints of one slot are the same on all nodes;
//   - sessions: no operation is applied twice, and none that was refused;
//   - what went through the log in fragments is run whole;
//   - operations of one connection are applied, and answered, in its order;
//   - replies are those of the reference;
//   - linearizability: what an operation rests on is not older than what any operation rested on that was answered before it began. As the
//     log orders all writes, and every reply is that of the state at its place in the log, no more than that is needed;
//   - promises do not go back;
//   - D1: what a node has promised, or accepted, by a message is on its disk after any crash; no ballot is used in two boots;
//   - a journal is cut no further than the newest checkpoint on the disk;
//   - M1: every configuration that a node works with has governed, by the log;
//   - M2, M3: no id is used again, who comes to vote lacks little of the log, who does not vote does not lead, and who knows that it was removed takes
//     no part;
//   - L4: of two leases that are held at one moment there is never a second; as long as one is held, a majority of the leader's voters answers
//     nobody else (leases.go);
//   - time in the log does not go back.
type checks struct {
	world     *world
	reference reference
	ledger    ledger
	// checkpoints are what nodes have published, by slot.
	checkpoints map[paxos.Slot]published
	// operations are all there were, by id from 1.
	operations []*operation
	// floor is the newest slot that a reply rested on.
	floor paxos.Slot
	// uncertain counts the operations that nobody knows the fate of, compared the reads compared with the reference.
	uncertain, compared int
}

func newChecks(w *world) checks {
	return checks{
		world: w, checkpoints: map[paxos.Slot]published{}, reference: newReference(),
		ledger: ledger{slots: map[paxos.Slot][]vote{}, chain: map[paxos.Slot]paxos.Configuration{}, lacks: w.lacks},
	}
}

// invoked notes the begin of an operation.
func (c *checks) invoked(op *operation) {
	c.operations = append(c.operations, op)
	op.floor = c.floor
	c.world.trace.noteText(0, "invokes", func() string { return op.String() })
}

// replied notes a reply, which rests on the state at slot.
func (c *checks) replied(op *operation, slot paxos.Slot, reply []byte) {
	w := c.world
	w.trace.noteBytes(0, "reply", reply, func() string { return fmt.Sprintf("to %d at slot %v: %q", op.id, slot, reply) })
	op.at = slot
	if slot < op.floor || op.isWrite() && slot == op.floor {
		w.violated(fmt.Errorf("operation %v rests on slot %v, and before it began another was answered that rests on slot %v", op, slot, op.floor))
	}
	w.violated(op.client.inOrder(op, &op.client.repliedOf, "answered"))
	c.floor = max(c.floor, slot)
}

// inOrder says whether what happens to an operation comes after the same of those before it on its connection, and not of those behind.
// Nothing is said of older connections: what was sent on them may still be on its way.
func (c *client) inOrder(op *operation, newest *int, what string) error {
	if c.orderOf != op.connection {
		if op.connection < c.orderOf {
			return nil
		}
		c.orderOf, c.appliedOf, c.repliedOf = op.connection, 0, 0
	}
	if op.id < *newest {
		return fmt.Errorf("operation %v is %s after operation %d, which came behind it on the same connection", op, what, *newest)
	}
	*newest = op.id
	return nil
}

// readAt compares what a read saw with the reference, if that is at the same slot. nowMS is what the read took the time for.
func (c *checks) readAt(op *operation, slot paxos.Slot, nowMS int64, reply []byte) {
	if slot != c.reference.newest() {
		return
	}
	c.compared++
	v := c.reference.machine.Read(nowMS)
	defer v.Close()
	var r recorded
	if due := op.run(v, &r); due || !bytes.Equal(r.encoded, reply) {
		c.world.violated(fmt.Errorf("operation %v read %q at slot %v, and it is %q by the log (due: %v)", op, reply, slot, r.encoded, due))
	}
}

// failed notes the end of an operation without a reply.
func (c *checks) failed(op *operation, uncertain bool) {
	c.world.trace.note(0, "no reply", uint64(op.id), boolean(uncertain))
	if uncertain {
		c.uncertain++
		return
	}
	if op.refused = true; op.applied != 0 {
		c.world.violated(fmt.Errorf("operation %v was refused as not applied, and slot %v has it", op, op.applied))
	}
}

// applied notes that a node has applied a slot.
func (c *checks) applied(n *node, r *paxos.Record) {
	w := c.world
	w.trace.noteBytes(n.id, "applies", r.Entry.Payload, func() string { return r.String() })
	sections := n.sections
	n.sections = n.sections[:0]
	if r.Slot > c.reference.newest()+1 {
		w.violated(fmt.Errorf("node %v applies slot %v, and no node has applied the one after %v", n.id, r.Slot, c.reference.newest()))
		return
	}
	if r.Slot == c.reference.newest()+1 {
		if err := c.ledger.applied(r.Slot, &r.Entry); err != nil {
			w.violated(fmt.Errorf("node %v applies in slot %v %w", n.id, r.Slot, err))
			return
		}
		w.violated(c.ledger.judgeAhead(r.Slot))
		c.reference.run(n.id, r.Entry, sections)
		c.count(r.Slot, sections)
	}
	if err := c.reference.slots[r.Slot-1].differs(r.Entry, sections); err != nil {
		w.violated(fmt.Errorf("node %v applies in slot %v %w", n.id, r.Slot, err))
	}
}

// count looks for operations that are applied and must not be.
func (c *checks) count(slot paxos.Slot, sections []sectionRecord) {
	for i := range sections {
		if s := &sections[i]; s.stamp.TimeMS < c.reference.timeMS {
			c.world.violated(fmt.Errorf("time goes back in slot %v: from %d to %d", slot, c.reference.timeMS, s.stamp.TimeMS))
		}
		c.reference.timeMS = sections[i].stamp.TimeMS
		tagsOf(sections[i].commands, func(id int) {
			op := c.operations[id-1]
			if op.applied != 0 {
				c.world.violated(fmt.Errorf("operation %v is applied twice, in slots %v and %v", op, op.applied, slot))
			}
			if op.refused {
				c.world.violated(fmt.Errorf("operation %v was refused as not applied, and slot %v has it", op, slot))
			}
			c.world.violated(op.client.inOrder(op, &op.client.appliedOf, "applied"))
			op.applied = slot
		})
	}
}

// lacks is how many slots up to that one a member does not have on its disk, 0 if it is not there any more to be asked.
func (w *world) lacks(id paxos.NodeID, slot paxos.Slot) paxos.Slot {
	n := w.node(id)
	if n.gone || n.holds > slot {
		return 0
	}
	return slot - n.holds
}

// sent remembers what a node says by a message that it has on its disk.
func (c *checks) sent(n *node, m paxos.Message) {
	switch m := m.(type) {
	case paxos.Prepare:
		if boot, used := n.prepared[m.Ballot]; used && boot != n.boots {
			c.world.violated(fmt.Errorf("node %v asks for promises at ballot %v, which it has used before it was started again", n.id, m.Ballot))
		}
		n.prepared[m.Ballot] = n.boots
		if _, known := c.world.handOvers[m.Ballot]; !known && !m.HandOver.IsZero() {
			c.world.handOvers[m.Ballot] = false
		}
	case paxos.Promise:
		c.takesPart(n, m.Ballot)
		c.promised(n, m.Ballot)
	case paxos.Heartbeat:
		c.world.network.leads(n.id, m.Ballot)
		if _, asked := c.world.handOvers[m.Ballot]; asked {
			c.world.handOvers[m.Ballot] = true
		}
	case paxos.Accept:
		if !n.members.IsVoter(n.id) {
			c.world.violated(fmt.Errorf("node %v leads at %v, and is no voter of the configuration of slot %v, which it knows", n.id, m.Ballot, n.members.Slot))
		}
	case paxos.Accepted:
		c.takesPart(n, m.Ballot)
		if m.Slot <= n.group.Chosen() {
			return // the leader proposes what was chosen: a vote for that adds nothing, so nothing is written for it
		}
		c.promised(n, m.Ballot)
		n.vows.accept(m.Slot, m.Ballot)
	}
}

// takesPart is called when a node answers for its disk: one that knows that it was removed does not (rule M3). What it promised before
// may still be on its way through its disk.
func (c *checks) takesPart(n *node, b paxos.Ballot) {
	if last := n.vows.removedAt; last != nil && last.Less(b) {
		c.world.violated(fmt.Errorf("node %v promises, or accepts, at %v, and was removed by the configuration of slot %v, which it knew at %v", n.id, b, n.members.Slot, *last))
	}
}

// removed remembers what a node had promised when it came to know that it is no member any more.
func (c *checks) removed(n *node) {
	if n.vows.removedAt == nil && !n.members.IsMember(n.id) && n.id <= n.members.Highest() {
		promised := n.group.Status().Promised
		n.vows.removedAt = &promised
	}
}

// promised remembers what a node says by a Promise or an Accepted: that it answers no lower ballot any more.
func (c *checks) promised(n *node, b paxos.Ballot) {
	if b.Less(n.vows.promised) {
		c.world.violated(fmt.Errorf("node %v promises, or accepts, at %v after it has promised %v", n.id, b, n.vows.promised))
	}
	n.vows.promised = b
}

// vows are what a node has said that it has on its disk.
type vows struct {
	promised  paxos.Ballot
	removedAt *paxos.Ballot // nil as long as its process does not know that it was removed
	accepted  map[paxos.Slot]paxos.Ballot
}

func (v *vows) accept(slot paxos.Slot, b paxos.Ballot) {
	if v.accepted == nil {
		v.accepted = map[paxos.Slot]paxos.Ballot{}
	}
	if v.accepted[slot].Less(b) {
		v.accepted[slot] = b
	}
}

// booted compares what a disk holds with what the node has said of it (rule D1).
func (c *checks) booted(n *node, restored paxos.Restored) {
	v := &n.vows
	v.removedAt = nil                           // it may have forgotten, if it had that from others
	n.holds = max(n.holds, restored.Checkpoint) // it may have come to be published as the disk failed
	if restored.Promised.Less(v.promised) {
		c.world.violated(fmt.Errorf("node %v has promised %v, and its disk knows of %v alone", n.id, v.promised, restored.Promised))
	}
	if restored.First > restored.Checkpoint+1 && (restored.Checkpoint != 0 || !n.disk.Rotten()) { // what rots is given up
		c.world.violated(fmt.Errorf("the journal of node %v begins at slot %v, and its newest checkpoint is of slot %v", n.id, restored.First, restored.Checkpoint))
	}
	held := map[paxos.Slot]paxos.Ballot{}
	for i := range restored.Records { // also what was being written when the disk failed, and was there after all
		if r := &restored.Records[i]; r.Slot > c.reference.newest() {
			c.world.violated(c.ledger.stored(n.id, r))
		}
		held[restored.Records[i].Slot] = restored.Records[i].Ballot
	}
	forgotten := paxos.Slot(0)
	for slot, ballot := range v.accepted {
		if slot <= max(restored.Chosen, restored.Checkpoint) {
			delete(v.accepted, slot)
		} else if held[slot].Less(ballot) && (forgotten == 0 || slot < forgotten) {
			forgotten = slot
		}
	}
	if forgotten != 0 {
		c.world.violated(fmt.Errorf("node %v has accepted slot %v at %v, and its disk has it at %v", n.id, forgotten, v.accepted[forgotten], held[forgotten]))
	}
}

// end looks at the history as a whole.
func (c *checks) end() error {
	for _, op := range c.operations {
		if op.at != 0 && op.applied != 0 && op.isWrite() && op.at != op.applied {
			return fmt.Errorf("operation %v was answered at slot %v, and slot %v has it", op, op.at, op.applied)
		}
	}
	return nil
}

func (c *checks) slots() int { return int(c.reference.newest()) }
