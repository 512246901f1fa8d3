package replication

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// loop is the actor that owns the core. It waits for nothing but its inbox and its ticker. A turn of it is made by whoever brings it
// something, if nobody is at it (see turning), else by its own goroutine.
type loop struct {
	g         *Group
	turning   turning
	core      *paxos.Core
	transport Transport
	seed      *rand.ChaCha8

	now    paxos.Instant
	mail   mail
	stored uint64 // the newest sequence the core knows to be stored

	// What the steps so far want done; flush hands it over.
	sends      []paxos.Envelope
	saves      []save
	savesBytes int
	chosen     []paxos.Record

	// leader and ballot are whom this node follows, itself included.
	leader paxos.NodeID
	ballot paxos.Ballot
	leading
	sending      sending
	sendingLarge sendingLarge
	largeLane    int // the lane whose large command was taken last
	reading      reading
	closing      closing
	handOvers    []*handOverWait
	asks         asks
	polls        polls
	tending      tending
	uuids        map[paxos.NodeID]string // of the nodes met
	members      paxos.Configuration     // as last told to the transport
	// flyingSince is the Instant.Mono since which a batch, or Forward, has been on its way, growingSince since which none is and the next one
	// is let grow; 0 if that is not so.
	flyingSince, growingSince int64
	synced                    []paxos.SyncedThrough // as last published
	counters                  counters
}

// stepsPerLook is after how many steps the loop looks at the clock again and hands over what it has gathered.
const stepsPerLook = 64

// ticksPerHeartbeat is how often the core is told the time.
const ticksPerHeartbeat = 5

func newLoop(g *Group, t Transport, seed *rand.ChaCha8) *loop {
	return &loop{g: g, transport: t, seed: seed}
}

func (l *loop) lanes() []*Lane { return *l.g.lanes.Load() }

// begin hands the core over.
func (l *loop) begin(core *paxos.Core) {
	l.core = core
	l.members = core.Configuration()
	l.transport.SetMembers(l.members)
	l.tick()
}

// run drives the core until the group ends.
func (l *loop) run() {
	ticker := time.NewTicker(l.g.cfg.Limits.Heartbeat / ticksPerHeartbeat)
	defer ticker.Stop()
	l.turning.open()
	defer l.turning.close()
	for ticked := false; l.turnHere(ticked); {
		ticked = false
		select {
		case <-l.g.quit:
			return
		case <-ticker.C:
			ticked = true
		case <-l.g.inbox.wake:
		}
	}
}

// turn reacts to everything that has happened, then uses the room there is.
func (l *loop) turn(ticked bool) {
	l.g.inbox.take(&l.mail)
	l.now = l.g.clock.Now() // after the mail was taken: nothing in it is younger
	if l.mail.stored > l.stored {
		l.stored = l.mail.stored
		l.step(paxos.Stored{Sequence: l.stored})
	}
	for _, change := range l.mail.links { // before the new link's messages, which must not count as lost
		l.linkChanged(change)
	}
	for i := range l.mail.messages {
		if (i+1)%stepsPerLook == 0 {
			l.flush()
			l.now = l.g.clock.Now()
		}
		l.receive(&l.mail.messages[i])
	}
	for _, control := range l.mail.controls {
		control()
	}
	if ticked {
		l.tick()
	}
	l.use()
	l.flush()
	l.publish()
}

// use puts the room there is to use: read rounds, batches, Forwards.
func (l *loop) use() {
	l.followLeader()
	l.takeLead()
	l.proceedAsks()
	l.tendMembers()
	l.propose()
	l.proposeTick()
	l.forward()
	l.startReads()
	l.refuseRemoved()
	l.proceedClosing()
	l.proceedHandOvers()
}

// tick does what time alone asks for.
func (l *loop) tick() {
	l.now = l.g.clock.Now()
	l.step(paxos.Ticked{})
	l.expire()
	l.polls.expire(l.now.Mono)
	l.resendOverdue()
	l.resendLargeOverdue()
	l.proposeMark()
}

// receive takes one message of a peer. Forwards are this package's; what brings entries is dropped while there is no
// room for them, as if the network had lost it.
func (l *loop) receive(r *paxos.Received) {
	switch m := r.Message.(type) {
	case paxos.Forward:
		l.onForward(r.From, m)
		return
	case paxos.CheckpointAsk:
		l.g.partServer.ask(r.From, m)
		return
	case paxos.CheckpointPart:
		l.g.fetcher.deliver(r.From, m)
		return
	case paxos.CheckpointDigest:
		l.g.checkpointer.digests.add(r.From, m.Slot, m.Digest)
		l.g.kept.published(r.From, m.Slot)
		return
	case paxos.Ask:
		l.onAsk(r.From, m)
		return
	case paxos.Answer:
		l.onAnswer(r.From, m)
		return
	case paxos.Learn:
		l.g.kept.learns(r.From, m.From)
	case paxos.Accept, paxos.Learned:
		if l.isBehind() {
			l.counters.dropped++
			return
		}
	}
	l.step(*r)
}

