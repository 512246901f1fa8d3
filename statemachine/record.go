package statemachine

import (
	"encoding/binary"
	"errors"

	"github.com/cespare/xxhash/v2"
)

// The value of a record is all that the log decides of an object besides its key:
//
//	format kind flags version revision (0 | 1 time) content
//
// format, kind and flags are a byte each, version and revision unsigned varints, time a signed one in Unix milliseconds
// (a key's deadline, or when its tombstone is purged), and the content is everything up to the end: a string's bytes,
// nothing of a tombstone. The format is recordFormat.
const (
	// maxRecordHead bounds what is in front of the content.
	maxRecordHead = 3 + 3*binary.MaxVarintLen64 + 1
	// sumLead is what a record's sum takes in front of its key: the space and the key's length.
	sumLead = 16
)

// Errors of records that do not decode.
var (
	errRecordCut        = errors.New("it ends too early")
	errRecordNumber     = errors.New("its numbers are not in their shortest form, or too large")
	errRecordVersion    = errors.New("it has a version out of range")
	errRecordFlags      = newer("it has flags that this paxredis does not know")
	errRecordTime       = errors.New("it says neither that it has a time nor that it has none")
	errRecordKey        = errors.New("it is a tombstone among keys")
	errRecordTomb       = errors.New("it is a key among tombstones")
	errRecordPart       = errors.New("it is a part among keys, or a key among parts")
	errRecordCollection = errors.New("its value is not that of a collection")
	errRecordLoaded     = errors.New("it is a script, a library or a user with flags or a time")
	errRecordTombTime   = errors.New("it is a tombstone with a value, flags, or no time to be purged at")
)

// appendRecordHead appends what is in front of the content.
func appendRecordHead(dst []byte, times *deadlines, o *Object) []byte {
	at, timed := times.of(o)
	return appendHead(dst, recordHead{kind: o.kind, flags: o.flags, version: o.version, revision: o.revision, timed: timed, at: at})
}

// recordHead is what is in front of a record's content.
type recordHead struct {
	kind              Kind
	flags             objectFlags
	version, revision uint64
	timed             bool
	at                int64
}

func appendHead(dst []byte, h recordHead) []byte {
	dst = append(dst, recordFormat, byte(h.kind), byte(h.flags))
	dst = binary.AppendUvarint(dst, h.version)
	dst = binary.AppendUvarint(dst, h.revision)
	if !h.timed {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), h.at)
}

// decodeRecord reads a record's value. content points into it.
func decodeRecord(value []byte) (h recordHead, content []byte, err error) {
	if len(value) > 0 {
		if err := checkFormat(uint32(value[0]), recordFormat); err != nil {
			return h, nil, err
		}
	}
	if len(value) < 3 {
		return h, nil, errRecordCut
	}
	h.kind, h.flags = Kind(value[1]), objectFlags(value[2])
	rest := value[3:]
	for _, number := range [2]*uint64{&h.version, &h.revision} {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return h, nil, varintError(n)
		}
		*number, rest = v, rest[n:]
	}
	if len(rest) == 0 {
		return h, nil, errRecordCut
	}
	switch timed := rest[0]; timed {
	case 0:
		rest = rest[1:]
	case 1:
		at, n := binary.Varint(rest[1:])
		if n <= 0 {
			return h, nil, varintError(n)
		}
		h.timed, h.at, rest = true, at, rest[1+n:]
	default:
		return h, nil, errRecordTime
	}
	return h, rest, h.check(value[:len(value)-len(rest)])
}

func varintError(n int) error {
	if n == 0 {
		return errRecordCut
	}
	return errRecordNumber
}

// check reports what no paxredis would write. encoded is what the head was read from: it must be what would be written
// of it again, since a record's sum is over its bytes.
func (h *recordHead) check(encoded []byte) error {
	var again [maxRecordHead]byte
	switch {
	case string(appendHead(again[:0], *h)) != string(encoded):
		return errRecordNumber
	case h.version == 0 || h.version > maxVersion:
		return errRecordVersion
	case h.flags&^knownFlags != 0:
		return errRecordFlags
	}
	return nil
}

// checkKind reports a record that is in the wrong sort of space.
func (h *recordHead) checkKind(role spaceRole, content []byte) error {
	known := h.kind.ofKey() || h.kind.ofPart() || h.kind == kindTombstone
	switch {
	case !known:
		return newer("it is of type %d, which this paxredis does not know", h.kind)
	case role == roleTombstones && h.kind != kindTombstone:
		return errRecordTomb
	case role == roleTombstones && (len(content) > 0 || h.flags != 0 || !h.timed):
		return errRecordTombTime
	case role == roleKeys && h.kind == kindTombstone:
		return errRecordKey
	case (role == roleParts) != h.kind.ofPart():
		return errRecordPart
	case role == roleKeys && h.kind.isCollection():
		return checkCollection(content)
	}
	return nil
}

// checkCollection reports a value that is no collection's.
func checkCollection(content []byte) error {
	switch {
	case len(content) >= len(emptyCollection()) && content[0] == formWhole:
		return nil
	case len(content) >= partsHead && content[0] == formParts:
		return nil
	case len(content) > 0 && content[0] > formParts:
		return newer("its value has a form that this paxredis does not know")
	}
	return errRecordCollection
}

// checkSpace reports a record that cannot be in a space.
func (h *recordHead) checkSpace(s *restoredSpace, content []byte) error {
	if s.db != nil {
		return h.checkKind(s.role, content)
	}
	if (h.kind < kindEval || h.kind > kindUser) && h.kind != kindSetting {
		return newer("it is loaded as type %d, which this paxredis does not know", h.kind)
	}
	if h.flags != 0 || h.timed {
		return errRecordLoaded
	}
	return nil
}

// appendSumLead appends what a record's sum takes in front of its key.
func appendSumLead(dst []byte, space uint64, keyLen int) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, space), uint64(keyLen))
}

// recordSum is the record's share in a checkpoint's sum: XXH64, seed 0, of the space and the length of the key, 8 bytes
// big-endian each, then the key, then the value.
func recordSum(space uint64, key, value []byte) uint64 {
	var lead [sumLead]byte
	d := newSumDigest()
	_, _ = d.Write(appendSumLead(lead[:0], space, len(key))) // a hash never fails to take bytes
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}

func newSumDigest() (d xxhash.Digest) {
	d.Reset()
	return d
}

// sumOf is the sum of a record whose lead, key and value are in one piece.
func sumOf(record []byte) uint64 { return xxhash.Sum64(record) }

// smallRecord is the size up to which a record is put together on the stack to be hashed at once.
const smallRecord = 512

// recordSum is the share of the object's record as it is now.
func (s *space) recordSum(o *Object) uint64 {
	var small [smallRecord]byte
	b := appendSumLead(small[:0], s.id, int(o.keyLen))
	b = append(b, o.key()...)
	b = appendRecordHead(b, &s.times, o)
	if len(b)+len(o.str()) <= smallRecord {
		return sumOf(append(b, o.str()...))
	}
	d := newSumDigest()
	_, _ = d.Write(b)
	_, _ = d.Write(o.str())
	return d.Sum64()
}
