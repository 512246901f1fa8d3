package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// front is what clients talk to at a process: it does with a group what package resp does, without sockets.
type front struct {
	node *node
	boot uint64
	lane *replication.Lane
	// ticket is that of the newest read; reads wait for theirs.
	ticket, ready uint64
	reads         []waitingRead
	running       bool
	// granted are the reads that run by the lease right now.
	granted []*grantedRead
	// open are the operations without an outcome, oldest first.
	open []*operation
}

type waitingRead struct {
	ticket uint64
	op     *operation
}

func newFront(n *node) *front {
	f := &front{node: n, boot: n.boots}
	f.lane = n.group.NewLane(f)
	return f
}

// take starts an operation. It reports false if the node has no room for it.
func (f *front) take(op *operation) bool {
	if f.lane.IsFull() || f.node.group.IsDone() || f.isReading(op.client) {
		return false
	}
	pending, waiting := f.outstanding(op.client)
	large := op.isWrite() && len(op.encode(nil)) > f.lane.LargeBytes()
	if f.isAlone(op.client) || large && (pending > 0 || waiting > 0 || !f.lane.TakesLarge()) {
		return false // a large command is alone on its connection
	}
	f.open = append(f.open, op)
	switch w := f.node.world; {
	case large:
		w.figuresSoFar.Large++
		op.large = true
		f.lane.Large(&replication.Chunk{Commands: op.encode(nil), Count: 1, Replies: &submission{front: f, items: []item{{op: op, command: true}}}})
	case op.isWrite():
		f.moveWaiting(op.client)
		f.submit(op, op.encode)
	case pending > 0 || w.chance(100):
		f.moveWaiting(op.client)
		f.submit(op, nil) // behind the writes of its own connection
	case waiting > 0:
		f.ask(op)
	default:
		f.read(op)
	}
	f.node.wake()
	return true
}

// isAlone reports whether a large command of a client is on its way.
func (f *front) isAlone(c *client) bool {
	return slices.ContainsFunc(f.open, func(op *operation) bool { return op.client == c && op.large })
}

// outstanding counts what has no outcome yet of a client: what is on its way into the log, and the reads that wait here.
func (f *front) outstanding(c *client) (pending, waiting int) {
	for _, r := range f.reads {
		if r.op.client == c {
			waiting++
		}
	}
	for _, op := range f.open {
		if op.client == c {
			pending++
		}
	}
	return pending - waiting, waiting
}

// moveWaiting takes the reads of a client that wait here into the open chunk, where they run at that point of the log: what comes behind them
// is to be answered after them.
func (f *front) moveWaiting(c *client) {
	f.reads = slices.DeleteFunc(f.reads, func(r waitingRead) bool {
		if r.op.client == c {
			f.submit(r.op, nil)
		}
		return r.op.client == c
	})
}

// submit puts an operation into the open chunk: a command, or, without one, a read that waits for its turn.
func (f *front) submit(op *operation, encode func([]byte) []byte) {
	chunk := f.lane.Begin()
	s, _ := chunk.Replies.(*submission)
	if s == nil {
		s = &submission{front: f}
		chunk.Replies = s
	}
	if encode != nil {
		chunk.Commands = encode(chunk.Commands)
		chunk.Count++
	}
	s.items = append(s.items, item{op: op, command: encode != nil})
	f.lane.End(chunk)
}

// tick has time pass in the log before an operation reads again: it met a key that is due by the local clock alone.
func (f *front) tick(op *operation) {
	chunk := f.lane.Begin()
	s, _ := chunk.Replies.(*submission)
	if s == nil {
		s = &submission{front: f}
		chunk.Replies = s
	}
	chunk.Commands = statemachine.AppendTick(chunk.Commands)
	chunk.Count++
	s.items = append(s.items, item{command: true}, item{op: op})
	f.lane.End(chunk)
}

// read runs an operation that reads at once if it may, else when its slot is applied.
func (f *front) read(op *operation) {
	if !f.readByLease(op) {
		f.ask(op)
	}
}

// ask has an operation wait for a read slot.
func (f *front) ask(op *operation) {
	f.ticket++
	f.reads = append(f.reads, waitingRead{f.ticket, op})
	f.lane.AskRead(f.ticket)
}

// view runs a read on the state as it is.
func (f *front) view(op *operation) (reply []byte, due bool) {
	nowMS := f.node.clock.Now().Real / 1_000_000
	v := f.node.machine.Read(nowMS)
	defer v.Close()
	var r recorded
	if due = op.run(v, &r); !due {
		f.node.world.checks.readAt(op, f.applied(), nowMS, r.encoded)
	}
	return r.encoded, due
}

