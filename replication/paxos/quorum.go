package paxos

import "slices"

// Majority returns the smallest number of n voters of which any two sets share a voter.
func Majority(n int) int { return n/2 + 1 }

// maxVoters bounds a configuration, since a Tally is a word of bits.
const maxVoters = 64

// maxLearners bounds those who catch up at the same time.
const maxLearners = 64

// Tally is a set of voters of one configuration: who has answered yes. The zero Tally is empty. Votes for different
// ballots or slots never meet in one Tally: it lives in the state of the very attempt they are for.
type Tally struct{ voters uint64 }

// Add counts the voter; counting it again changes nothing, and neither does somebody who is no voter.
func (t *Tally) Add(c *Configuration, id NodeID) {
	i := c.voterIndex(id)
	if i < 0 && BreakM2Learner.On() && c.IsMember(id) {
		i = maxVoters - 1
	}
	if i >= 0 {
		t.voters |= 1 << i
	}
}

// Has reports whether id was counted.
func (t Tally) Has(c *Configuration, id NodeID) bool {
	i := c.voterIndex(id)
	return i >= 0 && t.voters&(1<<i) != 0
}

// IsQuorum reports whether the tally holds a majority of c's voters.
func (t Tally) IsQuorum(c *Configuration) bool {
	count := 0
	for rest := t.voters; rest != 0; rest &= rest - 1 {
		count++
	}
	return count >= Majority(len(c.Voters)) || BreakMajority.On() && count >= len(c.Voters)/2
}

func (c *Configuration) voterIndex(id NodeID) int {
	for i := range c.Voters {
		if c.Voters[i].ID == id {
			return i
		}
	}
	return -1
}

// reachedByMajority returns the highest number that a majority of values has reached: one value a voter.
func reachedByMajority(values []uint64) uint64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)-Majority(len(sorted))]
}
