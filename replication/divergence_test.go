package replication

import (
	"log/slog"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A node so slow that the others have published many checkpoints since the one that it publishes is compared with theirs of that slot.
func TestASlowNodeIsComparedWithWhatOthersPublishedLongBefore(t *testing.T) {
	configuration := paxos.Configuration{Voters: []paxos.Member{{ID: 1}, {ID: 2}, {ID: 3}}}
	d := newDivergence(1, slog.New(slog.DiscardHandler), func() paxos.Configuration { return configuration }, make(chan struct{}, 1))
	for n := range paxos.Slot(12) {
		for _, other := range []paxos.NodeID{2, 3} {
			d.add(other, 10*(n+1), []byte("right"))
		}
	}
	d.add(1, 10, []byte("wrong"))
	if slot := d.outvoted(); slot != 10 {
		t.Errorf("outvoted at slot %v, want 10", slot)
	}
}
