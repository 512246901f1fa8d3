package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// faultPlan is what goes wrong in a history, and how often.
type faultPlan struct {
	kinds []Fault
	// every is the mean time between two faults, lasts how long one lasts at most.
	every, lasts moment
	// rng is a source of its own, so that the plan is the same whatever else happens: what is left out changes nothing of the rest of it.
	rng     *rand.Rand
	planned int
}

// newFaultPlan chooses what goes wrong: not everything in every history, or nothing would ever go well for long enough to get far.
func newFaultPlan(w *world, seed uint64) faultPlan {
	o := &w.options
	p := faultPlan{rng: rand.New(rand.NewPCG(seed, 0xfa017))}
	p.every = 60*millisecond + moment(p.rng.Int64N(int64(1440*millisecond)))
	p.lasts = 300*millisecond + moment(p.rng.Int64N(int64(3700*millisecond)))
	orDefault(&o.FaultEvery, time.Duration(p.every))
	orDefault(&o.FaultLasts, time.Duration(p.lasts))
	p.every, p.lasts = moment(o.FaultEvery), moment(o.FaultLasts)
	for f := range Fault(FaultKinds) {
		if chosen := p.rng.IntN(1000) < 400; o.Faults.Has(f) || o.Faults == 0 && chosen {
			p.kinds = append(p.kinds, f)
		}
	}
	if o.NoFaults {
		p.kinds = nil
	}
	o.Faults = Only(p.kinds...)
	return p
}

// begin has faults happen until the world is calm.
func (p *faultPlan) begin(w *world) {
	if len(p.kinds) == 0 {
		return
	}
	wait := millisecond + moment(p.rng.Int64N(2*int64(p.every)))
	kind, number, chance := p.kinds[p.rng.IntN(len(p.kinds))], p.planned, rand.New(rand.NewPCG(p.rng.Uint64(), 0))
	p.planned++
	w.after(wait, func() {
		if w.calm {
			return
		}
		if !slices.Contains(w.options.Skip, number) {
			w.fault(kind, number, chance)
		}
		p.begin(w)
	})
}

// fault lets one happen, by a chance of its own.
func (w *world) fault(kind Fault, number int, chance *rand.Rand) {
	former := w.rng
	w.rng = chance
	happened := faultTable[kind](w)
	w.rng = former
	if happened {
		w.happened = append(w.happened, number)
		w.faults[kind]++
		w.trace.note(0, kind.String(), uint64(number))
	}
}

// faultTable says what happens for each kind. It reports false if that was not possible.
var faultTable = [FaultKinds]func(*world) bool{
	FaultCrash:       crashOne,
	FaultCrashAll:    crashAll,
	FaultCrashInDisk: crashInDisk,
	FaultRestart:     restartOne,
	FaultFreeze:      func(w *world) bool { return freezeOne(w, false) },
	FaultSuspend:     func(w *world) bool { return freezeOne(w, true) },
	FaultIsolate:     func(w *world) bool { return cut(w, isolated) },
	FaultSplit:       func(w *world) bool { return cut(w, split) },
	FaultOneWay:      func(w *world) bool { return cut(w, oneWay) },
	FaultPartial:     func(w *world) bool { return cut(w, partial) },
	FaultBridge:      func(w *world) bool { return cut(w, bridge) },
	FaultChain:       func(w *world) bool { return cut(w, chain) },
	FaultLinkBreak:   breakOne,
	FaultLoss:        loseSome,
	FaultRepeat:      repeatSome,
	FaultSlowLinks:   slowLinks,
	FaultSlowDisk:    slowDisk,
	FaultClockJump:   jumpClock,
	FaultTransfer:    transfer,
	FaultAdd:         addMember,
	FaultRemove:      removeMember,
	FaultReplace:     replaceMember,
	FaultLost:        loseDirectory,
	FaultCheckpoint:  askCheckpoint,
	FaultFull:        fillDisk,
	FaultSync:        failSync,
	FaultDamage:      damageDisk,
	FaultReturn:      returnMember,
	FaultIsland:      makeIsland,
	FaultSlowApply:   slowApply,
	FaultHeldVotes:   heldVotesOrForgotten,
	FaultRot:         rotCheckpoint,
}

// lasting returns how long a fault lasts.
func (w *world) lasting() moment { return w.between(millisecond, w.plan.lasts) }

func (n *node) restartLater() {
	n.world.after(n.world.between(millisecond, n.world.plan.lasts), n.restart)
}

func crashOne(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		n.crash()
		n.restartLater()
	}
	return ok
}

func crashAll(w *world) bool {
	for _, n := range w.live() {
		n.crash()
		n.restartLater()
	}
	return true
}

// crashInDisk has the disk fail a few operations from now: looked finds out.
func crashInDisk(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		n.disk.Disk.FailIn(1 + w.rng.IntN(12))
	}
	return ok
}

func restartOne(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		n.close()
	}
	return ok
}

