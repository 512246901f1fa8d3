package state

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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

// peak is the most that the generations of a node took on disk whenever there was a rest: in the middle of a renewal too.
type peak struct {
	n    *node
	most uint64
}

func (p *peak) rest(time.Duration) {
	p.n.mu.Lock()
	open := slices.Collect(maps.Keys(p.n.open))
	p.n.mu.Unlock()
	total := uint64(0)
	for _, g := range open {
		size, err := g.bytesOnDisk()
		if err != nil {
			p.n.t.Error(err)
		}
		total += size
	}
	p.most = max(p.most, total)
}

// liveOf is what is live of count records of 100 bytes.
func liveOf(count int) uint64 { return uint64(count * (keyStart + 16 + 100 + 4 + entryOverhead)) }

func TestTheDiskHoldsAtMostFourTimesTheLiveData(t *testing.T) {
	const count, rounds = 40_000, 4
	p := &peak{}
	n := openNodeWith(t, t.TempDir(), p.rest)
	p.n = n
	live, generations := liveOf(count), uint64(0)
	for round := range rounds {
		overwritten(t, n, paxos.Slot(round+1), count)
		i, err := n.newestImage()
		if err != nil {
			t.Fatal(err)
		}
		generations = i.g.number
		t.Logf("checkpoint %d: %d KiB, most %.1f times what is live; %s", round+1, directoryBytes(t, n)>>10, float64(p.most)/float64(live), residentKB(t))
	}
	if p.most > 4*live {
		t.Errorf("%d KiB at most, more than %d; live are %d", p.most>>10, 4*live>>10, live>>10)
	}
	if generations == 1 {
		t.Error("no renewal was seen")
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
