package statemachine

import (
	"sync/atomic"
	"unsafe"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
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
	// flagTimed: a field of a hash has had a deadline.
	flagTimed
)

// knownFlags are all there are.
const knownFlags = flagExplicit | encodingFlags

// encodingFlags are replaced as a whole when a key gets a new value.
const encodingFlags = flagRaw | flagText | flagLarge | flagMixed | flagTimed

// Object is one key with its value and all that is known of it; it is also its own dictionary entry. The head is kept at 56
// bytes: there may be many millions of them. An object lies in its space's memory, outside Go's heap, at one address for as long as it is;
// doc.go says who frees it.
//
// Objects are changed under the machine's write lock alone, access apart, which readers store to, and only after
// space.edit, which gives the methods that change a value.
type Object struct {
	next *Object // in the dictionary's chain
	// data is the key and right behind it the value, a string's or what collection.go says: both in one block, the object's own if
	// that has the room.
	data  unsafe.Pointer
	kind  Kind
	flags objectFlags
	// marks are what the checkpoints of this node note; see space.
	marks marks
	// tag is of the key's hash, for the dictionary: most chains need no look at the keys of others.
	tag uint8
	// class is that of the block of data, or within, and own that of the object's own.
	class, own arena.Class
	keyLen     uint32
	valueLen   uint32
	// deadline is one more than the object's place in its database's deadlines; 0: it never expires.
	deadline uint32
	// access is the time of the newest read or write, in Unix seconds. It is each node's own.
	access atomic.Uint32
	// version is the key's version as clients see it, 1..MaxInt64.
	version uint64
	// revision is the store's revision at the newest change of any sort; WATCH compares it.
	revision uint64
}

const (
	// headSize is what an object takes besides its data.
	headSize = int(unsafe.Sizeof(Object{}))
	// within stands for the class of data that is in the object's own block, behind its head.
	within = arena.Large - 1
	// maxWithin is the most bytes of key and value that an object is made with room for in its own block, which it
	// keeps also when the value grows out of it.
	maxWithin = 256 - headSize
)

// newObject returns an object that owns copies of key and value.
func newObject(memory *arena.Arena, kind Kind, key, value []byte) *Object {
	size, class := len(key)+len(value), within
	room := max(size, 1)
	if size > maxWithin {
		room = 0
	}
	block, own := memory.Alloc(headSize + room)
	clear(unsafe.Slice((*byte)(block), headSize))
	o := (*Object)(block)
	if o.data = unsafe.Add(block, headSize); room == 0 {
		o.data, class = memory.Alloc(size)
	}
	o.kind, o.class, o.own = kind, class, own
	o.keyLen, o.valueLen = uint32(len(key)), uint32(len(value))
	b := o.bytes()
	copy(b[copy(b, key):], value)
	return o
}

// bytes are the key and the value.
func (o *Object) bytes() []byte {
	return unsafe.Slice((*byte)(o.data), int(o.keyLen)+int(o.valueLen))
}

// key is the key's bytes; not to be changed, and not to be kept beyond the lock.
func (o *Object) key() []byte { return unsafe.Slice((*byte)(o.data), int(o.keyLen)) }

// str is the value: a string's bytes, or a collection's; not to be kept beyond the lock, nor beyond the next change of the object.
func (o *Object) str() []byte { return o.bytes()[o.keyLen:] }

// ownRoom is how many bytes of data the object's own block has room for.
func (o *Object) ownRoom() int { return o.own.Size() - headSize }

// capacity is how many bytes of data there is room for where they are.
func (o *Object) capacity(memory *arena.Arena) int {
	if o.class == within {
		return o.ownRoom()
	}
	return memory.Capacity(o.data, o.class)
}

// freeData frees the block of data unless it is the object's own. There is no key and no value afterwards.
func (o *Object) freeData(memory *arena.Arena) {
	if o.class != within {
		memory.Free(o.data, o.class)
	}
	o.data, o.class, o.keyLen, o.valueLen = nil, within, 0, 0
}

// free frees an object.
func (o *Object) free(memory *arena.Arena) {
	o.freeData(memory)
	memory.Free(unsafe.Pointer(o), o.own)
}

// touch notes an access at now, in Unix milliseconds. Safe beside other readers.
func (o *Object) touch(now int64) {
	if seconds := uint32(now / 1000); o.access.Load() != seconds {
		o.access.Store(seconds)
	}
}
