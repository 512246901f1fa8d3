package moving

import "time"

// putOff is by how much deadlines are put off while a live source is followed: a thousand years of 365 days. What ends after the year 2969
// ends in 3938 or when it did, so that all that lies between is put off.
const putOff = int64(1000*365*24) * int64(time.Hour/time.Millisecond)

// later is a deadline in Unix milliseconds, put off by a shift that may be 0.
func later(at, shift int64) int64 {
	if at >= shift {
		return max(at, 2*shift)
	}
	return at + shift
}

// putBack is the reverse of later.
func putBack(at, shift int64) int64 {
	if at < shift || at >= 2*shift {
		return at
	}
	return at - shift
}
