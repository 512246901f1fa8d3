package resp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls that never wait. Go's scheduler is not told of them: to tell it costs as much as a short one takes, and its monitor, which is
// told, looks at processors that are in a system call every 20 microseconds and takes them away, which was a twelfth of a busy node's CPU time.

// read reads from a descriptor that does not block.
func read(fd int, buf []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// write writes to a descriptor that does not block.
func write(fd int, buf []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// lookAtEvents takes what has happened to the descriptors of an epoll without waiting for it.
func lookAtEvents(fd int, events []unix.EpollEvent) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