// isBehind reports whether the journal or the applier is too far behind to take entries.
func (l *loop) isBehind() bool {
	b, saves, records := &l.g.cfg.Bounds, l.g.saver.queue, l.g.applier.queue
	return saves.bytes.Load()+int64(l.savesBytes) > int64(b.UnstoredBytes) ||
		records.bytes.Load() > int64(b.UnappliedBytes) || records.count.Load() > maxUnappliedRecords
}

func (l *loop) linkChanged(change linkChange) {
	if !change.up {
		l.polls.linkDown(change.peer)
		l.g.fetcher.linkDown(change.peer)
		l.step(paxos.LinkDown{Peer: change.peer})
		return
	}
	l.polls.linkUp(change.peer)
	l.tellPeer(change.peer)
	l.step(paxos.LinkUp{Peer: change.peer})
	if change.peer == l.leader {
		l.sendAgain()
		l.askAgain()
	}
}

// step lets one event happen and performs what follows from it. Nothing is done for a core that has failed.
func (l *loop) step(ev paxos.Event) {
	if l.g.failing() {
		return
	}
	effects := l.core.Step(l.now, ev)
	if effects.Fatal != nil {
		l.g.fail(effects.Fatal)
		return
	}
	l.publishReads()
	l.sends = append(l.sends, effects.Send...)
	l.store(effects)
	l.chosen = append(l.chosen, effects.Chosen...)
	for _, ready := range effects.ReadReady {
		l.readReady(ready)
	}
	for _, serve := range effects.Serve {
		l.g.catchUp.ask(serve)
	}
	if effects.Fetch != nil {
		l.g.fetcher.fetch(*effects.Fetch)
	}
	if effects.Configuration != nil {
		l.configured(*effects.Configuration) // after the messages: links to who left end
	}
}

// store queues the write of a step and what waits for it (rule D1). What waits for nothing that is not stored yet
// leaves at once.
func (l *loop) store(effects *paxos.Effects) {
	if effects.Write.IsEmpty() && (effects.Sequence <= l.stored || paxos.BreakD1Repeat.On()) {
		l.sends = append(l.sends, effects.SendAfterStore...)
		return
	}
	if effects.Write.IsEmpty() && len(effects.SendAfterStore) == 0 {
		return
	}
	l.saves = append(l.saves, save{write: effects.Write, sequence: effects.Sequence, after: effects.SendAfterStore})
	l.savesBytes += recordsBytes(effects.Write.Records)
}

// send queues a message behind those of the steps so far.
func (l *loop) send(to paxos.NodeID, m paxos.Message) {
	l.sends = append(l.sends, paxos.Envelope{To: to, Message: m})
}

// flush hands over to the saver, the peers and the applier what the steps have gathered.
func (l *loop) flush() {
	if len(l.saves) > 0 {
		l.g.saver.queue.push(l.saves, l.savesBytes)
		clear(l.saves)
		l.saves, l.savesBytes = l.saves[:0], 0
	}
	if len(l.sends) > 0 {
		l.transport.SendAll(l.sends)
		clear(l.sends)
		l.sends = l.sends[:0]
	}
	if len(l.chosen) > 0 {
		l.g.applier.queue.push(l.chosen, recordsBytes(l.chosen))
		clear(l.chosen)
		l.chosen = l.chosen[:0]
	}
}

// publish shows the rest of the process where the core is.
func (l *loop) publish() {
	status := l.core.Status(l.now)
	status.Synced = votersOnly(status.Synced, &status.Configuration)
	l.g.published.set(status, l.counters)
	if !slices.Equal(status.Synced, l.synced) {
		l.synced = status.Synced
		l.g.synced.update(status.Synced)
	}
}

// followLeader notices a new leadership: everything unapplied is sent again, to whoever leads now.
func (l *loop) followLeader() {
	id, ballot, _ := l.core.Leader()
	if id == l.leader && ballot == l.ballot {
		return
	}
	if id != l.leader {
		l.g.cfg.observe(leaderEvent(id, ballot))
	}
	if id != 0 {
		l.g.figures.leaders.Add(1)
	}
	l.leader, l.ballot = id, ballot
	l.leading = leading{}
	l.asks.restart()
	l.tending = tending{since: l.now.Mono}
	l.sending.restart(l.retryFirst())
	l.sendingLarge = sendingLarge{}
	l.sendAgain()
}

// expire ends the wait of what has waited for the commit timeout.
func (l *loop) expire() {
	sent := Uncertain
	if paxos.BreakUncertain.On() {
		sent = NoLeader
	}
	for _, f := range l.g.origin.expire(l.now.Mono, NoLeader, sent) {
		f.replies.Fail(f.outcome)
	}
	bornBefore := l.now.Mono - int64(l.g.cfg.CommitTimeout)
	for _, lane := range l.lanes() {
		lane.collectOverdue(bornBefore)
		lane.failHeld(bornBefore, NoLeader)
	}
	unread := NoLeader
	if slot, _ := l.g.fetcher.progress(); slot != 0 {
		unread = Loading // what they wait for comes with a checkpoint
	}
	l.expireReads(bornBefore, unread)
}
