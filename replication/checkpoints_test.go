package replication

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// mustCheckpoint has a checkpoint taken, and returns once this node has it and has cut its log.
func (n *node) mustCheckpoint() paxos.Slot {
	n.cluster.t.Helper()
	slot, err := n.group.Checkpoint(n.cluster.t.Context(), true)
	if err != nil {
		n.cluster.t.Fatal(err)
	}
	n.quiesce()
	return slot
}

// waitCheckpoint returns the node's checkpoint once it is at a slot, and done with it.
func (n *node) waitCheckpoint(slot paxos.Slot) paxos.Checkpoint {
	n.cluster.t.Helper()
	if _, err := n.group.awaitCheckpoint(n.cluster.t.Context(), slot); err != nil {
		n.cluster.t.Fatal(err)
	}
	n.quiesce()
	c, _ := n.handle.Checkpoint()
	return c
}

// quiesce returns once nothing is being written.
func (n *node) quiesce() {
	n.suspend()
	n.group.checkpointer.resume()
}

// suspend has nothing be written any more.
func (n *node) suspend() {
	idle := make(chan struct{}, 1)
	for n.group.checkpointer.suspend(idle); n.group.checkpointer.isWriting(); {
		<-idle
	}
}

// fill writes numbered commands.
func (n *node) fill(writer string, count int) {
	n.cluster.t.Helper()
	for i := range count {
		n.mustWrite(fmt.Sprintf("%s %d", writer, i+1))
	}
}

func TestCheckpointIsTheSameOnAllNodesAndCutsTheLog(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 40 })
	follower := c.others(c.leader().id)[0]
	var slots []paxos.Slot
	for round := range 3 {
		for _, id := range c.all {
			c.nodes[id].fill(fmt.Sprintf("%v/%d", id, round), 10)
		}
		slots = append(slots, follower.mustCheckpoint())
		want := follower.waitCheckpoint(slots[round])
		digest, _ := want.Digest()
		for _, id := range c.all {
			n := c.nodes[id]
			got := n.waitCheckpoint(slots[round])
			if other, _ := got.Digest(); !bytes.Equal(other, digest) || got.Count != uint64(30*(round+1)) {
				t.Errorf("node %v: %d records at slot %v, %q differs from %q", id, got.Count, got.Slot, got.Group, want.Group)
			}
			if round > 0 && n.disk.first != slots[round-1]+1 {
				t.Errorf("node %v: the log begins at %v, and the checkpoint before the newest is of slot %v", id, n.disk.first, slots[round-1])
			}
			if s := n.group.CheckpointStatus(); s.Slot != slots[round] || s.Records != got.Count || len(s.Differing) != 0 || s.Skipped != 0 {
				t.Errorf("node %v: %+v", id, s)
			}
		}
	}
}

func TestRestartFromACheckpointAndTheLogAfterIt(t *testing.T) {
	for _, size := range []int{1, 3} {
		c := newCluster(t, size, nil)
		n := c.others(99)[0]
		n.fill("a", 10)
		n.mustCheckpoint()
		n.fill("b", 5)
		n.mustCheckpoint()
		n.fill("c", 5)
		want := n.machine.log()
		crashed := c.crash(n.id)
		if crashed.disk.first <= 1 {
			t.Fatal("the log was not cut")
		}
		back := c.start(n.id, crashed.disk)
		back.mustWrite("after")
		if got := back.machine.log(); !slices.Equal(got, append(want, "after")) || back.machine.restored != 1 {
			t.Errorf("%d nodes: after %d restores the machine holds %q", size, back.machine.restored, got)
		}
		back.mustCheckpoint()
		if s := back.group.CheckpointStatus(); s.Records != 21 || s.At.IsZero() {
			t.Errorf("%+v", s)
		}
	}
}

// fallBehind stops a follower, and has the others cut the log that it will miss.
func (c *cluster) fallBehind() (late *node, leader *node) {
	c.t.Helper()
	late = c.others(c.leader().id)[0]
	late.fill("late", 5)
	late = c.crash(late.id)
	leader = c.leader(late.id)
	c.cutLog(leader)
	return late, leader
}

