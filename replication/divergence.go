package replication

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// keptDigests is how many digests of each node are remembered: nodes publish the checkpoint of a slot at different times. A slow node may
// publish one when the others have published many more, and is compared with none of them if theirs of that slot are forgotten.
const keptDigests = 16

// digest is what one node says of the state at one slot.
type digest struct {
	slot  paxos.Slot
	bytes []byte
}

// divergence compares what the nodes' checkpoints of the same slots hold. Equal logs make equal states, so a difference means
// that memory, a disk or a program has failed on some node. Safe for use by several goroutines.
type divergence struct {
	self          paxos.NodeID
	log           *slog.Logger
	observe       func(Event) // nil: nobody is told
	configuration func() paxos.Configuration
	came          chan<- struct{} // has room for one: signalled when there is something to judge

	mu      sync.Mutex
	digests map[paxos.NodeID][]digest // by slot, ascending
	fresh   map[paxos.Slot]struct{}   // slots of own digests, not judged yet
	// at and nodes are the newest slot at which others agreed or differed, and who differed.
	at    paxos.Slot
	nodes []paxos.NodeID
}

func newDivergence(self paxos.NodeID, log *slog.Logger, configuration func() paxos.Configuration, came chan<- struct{}) *divergence {
	return &divergence{
		self: self, log: log, configuration: configuration, came: came,
		digests: map[paxos.NodeID][]digest{}, fresh: map[paxos.Slot]struct{}{},
	}
}

// add takes a node's digest. Those of nodes that are no members are not remembered.
func (d *divergence) add(node paxos.NodeID, slot paxos.Slot, sum []byte) {
	configuration := d.configuration()
	if node != d.self && !configuration.IsMember(node) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for former := range d.digests {
		if former != d.self && !configuration.IsMember(former) {
			delete(d.digests, former)
		}
	}
	kept := d.digests[node]
	i, known := slices.BinarySearchFunc(kept, slot, func(k digest, slot paxos.Slot) int { return compareSlots(k.slot, slot) })
	if known {
		if bytes.Equal(kept[i].bytes, sum) {
			return // said again
		}
		kept[i].bytes = sum
	} else {
		kept = slices.Insert(kept, i, digest{slot, sum})
	}
	d.digests[node] = kept[max(0, len(kept)-keptDigests):]
	d.note(slot)
}

// note has a slot judged, if this node has a digest of it. d.mu is held.
func (d *divergence) note(slot paxos.Slot) {
	if _, ok := d.of(d.self, slot); !ok {
		return // this node has not come to it yet, or never will: it skipped it
	}
	d.fresh[slot] = struct{}{}
	signal(d.came)
}

// isFresh reports whether there is something to judge.
func (d *divergence) isFresh() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.fresh) > 0
}

func compareSlots(a, b paxos.Slot) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// newest returns this node's newest digest.
func (d *divergence) newest() (paxos.CheckpointDigest, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := d.digests[d.self]
	if len(own) == 0 {
		return paxos.CheckpointDigest{}, false
	}
	last := own[len(own)-1]
	return paxos.CheckpointDigest{Slot: last.slot, Digest: last.bytes}, true
}

// differing returns the newest slot compared, and the nodes whose state there is not this node's.
func (d *divergence) differing() (paxos.Slot, []paxos.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at, slices.Clone(d.nodes)
}

// outvoted returns the slot at which a majority of the voters agrees on a state that is not this node's, 0 without one. It logs
// every other difference.
func (d *divergence) outvoted() paxos.Slot {
	configuration := d.configuration()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, slot := range slices.Sorted(maps.Keys(d.fresh)) {
		delete(d.fresh, slot)
		own, ok := d.of(d.self, slot)
		if ok && d.isOutvoted(slot, own, &configuration) {
			return slot
		}
	}
	return 0
}

func (d *divergence) of(node paxos.NodeID, slot paxos.Slot) ([]byte, bool) {
	for _, k := range d.digests[node] {
		if k.slot == slot {
			return k.bytes, true
		}
	}
	return nil, false
}

// isOutvoted compares this node's digest of a slot with all others there are.
func (d *divergence) isOutvoted(slot paxos.Slot, own []byte, c *paxos.Configuration) bool {
	votes := map[string]int{}
	var differing []paxos.NodeID
	others := 0
	for _, m := range c.Members() {
		sum, ok := d.of(m.ID, slot)
		if !ok {
			continue
		}
		if c.IsVoter(m.ID) {
			votes[string(sum)]++
		}
		if m.ID != d.self {
			others++
		}
		if !bytes.Equal(sum, own) {
			differing = append(differing, m.ID)
		}
	}
	if others > 0 && slot >= d.at {
		d.at, d.nodes = slot, differing
	}
	majority := len(c.Voters)/2 + 1
	for sum, count := range votes {
		if count >= majority && sum != string(own) {
			return true
		}
	}
	if len(differing) > 0 {
		d.log.Error("states of equal logs differ, so memory, a disk or a program has failed on some node; where a majority agrees, the others stop by themselves",
			"slot", slot, "differing", differing, "agreeing", votes[string(own)], "majority", majority)
		if d.observe != nil {
			d.observe(Event{Kind: EventDivergence, Node: differing[0], Text: fmt.Sprintf("another state at slot %v on nodes %v", slot, differing)})
		}
	}
	return false
}

// judge compares digests that came, and reports whether there were any. It gives this node's state up when a majority holds
// another one.
func (c *checkpointer) judge() bool {
	if !c.digests.isFresh() {
		return false
	}
	if slot := c.digests.outvoted(); slot != 0 {
		c.end(c.giveUp(slot))
	}
	return true
}

// giveUp discards the checkpoint of a state that differs at slot, and says why.
func (c *checkpointer) giveUp(slot paxos.Slot) error {
	why := fmt.Errorf("this node's state at slot %v differs from the one that a majority holds, so this node takes itself out of service and gives "+
		"its checkpoint up. Memory, a disk or the program has failed here: look for errors of the machine, then start this node again; it "+
		"makes the state anew: from its log if nothing of that was cut yet, and else from a peer's", slot)
	if err := c.storage.DiscardCheckpoint(why.Error()); err != nil {
		return fmt.Errorf("%w. The checkpoint could not be given up, so remove this node and add it again with an empty directory: %w", why, err)
	}
	return why
}
