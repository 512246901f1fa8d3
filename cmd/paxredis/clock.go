package main

import (
	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/paxos"
)

// systemClock reads the three clocks of paxos.Instant from the kernel.
type systemClock struct{}

// Now implements replication.Clock. Safe for use by several goroutines.
func (systemClock) Now() paxos.Instant {
	return paxos.Instant{
		Mono: nanoseconds(unix.CLOCK_MONOTONIC),
		Boot: nanoseconds(unix.CLOCK_BOOTTIME),
		Real: nanoseconds(unix.CLOCK_REALTIME),
	}
}

// nanoseconds reads one clock. These three exist on every Linux that Go supports, and reading one cannot fail: the
// only errors are an unknown clock and a bad address.
func nanoseconds(clock int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		panic("clock_gettime: " + err.Error())
	}
	return t.Nano()
}
