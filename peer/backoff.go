package peer

import (
	"math/rand/v2"
	"time"
)

// backoff is the pause between attempts: it doubles with each, and half of it is random, so that nodes that failed
// at the same moment do not come back at the same moment.
type backoff struct {
	min, next time.Duration
}

// pause returns the next pause, between half of it and all of it, at most ceiling.
func (b *backoff) pause(ceiling time.Duration) time.Duration {
	d := min(max(b.next, b.min), ceiling)
	b.next = 2 * d
	return d/2 + rand.N(d/2+1)
}

func (b *backoff) reset() { b.next = b.min }
