package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What follows finds where a value ends in a stream. It keeps the bytes as they are, and does not look into strings: RESTORE does, which reads values as
// hostile.

// bytes reads n bytes of the current item. They are valid until the next read.
func (f *FileReader) bytes(n uint64) []byte {
	if f.err != nil {
		return nil
	}
	begin := len(f.raw)
	if n > uint64(f.most-min(begin, f.most)) {
		f.err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, f.most)
		return nil
	}
	for left := int(n); left > 0; {
		piece := min(left, max(firstPiece, len(f.raw))) // what is only said to follow takes no more room than what came
		at := len(f.raw)
		f.raw = append(f.raw, make([]byte, piece)...)
		got, err := io.ReadFull(f.in, f.raw[at:])
		if err != nil {
			f.raw = f.raw[:at+got]
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = ErrCut
			}
			f.err = err
			return nil
		}
		left -= piece
	}
	return f.raw[begin:]
}

func (f *FileReader) byte() byte {
	b := f.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// lengthOrForm reads a length, or the form of a string that has none.
func (f *FileReader) lengthOrForm() (n uint64, isForm bool) {
	first := f.byte()
	low := uint64(first & 0x3f)
	switch first >> 6 {
	case length6:
		return low, false
	case length14:
		return low<<8 | uint64(f.byte()), false
	case lengthSpecial:
		return low, true
	}
	switch first {
	case length32:
		if b := f.bytes(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case length64:
		if b := f.bytes(8); b != nil {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		f.fail("no length begins with the byte %#x", first)
	}
	return 0, false
}

func (f *FileReader) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

func (f *FileReader) length() uint64 {
	n, isForm := f.lengthOrForm()
	if isForm {
		f.fail("a string of form %d stands where a length should", n)
		return 0
	}
	return n
}

func (f *FileReader) lengths(n int) {
	for range n {
		f.length()
	}
}

// skipString reads a string in any form.
func (f *FileReader) skipString() {
	n, isForm := f.lengthOrForm()
	switch {
	case !isForm:
		f.bytes(n)
	case n < formLZF:
		f.bytes(1 << n)
	case n == formLZF:
		packed := f.length()
		f.length()
		f.bytes(packed)
	default:
		f.fail("there is no form %d of strings", n)
	}
}

// string reads a string and returns what it says.
func (f *FileReader) string() []byte {
	begin := len(f.raw)
	f.skipString()
	if f.err != nil {
		return nil
	}
	r := reader{rest: f.raw[begin:], longest: f.most, expansion: f.most}
	b := r.string()
	if err := r.end(); err != nil {
		f.err = err
		return nil
	}
	return append([]byte{}, b...)
}

// each reads as many items as a length says.
func (f *FileReader) each(read func()) {
	for n := f.length(); n > 0 && f.err == nil; n-- {
		read()
	}
}

// value reads a value.
func (f *FileReader) value(kind valueType) {
	switch kind {
	case typeString, typeHashZipmap, typeListZiplist, typeSetIntset, typeZSetZiplist, typeHashZiplist, typeHashListpack, typeZSetListpack, typeSetListpack:
		f.skipString()
	case typeList, typeSet, typeListQuicklist:
		f.each(f.skipString)
	case typeHash:
		f.each(func() { f.skipString(); f.skipString() })
	case typeZSet:
		f.each(func() { f.skipString(); f.skipTextScore() })
	case typeZSet2:
		f.each(func() { f.skipString(); f.bytes(8) })
	case typeListQuicklist2:
		f.each(func() { f.length(); f.skipString() })
	case typeHashTimes:
		f.bytes(8)
		f.each(func() { f.length(); f.skipString(); f.skipString() })
	case typeHashListpackEx:
		f.bytes(8)
		f.skipString()
	case typeStreamListpacks, typeStreamListpacks2, typeStreamListpacks3:
		f.stream(kind)
	case typeModule, typeModule2:
		f.fail("%w: it is of module %q; remove such keys from the source first", ErrModule, moduleName(f.length()))
	default:
		f.fail("there is no type %d of values", kind)
	}
}

func (f *FileReader) skipTextScore() {
	const firstWithout = 253 // such a byte is a score of itself
	if n := f.byte(); n < firstWithout {
		f.bytes(uint64(n))
	}
}

func (f *FileReader) stream(kind valueType) {
	f.each(func() { f.skipString(); f.skipString() })
	f.lengths(3) // how many entries, and the last identifier
	if kind != typeStreamListpacks {
		f.lengths(5)
	}
	f.each(func() {
		f.skipString()
		f.lengths(2)
		if kind != typeStreamListpacks {
			f.length()
		}
		f.each(func() { f.bytes(streamIDBytes + 8); f.length() })
		f.each(func() {
			f.skipString()
			f.bytes(8)
			if kind == typeStreamListpacks3 {
				f.bytes(8)
			}
			f.each(func() { f.bytes(streamIDBytes) })
		})
	})
}

// module passes over what a module keeps besides keys, and returns the module's name. Each value has a code in front, 0 ends them.
func (f *FileReader) module() []byte {
	const (
		moduleEnd      = 0
		moduleSigned   = 1
		moduleUnsigned = 2
		moduleFloat    = 3
		moduleDouble   = 4
		moduleString   = 5
	)
	name := moduleName(f.length())
	for f.err == nil {
		switch code := f.length(); code {
		case moduleEnd:
			return []byte(name)
		case moduleSigned, moduleUnsigned:
			f.length()
		case moduleFloat:
			f.bytes(4)
		case moduleDouble:
			f.bytes(8)
		case moduleString:
			f.skipString()
		default:
			f.fail("module %q has a value of kind %d", name, code)
		}
	}
	return []byte(name)
}

// moduleName is the name in a module's identifier: 9 letters of 6 bits each, and 10 bits for a version.
func moduleName(id uint64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	name := make([]byte, 9)
	for i := range name {
		name[i] = letters[id>>(64-6*(i+1))&(1<<6-1)]
	}
	return string(name)
}

// typeName is what TYPE replies of a value; empty if it is none of Redis's own types.
func typeName(kind valueType) string {
	switch kind {
	case typeString:
		return "string"
	case typeList, typeListZiplist, typeListQuicklist, typeListQuicklist2:
		return "list"
	case typeSet, typeSetIntset, typeSetListpack:
		return "set"
	case typeZSet, typeZSet2, typeZSetZiplist, typeZSetListpack:
		return "zset"
	case typeHash, typeHashZipmap, typeHashZiplist, typeHashListpack, typeHashTimes, typeHashListpackEx:
		return "hash"
	case typeStreamListpacks, typeStreamListpacks2, typeStreamListpacks3:
		return "stream"
	}
	return ""
}
