package resp

import (
	"context"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// maxListings is how many lists of keys are made at once; who asks for another one waits for its turn.
const maxListings = 2

// list: KEYS pattern [WITHVER]. A list of many keys would hold up everybody else for as long as it takes, so it is made by a goroutine of its own,
// in bites (statemachine.Listing). It begins as soon as a read may run, and its moment is that of its end.
func (l *eventLoop) list(c *Client, r *row, args statemachine.Args) {
	if !l.server.machine.IsWorthListing(c.db) {
		l.read(c, item{client: c, row: r, kind: kindRead}, args)
		return
	}
	args = copyArgs(args)
	l.pause(c, r, func(p *pause) {
		it := item{client: c, row: r, kind: kindList}
		if l.allowed(c) {
			l.closeView()
			it.stamp()
			l.startList(p, it, args)
			return
		}
		l.closeView()
		l.enqueue(it, args)
	})
}

// startList begins what a client waits for, once it may read.
func (l *eventLoop) startList(p *pause, it item, args statemachine.Args) {
	switch {
	case it.failed != 0:
		p.answer(writeError(it.failed.String()))
		return
	case l.server.isLoading():
		p.answer(writeError(errLoading))
		return
	case l.draining: // who waits has been told to hurry before
		p.answer(writeError(errClosing))
		return
	}
	ctx, cancel := context.WithCancel(l.server.errands.ctx)
	p.stop = cancel
	p.giveUp = func() { p.answer(writeError(errClosing)) }
	began := l.server.nanos()
	// There is one for each client at most.
	l.server.errands.always(func() {
		write := l.server.makeList(ctx, it, args)
		l.do(func() {
			if p.over {
				return
			}
			l.took(p.client, p.row, args, l.server.nanos()-began)
			p.answer(write)
		})
	})
}

// makeList lists keys, and returns what writes the reply.
func (s *Server) makeList(ctx context.Context, it item, args statemachine.Args) func(w *Writer) {
	select {
	case s.listings <- struct{}{}:
		defer func() { <-s.listings }()
	case <-ctx.Done():
		return writeError(errClosing)
	}
	w := &Writer{Proto: int(it.proto), Most: s.settings.outputLimit()}
	listing := s.machine.List(int(it.db), args, s.settings.outputLimit())
	if listing == nil { // there are few keys now
		view := s.machine.Read(0)
		defer view.Close()
		view.Run(it.row.Command, int(it.db), args, w)
		return writeMade(w)
	}
	defer listing.Close()
	for !listing.Next() {
		if ctx.Err() != nil {
			return writeError(errClosing)
		}
	}
	if s.isLoading() { // a state that is being replaced is told from the outside only
		return writeError(replication.Loading.String())
	}
	listing.Reply(w)
	w.overrun = w.overrun || listing.TooLong()
	return writeMade(w)
}

// writeMade returns what hands over a reply that was made elsewhere.
func writeMade(made *Writer) func(w *Writer) {
	return func(w *Writer) {
		if len(w.Buf) == 0 {
			w.Buf = made.Buf
		} else {
			w.Raw(made.Buf)
		}
		w.overrun = w.overrun || made.overrun
	}
}
