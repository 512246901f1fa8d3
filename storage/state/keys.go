package state

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/paxredis/paxredis/replication/paxos"
)

// The first byte of a key says what it is of; see the package's comment.
const (
	recordSpace  = 'r'
	historySpace = 'c'
	undoSpace    = 'u'
)

const (
	// maxInlineKey is the longest key that is stored as it is: Badger takes 65,000 bytes, and there are ours around it.
	maxInlineKey = 60_000
	// hashedKey in place of the length says that a hash is stored instead.
	hashedKey = 0xffff
	spaceEnd  = 1 + 8
	keyStart  = spaceEnd + 2
	pieceSize = 4
)

var recordPrefix = []byte{recordSpace}

// appendSpace appends what all keys of a space begin with.
func appendSpace(dst []byte, space uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, recordSpace), space)
}

// appendRecordKey appends the key of a record's first piece.
func appendRecordKey(dst []byte, space uint64, key []byte) []byte {
	dst = appendSpace(dst, space)
	if len(key) <= maxInlineKey {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(key)))
		return append(dst, key...)
	}
	hash := sha256.Sum256(key)
	dst = binary.BigEndian.AppendUint16(dst, hashedKey)
	return append(dst, hash[:]...)
}

// appendPieceKey appends the key of a piece of the record whose first piece has the key id.
func appendPieceKey(dst, id []byte, number uint32) []byte {
	dst = append(dst, id...)
	if number == 0 {
		return dst
	}
	return binary.BigEndian.AppendUint32(dst, number)
}

// recordKey is the parsed key of a piece.
type recordKey struct {
	space  uint64
	id     []byte // the key of the record's first piece
	hashed bool
	number uint32
}

// parseRecordKey is the inverse of appendPieceKey. The result points into key.
func parseRecordKey(key []byte) (k recordKey, err error) {
	if len(key) < keyStart || key[0] != recordSpace {
		return k, inconsistent("a key of %d bytes is none of a record", len(key))
	}
	k.space = binary.BigEndian.Uint64(key[1:])
	length := int(binary.BigEndian.Uint16(key[spaceEnd:]))
	if k.hashed = length == hashedKey; k.hashed {
		length = sha256.Size
	} else if length > maxInlineKey {
		return k, inconsistent("a key says that it is %d bytes long", length)
	}
	rest := len(key) - keyStart - length
	switch rest {
	case 0:
	case pieceSize:
		if k.number = binary.BigEndian.Uint32(key[keyStart+length:]); k.number == 0 {
			return k, inconsistent("a key has a piece number 0")
		}
	default:
		return k, inconsistent("a key of %d bytes says that it is %d bytes long", len(key), length)
	}
	k.id = key[:keyStart+length]
	return k, nil
}

// inline is the record's own key, unless it is hashed.
func (k *recordKey) inline() []byte { return k.id[keyStart:] }

func historyKey(slot paxos.Slot) []byte {
	return binary.BigEndian.AppendUint64([]byte{historySpace}, uint64(slot))
}
