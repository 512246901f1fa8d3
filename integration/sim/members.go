package sim

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/integration/sim/disk"
	"github.com/paxredis/paxredis/integration/sim/store"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// Bounds of the cluster's size while members come and go.
const (
	minVoters  = 3
	maxMembers = 7
)

// found makes the first voters.
func (w *world) found(count int) {
	var c paxos.Configuration
	for i := range count {
		c.Voters = append(c.Voters, paxos.Member{ID: paxos.NodeID(i + 1), Address: address(i + 1)})
	}
	for i := range count {
		w.addNode(paxos.NodeID(i+1), uuid.UUID{15: byte(i + 1)}, c)
	}
	w.checks.ledger.govern(c)
}

func address(number int) string { return fmt.Sprintf("10.0.0.%d:7379", number) }

func (w *world) addNode(id paxos.NodeID, directory uuid.UUID, first paxos.Configuration) *node {
	n := &node{
		world: w, id: id, uuid: directory, prepared: map[paxos.Ballot]uint64{}, disk: store.NewMachine(disk.New(w.rng)), first: first,
		clock: &clock{world: w, ppm: w.skew(), ahead: int64(w.between(-second, second))},
	}
	w.nodes = append(w.nodes, n)
	return n
}

// adopt makes the nodes of members that are new. What is there to be started is, by who added it.
func (w *world) adopt(c *paxos.Configuration) {
	for len(w.nodes) < int(c.Highest()) {
		id := paxos.NodeID(len(w.nodes) + 1)
		m, is := c.Member(id)
		directory, err := uuid.Parse(m.UUID)
		n := w.addNode(id, directory, *c)
		if !is || err != nil {
			n.gone = true // it came and went, and nobody here has seen it
			continue
		}
		w.trace.note(id, "joins", uint64(c.Slot))
		w.after(w.between(millisecond, second), n.restart)
	}
}

// configuration is the newest that any process knows.
func (w *world) configuration() paxos.Configuration {
	newest := w.nodes[0].first
	for _, n := range w.nodes {
		if n.members.Slot > newest.Slot {
			newest = n.members
		}
	}
	return newest
}

// canSpare reports whether a cluster of that configuration bears the loss of a voter for good. The others must know that the configuration
// is chosen, also after a power failure: until then the cluster needs a majority of the one before, whose nodes may be gone.
func (w *world) canSpare(active *paxos.Configuration, voter paxos.NodeID) bool {
	left := 0
	for _, v := range active.Voters {
		if n := w.node(v.ID); v.ID != voter && !n.gone && n.knows >= active.Slot {
			left++
		}
	}
	return left >= paxos.Majority(len(active.Voters))
}

// change asks a node, whichever it is, for a change.
func (w *world) change(c replication.Change) bool {
	n, ok := pick(w, w.live())
	if ok {
		w.await(n, n.group.AskChange(c), nil)
	}
	return ok
}

// Who asks the cluster for something looks for the answer that often, and for that long.
const (
	pollEvery = 20 * millisecond
	pollFor   = 5 * second
)

// await waits for the answer to a request, and then calls done, if that is not nil: ok is false if it was refused or there was none.
func (w *world) await(n *node, p *replication.Pending, done func(ok bool)) {
	boot, until := n.boots, w.now+pollFor
	end := func(ok bool) {
		if done != nil {
			done(ok)
		}
	}
	n.wake()
	var poll func()
	poll = func() {
		if !n.isUp() || n.boots != boot {
			end(false)
			return
		}
		if _, ok, err := p.Poll(); ok {
			w.trace.note(n.id, "answered", boolean(err == nil))
			end(err == nil)
			return
		}
		if w.now > until {
			p.Cancel()
			end(false)
			return
		}
		w.after(pollEvery, poll)
	}
	w.after(pollEvery, poll)
}

