package statemachine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// digest is an order-independent sum of records: the exclusive or of their hashes. As each key comes once, no two
// records are equal and cancel each other.
type digest [20]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func (d *digest) add(record []byte) {
	sum := sha256.Sum256(record)
	for i := range d {
		d[i] ^= sum[i]
	}
}

// digest is over everything that the log decides: scripts, keys, values, versions, revisions, deadlines, tombstones, and how
// collections are divided. An empty
// keyspace's is zero. What each node has of its own, as access times, is not in it.
func (ks *keyspace) digest() digest {
	var d digest
	var record []byte
	for i := range ks.databases {
		db := &ks.databases[i]
		for _, s := range db.spaces() {
			s.each(func(o *Object) bool {
				if !db.isLeft(s, o) {
					record = appendDigestRecord(record[:0], i, &s.times, o)
					d.add(record)
				}
				return true
			})
		}
	}
	ks.loaded.each(func(o *Object) bool {
		record = appendDigestRecord(record[:0], Databases, &ks.loaded.times, o)
		d.add(record)
		return true
	})
	return d
}

// appendDigestRecord encodes all of an object that the log decides.
func appendDigestRecord(dst []byte, db int, times *deadlines, o *Object) []byte {
	at, timed := times.of(o)
	dst = append(dst, byte(db), byte(o.kind), byte(o.flags))
	dst = binary.AppendUvarint(dst, o.version)
	dst = binary.AppendUvarint(dst, o.revision)
	if timed {
		dst = binary.AppendVarint(append(dst, 1), at)
	} else {
		dst = append(dst, 0)
	}
	dst = appendBytes(dst, o.key())
	return appendBytes(dst, o.str())
}

// Digest is DEBUG DIGEST's reply: 40 hexadecimal digits that are equal on all nodes at the same applied slot. Safe from
// any goroutine but in Replies.
func (m *Machine) Digest() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.ks.digest().String()
}
