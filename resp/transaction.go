package resp

import (
	"fmt"

	"github.com/paxredis/paxredis/statemachine"
)

// transaction is what a client queues between MULTI and EXEC. Its memory is its own.
type transaction struct {
	queued  []statemachine.Queued
	rows    []*row
	watches []statemachine.Watch
	bytes   int
	writes  bool // has a command for the log
	grows   bool // has one that is refused without memory
	reads   bool
	records bool // has one that the client waits for before it goes on
	// subscribes: it changes what its client is subscribed to, once it happens.
	subscribes bool
	spoiled    bool // a command was refused: EXEC will be, too
}

// queuedCost is what a queued command or a watched key counts besides its bytes.
const queuedCost = 64

// fits reports whether the client's transaction may grow by a command or keys. It becomes one command of the log, so the
// limit of one command is its limit.
func (l *eventLoop) fits(c *Client, held int, args [][]byte) (cost int, problem string) {
	cost = queuedCost
	for _, arg := range args {
		cost += len(arg) + 8
	}
	if limit := l.server.limits.MaxCommandBytes; int64(held+c.watchBytes+cost) > limit {
		return 0, fmt.Sprintf("ERR the transaction is larger than the limit of %d bytes", limit)
	}
	return cost, ""
}

// queue keeps a command for EXEC.
func (l *eventLoop) queue(c *Client, r *row, args statemachine.Args) {
	cost, problem := l.fits(c, c.tx.bytes, args)
	if problem != "" {
		l.refuse(c, r, problem)
		return
	}
	tx := c.tx
	tx.bytes += cost
	tx.queued = append(tx.queued, statemachine.Queued{Args: copyArgs(args)})
	tx.rows = append(tx.rows, r)
	tx.writes = tx.writes || r.Flags.Logged()
	tx.records = tx.records || r.prepare != nil
	tx.grows = tx.grows || r.Flags.Has(statemachine.DenyOOM)
	tx.reads = tx.reads || r.local == nil
	tx.subscribes = tx.subscribes || r.subscribes
	l.reply(c, nil, func(w *Writer) { w.Status("QUEUED") })
}

// copyArgs copies arguments into memory of their own.
func copyArgs(args [][]byte) [][]byte {
	n := 0
	for _, arg := range args {
		n += len(arg)
	}
	data := make([]byte, 0, n)
	copies := make([][]byte, len(args))
	for i, arg := range args {
		start := len(data)
		data = append(data, arg...)
		copies[i] = data[start:len(data):len(data)]
	}
	return copies
}

// multi: MULTI.
func multi(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	if c.tx != nil {
		w.Error(errNestedMulti)
		return
	}
	c.tx = new(transaction)
	w.Status("OK")
}

// discard: DISCARD.
func discard(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	if c.tx == nil {
		w.Error(errNoMultiDiscard)
		return
	}
	c.tx = nil
	c.unwatch()
	w.Status("OK")
}

// unwatch: UNWATCH.
func unwatch(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	c.unwatch()
	w.Status("OK")
}

// watch: WATCH key [key ...]. It reads the keys' revisions. The client goes on once they are known, since an EXEC
// behind it needs them.
func watch(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	if c.tx != nil {
		l.reply(c, r, func(w *Writer) { w.Error(errWatchInMulti) })
		return
	}
	cost, problem := l.fits(c, 0, args)
	if problem != "" {
		l.reply(c, r, func(w *Writer) { w.Error(problem) })
		return
	}
	c.watchBytes += cost
	c.watchKeys, c.watchFrom = copyArgs(args[1:]), c.db
	c.hold(r)
	l.read(c, item{client: c, row: r, kind: kindWatch}, args)
}

