package peer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls that never wait, since the descriptor does not block. Go's scheduler is not told of them: to tell it costs as much as a short one
// takes, and its monitor looks at processors that are in a system call every 20 microseconds.

func readBriefly(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func writeBriefly(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
