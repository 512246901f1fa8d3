package resp

import "time"

const (
	// aloneReads is for how long a loop's read slot is asked for before the next one is, while many clients wait: longer than the answer takes in one
	// place. Between places far apart it adds little to that.
	aloneReads = time.Millisecond
	// manyReaders is how many clients of a loop those are, and how many must have been answered for it to wait until they are back.
	manyReaders = 16
)

// asksReads is when a loop asks for a read slot. That costs a round of messages, whatever is read in it. Were it asked for as soon as some of fifty
// clients have sent something, they would fall into groups, each with rounds of its own; so one is asked for when the one before has come and
// most of those that were answered then are back. See returns, which is about writes as well.
type asksReads struct {
	returns returns
	since   time.Time // when a slot was asked for
	timed   bool      // the loop is woken when that was aloneReads ago
}

// holds reports whether to wait before asking for the next slot. underWay says that the last one has not come yet; then nobody is awaited, so that
// there is one thing at a time that the timer wakes the loop for.
func (a *asksReads) holds(now time.Time, underWay bool, readers int) bool {
	if !underWay {
		return a.returns.awaits(now)
	}
	left := aloneReads - now.Sub(a.since)
	if readers < manyReaders || left <= 0 {
		return false
	}
	if !a.timed {
		a.timed = true
		a.returns.wakeAfter(left)
	}
	return true
}

// askRead asks for a read slot for all reads that wait for one, or has them wait for more.
func (l *eventLoop) askRead() {
	if l.reading.holds(l.now, l.ticket > l.readyThrough, len(l.readers)) {
		return
	}
	l.wantsReads = false
	l.ticket++
	l.reading.since, l.reading.timed = l.now, false
	l.lane.AskRead(l.ticket)
}
