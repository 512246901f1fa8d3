package journal

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// asynchronous has the kernel write to a file while no thread waits for it (io_submit(2)); the goroutine that does is woken as by a socket. A
// thread that waits in a system call costs Go's scheduler more than the write itself: another one takes over, and the monitor looks after it
// every 20 microseconds. It belongs to one goroutine at a time.
type asynchronous struct {
	context uintptr
	done    *os.File // an eventfd, at which Go's runtime is told that a write is complete
	raw     syscall.RawConn
	control controlBlock
	event   completion
	taken   bool
	failed  unix.Errno
	take    func(uintptr) bool
}

// controlBlock is the kernel's struct iocb of little-endian machines.
type controlBlock struct {
	_         uint64 // what its event shall say
	_         uint32
	_         uint32 // flags of this write
	opcode    uint16
	_         int16 // priority
	fd        uint32
	buffer    uint64
	bytes     uint64
	offset    int64
	_         uint64
	flags     uint32
	eventFile uint32
}

// completion is the kernel's struct io_event.
type completion struct {
	data, block     uint64
	result, result2 int64
}

const (
	opcodeWrite   = 1 // IOCB_CMD_PWRITE
	flagEventFile = 1 // IOCB_FLAG_RESFD
)

// newAsynchronous returns an error where the kernel does not do it, or is not allowed to.
func newAsynchronous() (*asynchronous, error) {
	a := &asynchronous{}
	if _, _, errno := unix.RawSyscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&a.context)), 0); errno != 0 {
		return nil, os.NewSyscallError("io_setup", errno)
	}
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = a.destroy() // the first error says why
		return nil, os.NewSyscallError("eventfd", err)
	}
	a.done = os.NewFile(uintptr(fd), "eventfd")
	if a.raw, err = a.done.SyscallConn(); err != nil {
		_ = a.close()
		return nil, err
	}
	a.control = controlBlock{opcode: opcodeWrite, flags: flagEventFile, eventFile: uint32(fd)}
	// The number in the eventfd is never read: what matters is that it changes, of which the runtime is told each time.
	a.take = func(uintptr) bool {
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_GETEVENTS, a.context, 0, 1, uintptr(unsafe.Pointer(&a.event)), 0, 0)
		a.taken, a.failed = n == 1, errno
		return a.taken || errno != 0 && errno != unix.EINTR
	}
	return a, nil
}

// write writes a piece of a file, which was opened for writing past the page cache and synced. n is 0 if nothing was written for sure.
// Until it returns the kernel reads the piece.
func (a *asynchronous) write(file *os.File, piece []byte, offset int64) (n int, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	a.control.buffer, a.control.bytes, a.control.offset = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(piece)))), uint64(len(piece)), offset
	var errno unix.Errno
	err = conn.Control(func(fd uintptr) {
		a.control.fd = uint32(fd)
		blocks := [1]*controlBlock{&a.control}
		// Nothing in it waits: one request to blocks that are there, on a queue that has no other of this file.
		_, _, errno = unix.RawSyscall(unix.SYS_IO_SUBMIT, a.context, 1, uintptr(unsafe.Pointer(&blocks)))
	})
	if err != nil {
		return 0, err
	}
	if errno != 0 {
		return 0, os.NewSyscallError("io_submit", errno)
	}
	err = a.raw.Read(a.take)
	runtime.KeepAlive(piece)
	switch {
	case err != nil:
	case !a.taken:
		err = os.NewSyscallError("io_getevents", a.failed)
	case a.event.result < 0:
		return 0, &os.PathError{Op: "write", Path: file.Name(), Err: unix.Errno(-a.event.result)}
	case a.event.result < int64(len(piece)):
		err = fmt.Errorf("%d of %d bytes: %w", a.event.result, len(piece), io.ErrShortWrite)
	}
	return len(piece), err
}

func (a *asynchronous) destroy() error {
	_, _, errno := unix.Syscall(unix.SYS_IO_DESTROY, a.context, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("io_destroy", errno)
	}
	return nil
}

func (a *asynchronous) close() error {
	err := a.destroy() // waits for what is under way
	if closed := a.done.Close(); err == nil {
		err = closed
	}
	return err
}
