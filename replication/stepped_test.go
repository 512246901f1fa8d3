package replication

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// handClock stands still until a test moves it.
type handClock struct{ ns int64 }

func (c *handClock) Now() paxos.Instant { return paxos.Instant{Mono: c.ns, Boot: c.ns, Real: c.ns} }

// alone is a stepped group of one node.
type alone struct {
	*Stepped
	t       *testing.T
	disk    *disk
	clock   *handClock
	machine *recorder
	sent    []paxos.Message
	lane    *Lane
}

func (a *alone) Send(_ paxos.NodeID, m paxos.Message) { a.sent = append(a.sent, m) }
func (a *alone) SetMembers(paxos.Configuration)       {}
func (a *alone) SendAll(all []paxos.Envelope) {
	for _, e := range all {
		a.Send(e.To, e.Message)
	}
}

func newAlone(t *testing.T, d *disk, voters ...paxos.NodeID) *alone {
	t.Helper()
	d.boot++
	a := &alone{t: t, disk: d, clock: &handClock{ns: int64(time.Hour)}, machine: newRecorder()}
	cfg := Config{Self: 1, Session: uuid.UUID{byte(d.boot)}, Boot: d.boot}
	for _, id := range voters {
		cfg.Configuration.Voters = append(cfg.Configuration.Voters, paxos.Member{ID: id})
	}
	var err error
	if a.Stepped, err = OpenStepped(cfg, d.restored(), newHandle(d), a, a.machine, a.clock, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	listener := &client{}
	listener.reads.L = &listener.mu
	a.lane = a.NewLane(listener)
	return a
}

// settle steps everybody until nobody has anything to do.
func (a *alone) settle() {
	for progressed := true; progressed; {
		progressed = false
		for actor := range Actors {
			progressed = a.Step(Actor(actor)) || progressed
		}
	}
}

// pass lets time pass in ticks.
func (a *alone) pass(d time.Duration) {
	for end := a.clock.ns + int64(d); a.clock.ns < end; {
		a.clock.ns += a.TickEvery()
		a.Tick()
		a.settle()
	}
}

func TestSteppedGroupDoesNothingByItself(t *testing.T) {
	before := runtime.NumGoroutine()
	a := newAlone(t, newDisk(), 1)
	it := putText(a, "x")
	if a.settle(); a.Status().Role == paxos.RoleLeader {
		t.Fatal("it leads, and no time has passed")
	}
	a.pass(3 * time.Second)
	select {
	case r := <-it.done:
		if r.outcome != 0 {
			t.Error(r.outcome)
		}
	default:
		t.Error("not applied")
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, %d before", now, before)
	}
	a.Crash()
}

func putText(a *alone, text string) *item {
	c := a.lane.Begin()
	it := &item{text: text, done: make(chan result, 1)}
	c.Replies = &items{list: []*item{it}}
	c.Commands, c.Count = appendCommand(c.Commands, text), 1
	a.lane.End(c)
	return it
}

func TestSteppedGroupClosesAndGoesOn(t *testing.T) {
	d := newDisk()
	for boot := range 3 {
		a := newAlone(t, d, 1)
		a.pass(3 * time.Second)
		it := putText(a, fmt.Sprint(boot))
		a.Close()
		for i := 0; !a.IsEnded(); i++ {
			if i > 1000 {
				t.Fatal("it does not end")
			}
			a.pass(10 * time.Millisecond)
		}
		if r := <-it.done; r.outcome != 0 || a.Err() != nil {
			t.Errorf("boot %d: %v, %v", boot, r.outcome, a.Err())
		}
		if want := []string{"0", "1", "2"}[:boot+1]; !slices.Equal(a.machine.log(), want) {
			t.Errorf("boot %d: %q", boot, a.machine.log())
		}
	}
}

func TestSteppedGroupFailsWithItsStorage(t *testing.T) {
	a := newAlone(t, newDisk(), 1)
	a.storage.(*handle).dead.Store(true)
	if a.pass(3 * time.Second); !a.HasFailed() || !a.IsEnded() || a.Err() == nil {
		t.Errorf("failed %v, ended %v: %v", a.HasFailed(), a.IsEnded(), a.Err())
	}
}

// Between the sync and what waited for it there is a step: a crash may come there, and nothing may have left before.
func TestD1_SteppedSaverSyncsAndSendsInTwoSteps(t *testing.T) {
	a := newAlone(t, newDisk(), 1, 2, 3)
	a.pass(time.Second / 2)
	a.Receive(2, []paxos.Message{paxos.Prepare{Ballot: paxos.Ballot{Round: 7, Node: 2}, From: 1}})
	a.clock.ns += int64(5 * time.Second)
	isPromise := func(m paxos.Message) bool { _, is := m.(paxos.Promise); return is }
	if !a.Step(ActorLoop) || slices.ContainsFunc(a.sent, isPromise) || a.disk.promised.Round == 7 {
		t.Fatalf("promised %v before the sync: %v", a.disk.promised, a.sent)
	}
	if !a.Step(ActorSaver) || slices.ContainsFunc(a.sent, isPromise) || a.disk.promised.Round != 7 {
		t.Fatalf("promised %v, sent with the sync: %v", a.disk.promised, a.sent)
	}
	if !a.Step(ActorSaver) || !slices.ContainsFunc(a.sent, isPromise) {
		t.Fatalf("not sent after the sync: %v", a.sent)
	}
	a.Crash()
}

func TestSteppedRequests(t *testing.T) {
	a := newAlone(t, newDisk(), 1)
	a.pass(3 * time.Second)
	taken := a.AskCheckpoint()
	refused := a.AskChange(Change{Kind: RemoveMember, Member: paxos.Member{ID: 1}})
	given := a.AskChange(Change{Kind: AddMember})
	given.Cancel()
	if _, ok, _ := taken.Poll(); ok {
		t.Error("answered before anything was done")
	}
	a.pass(time.Second)
	if r, ok, err := taken.Poll(); !ok || err != nil || r.Slot == 0 {
		t.Errorf("%+v %v %v", r, ok, err)
	}
	if _, ok, err := refused.Poll(); !ok || err == nil {
		t.Errorf("%v %v", ok, err)
	}
	if _, ok, _ := given.Poll(); ok {
		t.Error("a request that was given up was answered")
	}
	if a.CheckpointStatus().Slot == 0 {
		t.Error("no checkpoint was taken")
	}
	a.Crash()
}
