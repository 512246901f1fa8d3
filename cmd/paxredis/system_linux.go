package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readTerminal is the request that only terminals answer.
const readTerminal = unix.TCGETS

// childOfDev keeps a Ctrl-C of the terminal away from a child, and has the kernel stop it when this program dies.
func childOfDev() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
