package sim

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/paxredis/paxredis/integration/sim/store"
	"github.com/paxredis/paxredis/replication/paxos"
)

// ledger is who has what on its disk of the slots that no node has applied yet: from that it follows what is chosen, whoever thinks so.
type ledger struct {
	slots map[paxos.Slot][]vote
	// active is the configuration that governs the slot after the newest applied.
	active paxos.Configuration
	// chain is every configuration that ever governed, by the slot of its entry; the first one's is 0. ahead are those that nodes work with
	// and whose slot no node has applied yet.
	chain map[paxos.Slot]paxos.Configuration
	ahead []adopted
	// highest is the highest id that a member ever had, lacks how many slots a node lacks of the log that leads up to one.
	highest paxos.NodeID
	lacks   func(id paxos.NodeID, slot paxos.Slot) paxos.Slot
}

// vote is an entry at a ballot, and who has accepted it there, durably.
type vote struct {
	ballot paxos.Ballot
	hash   uint64
	by     []paxos.NodeID
}

func hashOf(e *paxos.Entry) uint64 { return xxhash.Sum64(e.Payload) ^ uint64(e.Kind)<<56 }

// stored notes an acceptance that is on a disk. The error says that a ballot has proposed two entries in one slot.
func (l *ledger) stored(node paxos.NodeID, r *paxos.Record) error {
	hash := hashOf(&r.Entry)
	votes := l.slots[r.Slot]
	for i := range votes {
		v := &votes[i]
		switch {
		case v.ballot != r.Ballot:
			continue
		case v.hash != hash:
			return fmt.Errorf("nodes %v and %v have accepted different entries in slot %v at one ballot, %v", v.by, node, r.Slot, r.Ballot)
		case !slices.Contains(v.by, node):
			v.by = append(v.by, node)
		}
		return nil
	}
	l.slots[r.Slot] = append(votes, vote{r.Ballot, hash, []paxos.NodeID{node}})
	return nil
}

// applied says whether a slot that comes to be applied for the first time was chosen: a majority of its configuration has accepted that very
// entry at one ballot.
func (l *ledger) applied(slot paxos.Slot, e *paxos.Entry) error {
	defer delete(l.slots, slot)
	hash := hashOf(e)
	for _, v := range l.slots[slot] {
		if v.hash == hash && l.isMajority(v.by) {
			return l.configure(slot, e)
		}
	}
	return fmt.Errorf("what no majority of %v has accepted at one ballot: %v, votes %v", l.active.Voters, e, l.slots[slot])
}

func (l *ledger) isMajority(nodes []paxos.NodeID) bool {
	voters := 0
	for _, id := range nodes {
		if l.active.IsVoter(id) {
			voters++
		}
	}
	return voters >= paxos.Majority(len(l.active.Voters))
}

// configure takes a configuration over: it governs the slots after its own, unless it was made for another one than the one that does.
func (l *ledger) configure(slot paxos.Slot, e *paxos.Entry) error {
	if e.Kind != paxos.EntryConfiguration {
		return nil
	}
	c, err := paxos.DecodeConfiguration(e.Payload)
	if err != nil {
		return err
	}
	if c.Base != l.active.Slot {
		return nil
	}
	c.Slot = slot
	former := l.active
	l.govern(c)
	return l.changed(&former, &c)
}

// govern makes a configuration the newest of the chain.
func (l *ledger) govern(c paxos.Configuration) {
	l.active = c
	l.chain[c.Slot] = c
}

// adopted is a configuration that a node works with.
type adopted struct {
	node          paxos.NodeID
	configuration paxos.Configuration
}

// adopts says what is wrong with a configuration that a node comes to work with, if it is known yet: that it never governed. newest is the
// newest slot that any node has applied; what is above that is judged once it is applied.
func (l *ledger) adopts(node paxos.NodeID, c paxos.Configuration, newest paxos.Slot) error {
	if c.Slot > newest {
		l.ahead = append(l.ahead, adopted{node, c})
		return nil
	}
	if governed, is := l.chain[c.Slot]; !is || !isSame(&governed, &c) {
		return fmt.Errorf("node %v works with a configuration of slot %v that never governed: %v, %v", node, c.Slot, c.Voters, c.Learners)
	}
	return nil
}

