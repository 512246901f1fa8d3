package arena

import "unsafe"

// Poison is what freed memory is filled with where misuse is looked for.
const Poison = 0xdb

func poison(p unsafe.Pointer, size uintptr) {
	b := unsafe.Slice((*byte)(p), size)
	for i := range b {
		b[i] = Poison
	}
}

// freedBlocks are those that nobody has taken again, where misuse is looked for.
type freedBlocks map[unsafe.Pointer]struct{}

// linkSize is what a freed block needs for the link to the next one.
const linkSize = unsafe.Sizeof(unsafe.Pointer(nil))

func (f *freedBlocks) free(p unsafe.Pointer, size uintptr) {
	if _, twice := (*f)[p]; twice {
		panic("arena: a block is freed twice")
	}
	if *f == nil {
		*f = make(freedBlocks)
	}
	(*f)[p] = struct{}{}
	poison(p, size)
}

// take checks a freed block that is taken again.
func (f *freedBlocks) take(p unsafe.Pointer, size uintptr) {
	delete(*f, p)
	for _, b := range unsafe.Slice((*byte)(p), size)[linkSize:] {
		if b != Poison {
			panic("arena: a block was written to after it had been freed")
		}
	}
}
