package replication

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// The leader is closed while all nodes write: what it had accepted is applied, and nobody else sees an error.
func TestCloseHandsOverWithoutAFailedCommand(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	var writers sync.WaitGroup
	closed := make(chan struct{})
	for _, n := range c.others(leader.id) {
		writers.Go(func() {
			for i := 0; ; i++ {
				n.mustWrite(fmt.Sprintf("%v %d", n.id, i))
				select {
				case <-closed:
					n.mustWrite(fmt.Sprintf("%v after", n.id))
					return
				default:
				}
			}
		})
	}
	leader.machine.waitCount(20)
	var accepted []*item
	for i := range 50 {
		accepted = append(accepted, leader.submit(fmt.Sprintf("%v %d", leader.id, i))...)
	}
	if err := leader.group.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for i, it := range accepted {
		if r := <-it.done; r.outcome != 0 {
			t.Errorf("command %d, accepted before the close: %v", i, r.outcome)
		}
	}
	if r := leader.write("too late"); r.outcome != Stopping {
		t.Errorf("a command after the close: %v", r.outcome)
	}
	if _, outcome := leader.read(); outcome != Stopping {
		t.Errorf("a read after the close: %v", outcome)
	}
	if status := leader.group.Status(); status.Role == paxos.RoleLeader {
		t.Error("closed while it led")
	}
	close(closed)
	writers.Wait()
	if restored := leader.disk.restored(); len(restored.Records) != 0 && restored.Chosen == 0 {
		t.Error("no hint for the next start")
	}
}

func TestClosedFollowerFinishesWhatItAccepted(t *testing.T) {
	newFollower := func(t *testing.T) *node {
		c := newCluster(t, 3, nil)
		follower := c.others(c.leader().id)[0]
		follower.mustWrite("x")
		return follower
	}
	t.Run("commands", func(t *testing.T) {
		follower := newFollower(t)
		var accepted []*item
		for i := range 50 {
			accepted = append(accepted, follower.submit(fmt.Sprint("command ", i))...)
		}
		if err := follower.group.Close(context.Background()); err != nil {
			t.Error(err)
		}
		for i, it := range accepted {
			if r := <-it.done; r.outcome != 0 {
				t.Errorf("command %d: %v", i, r.outcome)
			}
		}
	})
	t.Run("reads", func(t *testing.T) {
		follower := newFollower(t)
		ticket := follower.askRead()
		if err := follower.group.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if follower.client.ready < ticket {
			t.Error("a read was not answered")
		}
	})
}

func TestCloseWithoutALeaderDoesNotHang(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.nodes[1].mustWrite("x")
	c.crash(2)
	c.crash(3)
	alone := c.nodes[1]
	c.leaderless(alone.id)
	waiting := alone.submit("nobody will take it")
	ticket := alone.askRead()
	if err := alone.group.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if r := <-waiting[0].done; r.outcome != Stopping {
		t.Errorf("a command that was sent nowhere: %v", r.outcome)
	}
	if alone.client.failed < ticket {
		t.Error("a read still waits")
	}
}

func TestCloseInTimeTellsWhatIsUncertain(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("x")
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindForward {
			return 0
		}
		return 1
	})
	sent := follower.submit("sent to a leader that never got it")
	ctx, cancel := context.WithCancel(context.Background())
	follower.group.inbox.control(func() { cancel() }) // the loop has sent it when it gets here, or will refuse it
	err := follower.group.Close(ctx)
	if !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	if r := <-sent[0].done; r.outcome != Uncertain && r.outcome != Stopping {
		t.Error(r.outcome)
	}
}

func TestHandOver(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	leader.mustWrite("x")
	follower := c.others(leader.id)[0]
	if err := follower.group.HandOver(t.Context()); err == nil {
		t.Error("a follower handed over")
	}
	if err := leader.group.HandOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next := c.leader(leader.id); next == leader {
		t.Error("nobody else leads")
	}
	leader.mustWrite("through the new leader")
}

func TestL4_LeaseIsGivenUpBeforeAHandOver(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.ReadMode = ReadLease })
	leader, grant := c.leaseHolder()
	if err := leader.group.HandOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := leader.group.ReadNow(); ok || leader.group.StillValid(grant) {
		t.Error("the lease outlived the hand-over")
	}
}

// A new leader does not propose before it has applied what earlier ones left, and keeps what origins send it meanwhile.
func TestNewLeaderFirstAppliesWhatEarlierOnesLeft(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	others := c.others(leader.id)
	next, third := others[0], others[1]
	third.mustWrite("x")
	next.machine.mu.Lock() // its applier stands still
	for i := range 3 {
		leader.mustWrite(fmt.Sprint("command ", i))
	}
	leader.turn(func(l *loop) { l.step(paxos.HandOverAsked{To: next.id}) })
	for ready := false; !ready; {
		next.turn(func(l *loop) { _, _, ready = l.core.Leader() })
	}
	pending := third.submit("meanwhile")
	for early := 0; early == 0; {
		next.turn(func(l *loop) {
			if l.active {
				t.Error("proposes with an old session table")
			}
			early = len(l.early)
		})
		if t.Failed() {
			break
		}
	}
	next.machine.mu.Unlock()
	if r := <-pending[0].done; r.outcome != 0 || r.seen != 4 {
		t.Errorf("%+v", r)
	}
}

func TestHandOverOfASingleNodeFails(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.nodes[1].mustWrite("x")
	if err := c.nodes[1].group.HandOver(t.Context()); !errors.Is(err, errHandOverFailed) {
		t.Error(err)
	}
	c.nodes[1].mustWrite("still leads")
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		c := newCluster(t, 3, nil)
		for _, id := range c.all {
			c.nodes[id].mustWrite(fmt.Sprint("x", id))
		}
		crashed := c.leader().id
		c.crash(crashed)
		for _, n := range c.others(crashed) {
			if err := n.group.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
		c.stop()
	}
	for range 1_000_000 { // a goroutine that has closed its last channel may not be gone yet
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	buffer := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buffer[:runtime.Stack(buffer, true)])
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	c := &cluster{t: t, all: []paxos.NodeID{1}, net: newNetwork()}
	c.roles.role, c.roles.ballot = map[paxos.NodeID]paxos.Role{}, map[paxos.NodeID]paxos.Ballot{}
	for name, spoil := range map[string]func(*Config){
		"no session":           func(cfg *Config) { cfg.Session = [16]byte{} },
		"boot 0":               func(cfg *Config) { cfg.Boot = 0 },
		"negative timeout":     func(cfg *Config) { cfg.CommitTimeout = -1 },
		"unknown read mode":    func(cfg *Config) { cfg.ReadMode = 9 },
		"limits that conflict": func(cfg *Config) { cfg.Limits.Lease = cfg.Limits.ElectionMin },
		"negative bound":       func(cfg *Config) { cfg.Bounds.ChunkBytes = -1 },
		"small peer bound":     func(cfg *Config) { cfg.Bounds.PeerBytes = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := c.config(1, 1)
			spoil(&cfg)
			d := newDisk()
			if g, err := Open(cfg, d.restored(), newHandle(d), port{c.net, 1}, newRecorder(), SystemClock{}); err == nil {
				g.end()
				t.Error("opened")
			}
		})
	}
}
