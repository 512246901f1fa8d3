package replication

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// A command that is too large for one slot (Bounds.LargeBytes) goes through the log in fragments, each a section of its own, so that the
// batches of other commands go between them. The large commands of a session have numbers of their own, from 1, beside those of its other
// commands: one at a time is on its way, and nothing waits behind it. The state keeps what has come of it, and its last fragment applies it.
// So whoever hands one over sees to it that nothing of the same client waits for an outcome (Lane.Large). What has one, but an uncertain one, may
// still be applied. So the last fragment of a large command waits until all other commands that were numbered before it are applied, and the
// first chunk of others that is numbered after a large one became uncertain voids that.
//
// What a state keeps of a command that is not whole is never part of a checkpoint: an entry at which one is taken discards it, on every
// node alike, and the origin sends the command again from its beginning. A leader takes care that this does not happen to a command that makes
// progress (waitsForLarge).

// applyFragment is SessionTable.apply for a fragment of the node's session.
func (t *SessionTable) applyFragment(s *section, current Session) verdict {
	switch {
	case s.large < current.Large || s.large == current.Large && current.Whole:
		return verdictRepeat
	case s.large > current.Large && s.offset != 0:
		return verdictGap
	case s.large > current.Large:
		current.Large, current.Whole, current.Pending = s.large, false, 0
		delete(t.pending, s.node)
	case s.offset < current.Pending && !paxos.BreakFragmentRepeat.On():
		return verdictRepeat
	case s.offset > current.Pending && !paxos.BreakFragmentGap.On():
		return verdictGap
	}
	current.Pending += uint64(len(s.commands))
	v := verdictPart
	if s.offset+uint64(len(s.commands)) == s.total {
		v, current.Whole, current.Pending = verdictRun, true, 0
	}
	t.nodes[s.node] = current
	if !t.foretells {
		t.keepFragment(s)
	}
	return v
}

// voidLarge has the large commands that a section voids never be applied, unless they are already: for what remembers them they are.
func (t *SessionTable) voidLarge(s *section, current *Session) {
	if s.voids < current.Large || s.voids == current.Large && current.Whole || paxos.BreakLargeVoid.On() {
		return
	}
	current.Large, current.Whole, current.Pending = s.voids, true, 0
	delete(t.pending, s.node)
}

// keepFragment keeps the bytes of a fragment. There is room for the whole from the start: to move what is there would take long.
func (t *SessionTable) keepFragment(s *section) {
	kept := t.pending[s.node]
	if kept == nil {
		kept = make([]byte, 0, s.total)
	}
	t.pending[s.node] = append(kept, s.commands...)
}

// takeWhole returns the commands of a node's large command, of which the last fragment was applied just now.
func (t *SessionTable) takeWhole(node paxos.NodeID) []byte {
	commands := t.pending[node]
	delete(t.pending, node)
	return commands
}

// isPending reports whether a fragment is of a command of which a part is there already.
func (t *SessionTable) isPending(s *section) bool {
	current := t.nodes[s.node]
	return current.ID == s.session && current.Large == s.large && current.Pending > 0
}

// hasPending reports whether a part of any large command is there, and not all of it.
func (t *SessionTable) hasPending() bool {
	for _, current := range t.nodes {
		if current.Pending > 0 {
			return true
		}
	}
	return false
}

// abandonPending discards what there is of large commands that are not whole. They may begin anew.
func (t *SessionTable) abandonPending() {
	if paxos.BreakFragmentsKept.On() {
		return
	}
	for node, current := range t.nodes {
		if current.Pending > 0 {
			current.Pending = 0
			t.nodes[node] = current
		}
	}
	clear(t.pending)
}

// largeFlight is this node's large command on its way.
type largeFlight struct {
	number   uint64
	commands []byte
	count    uint32
	replies  Replies // nil once the wait is over
	deadline int64   // Instant.Mono
	// next is where the bytes begin that were not sent in the leadership at hand, applied where those begin that are not applied.
	next, applied int
	// sentWhole: the last fragment has been sent to some leader. Before that the command can be given up with certainty.
	sentWhole bool
	// behind is the number of the newest of the session's other commands when this one was begun. Its last fragment is not sent before they are
	// applied: a leader gives it a later slot then.
	behind uint64
	// uncertain: who waited was told so. Then the next chunk of other commands voids this one, and voided is set.
	uncertain, voided bool
	left              departure
}

// mayBeginLarge reports whether a large command may be begun: the one before is over, and the session is open, so that no fragment comes to the
// log before its opening.
func (o *origin) mayBeginLarge() bool {
	if o.hasLarge.Load() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.opened
}

