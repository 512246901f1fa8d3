package main

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// slowFileSystems are those that a data directory does not belong on, by the number that statfs gives.
var slowFileSystems = map[int64]finding{
	unix.TMPFS_MAGIC:      {Level: levelWrong, Measured: "tmpfs", Advice: "it is memory: all is lost with the power; use a disk"},
	unix.RAMFS_MAGIC:      {Level: levelWrong, Measured: "ramfs", Advice: "it is memory: all is lost with the power; use a disk"},
	unix.NFS_SUPER_MAGIC:  {Level: levelWarning, Measured: "NFS", Advice: "syncs and locks are the server's; use a local disk"},
	unix.SMB2_SUPER_MAGIC: {Level: levelWarning, Measured: "SMB", Advice: "syncs and locks are the server's; use a local disk"},
	unix.OVERLAYFS_SUPER_MAGIC: {Level: levelWarning, Measured: "overlay, as of a container's own files",
		Advice: "what is there goes with the container; use a volume"},
}

// fileSystemOf judges what kind of file system a data directory is on.
func fileSystemOf(at *unix.Statfs_t) finding {
	if unfit, ok := slowFileSystems[int64(at.Type)]; ok {
		return unfit
	}
	return finding{Level: levelOK, Measured: fmt.Sprintf("type %#x, on a disk as far as can be told", at.Type)}
}

// syncData puts a file's data on stable storage, as the journal does.
func syncData(file *os.File) error {
	if err := unix.Fdatasync(int(file.Fd())); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: file.Name(), Err: err}
	}
	return nil
}

// ofSystemClock asks the kernel whether its clock is kept.
func (f *findings) ofSystemClock() {
	var clock unix.Timex // nothing is changed
	state, err := unix.Adjtimex(&clock)
	if err != nil {
		return // not every container may ask
	}
	l, text := levelOK, "the kernel says that its clock is synchronised"
	if state == unix.TIME_ERROR || clock.Status&unix.STA_UNSYNC != 0 {
		l, text = levelWarning, "the kernel does not know its clock to be synchronised"
	}
	f.add(l, "clock", "this machine", text, "run chrony or another NTP client")
}