func freezeOne(w *world, suspend bool) bool {
	n, ok := pick(w, w.live())
	if !ok {
		return false
	}
	if w.options.ReadMode == replication.ReadLease && w.chance(300) {
		n.freezeInRead, n.suspendInRead = w.lasting(), suspend
		return true
	}
	n.freeze(w.lasting(), suspend)
	return true
}

// cut blocks some directions for a while.
func cut(w *world, choose func(*world, []paxos.NodeID) []pair) bool {
	ids := w.memberIDs()
	if len(ids) < 2 {
		return false
	}
	w.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	blocked := choose(w, ids)
	for _, p := range blocked {
		w.network.block(p.from, p.to)
	}
	w.after(w.lasting(), func() {
		for _, p := range blocked {
			w.network.unblock(p.from, p.to)
		}
	})
	return true
}

func bothWays(pairs []pair, a, b paxos.NodeID) []pair { return append(pairs, pair{a, b}, pair{b, a}) }

func isolated(_ *world, ids []paxos.NodeID) (blocked []pair) {
	for _, other := range ids[1:] {
		blocked = bothWays(blocked, ids[0], other)
	}
	return blocked
}

func split(w *world, ids []paxos.NodeID) (blocked []pair) {
	at := 1 + w.rng.IntN(len(ids)-1)
	for _, a := range ids[:at] {
		for _, b := range ids[at:] {
			blocked = bothWays(blocked, a, b)
		}
	}
	return blocked
}

func oneWay(_ *world, ids []paxos.NodeID) []pair { return []pair{{ids[0], ids[1]}} }

func partial(_ *world, ids []paxos.NodeID) []pair { return bothWays(nil, ids[0], ids[1]) }

// bridge leaves only the first node connected to everybody: quorum loss, in the words of the Omni-Paxos paper.
func bridge(_ *world, ids []paxos.NodeID) (blocked []pair) {
	for i, a := range ids[1:] {
		for _, b := range ids[i+2:] {
			blocked = bothWays(blocked, a, b)
		}
	}
	return blocked
}

// chain leaves each node connected to its neighbours alone.
func chain(_ *world, ids []paxos.NodeID) (blocked []pair) {
	for i := range ids {
		for j := i + 2; j < len(ids); j++ {
			blocked = bothWays(blocked, ids[i], ids[j])
		}
	}
	return blocked
}

func breakOne(w *world) bool {
	ids := w.memberIDs()
	if len(ids) < 2 {
		return false
	}
	w.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	w.network.breakLink(ids[0], ids[1])
	return true
}

// loseSome and repeatSome count the messages, not themselves.
func loseSome(w *world) bool {
	end := w.network.lossy.begin(w.between(1, 200))
	w.after(w.lasting(), end)
	w.faults[FaultLoss]--
	return true
}

func repeatSome(w *world) bool {
	end := w.network.doubled.begin(w.between(1, 200))
	w.after(w.lasting(), end)
	w.faults[FaultRepeat]--
	return true
}

func slowLinks(w *world) bool {
	end := w.network.slower.begin(w.between(2, 60))
	w.after(w.lasting(), end)
	return true
}

func slowDisk(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		end := n.diskSlower.begin([]moment{10, 100, 2000}[w.rng.IntN(3)])
		w.after(w.lasting(), end)
	}
	return ok
}

func slowApply(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		end := n.appliesSlowly.begin(w.between(1, []moment{20, 200}[w.rng.IntN(2)]))
		w.after(w.lasting(), end)
	}
	return ok
}

func fillDisk(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		end := n.full.begin(1)
		n.disk.SetFull(true)
		w.after(w.lasting(), func() {
			end()
			n.disk.SetFull(n.full.isOn())
		})
	}
	return ok
}

// rotCheckpoint spoils a checkpoint. The next one has to come before another node loses what it has.
func rotCheckpoint(w *world) bool {
	n, ok := pick(w, w.live())
	return ok && !w.losing && !w.rotten() && n.store.Rot()
}

// rotten reports whether a node has a checkpoint that cannot be read, or has given it up and has no other yet.
func (w *world) rotten() bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool { return !n.gone && n.disk.Rotten() })
}

func failSync(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		n.disk.Disk.FailSync()
	}
	return ok
}

func jumpClock(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		n.clock.ahead += int64(w.between(-10*second, 10*second))
	}
	return ok
}

func transfer(w *world) bool {
	c := replication.Change{Kind: replication.TransferLeadership}
	active := w.configuration()
	if w.chance(500) {
		to, _ := pick(w, active.Voters)
		c.Member.ID = to.ID
	}
	return w.change(c)
}

func askCheckpoint(w *world) bool {
	n, ok := pick(w, w.live())
	if ok {
		w.await(n, n.group.AskCheckpoint(), nil)
	}
	return ok
}

// memberIDs are those of the newest configuration that have a node.
func (w *world) memberIDs() []paxos.NodeID {
	active := w.configuration()
	var ids []paxos.NodeID
	for _, m := range active.Members() {
		if int(m.ID) <= len(w.nodes) {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
