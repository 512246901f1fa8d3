//go:build race

package arena

import "unsafe"

// Slabs are smaller than in other builds, as many tests make many small machines.
const (
	slabSize       = 64 << 10
	MaxSmall       = 1 << bitsOfMaxSmall
	bitsOfMaxSmall = 12
	checked        = true
)

// mapPages takes zeroed memory from Go's heap. The collector takes it back when nothing points to it any more.
func mapPages(size uintptr) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}

func unmapPages(p unsafe.Pointer, size uintptr) { poison(p, size) }

func mapSlab() unsafe.Pointer {
	p := mapPages(2 * slabSize)
	return unsafe.Add(p, -uintptr(p)%slabSize)
}

// Here a huge page is two slabs, so that tests see what becomes of the second.
const slabsAtOnce = 2

func mapSlabs() (slabs [slabsAtOnce]unsafe.Pointer) {
	for i := range slabs {
		slabs[i] = mapSlab()
	}
	return slabs
}

func preferHuge(unsafe.Pointer, uintptr) {}

func unmapSlab(p unsafe.Pointer) { unmapPages(p, slabSize) }
