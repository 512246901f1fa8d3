package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/format"
)

// scanner reads a journal as far as it can be read, behind damage too: replay tells whether a journal is to be trusted, a scanner
// what is in it.
type scanner struct {
	dir   string
	o     *Options
	visit func(Entry) error
	// front is the newest good mark, nil without one.
	front *mark
	// sequence and chain are those of the frame before; begun says that they are known.
	sequence, chain uint64
	begun           bool

	// opens has each payload opened by the Sealer, too; unopened is the first that was not.
	opens    bool
	unopened error

	// path and file are the file that was read last.
	path  string
	file  File
	chunk []byte
}

func crcOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// open returns a file, which stays open until another one is asked for.
func (s *scanner) open(path string) (File, error) {
	if s.file != nil && s.path == path {
		return s.file, nil
	}
	if err := s.close(); err != nil {
		return nil, failed("close", s.path, 0, err)
	}
	file, err := s.o.Files.Open(path)
	if err != nil {
		return nil, failed("open", path, 0, err)
	}
	s.path, s.file = path, file
	return file, nil
}

func (s *scanner) close() error {
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

func (s *scanner) run() error {
	if err := s.marks(); err != nil {
		return err
	}
	names, err := s.o.Files.List(s.dir)
	if err != nil {
		return failed("list", s.dir, 0, err)
	}
	if s.front != nil {
		s.sequence, s.chain, s.begun = s.front.start.sequence, s.front.start.chain, true
	}
	for _, name := range names {
		if err := s.entry(name); err != nil {
			return err
		}
	}
	return nil
}

// entry looks at one file of the directory.
func (s *scanner) entry(name string) error {
	path := filepath.Join(s.dir, name)
	number, ok := segmentNumber(name)
	switch {
	case strings.HasSuffix(name, temporarySuffix):
		return s.visit(Entry{File: path, Note: "a file that was being made; the next start removes it"})
	case !ok:
		return nil // the frontier
	case s.front != nil && number < s.front.firstSegment:
		return s.visit(Entry{File: path, Note: "a segment that was cut off; the next start removes it"})
	}
	file, err := s.open(path)
	if err != nil {
		return s.visit(Entry{File: path, Problem: err.Error()})
	}
	size, err := file.Size()
	if err != nil {
		return s.visit(Entry{File: path, Problem: err.Error()})
	}
	free, err := s.header(file, path, number, size)
	if err != nil || free {
		return err
	}
	return s.frames(file, path, size)
}

// header visits a segment's header, and reports whether the segment was never used.
func (s *scanner) header(file File, path string, number uint64, size int64) (free bool, err error) {
	block := make([]byte, blockBytes)
	if _, err := file.ReadAt(block, 0); err != nil {
		return false, s.visit(Entry{File: path, Problem: fmt.Sprintf("the segment header cannot be read: %v", err)})
	}
	h, err := decodeSegmentHeader(block)
	e := Entry{File: path}
	switch {
	case isZero(block) && (s.front == nil || number > s.front.segment):
		e.Note, free = fmt.Sprintf("%d bytes prepared as the next segment", size), true
	case err != nil:
		e.Problem = err.Error()
	case h.cluster != s.o.Cluster || h.node != s.o.Node:
		e.Problem = s.o.foreign(path, h.cluster, h.node).Error()
	case h.number != number || h.size != size:
		e.Problem = fmt.Sprintf("this is segment %d of %d bytes, under the name of segment %d and with %d bytes", h.number, h.size, number, size)
	default:
		e.Segment = &SegmentEntry{Number: number, Bytes: size, FirstSequence: h.first}
		if !s.begun {
			s.sequence, s.chain, s.begun = h.first-1, h.previous, true
		}
	}
	return free, s.visit(e)
}

// frames visits the frames of a segment. Between them there may be bytes that are none.
func (s *scanner) frames(file File, path string, size int64) error {
	for at := int64(blockBytes); at < size; {
		next, err := s.nextFrame(file, at, size)
		if err != nil {
			return s.visit(Entry{File: path, Offset: at, Problem: err.Error()})
		}
		if next > at || next < 0 {
			if err := s.between(file, path, at, next, size); err != nil {
				return err
			}
		}
		if next < 0 {
			return nil
		}
		if at, err = s.frame(file, path, next, size); err != nil {
			return err
		}
	}
	return nil
}

// between visits the bytes from one frame to the next, or to the end of the segment if next is negative. At the end zeros are right.
func (s *scanner) between(file File, path string, from, next, size int64) error {
	to := next
	if next < 0 {
		zero, err := s.zero(file, from, size)
		if err == nil && zero {
			return nil
		}
		to = size
	}
	return s.visit(Entry{File: path, Offset: from, Problem: fmt.Sprintf("%d bytes that are no frame", to-from)})
}

func (s *scanner) zero(file File, from, to int64) (bool, error) {
	for from < to {
		part := s.chunk[:min(int64(len(s.chunk)), to-from)]
		if _, err := file.ReadAt(part, from); err != nil {
			return false, err
		}
		if !isZero(part) {
			return false, nil
		}
		from += int64(len(part))
	}
	return true, nil
}

// nextFrame returns the offset of the first frame header from there on, or -1.
func (s *scanner) nextFrame(file File, from, size int64) (int64, error) {
	var header [frameHeaderBytes]byte
	if from+frameHeaderBytes <= size { // most often it is right there
		if _, err := file.ReadAt(header[:], from); err != nil {
			return 0, err
		}
		if _, err := decodeFrameHeader(header[:], s.o.salt()); err == nil {
			return from, nil
		}
	}
	for from < size {
		part := s.chunk[:min(int64(len(s.chunk)), size-from)]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, err
		}
		for at := 0; at+frameHeaderBytes <= len(part); at += sectorBytes {
			if _, err := decodeFrameHeader(part[at:at+frameHeaderBytes], s.o.salt()); err == nil {
				return from + int64(at), nil
			}
		}
		from += int64(len(part))
	}
	return -1, nil
}

