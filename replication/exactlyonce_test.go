package replication

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// history is what the writers of a test saw.
type history struct {
	mu    sync.Mutex
	acked map[string]bool
}

// checkLog checks a node's log against the writers' view: every acknowledged command once, none twice, each writer's
// in its order.
func (h *history) checkLog(t *testing.T, id paxos.NodeID, log []string) {
	t.Helper()
	times := map[string]int{}
	newest := map[string]int{}
	for _, text := range log {
		times[text]++
		var writer string
		var number int
		if _, err := fmt.Sscanf(text, "%s %d", &writer, &number); err != nil {
			t.Fatal(err)
		}
		if number <= newest[writer] {
			t.Errorf("node %v: %q after number %d", id, text, newest[writer])
		}
		newest[writer] = number
	}
	for text := range h.acked {
		if times[text] != 1 {
			t.Errorf("node %v: acknowledged %q was applied %d times", id, text, times[text])
		}
	}
	for text, n := range times {
		if n > 1 {
			t.Errorf("node %v: %q was applied %d times", id, text, n)
		}
	}
}

// writeMany submits numbered commands, a few at a time, until told to stop.
// One command in largeOf is a large one; 0: none is.
func (h *history) writeMany(n *node, writer string, count, largeOf int) {
	for number := 1; number <= count; {
		if largeOf > 0 && rand.IntN(largeOf) == 0 {
			text := fmt.Sprintf("%s %d", writer, number)
			number++
			if r := <-n.large(text).done; r.outcome == 0 {
				h.mu.Lock()
				h.acked[text] = true
				h.mu.Unlock()
			}
			continue
		}
		var texts []string
		for range 1 + rand.IntN(4) {
			texts = append(texts, fmt.Sprintf("%s %d", writer, number))
			number++
		}
		submitted := n.submit(texts...)
		for i, it := range submitted {
			r := <-it.done
			if r.outcome == 0 {
				h.mu.Lock()
				h.acked[texts[i]] = true
				h.mu.Unlock()
			}
		}
		if n.group.refusing.Load() {
			return
		}
	}
}

// Forwards are lost and doubled at random while leaders are killed: each command is applied once, in order.
func TestExactlyOnceAcrossLeaderKillsAndLostForwards(t *testing.T) {
	t.Run("from the log", func(t *testing.T) { killLeaders(t, nil) })
	t.Run("from checkpoints", func(t *testing.T) {
		killLeaders(t, func(cfg *Config) { cfg.Bounds.CheckpointBytes, cfg.Bounds.PartBytes = 4000, 200 })
	})
}

func killLeaders(t *testing.T, tune func(*Config)) { killLeadersWith(t, tune, 0) }

func killLeadersWith(t *testing.T, tune func(*Config), largeOf int) {
	c := newCluster(t, 3, tune)
	random := rand.New(rand.NewPCG(1, 2))
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() != paxos.KindForward {
			return 1
		}
		return []int{0, 1, 1, 1, 2, 3}[random.IntN(6)]
	})
	h := &history{acked: map[string]bool{}}
	const kills, perRound = 3, 150
	for kill := range kills {
		var writers sync.WaitGroup
		for _, id := range c.all {
			n := c.nodes[id]
			writers.Go(func() { h.writeMany(n, fmt.Sprintf("%v/%d", id, kill), perRound, largeOf) })
		}
		victim := c.leader()
		victim.machine.waitCount(kill*2*perRound + perRound/4)
		crashed := c.crash(victim.id)
		c.start(victim.id, crashed.disk)
		writers.Wait()
	}
	c.net.setFilter(nil)
	for _, id := range c.all {
		c.nodes[id].mustWrite(fmt.Sprintf("last/%v 1", id))
	}
	for _, id := range c.all {
		m := c.nodes[id].machine
		for _, last := range c.all {
			m.wait(func(r *recorder) bool { return contains(r.applied, fmt.Sprintf("last/%v 1", last)) })
		}
		h.checkLog(t, id, m.log())
	}
	t.Logf("%d commands acknowledged", len(h.acked))
}

func contains(all []string, text string) bool {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == text {
			return true
		}
	}
	return false
}

// The first of several Forwards is lost. What came behind it would leave a gap, so the leader drops it, and the origin
// sends everything again, in order.
func TestLostForwardLeavesNoGap(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("w 1")
	lost := false
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindForward && from == follower.id && !lost {
			lost = true
			return 0
		}
		return 1
	})
	a := follower.submit("w 2")[0]
	b := follower.submit("w 3")[0]
	if r := <-a.done; r.outcome != 0 || r.seen != 1 {
		t.Errorf("w 2: %+v", r)
	}
	if r := <-b.done; r.outcome != 0 || r.seen != 2 {
		t.Errorf("w 3: %+v", r)
	}
	if follower.group.Status().Resent == 0 {
		t.Error("nothing was sent again")
	}
}

// What comes twice does not take a second place in the log.
func TestRepeatedForwardsTakeNoSecondSlot(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindForward {
			return 5
		}
		return 1
	})
	follower := c.others(leader.id)[0]
	for i := range 10 {
		follower.mustWrite(fmt.Sprintf("w %d", i+1))
	}
	if got := leader.group.Status(); got.Received > 11+2 {
		t.Errorf("%d sections taken for 10 commands, the opening, and those of the other follower", got.Received)
	}
}

func TestUncertainCommandKeepsItsPlace(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.CommitTimeout = 300 * time.Millisecond })
	leader := c.leader()
	follower := c.others(leader.id)[0]
	for follower.write("opening").outcome != 0 {
	}
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindForward {
			return 0
		}
		return 1
	})
	if r := follower.write("uncertain"); r.outcome != Uncertain {
		t.Fatalf("a command sent to a leader that does not answer: %v", r.outcome)
	}
	c.net.setFilter(nil)
	for follower.write("after").outcome != 0 {
	}
	var places []string
	for _, text := range follower.machine.log() {
		if text == "uncertain" || text == "after" && len(places) < 2 {
			places = append(places, text)
		}
	}
	if len(places) != 2 || places[0] != "uncertain" || places[1] != "after" {
		t.Errorf("applied %q, want the uncertain command once and first", places)
	}
}

func TestNoLeaderMeansNotApplied(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.CommitTimeout = 100 * time.Millisecond })
	alone := c.nodes[1]
	c.crash(2)
	c.crash(3)
	for { // what was sent before the others were gone is uncertain; in the end there is no leader
		r := alone.write("nobody")
		if r.outcome == NoLeader {
			break
		}
		if r.outcome != Uncertain && r.outcome != 0 {
			t.Fatal(r.outcome)
		}
	}
	if _, outcome := alone.read(); outcome != NoLeader {
		t.Errorf("a read without a leader: %v", outcome)
	}
}

func TestNewerBootFencesTheOlder(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.nodes[1].mustWrite("x")
	old := c.crash(1)
	old.disk.boot = 0 // as in a directory put back from an older copy
	n := c.start(1, old.disk)
	<-n.group.Done()
	if n.group.Err() == nil {
		t.Fatal("a boot number was used twice")
	}
	t.Log(n.group.Err())
	if r := n.write("y"); r.outcome != Stopping && r.outcome != Uncertain {
		t.Errorf("a write on the fenced node: %v", r.outcome)
	}
}
