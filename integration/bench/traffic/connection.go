package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// connection is one client. It belongs to its goroutine.
type connection struct {
	flow   *Flow
	conn   net.Conn
	in     *replies
	random *rand.Rand
	out    []byte
	due    atomic.Pointer[time.Time] // of the commands that are under way or next; nil once it has ended
}

func newConnection(f *Flow, conn net.Conn, number uint64) *connection {
	c := &connection{flow: f, conn: conn, in: newReplies(conn), random: rand.New(rand.NewPCG(rand.Uint64(), number))}
	c.due.Store(&time.Time{})
	return c
}

// isBehind reports whether something is not answered yet that was due before a moment. Any goroutine may ask.
func (c *connection) isBehind(moment time.Time) bool {
	due := c.due.Load()
	return due != nil && due.Before(moment)
}

// run sends until the requests are used up, ctx ends, or something is wrong. Replies that are outstanding when ctx ends are still read.
func (c *connection) run(ctx context.Context) error {
	defer c.due.Store(nil)
	limited := context.AfterFunc(ctx, func() {
		_ = c.conn.SetDeadline(time.Now().Add(drainLimit)) // fails only on a closed connection, which needs none
	})
	defer limited()
	pace := newPace(c.flow.options.Every, c.flow.options.Patient)
	defer pace.stop()
	for {
		c.due.Store(new(pace.due))
		due, ok := pace.next(ctx)
		if !ok {
			return nil
		}
		c.due.Store(&due)
		n := c.flow.take()
		if n == 0 {
			return nil
		}
		if err := c.exchange(n, due); err != nil {
			return err
		}
	}
}

// exchange sends n commands and reads their replies. Their time counts from when they were due.
func (c *connection) exchange(n int, due time.Time) error {
	c.out = c.out[:0]
	for range n {
		c.out = c.flow.options.Command(c.random, c.out)
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	for n > 0 {
		a, err := c.in.read(n)
		if err != nil {
			return err
		}
		n -= a.replies
		if a.replies > 0 {
			c.flow.record(due, a.replies)
		}
		if a.errors > 0 && !c.flow.options.Tolerant {
			return fmt.Errorf("the server answered: %s", a.failure)
		}
		if a.errors > 0 {
			c.flow.epoch.Load().failures.Add(uint64(a.errors))
			c.flow.failed(a.failure)
		}
	}
	return nil
}

// pace says when a connection sends.
type pace struct {
	every   time.Duration // 0: at once
	patient bool
	due     time.Time   // of the next
	timer   *time.Timer // nil without a pace
}

// newPace begins at a random moment of the first interval: connections that send at the same moments wait for each other.
func newPace(every time.Duration, patient bool) *pace {
	p := &pace{every: every, patient: patient, due: time.Now()}
	if every > 0 {
		first := rand.N(every)
		p.due, p.timer = p.due.Add(first), time.NewTimer(first)
	}
	return p
}

// next waits until it is time to send, and returns from when on the reply's time counts: from when it was due, unless it was not sent then
// only because the timer was late, which is no fault of the server. It reports false when ctx has ended.
func (p *pace) next(ctx context.Context) (time.Time, bool) {
	now := time.Now()
	if p.every == 0 {
		p.due = now
		return now, ctx.Err() == nil
	}
	if p.patient && p.due.Before(now) {
		p.due = now
	}
	due := p.due
	p.due = due.Add(p.every)
	if !now.Before(due) {
		return due, ctx.Err() == nil
	}
	p.timer.Reset(due.Sub(now))
	select {
	case <-p.timer.C:
		return time.Now(), true
	case <-ctx.Done():
		return time.Time{}, false
	}
}

func (p *pace) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}
