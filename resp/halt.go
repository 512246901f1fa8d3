package resp

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// haltMode is which commands of this node's clients wait: CLIENT PAUSE.
type haltMode uint8

const (
	haltNothing haltMode = iota
	haltWrites
	haltAll
)

// halt is a CLIENT PAUSE that is in force, or a DEBUG SLEEP, for the whole node. Each loop has a copy of the mode, so that a command costs one
// comparison. Other nodes go on; what was handed to the log before is applied, and its reply sent. Safe for use by several
// goroutines.
type halt struct {
	mu    sync.Mutex
	mode  haltMode
	until time.Time
	timer *time.Timer
}

// begin has commands wait for at least d. As in Redis a pause that is in force is only ever made longer and wider. over is called
// at its end, on a goroutine of its own.
func (h *halt) begin(mode haltMode, d time.Duration, over func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mode = max(h.mode, mode)
	if end := time.Now().Add(d); h.timer == nil || end.After(h.until) {
		h.stopTimer()
		h.until = end
		h.timer = time.AfterFunc(d, func() {
			if h.expire() {
				over()
			}
		})
	}
}

// expire ends the pause if its time is up: it may have been made longer since the timer fired.
func (h *halt) expire() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil || time.Until(h.until) > 0 {
		return false
	}
	h.mode, h.timer = haltNothing, nil
	return true
}

// end ends the pause now.
func (h *halt) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mode = haltNothing
	h.stopTimer()
}

func (h *halt) stopTimer() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

func (h *halt) current() haltMode {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mode
}

// haltMode is which commands wait now.
func (s *Server) haltMode() haltMode { return max(s.halt.current(), s.sleeping.current()) }

// followHalt takes over the mode in force, and lets clients go on that wait no more.
func (l *eventLoop) followHalt() {
	l.halted = l.server.haltMode()
	if l.draining {
		l.halted = haltNothing
	}
	held := l.postponed
	l.postponed = nil // those that still must wait come back when they are settled
	for _, c := range held {
		c.postponed = false
		l.server.waiting.Add(-1)
		c.release()
		l.touch(c)
	}
}

// postpone reports whether a client's next command must wait. It stays in the client's input, which is read again at the end of
// the pause. What is refused anyway is not held up.
func (l *eventLoop) postpone(c *Client, args statemachine.Args) bool {
	cmd, _ := l.server.table.Resolve(args)
	if cmd == nil {
		return false
	}
	r := l.server.rows[cmd]
	writes := isHeldWithWrites(r) || r.name == "exec" && c.tx != nil && slices.ContainsFunc(c.tx.rows, isHeldWithWrites)
	if l.halted == haltWrites && !writes {
		return false
	}
	c.hold(r)
	c.postponed = true
	l.server.waiting.Add(1)
	l.postponed = append(l.postponed, c)
	return true
}

// isHeldWithWrites reports whether CLIENT PAUSE WRITE holds a command: as in Redis scripts and messages, too, and PFCOUNT, which writes its estimate there,
// but not SCRIPT.
func isHeldWithWrites(r *row) bool {
	return r.Flags&(statemachine.Write|statemachine.MayReplicate) != 0 && !strings.HasPrefix(r.name, "script|") || r.name == "pfcount"
}

// forgetPostponed lets go of a client that waits for the end of a pause.
func (l *eventLoop) forgetPostponed(c *Client) {
	if c.postponed {
		c.postponed = false
		l.server.waiting.Add(-1)
		l.postponed = slices.DeleteFunc(l.postponed, func(other *Client) bool { return other == c })
	}
}

// followHaltEverywhere tells all loops of a change.
func (s *Server) followHaltEverywhere() {
	for _, l := range s.allLoops() {
		l.do(l.followHalt)
	}
}
