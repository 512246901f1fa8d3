package arena

import "unsafe"

// largeHead is in front of a large block, in the same mapping.
type largeHead struct {
	size  uintptr // of the mapping
	place int     // in the arena's mappings
}

// pageSize is what a large block's mapping is a multiple of. The kernel's pages may be larger.
const pageSize = 4 << 10

// hugeLarge is from how many bytes on a large block is of huge pages, if possible: tables of keys, for the most part, which are used all over.
const hugeLarge = 4 << 20

func (a *Arena) allocLarge(size uintptr) unsafe.Pointer {
	size = (size + headRoom + pageSize - 1) &^ (pageSize - 1)
	if size == slabSize {
		size += pageSize // a mapping of that size is a slab
	}
	base := mapPages(size)
	if size >= hugeLarge {
		preferHuge(base, size)
	}
	head := (*largeHead)(base)
	head.size, head.place = size, a.pages.add(base, size)
	a.inUse += size
	return unsafe.Add(base, headRoom)
}

func largeHeadOf(p unsafe.Pointer) *largeHead { return (*largeHead)(unsafe.Add(p, -headRoom)) }

func largeCapacity(p unsafe.Pointer) int { return int(largeHeadOf(p).size) - headRoom }

// lateSize is from how many bytes on a large block is left to Reclaim. The kernel takes about 50 microseconds a MiB to take pages back.
const lateSize = 1 << 20

func (a *Arena) freeLarge(p unsafe.Pointer) {
	head := largeHeadOf(p)
	a.inUse -= head.size
	m := a.pages.remove(head.place)
	if m.size < lateSize {
		m.unmap()
		return
	}
	late := &mappings{}
	late.all, late.bytes = append(late.all, m), m.size
	a.heap.drop(late)
}
