//go:build !race

package arena

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// slabSize is what a slab takes, and what it is aligned to.
	slabSize = 1 << 20
	// MaxSmall is the most bytes of a block that is in a slab.
	MaxSmall       = 1 << bitsOfMaxSmall
	bitsOfMaxSmall = 16
	// checked says whether misuse of blocks is looked for.
	checked = false
)

// mapPages takes zeroed memory from the kernel. Like Go's own heap it panics when there is none.
func mapPages(size uintptr) unsafe.Pointer {
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("arena: out of memory: map %d bytes: %v", size, err))
	}
	return p
}

// unmapPages gives memory back to the kernel. Where the kernel cannot take away a part of a mapping, since a process has only so many, its
// pages at least are given back.
func unmapPages(p unsafe.Pointer, size uintptr) {
	err := unix.MunmapPtr(p, size)
	if err == nil {
		return
	}
	if advised := unix.Madvise(unsafe.Slice((*byte)(p), size), unix.MADV_DONTNEED); advised != nil {
		panic(fmt.Sprintf("arena: give back %d bytes: %v; %v", size, err, advised))
	}
}

// mapSlab takes memory that is aligned to its size. Slabs mostly come to lie side by side, so that the first try is aligned already.
func mapSlab() unsafe.Pointer {
	p := mapPages(slabSize)
	if uintptr(p)%slabSize == 0 {
		return p
	}
	unmapPages(p, slabSize)
	p = mapPages(2 * slabSize)
	before := -uintptr(p) % slabSize
	if before > 0 {
		unmapPages(p, before)
	}
	aligned := unsafe.Add(p, before)
	unmapPages(unsafe.Add(aligned, slabSize), slabSize-before)
	return aligned
}

// hugePage is what the kernel maps with one entry of its tables where it is asked to, and can.
const hugePage = 2 << 20

// slabsAtOnce is how many slabs mapSlabs maps: as many as share a huge page.
const slabsAtOnce = hugePage / slabSize

// mapSlabs takes memory for slabs side by side, aligned to a huge page and to be one if the kernel has any: whoever looks up keys all over
// memory waits for the tables of its pages nearly as long as for the keys themselves. Its first use has the kernel clear all of it.
func mapSlabs() (slabs [slabsAtOnce]unsafe.Pointer) {
	p := mapPages(2 * hugePage)
	before := -uintptr(p) % hugePage
	if before > 0 {
		unmapPages(p, before)
	}
	aligned := unsafe.Add(p, before)
	unmapPages(unsafe.Add(aligned, hugePage), hugePage-before)
	preferHuge(aligned, hugePage)
	for i := range slabs {
		slabs[i] = unsafe.Add(aligned, i*slabSize)
	}
	return slabs
}

func unmapSlab(p unsafe.Pointer) { unmapPages(p, slabSize) }
