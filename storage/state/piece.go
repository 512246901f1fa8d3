package state

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Bits of the meta byte.
const (
	metaMore = 1 << iota // other pieces follow the first
	metaContinued
	metaDeleted
	metaAll = metaMore | metaContinued | metaDeleted
)

// pieceBytes is how much content is in every piece of a record but the last: far below what Badger would put in its value
// log, small enough that parts of checkpoints are bounded.
const pieceBytes = 64 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// piece is a part of a record, as stored.
type piece struct {
	recordKey
	meta byte
	// keyBytes is the length of a hashed key, which is the beginning of the content, and total that of the content: of first pieces.
	keyBytes, total uint64
	content         []byte
}

func (p *piece) deleted() bool { return p.meta&metaDeleted != 0 }

// sealed returns the checksum that a value begins with.
func sealed(key []byte, meta byte, rest []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, []byte{meta})
	return crc32.Update(sum, castagnoli, rest)
}

// parsePiece reads a piece and checks that it is as it was written. The result points into key and value.
func parsePiece(key []byte, meta byte, value []byte) (p piece, err error) {
	if p.recordKey, err = parseRecordKey(key); err != nil {
		return p, err
	}
	if len(value) < crc32.Size || binary.BigEndian.Uint32(value) != sealed(key, meta, value[crc32.Size:]) {
		return p, inconsistent("a piece of %d bytes fails its checksum", len(value))
	}
	p.meta, p.content = meta, value[crc32.Size:]
	if meta&^metaAll != 0 || (meta&metaContinued != 0) != (p.number > 0) || meta&metaMore != 0 && p.number > 0 {
		return p, inconsistent("piece %d of a record has the mark %#x", p.number, meta)
	}
	if p.number > 0 {
		return p, p.checkContinued()
	}
	p.total = uint64(len(p.content))
	if meta&metaMore != 0 || p.hashed {
		if err = p.parseLengths(); err != nil {
			return p, err
		}
	}
	more := p.total > uint64(len(p.content))
	if more != (meta&metaMore != 0) || uint64(len(p.content)) != min(p.total, pieceBytes) || p.pieces() > 1<<32-1 {
		return p, inconsistent("the first piece of a record of %d bytes has %d", p.total, len(p.content))
	}
	return p, nil
}

func (p *piece) checkContinued() error {
	if len(p.content) == 0 || len(p.content) > pieceBytes {
		return inconsistent("piece %d of a record has %d bytes", p.number, len(p.content))
	}
	return nil
}

func (p *piece) parseLengths() error {
	var n, m int
	p.keyBytes, n = binary.Uvarint(p.content)
	if n <= 0 {
		return inconsistent("the first piece of a record does not say how long its key is")
	}
	p.total, m = binary.Uvarint(p.content[n:])
	if m <= 0 || p.keyBytes > p.total || p.hashed != (p.keyBytes > maxInlineKey) || !p.hashed && p.keyBytes > 0 {
		return inconsistent("the first piece of a record says that it has %d bytes, %d of them for its key", p.total, p.keyBytes)
	}
	p.content = p.content[n+m:]
	return nil
}

// pieces is how many pieces a record has, from its first one.
func (p *piece) pieces() uint64 { return pieceCount(p.total) }

func pieceCount(total uint64) uint64 {
	if total == 0 {
		return 1
	}
	return (total-1)/pieceBytes + 1
}

// splitter turns a record into pieces. Its buffers are new for each piece: Badger keeps them until they are written.
type splitter struct {
	id      []byte
	lengths []byte // before the content of the first piece
	first   []byte // content: the key if it is hashed,
	second  []byte // and the value
	deleted byte
}

func split(r *paxos.CheckpointRecord) *splitter {
	s := &splitter{id: appendRecordKey(nil, r.Space, r.Key), second: r.Value}
	if r.Deleted {
		s.second, s.deleted = nil, metaDeleted
	}
	if len(r.Key) > maxInlineKey {
		s.first = r.Key
	}
	if s.first != nil || s.total() > pieceBytes {
		s.lengths = binary.AppendUvarint(nil, uint64(len(s.first)))
		s.lengths = binary.AppendUvarint(s.lengths, s.total())
	}
	return s
}

func (s *splitter) total() uint64  { return uint64(len(s.first) + len(s.second)) }
func (s *splitter) pieces() uint32 { return uint32(pieceCount(s.total())) }

// piece returns one of them, ready to be stored.
func (s *splitter) piece(number uint32) (key []byte, meta byte, value []byte) {
	key, meta = s.id, s.deleted
	size := int(min(s.total()-uint64(number)*pieceBytes, pieceBytes))
	value = make([]byte, crc32.Size, crc32.Size+len(s.lengths)+size)
	if number > 0 {
		key, meta = appendPieceKey(nil, s.id, number), meta|metaContinued
	} else {
		value = append(value, s.lengths...)
		if s.pieces() > 1 {
			meta |= metaMore
		}
	}
	value = s.appendContent(value, int(number)*pieceBytes, size)
	binary.BigEndian.PutUint32(value, sealed(key, meta, value[crc32.Size:]))
	return key, meta, value
}

// appendContent appends size bytes of the content from an offset on.
func (s *splitter) appendContent(dst []byte, offset, size int) []byte {
	if offset < len(s.first) {
		n := min(size, len(s.first)-offset)
		dst = append(dst, s.first[offset:offset+n]...)
		offset, size = offset+n, size-n
	}
	if size > 0 {
		offset -= len(s.first)
		dst = append(dst, s.second[offset:offset+size]...)
	}
	return dst
}
