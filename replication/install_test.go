package replication

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A state that a peer sent says of this node's commands no more than its session does. A node that was removed meanwhile has none there, so
// whatever it had sent may be applied: to say that it is not would be a lie.
func TestAnInstalledStateEndsTheWaitOfWhatItMayHaveApplied(t *testing.T) {
	member := paxos.Configuration{Slot: 57, Voters: []paxos.Member{{ID: 1}, {ID: 2}}}
	without := paxos.Configuration{Slot: 57, Voters: []paxos.Member{{ID: 2}}}
	const waits = Outcome(0)
	for name, test := range map[string]struct {
		state groupState
		want  [2]Outcome
	}{
		"its session has the first": {groupState{configuration: member}, [2]Outcome{Uncertain, waits}},
		"its session is not there":  {groupState{configuration: member}, [2]Outcome{waits, waits}},
		"it was removed":            {groupState{configuration: without}, [2]Outcome{Uncertain, Uncertain}},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newApplierAlone(1)
			if name == "its session has the first" {
				test.state.sessions = []NodeSession{{1, Session{ID: a.origin.session, Boot: a.origin.boot, Last: 1}}}
			}
			var sent [2]*item
			for i := range sent {
				sent[i] = &item{text: "x", done: make(chan result, 1)}
				a.origin.add(&Chunk{Commands: []byte("x"), Count: 1, Replies: &items{list: []*item{sent[i]}}}, 1)
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
