package journal

import (
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	pageSlots  = 4096
	offsetBits = 40 // of a location; the rest is the segment's number
)

// location says in which frame a slot's newest record is: segment number and offset of the frame. 0 means none.
type location uint64

func locate(segment uint64, offset int64) location {
	return location(segment<<offsetBits | uint64(offset))
}

func (l location) segment() uint64 { return uint64(l >> offsetBits) }
func (l location) offset() int64   { return int64(l & (1<<offsetBits - 1)) }

// index finds the newest record of a slot. It takes 8 bytes a slot, in pages, so that a far slot costs one page and not
// all slots before it.
type index struct {
	pages map[paxos.Slot]*[pageSlots]location
	// first is the lowest slot that is not cut. What is below it is not in the index.
	first paxos.Slot
	// contiguous is the highest slot such that it and all slots before it are stored or cut.
	contiguous paxos.Slot
	// last is the highest slot that ever was stored.
	last paxos.Slot
}

// newIndex returns the index of a journal that was cut below first.
func newIndex(first paxos.Slot) *index {
	return &index{pages: make(map[paxos.Slot]*[pageSlots]location), first: first, contiguous: first - 1, last: first - 1}
}

func (x *index) get(s paxos.Slot) location {
	page := x.pages[s/pageSlots]
	if page == nil {
		return 0
	}
	return page[s%pageSlots]
}

func (x *index) put(s paxos.Slot, l location) {
	x.last = max(x.last, s)
	if s < x.first {
		return
	}
	page := x.pages[s/pageSlots]
	if page == nil {
		page = new([pageSlots]location)
		x.pages[s/pageSlots] = page
	}
	page[s%pageSlots] = l
	x.extend()
}

func (x *index) extend() {
	for x.get(x.contiguous+1) != 0 {
		x.contiguous++
	}
}

// cut forgets the slots below first.
func (x *index) cut(first paxos.Slot) {
	for n, page := range x.pages {
		if (n+1)*pageSlots <= first {
			delete(x.pages, n)
		} else if n*pageSlots < first {
			clear(page[:first-n*pageSlots])
		}
	}
	x.first = first
	x.contiguous, x.last = max(x.contiguous, first-1), max(x.last, first-1)
	x.extend()
}

// rebase is told the slot of the checkpoint that is the newest from now on, so that first to contiguous are always stored, and the
// checkpoint reaches up to first at least. One from a peer may be beyond what is stored here: then all up to it counts as cut. One
// may also be older than what was cut, after a newer one was discarded: then what was cut behind it is to be stored again.
func (x *index) rebase(published paxos.Slot) {
	switch {
	case published == 0: // discarded: what is stored does not change
	case published+1 < x.first:
		x.first, x.contiguous = published+1, published
		x.extend()
	case published > x.contiguous:
		x.cut(published + 1)
	}
}

// above returns the stored slots above s, in order.
func (x *index) above(s paxos.Slot) []paxos.Slot {
	var numbers, slots []paxos.Slot
	for n := range x.pages {
		if n >= s/pageSlots {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		for i, l := range x.pages[n] {
			if slot := n*pageSlots + paxos.Slot(i); l != 0 && slot > s {
				slots = append(slots, slot)
			}
		}
	}
	return slots
}
