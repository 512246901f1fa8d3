package resp

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// maxErrands bounds the commands of all clients that run on a goroutine of their own at the same time. They are commands
// of operators, of which few are at work at once.
const maxErrands = 64

// maxErrandTime is when an errand is given up: a change of the members that no majority can choose must not keep its place for
// ever. A checkpoint of a large state takes minutes.
const maxErrandTime = 10 * time.Minute

// errands are what runs for clients on goroutines of its own, since an event loop must not wait: for a disk, or for the
// group to agree. Safe for use by several goroutines.
type errands struct {
	ctx  context.Context // ends when the server closes
	stop context.CancelFunc

	mu      sync.Mutex
	running int
	closed  bool
	ended   chan struct{} // closed once closed is set and nothing runs
}

func (e *errands) init() {
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.ended = make(chan struct{})
}

// start runs an errand, unless there are too many or the server closes.
func (e *errands) start(do func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.running >= maxErrands {
		return false
	}
	e.running++
	go func() {
		defer e.done()
		do()
	}()
	return true
}

// always runs what must be done however much else is: its callers see to a bound. Once the server closes it is done at once,
// since nobody would wait for it.
func (e *errands) always(do func()) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		do()
		return
	}
	defer e.mu.Unlock()
	e.running++
	go func() {
		defer e.done()
		do()
	}()
}

func (e *errands) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	if e.closed && e.running == 0 {
		close(e.ended)
	}
}

// close refuses further errands and ends the context of those that run. The channel is closed when the last has ended.
func (e *errands) close() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stop()
	if !e.closed && e.running == 0 {
		close(e.ended)
	}
	e.closed = true
	return e.ended
}

// await closes and waits until the last errand has ended, or ctx.
func (e *errands) await(ctx context.Context) error {
	ended := e.close()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-ended: // ctx may have ended before: that is no reason to complain of nothing
		return nil
	default:
		return fmt.Errorf("resp: a client's command is still at work: %w", ctx.Err())
	}
}

// errand runs do on a goroutine of its own while the client is held; what it returns writes the reply. ctx ends when the
// client goes away, the server closes, or the time is up.
func (l *eventLoop) errand(c *Client, r *row, do func(ctx context.Context) func(w *Writer)) {
	l.pause(c, r, func(p *pause) {
		ctx, cancel := context.WithTimeout(l.server.errands.ctx, maxErrandTime)
		p.stop = cancel
		p.giveUp = func() { p.answer(writeError(errClosing)) }
		if !l.server.errands.start(func() { p.post(do(ctx)) }) {
			p.answer(writeError(errTooManyErrands))
		}
	})
}

// writeError returns what writes an error reply.
func writeError(problem string) func(w *Writer) {
	return func(w *Writer) { w.Error(problem) }
}