func boolean(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// newMember is a data directory that is to become a member's.
func (w *world) newMember() paxos.Member {
	var directory uuid.UUID
	for i := range directory {
		directory[i] = byte(w.rng.Uint32())
	}
	w.joined++
	return paxos.Member{UUID: directory.String(), Address: address(100 + w.joined)}
}

func addMember(w *world) bool {
	active := w.configuration()
	if len(active.Members()) >= maxMembers {
		return false
	}
	return w.change(replication.Change{Kind: replication.AddMember, Member: w.newMember()})
}

func removeMember(w *world) bool {
	active := w.configuration()
	m, _ := pick(w, active.Members())
	if active.IsVoter(m.ID) && len(active.Voters) <= minVoters || w.rotten() {
		return false
	}
	return w.change(replication.Change{Kind: replication.RemoveMember, Member: paxos.Member{ID: m.ID}})
}

func replaceMember(w *world) bool {
	active := w.configuration()
	if len(active.Members()) >= maxMembers || w.rotten() {
		return false
	}
	v, _ := pick(w, active.Voters)
	return w.change(replication.Change{Kind: replication.ReplaceMember, Member: w.newMember(), Replaces: v.ID})
}

// expendable returns a voter that the cluster bears the loss of, and can replace. One at a time is lost.
func (w *world) expendable() (*node, bool) {
	active := w.configuration()
	v, _ := pick(w, active.Voters)
	n := w.node(v.ID)
	return n, !n.gone && !w.losing && !w.rotten() && len(active.Members()) < maxMembers && w.canSpare(&active, v.ID)
}

// loseDirectory ends a voter for good, unless too many are gone already, and has it replaced.
func loseDirectory(w *world) bool {
	n, ok := w.expendable()
	if ok {
		n.lose()
		w.replaceLost(n.id, w.newMember())
	}
	return ok
}

func (n *node) lose() {
	n.crash()
	n.gone = true
	n.world.losing = true
}

// damageDisk has the disk of a voter lose something that was synced. It must not start with that, and is replaced.
func damageDisk(w *world) bool {
	n, ok := w.expendable()
	if !ok || !n.isUp() {
		return false
	}
	n.crashAs(disk.Kept) // or the disk might have lost as much by its crash
	if n.damaged = n.disk.Damage(w.rng); n.damaged {
		w.losing = true
	}
	n.boot()
	if n.damaged && !n.gone { // nothing that counts
		w.losing = false
	}
	n.damaged = false
	return true
}

// returnMember ends a voter whose directory is lost, and then wants it back under its id with an empty one: what it has voted for would be
// forgotten (rule D4). As that is refused, it is replaced.
func returnMember(w *world) bool {
	n, ok := w.expendable()
	through, up := pick(w, w.live())
	if !ok || !up || through == n {
		return false
	}
	n.lose()
	again := w.newMember()
	again.ID = n.id
	w.await(through, through.group.AskChange(replication.Change{Kind: replication.AddMember, Member: again}), func(ok bool) {
		if !ok {
			w.replaceLost(n.id, w.newMember())
			return
		}
		w.losing = false
		n.begin(again, w.configuration())
	})
	return true
}

// begin starts a member on an empty directory.
func (n *node) begin(m paxos.Member, first paxos.Configuration) {
	n.uuid, n.first, n.gone = uuid.MustParse(m.UUID), first, false
	n.disk, n.vows, n.knows, n.holds = store.NewMachine(disk.New(n.world.rng)), vows{}, 0, 0
	n.restart()
}

// replaceLost asks until the voter is no member any more, as an operator would.
func (w *world) replaceLost(id paxos.NodeID, by paxos.Member) {
	w.after(w.between(100*millisecond, second), func() {
		active := w.configuration()
		n, ok := pick(w, w.live())
		if !active.IsMember(id) {
			w.losing = false
			return
		}
		if !ok {
			w.replaceLost(id, by)
			return
		}
		w.await(n, n.group.AskChange(replication.Change{Kind: replication.ReplaceMember, Member: by, Replaces: id}),
			func(bool) { w.replaceLost(id, by) })
	})
}
