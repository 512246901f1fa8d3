package brief

import (
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read reads from a descriptor that does not block. The error is a unix.Errno.
func Read(fd int, b []byte) (int, error) {
	return result(unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))))
}

// Write writes to a descriptor that does not block. The error is a unix.Errno.
func Write(fd int, b []byte) (int, error) {
	return result(unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))))
}

// WriteAt writes all of b to the page cache of a file on a disk that is quick. The error is a unix.Errno, or io.ErrShortWrite.
func WriteAt(fd int, b []byte, offset int64) error {
	n, err := result(unix.RawSyscall6(unix.SYS_PWRITE64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(offset), 0, 0))
	if err == nil && n != len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// EpollEvents takes what has happened to the descriptors of an epoll, and waits for nothing. The error is a unix.Errno.
func EpollEvents(fd int, events []unix.EpollEvent) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
}

func result(n, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
