//go:build !race

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// preferHuge asks for huge pages. Where there are none, small ones do as well, only slower.
func preferHuge(p unsafe.Pointer, size uintptr) {
	_ = unix.Madvise(unsafe.Slice((*byte)(p), size), unix.MADV_HUGEPAGE)
}
