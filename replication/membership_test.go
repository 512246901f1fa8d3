package replication

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func address(id paxos.NodeID) string { return fmt.Sprintf("host:%d", 7000+id) }

func uuidOf(id paxos.NodeID) string { return fmt.Sprintf("directory-%v", id) }

func (n *node) change(c Change) (paxos.Configuration, error) {
	return n.group.Change(n.cluster.t.Context(), c)
}

func (n *node) mustChange(c Change) paxos.Configuration {
	n.cluster.t.Helper()
	got, err := n.change(c)
	if err != nil {
		n.cluster.t.Fatal(err)
	}
	return got
}

// join has a node made a learner, starts it, and returns once it votes as far as it knows itself.
func (c *cluster) join(via *node, change Change) *node {
	c.t.Helper()
	change.Member.UUID, change.Member.Address = uuidOf(change.Member.ID), address(change.Member.ID)
	n := c.startLearner(change.Member.ID, via.mustChange(change))
	c.promoted(n.id)
	return n
}

func (c *cluster) startLearner(id paxos.NodeID, told paxos.Configuration) *node {
	c.joined[id] = told
	return c.start(id, newDisk())
}

func (c *cluster) promoted(id paxos.NodeID) {
	c.net.waitMembers(id, func(m *paxos.Configuration) bool { return m.IsVoter(id) })
}

func adding(id paxos.NodeID) Change { return Change{Kind: AddMember, Member: paxos.Member{ID: id}} }

func removing(id paxos.NodeID) Change {
	return Change{Kind: RemoveMember, Member: paxos.Member{ID: id}}
}

func replacing(old, id paxos.NodeID) Change {
	return Change{Kind: ReplaceMember, Member: paxos.Member{ID: id}, Replaces: old}
}

// writers write at nodes until they are told to stop, and remember what was acknowledged.
type writers struct {
	history
	cluster *cluster
	stop    atomic.Bool
	running sync.WaitGroup
	refused sync.Map // outcomes by node
	ended   map[paxos.NodeID]chan struct{}
}

func newWriters(c *cluster) *writers {
	return &writers{cluster: c, history: history{acked: map[string]bool{}}, ended: map[paxos.NodeID]chan struct{}{}}
}

func (w *writers) start(n *node) {
	ended := make(chan struct{})
	w.ended[n.id] = ended
	w.running.Go(func() {
		defer close(ended)
		for round := 0; !w.stop.Load(); round++ {
			if outcome := w.writeRound(n, round); outcome != 0 {
				w.refused.Store(n.id, outcome)
				return
			}
		}
	})
}

// writeRound submits a few commands at once and returns what became of them if not all were applied.
func (w *writers) writeRound(n *node, round int) (refused Outcome) {
	var texts []string
	for i := range 3 {
		texts = append(texts, fmt.Sprintf("%v %d", n.id, 3*round+i+1))
	}
	for i, it := range n.submit(texts...) {
		r := <-it.done
		if r.outcome != 0 {
			refused = r.outcome
			continue
		}
		w.mu.Lock()
		w.acked[texts[i]] = true
		w.mu.Unlock()
	}
	return refused
}

// waitRemoved returns once a node refuses its writer since it was removed.
func (w *writers) waitRemoved(id paxos.NodeID) { <-w.ended[id] }

// finish ends the writers, and checks the log of a node that is a member to the end. Only nodes that were removed may have
// refused anything.
func (w *writers) finish(t *testing.T, left ...*node) {
	t.Helper()
	w.stop.Store(true)
	w.running.Wait()
	members := left[0].group.Configuration()
	w.refused.Range(func(id, outcome any) bool {
		if members.IsMember(id.(paxos.NodeID)) {
			t.Errorf("node %v, a member, refused a command: %v", id, outcome)
		} else if o := outcome.(Outcome); o != Removed && o != Uncertain {
			t.Errorf("node %v, which was removed, refused a command with %v", id, o)
		}
		return true
	})
	for _, n := range left {
		n.mustWrite(fmt.Sprintf("last/%v 1", n.id))
	}
	for _, n := range left {
		for _, other := range left {
			n.machine.wait(func(r *recorder) bool { return contains(r.applied, fmt.Sprintf("last/%v 1", other.id)) })
		}
		w.checkLog(t, n.id, n.machine.log())
	}
	t.Logf("%d commands acknowledged", len(w.acked))
}

