package replication

import (
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Clock is where a group learns the time. Tests replace it. Safe for use by several goroutines.
type Clock interface {
	// Now returns the present moment by the node's clocks.
	Now() paxos.Instant
}

// SystemClock is the kernel's clocks. Where there is no clock that goes on while the machine is suspended, Boot is the
// same as Mono, and rule L4 rests on the wall clock for that case.
type SystemClock struct{}

// started anchors the monotonic readings of this process.
var started = time.Now()

// Now implements Clock.
func (SystemClock) Now() paxos.Instant {
	now := time.Now() // reads CLOCK_REALTIME and CLOCK_MONOTONIC without a system call
	mono := now.Sub(started).Nanoseconds()
	return paxos.Instant{Mono: mono, Boot: bootTime(mono), Real: now.UnixNano()}
}
