package replication

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// sending is how far the origin's flights have been sent in the leadership at hand.
type sending struct {
	// position is that of the first flight not sent yet.
	position uint64
	// forwards are the positions behind the last flight of each Forward on its way.
	forwards []uint64
	// oldest is the oldest flight's position when retryAt was set; the two tell that nothing moves.
	oldest             uint64
	retryAt, retryWait int64 // Instant.Mono; nanoseconds
}

// retryHeartbeats is after how many heartbeats without progress everything is sent again for the first time;
// retryMost is how often the wait is doubled.
const (
	retryHeartbeats = 10
	retryMost       = 3
)

func (l *loop) retryFirst() int64 { return retryHeartbeats * int64(l.g.cfg.Limits.Heartbeat) }

func (s *sending) restart(wait int64) { s.retryAt, s.retryWait = 0, wait }

// sendAgain starts over at the oldest flight that is not applied.
func (l *loop) sendAgain() {
	oldest, _ := l.g.origin.progress()
	if sent := l.sending.position; sent > oldest {
		l.counters.resent += sent - oldest
	}
	l.sending.position, l.sending.forwards = oldest, nil
	l.g.origin.resendLarge()
}

// unsent returns the flights not sent in this leadership, and the position of the first.
func (l *loop) unsent() (flights []*flight, position uint64) {
	oldest, end := l.g.origin.progress()
	if position = max(l.sending.position, oldest); position == end {
		return nil, position
	}
	return l.g.origin.from(position)
}

// follows reports whether another node leads.
func (l *loop) follows() bool { return l.leader != 0 && l.leader != l.g.cfg.Self }

// forward sends this node's commands to the leader, those that are not large first.
func (l *loop) forward() {
	if l.leader == l.g.cfg.Self || l.g.removed.Load() {
		return
	}
	l.forwardChunks()
	if l.follows() {
		l.forwardFragments()
	}
}

// forwardChunks sends first everything that an earlier leader may not have got, then new chunks. While a few Forwards are on their way, chunks grow.
func (l *loop) forwardChunks() {
	room := false
	if l.follows() {
		l.forwardAgain()
		room = l.mayForward()
	}
	for l.g.wantsChunks.Store(room); room; room = l.mayForward() {
		draft := l.newForward()
		l.takeChunks(&draft)
		if len(draft.sections) == 0 {
			return
		}
		l.counters.forwarded += uint64(len(draft.sections))
		l.sendForward(&draft)
	}
	l.g.wantsChunks.Store(room)
}

func (l *loop) newForward() batchDraft {
	return batchDraft{limit: l.g.cfg.Bounds.BatchBytes, fits: func(int) bool { return true }}
}

func (l *loop) mayForward() bool {
	room := l.hasRoomForForward() // which forgets those that have arrived
	return l.mayGo(room, len(l.sending.forwards))
}

func (l *loop) hasRoomForForward() bool {
	oldest, _ := l.g.origin.progress()
	for len(l.sending.forwards) > 0 && l.sending.forwards[0] <= oldest {
		l.sending.forwards = l.sending.forwards[1:]
	}
	return len(l.sending.forwards) < l.g.cfg.Bounds.ForwardsInFlight
}

// forwardAgain sends all that is unsent; the window bounds it.
func (l *loop) forwardAgain() {
	flights, position := l.unsent()
	draft := l.newForward()
	for _, f := range flights {
		if !f.idle {
			if !draft.has(f.section.size()) {
				l.sending.position = position
				l.sendForward(&draft)
				draft = l.newForward()
			}
			draft.add(f.section)
		}
		position++
	}
	l.sending.position = position
	if len(draft.sections) > 0 {
		l.sendForward(&draft)
	}
}

func (l *loop) sendForward(d *batchDraft) {
	payload, err := encodeForwarded(d.sections)
	if err != nil {
		l.g.fail(fmt.Errorf("%d sections for node %v could not be encoded: %w", len(d.sections), l.leader, err))
		return
	}
	l.send(l.leader, paxos.Forward{Payload: payload})
	l.sending.forwards = append(l.sending.forwards, l.sending.position)
	if l.sending.retryAt == 0 {
		l.waitForProgress(l.retryFirst())
	}
}

func (l *loop) waitForProgress(wait int64) {
	l.sending.oldest, _ = l.g.origin.progress()
	l.sending.retryWait, l.sending.retryAt = wait, l.now.Mono+wait
}

// resendOverdue sends everything again when nothing has moved for too long: a Forward was lost.
func (l *loop) resendOverdue() {
	if !l.follows() || l.sending.retryAt == 0 {
		return
	}
	oldest, end := l.g.origin.progress()
	switch {
	case oldest == end:
		l.sending.retryAt = 0
	case oldest != l.sending.oldest:
		l.waitForProgress(l.retryFirst())
	case l.now.Mono >= l.sending.retryAt:
		l.waitForProgress(min(2*l.sending.retryWait, l.retryFirst()<<retryMost))
		l.sendAgain()
	}
}

// onForward takes a peer's commands, if this node leads. A leader that is not active yet keeps them for the moment:
// origins send as soon as they hear of it.
func (l *loop) onForward(from paxos.NodeID, m paxos.Forward) {
	l.followLeader()
	switch {
	case l.leader != l.g.cfg.Self || !l.isMember(from):
		l.counters.dropped++
	case l.active:
		l.admitForward(from, m.Payload)
	case l.holds(from, len(m.Payload)):
		l.early = append(l.early, earlyForward{from, m.Payload})
	}
}

// holds reports whether that many bytes more may be held for an origin, and counts them.
func (l *loop) holds(from paxos.NodeID, bytes int) bool {
	if held := l.peers[from]; held > 0 && held+bytes > l.g.cfg.Bounds.PeerBytes {
		l.counters.dropped++
		return false
	}
	if l.peers == nil {
		l.peers = map[paxos.NodeID]int{}
	}
	l.peers[from] += bytes
	return true
}

// admitForward queues the sections that have not been proposed yet and follow without a gap on those that were. The
// origin sends the others again when it must.
func (l *loop) admitForward(from paxos.NodeID, payload []byte) {
	sections, err := decodeForwarded(payload)
	if err != nil {
		l.g.cfg.Logger.Warn("commands of a peer cannot be decoded", "from", from, "error", err)
		l.counters.dropped++
		return
	}
	for i := range sections {
		s := &sections[i]
		if s.node != from {
			l.g.cfg.Logger.Warn("a peer sent commands in another node's name", "from", from, "origin", s.node)
			l.counters.dropped++
			return
		}
		if !l.admitSection(from, s) {
			return
		}
	}
}

// admitSection reports false when the rest of the message can only leave a gap.
func (l *loop) admitSection(from paxos.NodeID, s *section) bool {
	if !l.holds(from, s.size()) {
		return false
	}
	if s.isFragment() { // which ones are to be proposed is decided when there is room
		l.fragments = append(l.fragments, *s)
		l.counters.received++
		return true
	}
	v := l.sessions.apply(s)
	if v == verdictRun || v == verdictOpened {
		l.forwarded = append(l.forwarded, *s)
		l.counters.received++
		return true
	}
	l.peers[from] -= s.size()
	return v == verdictRepeat || v == verdictStale
}