// lossy loses and doubles what is sent again anyway, most of all what this package sends itself.
func lossy(seed uint64) func(from, to paxos.NodeID, m paxos.Message) int {
	random := rand.New(rand.NewPCG(seed, 7))
	return func(_, _ paxos.NodeID, m paxos.Message) int {
		switch m.Kind() {
		case paxos.KindForward, paxos.KindAsk, paxos.KindAnswer:
			return []int{0, 1, 1, 1, 2, 3}[random.IntN(6)]
		}
		return min(random.IntN(100), 1)
	}
}

func TestM2_ClusterGrowsAndShrinksUnderLoad(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.net.setFilter(lossy(1))
	w := newWriters(c)
	w.start(c.nodes[1])
	for id := paxos.NodeID(2); id <= 5; id++ {
		w.start(c.join(c.nodes[1+id%2*(id-2)/2], adding(id)))
	}
	if got := c.nodes[1].group.Status(); len(got.Configuration.Voters) != 5 || len(got.Configuration.Learners) != 0 {
		t.Fatalf("%+v", got.Configuration)
	}
	for _, id := range []paxos.NodeID{1, 2, 3, 4} { // the leader among them
		via := c.nodes[id%4+2]
		if id == 4 {
			via = c.nodes[5]
		}
		if got := via.mustChange(removing(id)); got.IsMember(id) {
			t.Fatalf("node %v removed: %+v", id, got)
		}
		w.waitRemoved(id)
		c.crash(id)
	}
	w.finish(t, c.nodes[5])
}

func TestM2_EveryNodeIsReplacedUnderLoad(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.net.setFilter(lossy(2))
	w := newWriters(c)
	for _, n := range c.nodes {
		w.start(n)
	}
	for old := paxos.NodeID(1); old <= 3; old++ {
		w.start(c.join(c.nodes[old], replacing(old, old+3)))
		c.net.waitMembers(old+3, func(m *paxos.Configuration) bool { return !m.IsMember(old) })
		w.waitRemoved(old)
		c.crash(old)
	}
	left := []*node{c.nodes[4], c.nodes[5], c.nodes[6]}
	for _, n := range left {
		c.net.waitMembers(n.id, func(m *paxos.Configuration) bool { return len(m.Voters) == 3 && !m.IsMember(3) && m.Highest() == 6 })
	}
	w.finish(t, left...)
}

func TestM2_TheOnlyVoterIsReplaced(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.nodes[1].mustWrite("a 1")
	n := c.join(c.nodes[1], replacing(1, 2))
	got := c.net.waitMembers(2, func(m *paxos.Configuration) bool { return !m.IsMember(1) })
	if voter, _ := got.Member(2); len(got.Voters) != 1 || voter.Replaces != 0 {
		t.Errorf("%+v", got)
	}
	n.mustWrite("a 2")
}

