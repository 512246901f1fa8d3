//go:build !linux

package journal

import (
	"io"

	"golang.org/x/sys/unix"
)

// writeBriefly is for Linux; here the write is like any other.
func writeBriefly(fd int, b []byte, offset int64) error {
	n, err := unix.Pwrite(fd, b, offset)
	if err == nil && n != len(b) {
		err = io.ErrShortWrite
	}
	return err
}
