package state

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// TestTheDiskFollowsAStateThatShrinks: what was live and is not any more is given back, although the number of records says nothing of it.
func TestTheDiskFollowsAStateThatShrinks(t *testing.T) {
	const (
		much   = 10 << 20
		little = 6 << 20 // a small generation, what is spare in it, and Badger's own files
	)
	r := rand.New(rand.NewPCG(1, 2))
	all := func(prefix string, count, size int) (records []paxos.CheckpointRecord) {
		for i := range count {
			records = append(records, set(1, fmt.Sprint(prefix, i), randomBytes(r, size)))
		}
		return records
	}
	deleted := func(prefix string, count int) (records []paxos.CheckpointRecord) {
		for i := range count {
			records = append(records, gone(1, fmt.Sprint(prefix, i)))
		}
		return records
	}
	for name, after := range map[string]struct {
		full    [][]paxos.CheckpointRecord
		shrinks func(round int) []paxos.CheckpointRecord
		rounds  int
	}{
		"large values become small": {
			[][]paxos.CheckpointRecord{all("k", 120, 100_000)},
			func(int) []paxos.CheckpointRecord { return all("k", 120, 10) }, 1,
		},
		"a few large records go and many small ones stay": {
			[][]paxos.CheckpointRecord{all("small", 5_000, 10), all("k", 120, 100_000)},
			func(int) []paxos.CheckpointRecord { return deleted("k", 120) }, 1,
		},
		"small values become smaller": {
			[][]paxos.CheckpointRecord{all("k", 12_000, 1000)},
			func(int) []paxos.CheckpointRecord { return all("k", 12_000, 10) }, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, m, slot := openNode(t, t.TempDir()), make(model), paxos.Slot(0)
			defer n.close()
			for _, records := range after.full {
				slot++
				n.checkpoint(m, slot, []uint64{1}, records...)
			}
			if size := directoryBytes(t, n); size < much {
				t.Fatalf("%d KiB are no load", size>>10)
			}
			for round := range after.rounds {
				slot++
				n.checkpoint(m, slot, []uint64{1}, after.shrinks(round)...)
			}
			if size := directoryBytes(t, n); size > little {
				t.Errorf("%d KiB are left", size>>10)
			}
			n.expect(m)
		})
	}
}
