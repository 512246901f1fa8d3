package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readTerminal is the request that only terminals answer.
const readTerminal = unix.TIOCGETA

// childOfDev keeps a Ctrl-C of the terminal away from a child. Nothing stops it when this program is killed: the kernel has no such wish.
func childOfDev() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