// cutLog fills the log and takes two checkpoints on every node there is.
func (c *cluster) cutLog(via *node) {
	c.t.Helper()
	for round := range 2 {
		via.fill(fmt.Sprintf("round/%d", round), 10)
		slot := via.mustCheckpoint()
		for _, n := range c.nodes {
			if n.group.taking.Load() && !c.net.isCut(n.id) {
				n.waitCheckpoint(slot)
			}
		}
	}
	via.fill("tail", 5)
}

// isCut reports whether nothing gets to a node.
func (n *network) isCut(id paxos.NodeID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for direction, cut := range n.cut {
		if cut && direction.to == id {
			return true
		}
	}
	return false
}

// checkCaughtUp waits until a node holds what another one does, got by a checkpoint, and takes part.
func (c *cluster) checkCaughtUp(n, other *node) {
	c.t.Helper()
	want := other.machine.log()
	n.machine.waitCount(len(want))
	n.mustWrite("caught up 1")
	want = append(want, "caught up 1")
	n.machine.waitCount(len(want))
	if got := n.machine.log(); !slices.Equal(got, want) || n.machine.restored == 0 {
		c.t.Errorf("after %d restores node %v holds %q, want %q", n.machine.restored, n.id, got, want)
	}
}

func TestNodeTooFarBehindGetsACheckpointThenEntries(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 40 })
	late, leader := c.fallBehind()
	back := c.start(late.id, late.disk)
	c.checkCaughtUp(back, leader)
	(&history{}).checkLog(t, back.id, slices.DeleteFunc(back.machine.log(), func(text string) bool { return text == "caught up 1" }))
	back.mustCheckpoint() // on top of the one installed
	c.crash(back.id)
	again := c.start(back.id, back.disk)
	again.mustWrite("again 1")
}

// TestReadsThatWaitForACheckpointAreToldSo: there is a leader, so that is not what is missing.
func TestReadsThatWaitForACheckpointAreToldSo(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes, cfg.CommitTimeout = 30, 300*time.Millisecond })
	late, leader := c.fallBehind()
	second := make(chan struct{}, 1)
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if p, ok := m.(paxos.CheckpointPart); ok && len(p.Head) == 0 {
			signal(second)
			return 0 // the first part is all that comes
		}
		return 1
	})
	back := c.start(late.id, late.disk)
	<-second
	if _, o := back.read(); o != Loading {
		t.Errorf("the read: %v", o)
	}
	c.net.setFilter(nil)
	c.checkCaughtUp(back, leader)
}

func TestFetchGoesOnElsewhereWhereItStopped(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 30 })
	late, leader := c.fallBehind()
	var first paxos.NodeID
	given := map[paxos.NodeID]int{}
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() != paxos.KindCheckpointPart {
			return 1
		}
		if first == 0 {
			first = from
		}
		if from == first && given[from] == 3 {
			return 0 // it stops in the middle
		}
		given[from]++
		return 1
	})
	back := c.start(late.id, late.disk)
	c.checkCaughtUp(back, leader)
	c.net.setFilter(nil)
	sum := 0
	for _, n := range given {
		sum += n
	}
	if len(given) != 2 || back.disk.checkpoints.received != sum-1 { // the second node's head came with a part that was there
		t.Errorf("%d parts taken, given %v", back.disk.checkpoints.received, given)
	}
}

func TestFetchGoesOnWhenALinkBreaks(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 30; cfg.Limits.ElectionMax = time.Minute / 5 })
	late, leader := c.fallBehind()
	var lost *node
	c.net.setFilter(func(from, to paxos.NodeID, m paxos.Message) int {
		if m.Kind() != paxos.KindCheckpointPart || lost != nil && lost.id != from {
			return 1
		}
		if lost == nil {
			lost = c.nodes[from]
			go c.nodes[to].group.LinkDown(from)
		}
		return 0
	})
	back := c.start(late.id, late.disk)
	c.checkCaughtUp(back, leader)
}

