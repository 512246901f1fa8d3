package resp

import (
	"bytes"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// blockedCall is a command whose client may have to wait for a key: BLPOP and its kin. It is run like any other; if it finds nothing, it
// is in line for its keys from that very point of the log on (statemachine.Waiter), and is run again when one of them is ready. So the log
// decides who gets what, and nothing is ever popped for a client that is gone, but for what was on its way when it went. While it is
// on its way (running) neither its time-out nor CLIENT UNBLOCK ends it: it may have got something.
//
// It belongs to its client's loop, but for view and block, which belong to whoever runs the command.
type blockedCall struct {
	pause *pause
	args  [][]byte
	db    int
	since int64 // when it came, or was tried again; see waits.go

	view  *statemachine.View
	block statemachine.Block // its Keys are not kept
	found bool               // the newest run did not block

	running bool
	ready   bool            // a key has become ready while it was running
	end     func(w *Writer) // it is to end, with this reply, unless it has got something
	timer   *time.Timer
}

// block runs a command that may have to wait. The client's parser is held until it is answered.
func (l *eventLoop) block(c *Client, r *row, args statemachine.Args) {
	b := &blockedCall{args: copyArgs(args), db: c.db, since: l.since}
	l.pause(c, r, func(p *pause) {
		b.pause = p
		p.giveUp = func() { b.finish(func(w *Writer) { w.Error(errUnblockedByEnd) }) }
		p.unblock = b.unblock
		p.stop = b.stop
		b.run()
	})
}

// run has the command run, another time if need be. As in Redis, one that may take memory is refused if there is none by then.
func (b *blockedCall) run() {
	l, c := b.pause.loop, b.pause.client
	if c.free != l.server.users.Version() { // it may have lost the permission while it waited
		if problem := l.examine(c, b.pause.row, b.args); problem != "" || c.closed {
			b.pause.answer(func(w *Writer) { w.Error(problem) })
			return
		}
	}
	if b.pause.row.Flags.Has(statemachine.DenyOOM) && l.server.isOutOfMemory() {
		b.pause.answer(writeError(errOOM))
		return
	}
	b.running, b.ready, b.found = true, false, true
	it := item{client: c, row: b.pause.row, call: b}
	if b.pause.row.Flags.Has(statemachine.Write) {
		it.kind = kindWrite
		l.write(c, it, func(dst []byte) []byte { return statemachine.AppendCommand(dst, b.db, b.args) })
	} else {
		it.kind = kindRead
		l.read(c, it, b.args)
	}
	l.touch(c)
}

// Block implements statemachine.Blocker: the command has found nothing.
func (w *Writer) Block(block statemachine.Block) {
	b := w.call
	if b == nil { // nobody could be told when a key is ready
		if block.NullArray {
			w.NullArray()
		} else {
			w.Null()
		}
		return
	}
	b.view.Await(b, &block)
	if block.Args != nil {
		b.args = copyArgs(block.Args)
	}
	block.Keys, block.Args = nil, nil
	b.block, b.found = block, false
}

// Ready implements statemachine.Waiter.
func (b *blockedCall) Ready() { b.pause.loop.do(b.retry) }

// Lane implements statemachine.Waiter.
func (b *blockedCall) Lane() any { return b.pause.loop }

// retry runs the command again, or notes that this is to be done when it is known what came of the run before.
func (b *blockedCall) retry() {
	switch {
	case b.pause.over:
	case b.running:
		b.ready = true
	default:
		b.runAgain()
	}
}

// runAgain has the command run since a key is ready.
func (b *blockedCall) runAgain() {
	b.since = b.pause.loop.server.nanos()
	b.run()
}

// answered takes in what came of a run; reply is valid for the duration of the call.
func (b *blockedCall) answered(reply []byte) {
	b.running = false
	switch {
	case b.pause.over:
		b.forget() // the client has gone meanwhile; the run may have put it in line again
	case b.found:
		b.pause.since = b.since
		b.pause.answer(func(w *Writer) { w.Raw(reply) })
	case b.end != nil:
		b.pause.answer(b.end)
	case b.ready:
		b.runAgain()
	case b.timer == nil && b.block.TimeoutMS > 0 && b.block.TimeoutMS <= int64(maxWait/time.Millisecond):
		b.timer = time.AfterFunc(time.Duration(b.block.TimeoutMS)*time.Millisecond, func() { b.pause.loop.do(b.expire) })
	}
}

// expire ends it because its time is up. As in Redis the reply does not depend on the command.
func (b *blockedCall) expire() { b.finish((*Writer).NullArray) }

// unblock ends it for CLIENT UNBLOCK.
func (b *blockedCall) unblock(byError bool) {
	if byError {
		b.finish(func(w *Writer) { w.Error(errUnblocked) })
	} else {
		b.expire()
	}
}

// finish ends it with a reply, unless a run that is on its way gets something.
func (b *blockedCall) finish(end func(w *Writer)) {
	switch {
	case b.pause.over:
	case b.running:
		b.end = end
	default:
		b.pause.answer(end)
	}
}

// stop lets go of what the call has taken: its place in line, and its timer.
func (b *blockedCall) stop() {
	if b.timer != nil {
		b.timer.Stop()
	}
	b.forget()
}

func (b *blockedCall) forget() {
	b.pause.loop.closeView() // it keeps the state locked, and so does Forget
	b.pause.loop.server.machine.Forget(b)
}

// expect has the next command, if it finds nothing, put a call in line for its keys, as the view knows them.
func (w *Writer) expect(call *blockedCall, view *statemachine.View) {
	w.call = call
	if call != nil {
		call.view = view
	}
}

// mayWait reports whether a call of a blocking command may wait: one that reads streams only if it says BLOCK.
func mayWait(r *row, args statemachine.Args) bool {
	if r.Keys.Word == "" {
		return true
	}
	for _, arg := range args {
		switch {
		case bytes.EqualFold(arg, []byte("BLOCK")):
			return true
		case bytes.EqualFold(arg, []byte(r.Keys.Word)):
			return false
		}
	}
	return false
}
