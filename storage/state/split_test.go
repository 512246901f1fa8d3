package state

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// lengths are those where something changes.
var lengths = []int{0, 1, 100, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2*pieceBytes - 1, 2 * pieceBytes, 2*pieceBytes + 1, 1 << 20}

func TestRecordsOfAllSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := openNode(t, t.TempDir())
	m := make(model)
	var records []paxos.CheckpointRecord
	for i, length := range lengths {
		records = append(records, set(1, fmt.Sprint("value ", i), randomBytes(r, length)))
	}
	records = append(records, set(2, "", ""), set(3, "", "empty"), set(2, "large", strings.Repeat("0123456789abcdef", 40<<16)))
	for _, length := range []int{maxInlineKey - 1, maxInlineKey, maxInlineKey + 1, 70_000, 1 << 20} {
		records = append(records, set(2, strings.Repeat("k", length), "short"), set(3, strings.Repeat("k", length), randomBytes(r, 2*pieceBytes)))
	}
	n.checkpoint(m, 1, []uint64{1, 2, 3}, records...)
	n.expect(m)
	same(t, n.readAs(1), m)

	var deleted []paxos.CheckpointRecord
	for i := 0; i < len(records); i += 2 {
		deleted = append(deleted, gone(records[i].Space, string(records[i].Key)))
	}
	old := m
	m = make(model)
	m.apply(records...)
	n.checkpoint(m, 2, []uint64{1, 2, 3}, deleted...)
	n = n.reopen()
	n.expect(m)
	parts, _ := n.parts(2, 1, 1<<20)
	same(t, assemble(t, old, parts), m)
	n.close()
}

// TestAShorterValueLeavesNothingOfTheLongerOne goes from every length to every other, with what was known of the record and without.
func TestAShorterValueLeavesNothingOfTheLongerOne(t *testing.T) {
	for _, reopen := range []bool{false, true} {
		n := openNode(t, t.TempDir())
		m := make(model)
		for round := range len(lengths) {
			var records []paxos.CheckpointRecord
			for i := range lengths {
				records = append(records, set(1, fmt.Sprint(i), strings.Repeat(fmt.Sprint(round), lengths[(i+round*3)%len(lengths)])))
			}
			n.checkpoint(m, paxos.Slot(round+1), []uint64{1}, records...)
			if reopen {
				n = n.reopen()
			}
			n.expect(m)
		}
		n.close()
	}
}

func TestPartsAreBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := openNode(t, t.TempDir())
	m := make(model)
	n.checkpoint(m, 1, []uint64{1}, set(1, "a", randomBytes(r, 5<<20)), set(1, "b", "b"), set(1, strings.Repeat("c", maxInlineKey), randomBytes(r, pieceBytes)))
	for _, maxBytes := range []int{1, 1000, 200_000, 1 << 20, 1 << 30} {
		parts, _ := n.parts(1, 0, maxBytes)
		limit := min(maxBytes, maxPartBytes) + pieceBytes + maxInlineKey + 1000
		for _, data := range parts {
			if len(data) > limit {
				t.Errorf("a part of %d bytes, of at most %d", len(data), limit)
			}
		}
		same(t, assemble(t, make(model), parts), m)
	}
	n.close()
}
