package statemachine

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
	w.look(n)
}

// look looks at the first n objects, and forgets them.
func (w *warmer) look(n int) {
	objects := w.objects[:n]
	for _, o := range objects {
		if o != nil {
			w.seen += uint64(o.keyLen)
		}
	}
	for _, o := range objects {
		if o != nil {
			w.seen += uint64(*(*byte)(o.data))
			if o.next != nil {
				w.seen += uint64(o.next.keyLen)
			}
		}
	}
	clear(objects)
}

// The number of keys for which View.Warm is worth it, and of those that it looks at.
const (
	LeastWarm = warmFrom
	MostWarm  = warmAhead
)

// Warm brings what is known of keys into the processor's caches, for reads of this view that follow at once: the first MostWarm of them. It
// changes nothing that can be seen.
func (v *View) Warm(db int, keys [][]byte) {
	if db < 0 || db >= Databases {
		return
	}
	keys = keys[:min(len(keys), warmAhead)]
	ks := v.tx.ks
	for i, key := range keys {
		v.warmer.objects[i] = ks.databases[db].keys.bucketOf(ks.hasher.hash(key))
	}
	v.warmer.look(len(keys))
}

// bucketOf is the first object of a hash's bucket.
func (d *dict) bucketOf(hash uint64) *Object {
	if len(d.tables[0]) == 0 {
		return nil
	}
	return *d.chain(hash)
}

// peekKey reads the database and the first argument of the command at the beginning of a batch; rest is what follows that command, nil if
// it is not a plain one. key is nil without an argument.
func peekKey(batch []byte) (db int, key, rest []byte) {
	d := decoder{rest: batch}
	if d.byte() != kindCommand {
		return 0, nil, nil
	}
	db = d.database()
	for i := range d.count() {
		if arg := d.bytes(); i == 1 {
			key = arg
		}
		if d.bad {
			break
		}
	}
	if d.bad {
		return 0, nil, nil
	}
	return db, key, d.rest
}
