package journal

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Entry is one thing found in a journal. Exactly one of Mark, Segment, Frame, Note is set, or else Problem says why not; a frame may
// have a problem, too.
type Entry struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`

	Mark    *MarkEntry    `json:"mark,omitempty"`
	Segment *SegmentEntry `json:"segment,omitempty"`
	Frame   *FrameEntry   `json:"frame,omitempty"`
	// Note says something that is as it may be.
	Note string `json:"note,omitempty"`
	// Problem says what is not as it was written.
	Problem string `json:"problem,omitempty"`
}

// MarkEntry is one slot of the frontier: how far the journal was known to be synced.
type MarkEntry struct {
	Number       uint64       `json:"number"`
	Boot         uint64       `json:"boot"`
	Clean        bool         `json:"clean"` // closed, and nothing written since
	FirstSegment uint64       `json:"first_segment"`
	FirstSlot    paxos.Slot   `json:"first_slot"`
	Segment      uint64       `json:"segment"` // where the newest frame is
	End          int64        `json:"end"`     // where that ends
	Sequence     uint64       `json:"sequence"`
	Promised     paxos.Ballot `json:"promised"`
	LastSlot     paxos.Slot   `json:"last_slot"`
	Chosen       paxos.Slot   `json:"chosen"`
}

// SegmentEntry is the header of a segment.
type SegmentEntry struct {
	Number        uint64 `json:"number"`
	Bytes         int64  `json:"bytes"`
	FirstSequence uint64 `json:"first_sequence"`
}

// FrameEntry is what one append made durable.
type FrameEntry struct {
	Sequence uint64       `json:"sequence"`
	Bytes    int64        `json:"bytes"`
	Promised paxos.Ballot `json:"promised"` // zero: not in this frame
	Chosen   paxos.Slot   `json:"chosen"`
	// Published is the checkpoint that is the newest from this frame on.
	Published *PublishedEntry `json:"published,omitempty"`
	Records   []RecordEntry   `json:"records,omitempty"`
}

// PublishedEntry is a publication; see Published.
type PublishedEntry struct {
	Slot       paxos.Slot `json:"slot"`
	Generation uint64     `json:"generation"`
	Head       []byte     `json:"head,omitempty"`
}

// RecordEntry is an accepted record.
type RecordEntry struct {
	Slot   paxos.Slot      `json:"slot"`
	Ballot paxos.Ballot    `json:"ballot"`
	Kind   paxos.EntryKind `json:"kind"`
	Bytes  uint64          `json:"bytes"` // of the payload

	crc     uint32
	stored  uint64 // how many bytes are stored of it
	path    string
	offset  int64
	scanner *scanner
}

// Payload reads the record's payload. It may be called during the visit only.
func (r *RecordEntry) Payload() ([]byte, error) {
	file, err := r.scanner.open(r.path)
	if err != nil {
		return nil, err
	}
	payload := make([]byte, r.stored)
	if _, err := file.ReadAt(payload, r.offset); err != nil {
		return nil, fmt.Errorf("storage: %s: the payload of slot %v at offset %d cannot be read: %w", r.path, r.Slot, r.offset, err)
	}
	if crcOf(payload) != r.crc {
		return nil, fmt.Errorf("storage: %s: the payload of slot %v at offset %d fails its checksum", r.path, r.Slot, r.offset)
	}
	record := paxos.Record{Slot: r.Slot, Ballot: r.Ballot, Entry: paxos.Entry{Kind: r.Kind, Payload: payload}}
	if err := r.scanner.o.unseal(&record); err != nil {
		return nil, fmt.Errorf("storage: %s: the payload of slot %v at offset %d cannot be decrypted: %w", r.path, r.Slot, r.offset, err)
	}
	return record.Entry.Payload, nil
}

// Inspect reads the journal of a stopped node from its first byte to its last, and tells visit all that it finds, damage included, in
// the order of the files. The last entry is the verdict of Open. It changes nothing. An error of visit ends it.
func Inspect(dir string, o Options, visit func(Entry) error) (err error) {
	if o.Files == nil {
		o.Files = readOnly{}
	}
	if err := o.setDefaults(); err != nil {
		return err
	}
	s := &scanner{dir: dir, o: &o, visit: visit, opens: o.Sealer != nil, chunk: make([]byte, fillBytes)}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.run(); err != nil {
		return err
	}
	verdict := verdictEntry(dir, &o)
	if verdict.Problem == "" && s.unopened != nil { // Open does not look there, but whoever reads the slot is refused
		verdict.Note, verdict.Problem = "", s.unopened.Error()
	}
	return visit(verdict)
}

// verdictEntry says what Open would find.
func verdictEntry(dir string, o *Options) Entry {
	r, err := verify(dir, o)
	e := Entry{File: dir}
	switch {
	case err != nil:
		e.Problem = err.Error()
	case r.damage != nil:
		e.File, e.Offset = segmentPath(dir, r.damage.segment), r.damage.offset
		e.Note = "the last frame was torn by a crash before it was acknowledged; the next start drops it: " + r.damage.what
	default:
		e.Note = fmt.Sprintf("sound: frames up to %d, slots %v to %v, %d bytes appended", r.tail.sequence, r.index.first, r.index.last, r.appended)
	}
	return e
}

// verify reads a journal as Open does, and repairs nothing. The error is a *Corrupt after damage.
func verify(dir string, o *Options) (*replay, error) {
	f, err := openFrontier(dir, o)
	if err != nil {
		return nil, err
	}
	r := &replay{dir: dir, o: o, front: f.current, index: newIndex(f.current.firstSlot), chunk: make([]byte, fillBytes)}
	return r, errors.Join(r.run(), f.file.Close())
}

// marks visits the slots of the frontier, and takes the newest good one for what the journal should be.
func (s *scanner) marks() error {
	path := filepath.Join(s.dir, frontierName)
	file, err := s.open(path)
	if err != nil {
		return s.visit(Entry{File: path, Problem: err.Error()})
	}
	block := make([]byte, blockBytes)
	for slot := range int64(markSlots) {
		e := Entry{File: path, Offset: slot * blockBytes}
		var m mark
		_, err := file.ReadAt(block, e.Offset)
		if err == nil {
			m, err = decodeMark(block)
		}
		switch {
		case err != nil:
			e.Problem = err.Error()
		case m.cluster != s.o.Cluster || m.node != s.o.Node:
			e.Problem = s.o.foreign(path, m.cluster, m.node).Error()
		default:
			e.Mark = m.entry()
			if s.front == nil || m.number > s.front.number {
				s.front = &m
			}
		}
		if err := s.visit(e); err != nil {
			return err
		}
	}
	return nil
}

func (m *mark) entry() *MarkEntry {
	return &MarkEntry{
		Number: m.number, Boot: m.boot, Clean: m.clean, FirstSegment: m.firstSegment, FirstSlot: m.firstSlot, Segment: m.segment,
		End: m.end, Sequence: m.sequence, Promised: m.promised, LastSlot: m.lastSlot, Chosen: m.chosen,
	}
}