func TestM3_LeaderRemovesItself(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	leader.mustWrite("a 1")
	got := leader.mustChange(removing(leader.id))
	if got.IsMember(leader.id) || len(got.Voters) != 2 {
		t.Errorf("%+v", got)
	}
	if got = leader.mustChange(removing(leader.id)); got.IsMember(leader.id) {
		t.Error("asked again, it is a member")
	}
	if r := leader.write("a 2"); r.outcome != Removed {
		t.Errorf("a command at a removed node: %v", r.outcome)
	}
	if _, outcome := leader.read(); outcome != Removed {
		t.Errorf("a read at a removed node: %v", outcome)
	}
	if status := leader.group.Status(); status.Role != paxos.RoleRemoved || !status.Removed {
		t.Errorf("role %v, removed %v", status.Role, status.Removed)
	}
	if _, err := leader.change(adding(8)); err == nil || !strings.Contains(err.Error(), ErrNoMember.Error()) {
		t.Errorf("a change through a removed node: %v", err)
	}
	for _, n := range c.others(leader.id) {
		n.mustWrite(fmt.Sprintf("%v 1", n.id))
	}
	if err := leader.group.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What a removed node had sent, and is not applied when its removal is, never will be; and what it sent nowhere is not.
func TestM3_RemovedNodeEndsEveryWait(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	others := c.others(leader.id)
	gone := others[0]
	gone.mustWrite("a 1")
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if from == gone.id && m.Kind() == paxos.KindForward {
			return 0
		}
		return 1
	})
	sent := gone.submit("a 2")[0]
	gone.turn()
	leader.mustChange(removing(gone.id))
	if r := <-sent.done; r.outcome != Removed {
		t.Errorf("a command that was sent: %v", r.outcome)
	}
	if r := gone.write("a 3"); r.outcome != Removed {
		t.Errorf("a command after the removal: %v", r.outcome)
	}
	if r := gone.submit("")[0]; (<-r.done).outcome != Removed {
		t.Error("a chunk without commands was not refused")
	}
	c.net.setFilter(nil)
	c.net.linkUp(gone.id, leader.id)
	others[1].mustWrite("b 1")
	if sessions := others[1].group.Status().Sessions; len(sessions) != 2 {
		t.Errorf("sessions of %d nodes, want those of the two that are left: %v", len(sessions), sessions)
	}
	if log := others[1].machine.log(); contains(log, "a 2") || contains(log, "a 3") {
		t.Errorf("applied %q", log)
	}
	removed := c.crash(gone.id) // it keeps its data, and goes on to serve nobody
	if r := c.start(gone.id, removed.disk).write("a 4"); r.outcome != Removed {
		t.Errorf("a command after the restart: %v", r.outcome)
	}
}

func TestM3_NodeIsToldByPeersThatItWasRemoved(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.ReadMode = ReadStale })
	n := c.others(c.leader().id)[0]
	n.mustWrite("a 1")
	if _, ok := n.group.ReadNow(); !ok {
		t.Error("no stale read at a member")
	}
	c.net.isolate(n.id)
	n.group.Removed("node 9 says so")
	if r := n.write("a 2"); r.outcome != Removed && r.outcome != Uncertain {
		t.Errorf("%v", r.outcome)
	}
	if _, ok := n.group.ReadNow(); ok {
		t.Error("a stale read at a node that was removed")
	}
	if n.mustChange(removing(n.id)); n.group.Status().Role != paxos.RoleRemoved {
		t.Error("not removed")
	}
}

func TestNodeThatIsNoMemberOpensAndServesNobody(t *testing.T) {
	c := newCluster(t, 1, nil)
	stranger := c.startLearner(2, paxos.Configuration{HighestID: 2, Voters: []paxos.Member{{ID: 1}}})
	if r := stranger.write("a 1"); r.outcome != Removed {
		t.Errorf("a command: %v", r.outcome)
	}
	if err := stranger.group.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestM2_LosingTheMajorityIsRefusedUnlessForced(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	others := c.others(leader.id)
	leader.mustWrite("a 1")
	c.crash(others[0].id)
	if _, err := leader.change(removing(others[1].id)); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Fatalf("the removal of one of two voters that are left: %v", err)
	}
	if _, err := leader.change(removing(leader.id)); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Fatalf("the removal of the leader, one of two voters that are left: %v", err)
	}
	leader.mustWrite("a 2")
	if got := leader.mustChange(removing(others[0].id)); len(got.Voters) != 2 {
		t.Errorf("%+v", got)
	}
	forced := removing(others[1].id)
	forced.Force = true
	c.crash(others[1].id)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := leader.group.Change(ctx, forced); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a change without a majority that could choose it: %v", err)
	}
}

func TestM2_ForcedRemovalTakesAReachableVoter(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	leader.mustWrite("a 1")
	others := c.others(leader.id)
	crashed := c.crash(others[0].id)
	forced := removing(others[1].id)
	forced.Force = true
	var changed sync.WaitGroup
	changed.Go(func() {
		if got := leader.mustChange(forced); got.IsMember(others[1].id) {
			t.Errorf("%+v", got)
		}
	})
	c.net.waitMembers(leader.id, func(m *paxos.Configuration) bool { return len(m.Voters) == 2 })
	c.start(crashed.id, crashed.disk) // the voter that is missing comes back
	changed.Wait()
	leader.mustWrite("a 2")
}

