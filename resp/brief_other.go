//go:build !linux

package resp

import "golang.org/x/sys/unix"

// System calls that never wait, since the descriptors do not block.

func read(fd int, buf []byte) (int, error) { return unix.Read(fd, buf) }

func write(fd int, buf []byte) (int, error) { return unix.Write(fd, buf) }
