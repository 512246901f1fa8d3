package journal

import (
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/brief"
)

func (f *osFile) Sync() error {
	return f.control("fdatasync", unix.Fdatasync)
}

func (f *osFile) Allocate(size int64) error {
	err := f.control("fallocate", func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil // some file systems cannot: the zeros written next allocate the space as well
	}
	return err
}

// maxVector is IOV_MAX on Linux.
const maxVector = 1024

func (f *osFile) WriteVector(buffers [][]byte, offset int64) error {
	if len(buffers) == 1 {
		_, err := f.WriteAt(buffers[0], offset)
		return err
	}
	for len(buffers) > 0 {
		n := 0
		err := f.control("pwritev", func(fd int) (err error) {
			n, err = unix.Pwritev(fd, buffers[:min(len(buffers), maxVector)], offset)
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return &fs.PathError{Op: "pwritev", Path: f.Name(), Err: io.ErrShortWrite}
		}
		offset += int64(n)
		buffers = advance(buffers, n)
	}
	return nil
}

// advance returns what is left of buffers once n bytes of them are written.
func advance(buffers [][]byte, n int) [][]byte {
	for len(buffers) > 0 && n >= len(buffers[0]) {
		n -= len(buffers[0])
		buffers = buffers[1:]
	}
	if n == 0 {
		return buffers
	}
	rest := append([][]byte(nil), buffers...) // the caller's slice stays as it is
	rest[0] = rest[0][n:]
	return rest
}

// control runs a system call on the file's descriptor, again for as long as a signal interrupts it.
func (f *osFile) control(op string, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			if result = call(int(fd)); result != unix.EINTR {
				return
			}
		}
	})
	if err == nil && result != nil {
		err = &fs.PathError{Op: op, Path: f.Name(), Err: result}
	}
	return err
}

// WriteCached implements File.
func (f *osFile) WriteCached(b []byte, offset int64, briefly bool) error {
	if !briefly {
		_, err := f.WriteAt(b, offset)
		return err
	}
	return f.control("pwrite", func(fd int) error { return brief.WriteAt(fd, b, offset) })
}
