package state

import (
	"bytes"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"
)

// bulk fills a generation that holds nothing else, in the order of the keys: straight into tables, each written and synced once. There are no
// logs of memtables, and nothing to merge later. While it is under way, the generation takes no batches. It must be ended, by finish or by
// cancel. An error ends the use of the generation.
//
// Badger writes a table while the next ones are being filled. Each table is a stream of its own: Badger's
// goroutine that fills a table then never has to write one, where it would answer an error with a panic.
type bulk struct {
	g      *generation
	writer *badger.StreamWriter
	pace   pace

	pending *z.Buffer // entries that Badger was not yet given
	bytes   int       // in it
	stream  uint32
	filled  int // of the stream's table, at most
	last    []byte
	marks   []mark // of tables that are not known to be on stable storage, in their order

	// The memory of the entry that is being added.
	kv   pb.KV
	meta [1]byte
}

// mark is the end of a table.
type mark struct {
	last   []byte // key
	cursor []byte // where what follows begins
}

// topLevel is the first level of Badger's tree that tables are put into. Each bulk that goes on where another one stopped uses the
// level above.
const topLevel = 2

// bulk begins one. What an earlier one has put there stays.
func (g *generation) bulk() (*bulk, error) {
	for _, level := range g.db.Levels() {
		if level.NumTables > 0 && level.Level <= topLevel {
			return nil, fmt.Errorf("storage: the checkpoint in %s was interrupted too often to go on with it", g.dir)
		}
	}
	b := &bulk{g: g, writer: g.db.NewStreamWriter(), pace: newPace(g.rest), pending: z.NewBuffer(biteBytes+biteBytes/2, "bulk")}
	if err := b.run(b.writer.PrepareIncremental); err != nil {
		return nil, b.abort(err)
	}
	return b, nil
}

// run does something with Badger, and says where if it fails.
func (b *bulk) run(work func() error) error {
	if err := b.g.badger.guard(work); err != nil {
		return fmt.Errorf("storage: cannot write to the checkpoints in %s: %w", b.g.dir, err)
	}
	return nil
}

// abort cancels after an error, which it returns.
func (b *bulk) abort(err error) error {
	b.cancel()
	return err
}

// cancel ends it early. What is in tables stays.
func (b *bulk) cancel() {
	_ = b.run(func() error { b.writer.Cancel(); return nil }) // if Badger has failed, it is not waited for
}

// add takes an entry, of which nothing is kept. Its key must be above all before.
func (b *bulk) add(key []byte, meta byte, value []byte, attempt uint64) error {
	if bytes.Compare(key, b.last) <= 0 {
		return inconsistent("the keys do not ascend") // Badger would end the process
	}
	b.follow(key)
	b.meta[0] = meta
	b.kv.Key, b.kv.Value, b.kv.UserMeta, b.kv.Version, b.kv.StreamId = key, value, b.meta[:], attempt, b.stream
	badger.KVToBuffer(&b.kv, b.pending)
	b.last = append(b.last[:0], key...)
	b.bytes += len(key) + len(value) + entryOverhead
	b.filled += 2*len(key) + len(value) + tableOverhead
	if b.full() {
		b.cut()
	}
	if b.bytes < biteBytes {
		return nil
	}
	return b.write()
}

// tableOverhead bounds what a table has for an entry besides key, value, and the key again in its index.
const tableOverhead = 64

// full says that a table must end: it is not yet so full that Badger would end it by itself.
func (b *bulk) full() bool { return b.filled >= tableBytes*9/10 }

// cut ends the table.
func (b *bulk) cut() {
	badger.KVToBuffer(&pb.KV{StreamId: b.stream, StreamDone: true}, b.pending)
	b.marks = append(b.marks, mark{last: bytes.Clone(b.last)})
	b.stream, b.filled = b.stream+1, 0
}

// follow says where what follows the last entry begins.
func (b *bulk) follow(cursor []byte) {
	if n := len(b.marks); n > 0 && b.filled == 0 && b.marks[n-1].cursor == nil {
		b.marks[n-1].cursor = bytes.Clone(cursor)
	}
}

// write gives Badger what is pending, and rests.
func (b *bulk) write() error {
	if err := b.run(func() error { return b.writer.Write(b.pending) }); err != nil {
		return err
	}
	b.pending.Reset()
	b.bytes = 0
	b.pace.pause()
	return nil
}

// finish writes the rest, and returns when all is on stable storage.
func (b *bulk) finish() error {
	if err := b.write(); err != nil {
		return b.abort(err)
	}
	if err := b.run(b.writer.Flush); err != nil {
		return b.abort(err)
	}
	return syncDirectory(b.g.dir)
}

// load fills a new generation.
func (g *generation) load(fill func(*bulk) error) error {
	b, err := g.bulk()
	if err != nil {
		return err
	}
	if err := fill(b); err != nil {
		return b.abort(err)
	}
	return b.finish()
}

// resumable returns how far all is on stable storage: a cursor, nil if it is not known to have come further than it said before.
func (b *bulk) resumable() (cursor []byte, err error) {
	there := make(map[string]struct{})
	for _, t := range b.g.db.Tables() { // in the MANIFEST, synced, and so are they
		there[string(y.ParseKey(t.Right))] = struct{}{}
	}
	for len(b.marks) > 0 {
		m := b.marks[0]
		if _, ok := there[string(m.last)]; !ok || m.cursor == nil {
			break
		}
		cursor, b.marks = m.cursor, b.marks[1:]
	}
	if cursor == nil {
		return nil, nil
	}
	return cursor, syncDirectory(b.g.dir)
}