// frame visits the frame whose header is good, and returns where to look for the next.
func (s *scanner) frame(file File, path string, at, size int64) (next int64, err error) {
	var encoded [frameHeaderBytes]byte
	if _, err := file.ReadAt(encoded[:], at); err != nil {
		return size, s.visit(Entry{File: path, Offset: at, Problem: err.Error()})
	}
	h, err := decodeFrameHeader(encoded[:], s.o.salt())
	if err != nil {
		return size, s.visit(Entry{File: path, Offset: at, Problem: err.Error()})
	}
	e := Entry{File: path, Offset: at, Frame: &FrameEntry{Sequence: h.sequence, Bytes: h.bytes()}}
	var problems []error
	if s.begun && (h.sequence != s.sequence+1 || h.previous != s.chain) {
		problems = append(problems, fmt.Errorf("frame %d does not continue frame %d", h.sequence, s.sequence))
	}
	s.sequence, s.chain, s.begun = h.sequence, chainAfter(encoded[:]), true
	next = at + sectorBytes // its length is not to be trusted
	if h.bytes() > size-at {
		problems = append(problems, fmt.Errorf("frame %d is cut short", h.sequence))
	} else if err := s.body(file, path, at, &h, e.Frame); err != nil {
		problems = append(problems, err)
	} else {
		next = at + h.bytes()
	}
	if err := errors.Join(problems...); err != nil {
		e.Problem = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return next, s.visit(e)
}

// body reads what is behind a frame's header into e.
func (s *scanner) body(file File, path string, at int64, h *frameHeader, e *FrameEntry) error {
	described := make([]byte, h.describedBytes)
	if _, err := file.ReadAt(described, at+frameHeaderBytes); err != nil {
		return err
	}
	batch, err := decodeDescription(h, described)
	if err != nil {
		return fmt.Errorf("frame %d %w", h.sequence, err)
	}
	e.Promised, e.Chosen = ballotOf(batch.PromisedRound, batch.PromisedNode), paxos.Slot(batch.Chosen)
	offset := at + frameHeaderBytes + int64(h.describedBytes)
	if p := batch.Published; p != nil {
		head := make([]byte, p.HeadBytes)
		if _, err := file.ReadAt(head, offset); err != nil {
			return err
		}
		if crcOf(head) != p.HeadCrc {
			return fmt.Errorf("frame %d has the description of a checkpoint that fails its checksum", h.sequence)
		}
		e.Published = &PublishedEntry{Slot: paxos.Slot(p.Slot), Generation: p.Generation, Head: head}
		offset += int64(p.HeadBytes)
	}
	var problems []error
	for _, r := range batch.Records {
		record := s.record(r, path, offset)
		if err := s.check(file, &record); err != nil {
			problems = append(problems, err)
		} else {
			e.Records = append(e.Records, record)
		}
		offset += int64(r.PayloadBytes)
	}
	return errors.Join(problems...)
}

func (s *scanner) record(r *format.Record, path string, offset int64) RecordEntry {
	overhead := uint64(s.o.sealOverhead())
	return RecordEntry{
		Slot: paxos.Slot(r.Slot), Ballot: ballotOf(r.BallotRound, r.BallotNode), Kind: paxos.EntryKind(r.Kind),
		Bytes: r.PayloadBytes - min(overhead, r.PayloadBytes), stored: r.PayloadBytes,
		crc: r.PayloadCrc, path: path, offset: offset, scanner: s,
	}
}

// check reads a record's payload without keeping it, unless it is to be opened.
func (s *scanner) check(file File, r *RecordEntry) error {
	sum := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(onlyWriter{sum}, io.NewSectionReader(file, r.offset, int64(r.stored)), s.chunk); err != nil {
		return fmt.Errorf("the record for slot %v cannot be read: %w", r.Slot, err)
	}
	if sum.Sum32() != r.crc {
		return fmt.Errorf("the record for slot %v fails its checksum", r.Slot)
	}
	if !s.opens {
		return nil
	}
	_, err := r.Payload()
	if err != nil && s.unopened == nil {
		s.unopened = err
	}
	return err
}

// onlyWriter hides all other methods, so that CopyBuffer uses its buffer.
type onlyWriter struct{ io.Writer }
