package arena

import "unsafe"

// mapping is a piece of memory from the kernel: a slab, or a large block with its head.
type mapping struct {
	base unsafe.Pointer
	size uintptr
}

func (m mapping) unmap() {
	if m.size == slabSize {
		unmapSlab(m.base)
		return
	}
	unmapPages(m.base, m.size)
}

// mappings are all of an arena. Each knows its place in the list, so that it can be taken out.
type mappings struct {
	all   []mapping
	bytes uintptr
}

// add adds a mapping and returns its place.
func (m *mappings) add(base unsafe.Pointer, size uintptr) int {
	m.all = append(m.all, mapping{base, size})
	m.bytes += size
	return len(m.all) - 1
}

// remove takes the mapping at a place out, and moves the last one there.
func (m *mappings) remove(place int) mapping {
	removed, last := m.all[place], len(m.all)-1
	moved := m.all[last]
	m.all[place], m.all[last] = moved, mapping{}
	m.all = m.all[:last]
	m.bytes -= removed.size
	if place < last {
		moved.setPlace(place)
	}
	return removed
}

// setPlace tells a mapping its place.
func (m mapping) setPlace(place int) {
	if m.size == slabSize {
		headOf(m.base).place = uint32(place)
		return
	}
	(*largeHead)(m.base).place = place
}

// pop takes the last mapping out.
func (m *mappings) pop() mapping {
	last := m.all[len(m.all)-1]
	m.all[len(m.all)-1] = mapping{}
	m.all = m.all[:len(m.all)-1]
	m.bytes -= last.size
	return last
}
