package resp

import "time"

const (
	// returnWait is how long a loop waits, at most, for the next commands of the clients that it has just answered.
	returnWait = 1500 * time.Microsecond
	// returnShare is the part of them, one in so many, that it does not wait for.
	returnShare = 4
	// minWriters is how many clients must have been answered for that after writes. See manyReaders for reads, whose rounds cost less.
	minWriters = 4
	// maxReturnSkips is how many rounds it does without when waiting was in vain.
	maxReturnSkips = 64
)

// returns is a loop's wait for clients to come back. Most clients send their next command as soon as they have an answer. Were the first
// few of fifty to start a batch, the others would have to wait for that, and so on: several groups, each with batches of its own. So the loop
// says that it has answered a chunk only when most of those clients are back, or some time has passed. If they are not, it waits less often.
type returns struct {
	fewest   int    // clients answered for which it waits
	round    uint64 // a client's round is this one while it is waited for
	answered int    // clients answered in this round
	missing  int    // of those, who have not sent anything since
	waiting  bool
	until    time.Time
	timer    *time.Timer
	wake     func() // called when the wait is over, on a goroutine of its own
	skips    int    // rounds to do without
	nextSkip int
}

// newReturns is that of a loop that waits if so many clients were answered. wake is called when a wait is over, on a goroutine of its own.
func newReturns(fewest int, wake func()) returns {
	return returns{round: 1, fewest: fewest, wake: wake}
}

// expect notes that a client has been answered, whose round is in.
func (r *returns) expect(in *uint64) {
	if *in != r.round {
		*in = r.round
		r.answered++
		r.missing++
	}
}

// back notes that a client has sent something, or is gone.
func (r *returns) back(in *uint64) {
	if *in == r.round {
		*in = 0
		r.missing--
	}
}

// wakeAfter has the loop look again after some time.
func (r *returns) wakeAfter(d time.Duration) {
	if r.timer == nil {
		r.timer = time.AfterFunc(d, r.wake)
	} else {
		r.timer.Reset(d)
	}
}

// back notes for both waits of the loop that a client has sent something, or is gone.
func (l *eventLoop) back(c *Client) {
	l.returns.back(&c.returnsIn)
	l.reading.returns.back(&c.readReturnsIn)
}

// awaits reports whether to wait longer.
func (r *returns) awaits(now time.Time) bool {
	switch {
	case r.answered < r.fewest, r.missing*returnShare <= r.answered:
		if r.waiting {
			r.nextSkip = 0
		}
	case r.waiting && now.Before(r.until):
		return true
	case r.waiting:
		r.nextSkip = min(max(1, 2*r.nextSkip), maxReturnSkips)
		r.skips = r.nextSkip
	case r.skips > 0:
		r.skips--
	default:
		r.waiting, r.until = true, now.Add(returnWait)
		r.wakeAfter(returnWait)
		return true
	}
	r.round++
	r.answered, r.missing, r.waiting = 0, 0, false
	return false
}
