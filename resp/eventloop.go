package resp

import (
	"context"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// chunkBytes is when a loop hands a chunk over in the middle of a turn.
const chunkBytes = 1 << 20

// eventLoop is the connection layer's side of one gnet event loop: its clients, its lane, and the chunk that is being
// filled. All but what mailbox guards belongs to the loop's goroutine.
//
// A turn is one call by gnet: bytes of one client, or the mail. At its end replies go to their sockets. The chunk goes to the lane, and
// reads to the group, behind the turns of everything else that the same wake-up brought: the first of fifty commands that arrive
// together would else start a batch of its own, and the others wait for that.
type eventLoop struct {
	server  *Server
	events  gnet.EventLoop
	lane    Lane
	mailbox mailbox
	spare   mail
	clients map[*Client]struct{}
	stats   loopStats
	now     time.Time // when the turn began

	chunk       *replication.Chunk
	submission  *submission
	free        []*submission
	generation  uint64
	view        *statemachine.View
	viewReads   int
	viewIsStale bool
	grant       replication.ReadGrant
	granted     bool

	ticket       uint64 // the newest asked
	wantsReads   bool   // reads wait for ticket+1, which is to be asked
	answers      int    // chunks whose replies have been written, and the lane does not know
	returns      returns
	closes       bool // closeWakeUp will be called
	closeWakeUp  gnet.Runnable
	readyThrough uint64
	readers      []*Client // those with waiting items
	touched      []*Client // those to be settled before the turn ends
	spareOut     [][]byte
	scratch      Writer
	revisions    []uint64
	draining     bool
	idleTimer    *time.Timer // until clients may have been idle for too long; nil: nobody looks
	monitors     []*monitor  // to be shown each command
	halted       haltMode    // which commands wait: CLIENT PAUSE
	postponed    []*Client   // those whose command waits for that, the oldest first

	outgoing []push // that the hub gathers for the mailbox; hub.mu guards it
}

func newEventLoop(s *Server, events gnet.EventLoop) *eventLoop {
	l := &eventLoop{server: s, events: events, clients: make(map[*Client]struct{}), now: time.Now(), returns: returns{round: 1}}
	l.returns.wake = func() { l.do(func() {}) } // which has the loop look again at whom it waits for
	l.stats.init(len(s.rows), s.settings)
	onMail := gnet.RunnableFunc(l.onMail)
	l.mailbox.wake = func() {
		if err := events.Execute(context.Background(), onMail); err != nil {
			// Only a stopped engine refuses, and the mailbox is closed before that.
			s.logger.Error("resp: cannot wake an event loop", "error", err)
		}
	}
	l.closeWakeUp = gnet.RunnableFunc(l.onEndOfWakeUp)
	l.halted = s.haltMode()
	l.followMonitors()
	l.lane = s.node.NewLane(l)
	if s.settings.idleTimeout() > 0 {
		l.do(l.closeIdle)
	}
	return l
}

// ReadsReady implements replication.LaneListener.
func (l *eventLoop) ReadsReady(through uint64) {
	l.mailbox.post(func(m *mail) { m.ready = max(m.ready, through) })
}

// ReadsFailed implements replication.LaneListener.
func (l *eventLoop) ReadsFailed(through uint64, outcome replication.Outcome) {
	l.mailbox.post(func(m *mail) { m.failed, m.outcome = max(m.failed, through), outcome })
}

// finished takes a submission back from the applier, or from the group.
func (l *eventLoop) finished(s *submission) {
	l.lane.Answering(1)
	if !l.mailbox.post(func(m *mail) { m.finished = append(m.finished, s) }) {
		l.lane.Answered(1)
	}
}

// do runs a task on the loop, unless it has stopped.
func (l *eventLoop) do(task func()) bool {
	return l.mailbox.post(func(m *mail) { m.tasks = append(m.tasks, task) })
}

// onMail is a turn: it takes in what others left.
func (l *eventLoop) onMail(context.Context) error {
	l.now = time.Now()
	m := l.mailbox.take(l.spare)
	for _, s := range m.finished {
		l.deliver(s)
	}
	l.readsAnswered(m)
	l.deliverPushes(m.pushes)
	for _, task := range m.tasks {
		task()
	}
	l.answers += len(m.finished)
	clear(m.finished)
	if clear(m.pushes); cap(m.pushes) > maxKeptPushes {
		m.pushes = nil
	}
	clear(m.tasks)
	l.spare = m
	l.endTurn()
	return nil
}

// receive is a turn: bytes of one client, which are valid for its duration.
func (l *eventLoop) receive(c *Client, data []byte) {
	l.now = time.Now()
	c.active = l.now
	l.returns.back(c)
	l.stats.inputBytes.Add(uint64(len(data)))
	if c.input.empty() && !c.held() {
		data = data[l.parse(c, data):]
	}
	if len(data) > 0 && !c.closed && !c.closing {
		c.input.add(data, c.scanner.Want())
		raise(&l.stats.maxInput, c.input.len())
		if int64(c.input.len()) > l.server.limits.QueryBuffer {
			l.drop(c, "its unread input is beyond the query buffer limit")
		}
	}
	l.touch(c)
	l.endTurn()
}

// parse runs the complete commands at the beginning of buf, as long as the client is not held up, and returns how many
// bytes they take.
func (l *eventLoop) parse(c *Client, buf []byte) (taken int) {
	for taken < len(buf) && !c.held() {
		n, args, err := c.scanner.Next(buf[taken:])
		if err != nil {
			l.protocolError(c, err)
			return len(buf)
		}
		if n == 0 || l.halted != haltNothing && len(args) > 0 && l.postpone(c, args) {
			return taken
		}
		taken += n
		if len(args) > 0 {
			l.dispatch(c, args)
		}
		if len(c.out.Buf) > flushBytes {
			l.flush(c)
		}
	}
	return taken
}

// protocolError answers input that is no RESP, and closes the client behind it.
func (l *eventLoop) protocolError(c *Client, err error) {
	// On no higher level: whoever reaches the port could fill the log.
	l.server.logger.Debug("resp: protocol error", "client", c.id, "addr", c.remote, "error", err)
	c.quiet = false
	l.reply(c, nil, func(w *Writer) { w.Error("ERR " + err.Error()) })
	c.closing = true
}

// touch sees to it that a client is settled before the turn ends.
func (l *eventLoop) touch(c *Client) {
	if !c.isTouched {
		c.isTouched = true
		l.touched = append(l.touched, c)
	}
}

// endTurn settles the clients that this turn touched, and sees to it that what it collected is handed over.
func (l *eventLoop) endTurn() {
	for i := 0; i < len(l.touched); i++ {
		c := l.touched[i]
		l.settle(c)
		c.isTouched = false
	}
	clear(l.touched)
	l.touched = l.touched[:0]
	if l.closes || l.chunk == nil && !l.wantsReads && l.answers == 0 {
		return
	}
	l.closes = true
	// gnet runs what it is given behind the events that it has already been told of.
	if err := l.events.Execute(context.Background(), l.closeWakeUp); err != nil {
		l.closes = false
		l.handOverAll() // a stopping engine
	}
}

// onEndOfWakeUp hands over what the turns since it was asked for have collected.
func (l *eventLoop) onEndOfWakeUp(context.Context) error {
	l.closes = false
	l.handOverAll()
	return nil
}

func (l *eventLoop) handOverAll() {
	l.handOver()
	if l.wantsReads {
		l.wantsReads = false
		l.ticket++
		l.lane.AskRead(l.ticket)
	}
	if n := l.answers; n > 0 && !l.returns.awaits(l.now) {
		l.answers = 0
		l.lane.Answered(n)
	}
}

// settle brings a client as far as it can go: reads whose turn it is, commands that were held up, its replies to the
// socket, its end.
func (l *eventLoop) settle(c *Client) {
	for progress := true; progress && !c.closed; {
		progress = l.runWaiting(c)
		if c.idle() && c.onIdle != nil {
			start := c.onIdle
			c.onIdle = nil
			start()
			progress = true
		}
		if !c.input.empty() && !c.held() {
			n := l.parse(c, c.input.unread())
			c.input.skip(n)
			progress = progress || n > 0
		}
	}
	if c.input.empty() {
		c.scanner.Reset() // or it would keep the last command's memory
	}
	l.closeView()
	l.flush(c)
	if !c.closed && c.idle() && c.heldBy == nil && (c.closing || l.draining) {
		l.finish(c)
	}
}

// handOver gives the chunk back to the lane. It may block until there is room, so no view may be open.
func (l *eventLoop) handOver() {
	l.closeView()
	if l.chunk == nil {
		return
	}
	chunk, s := l.chunk, l.submission
	l.chunk, l.submission = nil, nil
	if len(s.items) == 0 && chunk.Count == 0 {
		chunk.Replies = nil
		l.recycle(s)
	}
	l.lane.End(chunk)
}

// openChunk returns the chunk that is being filled, and its submission.
func (l *eventLoop) openChunk() (*replication.Chunk, *submission) {
	if l.chunk == nil {
		l.chunk = l.lane.Begin()
		l.submission, _ = l.chunk.Replies.(*submission)
		if l.submission == nil {
			l.submission = l.newSubmission()
			l.chunk.Replies = l.submission
		}
	}
	return l.chunk, l.submission
}

// maxFreeSubmissions is how many submissions a loop keeps for later.
const maxFreeSubmissions = 8

func (l *eventLoop) newSubmission() *submission {
	l.generation++
	if n := len(l.free); n > 0 {
		s := l.free[n-1]
		l.free = l.free[:n-1]
		s.reset(l.generation)
		return s
	}
	return &submission{loop: l, generation: l.generation}
}

func (l *eventLoop) recycle(s *submission) {
	if len(l.free) < maxFreeSubmissions {
		s.reset(0)
		l.free = append(l.free, s)
	}
}