// TestWhoCannotReadItsCheckpointRefusesIt and goes on: there is another node to fetch it from. The next one it writes whole.
func TestWhoCannotReadItsCheckpointRefusesIt(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 40 })
	late, leader := c.fallBehind()
	leader.disk.mu.Lock()
	leader.disk.checkpoints.newest.unreadable = true
	leader.disk.mu.Unlock()
	c.checkCaughtUp(c.start(late.id, late.disk), leader)
	leader.mustWrite("it runs 1")
	c.checkRewritten(leader)
}

// checkRewritten takes checkpoints at a node that knows of damage to its newest: the first is written whole, the second is not, and
// a start makes the state from it.
func (c *cluster) checkRewritten(n *node) {
	c.t.Helper()
	for range 2 {
		n.mustWrite("after the damage 1")
		n.mustCheckpoint()
	}
	n.disk.mu.Lock()
	rewritten := n.disk.checkpoints.rewritten
	n.disk.mu.Unlock()
	if rewritten != 1 {
		c.t.Errorf("%d checkpoints were written whole, not one", rewritten)
	}
	log := n.machine.log()
	c.crash(n.id)
	again := c.start(n.id, n.disk)
	again.machine.waitCount(len(log))
	if !slices.Equal(again.machine.log(), log) {
		c.t.Error("the state was not what it had been")
	}
}

// TestDamageFoundWhileWritingIsWrittenOver: the checkpoint that meets the damage is given up, and the one after it is whole.
func TestDamageFoundWhileWritingIsWrittenOver(t *testing.T) {
	for name, spoil := range map[string]func(*checkpoints){
		"in a write":   func(c *checkpoints) { c.unwritable, c.newest.unreadable = true, true },
		"in a renewal": func(c *checkpoints) { c.unrenewable = true },
		"read back":    func(c *checkpoints) { c.unverifiable, c.newest.unreadable = 1, true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, nil)
			n := c.leader()
			n.fill("w", 20)
			n.mustCheckpoint()
			n.disk.mu.Lock()
			spoil(&n.disk.checkpoints)
			n.disk.mu.Unlock()
			n.mustWrite("another 1")
			if _, err := n.group.Checkpoint(t.Context(), true); (err == nil) != (name == "in a renewal") || err != nil && !errors.Is(err, ErrDamaged) {
				t.Errorf("the checkpoint that meets the damage: %v", err)
			}
			c.checkRewritten(n)
		})
	}
}

// TestAWholeCheckpointThatCannotBeReadBackEndsTheNode: its disk does not keep what is written, and nothing else is left to try.
func TestAWholeCheckpointThatCannotBeReadBackEndsTheNode(t *testing.T) {
	c := newCluster(t, 3, nil)
	n := c.leader()
	n.fill("w", 20)
	n.mustCheckpoint()
	n.disk.mu.Lock()
	n.disk.checkpoints.unverifiable = 2
	n.disk.mu.Unlock()
	n.mustWrite("another 1")
	if _, err := n.group.Checkpoint(t.Context(), true); !errors.Is(err, ErrDamaged) {
		t.Errorf("the checkpoint that meets the damage: %v", err)
	}
	if _, err := n.group.Checkpoint(t.Context(), true); err == nil {
		t.Error("a whole checkpoint that cannot be read back was published")
	}
	<-n.group.Done()
	if err := n.group.Err(); !errors.Is(err, ErrDamaged) {
		t.Errorf("the group has ended with: %v", err)
	}
}

// TestDamageOfWhatWasBeforeARestoredStateIsOfNoAccount: a peer may still read it. It is not what the next checkpoint is a difference to.
func TestDamageOfWhatWasBeforeARestoredStateIsOfNoAccount(t *testing.T) {
	c := newCluster(t, 3, nil)
	late, leader := c.fallBehind()
	back := c.start(late.id, late.disk)
	c.checkCaughtUp(back, leader)
	back.disk.mu.Lock()
	restored := back.disk.checkpoints.newest.checkpoint.Slot
	back.disk.mu.Unlock()
	back.group.ReportDamage(restored-1, ErrDamaged)
	back.mustCheckpoint()
	back.mustCheckpoint()
	back.disk.mu.Lock()
	defer back.disk.mu.Unlock()
	if n := back.disk.checkpoints.rewritten; n != 0 {
		t.Errorf("%d checkpoints were written whole", n)
	}
}

