package state

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// history drives checkpoints and a model of them with random changes.
type history struct {
	*node
	r      *rand.Rand
	m      model
	slot   paxos.Slot
	spaces []uint64
	next   uint64
	past   map[paxos.Slot]model
	// rewritten counts checkpoints that took nothing over.
	rewritten int
}

func (h *history) value() string {
	sizes := []int{0, 1, 20, 100, 3000, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2 * pieceBytes, 3*pieceBytes + 17}
	return randomBytes(h.r, sizes[min(h.r.IntN(len(sizes)), h.r.IntN(len(sizes)), h.r.IntN(len(sizes)))])
}

func (h *history) key() string {
	n := h.r.IntN(60)
	switch {
	case n == 0:
		return ""
	case n == 1:
		return fmt.Sprintf("%070000d", n)
	case n < 10:
		return fmt.Sprintf("%c%c%c%c", 0, 0, 0, n) // like a piece number
	}
	return fmt.Sprintf("key-%d", n)
}

// changes are for the records of one checkpoint, each once.
func (h *history) changes() []paxos.CheckpointRecord {
	records := make(map[recordID]paxos.CheckpointRecord)
	for range h.r.IntN(30) {
		id := recordID{h.spaces[h.r.IntN(len(h.spaces))], h.key()}
		if h.r.IntN(3) == 0 {
			records[id] = gone(id.space, id.key)
		} else {
			records[id] = set(id.space, id.key, h.value())
		}
	}
	return slices.Collect(maps.Values(records))
}

func (h *history) changeSpaces() {
	if h.r.IntN(3) != 0 {
		return
	}
	n := h.r.IntN(len(h.spaces))
	h.m.drop(h.spaces[n])
	space := h.spaces[n] // back again at once, from the next checkpoint on, in some cases
	h.spaces = slices.Delete(h.spaces, n, n+1)
	if h.r.IntN(4) != 0 || len(h.spaces) == 0 {
		h.next++
		space = h.next
		h.spaces = append(h.spaces, space)
		return
	}
	h.take()
	h.spaces = append(h.spaces, space)
	slices.Sort(h.spaces)
}

// take takes a checkpoint in several writes.
func (h *history) take() {
	h.t.Helper()
	h.slot += paxos.Slot(1 + h.r.IntN(5))
	records := h.changes()
	if h.r.IntN(6) == 0 {
		records = h.rewrite(records)
	}
	half := len(records) / 2
	h.write(h.slot, records[:half]...)
	h.write(h.slot, records[half:]...)
	h.m.apply(records...)
	h.publish(h.m.head(h.slot, h.spaces...))
	h.past[h.slot] = maps.Clone(h.m)
}

// rewrite begins a checkpoint that takes nothing over, and returns all records of it instead of the changes.
func (h *history) rewrite(changes []paxos.CheckpointRecord) (all []paxos.CheckpointRecord) {
	h.t.Helper()
	if err := h.Rewrite(h.slot); err != nil {
		h.t.Fatal(err)
	}
	h.m.apply(changes...)
	h.rewritten++
	for _, r := range changes {
		if r.Deleted {
			all = append(all, r) // it may come, and be of what is not there
		}
	}
	return append(all, records(h.m)...)
}

// fail begins a checkpoint that is not completed.
func (h *history) fail() {
	h.slot++
	if h.r.IntN(4) == 0 {
		if err := h.Rewrite(h.slot); err != nil {
			h.t.Fatal(err)
		}
	}
	h.write(h.slot, h.changes()...)
}

func TestManyCheckpointsAreWhatAMapSays(t *testing.T) { eachWay(t, testManyCheckpointsAreWhatAMapSays) }

func testManyCheckpointsAreWhatAMapSays(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runHistory(t, seed) })
	}
}

func runHistory(t *testing.T, seed uint64) {
	h := &history{node: openNode(t, t.TempDir()), r: rand.New(rand.NewPCG(seed, 3)), m: make(model), slot: 1, spaces: []uint64{1, 2, 7}, next: 7,
		past: make(map[paxos.Slot]model)}
	before := paxos.Slot(0)
	for range 25 {
		h.changeSpaces()
		if h.r.IntN(4) == 0 {
			h.fail()
		}
		if h.r.IntN(8) == 0 {
			h.node = h.reopen()
		}
		if h.r.IntN(8) == 0 {
			h.renewNow()
		}
		h.take()
		h.expect(h.m)
		same(t, h.readAs(h.slot), h.m)
		h.compareChanges(before)
		before = h.slot
	}
	h.close()
	if h.rewritten == 0 {
		t.Error("no checkpoint was written anew")
	}
}

// renewNow copies the newest checkpoint, whether that is needed or not, and gives up the one under way.
func (h *history) renewNow() {
	h.t.Helper()
	if err := h.abandon(); err != nil {
		h.t.Fatal(err)
	}
	if i, err := h.newestImage(); err != nil || i != nil && h.renew(i) != nil {
		h.t.Fatal("the newest checkpoint cannot be copied", err)
	}
}

// compareChanges reads the former checkpoint, which must be readable unless the node was opened again, and changes since it.
func (h *history) compareChanges(before paxos.Slot) {
	h.t.Helper()
	if _, release, err := h.Hold(before); before > 0 && err == nil {
		same(h.t, h.readAs(before), h.past[before])
		release()
	}
	for since, was := range h.past {
		if _, _, err := h.ReadChanges(h.slot, since, nil, 1); err != nil {
			continue
		}
		parts, _ := h.parts(h.slot, since, 100_000)
		got := assemble(h.t, maps.Clone(was), parts)
		for id := range got {
			if !slices.Contains(h.spaces, id.space) {
				delete(got, id)
			}
		}
		same(h.t, got, h.m)
	}
}
