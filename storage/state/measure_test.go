package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// overwritten changes all of count records of 100 bytes in one checkpoint, and returns its head.
func overwritten(t testing.TB, n *node, slot paxos.Slot, count int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(slot), 0))
	c := paxos.Checkpoint{Slot: slot, Count: uint64(count), Spaces: []uint64{1}}
	const bite = 5000
	for from := 0; from < count; from += bite {
		records := make([]paxos.CheckpointRecord, 0, bite)
		for i := from; i < min(from+bite, count); i++ {
			record := set(1, fmt.Sprintf("key:%012d", i), randomBytes(r, 100))
			c.Sum += paxos.RecordSum(1, record.Key, record.Value)
			records = append(records, record)
		}
		n.write(slot, records...)
	}
	n.publish(c)
}

func directoryBytes(t testing.TB, n *node) (total uint64) {
	t.Helper()
	for g := range n.open {
		size, err := g.bytesOnDisk()
		if err != nil {
			t.Fatal(err)
		}
		total += size
	}
	return total
}

func residentKB(t testing.TB) string {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "RssAnon") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(found, ", ")
}

func TestTheDiskHoldsAtMostFourTimesTheLiveData(t *testing.T) {
	const count, rounds = 20_000, 10
	n := openNode(t, t.TempDir())
	live := uint64(count * (16 + 100 + keyStart + 4 + entryOverhead))
	most := uint64(0)
	for round := range rounds {
		overwritten(t, n, paxos.Slot(round+1), count)
		size := directoryBytes(t, n)
		most = max(most, size)
		t.Logf("checkpoint %d: %d KiB, %.1f times what is live; %s", round+1, size>>10, float64(size)/float64(live), residentKB(t))
	}
	if limit := 4*live + wasteBytes; most > limit {
		t.Errorf("%d KiB at most, more than %d; live are %d", most>>10, limit>>10, live>>10)
	}
	n.close()
}

func BenchmarkLoad(b *testing.B) {
	const count = 1_000_000
	n := openNode(b, b.TempDir())
	overwritten(b, n, 1, count)
	n = n.reopen()
	for b.Loop() {
		next, done, err := n.Load()
		if err != nil {
			b.Fatal(err)
		}
		for ok := true; ok; {
			if _, ok, err = next(); err != nil {
				b.Fatal(err)
			}
		}
		if err := done(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	n.close()
}
