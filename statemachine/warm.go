package statemachine

import "encoding/binary"

const (
	// warmAhead is how many commands are looked ahead at once: as many misses of the caches as a core waits for side by side.
	warmAhead = 16
	// warmFrom is how many commands there must be for that to be worth it.
	warmFrom = 4
)

// warmer brings what the next commands of a batch will touch into the processor's caches. Keys lie all over memory, and a command waits
// for it three times, one after the other: for the bucket, the object, and the key's bytes. Those of different commands do not depend on each
// other, so a look at all of them first, level by level, makes the waits overlap. It changes nothing, and decides nothing.
type warmer struct {
	objects [warmAhead]*Object
	// seen keeps the compiler from leaving the looks out.
	seen uint64
}

// warm looks at the keys of the next commands in an encoded batch. It takes the first argument behind a command's name for its key, as it is
// for most commands; for the others the look is in vain.
func (w *warmer) warm(ks *keyspace, batch []byte) {
	n := 0
	for n < warmAhead {
		db, key, rest := peekKey(batch)
		if rest == nil {
			break
		}
		batch = rest
		if key != nil {
			w.objects[n] = ks.databases[db].keys.bucketOf(ks.hasher.hash(key))
			n++
		}
	}
	objects := w.objects[:n]
	for _, o := range objects {
		if o != nil {
			w.seen += uint64(o.keyLen)
		}
	}
	for _, o := range objects {
		if o != nil {
			if len(o.buf) > 0 {
				w.seen += uint64(o.buf[0])
			}
			if o.next != nil {
				w.seen += uint64(o.next.keyLen)
			}
		}
	}
	clear(objects)
}

// bucketOf is the first object of a hash's bucket, in the table that most of the keys are in.
func (d *dict) bucketOf(hash uint64) *Object {
	table := d.newest()
	if len(table) == 0 {
		return nil
	}
	return table[hash&uint64(len(table)-1)]
}

// peekKey reads the database and the first argument of the command at the beginning of a batch; rest is what follows that command, nil if
// it is not a plain one. key is nil without an argument.
func peekKey(b []byte) (db uint64, key, rest []byte) {
	if len(b) < 2 || b[0] != kindCommand {
		return 0, nil, nil
	}
	b = b[1:]
	var count uint64
	var ok bool
	if db, b, ok = peekUvarint(b); !ok || db >= Databases {
		return 0, nil, nil
	}
	if count, b, ok = peekUvarint(b); !ok {
		return 0, nil, nil
	}
	for i := range count {
		var size uint64
		if size, b, ok = peekUvarint(b); !ok || size > uint64(len(b)) {
			return 0, nil, nil
		}
		if i == 1 {
			key = b[:size]
		}
		b = b[size:]
	}
	return db, key, b
}

func peekUvarint(b []byte) (uint64, []byte, bool) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:], true
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}