func TestM2_ChangesAskedForAtOnceAreMadeOneAfterTheOther(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.net.setFilter(lossy(3))
	c.leader()
	var changes sync.WaitGroup
	for i, n := range c.nodes {
		for j := range paxos.NodeID(3) {
			id := 10*i + j
			changes.Go(func() {
				change := adding(0)
				change.Member.Address = address(id)
				got := n.mustChange(change)
				for _, m := range got.Learners {
					if m.Address == address(id) {
						return
					}
				}
				t.Errorf("%s is missing in %+v", address(id), got)
			})
		}
	}
	changes.Wait()
	got := c.nodes[1].mustChange(Change{Kind: MoveMember, Member: member(2, "", "moved:1")})
	if len(got.Learners) != 9 || got.Highest() != 12 {
		t.Errorf("%d learners, highest id %v", len(got.Learners), got.Highest())
	}
	if m, _ := got.Member(2); m.Address != "moved:1" || !got.IsVoter(2) {
		t.Errorf("%+v", m)
	}
}

// The leader dies at each moment of a change in turn: whoever asked gets it all the same.
func TestM2_LeaderKilledInTheMiddleOfAChange(t *testing.T) {
	for _, moment := range []paxos.MessageKind{paxos.KindAsk, paxos.KindAccept, paxos.KindAccepted, paxos.KindPrepare, paxos.KindAnswer} {
		t.Run(moment.String(), func(t *testing.T) {
			c := newCluster(t, 3, nil)
			leader := c.leader()
			follower := c.others(leader.id)[0]
			follower.mustWrite("a 1")
			leader.mustWrite("b 1")
			reached := make(chan struct{})
			var once sync.Once
			c.net.setFilter(func(from, to paxos.NodeID, m paxos.Message) int {
				asked := from == follower.id && to == leader.id
				told := from == leader.id && to == follower.id
				if m.Kind() == moment && (asked || told) {
					once.Do(func() { close(reached) })
					return 0
				}
				return 1
			})
			done := make(chan paxos.Configuration, 1)
			go func() {
				done <- follower.mustChange(func() Change { a := adding(0); a.Member.Address = "new:1"; return a }())
			}()
			<-reached
			crashed := c.crash(leader.id)
			c.net.setFilter(nil)
			c.start(crashed.id, crashed.disk)
			if got := <-done; len(got.Learners) != 1 || got.Learners[0] != member(4, "", "new:1") {
				t.Errorf("%+v", got)
			}
			follower.mustWrite("a 2")
		})
	}
}

func TestM2_LearnerIsPromotedOnceItHasCaughtUp(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	for i := range 2 * promoteWithin {
		leader.mustWrite(fmt.Sprintf("a %d", i))
	}
	told := leader.mustChange(func() Change { a := adding(4); a.Member.Address = "new:1"; return a }())
	isLearner := func() bool { m := leader.group.Configuration(); return m.IsMember(4) && !m.IsVoter(4) }
	c.net.setFilter(func(_, to paxos.NodeID, m paxos.Message) int {
		if to == 4 && m.Kind() == paxos.KindLearned {
			return 0
		}
		return 1
	})
	learner := c.startLearner(4, told)
	acked := func() bool {
		for _, m := range leader.group.Status().Members {
			if m.Node == 4 && m.Recent {
				return true
			}
		}
		return false
	}
	for until := leader.clock.Now().Mono + 2*int64(testLimits.Lease); leader.clock.Now().Mono < until || !acked(); {
		leader.turn()
	}
	if !isLearner() {
		t.Fatal("promoted, though it has learned nothing")
	}
	if synced := leader.group.Synced(1); synced != 3 {
		t.Errorf("%d voters have slot 1, without the learner 3", synced)
	}
	c.net.setFilter(nil)
	c.promoted(4)
	learner.mustWrite("b 1")
	if _, outcome := learner.read(); outcome != 0 {
		t.Error(outcome)
	}
	for leader.group.Synced(1) != 4 {
		leader.turn()
	}
}

