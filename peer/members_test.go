package peer

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// town has an address for every node id that a test needs.
type town struct {
	t         *testing.T
	addresses map[paxos.NodeID]string
}

func newTown(t *testing.T, ids ...paxos.NodeID) *town {
	w := &town{t, make(map[paxos.NodeID]string)}
	for _, id := range ids {
		w.addresses[id] = freeAddress(t)
	}
	return w
}

// configuration has these voters.
func (w *town) configuration(slot paxos.Slot, ids ...paxos.NodeID) paxos.Configuration {
	c := paxos.Configuration{Slot: slot, HighestID: slices.Max(slices.Collect(maps.Keys(w.addresses)))}
	for _, id := range ids {
		c.Voters = append(c.Voters, paxos.Member{ID: id, Address: w.addresses[id]})
	}
	return c
}

// config is that of a node which knows c.
func (w *town) config(self paxos.NodeID, c paxos.Configuration) Config {
	cfg := testConfig(w.t, self)
	cfg.Configuration, cfg.Listen = c, w.addresses[self]
	return cfg
}

func (w *town) start(self paxos.NodeID, c paxos.Configuration) *node {
	return start(w.t, w.config(self, c))
}

// flowing is a Handler that keeps a message going to and fro on every link, and checks what links promise.
type flowing struct {
	*Transport
	t *testing.T

	mu      sync.Mutex
	up      map[paxos.NodeID]bool
	got     map[paxos.NodeID]int
	downs   map[paxos.NodeID]int
	refused map[paxos.NodeID]string
	changed chan struct{}
}

func (w *town) flow(self paxos.NodeID, c paxos.Configuration) *flowing {
	f := &flowing{t: w.t, up: make(map[paxos.NodeID]bool), got: make(map[paxos.NodeID]int), downs: make(map[paxos.NodeID]int),
		refused: make(map[paxos.NodeID]string), changed: make(chan struct{})}
	cfg := w.config(self, c)
	cfg.Refused = func(by paxos.NodeID, why string) { f.note(func() { f.refused[by] = why }) }
	f.Transport = listen(w.t, cfg).Transport
	f.Start(f)
	return f
}

func (f *flowing) note(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *flowing) LinkUp(peer paxos.NodeID) {
	f.note(func() {
		if f.up[peer] {
			f.t.Errorf("node %v: the link to %v came up twice", f.door.self, peer)
		}
		f.up[peer] = true
	})
	f.Send(peer, paxos.Learn{From: 1})
}

func (f *flowing) LinkDown(peer paxos.NodeID) {
	f.note(func() {
		if !f.up[peer] {
			f.t.Errorf("node %v: the link to %v went down twice", f.door.self, peer)
		}
		f.up[peer] = false
		f.downs[peer]++
	})
}

func (f *flowing) Receive(from paxos.NodeID, ms []paxos.Message) {
	f.note(func() {
		if !f.up[from] {
			f.t.Errorf("node %v: a message of %v without a link", f.door.self, from)
		}
		f.got[from] += len(ms)
	})
	f.Send(from, ms[len(ms)-1])
}

// await waits until the condition holds; it is asked whenever something has happened.
func (f *flowing) await(what string, holds func() bool) {
	f.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		f.mu.Lock()
		done, changed := holds(), f.changed
		f.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			f.t.Fatalf("node %v: never came: %s", f.door.self, what)
		}
	}
}

// exchange waits until messages have come from all of these from now on.
func (f *flowing) exchange(peers ...paxos.NodeID) {
	f.t.Helper()
	f.mu.Lock()
	before := maps.Clone(f.got)
	f.mu.Unlock()
	for _, peer := range peers {
		if peer != f.door.self {
			f.await(fmt.Sprintf("messages of node %v", peer), func() bool { return f.got[peer] > before[peer]+1 })
		}
	}
}

// undisturbed makes sure that links to these were never down.
func (f *flowing) undisturbed(peers ...paxos.NodeID) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, peer := range peers {
		if f.downs[peer] != 0 {
			f.t.Errorf("node %v: the link to %v was down %d times", f.door.self, peer, f.downs[peer])
		}
	}
}