// TestRewritingWaitsForRoom: while the disk has no room for both, no checkpoint is taken, and the node goes on.
func TestRewritingWaitsForRoom(t *testing.T) {
	c := newCluster(t, 3, nil)
	n := c.leader()
	n.fill("w", 20)
	n.mustCheckpoint()
	n.disk.mu.Lock()
	n.disk.checkpoints.newest.unreadable, n.disk.checkpoints.lacking = true, 2
	n.disk.mu.Unlock()
	n.group.ReportDamage(n.disk.checkpoints.newest.checkpoint.Slot, ErrDamaged)
	for range 2 {
		if _, err := n.group.Checkpoint(t.Context(), true); !errors.Is(err, ErrDiskSpace) {
			t.Errorf("a checkpoint without room: %v", err)
		}
	}
	c.checkRewritten(n)
}

func TestFetchWaitsForRoom(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.PartBytes = 40 })
	late, leader := c.fallBehind()
	late.disk.checkpoints.lacking = 2
	c.checkCaughtUp(c.start(late.id, late.disk), leader)
}

func TestDamagedPartsAreAskedForAgain(t *testing.T) {
	for name, spoiled := range map[string]int{"once": 1, "until another node is asked": maxDamaged} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, nil)
			late, leader := c.fallBehind()
			for _, n := range c.nodes {
				n.disk.mu.Lock()
				n.disk.checkpoints.spoiled = spoiled
				n.disk.mu.Unlock()
			}
			c.checkCaughtUp(c.start(late.id, late.disk), leader)
		})
	}
}

func TestDamagedCheckpointIsFetchedAnew(t *testing.T) {
	c := newCluster(t, 3, nil)
	victim := c.others(c.leader().id)[0]
	c.cutLog(victim)
	crashed := c.crash(victim.id)
	crashed.disk.damage()
	back := c.start(victim.id, crashed.disk)
	c.checkCaughtUp(back, c.leader())
	if len(back.disk.checkpoints.discarded) != 1 {
		t.Errorf("discarded: %q", back.disk.checkpoints.discarded)
	}
}

func TestDamagedCheckpointOfAnUncutLogIsNotNeeded(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.nodes[1].fill("a", 10)
	c.nodes[1].mustCheckpoint()
	want := c.nodes[1].machine.log()
	crashed := c.crash(1)
	crashed.disk.damage()
	back := c.start(1, crashed.disk)
	back.mustWrite("after")
	if got := back.machine.log(); !slices.Equal(got, append(want, "after")) {
		t.Errorf("%q", got)
	}
}

func TestLostStateOfTheOnlyNodeIsFatal(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.cutLog(c.nodes[1])
	crashed := c.crash(1)
	crashed.disk.damage()
	back := c.start(1, crashed.disk)
	<-back.group.Done()
	if err := back.group.Err(); err == nil || !strings.Contains(err.Error(), "paxredis restore") {
		t.Error(err)
	}
}

// A node that has lost its state still tells candidates all it voted for, what it knew to be chosen included.
func TestLostStateKeepsItsVotes(t *testing.T) {
	d := newDisk()
	for slot := paxos.Slot(5); slot <= 9; slot++ {
		d.records[slot] = paxos.Record{Slot: slot, Entry: paxos.Entry{Kind: paxos.EntryNoop}}
	}
	d.first, d.chosen = 5, 7
	g := &Group{cfg: Config{Self: 1, Logger: discardLog()}, storage: newHandle(d)}
	g.setConfiguration(paxos.Configuration{Voters: []paxos.Member{{ID: 1}, {ID: 2}, {ID: 3}}})
	restored, err := g.loadNothing(d.restored())
	if err != nil || restored.Chosen != 0 || len(restored.Records) != 5 || restored.Records[0].Slot != 5 {
		t.Errorf("%+v, %v", restored, err)
	}
}

