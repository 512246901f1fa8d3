package statemachine

import (
	"slices"
	"sync/atomic"
)

// objectFlags are an object's bits.
type objectFlags uint8

const (
	// flagExplicit: the newest write carried a version of its own (VER), so the key leaves a tombstone.
	flagExplicit objectFlags = 1 << iota
	// flagRaw and flagText are what OBJECT ENCODING tells of a string's history: edited in place, or computed as
	// text, so not encoded as an integer.
	flagRaw
	flagText
	// flagLarge: a collection has outgrown what Redis keeps in its compact encoding, once in its life. flagMixed: a set had a member
	// that is no integer.
	flagLarge
	flagMixed
)

// knownFlags are all there are.
const knownFlags = flagExplicit | encodingFlags

// encodingFlags are replaced as a whole when a key gets a new value.
const encodingFlags = flagRaw | flagText | flagLarge | flagMixed

// Object is one key with its value and all that is known of it; it is also its own dictionary entry. It is kept at 64
// bytes: there may be many millions of them.
//
// Objects are changed under the machine's write lock alone, access apart, which readers store to, and only after
// space.edit, which gives the methods that change a value.
type Object struct {
	next *Object // in the dictionary's chain
	// buf is the key and right behind it the value, a string's or what collection.go says: one allocation for both, and a value of
	// the same size class is overwritten in place.
	buf []byte
	// version is the key's version as clients see it, 1..MaxInt64.
	version uint64
	// revision is the store's revision at the newest change of any sort; WATCH compares it.
	revision uint64
	keyLen   uint32
	// deadline is one more than the object's place in its database's deadlines; 0: it never expires.
	deadline uint32
	// access is the time of the newest read or write, in Unix seconds. It is each node's own.
	access atomic.Uint32
	kind   Kind
	flags  objectFlags
	// marks are what the checkpoints of this node note; see space.
	marks marks
	// tag is of the key's hash, for the dictionary: most chains need no look at the keys of others.
	tag uint8
}

// keepSlack is how many bytes beyond twice its size a string may keep allocated when it shrinks.
const keepSlack = 64

// newObject returns an object that owns copies of key and value.
func newObject(kind Kind, key, value []byte) *Object {
	o := &Object{kind: kind, keyLen: uint32(len(key))}
	o.buf = append(slices.Grow([]byte(nil), len(key)+len(value)), key...)
	o.buf = append(o.buf, value...)
	return o
}

// key is the key's bytes; not to be changed or kept.
func (o *Object) key() []byte { return o.buf[:o.keyLen:o.keyLen] }

// str is the value: a string's bytes, or a collection's; not to be kept beyond the lock.
func (o *Object) str() []byte { return o.buf[o.keyLen:] }

// setString replaces the value, and what is known of its encoding.
func (o editable) setString(value []byte) {
	o.setValue(value)
	o.flags &^= encodingFlags
}

// setValue replaces the value, in place when the room is there and not far too large.
func (o editable) setValue(value []byte) {
	need := int(o.keyLen) + len(value)
	if cap(o.buf) < need || cap(o.buf) > 2*need+keepSlack {
		o.buf = append(slices.Grow([]byte(nil), need), o.key()...)
	}
	o.buf = append(o.buf[:o.keyLen], value...)
}

// splice replaces a range of the value by other bytes, which are none of the object's own.
func (o editable) splice(at, remove int, insert []byte) {
	at += int(o.keyLen)
	need := len(o.buf) - remove + len(insert)
	if cap(o.buf) > 2*need+keepSlack {
		o.buf = append(slices.Grow([]byte(nil), need), o.buf...)
	}
	o.buf = slices.Replace(o.buf, at, at+remove, insert...)
}

// extend makes the value at least n bytes long, with zero bytes behind the old end.
func (o editable) extend(n int) {
	if missing := n - len(o.str()); missing > 0 {
		end := len(o.buf)
		o.buf = slices.Grow(o.buf, missing)[:end+missing]
		clear(o.buf[end:])
	}
}

// append adds bytes at the end of the value.
func (o editable) append(tail []byte) { o.buf = append(o.buf, tail...) }

// dropValue frees the value of an object that is removed: only the key's bytes remain.
func (o *Object) dropValue() {
	if cap(o.buf) > int(o.keyLen)+keepSlack {
		o.buf = slices.Clone(o.key())
	}
	o.buf = o.buf[:o.keyLen]
}

// touch notes an access at now, in Unix milliseconds. Safe beside other readers.
func (o *Object) touch(now int64) {
	if seconds := uint32(now / 1000); o.access.Load() != seconds {
		o.access.Store(seconds)
	}
}
