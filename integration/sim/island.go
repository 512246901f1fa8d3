package sim

import (
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// island is a leader that is cut off and works on alone: what it proposes fills its pipeline, a change of the members behind all the rest. Once
// another node leads, that one either is asked for another change, and, as soon as that governs, loses touch with those that helped it, while
// the first one is back; or it is cut off in its turn, in the middle of its work. What the first one has proposed is then to be found by phase 1:
// it is older than what was chosen in its place, or than the change before it.
type island struct {
	world *world
	first *node
	// ballot is the one that the first leader led at.
	ballot paxos.Ballot
	others []paxos.NodeID
	second *node // nil until another node leads
	// since is the slot of the configuration that was active when it began.
	since paxos.Slot
	over  bool
	// relays: the second leader is cut off in its turn.
	relays bool
	// cut is whom the second leader is cut off from at the end.
	cut []pair
}

// islandLasts is how long all of that may take; lookEvery is how often it is looked at.
const (
	islandLasts = 3 * second
	lookEvery   = millisecond
)

// makeIsland cuts a leader off and asks it for a change in a while.
func makeIsland(w *world) bool {
	if len(w.islands) > 0 {
		return false
	}
	for _, n := range w.live() {
		s := n.group.Status()
		if s.Role != paxos.RoleLeader || !s.Ready || len(s.Configuration.Members()) >= maxMembers {
			continue
		}
		i := &island{world: w, first: n, ballot: s.Ballot, since: s.Configuration.Slot, relays: w.chance(500)}
		for _, id := range w.memberIDs() {
			if id != n.id {
				i.others = append(i.others, id)
				w.network.block(n.id, id)
				w.network.block(id, n.id)
			}
		}
		w.islands = append(w.islands, i)
		i.burst()
		w.after(w.between(5*millisecond, 50*millisecond), func() { i.ask(n) })
		w.after(lookEvery, i.look)
		w.after(min(islandLasts, 2*w.plan.lasts), i.end)
		return true
	}
	return false
}

// burst has every idle client that bursts do so at the leader that is cut off.
func (i *island) burst() {
	w := i.world
	for _, c := range w.clients {
		if c.bursts && c.open == 0 && w.wantsOperations() {
			c.move(i.first)
			c.spacing = w.between(millisecond, 3*millisecond)
		}
	}
}

// ask asks a node for a change: a new member, that never comes to be if the other side wins.
func (i *island) ask(n *node) {
	w := i.world
	if n.isUp() && !i.over && !w.calm {
		w.await(n, n.group.AskChange(replication.Change{Kind: replication.AddMember, Member: w.newMember()}), nil)
	}
}

// look finds out who leads in the place of the first one, and asks it for a change.
func (i *island) look() {
	w := i.world
	if i.over || w.calm {
		return
	}
	for _, id := range i.others {
		n := w.node(id)
		if i.second != nil || !n.isUp() || n.isFrozen() {
			continue
		}
		if s := n.group.Status(); s.Role == paxos.RoleLeader && s.Ready && i.ballot.Less(s.Ballot) {
			if i.second = n; i.relays {
				w.after(w.between(0, 100*millisecond), i.relay)
			} else {
				i.ask(n)
			}
		}
	}
	if i.second == nil {
		w.after(lookEvery, i.look)
	}
}

// configured is told of every configuration that a node comes to work with. The moment in which the second leader's change is active is the
// one in which it needs promises anew.
func (w *world) configured(n *node, c *paxos.Configuration) {
	for _, i := range w.islands {
		if i.second == n && !i.relays && !i.over && !w.calm && c.Slot > i.since && len(i.cut) == 0 {
			i.bridge()
		}
	}
}

// bridge connects the first leader to the others again, and cuts off so many of those that the promise of the first one is needed.
func (i *island) bridge() {
	n := i.world.network
	others := 0
	for _, id := range i.others {
		n.unblock(i.first.id, id)
		n.unblock(id, i.first.id)
		if id == i.second.id {
			continue
		}
		if others++; others >= paxos.Majority(len(i.others)+1)-1 {
			i.cut = bothWays(i.cut, i.second.id, id)
		}
	}
	for _, p := range i.cut {
		n.block(p.from, p.to)
	}
}

// relay connects the first leader to the others again, and cuts the second one off.
func (i *island) relay() {
	if i.over || i.world.calm {
		return
	}
	n := i.world.network
	for _, id := range i.others {
		if id != i.second.id {
			i.cut = bothWays(i.cut, i.second.id, id)
			n.unblock(i.first.id, id)
			n.unblock(id, i.first.id)
		}
	}
	for _, p := range i.cut {
		n.block(p.from, p.to)
	}
	i.cut = bothWays(i.cut, i.first.id, i.second.id) // since the beginning
}

// end heals what is left of it.
func (i *island) end() {
	n := i.world.network
	i.over = true
	i.world.islands = nil
	if len(i.cut) == 0 {
		for _, id := range i.others {
			n.unblock(i.first.id, id)
			n.unblock(id, i.first.id)
		}
	}
	for _, p := range i.cut {
		n.unblock(p.from, p.to)
	}
}