// runExec: EXEC. A transaction with a write is one command of the log; one that only reads is a read; one of local commands
// alone is answered here.
func runExec(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	tx := c.tx
	if tx != nil && tx.subscribes && !c.idle() {
		l.whenIdle(c, r, args, func(args statemachine.Args) {
			runExec(l, c, r, args)
			c.endCaching(r)
		})
		return
	}
	c.tx = nil
	if tx == nil {
		l.reply(c, r, func(w *Writer) { w.Error(errNoMultiExec) })
		return
	}
	tx.watches = c.watches
	c.unwatch()
	if problem := l.server.outOfMemory(); tx.grows && problem != "" {
		l.reply(c, r, writeError(errExecRefused(problem)))
		return
	}
	if problem := l.server.refusesWrites(); tx.writes && problem != "" {
		l.reply(c, r, writeError(errExecRefused(problem)))
		return
	}
	if tx.spoiled {
		l.reply(c, r, func(w *Writer) { w.Error(errExecAbort) })
		return
	}
	it := item{client: c, row: r, tx: tx}
	before := c.db
	if tx.subscribes {
		c.draft = newDraft(c)
	}
	quiet := c.quiet
	fits := l.runQueuedLocals(c, tx)
	c.quiet = quiet
	if !fits {
		l.dropFor(overOutput, c, "the replies in its transaction are beyond the limits")
		return
	}
	after := c.db
	if (after != before || tx.subscribes) && (tx.writes || tx.reads || len(tx.watches) > 0) {
		// A SELECT or SUBSCRIBE inside counts only if the transaction happens.
		it.guard, c.execDB = true, before
		c.hold(r)
	}
	switch {
	case tx.writes:
		it.kind = kindWrite
		if tx.records && !it.guard {
			it.holds = true
			c.hold(r)
		}
		l.write(c, it, func(dst []byte) []byte { return statemachine.AppendExec(c.appendActor(dst), tx.watches, tx.queued) })
	case tx.reads || len(tx.watches) > 0:
		it.kind = kindExec
		l.read(c, it, nil)
	default:
		l.reply(c, r, func(w *Writer) {
			w.Array(len(tx.queued))
			for i := range tx.queued {
				w.Raw(tx.queued[i].Literal)
			}
		})
		c.settleDraft(true)
	}
}

// prepareQueued makes a queued command ready for the log, or for a read.
func (l *eventLoop) prepareQueued(c *Client, r *row, q *statemachine.Queued) {
	q.DB = c.db
	if r.prepare != nil {
		args, problem := r.prepare(l.server.table, q.Args)
		if problem != "" {
			q.Literal = refusalOf(problem)
		}
		q.Args = args
	}
	l.stats.count(r, q.Literal, 0)
}

// refusalOf is the encoded reply of an error.
func refusalOf(problem string) []byte {
	w := Writer{Proto: 2}
	w.Error(problem)
	return w.Buf
}

// runQueuedLocals runs the local commands of a transaction, whose replies become part of it, and gives every other
// command the database that is selected when its turn comes. It reports false if those replies are larger than a client may
// be owed, or than a command of the log may be: a short command can have a long reply.
func (l *eventLoop) runQueuedLocals(c *Client, tx *transaction) (fits bool) {
	w := Writer{Most: min(l.server.settings.outputLimit(), int(l.server.limits.MaxCommandBytes))}
	for i := range tx.queued {
		q, r := &tx.queued[i], tx.rows[i]
		if problem := l.checkQueued(c, r, q.Args); problem != "" {
			q.Literal = refusalOf(problem)
			l.stats.reject(r)
			continue
		}
		if r.local == nil {
			l.prepareQueued(c, r, q)
			continue
		}
		w.Proto = c.proto
		start, began := len(w.Buf), l.server.nanos()
		r.local(l, c, q.Args, &w)
		nanos := l.server.nanos() - began + int64(l.slept)
		l.slept = 0
		l.stats.count(r, w.Buf[start:], nanos)
		l.server.timed(c, r, q.Args, nanos, l.now)
		q.Literal = w.Buf[start:len(w.Buf):len(w.Buf)]
		if w.overrun {
			return false
		}
	}
	return true
}
