//go:build !linux && !race

package arena

import "unsafe"

// preferHuge does nothing: only Linux takes such advice.
func preferHuge(unsafe.Pointer, uintptr) {}
