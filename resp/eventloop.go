package resp

import (
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// chunkBytes is when a loop hands a chunk over in the middle of a turn.
const chunkBytes = 1 << 20

// eventLoop serves some of the server's clients on one goroutine. It has a lane into the log, and a chunk that is being filled. All
// but what mailbox guards belongs to its goroutine.
//
// A wake-up takes in what has happened on the sockets and what others left in the mailbox, and then gives clients their turns, a bite each
// (turns.go). At the end of a turn replies go to their sockets. The chunk goes to the lane, and reads to the group, at the end of the
// wake-up: the first of fifty commands that arrive together would else start a batch of its own, and the others wait for that.
type eventLoop struct {
	server  *Server
	poller  *poller
	lane    Lane
	mailbox mailbox
	spare   mail
	clients map[*Client]struct{}
	sockets map[int]*Client // by descriptor
	count   int             // of clients, those on their way included; guarded by server.mu
	stats   loopStats
	now     time.Time // when the wake-up began
	clock   int64     // the server's nanos, as last looked at
	over    bool

	turns    turns
	biteEnds int64
	buffer   []byte // where input is read to
	sealed   []byte // what TLS connections send, for moments
	underWay int    // bytes of commands that are not answered

	largeBytes  int  // of a command that is large
	hasLarge    bool // one is on its way
	writesLarge bool // the command that is being dispatched is
	chunk       *replication.Chunk
	submission  *submission
	free        []*submission
	generation  uint64
	view        *statemachine.View
	viewReads   int
	viewIsStale bool
	grant       replication.ReadGrant
	granted     bool
	confirmed   bool     // the grant held when the view was open already
	ahead       []byte   // what is in the input behind the command that is being dispatched
	keysAhead   [][]byte // empty: the memory of lookAhead

	ticket       uint64 // the newest asked
	wantsReads   bool   // reads wait for ticket+1, which is to be asked
	answers      int    // chunks whose replies have been written, and the lane does not know
	returns      returns
	reading      asksReads
	readyThrough uint64
	readers      []*Client // those with waiting items
	touched      []*Client // those to be settled before the turn ends
	spareOut     [][]byte
	scratch      Writer
	revisions    []uint64
	draining     bool
	overdueTimer *time.Timer   // until a client may have waited for too long for room; nil: nobody waits
	idleTimer    *time.Timer   // until clients may have been idle for too long; nil: nobody looks
	monitors     []*monitor    // to be shown each command
	times        execTimes     // of the transaction that runs here
	slept        time.Duration // what the local command at hand will have the clients wait for: DEBUG SLEEP in a transaction
	halted       haltMode      // which commands wait: CLIENT PAUSE
	postponed    []*Client     // those whose command waits for that, the oldest first

	finishedAt []int64    // of the chunks whose replies this wake-up writes, by the server's nanos
	since      int64      // when the command that is being dispatched came, likewise; 0: its wait is not counted
	waits      []openWait // of the commands whose replies this turn writes
	tracer     *tracer    // nil: nothing is traced

	outgoing []push // that the hub gathers for the mailbox; hub.mu guards it
}

func newEventLoop(s *Server) (*eventLoop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &eventLoop{server: s, poller: p, clients: make(map[*Client]struct{}), sockets: make(map[int]*Client), now: time.Now(),
		buffer: make([]byte, biteBytes)}
	lookAgain := func() { l.do(func() {}) } // at whom it waits for
	l.returns, l.reading.returns = newReturns(minWriters, lookAgain), newReturns(manyReaders, lookAgain)
	l.stats.init(len(s.rows), s.settings)
	l.mailbox.wake = func() { l.logError("waking an event loop", p.wake()) }
	l.mailbox.rest = func() { l.logError("an event loop that was woken", p.rest()) }
	l.halted = s.haltMode()
	l.followMonitors()
	l.lane = s.node.NewLane(l)
	l.tracer = newTracer(s)
	l.largeBytes = l.lane.LargeBytes()
	if s.settings.idleTimeout() > 0 {
		l.do(l.closeIdle)
	}
	return l, nil
}

// run serves clients until stop.
func (l *eventLoop) run() {
	for !l.over {
		l.wakeUp()
	}
	for c := range l.clients {
		l.closeNow(c)
	}
	l.logError("closing a poller", l.poller.close())
}

// logError notes an error that a descriptor does not have while it is open.
func (l *eventLoop) logError(what string, err error) {
	if err != nil {
		l.server.logger.Error("resp: "+what, "error", err)
	}
}

// stop ends run.
func (l *eventLoop) stop() { l.over = true }

// wakeUp waits for something to do, and does it.
func (l *eventLoop) wakeUp() {
	busy := l.turns.any(l.hasRoom(), l.takesLarge())
	if busy {
		runtime.Gosched() // what this loop has caused comes first: it may wait for this very processor
	}
	events, err := l.poller.wait(!busy)
	if err != nil {
		l.logError("an event loop ends", err)
		l.over = true
		return
	}
	l.now = time.Now()
	for i := range events {
		l.onEvent(eventOf(&events[i]))
	}
	l.takeMail()
	l.endTurn()
	l.countReplies()
	if l.tracer != nil {
		l.tracer.tell()
	}
	l.serve()
	l.handOverAll()
}

// onEvent takes in what has happened on a socket.
func (l *eventLoop) onEvent(e happening) {
	c := l.sockets[e.fd]
	if c == nil {
		return // closed since
	}
	c.hungUp = c.hungUp || e.ended
	if c.isGone() || c.held() && e.hungUp {
		l.closeNow(c)
		return
	}
	c.readable = c.readable || e.input && !c.ended
	if e.room && c.conn.OutboundBuffered() > 0 {
		l.send(c)
		l.touch(c)
	}
	l.enqueueTurn(c)
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

// takeMail takes in what others left.
func (l *eventLoop) takeMail() {
	m, ok := l.mailbox.take(l.spare)
	if !ok {
		return
	}
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
}

// readInput reads what a client has sent, and runs it.
func (l *eventLoop) readInput(c *Client) {
	buf, want := l.buffer, c.scanner.Want()
	direct := min(c.input.len(), want) >= biteBytes
	if direct { // the rest of a large value goes where its beginning is
		buf = c.input.room(want, largeBite)
	}
	n, err := c.conn.Read(buf)
	switch {
	case n > 0: // an error comes again
	case errors.Is(err, errNothing):
		c.readable = false
		return
	case errors.Is(err, io.EOF):
		c.readable, c.ended = false, true
		return
	case err != nil:
		l.ended(c, err)
		return
	}
	// Less than there was room for is all there was. Of a connection that is over, nothing would tell of its end again.
	c.readable = n == len(buf) || c.hungUp || err != nil
	if direct {
		c.input.received(n)
		l.receive(c, nil, n)
		return
	}
	l.receive(c, buf[:n], n)
}

// receive runs what has come of a client: n bytes, in data, which is valid for its duration, or already in the input.
func (l *eventLoop) receive(c *Client, data []byte, n int) {
	c.active = l.now
	l.back(c)
	l.stats.inputBytes.Add(uint64(n))
	l.stats.reads.Add(1)
	if c.input.empty() {
		if data = data[l.parse(c, data):]; len(data) > 0 && !c.closed && !c.closing {
			c.input.add(data, c.scanner.Want())
		}
	} else {
		c.input.add(data, c.scanner.Want())
		l.parseInput(c)
	}
	raise(&l.stats.maxInput, c.input.len())
	if int64(c.input.len()) > l.server.settings.queryLimit() {
		l.dropFor(overQuery, c, "its unread input is beyond the query buffer limit")
	}
}

// parseInput runs commands of the input.
func (l *eventLoop) parseInput(c *Client) {
	if n := l.parse(c, c.input.unread()); !c.closed {
		c.input.skip(n)
	}
}

// parse runs complete commands at the beginning of buf, as long as the client is not held up and its bite is not over, and returns how
// many bytes they take. Whether there may be more is in hasMore.
func (l *eventLoop) parse(c *Client, buf []byte) (taken int) {
	c.hasMore = false
	for taken < len(buf) {
		if c.held() || l.isBiteOver(taken) {
			c.hasMore = true
			return taken
		}
		n, args, err := c.scanner.Next(buf[taken:])
		if err != nil {
			l.protocolError(c, err)
			return len(buf)
		}
		if n == 0 {
			return taken
		}
		if l.halted != haltNothing && len(args) > 0 && l.postpone(c, args) {
			l.holdUp(c)
			c.hasMore = true
			return taken
		}
		large := l.isLarge(c, args, n)
		if large && !c.idle() {
			l.holdUp(c)
			c.hasMore, c.alone = true, true
			return taken
		}
		if l.lacksRoom(c, args, large) {
			if !l.isOverdue(c) {
				l.holdUp(c)
				c.hasMore, c.awaitsRoom, c.awaitsLarge = true, !large, large
				return taken
			}
			taken += n
			l.came(c)
			l.refuseOverdue(c)
			continue
		}
		taken += n
		if len(args) > 0 {
			l.ahead, l.writesLarge = buf[taken:], large
			l.came(c)
			l.dispatch(c, args)
			l.ahead, l.writesLarge = nil, false
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

// endTurn settles the clients that this turn touched.
func (l *eventLoop) endTurn() {
	for i := 0; i < len(l.touched); i++ {
		c := l.touched[i]
		l.settle(c)
		c.isTouched = false
	}
	clear(l.touched)
	l.touched = l.touched[:0]
}

// handOverAll hands over what a wake-up has collected.
func (l *eventLoop) handOverAll() {
	l.handOver()
	if l.wantsReads {
		l.askRead()
	}
	if n := l.answers; n > 0 && !l.returns.awaits(l.now) {
		l.answers = 0
		l.lane.Answered(n)
	}
}

// settle brings a client as far as it can go without its input: reads whose turn it is, its replies to the socket, its end.
func (l *eventLoop) settle(c *Client) {
	for progress := true; progress && !c.closed; {
		progress = l.runWaiting(c) && !c.hasReady
		if c.idle() && c.onIdle != nil {
			start := c.onIdle
			c.onIdle = nil
			start()
			progress = true
		}
	}
	if c.input.empty() {
		c.scanner.Reset() // or it would keep the last command's memory
	}
	if c.alone && c.idle() {
		c.alone = false
	}
	l.closeView()
	l.flush(c)
	if c.isGone() {
		l.closeNow(c)
	}
	if c.closed {
		return
	}
	if c.idle() && c.heldBy == nil && (c.closing || l.draining) {
		l.finish(c)
	} else if l.draining && c.stuck {
		l.linger(c) // what it has asked for besides is not run before it has read
	}
	l.account(c)
	l.enqueueTurn(c)
}

// handOver gives the chunk back to the lane. It may block until there is room, so no view may be open.
func (l *eventLoop) handOver() {
	l.closeView()
	if l.chunk == nil {
		return
	}
	chunk, s := l.chunk, l.submission
	l.chunk, l.submission = nil, nil
	if l.tracer != nil {
		s.sent = l.server.nanos()
	}
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
