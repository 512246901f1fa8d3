package arena

import "unsafe"

// slab is the head of a slab, within it. The blocks lie behind it.
type slab struct {
	// free is the first of the blocks that have been freed, each of which begins with a link to the next.
	free unsafe.Pointer
	// next and prev are of the class's slabs that have room.
	next, prev *slab
	// fresh is where the blocks that were never taken begin, and end is where they end, counted from the slab's beginning.
	fresh, end uint32
	width      uint32 // of a block
	used       uint32 // blocks
	place      uint32 // in the arena's mappings
}

// headRoom is what the head takes. Heads, and with them blocks, begin in another cache line from one slab to the next: all slabs are
// aligned alike, so that otherwise they would compete for the same few places of the processor's caches.
const (
	headRoom = 64
	colours  = 64
)

// headOf is the head of the slab at base.
func headOf(base unsafe.Pointer) *slab {
	return (*slab)(unsafe.Add(base, colourOf(base)))
}

func colourOf(base unsafe.Pointer) uintptr { return uintptr(base) / slabSize % colours * headRoom }

// baseOf is the beginning of the slab that p is in.
func baseOf(p unsafe.Pointer) unsafe.Pointer { return unsafe.Add(p, -int(uintptr(p)%slabSize)) }

// slabOf is the slab of a block.
func slabOf(block unsafe.Pointer) *slab { return headOf(baseOf(block)) }

// initialize makes a slab of memory that is zeroed, or was a slab of whichever class.
func initialize(base unsafe.Pointer, c Class, place int) *slab {
	s := headOf(base)
	first := uint32(colourOf(base) + headRoom)
	s.free, s.used = nil, 0
	s.width, s.place, s.fresh = uint32(c.Size()), uint32(place), first
	s.end = first + (slabSize-first)/s.width*s.width
	return s
}

// full reports whether there is no block left to be taken.
func (s *slab) full() bool { return s.free == nil && s.fresh == s.end }

// bin are a class's slabs that have room. The first is taken from.
type bin struct{ first *slab }

func (b *bin) add(s *slab) {
	s.next, s.prev = b.first, nil
	if s.next != nil {
		s.next.prev = s
	}
	b.first = s
}

func (b *bin) remove(s *slab) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		b.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.next, s.prev = nil, nil
}
