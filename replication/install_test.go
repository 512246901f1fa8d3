package replication

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A state that a peer sent says of this node's commands no more than its session does. A node that was removed meanwhile has none there, so
// whatever it had sent may be applied: to say that it is not would be a lie.
func TestAnInstalledStateEndsTheWaitOfWhatItMayHaveApplied(t *testing.T) {
	member := paxos.Configuration{Slot: 57, Voters: []paxos.Member{{ID: 1}, {ID: 2}}}
	without := paxos.Configuration{Slot: 57, Voters: []paxos.Member{{ID: 2}}, HighestID: 2}
	before := paxos.Configuration{Slot: 57}
	const waits = Outcome(0)
	for name, test := range map[string]struct {
		state groupState
		want  [2]Outcome
	}{
		"its session has the first": {groupState{configuration: member}, [2]Outcome{Uncertain, waits}},
		"its session is not there":  {groupState{configuration: member}, [2]Outcome{waits, waits}},
		"it was removed":            {groupState{configuration: without}, [2]Outcome{Uncertain, Uncertain}},
		"it is not a member yet":    {groupState{configuration: before}, [2]Outcome{waits, waits}},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newApplierAlone(1)
			if name == "its session has the first" {
				test.state.sessions = []NodeSession{{1, Session{ID: a.origin.session, Boot: a.origin.boot, Last: 1}}}
			}
			var sent [2]*item
			for i := range sent {
				sent[i] = &item{text: "x", done: make(chan result, 1)}
				a.origin.add(&Chunk{Commands: []byte("x"), Count: 1, Replies: &items{list: []*item{sent[i]}}}, 1, departure{})
			}
			a.restore(60, &test.state)
			if err := a.catchUpOwn(); err != nil {
				t.Fatal(err)
			}
			for i, it := range sent {
				got := waits
				select {
				case r := <-it.done:
					got = r.outcome
				default:
				}
				if got != test.want[i] {
					t.Errorf("command %d: %v, want %v", i+1, got, test.want[i])
				}
			}
		})
	}
}

// What interrupts the applier comes after everything that was handed over before it, also what was handed over while it was applying.
func TestAJobWaitsForEverySlotHandedOverBefore(t *testing.T) {
	a, _ := newApplierAlone(1)
	a.queue, a.moved = newQueue[paxos.Record](), func() {}
	a.checkpoints = &checkpointer{}
	noop := func(s paxos.Slot) []paxos.Record {
		return []paxos.Record{{Slot: s, Entry: paxos.Entry{Kind: paxos.EntryNoop}}}
	}
	a.queue.push(noop(1), 0)
	a.watch = func(r *paxos.Record) {
		if r.Slot == 1 { // slot 2 comes while slot 1 is being applied, and then the job
			a.queue.push(noop(2), 0)
			a.job.Store(&applierJob{done: make(chan error, 1), wake: make(chan struct{}, 1), f: func() error {
				if applied := a.applied.Load(); applied != 2 {
					t.Errorf("the job runs after slot %d", applied)
				}
				return nil
			}})
			a.queue.kick()
		}
	}
	for a.step() {
	}
	if a.applied.Load() != 2 || a.job.Load() != nil {
		t.Errorf("slot %d applied, job left: %v", a.applied.Load(), a.job.Load())
	}
}
