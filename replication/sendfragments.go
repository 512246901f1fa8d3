package replication

import (
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// sendingLarge notices when nothing moves of the large command that was sent to a leader.
type sendingLarge struct {
	number             uint64
	applied            int
	retryAt, retryWait int64 // Instant.Mono; nanoseconds
}

// beginLarge takes the next large command of the lanes on, if the one before is over.
func (l *loop) beginLarge() {
	lanes := l.lanes()
	for range lanes {
		l.largeLane = (l.largeLane + 1) % len(lanes)
		lane := lanes[l.largeLane]
		if lane.large.Load() == nil {
			continue
		}
		if !l.g.origin.mayBeginLarge() {
			return
		}
		if c := lane.large.Swap(nil); c != nil {
			l.g.origin.beginLarge(c, c.born+int64(l.g.cfg.CommitTimeout), l.g.figures.depart(time.Duration(l.now.Mono-c.born)))
			return
		}
	}
}

// gatherFragment adds a fragment of this node's or another origin's large command, taking turns. One is all that what comes next
// has to wait for.
func (l *loop) gatherFragment(d *batchDraft) {
	l.beginLarge()
	if l.fragmentsFirst = !l.fragmentsFirst; l.fragmentsFirst {
		_ = l.gatherForwardedFragment(d) || l.gatherOwnFragment(d)
		return
	}
	_ = l.gatherOwnFragment(d) || l.gatherForwardedFragment(d)
}

func (l *loop) gatherOwnFragment(d *batchDraft) bool {
	for {
		s, ok := l.g.origin.fragment(l.g.cfg.Bounds.FragmentBytes, noWindow)
		if !ok || l.mustWait(&s) || !d.fits(d.bytes+s.size()+sectionOverhead) {
			return false
		}
		switch l.sessions.apply(&s) {
		case verdictRun, verdictPart:
			l.g.origin.sentFragment(&s)
			d.add(s)
			return true
		case verdictRepeat:
			l.g.origin.sentFragment(&s) // an earlier leadership has proposed it
		default:
			return false // what came before it is discarded by a mark on its way, which has it begin anew
		}
	}
}

// noWindow lets a leader's own fragments wait for nothing but the pipeline.
const noWindow = 1<<63 - 1

func (l *loop) gatherForwardedFragment(d *batchDraft) bool {
	for i := 0; i < len(l.fragments); {
		s := l.fragments[i]
		if l.mustWait(&s) {
			i++
			continue
		}
		if !d.fits(d.bytes + s.size() + sectionOverhead) {
			return false
		}
		copy(l.fragments[i:], l.fragments[i+1:])
		l.fragments[len(l.fragments)-1] = section{}
		l.fragments = l.fragments[:len(l.fragments)-1]
		l.peers[s.node] -= s.size()
		if v := l.sessions.apply(&s); v == verdictRun || v == verdictPart {
			d.add(s)
			return true
		}
	}
	return false
}

// mustWait reports whether a fragment begins a command while a checkpoint waits for those that have begun.
func (l *loop) mustWait(s *section) bool { return l.marking && !l.sessions.isPending(s) }

// waitsForLarge reports whether a checkpoint that is due is to wait for large commands under way, since it would have them begin anew. One whose origin has
// not come to its end by the time that a command may take is not waited for any more.
func (l *loop) waitsForLarge() bool {
	if !l.sessions.hasPending() {
		return false
	}
	if !l.marking {
		l.marking, l.markingSince = true, l.now.Mono
	}
	return l.now.Mono-l.markingSince < int64(l.g.cfg.CommitTimeout)
}

// waitingFragmentBytes is about how much of large commands waits to be proposed, or forwarded.
func (l *loop) waitingFragmentBytes() int {
	bytes := 0
	for i := range l.fragments {
		bytes += l.fragments[i].size()
	}
	if l.leader == l.g.cfg.Self {
		_, _, left := l.g.origin.largeProgress()
		bytes += left
	}
	return bytes
}

// forwardFragments sends the leader as much of this node's large command as may be on its way.
func (l *loop) forwardFragments() {
	l.beginLarge()
	bounds := &l.g.cfg.Bounds
	for {
		s, ok := l.g.origin.fragment(bounds.FragmentBytes, bounds.FragmentsInFlight*bounds.FragmentBytes)
		if !ok {
			return
		}
		payload, err := encodeForwarded([]section{s})
		if err != nil {
			l.g.fail(err)
			return
		}
		l.g.origin.sentFragment(&s)
		l.counters.forwarded++
		l.send(l.leader, paxos.Forward{Payload: payload})
		if l.sendingLarge.retryAt == 0 {
			l.sendingLarge.await(l, l.retryFirst())
		}
	}
}

func (s *sendingLarge) await(l *loop, wait int64) {
	s.number, s.applied, _ = l.g.origin.largeProgress()
	s.retryWait, s.retryAt = wait, l.now.Mono+wait
}

// resendLargeOverdue does for a large command what resendOverdue does for all others.
func (l *loop) resendLargeOverdue() {
	s := &l.sendingLarge
	if !l.follows() || s.retryAt == 0 {
		return
	}
	number, applied, _ := l.g.origin.largeProgress()
	switch {
	case number == 0:
		s.retryAt = 0
	case number != s.number || applied != s.applied:
		s.await(l, l.retryFirst())
	case l.now.Mono >= s.retryAt:
		s.await(l, min(2*s.retryWait, l.retryFirst()<<retryMost))
		l.counters.resent++
		l.g.origin.resendLarge()
	}
}