func TestM2_LearnerThatNeverCameIsNotPromoted(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[1]
	n.mustChange(func() Change { a := adding(0); a.Member.Address = "new:1"; return a }())
	for until := n.clock.Now().Mono + 2*int64(testLimits.Lease); n.clock.Now().Mono < until; {
		n.turn()
	}
	if got := n.group.Configuration(); len(got.Voters) != 1 || len(got.Learners) != 1 {
		t.Errorf("%+v", got)
	}
	n.mustWrite("a 1")
	if err := n.group.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTransferOfLeadership(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.net.setFilter(lossy(4))
	for round := range 3 {
		for _, id := range c.all {
			via := c.nodes[c.all[(round+int(id))%3]]
			via.mustChange(Change{Kind: TransferLeadership, Member: paxos.Member{ID: id}})
		}
	}
	leader := c.leader()
	leader.mustChange(Change{Kind: TransferLeadership})
	c.net.setFilter(nil)
	leader.mustWrite("a 1")
	for _, id := range []paxos.NodeID{9} {
		if _, err := leader.change(Change{Kind: TransferLeadership, Member: paxos.Member{ID: id}}); err == nil || !strings.Contains(err.Error(), "not a voter") {
			t.Errorf("to node %v: %v", id, err)
		}
	}
	leader = c.leader()
	gone := c.others(leader.id)[0].id
	c.crash(gone)
	_, err := leader.change(Change{Kind: TransferLeadership, Member: paxos.Member{ID: gone}})
	// Which of them depends on whether it was heard a moment ago.
	if err == nil || !strings.Contains(err.Error(), "does not answer") && !strings.Contains(err.Error(), "did not catch up in time") {
		t.Errorf("to a node that is gone: %v", err)
	}
}

func TestTransferByASingleVoterIsRefused(t *testing.T) {
	c := newCluster(t, 1, nil)
	if _, err := c.nodes[1].change(Change{Kind: TransferLeadership}); err == nil || !strings.Contains(err.Error(), errHandOverFailed.Error()) {
		t.Error(err)
	}
	if got := c.nodes[1].mustChange(Change{Kind: TransferLeadership, Member: paxos.Member{ID: 1}}); !got.IsVoter(1) {
		t.Errorf("%+v", got)
	}
}

func TestD4_LeaderWritesTheUUIDsItHasMetIntoTheConfiguration(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.leader().mustWrite("a 1")
	for _, n := range c.nodes {
		n.turn(func(l *loop) {
			for _, id := range c.all {
				l.met(id, uuidOf(id))
			}
			l.met(9, "a stranger")
		})
	}
	for _, id := range c.all {
		got := c.net.waitMembers(id, func(m *paxos.Configuration) bool { return m.Voters[2].UUID != "" })
		for _, m := range got.Voters {
			if m.UUID != uuidOf(m.ID) {
				t.Errorf("node %v has UUID %q", m.ID, m.UUID)
			}
		}
		if got.Slot == 0 || got.Base != 0 || got.IsMember(9) {
			t.Errorf("not in one entry: %+v", got)
		}
	}
}

// After a restart of everybody the log alone says who the members are.
func TestConfigurationIsRestoredFromTheLog(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.join(c.nodes[1], adding(2))
	c.nodes[1].mustWrite("a 1")
	c.nodes[2].mustWrite("b 1")
	want := c.nodes[1].group.Configuration()
	first, second := c.crash(1), c.crash(2)
	c.start(1, first.disk)
	c.start(2, second.disk)
	c.nodes[1].mustWrite("a 2")
	c.nodes[2].mustWrite("b 2")
	for _, n := range c.nodes {
		if got := n.group.Configuration(); got.Slot != want.Slot || !isSame(&got, &want) {
			t.Errorf("node %v: %+v, want %+v", n.id, got, want)
		}
	}
}

func TestChangeIsToldWhenItTakesTooLong(t *testing.T) {
	c := newCluster(t, 3, nil)
	n := c.nodes[1]
	n.mustWrite("a 1")
	c.crash(2)
	c.crash(3)
	c.leaderless(1)
	ctx, cancel := context.WithCancel(t.Context())
	go n.turn(func(*loop) { cancel() })
	if _, err := n.group.Change(ctx, removing(2)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	n.turn(func(l *loop) {
		if len(l.asks.own) != 0 {
			t.Errorf("%d requests are left", len(l.asks.own))
		}
	})
}
