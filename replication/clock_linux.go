package replication

import "golang.org/x/sys/unix"

// bootTime reads CLOCK_BOOTTIME. Reading it cannot fail on a kernel that Go supports; mono stands in all the same.
func bootTime(mono int64) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return mono
	}
	return t.Nano()
}
