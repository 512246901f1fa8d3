package state

import (
	"bytes"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// sequence checks that the pieces of each record follow one another and are all there.
type sequence struct {
	id   []byte
	next uint32
	left uint64 // content of the record that is still to come
}

// add takes the next piece, and reports whether it is the last one of its record.
func (s *sequence) add(p *piece) (last bool, err error) {
	if p.number == 0 {
		if err := s.end(); err != nil {
			return false, err
		}
		if s.left = p.total - uint64(len(p.content)); s.left > 0 {
			s.id, s.next = append(s.id[:0], p.id...), 1
		}
		return s.left == 0, nil
	}
	if s.left == 0 || p.number != s.next || !bytes.Equal(p.id, s.id) {
		return false, inconsistent("piece %d of a record does not follow the one before it", p.number)
	}
	if uint64(len(p.content)) != min(s.left, pieceBytes) {
		return false, inconsistent("piece %d of a record has %d bytes", p.number, len(p.content))
	}
	s.left -= uint64(len(p.content))
	s.next++
	return s.left == 0, nil
}

// end must be called after the last piece.
func (s *sequence) end() error {
	if s.left > 0 {
		return inconsistent("the last %d bytes of a record are missing", s.left)
	}
	return nil
}

// Tally counts records from their pieces, one after another in the order they were read in, and checks that each is complete. The zero
// value is ready for use. It keeps nothing of them but a record's key.
type Tally struct {
	// Count is the number of records that are not deleted, and Sum the sum of their paxos.RecordSum.
	Count, Sum uint64
	// Deleted is the number of deleted records.
	Deleted uint64

	sequence sequence
	digest   xxhash.Digest
	live     map[uint64]uint64   // bytes stored for each space
	long     map[uint64]struct{} // fingerprints of records of several pieces
}

// add takes the next piece.
func (t *Tally) add(p *piece) error {
	last, err := t.sequence.add(p)
	if err != nil {
		return err
	}
	t.weigh(p)
	if p.deleted() {
		if last {
			t.Deleted++
		}
		return nil
	}
	if p.number == 0 {
		t.begin(p)
	}
	_, _ = t.digest.Write(p.content) // a hash never fails to take bytes
	if last {
		t.Count++
		t.Sum += t.digest.Sum64()
	}
	return nil
}

// begin hashes what paxos.RecordSum has before the content.
func (t *Tally) begin(p *piece) {
	keyBytes := p.keyBytes
	if !p.hashed {
		keyBytes = uint64(len(p.inline()))
	}
	var lead [16]byte
	binary.BigEndian.PutUint64(lead[:8], p.space)
	binary.BigEndian.PutUint64(lead[8:], keyBytes)
	t.digest.Reset()
	_, _ = t.digest.Write(lead[:])
	if !p.hashed {
		_, _ = t.digest.Write(p.inline())
	}
}

// entryOverhead is about what Badger adds to a key and a value: version, lengths, share of index and checksums.
const entryOverhead = 16

// weigh notes what the piece takes on disk, and which records have several.
func (t *Tally) weigh(p *piece) {
	if t.live == nil {
		t.live, t.long = make(map[uint64]uint64), make(map[uint64]struct{})
	}
	t.live[p.space] += uint64(len(p.id) + len(p.content) + entryOverhead)
	if p.meta&metaMore != 0 {
		t.long[fingerprint(p.id)] = struct{}{}
	}
}

// fingerprint stands for a record in sets that may have too many members, but none too few.
func fingerprint(id []byte) uint64 { return xxhash.Sum64(id) }

// end must be called after the last piece: it says whether the last record is complete.
func (t *Tally) end() error { return t.sequence.end() }

// Add takes the next piece that DecodePart gave.
func (t *Tally) Add(p PartRecord) error { return t.add(&p.piece) }

// End must be called after the last piece: an error says that a record is not complete.
func (t *Tally) End() error { return t.end() }