// TestMembersComeAndGo: three nodes become five and three others again, while messages go to and fro on all links.
func TestMembersComeAndGo(t *testing.T) {
	w := newTown(t, 1, 2, 3, 4, 5)
	three, five, last := w.configuration(0, 1, 2, 3), w.configuration(10, 1, 2, 3, 4, 5), w.configuration(20, 3, 4, 5)
	nodes := make(map[paxos.NodeID]*flowing)
	for id := paxos.NodeID(1); id <= 3; id++ {
		nodes[id] = w.flow(id, three)
	}
	for id := paxos.NodeID(4); id <= 5; id++ {
		nodes[id] = w.flow(id, five) // guests of the others, who do not know them
	}
	for _, n := range nodes {
		n.exchange(1, 2, 3, 4, 5)
	}
	for _, n := range nodes {
		n.SetMembers(five)
	}
	for _, n := range nodes {
		n.exchange(1, 2, 3, 4, 5)
		n.undisturbed(1, 2, 3, 4, 5)
		if all := n.Status(); len(all) != 4 || slices.ContainsFunc(all, func(s LinkStatus) bool { return s.Guest || s.Address == "" }) {
			t.Errorf("node %v: %+v", n.door.self, all)
		}
	}
	for id := paxos.NodeID(3); id <= 5; id++ {
		nodes[id].SetMembers(last)
	}
	for id := paxos.NodeID(3); id <= 5; id++ {
		n := nodes[id]
		n.await("the end of the links to 1 and 2", func() bool { return !n.up[1] && !n.up[2] })
		n.exchange(3, 4, 5)
		n.undisturbed(3, 4, 5)
		if all := n.Status(); len(all) != 2 {
			t.Errorf("%+v", all)
		}
	}
	for id := paxos.NodeID(1); id <= 2; id++ {
		n := nodes[id]
		n.await("three nodes that say so", func() bool { return len(n.refused) == 3 })
		if why := n.refused[4]; !strings.Contains(why, "removed") || !strings.Contains(why, "slot 20") {
			t.Errorf("node %v was told %q", id, why)
		}
		n.exchange(3 - id) // the two still know each other
	}
}

// TestRemovedNodeGetsWhatIsQueued, then the reason, and then nothing any more.
func TestRemovedNodeGetsWhatIsQueued(t *testing.T) {
	told := make(chan string, 1000)
	one, two := pair(t, func(cfg *Config) {
		if cfg.Self == 2 {
			cfg.Refused = func(by paxos.NodeID, why string) { told <- fmt.Sprint(by, " ", why) }
		}
	})
	for i := range 50 {
		two.Send(1, accept(paxos.Slot(i+1), 1000)) // something unread at the end that removes
		one.Send(2, accept(paxos.Slot(i+1), 100<<10))
	}
	without := paxos.Configuration{Slot: 7, Voters: one.view.Load().configuration.Voters[:1], HighestID: 2}
	one.SetMembers(without)
	for i := range 50 {
		if got, ok := two.nextMessage(t).(paxos.Accept); !ok || got.Slot != paxos.Slot(i+1) {
			t.Fatalf("message %d: slot %v", i, got.Slot)
		}
	}
	if e := two.next(t); !e.down {
		t.Fatalf("%+v", e)
	}
	for e := one.next(t); !e.down; e = one.next(t) {
	}
	if why := <-told; why != "1 node 2 was removed from the cluster by the configuration of slot 7" {
		t.Error(why)
	}
	two.log.await(t, "the peer ended the link: node 2 was removed from the cluster by the configuration of slot 7")
	if why := <-told; !strings.Contains(why, "node 2 is not a member (removed, as of the configuration of slot 7)") {
		t.Error(why) // by the refusal of the next dial
	}
	one.Send(2, paxos.Learn{From: 1}) // dropped
	if s := one.Status(); len(s) != 0 {
		t.Errorf("%+v", s)
	}
	two.SetMembers(without) // it knows by itself now, and dials no more
	for range 1000 {
		if !strings.Contains(stacks(), "peer.(*Transport).dial(") {
			return
		}
		runtime.Gosched()
	}
	t.Error("a removed node goes on dialling")
}

// TestNodeThatHangsIsRemovedInTime: what is queued for it does not hold up its removal.
func TestNodeThatHangsIsRemovedInTime(t *testing.T) {
	w := newTown(t, 1, 2)
	c := w.configuration(0, 1, 2)
	hung := listen(t, w.config(2, c))
	hung.gate = make(chan struct{})
	t.Cleanup(func() { close(hung.gate) })
	cfg := w.config(1, c)
	cfg.Limits.FlushTimeout, cfg.Limits.StallTimeout, cfg.Limits.IdleTimeout = 50*time.Millisecond, time.Hour, time.Hour
	one := start(t, cfg)
	hung.Start(hung.recorder)
	one.awaitUp(t, 2)
	one.Send(2, accept(1, 64<<20))
	one.Send(2, accept(2, 64<<20))
	one.SetMembers(w.configuration(1, 1))
	if e := one.next(t); !e.down || e.peer != 2 {
		t.Fatalf("%+v", e)
	}
}

// TestNodeRemovedWhileItWasDownHearsOfIt, though it has the lowest id and nobody dials it.
func TestNodeRemovedWhileItWasDownHearsOfIt(t *testing.T) {
	w := newTown(t, 1, 2, 3)
	w.start(2, w.configuration(5, 2, 3))
	cfg := w.config(1, w.configuration(0, 1, 2))
	cfg.Limits.InquiryInterval = time.Millisecond
	told := make(chan paxos.NodeID, 1000)
	cfg.Refused = func(by paxos.NodeID, _ string) { told <- by }
	start(t, cfg)
	if by := <-told; by != 2 {
		t.Error(by)
	}
}

