package journal

import "unsafe"

const (
	// directAlign is what memory is aligned to that is written past the page cache: no device asks for more.
	directAlign = 4096
	// directMost is the most bytes that are written so at once. More is rare, and would be copied for it.
	directMost = 1 << 20
)

// aligned returns n bytes that begin at a multiple of directAlign.
func aligned(n int) []byte {
	b := make([]byte, n+directAlign)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (directAlign - 1)
	return b[skip : skip+n : skip+n]
}

func isAligned(b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%directAlign == 0
}
