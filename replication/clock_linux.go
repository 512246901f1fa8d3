package replication

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// bootTime reads CLOCK_BOOTTIME. Reading it cannot fail on a kernel that Go supports; mono stands in all the same. Go's scheduler is not
// told of the call, which takes less time than that.
func bootTime(mono int64) int64 {
	var t unix.Timespec
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_BOOTTIME, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return mono
	}
	return t.Nano()
}