// TestOnlyANewerConfigurationRemoves: a node that knows as much is not told by one that does not have it.
func TestOnlyANewerConfigurationRemoves(t *testing.T) {
	w := newTown(t, 1, 2)
	w.start(1, w.configuration(7, 1))
	cfg := w.config(2, w.configuration(7, 1, 2))
	cfg.Refused = func(by paxos.NodeID, why string) { t.Errorf("node %v says: %s", by, why) }
	two := start(t, cfg)
	two.log.await(t, "node 2 is not a member (removed")
}

// TestOlderConfigurationsChangeNothing: a node that replays its log knows better from its start.
func TestOlderConfigurationsChangeNothing(t *testing.T) {
	w := newTown(t, 1, 2)
	one, two := w.start(1, w.configuration(9, 1, 2)), w.start(2, w.configuration(9, 1, 2))
	one.awaitUp(t, 2)
	two.awaitUp(t, 1)
	one.SetMembers(w.configuration(8, 1))
	two.Send(1, paxos.Learn{From: 1})
	if e := one.next(t); e.message != (paxos.Learn{From: 1}) {
		t.Fatalf("%+v", e)
	}
	if s := one.Status(); len(s) != 1 || !s[0].Connected {
		t.Errorf("%+v", s)
	}
}

// TestNodeThatIsNotAddedYetDials: what it has replayed may be older than its own membership.
func TestNodeThatIsNotAddedYetDials(t *testing.T) {
	w := newTown(t, 1, 9)
	old := w.configuration(3, 1)
	old.HighestID = 1
	one, nine := w.start(1, w.configuration(5, 1, 9)), w.start(9, old)
	one.awaitUp(t, 9)
	nine.awaitUp(t, 1)
}

// TestMemberThatComesBackAtOnce: its link is announced only after the end of the one before, whichever remote that had.
func TestMemberThatComesBackAtOnce(t *testing.T) {
	w := newTown(t, 1, 2)
	one, two := w.flow(1, w.configuration(0, 1, 2)), w.flow(2, w.configuration(0, 1, 2))
	for slot := paxos.Slot(1); slot < 50; slot += 2 {
		two.exchange(1)
		for _, n := range []*flowing{one, two} {
			n.SetMembers(w.configuration(slot, n.door.self))
			n.SetMembers(w.configuration(slot+1, 1, 2))
		}
	}
	one.exchange(2)
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.downs[2] == 0 {
		t.Error("the link was never down")
	}
}

// TestMemberThatMoves: the link stays, and the next one is made at the new address.
func TestMemberThatMoves(t *testing.T) {
	w := newTown(t, 1, 2)
	c := w.configuration(0, 1, 2)
	one, two := w.start(1, c), w.start(2, c)
	one.awaitUp(t, 2)
	two.awaitUp(t, 1)
	elsewhere := tamper(t, w.addresses[1])
	moved := w.configuration(1, 1, 2)
	moved.Voters[0].Address = elsewhere.Addr().String()
	two.SetMembers(moved)
	one.Send(2, paxos.Learn{From: 1})
	if e := two.next(t); e.message != (paxos.Learn{From: 1}) {
		t.Fatalf("%+v", e)
	}
	if s := two.Status()[0]; s.Links != 1 || s.Address != moved.Voters[0].Address {
		t.Errorf("%+v", s)
	}
	one.cut(2)
	two.awaitUp(t, 1)
	if elsewhere.recorded.Load() == nil {
		t.Error("the new link is to the old address")
	}
}

// TestMembersOfABusyWeek: no goroutine is left of members that were never reached.
func TestMembersOfABusyWeek(t *testing.T) {
	w := newTown(t, 1, 2, 3, 4, 5, 6)
	five := w.start(5, w.configuration(0, 5))
	for slot := paxos.Slot(1); slot < 200; slot++ {
		five.SetMembers(w.configuration(slot, 5, 1+paxos.NodeID(slot%4), 6))
	}
	five.SetMembers(w.configuration(200, 5))
	for range 1000 {
		if left := stacks(); !strings.Contains(left, "peer.(*Transport).dial") && !strings.Contains(left, "peer.(*Transport).inquire") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines are left:\n%s", stacks())
}

// TestSetMembersAtAnyTime: before Start, beside everything else, and after Close.
func TestSetMembersAtAnyTime(t *testing.T) {
	w := newTown(t, 1, 2, 3)
	two := listen(t, w.config(2, w.configuration(0, 2)))
	two.SetMembers(w.configuration(1, 1, 2, 3))
	one := w.start(1, w.configuration(1, 1, 2, 3))
	two.Start(two.recorder)
	one.awaitUp(t, 2)
	two.awaitUp(t, 1)
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for slot := paxos.Slot(2); slot < 100; slot++ {
				two.SetMembers(w.configuration(slot, 1, 2, 2+paxos.NodeID(slot%2)*7))
				two.Send(1, paxos.Learn{From: 1})
				two.Send(9, paxos.Learn{From: 1})
				two.Status()
			}
		})
	}
	busy.Wait()
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	two.SetMembers(w.configuration(1000, 1, 2, 3))
	if slot := two.view.Load().configuration.Slot; slot != 99 {
		t.Errorf("a closed node works with the configuration of slot %v", slot)
	}
}
