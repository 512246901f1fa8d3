package sim

import (
	"bytes"
	"fmt"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// reference is what the log says that has happened: a machine that no crash, checkpoint or network ever came near, which runs the slots
// as soon as the first node does.
type reference struct {
	machine *statemachine.Machine
	slots   []slotRecord // of slot 1, 2, 3 ...
	timeMS  int64
}

// slotRecord is what a slot was to those that applied it.
type slotRecord struct {
	entry    paxos.Entry
	sections []sectionRecord
	by       paxos.NodeID // the first to apply it
}

// sectionRecord is one call of Machine.Apply.
type sectionRecord struct {
	stamp    replication.Stamp
	commands []byte
	count    int
	// replies are those of the reference in its own record, and in a node's those of the origin, nil elsewhere.
	replies [][]byte
}

func newReference() reference { return reference{machine: newMachine()} }

func newMachine() *statemachine.Machine {
	return statemachine.New(statemachine.Config{HashSeed: [16]byte{1}})
}

func (r *reference) newest() paxos.Slot { return paxos.Slot(len(r.slots)) }

// run applies a slot that comes next.
func (r *reference) run(by paxos.NodeID, entry paxos.Entry, sections []sectionRecord) {
	slot := slotRecord{entry: entry, by: by}
	for _, s := range sections {
		replies := &collector{}
		s.commands = bytes.Clone(s.commands)
		r.machine.Apply(uint64(r.newest())+1, statemachine.Stamp(s.stamp), s.commands, s.count, replies.orNil(s.count))
		s.replies = replies.all()
		slot.sections = append(slot.sections, s)
	}
	r.slots = append(r.slots, slot)
}

// differs says how what a node has applied differs from what the first has, nil if it does not.
func (s *slotRecord) differs(entry paxos.Entry, sections []sectionRecord) error {
	if s.entry.Kind != entry.Kind || !bytes.Equal(s.entry.Payload, entry.Payload) {
		return fmt.Errorf("another entry than node %v has: %v, there %v", s.by, entry, s.entry)
	}
	if len(s.sections) != len(sections) {
		return fmt.Errorf("%d sections of it, node %v %d: the sessions differ", len(sections), s.by, len(s.sections))
	}
	for i := range sections {
		one, other := &sections[i], &s.sections[i]
		if one.stamp != other.stamp || one.count != other.count || !bytes.Equal(one.commands, other.commands) {
			return fmt.Errorf("section %d with another stamp or content than node %v", i, s.by)
		}
		for j, reply := range one.replies {
			if !bytes.Equal(reply, other.replies[j]) {
				return fmt.Errorf("command %d of section %d with the reply %q, and it is %q by the log", j, i, reply, other.replies[j])
			}
		}
	}
	return nil
}

// collector takes the replies of one section. It implements statemachine.Replies.
type collector struct {
	replies []*recorded
}

// orNil is what Machine.Apply is to be given for a section of that many commands: nil means that time passes.
func (c *collector) orNil(count int) statemachine.Replies {
	if count == 0 {
		return nil
	}
	return c
}

// Next implements statemachine.Replies.
func (c *collector) Next(int, *statemachine.View) statemachine.Reply {
	r := &recorded{}
	c.replies = append(c.replies, r)
	return r
}

// Finish implements statemachine.Replies.
func (c *collector) Finish(uint64, *statemachine.View) {}

func (c *collector) all() [][]byte {
	all := make([][]byte, len(c.replies))
	for i, r := range c.replies {
		all[i] = r.encoded
	}
	return all
}

// machine is the keyspace of one node as its group sees it. It notes what is applied.
type machine struct {
	*statemachine.Machine
	node *node
}

// Apply implements replication.Machine.
func (m machine) Apply(slot uint64, stamp replication.Stamp, commands []byte, count int, replies replication.Replies) {
	n := m.node
	n.applying = paxos.Slot(slot)
	own, _ := replies.(*submission) // nil when this node is not the origin
	if own == nil {
		m.Machine.Apply(slot, statemachine.Stamp(stamp), commands, count, nil)
	} else {
		own.checkWhole(commands)
		m.Machine.Apply(slot, statemachine.Stamp(stamp), commands, count, own)
	}
	if count == 0 && own != nil {
		return // what waits behind commands took its turn, here alone
	}
	s := sectionRecord{stamp: stamp, commands: commands, count: count}
	if own != nil {
		s.replies = own.replies
	}
	n.sections = append(n.sections, s)
}

// Freeze implements replication.Machine.
func (m machine) Freeze() replication.FrozenState { return frozen{m.Machine.Freeze()} }

// Restore implements replication.Machine.
func (m machine) Restore(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error {
	return m.Machine.Restore(c.Machine, c.Spaces, c.Count, func() (statemachine.Record, bool, error) {
		r, ok, err := next()
		return statemachine.Record(r), ok, err
	})
}

// frozen is a checkpoint of the keyspace as the group sees it.
type frozen struct{ *statemachine.Checkpoint }

// Next implements replication.FrozenState.
func (f frozen) Next(maxBytes int) []paxos.CheckpointRecord {
	records := f.Checkpoint.Next(maxBytes)
	converted := make([]paxos.CheckpointRecord, len(records))
	for i := range records {
		converted[i] = paxos.CheckpointRecord(records[i])
	}
	return converted
}

// Finish implements replication.FrozenState.
func (f frozen) Finish() paxos.Checkpoint {
	count, sum, spaces, state := f.Checkpoint.Finish()
	return paxos.Checkpoint{Count: count, Sum: sum, Spaces: spaces, Machine: state}
}