func TestOutvotedNodeTakesItselfOutAndComesBackWithTheRightState(t *testing.T) {
	c := newCluster(t, 3, nil)
	victim := c.others(c.leader().id)[0]
	victim.machine.distort = func(text string) string { return strings.Replace(text, "round/1 3", "another text", 1) }
	other := c.others(victim.id)[0]
	other.fill("round/0", 10)
	victim.waitCheckpoint(other.mustCheckpoint())
	other.fill("round/1", 10)
	if _, err := other.group.Checkpoint(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	<-victim.group.Done()
	if err := victim.group.Err(); err == nil || !strings.Contains(err.Error(), "majority") {
		t.Fatal(err)
	}
	crashed := c.crash(victim.id)
	if len(crashed.disk.checkpoints.discarded) != 1 {
		t.Fatalf("discarded: %q", crashed.disk.checkpoints.discarded)
	}
	back := c.start(victim.id, crashed.disk)
	c.checkCaughtUp(back, other)
	other.quiesce()
	if other.group.Err() != nil {
		t.Error(other.group.Err())
	}
}

func TestTwoNodesThatDifferSaySoAndGoOn(t *testing.T) {
	c := newCluster(t, 2, nil)
	c.nodes[2].machine.distort = func(text string) string { return text + "!" }
	c.nodes[1].fill("a", 3)
	slot := c.nodes[1].mustCheckpoint()
	c.nodes[2].waitCheckpoint(slot)
	for _, id := range c.all {
		n := c.nodes[id]
		other := c.others(id)[0].id
		for s := n.group.CheckpointStatus(); s.Compared != slot || !slices.Equal(s.Differing, []paxos.NodeID{other}); s = n.group.CheckpointStatus() {
			n.turn()
			n.quiesce()
		}
	}
	c.nodes[1].mustWrite("goes on")
}

// gateCheckpoints holds up the writing of a node's checkpoints until open is called.
func (n *node) gateCheckpoints() (open func()) {
	gate := make(chan struct{})
	n.disk.checkpoints.gate.Store(&gate)
	return func() { close(gate) }
}

func TestSlowNodeSkipsACheckpoint(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	slow := c.others(leader.id)[0]
	leader.fill("a", 5)
	open := slow.gateCheckpoints()
	leader.mustCheckpoint()
	leader.fill("b", 5)
	skipped := leader.mustCheckpoint()
	slow.machine.waitCount(10)
	for slow.group.applier.applied.Load() < uint64(skipped) {
		slow.turn()
	}
	if s := slow.group.CheckpointStatus(); s.Skipped != 1 || s.Running == 0 || s.NotTaken != errStillWriting.Error() || s.Slot != 0 {
		t.Errorf("%+v", s)
	}
	open()
	slot := slow.mustCheckpoint()
	want := leader.waitCheckpoint(slot)
	got := slow.waitCheckpoint(slot)
	if a, _ := want.Digest(); !slices.Equal(slow.machine.log(), leader.machine.log()) {
		t.Errorf("%x: other logs", a)
	} else if b, _ := got.Digest(); !bytes.Equal(a, b) {
		t.Error("the checkpoint after a skipped one is another")
	}
}

func TestApplierWaitsWhileTooMuchIsSetAside(t *testing.T) {
	const bound = 400
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.FrozenBytes = bound })
	leader := c.leader()
	slow := c.others(leader.id)[0]
	leader.fill("a", 5)
	open := slow.gateCheckpoints()
	leader.mustCheckpoint()
	const size, count = 100, 20
	for range count {
		leader.mustWrite(strings.Repeat("v", size))
	}
	slow.machine.wait(func(r *recorder) bool { return r.frozen != nil && r.frozen.Waiting() > bound })
	for chosen := false; !chosen; {
		slow.turn(func(l *loop) { chosen = l.core.Chosen() >= paxos.Slot(leader.group.applier.applied.Load()) })
	}
	if n := len(slow.machine.log()); n > 5+bound/size+1 {
		t.Errorf("%d commands applied, more than may be set aside", n)
	}
	open()
	slow.machine.waitCount(5 + count)
}

