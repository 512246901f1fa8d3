package sim

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// epoch is the wall-clock time at which every history begins, in nanoseconds: nothing depends on which it is.
const epoch = 1_800_000_000 * int64(second)

// skew is by how many parts per million a node's clocks run too fast, or too slow. Two of them differ by less than what
// paxos.Limits.DriftPPM allows, which is one clock against another.
func (w *world) skew() int64 {
	most := w.options.Limits.DriftPPM / 2 * 98 / 100
	return w.rng.Int64N(2*most+1) - most
}

// clock is the three clocks of one machine. They outlive the processes on it.
type clock struct {
	world *world
	// ppm is by how much they run too fast.
	ppm int64
	// suspended is how long CLOCK_MONOTONIC stood still, ahead by how much CLOCK_REALTIME is set ahead.
	suspended, ahead int64
}

// Now implements replication.Clock.
func (c *clock) Now() paxos.Instant {
	elapsed := int64(c.world.now) + int64(c.world.now)/1_000_000*c.ppm
	return paxos.Instant{Mono: elapsed - c.suspended, Boot: elapsed, Real: epoch + elapsed + c.ahead}
}
