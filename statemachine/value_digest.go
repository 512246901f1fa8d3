package statemachine

import (
	"crypto/sha1"
	"encoding/binary"
	"strconv"
)

// valueDigest is Redis's own digest of a key's value (DEBUG DIGEST-VALUE): of its type, its elements, and whether it expires, however it is kept.
// So it can be compared with that of a redis-server.
type valueDigest [sha1.Size]byte

// xor adds what comes in no order.
func (d *valueDigest) xor(b []byte) {
	sum := sha1.Sum(b)
	for i := range d {
		d[i] ^= sum[i]
	}
}

// mix adds what comes in an order.
func (d *valueDigest) mix(b []byte) {
	d.xor(b)
	*d = sha1.Sum(d[:])
}

// mixed is the digest of a name and what belongs to it.
func mixed(name, value []byte) valueDigest {
	var d valueDigest
	d.mix(name)
	d.mix(value)
	return d
}

// redisTypes are Redis's numbers of the types.
var redisTypes = map[Kind]uint32{KindString: 0, KindList: 1, KindSet: 2, KindZSet: 3, KindHash: 4, KindStream: 6}

// valueDigest is the digest of a key of the selected database; zero without one.
func (tx *Tx) valueDigest(o *Object) (d valueDigest) {
	if o == nil {
		return d
	}
	d.mix(binary.BigEndian.AppendUint32(nil, redisTypes[o.kind]))
	switch o.kind {
	case KindString:
		d.mix(o.str())
	case KindList:
		l := tx.list(o)
		l.walk(0, func(value []byte) bool { d.mix(value); return true })
	case KindStream:
		s := tx.stream(o)
		s.walk(streamID{}, maxStreamID, func(e streamEntry) bool { d.mixEntry(e); return true })
	default:
		h := tx.fields(o) // of a set and a sorted set, too, whose elements have no deadlines
		h.each(func(e element) bool { d.element(o.kind, e); return true })
	}
	if o.deadline != 0 {
		d.xor([]byte("!!expire!!"))
	}
	return d
}

// element adds a field, a member, or a member with its score.
func (d *valueDigest) element(kind Kind, e element) {
	var pair valueDigest
	switch kind {
	case KindSet:
		d.xor(e.name)
		return
	case KindZSet:
		pair = mixed(e.name, appendLongDouble(nil, e.score()))
	default:
		pair = mixed(e.name, e.value)
	}
	d.xor(pair[:])
}

// mixEntry adds an entry of a stream.
func (d *valueDigest) mixEntry(e streamEntry) {
	id := append(strconv.AppendUint(nil, e.id.ms, 10), '.')
	d.mix(strconv.AppendUint(id, e.id.seq, 10))
	_, n := binary.Uvarint(e.fields)
	for rest := e.fields[n:]; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		d.mix(rest[n : n+int(length)])
		rest = rest[n+int(length):]
	}
}