// beginLarge takes a large command on, which leaves now.
func (o *origin) beginLarge(c *Chunk, deadline int64, left departure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.largeNumber++
	o.large = &largeFlight{number: o.largeNumber, commands: c.Commands, count: uint32(c.Count), replies: c.Replies, deadline: deadline,
		behind: o.next - 1, left: left}
	if c.Replies != nil {
		o.waiting++
	}
	o.hasLarge.Store(true)
}

// fragment returns the next fragment to be sent, of so many bytes at most, unless more than window bytes are on their way, or it is the last
// and has to wait.
func (o *origin) fragment(most, window int) (s section, ok bool) {
	if !o.hasLarge.Load() {
		return section{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.large
	if f == nil || f.voided || f.next == len(f.commands) || f.next-f.applied > window-min(window, most) {
		return section{}, false
	}
	end := min(f.next+most, len(f.commands))
	if end == len(f.commands) && o.applied < f.behind && !paxos.BreakLargeBehind.On() {
		return section{}, false
	}
	return section{node: o.node, session: o.session, count: f.count, large: f.number, offset: uint64(f.next), total: uint64(len(f.commands)),
		commands: f.commands[f.next:end]}, true
}

// sentFragment notes that what fragment returned is on its way.
func (o *origin) sentFragment(s *section) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.large; f != nil && f.number == s.large {
		f.next = int(s.offset) + len(s.commands)
		f.sentWhole = f.sentWhole || f.next == len(f.commands)
	}
}

// resendLarge has what is not applied of the large command sent again.
func (o *origin) resendLarge() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.large != nil {
		o.large.next = o.large.applied
	}
}

// restartLarge has all of the large command sent again: what was applied of it was discarded.
func (o *origin) restartLarge() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.large != nil {
		o.large.next, o.large.applied = 0, 0
	}
}

// largeProgress tells whether something moves: the number of the large command on its way, 0 without one, how many of its bytes are applied, and
// how many are left to be sent.
func (o *origin) largeProgress() (number uint64, applied, left int) {
	if !o.hasLarge.Load() {
		return 0, 0, 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.large == nil {
		return 0, 0, 0
	}
	return o.large.number, o.large.applied, len(o.large.commands) - o.large.next
}

// appliedFragment notes that a fragment, not the last, was applied.
func (o *origin) appliedFragment(s *section) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.large; f != nil && f.number == s.large {
		f.applied = int(s.offset) + len(s.commands)
		f.next = max(f.next, f.applied)
	}
}

// appliedLarge takes the large command out, whose last fragment is being applied, and returns with who waits for it when it left.
func (o *origin) appliedLarge(s *section) (replies Replies, left departure, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.large
	if f == nil || f.number != s.large || uint64(len(f.commands)) != s.total || f.count != s.count {
		return nil, departure{}, o.strange("large command", s.large, s.large)
	}
	return o.removeLarge(), f.left, nil
}

// voidUncertain returns the number of the large command whose outcome was uncertain, 0 without one, and sends no more of it: the section that is
// being numbered voids it. Whoever was told so may have that section's commands come behind it. o.mu is held.
func (o *origin) voidUncertain() uint64 {
	f := o.large
	if f == nil || !f.uncertain || f.voided {
		return 0
	}
	f.voided = true
	return f.number
}

// endVoided takes the large command out if a section that is applied has voided it. o.mu is held.
func (o *origin) endVoided(s *section) {
	if f := o.large; f != nil && f.voided && f.number == s.voids {
		o.removeLarge()
	}
}

// removeLarge takes the large command out, and returns who waits for it. o.mu is held.
func (o *origin) removeLarge() Replies {
	replies := o.large.replies
	if replies != nil {
		o.waiting--
	}
	o.large = nil
	o.hasLarge.Store(false)
	return replies
}

// expireLarge ends the wait for the large command if its deadline is at or before mono. As long as its last fragment was not sent it is given up, and
// never will be applied; then unsent is the outcome. o.mu is held.
func (o *origin) expireLarge(mono int64, unsent, sent Outcome) (ended []failed) {
	f := o.large
	if f == nil || f.replies == nil || f.deadline > mono {
		return nil
	}
	if f.sentWhole {
		ended = []failed{{f.replies, sent}}
		f.replies, f.uncertain = nil, true
		o.waiting--
		return ended
	}
	return []failed{{o.removeLarge(), unsent}}
}

// largeCaughtUp brings the large command up to a state that was installed, in which session is this node's. What that state has of the command
// before its last fragment it has forgotten.
func (o *origin) largeCaughtUp(session Session) []failed {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.large
	switch {
	case f == nil:
	case session.Large > f.number || session.Large == f.number && session.Whole:
		if replies := o.removeLarge(); replies != nil {
			return []failed{{replies, Uncertain}}
		}
	default:
		f.next, f.applied = 0, 0
	}
	return nil
}
