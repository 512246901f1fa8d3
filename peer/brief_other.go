//go:build !linux

package peer

import "syscall"

// System calls that never wait, since the descriptor does not block.

func readBriefly(fd int, b []byte) (int, error) { return syscall.Read(fd, b) }

func writeBriefly(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }
