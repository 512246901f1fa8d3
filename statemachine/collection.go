package statemachine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A collection's value, in its key's object, begins with its form. A whole one has all its elements in a block behind that. One that
// has outgrown a block is in parts: behind the form are its id and the number of its elements, 8 bytes big-endian each, and the elements
// are in the values of other objects, the parts, in a space of their own in the same database. A part's key is the collection's id and
// what the collection's index finds it by. So a change of one element is a change of one part, and that is all that a checkpoint writes,
// and no change takes longer than a part is large.
//
// What form a collection has, and how it is divided, is decided by the log alone: it is the same on all nodes.
const (
	formWhole byte = 0
	formParts byte = 1

	// wholeHead and partsHead are what is in front of the block, or is everything.
	wholeHead = 1
	partsHead = 1 + 8 + 8

	// idBytes is the length of a collection's id in the key of a part.
	idBytes = 8
)

// partVersion is the version in the records of parts, which have none.
const partVersion = 1

// Errors of parts that do not fit together.
var (
	errPartKey     = errors.New("the key of a part is not as long as it must be")
	errPartsMissed = errors.New("parts are missing, or there are too many")
	errPartsKind   = errors.New("the parts are of several kinds")
	errPartsCount  = errors.New("the parts do not have as many elements as the key says")
	errPartsNone   = errors.New("it is of no key")
)

// index finds the parts of a collection. It is made from them, and is in no record.
type index interface {
	// all are the parts. Whoever goes through them may remove those he has seen from their space, but change nothing else.
	all() iter.Seq[*Object]
	// count is how many parts there are.
	count() int
	// release takes blocks out of the index, at most of them: parts, for each of which it calls free, and what it has made beside them. It
	// returns how many; fewer than most: there are no more.
	release(most int, free func(part *Object)) (blocks int)
	// link builds the index of a collection of a database from its parts, in any order, and returns how many elements they have.
	link(db *database, parts []*Object) (count uint64, err error)
}

// newIndex is an empty index of a kind of collection.
func newIndex(kind Kind) index {
	switch kind {
	case KindList:
		return &listIndex{}
	case KindStream:
		return &streamIndex{}
	case KindHash, KindSet:
		return &elementIndex{}
	case KindZSet:
		return &rankedIndex{}
	}
	return nil
}

// emptyCollection is the value of a collection without elements, which no key keeps.
func emptyCollection() []byte { return []byte{formWhole, 0, 0} }

// collection makes sure that the key holds a collection, an empty one if it is missing. The command that calls it adds elements, or
// calls wrote.
func (ks *keyspace) collection(e *entry, kind Kind) {
	if e.object == nil {
		ks.create(e, kind, emptyCollection())
	}
}

// renew makes the key hold an empty collection, whatever it held before, without a deadline.
func (ks *keyspace) renew(e *entry, kind Kind) {
	if e.object == nil {
		ks.collection(e, kind)
		return
	}
	ks.dropParts(e)
	o := e.edit()
	o.kind = kind
	o.setString(emptyCollection())
	ks.clearDeadline(e)
}

// wrote ends a command's changes of a collection that has n elements left: without any the key goes, else it gets the stamp's version.
func (ks *keyspace) wrote(e *entry, n int, s stamp) {
	if n == 0 {
		ks.remove(e)
		return
	}
	ks.stamp(e, s)
}

// wrote is keyspace.wrote and tells of it: of the command's event, and then of "del" if the key has gone.
func (tx *Tx) wrote(e *entry, n int, s stamp, class EventClass, event string) {
	tx.ks.wrote(e, n, s)
	tx.notify(class, event, e.key)
	if n == 0 {
		tx.notify(EventGeneric, "del", e.key)
	}
}

// inParts reports whether the object's value is a collection in parts.
func (o *Object) inParts() bool { return o.kind.isCollection() && o.str()[0] == formParts }

// partOf is the id of the collection that a part is of.
func partOf(part *Object) uint64 { return binary.BigEndian.Uint64(part.key()) }

// partsID is the id of a collection in parts.
func (o *Object) partsID() uint64 { return binary.BigEndian.Uint64(o.str()[1:]) }

// partsCount is how many elements a collection in parts has.
func (o *Object) partsCount() uint64 { return binary.BigEndian.Uint64(o.str()[1+8:]) }

// setPartsCount notes how many elements a collection in parts has.
func (o editable) setPartsCount(n uint64) { binary.BigEndian.PutUint64(o.str()[1+8:], n) }

// appendPartsHead appends the value of a collection in parts.
func appendPartsHead(dst []byte, id, count uint64) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, formParts), id)
	return binary.BigEndian.AppendUint64(dst, count)
}

// newPart adds a part to a collection: rest is its key behind the id.
func (ks *keyspace) newPart(db *database, kind Kind, id uint64, rest, value []byte) *Object {
	key := append(binary.BigEndian.AppendUint64(make([]byte, 0, 64), id), rest...)
	o := newObject(db.parts.memory, kind|kindPart, key, value)
	o.version = partVersion
	db.parts.insert(ks.hasher.hash(key), o)
	return o
}

// removePart takes a part away.
func (ks *keyspace) removePart(db *database, part *Object) {
	db.parts.remove(ks.hasher.hash(part.key()), part)
}

// dropParts takes the parts away from the entry's object, whose value is about to be replaced as a whole or to go.
func (ks *keyspace) dropParts(e *entry) {
	o := e.object
	if o.inParts() {
		ks.leave(e.db, o)
	}
	if o.kind == KindStream {
		ks.signal(e.db, o) // who reads for a group is to be told
	}
}

// intoParts makes one part of a whole collection, and its index. rest is the part's key behind the collection's id.
func (ks *keyspace) intoParts(db *database, o *Object, rest []byte) index {
	count, id := block{o, wholeHead}.count(), ks.newID()
	part := ks.newPart(db, o.kind, id, rest, o.str()[wholeHead:])
	var head [partsHead]byte
	db.keys.edit(o).setValue(appendPartsHead(head[:0], id, uint64(count)))
	x := newIndex(o.kind)
	if _, err := x.link(db, []*Object{part}); err != nil {
		panic("statemachine: the part of a whole collection: " + err.Error()) // it has all elements
	}
	db.indexes[id] = x
	db.own(o)
	return x
}

// intoWhole makes a whole collection, of that value, of one in a single part.
func (ks *keyspace) intoWhole(db *database, o, part *Object, value []byte) {
	id := o.partsID()
	db.keys.edit(o).setValue(value)
	ks.removePart(db, part)
	db.forget(id)
}

// forget takes the index of a collection away that has no parts any more, with all that is derived from them.
func (db *database) forget(id uint64) {
	if x, ok := db.indexes[id].(*rankedIndex); ok {
		x.ranking.free()
	}
	delete(db.indexes, id)
}

// putValue makes the key hold another object's value, of any kind; flags that tell of the encoding come along. With take the source, which
// is in the same database, is about to be removed, so its parts go over as they are.
func (ks *keyspace) putValue(e *entry, from *database, source *Object, take bool, s stamp) {
	value := source.str()
	if source.inParts() && !take {
		value = ks.copyParts(e.db, from, source)
	}
	ks.putString(e, value, s)
	o := e.edit()
	o.kind = source.kind
	o.flags |= source.flags & encodingFlags
	ks.signal(e.db, o.Object)
	if o.inParts() {
		e.db.own(o.Object)
	}
	if source.inParts() && take {
		from.keys.edit(source).setValue(emptyCollection())
	}
}

// copyParts copies the parts of a collection, and returns what the value of a key that has the copies is.
func (ks *keyspace) copyParts(to, from *database, source *Object) []byte {
	id := ks.newID()
	var parts []*Object
	for part := range from.indexes[source.partsID()].all() {
		c := ks.newPart(to, source.kind, id, part.key()[idBytes:], part.str())
		if at, timed := from.parts.times.of(part); timed {
			to.parts.setTime(c, at)
		}
		parts = append(parts, c)
	}
	copied := newIndex(source.kind)
	count, err := copied.link(to, parts)
	if err != nil {
		panic(fmt.Sprintf("statemachine: the copies of a collection's parts: %v", err)) // the originals are linked
	}
	to.indexes[id] = copied
	return append(appendPartsHead(nil, id, count), source.str()[partsHead:]...)
}

// linkParts makes the indexes of a database whose records have all come.
func (ks *keyspace) linkParts(db *database) error {
	parts := make(map[uint64][]*Object)
	var failed error
	db.parts.each(func(part *Object) bool {
		if len(part.key()) < idBytes {
			failed = errPartKey
			return false
		}
		id := binary.BigEndian.Uint64(part.key())
		parts[id] = append(parts[id], part)
		return true
	})
	if failed != nil {
		return failed
	}
	db.keys.each(func(o *Object) bool {
		if o.inParts() {
			failed = ks.linkCollection(db, o, parts[o.partsID()])
			delete(parts, o.partsID())
		}
		return failed == nil
	})
	if failed == nil && len(parts) > 0 {
		failed = errPartsNone
	}
	return failed
}

// linkCollection makes the index of one key's parts.
func (ks *keyspace) linkCollection(db *database, o *Object, parts []*Object) error {
	for _, part := range parts {
		if part.kind != o.kind|kindPart {
			return errPartsKind
		}
	}
	x := newIndex(o.kind)
	count, err := x.link(db, parts)
	if err != nil {
		return err
	}
	if count != o.partsCount() {
		return errPartsCount
	}
	db.indexes[o.partsID()] = x
	db.own(o)
	return nil
}
