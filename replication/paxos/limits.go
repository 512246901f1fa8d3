package paxos

import (
	"errors"
	"fmt"
	"time"
)

// Limits are the bounds and times of a core. The zero value of a field means its default.
type Limits struct {
	// Heartbeat is the time between two heartbeats of a leader. Default 50 ms.
	Heartbeat time.Duration
	// Lease is how long a grant lasts, L of rules L1 to L4. Default 400 ms.
	Lease time.Duration
	// ElectionMin and ElectionMax bound the randomised time without a leader after which a follower canvasses, and
	// without a majority after which a leader steps down. Default 600 ms and 1000 ms.
	ElectionMin, ElectionMax time.Duration
	// DriftPPM is how much faster one node's clock may run than another's, in parts per million. Default 10,000 (1 %).
	DriftPPM int64
	// LeaseMargin is subtracted from a held lease besides the drift. Default 10 ms.
	LeaseMargin time.Duration
	// PipelineSlots bounds the slots a leader has in flight. Default 256.
	PipelineSlots int
	// PipelineBytes bounds the payload bytes a leader has in flight; one entry is always let through. Default 64 MiB.
	PipelineBytes int
	// LearnBytes bounds the payload of one Learned or of one part of a Promise; one entry is always let through.
	// Default 1 MiB.
	LearnBytes int
}

// WithDefaults returns l with every zero field replaced by its default.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.Heartbeat, 50*time.Millisecond)
	setDefault(&l.Lease, 400*time.Millisecond)
	setDefault(&l.ElectionMin, 600*time.Millisecond)
	setDefault(&l.ElectionMax, 1000*time.Millisecond)
	setDefault(&l.DriftPPM, 10_000)
	setDefault(&l.LeaseMargin, 10*time.Millisecond)
	setDefault(&l.PipelineSlots, 256)
	setDefault(&l.PipelineBytes, 64<<20)
	setDefault(&l.LearnBytes, 1<<20)
	return l
}

// slowestBytesPerSecond is what a disk or a link is expected to carry at least. Whoever waits for an entry to be stored
// or to arrive allows for it, so that a large entry on a busy disk is not taken for a disk that stands still: that would
// cost the leadership, and sending the entry again would make it worse.
const slowestBytesPerSecond = 16 << 20

// transferTime is how long, in nanoseconds, that many bytes may take; nothing for less than a millisecond's worth.
func transferTime(bytes int) int64 {
	return int64(bytes) * 1000 / slowestBytesPerSecond * int64(time.Millisecond)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Check reports every relation between the limits that does not hold; each message names the values and the rule.
func (l Limits) Check() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if l.Heartbeat < time.Millisecond {
		refuse("heartbeat %v is below 1ms", l.Heartbeat)
	}
	if l.Lease < 2*l.Heartbeat {
		refuse("lease %v must be at least twice the heartbeat %v, or one lost heartbeat ends it", l.Lease, l.Heartbeat)
	}
	if l.ElectionMin <= l.Lease {
		refuse("election timeout minimum %v must be above the lease %v, or a canvass can only be refused", l.ElectionMin, l.Lease)
	}
	if l.ElectionMax < l.ElectionMin+l.Heartbeat {
		refuse("election timeout maximum %v must exceed its minimum %v by a heartbeat %v, or nodes campaign at the same moment",
			l.ElectionMax, l.ElectionMin, l.Heartbeat)
	}
	if l.DriftPPM < 0 || l.DriftPPM >= 500_000 {
		refuse("clock drift %d ppm is outside 0 to 499999", l.DriftPPM)
	}
	if l.LeaseMargin < 0 || l.LeaseMargin >= l.Lease/2 {
		refuse("lease margin %v must be below half the lease %v", l.LeaseMargin, l.Lease)
	}
	if l.PipelineSlots < 1 || l.PipelineBytes < 1 || l.LearnBytes < 1 {
		refuse("pipeline slots %d, pipeline bytes %d and learn bytes %d must be at least 1", l.PipelineSlots, l.PipelineBytes, l.LearnBytes)
	}
	return errors.Join(errs...)
}