func TestNoCheckpointWithoutRoom(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[1]
	n.fill("a", 5)
	n.disk.checkpoints.full = true
	if _, err := n.group.Checkpoint(t.Context(), true); !errors.Is(err, ErrDiskSpace) {
		t.Fatal(err)
	}
	if s := n.group.CheckpointStatus(); s.Skipped != 1 || !strings.Contains(s.NotTaken, "1 byte free") {
		t.Errorf("%+v", s)
	}
	n.disk.mu.Lock()
	n.disk.checkpoints.full = false
	n.disk.mu.Unlock()
	n.mustCheckpoint()
	if s := n.group.CheckpointStatus(); s.NotTaken != "" || s.Records != 5 {
		t.Errorf("%+v", s)
	}
}

func TestNoCheckpointIsTakenWhileOneIsFetched(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[1]
	n.fill("a", 5)
	n.suspend()
	slot, err := n.group.Checkpoint(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if s := n.group.CheckpointStatus(); s.Skipped != 1 || s.NotTaken != errInstalling.Error() || s.Slot != 0 || slot == 0 {
		t.Errorf("%+v", s)
	}
	n.group.checkpointer.resume()
	n.mustCheckpoint()
}

// What a node sent, and was applied while it heard nothing, has no reply any more: the client is told that it is uncertain, and
// nothing runs twice. What waits for its turn gets it.
func TestFetchEndsTheWaitOfWhatWasAppliedElsewhere(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	deaf := c.others(leader.id)[0]
	deaf.fill("before", 2)
	c.net.mu.Lock()
	for _, id := range c.all {
		c.net.cut[pair{id, deaf.id}] = true
	}
	c.net.mu.Unlock()
	mine := deaf.submit("mine 1")[0]
	leader.machine.wait(func(r *recorder) bool { return contains(r.applied, "mine 1") })
	c.cutLog(c.leader(deaf.id))
	ticket := deaf.askRead()
	c.net.heal()
	if r := <-mine.done; r.outcome != Uncertain {
		t.Errorf("applied elsewhere: %+v", r)
	}
	if outcome := deaf.await(ticket); outcome != 0 {
		t.Errorf("a read that waited: %v", outcome)
	}
	c.checkCaughtUp(deaf, c.leader())
	n := 0
	for _, text := range deaf.machine.log() {
		if text == "mine 1" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("applied %d times", n)
	}
}

func TestCheckpointsAreTakenAsTheJournalGrows(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.CheckpointBytes = 5000 })
	n := c.leader()
	for taken := paxos.Slot(0); taken == 0; taken = n.group.CheckpointStatus().Slot {
		n.mustWrite(strings.Repeat("v", 500))
	}
	if n.disk.bytes < 5000 {
		t.Errorf("taken after %d bytes", n.disk.bytes)
	}
}

func TestCheckpointsAreTakenByTimeIfSomethingChanged(t *testing.T) {
	c := newCluster(t, 1, func(cfg *Config) { cfg.Bounds.CheckpointInterval = time.Nanosecond })
	n := c.nodes[1]
	n.fill("a", 3)
	for taken := n.waitCheckpoint(1); taken.Count < 3; {
		taken = n.waitCheckpoint(taken.Slot + 1)
	}
	n.turn(func(l *loop) {
		if l.isMarkDue(appliedMark{journal: l.g.storage.JournalBytes(), at: 0}) {
			t.Error("due though nothing was applied since")
		}
	})
}

func TestGroupStateIsReadBack(t *testing.T) {
	want := groupState{
		timeMS: 5, mark: checkpointMark{7, 8}, configuration: paxos.Configuration{Slot: 3, Voters: []paxos.Member{{ID: 2, Address: "a:1"}}},
		sessions: []NodeSession{{2, Session{ID: uuid.New(), Boot: 4, Last: 9}}},
	}
	encoded, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeGroupState(encoded)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := decodeGroupState([]byte{8, 99, 16, 1}); !errors.Is(err, paxos.ErrNewerFormat) {
		t.Errorf("a newer format: %v", err)
	}
	if _, err := decodeGroupState(encoded[:len(encoded)-1]); err == nil || errors.Is(err, paxos.ErrNewerFormat) {
		t.Errorf("cut short: %v", err)
	}
}
