package journal

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/format"
)

// Read returns the newest record of each slot in from..through, in order and without gaps, as many as fit in maxBytes of
// payload but at least one. A slot that is not stored, or is damaged, is an error. Recent records come from memory; the
// checksums of others are checked as they are read. Payloads must not be modified.
func (j *Journal) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	if from == 0 || from > through {
		return nil, fmt.Errorf("storage: cannot read slots %v to %v: not a range", from, through)
	}
	reader := j.newReader()
	records, err := j.readRange(reader, from, through, maxBytes)
	err = errors.Join(err, reader.close())
	// A slot may be cut while it is read: then its file may have been given another content.
	if first := j.First(); err != nil && from+paxos.Slot(len(records)) < first {
		return nil, fmt.Errorf("storage: slot %v cannot be read: slots below %v were %w", from, first, ErrCut)
	}
	return records, err
}

func (j *Journal) readRange(reader *reader, from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	var records []paxos.Record
	used := 0
	for slot := from; slot <= through; slot++ {
		record, at, cached := j.lookUp(slot)
		switch {
		case cached:
		case at == 0:
			return records, fmt.Errorf("storage: slot %v is not stored", slot)
		default:
			if bytes, err := reader.payloadBytes(slot, at); err != nil || len(records) > 0 && bytes > uint64(maxBytes-used) {
				return records, err
			}
			var err error
			if record, err = reader.record(slot, at); err != nil {
				return records, err
			}
		}
		if len(records) > 0 && len(record.Entry.Payload) > maxBytes-used {
			break
		}
		used += len(record.Entry.Payload)
		records = append(records, record)
	}
	return records, nil
}

func (j *Journal) lookUp(slot paxos.Slot) (record paxos.Record, at location, cached bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if record, cached = j.cache.get(slot); cached && slot >= j.index.first {
		return record, 0, true
	}
	return paxos.Record{}, j.index.get(slot), false // nowhere if it is cut
}

// reader reads records from segments. It remembers the frame it read last, since neighbouring slots tend to share one.
type reader struct {
	j       *Journal
	file    File
	segment uint64
	frame   location
	// where a slot's payload is, by its place in the frame's description.
	places map[paxos.Slot]place
}

// place is a record's description and the offset of its payload in the segment.
type place struct {
	record *format.Record
	offset int64
}

func (j *Journal) newReader() *reader { return &reader{j: j} }

func (r *reader) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// record reads the record of a slot from the frame that holds it.
func (r *reader) record(slot paxos.Slot, at location) (paxos.Record, error) {
	p, err := r.find(slot, at)
	if err != nil {
		return paxos.Record{}, err
	}
	payload := make([]byte, p.record.PayloadBytes)
	if _, err := r.file.ReadAt(payload, p.offset); err != nil {
		return paxos.Record{}, r.bad("acceptor record for slot %v cannot be read: %v", slot, err)
	}
	if crc32.Checksum(payload, castagnoli) != p.record.PayloadCrc {
		return paxos.Record{}, r.bad("acceptor record for slot %v fails its checksum", slot)
	}
	record := paxos.Record{
		Slot:   slot,
		Ballot: paxos.Ballot{Round: paxos.Round(p.record.BallotRound), Node: paxos.NodeID(p.record.BallotNode)},
		Entry:  paxos.Entry{Kind: paxos.EntryKind(p.record.Kind), Payload: payload},
	}
	if err := r.j.o.unseal(&record); err != nil {
		return paxos.Record{}, r.bad("acceptor record for slot %v cannot be decrypted: %v", slot, err)
	}
	return record, nil
}

// payloadBytes is the size of a slot's payload, without reading it.
func (r *reader) payloadBytes(slot paxos.Slot, at location) (uint64, error) {
	p, err := r.find(slot, at)
	if err != nil {
		return 0, err
	}
	return p.record.PayloadBytes, nil
}

func (r *reader) find(slot paxos.Slot, at location) (place, error) {
	if r.frame != at {
		if err := r.load(at); err != nil {
			return place{}, err
		}
	}
	p, ok := r.places[slot]
	if !ok {
		return p, r.bad("the frame at offset %d holds no record for slot %v", at.offset(), slot)
	}
	return p, nil
}

// load reads the description of a frame.
func (r *reader) load(at location) error {
	r.frame = 0
	if err := r.enter(at.segment()); err != nil {
		return err
	}
	var encoded [frameHeaderBytes]byte
	if _, err := r.file.ReadAt(encoded[:], at.offset()); err != nil {
		return r.bad("the frame at offset %d cannot be read: %v", at.offset(), err)
	}
	h, err := decodeFrameHeader(encoded[:], r.j.o.salt())
	if err != nil {
		return r.bad("the frame at offset %d %v", at.offset(), err)
	}
	described := make([]byte, h.describedBytes)
	if _, err := r.file.ReadAt(described, at.offset()+frameHeaderBytes); err != nil {
		return r.bad("the frame at offset %d cannot be read: %v", at.offset(), err)
	}
	batch, err := decodeDescription(&h, described)
	if err != nil {
		return r.bad("the frame at offset %d %v", at.offset(), err)
	}
	offset := at.offset() + frameHeaderBytes + int64(h.describedBytes) + int64(batch.Published.GetHeadBytes())
	r.places = make(map[paxos.Slot]place, len(batch.Records))
	for _, record := range batch.Records {
		r.places[paxos.Slot(record.Slot)] = place{record, offset} // a later record of the same slot supersedes
		offset += int64(record.PayloadBytes)
	}
	r.frame = at
	return nil
}

// enter opens the file of a segment.
func (r *reader) enter(segment uint64) error {
	if r.segment == segment {
		return nil
	}
	if err := r.close(); err != nil {
		return failed("close", r.j.pathOf(r.segment), 0, err)
	}
	r.file, r.segment = nil, 0
	file, err := r.j.o.Files.Open(r.j.pathOf(segment))
	if err != nil {
		return r.j.o.openError(r.j.pathOf(segment), "a journal segment", err)
	}
	r.file, r.segment = file, segment
	return nil
}

func (r *reader) bad(what string, args ...any) error {
	return r.j.o.corrupt(r.j.pathOf(r.segment), what, args...)
}
