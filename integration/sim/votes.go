package sim

import (
	"github.com/paxredis/paxredis/integration/sim/disk"
	"github.com/paxredis/paxredis/replication/paxos"
)

// heldVotes are the Accepteds of one node for another that are kept back until that one leads at a higher ballot than they are of. No link
// delays messages for that long, and none carries them over a restart: as with those that come twice, it is what the protocol must bear.
type heldVotes struct {
	holders int // faults at work
	votes   []paxos.Accepted
}

// holdVotes keeps the votes of one node for another for a while. What is not delivered by then is lost.
func holdVotes(w *world) bool {
	ids := w.memberIDs()
	if len(ids) < 2 {
		return false
	}
	w.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	w.after(w.lasting(), w.network.holdBack(pair{ids[0], ids[1]}))
	return true
}

// holdBack holds the votes of a direction until end is called.
func (n *network) holdBack(direction pair) (end func()) {
	if n.held[direction] == nil {
		n.held[direction] = &heldVotes{}
	}
	h := n.held[direction]
	h.holders++
	return func() {
		if h.holders--; h.holders == 0 && n.held[direction] == h {
			delete(n.held, direction)
		}
	}
}

// heldVotesOrForgotten holds votes in one of two ways.
func heldVotesOrForgotten(w *world) bool {
	if w.chance(500) {
		return holdVotes(w)
	}
	return forget(w)
}

// forget has a leader forget what it proposes: others vote for that, their votes are held, and it ends before its own record is synced. What
// it proposed is not chosen by that, and it reaches but so many as it needs to lead again.
func forget(w *world) bool {
	var leader *node
	for _, n := range w.live() {
		if s := n.group.Status(); s.Role == paxos.RoleLeader && s.Ready && !n.isFrozen() {
			leader = n
		}
	}
	if leader == nil {
		return false
	}
	var endings []func()
	helpers := paxos.Majority(len(leader.members.Voters)) - 1
	for _, id := range w.memberIDs() {
		if id == leader.id {
			continue
		}
		if leader.members.IsVoter(id) && helpers > 0 {
			helpers--
			endings = append(endings, w.network.holdBack(pair{id, leader.id}))
			continue
		}
		for _, other := range w.memberIDs() {
			if other != id {
				w.network.block(id, other)
				w.network.block(other, id)
				endings = append(endings, func() {
					w.network.unblock(id, other)
					w.network.unblock(other, id)
				})
			}
		}
	}
	fast := leader.diskSlower.begin(2000)
	boot := leader.boots
	w.after(w.between(10*millisecond, 60*millisecond), func() {
		if fast(); leader.isUp() && leader.boots == boot {
			leader.crashAs(disk.Dropped)
			leader.restart()
		}
	})
	w.after(max(w.lasting(), 500*millisecond), func() {
		for _, end := range endings {
			end()
		}
	})
	return true
}

// mostHeld bounds the votes kept back of one direction.
const mostHeld = 64

// hold keeps a message back if it is a vote of a direction whose votes are held.
func (n *network) hold(from, to paxos.NodeID, m paxos.Message) bool {
	h := n.held[pair{from, to}]
	vote, is := m.(paxos.Accepted)
	if h == nil || !is || len(h.votes) == mostHeld {
		return false
	}
	h.votes = append(h.votes, vote)
	return true
}

// soon is within what time held votes come once they may matter.
const soon = 3 * millisecond

// leads delivers what is held for a node that now leads at that ballot, and was cast at a lower one.
func (n *network) leads(id paxos.NodeID, ballot paxos.Ballot) {
	for from := paxos.NodeID(1); int(from) <= len(n.world.nodes); from++ {
		h := n.held[pair{from, id}]
		if h == nil {
			continue
		}
		var kept []paxos.Accepted
		for _, vote := range h.votes {
			if vote.Ballot.Less(ballot) {
				n.comeLate(from, id, vote)
			} else {
				kept = append(kept, vote)
			}
		}
		h.votes = kept
	}
}

// comeLate delivers a vote in a moment, in no order with anything else.
func (n *network) comeLate(from, to paxos.NodeID, vote paxos.Accepted) {
	w, receiver := n.world, n.world.node(to)
	w.after(w.between(0, soon), func() {
		if receiver.isUp() && !receiver.isFrozen() {
			receiver.receive(from, []paxos.Message{n.carry(from, to, vote)})
		}
	})
}
