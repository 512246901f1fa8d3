package history

import (
	"math/rand/v2"
	"time"
)

// lifetime is when a key with a time to live vanishes, in the recorder's time in nanoseconds: at some moment from the earliest to the
// latest, each 0 for never.
type lifetime struct {
	earliest, latest int64
}

// mayBeOver reports whether what is seen at a time may have vanished.
func (l lifetime) mayBeOver(at int64) bool { return l.earliest != 0 && at >= l.earliest }

// mustBeOver reports whether what is called for at a time must have vanished.
func (l lifetime) mustBeOver(at int64) bool { return l.latest != 0 && at > l.latest }

// stampAge is how old the time may be that a node uses. Its loops read the clock once a turn, and go on for a while with what they read,
// above all on a busy machine. A leader that stands still for longer than this, the longest election timeout, has been followed by
// another meanwhile, and what it stamps no longer counts.
const stampAge = time.Second

// lifetime is that of a key which was given ttl by a command between two times.
//
// All wall clocks are some time ahead of the recorder's, though not the same: from low to low + ClockDifference. The log's time is the
// largest stamp of any batch so far, and a stamp is the clock of who led then. So whatever clocks are set to, at a time t
//
//   - the log is not ahead of t + low + ClockDifference: nobody's clock ever was. It can be as far ahead of all clocks that are left
//     once they are set back, since it does not go back with them;
//   - what is called for at t or later finds the log at t + low or later. A write does by its own stamp. A read finds a key due by the
//     local clock, which is at least at t + low, and then the leader commits a tick, whose stamp is.
//
// The log's time at which a key is due is ttl after the stamp of the command, which is from called + low to returned + low +
// ClockDifference. The log gets there from called + ttl - ClockDifference on, and has by returned + ttl + ClockDifference. What the log
// says is in whole milliseconds: a stamp may be up to one below its clock, and a clock up to one above what is made of it.
func (o Options) lifetime(ttl time.Duration, called, returned int64) lifetime {
	return lifetime{
		earliest: max(1, called+int64(ttl-time.Millisecond-o.ClockDifference)), // 0 would be never
		latest:   returned + int64(ttl+time.Millisecond+o.ClockDifference+stampAge),
	}
}

// The shortest time to live that is given, and how much longer short ones and long ones are at most.
const (
	shortestTTL = 20 * time.Millisecond
	shortTTLs   = 80 * time.Millisecond
	longTTLs    = 2 * time.Second
)

// longTTL returns a time to live above ClockDifference, in whole milliseconds: for a while the key has to be there. With a shorter one a
// search has to think of every command that it may have met the key or not.
func (o Options) longTTL(random *rand.Rand) time.Duration {
	return (o.ClockDifference + shortestTTL + time.Duration(random.Int64N(int64(longTTLs)))).Truncate(time.Millisecond)
}

// anyTTL returns a long one or a short one, which is soon over, so that the key has to be gone.
func (o Options) anyTTL(random *rand.Rand) time.Duration {
	if random.IntN(2) == 0 {
		return o.longTTL(random)
	}
	return (shortestTTL + time.Duration(random.Int64N(int64(shortTTLs)))).Truncate(time.Millisecond)
}
