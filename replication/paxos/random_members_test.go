package paxos_test

import (
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
)

// maxMembers keeps random configurations small enough for every one of them to be tried.
const maxMembers = 6

// change proposes a random change of the members at the leader, as a driver would: one at a time, and nobody votes who has
// not caught up. Whoever is left out may be the leader itself.
func (h *history) change() {
	leader := h.env.ReadyLeader()
	if leader == 0 || h.isPaused(leader) || !h.env.Core(leader).CanReconfigure() {
		return
	}
	status := h.env.Status(leader)
	next := clone(status.Configuration)
	switch h.random.IntN(3) {
	case 0:
		h.addLearner(&next)
	case 1:
		h.promote(&next, status)
	default:
		h.remove(&next)
	}
	next.HighestID = next.Highest()
	h.env.Reconfigure(leader, next)
}

func clone(c paxos.Configuration) paxos.Configuration {
	c.HighestID, c.Base = c.Highest(), c.Slot
	c.Voters, c.Learners = slices.Clone(c.Voters), slices.Clone(c.Learners)
	return c
}

func (h *history) addLearner(c *paxos.Configuration) {
	if id := c.HighestID + 1; int(id) <= len(h.env.IDs()) && len(c.Members()) < maxMembers {
		c.Learners = append(c.Learners, paxos.Member{ID: id})
	}
}

// promote makes a learner that has caught up a voter, in place of another one now and then.
func (h *history) promote(c *paxos.Configuration, status paxos.Status) {
	for _, m := range status.Members {
		i := slices.IndexFunc(c.Learners, func(l paxos.Member) bool { return l.ID == m.Node })
		if i < 0 || !m.Recent || m.Synced+2 < status.Chosen {
			continue
		}
		if h.chance(50) {
			at := h.random.IntN(len(c.Voters))
			c.Voters = slices.Delete(c.Voters, at, at+1)
		}
		c.Voters = append(c.Voters, c.Learners[i])
		c.Learners = slices.Delete(c.Learners, i, i+1)
		return
	}
}

func (h *history) remove(c *paxos.Configuration) {
	if len(c.Learners) > 0 && h.chance(30) {
		c.Learners = c.Learners[1:]
		return
	}
	if len(c.Voters) > 1 {
		at := h.random.IntN(len(c.Voters))
		c.Voters = slices.Delete(c.Voters, at, at+1)
	}
}

// joinSome starts the nodes that a configuration names for the first time.
func (h *history) joinSome() {
	configuration := h.env.Configuration()
	for _, m := range configuration.Learners {
		if !h.env.HasJoined(m.ID) && h.err == nil {
			h.err = h.env.Join(m.ID)
		}
	}
}

// loseState has a node find its checkpoint damaged, when another one could give it to it.
func (h *history) loseState(id paxos.NodeID) {
	if !h.chance(h.weather.lose) {
		return
	}
	for _, m := range h.env.Configuration().Voters {
		if m.ID != id && h.env.HasJoined(m.ID) && !h.env.HasState(m.ID) {
			return // one at a time: what all have lost nobody can give
		}
	}
	if len(h.env.Configuration().Voters) > 2 {
		h.env.LoseState(id)
	}
}
