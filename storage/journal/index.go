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
	// contiguous is the highest slot such that it and all slots before it are stored.
	contiguous paxos.Slot
	last       paxos.Slot
}

func newIndex() *index { return &index{pages: make(map[paxos.Slot]*[pageSlots]location)} }

func (x *index) get(s paxos.Slot) location {
	page := x.pages[s/pageSlots]
	if page == nil {
		return 0
	}
	return page[s%pageSlots]
}

func (x *index) put(s paxos.Slot, l location) {
	page := x.pages[s/pageSlots]
	if page == nil {
		page = new([pageSlots]location)
		x.pages[s/pageSlots] = page
	}
	page[s%pageSlots] = l
	x.last = max(x.last, s)
	for x.get(x.contiguous+1) != 0 {
		x.contiguous++
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
