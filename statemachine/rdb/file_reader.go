package rdb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// FileError is what is wrong with a snapshot file, and where.
type FileError struct {
	// Offset is the byte of the file at which the item begins that is not good.
	Offset int64
	// Key is the key it belongs to, if one was read.
	Key []byte
	Err error
}

// Error implements error.
func (e *FileError) Error() string {
	if e.Key != nil {
		return fmt.Sprintf("byte %d, key %.100q: %v", e.Offset, e.Key, e.Err)
	}
	return fmt.Sprintf("byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// ItemKind is what an Item is.
type ItemKind byte

// The kinds of items.
const (
	// ItemKey is a key with its value.
	ItemKey ItemKind = iota
	// ItemFunctions is a library of functions; its text is in Text.
	ItemFunctions
	// ItemAux is something about the file: Name and Text.
	ItemAux
	// ItemModule is what a module keeps besides keys, which is passed over; Name is the module's.
	ItemModule
)

// Item is one item of a snapshot file. Its slices are the caller's.
type Item struct {
	Kind ItemKind
	// Offset is the byte of the file at which it begins.
	Offset int64
	// DB is the number of the database, Key the key, ExpireAt when it ends in Unix milliseconds (0: never), Type what TYPE replies.
	DB       int
	Key      []byte
	ExpireAt int64
	Type     string
	// Payload is what RESTORE takes.
	Payload []byte
	// IdleSeconds and Frequency are what the file knows of the key's use, -1: nothing.
	IdleSeconds, Frequency int64
	Name, Text             []byte
}

// FileReader reads a snapshot file from a stream, and not a byte more than the file has. It belongs to one goroutine.
type FileReader struct {
	in      *bufio.Reader
	most    int
	version uint16
	sum     uint64
	start   int64  // where the current item begins
	raw     []byte // what was read of it
	err     error
	key     []byte
	next    Item // what was said of the next key
}

// firstPiece bounds the room that is made for bytes that are only said to follow.
const firstPiece = 64 << 10

// NewFileReader reads the head of a file. No item may have more than most bytes.
func NewFileReader(in *bufio.Reader, most int) (*FileReader, error) {
	f := &FileReader{in: in, most: most}
	f.forget()
	head := f.bytes(uint64(len(fileMagic) + versionDigits))
	if f.err != nil {
		if errors.Is(f.err, ErrCut) {
			f.err = ErrNotASnapshot
		}
		return nil, f.problem()
	}
	n, err := strconv.ParseUint(string(head[len(fileMagic):]), 10, 16)
	switch {
	case string(head[:len(fileMagic)]) != fileMagic || err != nil || n == 0:
		f.err = ErrNotASnapshot
	case n > newestVersion:
		f.err = fmt.Errorf("%w: it is %d, and the newest that is read is %d, of Redis 7.4", ErrNewerFile, n, newestVersion)
	}
	f.version = uint16(n)
	f.settle()
	return f, f.problem()
}

// Version is the version of the format.
func (f *FileReader) Version() int { return int(f.version) }

// Offset is how many bytes were read.
func (f *FileReader) Offset() int64 { return f.start + int64(len(f.raw)) }

// problem is the error, with where it is.
func (f *FileReader) problem() error {
	if f.err == nil {
		return nil
	}
	return &FileError{Offset: f.start, Key: f.key, Err: f.err}
}

// settle ends an item: its bytes belong to the checksum.
func (f *FileReader) settle() {
	f.sum = Checksum(f.sum, f.raw)
	f.start += int64(len(f.raw))
	f.raw, f.key = f.raw[:0], nil
	if cap(f.raw) > 1<<20 { // a large value should not hold its room for all that follow
		f.raw = nil
	}
}

// forget drops what was said of the next key.
func (f *FileReader) forget() { f.next = Item{DB: f.next.DB, IdleSeconds: -1, Frequency: -1} }

// Next returns the next item. io.EOF says that there are no more and that the checksum, if there is one, is right; what came before should
// not be trusted until then. Any other error is a *FileError, and stays.
func (f *FileReader) Next() (Item, error) {
	for f.err == nil {
		opcode := f.byte()
		if f.err != nil {
			break
		}
		item, found := f.item(opcode)
		if errors.Is(f.err, io.EOF) {
			return Item{}, io.EOF
		}
		if f.err != nil {
			break
		}
		item.Offset = f.start
		f.settle()
		if found {
			return item, nil
		}
	}
	if errors.Is(f.err, io.EOF) {
		return Item{}, io.EOF
	}
	return Item{}, f.problem()
}

// item reads what a code announces; found is false if it is nothing to be returned.
func (f *FileReader) item(opcode byte) (item Item, found bool) {
	switch opcode {
	case opcodeEnd:
		f.end()
	case opcodeDatabase:
		n := f.length()
		if n > 1<<31-1 && f.err == nil {
			f.err = fmt.Errorf("there is no database %d", n)
		}
		f.next.DB = int(n)
	case opcodeExpireMS:
		f.expire(8, 1)
	case opcodeExpire:
		f.expire(4, 1000)
	case opcodeIdle:
		f.next.IdleSeconds = int64(f.length() & (1<<63 - 1))
	case opcodeFrequency:
		f.next.Frequency = int64(f.byte())
	case opcodeSizes:
		f.lengths(2)
	case opcodeSlot:
		f.lengths(3)
	case opcodeAux:
		return Item{Kind: ItemAux, Name: f.string(), Text: f.string()}, true
	case opcodeFunction:
		return Item{Kind: ItemFunctions, Text: f.string()}, true
	case opcodeFunctionRC:
		f.err = errors.New("its functions are of a release candidate of Redis 7.0, in a form that was given up")
	case opcodeModule:
		return Item{Kind: ItemModule, Name: f.module()}, true
	default:
		return f.keyed(valueType(opcode)), true
	}
	return Item{}, false
}

// expire reads when the next key ends. A deadline before 1970 is over, as one of 1970 is.
func (f *FileReader) expire(size int, unit int64) {
	b := f.bytes(uint64(size))
	if f.err != nil {
		return
	}
	at := int64(0)
	if size == 4 {
		at = int64(int32(binary.LittleEndian.Uint32(b)))
	} else {
		at = int64(binary.LittleEndian.Uint64(b))
	}
	f.next.ExpireAt = max(at*unit, 1)
}

// keyed reads a key and its value.
func (f *FileReader) keyed(kind valueType) Item {
	f.key = f.string()
	item := f.next
	f.forget()
	item.Key, item.Type = f.key, typeName(kind)
	if f.err != nil {
		return item
	}
	begin := len(f.raw)
	f.value(kind)
	if f.err != nil {
		return item
	}
	value := f.raw[begin:]
	item.Payload = append(make([]byte, 0, 1+len(value)+FooterBytes), byte(kind))
	item.Payload = append(item.Payload, value...)
	item.Payload = binary.LittleEndian.AppendUint16(item.Payload, f.version)
	item.Payload = binary.LittleEndian.AppendUint64(item.Payload, Checksum(0, item.Payload))
	return item
}

// end reads what is behind the last item. The code of the end belongs to what the checksum is of.
func (f *FileReader) end() {
	f.settle()
	if f.version >= checkedVersion {
		sum := f.sum
		b := f.bytes(checksumBytes)
		if f.err != nil {
			return
		}
		if want := binary.LittleEndian.Uint64(b); want != 0 && want != sum {
			f.err = ErrChecksum
			return
		}
	}
	f.err = io.EOF
}
