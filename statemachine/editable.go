package statemachine

import (
	"unsafe"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// editable is an object whose coming change has been noted; see space.edit.
type editable struct {
	*Object
	memory *arena.Arena
}

const (
	// keepSlack is how many bytes beyond what is needed a value may keep in any case when it shrinks.
	keepSlack = 64
	// keepShare and growthShare are how much more than needed a value may keep when it shrinks, and gets when it grows
	// at its end and may do so again: one part in so many.
	keepShare   = 4
	growthShare = 4
)

// setString replaces the value, and what is known of its encoding. value may be a part of the old one.
func (o editable) setString(value []byte) {
	o.setValue(value)
	o.flags &^= encodingFlags
}

// setValue replaces the value, in place when the room is there and not far too large. value may be a part of the old one.
func (o editable) setValue(value []byte) {
	need := int(o.keyLen) + len(value)
	var old room
	if !o.fits(need) {
		old = o.move(need, int(o.keyLen))
	}
	o.valueLen = uint32(len(value))
	copy(o.str(), value)
	old.free(o.memory)
}

// splice replaces a range of the value by other bytes, which are none of the object's own.
func (o editable) splice(at, remove int, insert []byte) {
	at += int(o.keyLen)
	before := o.bytes()
	need := len(before) - remove + len(insert)
	var old room
	if !o.fits(need) {
		old = o.move(need, at)
	}
	o.valueLen = uint32(need - int(o.keyLen))
	after := o.bytes()
	copy(after[at+len(insert):], before[at+remove:])
	copy(after[at:], insert)
	old.free(o.memory)
}

// extend makes the value at least n bytes long, with zero bytes behind the old end.
func (o editable) extend(n int) {
	if before := int(o.valueLen); n > before {
		old := o.grow(n)
		clear(o.str()[before:])
		old.free(o.memory)
	}
}

// append adds bytes at the end of the value, of which they may be a part.
func (o editable) append(tail []byte) {
	before := int(o.valueLen)
	old := o.grow(before + len(tail))
	copy(o.str()[before:], tail)
	old.free(o.memory)
}

// fits reports whether so many bytes of key and value have room where they are, and do not leave far too much.
func (o editable) fits(need int) bool {
	capacity := o.capacity(o.memory)
	return capacity >= need && (o.class == within || capacity <= need+need/keepShare+keepSlack)
}

// grow makes the value n bytes long, of which those behind the old end are anything. What it returns is to be freed.
func (o editable) grow(n int) (old room) {
	need := int(o.keyLen) + n
	if o.capacity(o.memory) < need {
		old = o.move(need+need/growthShare, len(o.bytes()))
	}
	o.valueLen = uint32(n)
	return old
}

// room is a block that an object has left.
type room struct {
	data  unsafe.Pointer
	class arena.Class
}

// move gives the data another block, the object's own if that has the room, with the first bytes of the old one, which it returns to be freed.
func (o editable) move(size, kept int) (old room) {
	old = room{o.data, o.class}
	if size <= o.ownRoom() {
		o.data, o.class = unsafe.Add(unsafe.Pointer(o.Object), headSize), within
	} else {
		o.data, o.class = o.memory.Alloc(size)
	}
	copy(unsafe.Slice((*byte)(o.data), kept), unsafe.Slice((*byte)(old.data), kept))
	return old
}

func (r room) free(memory *arena.Arena) {
	if r.data != nil && r.class != within {
		memory.Free(r.data, r.class)
	}
}