// judgeAhead judges what waited for a slot to be applied.
func (l *ledger) judgeAhead(newest paxos.Slot) error {
	waited := l.ahead
	l.ahead = nil
	for _, a := range waited {
		if err := l.adopts(a.node, a.configuration, newest); err != nil {
			return err
		}
	}
	return nil
}

func isSame(a, b *paxos.Configuration) bool {
	return slices.Equal(a.Voters, b.Voters) && slices.Equal(a.Learners, b.Learners) && a.Highest() == b.Highest()
}

// mayLack is how many slots a learner may lack when it is promoted: those it may by replication's own rule, and a pipeline.
const mayLack = 64 + 64

// changed looks at what a configuration makes of the one before (rule M2).
func (l *ledger) changed(former, now *paxos.Configuration) error {
	before := max(l.highest, former.Highest())
	l.highest = max(before, now.Highest())
	for _, m := range now.Members() {
		if !former.IsMember(m.ID) && m.ID <= before {
			return fmt.Errorf("a configuration that gives id %v to a new member, and another had it before", m.ID)
		}
		if !now.IsVoter(m.ID) || former.IsVoter(m.ID) {
			continue
		}
		if lacks := l.lacks(m.ID, now.Slot); lacks > mayLack {
			return fmt.Errorf("a configuration that lets node %v vote, which lacks %v slots", m.ID, lacks)
		}
	}
	return nil
}

// witness is the storage of a process, watched.
type witness struct {
	*store.Store
	node *node
}

// Save implements replication.Storage.
func (s *witness) Save(writes []paxos.Write) error {
	if err := s.Store.Save(writes); err != nil {
		return err
	}
	c := &s.node.world.checks
	for i := range writes {
		if !writes[i].IsEmpty() {
			s.node.knows = max(s.node.knows, writes[i].Chosen)
		}
		for j := range writes[i].Records {
			r := &writes[i].Records[j]
			s.node.holds = max(s.node.holds, r.Slot)
			if r.Slot > c.reference.newest() {
				s.node.world.violated(c.ledger.stored(s.node.id, r))
			}
		}
	}
	return nil
}

// PublishCheckpoint implements replication.Storage.
func (s *witness) PublishCheckpoint(c paxos.Checkpoint) error {
	defer s.holds()
	s.node.world.violated(s.node.world.checks.publishes(s.node.id, &c))
	return s.Store.PublishCheckpoint(c)
}

// published is what a node has taken as the state that a slot left.
type published struct {
	node       paxos.NodeID
	count, sum uint64
	group      string
}

// publishes compares a checkpoint with the one that another node has taken of the same slot.
func (c *checks) publishes(node paxos.NodeID, taken *paxos.Checkpoint) error {
	mine := published{node, taken.Count, taken.Sum, string(taken.Group)}
	first, is := c.checkpoints[taken.Slot]
	if !is {
		c.checkpoints[taken.Slot] = mine
		return nil
	}
	if mine.node = first.node; mine != first {
		return fmt.Errorf("node %v takes a checkpoint of slot %v with %d records of sum %x, and node %v one with %d of sum %x (what is beside them is equal: %v)",
			node, taken.Slot, mine.count, mine.sum, first.node, first.count, first.sum, mine.group == first.group)
	}
	return nil
}

// FinishReceive implements replication.Storage.
func (s *witness) FinishReceive() error {
	defer s.holds()
	return s.Store.FinishReceive()
}

// holds notes what the newest checkpoint on the disk has.
func (s *witness) holds() {
	if c, ok := s.Checkpoint(); ok {
		s.node.holds = max(s.node.holds, c.Slot)
	}
}
