package rdb

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// FileWriter writes a snapshot file. What Redis of the version that the file is for reads, it can hold. It belongs to one goroutine.
type FileWriter struct {
	out     *bufio.Writer
	version uint16
	sum     uint64
	room    []byte
}

// NewFileWriter writes the head of a file of a version from OldestWrittenVersion to NewestFileVersion.
func NewFileWriter(out io.Writer, version int) (*FileWriter, error) {
	if version < OldestWrittenVersion || version > NewestFileVersion {
		return nil, fmt.Errorf("rdb: version %d of the format is not written: from %d (Redis 7.0) to %d (7.4)", version, OldestWrittenVersion, NewestFileVersion)
	}
	w := &FileWriter{out: bufio.NewWriterSize(out, 256<<10), version: uint16(version)}
	return w, w.write(fmt.Appendf(nil, "%s%0*d", fileMagic, versionDigits, version))
}

func (w *FileWriter) write(b []byte) error {
	w.sum = Checksum(w.sum, b)
	_, err := w.out.Write(b)
	w.room = b[:0]
	if cap(b) > 1<<20 {
		w.room = nil
	}
	return err
}

// Aux writes something about the file.
func (w *FileWriter) Aux(name, text string) error {
	return w.write(appendString(appendString(append(w.room, opcodeAux), []byte(name)), []byte(text)))
}

// Functions writes a library of functions.
func (w *FileWriter) Functions(text string) error {
	return w.write(appendString(append(w.room, opcodeFunction), []byte(text)))
}

// Database says that the keys that follow are of a database, how many there are, and how many of them have a deadline.
func (w *FileWriter) Database(number, keys, deadlines int) error {
	b := appendLength(append(w.room, opcodeDatabase), uint64(number))
	return w.write(appendLength(appendLength(append(b, opcodeSizes), uint64(keys)), uint64(deadlines)))
}

// Key writes a key. expireAt is when it ends in Unix milliseconds, 0: never. The error is ErrNeedsNewer if the version cannot hold the value.
func (w *FileWriter) Key(key []byte, expireAt int64, v Value) error {
	encoded := Encode(v)
	if kind := valueType(encoded[0]); kind.version() > w.version {
		s, ok := v.(*Stream)
		if !ok {
			return fmt.Errorf("key %.100q: %w", key, ErrNeedsNewer)
		}
		encoded = encodeStreamAs(typeStreamListpacks2, s) // without when a consumer last got something, as Redis 7.0 knows it
	}
	b := w.room
	if expireAt != 0 {
		b = binary.LittleEndian.AppendUint64(append(b, opcodeExpireMS), uint64(expireAt))
	}
	b = appendString(append(b, encoded[0]), key)
	return w.write(append(b, encoded[1:]...))
}

// Close ends the file with its checksum. It does not close what the file is written to.
func (w *FileWriter) Close() error {
	if err := w.write(append(w.room, opcodeEnd)); err != nil {
		return err
	}
	if err := w.write(binary.LittleEndian.AppendUint64(w.room, w.sum)); err != nil {
		return err
	}
	return w.out.Flush()
}
