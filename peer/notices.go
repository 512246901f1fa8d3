package peer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	// maxSubjects bounds how many sources of notices are told apart; what is beyond shares one.
	maxSubjects = 256
	// noticesPerInterval bounds the notices of one source an interval, whatever they say.
	noticesPerInterval = 8
)

// notices logs what goes wrong with links, which an attacker or a node that is down for a week can bring about any
// number of times: each subject is logged when what is said of it changes, again after an interval, and never more
// often than noticesPerInterval. Safe for use by several goroutines.
type notices struct {
	logger   *slog.Logger
	interval time.Duration
	now      func() time.Time

	mu       sync.Mutex
	subjects map[string]*notice
}

type notice struct {
	text       string
	logged     time.Time
	suppressed int
	// windowStart and inWindow count what was logged in this interval.
	windowStart time.Time
	inWindow    int
}

func newNotices(logger *slog.Logger, interval time.Duration) *notices {
	return &notices{logger: logger, interval: interval, now: time.Now, subjects: make(map[string]*notice)}
}

// report logs text about subject, unless it was logged lately.
func (n *notices) report(level slog.Level, subject, message, text string) {
	suppressed, ok := n.admit(subject, text)
	if !ok {
		return
	}
	args := []any{"of", subject, "reason", text}
	if suppressed > 0 {
		args = append(args, "not_logged_before", suppressed)
	}
	n.logger.Log(context.Background(), level, message, args...)
}

func (n *notices) admit(subject, text string) (suppressed int, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.subject(subject)
	now := n.now()
	if now.Sub(s.windowStart) >= n.interval {
		s.windowStart, s.inWindow = now, 0
	}
	repeated := text == s.text && now.Sub(s.logged) < n.interval
	if repeated || s.inWindow >= noticesPerInterval {
		s.suppressed++
		return 0, false
	}
	suppressed = s.suppressed
	s.text, s.logged, s.suppressed = text, now, 0
	s.inWindow++
	return suppressed, true
}

func (n *notices) subject(name string) *notice {
	if _, known := n.subjects[name]; !known && len(n.subjects) >= maxSubjects {
		n.forgetOld()
		if len(n.subjects) >= maxSubjects {
			name = "others"
		}
	}
	s := n.subjects[name]
	if s == nil {
		s = &notice{}
		n.subjects[name] = s
	}
	return s
}

func (n *notices) forgetOld() {
	for name, s := range n.subjects {
		if n.now().Sub(s.windowStart) >= n.interval {
			delete(n.subjects, name)
		}
	}
}

// reasonOf is the text of err without the ports of a single connection, so that the same trouble reads the same.
func reasonOf(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the other end closed the connection"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}
