package statemachine

import "encoding/binary"

// The log's encoding of commands. Each begins with a byte that says what it is; numbers are unsigned varints, and bytes
// come behind their length. A format that needs more gets a kind of its own, so that old entries stay readable.
//
//	command  1 database argc (length argument)*
//	tick     2
//	exec     3 watches (database length key revision)* queued (0 database argc (length argument)* | 1 length reply)*
//	tight    4 database argc (length argument)*, a command of a node that was out of memory
//	evict    5 database key revision
//	as       6 length user entry, a command or transaction with scripts, of a user who may not do everything
//	settings 8 count (length name length value reset)*
const (
	kindCommand byte = 1
	kindTick    byte = 2
	kindExec    byte = 3
	kindTight   byte = 4
	kindEvict   byte = 5
	kindAs      byte = 6

	kindSettings byte = 8

	queuedCommand byte = 0
	queuedLiteral byte = 1
)

// Queued is one command of a transaction: a call in a database, or, for a command that the connection ran itself,
// its reply.
type Queued struct {
	DB   int
	Args [][]byte
	// Literal, if not nil, is an already encoded reply, which takes the place of DB and Args.
	Literal []byte
}

// Watch is a key that a transaction depends on, and View.Revision of it when it was watched.
type Watch struct {
	DB       int
	Key      []byte
	Revision uint64
}

// AppendCommand appends the log's encoding of one command, its name first, in a database.
func AppendCommand(dst []byte, db int, args [][]byte) []byte {
	return appendCall(append(dst, kindCommand), db, args)
}

// AppendTight appends a command as AppendCommand does, of a node that is out of memory by its own maxmemory. A script among them may not
// call what could take more, unless it has written before, so that all nodes do the same whatever their own limits are.
func AppendTight(dst []byte, db int, args [][]byte) []byte {
	return appendCall(append(dst, kindTight), db, args)
}

// AppendAs begins a command, tight or not, or a transaction of a user who may not do everything: what the scripts in it call is checked with
// the permissions that the user has at that point of the log, so that all nodes do the same. The command itself is to be appended next.
func AppendAs(dst []byte, user string) []byte { return appendBytes(append(dst, kindAs), []byte(user)) }

// AppendEvict appends the removal of a key if its revision is still the one that it was chosen with. It gets a Reply like every command and
// writes nothing to it.
func AppendEvict(dst []byte, v *Victim) []byte {
	dst = binary.AppendUvarint(append(dst, kindEvict), uint64(v.DB))
	return binary.AppendUvarint(appendBytes(dst, v.Key), v.Revision)
}

// AppendTick appends a command that does nothing but let time pass. It gets a Reply like every command and writes
// nothing to it.
func AppendTick(dst []byte) []byte { return append(dst, kindTick) }

// AppendExec appends a transaction: the queued commands run one after another with nothing between, if no watched key
// has changed.
func AppendExec(dst []byte, watches []Watch, queued []Queued) []byte {
	dst = binary.AppendUvarint(append(dst, kindExec), uint64(len(watches)))
	for i := range watches {
		dst = binary.AppendUvarint(dst, uint64(watches[i].DB))
		dst = appendBytes(dst, watches[i].Key)
		dst = binary.AppendUvarint(dst, watches[i].Revision)
	}
	dst = binary.AppendUvarint(dst, uint64(len(queued)))
	for i := range queued {
		if q := &queued[i]; q.Literal != nil {
			dst = appendBytes(append(dst, queuedLiteral), q.Literal)
		} else {
			dst = appendCall(append(dst, queuedCommand), q.DB, q.Args)
		}
	}
	return dst
}

func appendCall(dst []byte, db int, args [][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(db))
	dst = binary.AppendUvarint(dst, uint64(len(args)))
	for _, arg := range args {
		dst = appendBytes(dst, arg)
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// decoder reads the encoding. What does not decode sets bad, and everything read from then on is empty. What it returns
// points into the bytes it reads; its slices are reused from one command to the next.
type decoder struct {
	rest []byte
	bad  bool

	args    Args
	watches []Watch
	queued  []Queued
	calls   [][]byte // the arguments of all queued commands, one after another
}

// maxKeptArgs bounds the slices that a decoder keeps for the next command.
const maxKeptArgs = 1024

// reset begins with other bytes and lets go of the old ones.
func (d *decoder) reset(b []byte) {
	d.rest, d.bad = b, false
	clear(d.args[:cap(d.args)])
	clear(d.watches[:cap(d.watches)])
	clear(d.queued[:cap(d.queued)])
	clear(d.calls[:cap(d.calls)])
	if cap(d.args) > maxKeptArgs {
		d.args = nil
	}
	if cap(d.watches) > maxKeptArgs || cap(d.queued) > maxKeptArgs || cap(d.calls) > maxKeptArgs {
		d.watches, d.queued, d.calls = nil, nil, nil
	}
}

func (d *decoder) fail() {
	d.rest, d.bad = nil, true
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads how many items follow; each takes at least one byte, so a number that cannot be true is refused before
// anything is made room for.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.count()
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) database() int {
	db := d.uvarint()
	if db >= Databases {
		d.fail()
		return 0
	}
	return int(db)
}

// call reads a database and arguments, which it appends to args.
func (d *decoder) call(args [][]byte) (db int, _ [][]byte) {
	db = d.database()
	n := d.count()
	if n == 0 {
		d.fail()
	}
	for range n {
		if d.bad {
			break
		}
		args = append(args, d.bytes())
	}
	return db, args
}

// command reads what follows kindCommand.
func (d *decoder) command() (db int, args Args) {
	db, d.args = d.call(d.args[:0])
	return db, d.args
}

// evict reads what follows kindEvict.
func (d *decoder) evict() Victim {
	return Victim{DB: d.database(), Key: d.bytes(), Revision: d.uvarint()}
}

// exec reads what follows kindExec.
func (d *decoder) exec() ([]Watch, []Queued) {
	d.watches, d.queued, d.calls = d.watches[:0], d.queued[:0], d.calls[:0]
	for range d.count() {
		if d.bad {
			break
		}
		d.watches = append(d.watches, Watch{DB: d.database(), Key: d.bytes(), Revision: d.uvarint()})
	}
	for range d.count() {
		if d.bad {
			break
		}
		d.queued = append(d.queued, d.queuedItem())
	}
	return d.watches, d.queued
}

func (d *decoder) queuedItem() (q Queued) {
	switch d.byte() {
	case queuedLiteral:
		q.Literal = d.bytes()
	case queuedCommand:
		start := len(d.calls)
		q.DB, d.calls = d.call(d.calls)
		// Should calls move as it grows, the arguments of earlier commands stay where they were.
		q.Args = d.calls[start:len(d.calls):len(d.calls)]
	default:
		d.fail()
	}
	return q
}
