package resp

import "github.com/paxredis/paxredis/statemachine"

// pause is what a client waits for while its parser is held: a command that is answered later, from wherever the answer
// comes. It belongs to the client's loop, but for post.
type pause struct {
	loop   *eventLoop
	client *Client
	row    *row
	over   bool
	// since is when the command came; 0: its wait is not counted.
	since int64
	// unblock, if not nil, ends it for CLIENT UNBLOCK: as a time-out does, or with an error.
	unblock func(byError bool)
	// brief says that it takes no longer than it takes the other loops to look up, which clients do not call waiting.
	brief bool
	// stop, if not nil, is called once it is over, whether it was answered or the client has gone. It must not block.
	stop func()
	// giveUp, if not nil, answers now: the server closes. Without it the answer is known to come soon.
	giveUp func()
}

// pause holds a client until its command is answered. begin is called on the loop as soon as everything that the client
// sent before is answered; it sets stop and giveUp, and sees to it that answer or post is called.
func (l *eventLoop) pause(c *Client, r *row, begin func(p *pause)) {
	c.hold(r)
	since := l.since
	if r.Flags.Has(statemachine.Blocking) {
		since = 0
	}
	c.onIdle = func() {
		p := &pause{loop: l, client: c, row: r, since: since}
		c.paused = p
		l.server.waiting.Add(1)
		begin(p)
		if l.draining {
			p.hurry()
		}
	}
	l.touch(c)
}

// answer ends the pause with a reply, and lets the client go on. Only the first answer counts, and none once the client
// has gone.
func (p *pause) answer(write func(w *Writer)) {
	if p.over {
		return
	}
	p.end()
	p.client.release()
	p.loop.since = p.since
	p.loop.reply(p.client, p.row, write)
	p.loop.touch(p.client)
}

// post is answer for other goroutines. What is posted to a loop that has stopped is lost, as are its clients.
func (p *pause) post(write func(w *Writer)) {
	p.loop.do(func() { p.answer(write) })
}

// hurry has the pause end now, if its answer may be long in coming.
func (p *pause) hurry() {
	if !p.over && p.giveUp != nil {
		p.giveUp()
	}
}

// end lets go of what was begun.
func (p *pause) end() {
	p.over = true
	p.client.paused = nil
	p.loop.server.waiting.Add(-1)
	if p.stop != nil {
		p.stop()
	}
}
