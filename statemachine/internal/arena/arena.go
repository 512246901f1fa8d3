package arena

import "unsafe"

// Arena is memory that can be given back as a whole. The zero value is not usable: see Heap.New.
type Arena struct {
	heap  *Heap
	bins  [classes]bin
	pages *mappings
	spare []unsafe.Pointer // slabs that are mapped, and of no class now
	inUse uintptr
	freed freedBlocks
}

// Alloc returns a block with room for size bytes, at least 0, and its class, which Free must be given. It is aligned to 8 bytes. Its bytes
// are anything, so it must be cleared before pointers are stored in it.
func (a *Arena) Alloc(size int) (unsafe.Pointer, Class) {
	c := ClassOf(size)
	if c == Large {
		return a.allocLarge(uintptr(size)), Large
	}
	b := &a.bins[c]
	s := b.first
	if s == nil {
		s = a.newSlab(c)
	}
	width := uintptr(s.width)
	p := s.free
	if p != nil {
		s.free = *(*unsafe.Pointer)(p)
		if checked {
			a.freed.take(p, width)
		}
	} else {
		p = unsafe.Add(baseOf(unsafe.Pointer(s)), s.fresh)
		s.fresh += uint32(width)
	}
	s.used++
	if s.full() {
		b.remove(s)
	}
	a.inUse += width
	return p, c
}

// AllocZeroed is Alloc with all size bytes zero.
func (a *Arena) AllocZeroed(size int) (unsafe.Pointer, Class) {
	p, c := a.Alloc(size)
	if c != Large { // which comes from the kernel as it is
		clear(unsafe.Slice((*byte)(p), size))
	}
	return p, c
}

// Free takes a block back. Nobody may have it any more.
func (a *Arena) Free(p unsafe.Pointer, c Class) {
	if c == Large {
		a.freeLarge(p)
		return
	}
	s := slabOf(p)
	width := uintptr(s.width)
	if checked {
		a.freed.free(p, width)
	}
	wasFull := s.full()
	*(*uintptr)(p) = uintptr(s.free) // as a number: see the package's comment on pointers
	s.free = p
	s.used--
	a.inUse -= width
	b := &a.bins[c]
	if wasFull {
		b.add(s)
	}
	if s.used == 0 {
		b.remove(s)
		a.giveBack(s)
	}
}

// Capacity is how many bytes a block of a class has room for.
func (a *Arena) Capacity(p unsafe.Pointer, c Class) int {
	if c == Large {
		return largeCapacity(p)
	}
	return c.Size()
}

// BlockSize is how many bytes InUse counts for a block of a class.
func (a *Arena) BlockSize(p unsafe.Pointer, c Class) int {
	if c == Large {
		return largeCapacity(p) + headRoom
	}
	return c.Size()
}

// InUse returns the bytes of the blocks that have been taken and not freed, each as large as those of its class.
func (a *Arena) InUse() int { return int(a.inUse) }

func (a *Arena) newSlab(c Class) *slab {
	base := a.takeSlab()
	a.forgetFreed(headOf(base))
	s := initialize(base, c, int(headOf(base).place))
	a.bins[c].add(s)
	return s
}

// hugeFrom is from how many bytes on an arena takes huge pages: each of its classes may have one that is nearly empty.
const hugeFrom = 16 * slabSize

// takeSlab returns memory for a slab, which is among the arena's mappings.
func (a *Arena) takeSlab() unsafe.Pointer {
	if len(a.spare) == 0 {
		if a.pages.bytes < hugeFrom {
			a.addSpare(mapSlab())
		} else {
			for _, base := range mapSlabs() {
				a.addSpare(base)
			}
		}
	}
	base := a.spare[0]
	a.spare = append(a.spare[:0], a.spare[1:]...)
	return base
}

func (a *Arena) addSpare(base unsafe.Pointer) {
	headOf(base).place = uint32(a.pages.add(base, slabSize))
	a.spare = append(a.spare, base)
}

// mostSpare is how many slabs without blocks an arena keeps, for whichever class needs one next, so that a block that is taken and freed over
// and over again costs no mapping. A collection that grows goes through many classes: if each kept a slab of its own, they would be idle for good.
const mostSpare = slabsAtOnce

// giveBack keeps or unmaps a slab that has no blocks and is in no bin.
func (a *Arena) giveBack(s *slab) {
	if len(a.spare) < mostSpare {
		a.spare = append(a.spare, baseOf(unsafe.Pointer(s)))
		return
	}
	a.forgetFreed(s)
	a.pages.remove(int(s.place)).unmap()
}

// forgetFreed ends the checks of a slab's freed blocks, which it makes once more, where misuse is looked for.
func (a *Arena) forgetFreed(s *slab) {
	if !checked {
		return
	}
	for p := range a.freed {
		if slabOf(p) == s {
			a.freed.take(p, uintptr(s.width))
		}
	}
}

// New returns a T of zero bytes, in a block of the class of T's size.
func New[T any](a *Arena) *T {
	p, _ := a.AllocZeroed(int(unsafe.Sizeof(*new(T))))
	return (*T)(p)
}

// MakeSlice returns n elements of zero bytes, in a block of the class of their size.
func MakeSlice[T any](a *Arena, n int) []T {
	p, _ := a.AllocZeroed(n * int(unsafe.Sizeof(*new(T))))
	return unsafe.Slice((*T)(p), n)
}

// FreeSlice frees the whole of what MakeSlice returned.
func FreeSlice[T any](a *Arena, s []T) {
	a.Free(unsafe.Pointer(unsafe.SliceData(s)), ClassOf(len(s)*int(unsafe.Sizeof(*new(T)))))
}

// Drop gives up the arena with all its blocks, of which nobody may have any; its memory goes back to the kernel by Heap.Reclaim.
func (a *Arena) Drop() {
	a.heap.drop(a.pages)
	delete(a.heap.arenas, a)
	*a = Arena{}
}
