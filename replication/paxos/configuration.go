package paxos

import (
	"errors"
	"fmt"
)

// Member is a node of a configuration.
type Member struct {
	ID NodeID
	// UUID is the node's data directory's identity; it is empty for a node that nobody has met yet (rule D4).
	UUID string
	// Address is the host:port of its peer listener.
	Address string
	// Replaces is, in a learner, the voter that leaves when this one is promoted; 0: none.
	Replaces NodeID
}

// ErrOtherUUID says that an id is known with another UUID than the one shown for it (rule D4).
var ErrOtherUUID = errors.New("the id is known with another UUID")

// Configuration is a membership: who votes, and who only learns. The configuration in an entry governs the slots after it.
type Configuration struct {
	// Slot is the slot of the entry that holds it; 0 for the first one, which no entry holds.
	Slot Slot
	// Base is the slot of the configuration that this one changes. A chosen entry whose base is not the active configuration is
	// void: it was proposed by a leader that did not know what was chosen before it, and must not undo that.
	Base     Slot
	Voters   []Member
	Learners []Member
	// HighestID is the highest id a node ever had; ids are never used again (rule M2). 0: that of the members.
	HighestID NodeID
}

// IsVoter reports whether id votes in c.
func (c *Configuration) IsVoter(id NodeID) bool { return c.voterIndex(id) >= 0 }

// IsMember reports whether id votes or learns in c.
func (c *Configuration) IsMember(id NodeID) bool {
	_, ok := c.Member(id)
	return ok
}

// isOnlyVoter reports whether id is the one voter there is.
func (c *Configuration) isOnlyVoter(id NodeID) bool { return len(c.Voters) == 1 && c.IsVoter(id) }

// Member returns the voter or learner of that id.
func (c *Configuration) Member(id NodeID) (Member, bool) {
	for _, members := range [2][]Member{c.Voters, c.Learners} {
		for i := range members {
			if members[i].ID == id {
				return members[i], true
			}
		}
	}
	return Member{}, false
}

// Members returns the voters, then the learners.
func (c *Configuration) Members() []Member {
	return append(append(make([]Member, 0, len(c.Voters)+len(c.Learners)), c.Voters...), c.Learners...)
}

// Highest returns the highest id a node of the cluster ever had.
func (c *Configuration) Highest() NodeID {
	highest := c.HighestID
	for _, m := range c.Members() {
		highest = max(highest, m.ID)
	}
	return highest
}

// Check reports what makes c one that no cluster can work with.
func (c *Configuration) Check() error {
	if len(c.Voters) == 0 {
		return errors.New("paxos: a configuration without voters")
	}
	if len(c.Voters) > maxVoters {
		return fmt.Errorf("paxos: %d voters are more than the %d a configuration may have", len(c.Voters), maxVoters)
	}
	if len(c.Learners) > maxLearners {
		return fmt.Errorf("paxos: %d learners are more than the %d a configuration may have", len(c.Learners), maxLearners)
	}
	seen := map[NodeID]bool{}
	for _, m := range c.Members() {
		if m.ID == 0 || seen[m.ID] {
			return fmt.Errorf("paxos: node id %v is 0 or given twice", m.ID)
		}
		seen[m.ID] = true
	}
	return nil
}
