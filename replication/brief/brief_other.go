//go:build !linux

package brief

import "golang.org/x/sys/unix"

// Read reads from a descriptor that does not block. The error is a unix.Errno.
func Read(fd int, b []byte) (int, error) { return unix.Read(fd, b) }

// Write writes to a descriptor that does not block. The error is a unix.Errno.
func Write(fd int, b []byte) (int, error) { return unix.Write(fd, b) }
