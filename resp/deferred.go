package resp

import (
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// kind says what is to be done for an item when its turn comes.
type kind uint8

const (
	kindWrite   kind = iota // a command of the chunk: the machine runs it
	kindTick                // a command of the chunk without a reply: lets time pass
	kindRead                // a command that reads
	kindWatch               // WATCH: the keys' revisions
	kindExec                // a transaction that only reads
	kindLiteral             // a reply that is ready
	kindList                // a list of many keys: it only begins now
)

// item is one command whose reply is outstanding. It is a value in an itemQueue.
type item struct {
	client  *Client
	row     *row
	tx      *transaction // kindExec
	call    *blockedCall // of a command that may have to wait for a key
	tracker *tracker     // its client's, if that tracks
	ticket  uint64       // while it waits on the loop: the read slot it needs; 0 for none
	since   int64        // when it came; see waits.go
	nanos   int64        // how long it ran
	end     int          // where its reply ends, in a submission
	args    int          // its arguments are itemQueue.args[args : args+argc]
	argc    int
	tally   int // its client's place in submission.tallies
	cost    int // what it counts against its client's maxOwed
	kind    kind
	db      uint8
	proto   uint8
	quiet   bool               // its reply is not sent: CLIENT REPLY
	noTouch bool               // CLIENT NO-TOUCH
	tooMuch bool               // its reply would go past the output limit
	caches  bool               // the keys that it reads are remembered
	holds   bool               // its client is held until it is answered
	user    *statemachine.User // whose permissions its scripts have; nil: they may do everything
	guard   bool               // an EXEC whose client waits for its outcome: see Client.execDB
	failed  replication.Outcome
}

// stamp gives the item what holds for its client now.
func (it *item) stamp() {
	c := it.client
	it.db, it.proto, it.quiet, it.noTouch, it.since = uint8(c.db), uint8(c.proto), c.quiet, c.noTouch, c.loop.since
	it.user = c.actor()
	if c.tracks() {
		it.tracker, it.caches = c.tracker, c.caches()
	}
}

// itemCost is what an item counts besides its bytes.
const itemCost = 160

// itemQueue is a list of items and the copies of their arguments, which lie one after another, so that an item costs no
// allocation of its own.
type itemQueue struct {
	items []item
	args  [][]byte
	data  []byte
}

// push appends an item with a copy of its arguments.
func (q *itemQueue) push(it item, args [][]byte) {
	it.args, it.argc = len(q.args), len(args)
	it.cost = itemCost
	for _, arg := range args {
		start := len(q.data)
		// When data has to move, the copies made so far stay where they are.
		q.data = append(q.data, arg...)
		q.args = append(q.args, q.data[start:len(q.data):len(q.data)])
		it.cost += len(arg)
	}
	q.items = append(q.items, it)
}

func (q *itemQueue) argsOf(it *item) statemachine.Args { return q.args[it.args : it.args+it.argc] }

// The most that an empty itemQueue keeps for its next items.
const (
	maxKeptItems = 4096
	maxKeptBytes = 64 << 10
)

// reset empties the queue and keeps its memory, unless that is a lot.
func (q *itemQueue) reset() {
	clear(q.items)
	clear(q.args)
	q.items, q.args, q.data = q.items[:0], q.args[:0], q.data[:0]
	if cap(q.items) > maxKeptItems {
		q.items = nil
	}
	if cap(q.args) > maxKeptItems {
		q.args = nil
	}
	if cap(q.data) > maxKeptBytes {
		q.data = nil
	}
}

// run answers an item that is not a write from a view of the state. revisions are those of a WATCH, appended to buf. due
// is View.Run's: the reply must be thrown away.
func (q *itemQueue) run(it *item, view *statemachine.View, w *Writer, buf []uint64) (revisions []uint64, due bool) {
	w.Proto = int(it.proto)
	if it.caches {
		it.client.loop.server.hub.rememberRead(it, q.argsOf(it)) // the state is locked: no change comes between this and what is read
	}
	if it.noTouch {
		view.NoTouch(true)
		defer view.NoTouch(false)
	}
	if it.user != nil {
		view.As(it.user)
		defer func() {
			view.As(nil)
			it.client.noteScript(view.Denials())
		}()
	}
	switch it.kind {
	case kindRead:
		w.expect(it.call, view)
		return buf, view.Run(it.row.Command, int(it.db), q.argsOf(it), w)
	case kindWatch:
		for _, key := range q.argsOf(it)[1:] {
			buf = append(buf, view.Revision(int(it.db), key))
		}
		w.Status("OK")
	case kindExec:
		return buf, view.Exec(it.tx.watches, it.tx.queued, w)
	case kindLiteral:
		w.Raw(q.argsOf(it)[0])
	}
	return buf, false
}

// fail answers an item that got no place in the log and no read slot.
func (q *itemQueue) fail(it *item, w *Writer, outcome replication.Outcome) {
	w.Proto = int(it.proto)
	switch it.kind {
	case kindLiteral:
		w.Raw(q.argsOf(it)[0])
	case kindTick:
	default:
		w.Error(outcome.String())
	}
}

// waitList is an itemQueue that is also read from the front.
type waitList struct {
	itemQueue
	head int
}

func (l *waitList) empty() bool { return l.head == len(l.items) }

func (l *waitList) front() *item { return &l.items[l.head] }

func (l *waitList) pop() {
	if l.head++; l.head == len(l.items) {
		l.reset()
		l.head = 0
	}
}

func (l *waitList) clear() {
	*l = waitList{}
}
