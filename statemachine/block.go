package statemachine

import (
	"encoding/binary"
	"slices"
)

// The bounds of a block: it has no more elements than blockElements, and no more bytes than blockBytes unless these are those of a few
// large elements. A command looks through one block from its beginning, so they bound what that takes.
const (
	blockElements = 128
	blockBytes    = 4 << 10
	// blockFewest elements may be of any size: an index would have to tell far too many bits of their hashes to keep them apart.
	blockFewest = 8
	// blockHead is the number of elements, 2 bytes little-endian, in front of them.
	blockHead = 2
)

// block is a sequence of elements in the value of an object: a whole collection, behind its form, or a part of one. An element is
//
//	uvarint(length of name) uvarint(length of value * 2 + timed) [deadline, 8 bytes little-endian, if timed] name value
//
// and the name is a hash's field or the member of a set or a sorted set.
type block struct {
	o    *Object
	base int // where the block begins in the value
}

// element is one of a block. Its bytes are the object's: they are not to be kept beyond the lock or the next change.
type element struct {
	name, value []byte
	// deadline is when the element goes, in Unix milliseconds; 0: it does not.
	deadline int64
	at, size int // where it is in the object's value
}

func (b block) count() int { return int(binary.LittleEndian.Uint16(b.o.str()[b.base:])) }

// bytes is how long the block is.
func (b block) bytes() int { return len(b.o.str()) - b.base }

// isOver reports whether the block has outgrown its bounds.
func (b block) isOver() bool { return isOver(b.count(), b.bytes()) }

func isOver(count, bytes int) bool {
	return count > blockElements || count > blockFewest && bytes > blockBytes
}

// each visits the elements in the order they came in, until visit returns false.
func (b block) each(visit func(element) bool) bool {
	for at := b.base + blockHead; at < len(b.o.str()); {
		e := decodeElement(b.o.str(), at)
		if !visit(e) {
			return false
		}
		at += e.size
	}
	return true
}

// find returns the element of a name. It passes over the others without looking at more than their lengths, if these are short ones.
func (b block) find(name []byte) (e element, ok bool) {
	value := b.o.str()
	for at := b.base + blockHead; at < len(value); {
		n, v := value[at], value[at+1]
		if n|v >= 0x80 {
			if e = decodeElement(value, at); string(e.name) == string(name) {
				return e, true
			}
			at += e.size
			continue
		}
		from := at + 2 + int(v&1)*8
		end := from + int(n)
		if int(n) == len(name) && string(value[from:end]) == string(name) {
			return decodeElement(value, at), true
		}
		at = end + int(v>>1)
	}
	return element{}, false
}

// nth is element n, counted from 0; there must be so many.
func (b block) nth(n int) (e element) {
	value := b.o.str()
	for at := b.base + blockHead; n >= 0; n-- {
		e = decodeElement(value, at)
		at += e.size
	}
	return e
}

// firstDeadline is the earliest of the elements' deadlines; ok is false without one.
func (b block) firstDeadline() (at int64, ok bool) {
	b.each(func(e element) bool {
		if e.deadline != 0 && (!ok || e.deadline < at) {
			at, ok = e.deadline, true
		}
		return true
	})
	return at, ok
}

func decodeElement(value []byte, at int) element {
	i := at
	n, v := 0, 0
	if value[i] < 0x80 && value[i+1] < 0x80 { // most are short
		n, v = int(value[i]), int(value[i+1])
		i += 2
	} else {
		name, width := binary.Uvarint(value[i:])
		i += width
		rest, width := binary.Uvarint(value[i:])
		i += width
		n, v = int(name), int(rest)
	}
	e := element{at: at}
	if v&1 != 0 {
		e.deadline = int64(binary.LittleEndian.Uint64(value[i:]))
		i += 8
	}
	end := i + n + v>>1
	e.name, e.value, e.size = value[i:i+n:i+n], value[i+n:end:end], end-at
	return e
}

// appendElement appends the encoding of an element; deadline 0 is none.
func appendElement(dst, name, value []byte, deadline int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(name)))
	if deadline == 0 {
		dst = binary.AppendUvarint(dst, uint64(len(value))<<1)
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(value))<<1|1)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(deadline))
	}
	return append(append(dst, name...), value...)
}

// editableBlock is a block whose object's coming change has been noted.
type editableBlock struct {
	block
	o editable
}

// edit notes the coming change of a block's object, which is in s.
func (b block) edit(s *space) editableBlock { return editableBlock{b, s.edit(b.o)} }

func (b editableBlock) setCount(n int) {
	binary.LittleEndian.PutUint16(b.o.str()[b.base:], uint16(n))
}

// insert puts an encoded element in front of what is at a place of the value.
func (b editableBlock) insert(at int, encoded []byte) {
	b.o.splice(at, 0, encoded)
	b.setCount(b.count() + 1)
}

// add puts an encoded element behind the last one.
func (b editableBlock) add(encoded []byte) { b.insert(len(b.o.str()), encoded) }

// replace puts an encoded element in the place of e.
func (b editableBlock) replace(e element, encoded []byte) {
	if len(encoded) == e.size {
		copy(b.o.str()[e.at:], encoded)
		return
	}
	b.o.splice(e.at, e.size, encoded)
}

// remove takes an element out.
func (b editableBlock) remove(e element) {
	b.o.splice(e.at, e.size, nil)
	b.setCount(b.count() - 1)
}

// appendBlock appends a block of the encoded elements that are given one behind the other.
func appendBlock(dst []byte, count int, encoded ...[]byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(count))
	return append(dst, slices.Concat(encoded...)...)
}

// elements are the block's, encoded.
func (b block) elements() []byte { return b.o.str()[b.base+blockHead:] }

// isRanked reports whether the block is one of members with scores, and decodes.
func (b block) isRanked() bool {
	value := b.o.str()[b.base:]
	if len(value) < blockHead {
		return false
	}
	n := 0
	for rest := value[blockHead:]; len(rest) > 0; n++ {
		name, w := binary.Uvarint(rest)
		if w <= 0 {
			return false
		}
		kind, v := binary.Uvarint(rest[w:])
		if v <= 0 || kind != scoreBytes<<1 || name > uint64(len(rest)) || w+v+int(name)+scoreBytes > len(rest) {
			return false
		}
		rest = rest[w+v+int(name)+scoreBytes:]
	}
	return n == int(binary.LittleEndian.Uint16(value))
}