// applied is the slot that the state is of.
func (f *front) applied() paxos.Slot { return f.node.group.Applied() }

// ReadsReady implements replication.LaneListener.
func (f *front) ReadsReady(through uint64) {
	f.ready = max(f.ready, through)
	f.runSoon()
}

// runSoon runs the reads that may run, as an event loop does that was woken.
func (f *front) runSoon() {
	if f.running {
		return
	}
	f.running = true
	w := f.node.world
	w.after(w.between(0, 100*microsecond), func() {
		f.running = false
		if f.isOver() {
			return
		}
		if f.node.isFrozen() {
			w.at(f.node.thaw(), f.runSoon)
			return
		}
		f.runReady()
	})
}

func (f *front) isOver() bool { return !f.node.isUp() || f.node.boots != f.boot }

func (f *front) runReady() {
	for len(f.reads) > 0 && f.reads[0].ticket <= f.ready {
		op := f.reads[0].op
		f.reads = f.reads[1:]
		if reply, due := f.view(op); !due {
			f.finish(op, f.applied(), reply)
		} else {
			f.tick(op)
			f.moveWaiting(op.client)
			f.node.wake()
		}
	}
}

// ReadsFailed implements replication.LaneListener.
func (f *front) ReadsFailed(through uint64, outcome replication.Outcome) {
	for len(f.reads) > 0 && f.reads[0].ticket <= through {
		op := f.reads[0].op
		f.reads = f.reads[1:]
		f.fail(op, outcome)
	}
}

// finish gives an operation its reply, which rests on the state at slot.
func (f *front) finish(op *operation, slot paxos.Slot, reply []byte) {
	f.forget(op)
	op.client.replied(op, slot, reply)
}

// fail gives an operation the outcome of having no reply.
func (f *front) fail(op *operation, outcome replication.Outcome) {
	f.forget(op)
	op.client.failed(op, outcome == replication.Uncertain && op.isWrite())
}

func (f *front) forget(op *operation) {
	for i, o := range f.open {
		if o == op {
			f.open = append(f.open[:i], f.open[i+1:]...)
			return
		}
	}
}

// lost is what the end of the process does to its clients: nobody knows what became of the writes.
func (f *front) lost() {
	open := f.open
	f.open = nil
	for _, op := range open {
		op.client.failed(op, op.isWrite())
	}
}

// submission is what a front keeps of a chunk: whose commands they are. It implements replication.Replies and statemachine.Replies.
type submission struct {
	front *front
	items []item
	at    int
	reply *recorded
	// replies are those of the commands, for the checks.
	replies [][]byte
	// running: the command of items[at] was started.
	running bool
}

// item is a command, or a read that runs when its turn in the chunk has come. A tick is a command of nobody's.
type item struct {
	op      *operation
	command bool
}

// checkWhole looks at the commands that are about to be run: those of a large one are as they were before they went in fragments.
func (s *submission) checkWhole(commands []byte) {
	if op := s.items[0].op; op != nil && op.large && !bytes.Equal(commands, op.encode(nil)) {
		s.front.node.world.violated(fmt.Errorf("operation %v is run as %q", op, commands))
	}
}

// Next implements statemachine.Replies.
func (s *submission) Next(_ int, view *statemachine.View) statemachine.Reply {
	s.end()
	s.runReads(view)
	if s.at == len(s.items) {
		s.front.node.world.violated(errTooMany)
		return statemachine.Discard
	}
	s.running = true
	s.reply = &recorded{}
	return s.reply
}

// Finish implements statemachine.Replies.
func (s *submission) Finish(_ uint64, view *statemachine.View) {
	s.end()
	s.runReads(view)
}

// Fail implements replication.Replies.
func (s *submission) Fail(outcome replication.Outcome) {
	for ; s.at < len(s.items); s.at++ {
		if op := s.items[s.at].op; op != nil {
			s.front.fail(op, outcome)
		}
	}
}

// end gives the command that has just run its reply.
func (s *submission) end() {
	if !s.running {
		return
	}
	s.running = false
	s.replies = append(s.replies, s.reply.encoded)
	if op := s.items[s.at].op; op != nil {
		s.front.finish(op, s.front.node.applying, s.reply.encoded)
	}
	s.at++
}

func (s *submission) runReads(view *statemachine.View) {
	for ; s.at < len(s.items) && !s.items[s.at].command; s.at++ {
		op := s.items[s.at].op
		var r recorded
		op.run(view, &r) // the log's time rules here: nothing is due
		s.front.finish(op, s.front.node.applying, r.encoded)
	}
}
