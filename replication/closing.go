package replication

import (
	"context"
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// closing is the graceful end of a group.
type closing struct {
	started bool
	// leaderBy is the Instant.Mono until which what no leader has got yet waits for one.
	leaderBy int64
	// handedBy is the Instant.Mono until which a new leader is waited for; 0 until everything accepted is answered.
	handedBy int64
	over     bool
}

// startClosing begins the end, on the loop.
func (l *loop) startClosing() {
	if !l.closing.started {
		l.closing.started = true
		l.closing.leaderBy = l.now.Mono + l.patience()
	}
}

// patience is how long a change of leaders may take before it counts as failed.
func (l *loop) patience() int64 { return 2 * int64(l.g.cfg.Limits.ElectionMax) }

// proceedClosing ends the loop once everything accepted has its outcome and another node leads.
func (l *loop) proceedClosing() {
	c := &l.closing
	if !c.started || c.over {
		return
	}
	if l.leader == 0 && l.now.Mono >= c.leaderBy {
		l.refuseWaiting()
	}
	if c.handedBy == 0 {
		if !l.isDrained() {
			return
		}
		c.handedBy = l.now.Mono + l.patience()
		if l.leader != l.g.cfg.Self || len(l.g.Configuration().Voters) == 1 {
			c.over = true
			return
		}
	}
	if l.leader == l.g.cfg.Self { // again and again: while a change of the members is under way, it is not begun
		l.step(paxos.HandOverAsked{})
		l.followLeader()
	}
	c.over = l.follows() || l.now.Mono >= c.handedBy
}

// isDrained reports whether nobody waits for anything any more.
func (l *loop) isDrained() bool {
	for _, lane := range l.lanes() {
		if !lane.isIdle() || lane.asked.Load() > l.g.readers.answered(lane) {
			return false
		}
	}
	_, waiting, _ := l.g.origin.load()
	return waiting == 0
}

// refuseWaiting refuses what was sent nowhere. What was sent keeps its deadline.
func (l *loop) refuseWaiting() {
	for _, lane := range l.lanes() {
		lane.failHeld(1<<63-1, Stopping)
		lane.failAll(Stopping)
	}
	l.expireReads(1<<63-1, Stopping)
}

// handOverWait is a call of HandOver under way.
type handOverWait struct {
	by   int64 // Instant.Mono
	done chan error
}

// errHandOverFailed: the leader went on leading.
var errHandOverFailed = errors.New("no other voter is reachable and up to date, so this node still leads")

// HandOver has this node, which must lead, hand leadership to another voter, and returns once another one leads.
func (g *Group) HandOver(ctx context.Context) error {
	w := &handOverWait{done: make(chan error, 1)}
	if !g.inbox.control(func() { g.loop.startHandOver(w) }) {
		return errors.New("replication: hand over: the group has ended")
	}
	var err error
	select {
	case err = <-w.done:
	case <-g.finished:
		err = errors.New("the group has ended")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("replication: hand over: %w", err)
	}
	return nil
}

func (l *loop) startHandOver(w *handOverWait) {
	if l.followLeader(); l.leader != l.g.cfg.Self {
		w.done <- fmt.Errorf("this node does not lead, node %v does (0: none)", l.leader)
		return
	}
	w.by = l.now.Mono + l.patience()
	l.handOvers = append(l.handOvers, w)
	l.step(paxos.HandOverAsked{})
}

// proceedHandOvers answers the calls whose end has come.
func (l *loop) proceedHandOvers() {
	kept := l.handOvers[:0]
	for _, w := range l.handOvers {
		switch {
		case l.follows():
			w.done <- nil
		case l.now.Mono >= w.by:
			w.done <- errHandOverFailed
		default:
			kept = append(kept, w)
		}
	}
	clear(l.handOvers[len(kept):])
	l.handOvers = kept
}
