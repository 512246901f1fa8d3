package state

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	partFormat = 1
	checksum64 = 8
	// maxPartBytes bounds what one part holds, before it is compressed.
	maxPartBytes = 4 << 20
	// maxDecodedBytes bounds what a part of a peer may become: the last piece may go beyond the bound.
	maxDecodedBytes = maxPartBytes + 2*(pieceBytes+maxInlineKey+1024)
)

// PartRecord is a record in a part of a checkpoint, or a piece of one that is larger than 64 KiB. The pieces of a record follow
// one another, if need be in the next part.
type PartRecord struct {
	Space uint64
	// ID identifies the record in its space: it is its key, or if Hashed is set the key's SHA-256; the key itself is the beginning of
	// the content then, KeyBytes of it.
	ID       []byte
	Hashed   bool
	KeyBytes uint64
	// Piece counts from 0, and Total is the length of the whole content; only the first piece knows it and KeyBytes.
	Piece uint32
	Total uint64
	// Content is the piece of the value.
	Content []byte
	// Deleted says that the record is gone since the checkpoint that changes were asked since.
	Deleted bool

	piece piece
}

// DecodePart calls emit for each record of a part that ReadCheckpoint or ReadChanges returned, in their order. What it is given is valid until
// it returns. The error matches paxos.ErrDamagedCheckpoint if the part is not as it was made, and paxos.ErrNewerFormat if a later release made it.
func DecodePart(data []byte, emit func(PartRecord) error) error {
	var c codec
	_, err := c.decode(data, nil, func(e *entry) error {
		p := e.piece
		return emit(PartRecord{
			Space: p.space, ID: p.inline(), Hashed: p.hashed, KeyBytes: p.keyBytes, Piece: p.number, Total: p.total,
			Content: p.content, Deleted: p.deleted(), piece: p,
		})
	})
	return err
}

// entry is a piece in a part, as stored.
type entry struct {
	key, value []byte
	meta       byte
	piece      piece
}

// appendEntry appends a piece to the content of a part:
//
//	length of the key without its first byte (uvarint) | key | meta byte | length of the value (uvarint) | value
func appendEntry(dst, key []byte, meta byte, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)-1))
	dst = append(dst, key[1:]...)
	dst = append(dst, meta)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// codec makes and reads parts:
//
//	format (1 byte) | entries, as a zstd frame | XXH64 of all that (8 bytes)
//
// The zero value is ready for use, from any goroutine.
type codec struct {
	once    sync.Once
	err     error
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	buffers sync.Pool // of *[]byte: what parts are made in. They would be most of what a node that serves a checkpoint leaves as garbage
}

// buffer borrows an empty buffer, which giveBack takes back.
func (c *codec) buffer() *[]byte {
	if b, ok := c.buffers.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

func (c *codec) giveBack(b *[]byte) {
	*b = (*b)[:0]
	c.buffers.Put(b)
}

func (c *codec) open() error {
	c.once.Do(func() {
		c.encoder, c.err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
		if c.err == nil {
			c.decoder, c.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxMemory(maxDecodedBytes))
		}
	})
	return c.err
}

func (c *codec) encode(entries []byte) ([]byte, error) {
	if err := c.open(); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	b := c.buffer()
	defer c.giveBack(b)
	*b = c.encoder.EncodeAll(entries, append(*b, partFormat))
	data := append(make([]byte, 0, len(*b)+checksum64), *b...)
	return binary.BigEndian.AppendUint64(data, xxhash.Sum64(data)), nil
}

// decode checks a part and calls emit for each of its entries. They point into a buffer: room, if that is large enough, and which is returned
// to be used again.
func (c *codec) decode(data, room []byte, emit func(*entry) error) (buffer []byte, err error) {
	if err := c.open(); err != nil {
		return room, fmt.Errorf("storage: %w", err)
	}
	end := len(data) - checksum64
	if end < 1 || binary.BigEndian.Uint64(data[end:]) != xxhash.Sum64(data[:end]) {
		return room, received("a part of a checkpoint, of %d bytes, fails its checksum", len(data))
	}
	if data[0] > partFormat {
		return room, fmt.Errorf("storage: a part of a checkpoint has format %d, and this release knows %d: upgrade this node first: %w",
			data[0], partFormat, paxos.ErrNewerFormat)
	}
	if data[0] != partFormat {
		return room, received("a part of a checkpoint has format %d, and this release knows %d", data[0], partFormat)
	}
	if buffer, err = c.decoder.DecodeAll(data[1:end], room[:0]); err != nil {
		return room, received("a part of a checkpoint cannot be decompressed (%v)", err)
	}
	for entries := buffer; len(entries) > 0; {
		var e entry
		if e, entries, err = nextEntry(entries); err == nil {
			e.piece, err = parsePiece(e.key, e.meta, e.value)
		}
		if err != nil {
			return buffer, received("a part of a checkpoint: %v", err)
		}
		if err := emit(&e); err != nil {
			return buffer, err
		}
	}
	return buffer, nil
}

// nextEntry takes the first entry. Its key gets its first byte back in place of its length.
func nextEntry(entries []byte) (e entry, rest []byte, err error) {
	var key, meta []byte
	before := entries
	if key, entries, err = nextField(entries, maxInlineKey+keyStart+pieceSize); err != nil {
		return e, nil, err
	}
	if len(entries) == 0 {
		return e, nil, inconsistent("it ends within an entry")
	}
	end := len(before) - len(entries)
	e.key = before[end-len(key)-1 : end : end]
	meta, entries = entries[:1], entries[1:]
	if e.value, entries, err = nextField(entries, pieceBytes+1024); err != nil {
		return e, nil, err
	}
	e.key[0], e.meta = recordSpace, meta[0]
	return e, entries, nil
}

func nextField(entries []byte, limit uint64) (field, rest []byte, err error) {
	size, n := binary.Uvarint(entries)
	if n <= 0 || size > limit || size > uint64(len(entries)-n) {
		return nil, nil, inconsistent("it ends within an entry")
	}
	entries = entries[n:]
	return entries[:size:size], entries[size:], nil
}
