package journal

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/format"
)

// replay reads a journal from its first byte to its last, and finds out where it ends and whether that end can be
// trusted. It changes nothing.
type replay struct {
	dir   string
	o     *Options
	front mark // what is known to be synced

	index    *index
	kept     []segment
	promised paxos.Ballot
	chosen   paxos.Slot
	tail     tail // without the file
	bytes    int64
	appended uint64
	// published is the newest publication, in which segment, and whether the mark may not know of it.
	published   *Published
	publishedIn uint64
	unmarked    bool
	// unsynced are the ranges of frames behind the mark.
	unsynced []extent
	// damage is the first thing that is not as it should be. Nothing behind it is believed.
	damage *damage
	// unused is the number of a segment file that was never written to, 0 without one.
	unused uint64
	// leftover are files that were being made, or removed, when the process died.
	leftover []string

	chunk       []byte
	description []byte
	head        []byte
}

// extent is a range of a segment.
type extent struct {
	segment  uint64
	from, to int64
}

// damage is a place that cannot be read as what it should be.
type damage struct {
	segment uint64
	offset  int64 // of the frame, or 0 for the segment's header
	size    int64 // that the segment should have
	what    string
	// behind is where a torn frame's traces end at the latest; 0 when its length is unknown.
	behind int64
	// never says that no crash leaves this behind.
	never bool
}

// run reads everything. The error is a *Corrupt unless the files could not be opened or are of a later format.
func (r *replay) run() error {
	numbers, err := r.list()
	if err != nil {
		return err
	}
	if err := r.checkBoot(); err != nil {
		return err
	}
	r.tail.sequence, r.tail.chain, r.appended = r.front.start.sequence, r.front.start.chain, r.front.start.appended
	if r.front.sequence == 0 && r.front.chain != r.o.origin() {
		return r.o.corrupt(filepath.Join(r.dir, frontierName), "the first mark of the frontier is not that of this node")
	}
	for i, number := range numbers {
		if err := r.segment(number, i == len(numbers)-1); err != nil {
			return err
		}
	}
	return r.judge()
}

// list returns the segments' numbers, which must be without gaps from the first that is not cut.
func (r *replay) list() ([]uint64, error) {
	names, err := r.o.Files.List(r.dir)
	if err != nil {
		return nil, failed("list", r.dir, 0, err)
	}
	var numbers []uint64
	next := r.front.firstSegment
	for _, name := range names {
		number, ok := segmentNumber(name)
		if strings.HasSuffix(name, temporarySuffix) || ok && number < r.front.firstSegment {
			r.leftover = append(r.leftover, filepath.Join(r.dir, name))
			continue
		}
		if !ok {
			continue
		}
		if number != next {
			return nil, r.missing(next)
		}
		numbers = append(numbers, number)
		next++
	}
	if next <= r.front.segment {
		return nil, r.missing(next)
	}
	return numbers, nil
}

func (r *replay) missing(number uint64) error {
	return r.o.corrupt(segmentPath(r.dir, number), "journal segment %d is missing", number)
}

// checkBoot compares the frontier with the identity file. The identity is raised first, and never twice without the frontier.
func (r *replay) checkBoot() error {
	where := filepath.Join(r.dir, frontierName)
	switch {
	case r.front.boot > r.o.Boot:
		return r.o.corrupt(where, "the journal was last written in boot %d, but the identity file knows of %d boots: the identity file is an older copy", r.front.boot, r.o.Boot)
	case r.front.boot+1 < r.o.Boot:
		return r.o.corrupt(where, "the journal was last written in boot %d, but the identity file knows of %d boots: the journal is an older copy", r.front.boot, r.o.Boot)
	}
	return nil
}

// segment reads one segment file.
func (r *replay) segment(number uint64, last bool) error {
	path := segmentPath(r.dir, number)
	file, err := r.o.Files.Open(path)
	if err != nil {
		return r.o.openError(path, "a journal segment", err)
	}
	err = r.readSegment(file, number, last)
	return errors.Join(err, file.Close())
}

func (r *replay) readSegment(file File, number uint64, last bool) error {
	size, err := file.Size()
	if err != nil {
		return failed("read", segmentPath(r.dir, number), 0, err)
	}
	unused, err := r.isUnused(file, number, size)
	if err != nil {
		return err
	}
	switch {
	case r.damage != nil && (!unused || r.damage.offset == 0):
		// A later segment is made once a frame of this one is synced, and written once this one is full.
		return r.corrupt(*r.damage, "but a later segment was made")
	case unused && last:
		r.unused = number
		return nil
	case unused:
		return r.corrupt(damage{segment: number, what: "the segment is empty"}, "and a later one exists")
	}
	h, bad, err := r.readHeader(file, number, size)
	if err != nil {
		return err
	}
	if bad != nil {
		r.damage = bad
		return r.checkDamage(file, size)
	}
	before := r.tail
	r.tail.segment, r.tail.size, r.tail.end = number, h.size, blockBytes
	r.kept = append(r.kept, segment{number: number, size: h.size, start: position{before.sequence, before.chain, r.appended}})
	if err := r.frames(file, min(size, h.size)); err != nil {
		return err
	}
	r.noteEnd(size)
	if r.damage != nil {
		r.damage.size = h.size
		if err := r.checkDamage(file, size); err != nil {
			return err
		}
	}
	if r.tail.end == blockBytes { // not even its first frame is good: the segment is to be given up
		r.tail, r.damage.offset = before, 0
		r.kept = r.kept[:len(r.kept)-1]
		return nil
	}
	r.bytes += h.size
	return nil
}

// noteEnd looks at where the segment's good frames end.
func (r *replay) noteEnd(size int64) {
	switch {
	case r.damage != nil:
	case size < r.tail.size:
		r.damage = &damage{segment: r.tail.segment, offset: r.tail.end, what: fmt.Sprintf("the file is %d bytes long instead of %d", size, r.tail.size)}
	case r.tail.end == blockBytes:
		r.damage = &damage{segment: r.tail.segment, offset: r.tail.end, what: "the segment has a header and no frame"}
	}
}

// isUnused reports whether the file holds nothing but zeros although the mark does not need it.
func (r *replay) isUnused(file File, number uint64, size int64) (bool, error) {
	if number <= r.front.segment {
		return false, nil
	}
	at, err := r.firstNonZero(file, number, 0, size)
	return at == size, err
}

// readHeader returns the segment's header, or why it is bad in a way that a crash may explain.
func (r *replay) readHeader(file File, number uint64, size int64) (h segmentHeader, bad *damage, err error) {
	path := segmentPath(r.dir, number)
	block := make([]byte, blockBytes)
	if size < blockBytes {
		return h, &damage{segment: number, what: fmt.Sprintf("the file is only %d bytes long", size)}, nil
	}
	if err := r.readAt(file, number, block, 0); err != nil {
		return h, nil, err
	}
	h, err = decodeSegmentHeader(block)
	switch {
	case errors.Is(err, errNewerFormat):
		return h, nil, newerFormat(path, err)
	case err != nil:
		return h, &damage{segment: number, what: err.Error()}, nil
	case h.cluster != r.o.Cluster || h.node != r.o.Node:
		return h, nil, r.o.foreign(path, h.cluster, h.node)
	case h.number != number:
		return h, nil, r.o.corrupt(path, "this is segment %d under the name of segment %d", h.number, number)
	case size > h.size:
		return h, nil, r.o.corrupt(path, "the file is %d bytes long instead of %d", size, h.size)
	case h.first != r.tail.sequence+1:
		return h, nil, r.o.corrupt(path, "the segment begins with frame %d, but the one before it ends with frame %d", h.first, r.tail.sequence)
	case h.previous != r.tail.chain:
		return h, nil, r.o.corrupt(path, "the segment does not continue the one before it")
	}
	return h, nil, nil
}

// frames reads the frames of the segment at the tail, up to limit.
func (r *replay) frames(file File, limit int64) error {
	in := bufio.NewReaderSize(io.NewSectionReader(file, blockBytes, limit-blockBytes), fillBytes)
	for r.tail.end < limit && r.damage == nil {
		end, err := r.frame(in, limit)
		if end && err == nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// frame reads one frame, and reports whether the segment ended instead. What is bad about it goes into r.damage.
func (r *replay) frame(in *bufio.Reader, limit int64) (end bool, err error) {
	room := limit - r.tail.end
	header, err := in.Peek(int(min(room, frameHeaderBytes)))
	if err != nil {
		return false, r.unreadable(r.tail.segment, err)
	}
	if isZero(header) {
		return true, r.onlyZeros(in)
	}
	if len(header) < frameHeaderBytes {
		return false, r.bad(0, false, "is cut short")
	}
	h, err := decodeFrameHeader(header, r.o.salt())
	if err != nil {
		return false, r.bad(0, false, "%v", err)
	}
	chain := chainAfter(header)
	switch behind := r.tail.end + h.bytes(); {
	case h.sequence != r.tail.sequence+1 || h.previous != r.tail.chain:
		return false, r.bad(0, true, "is numbered %d and does not continue the frame before it", h.sequence)
	case h.bytes() > room:
		return false, r.bad(0, false, "is cut short")
	default:
		return false, r.body(in, &h, chain, behind)
	}
}

// body reads what follows a frame's header, and takes the frame's content over if all of it is good.
func (r *replay) body(in *bufio.Reader, h *frameHeader, chain uint64, behind int64) error {
	r.description = grow(r.description, int(h.describedBytes))
	if _, err := in.Discard(frameHeaderBytes); err != nil {
		return r.unreadable(r.tail.segment, err)
	}
	if _, err := io.ReadFull(in, r.description); err != nil {
		return r.unreadable(r.tail.segment, err)
	}
	batch, err := decodeDescription(h, r.description)
	if err != nil {
		return r.bad(behind, false, "%v", err)
	}
	if p := batch.Published; p != nil {
		if r.head, err = r.readHead(in, p.HeadBytes); err != nil {
			return err
		}
		if crc32.Checksum(r.head, castagnoli) != p.HeadCrc {
			return r.bad(behind, false, "has the description of a checkpoint that fails its checksum")
		}
	}
	for _, record := range batch.Records {
		sum, err := r.checksum(in, record.PayloadBytes)
		if err != nil {
			return err
		}
		if sum != record.PayloadCrc {
			return r.bad(behind, false, "has a record for slot %d that fails its checksum", record.Slot)
		}
	}
	padding := behind - r.tail.end - frameHeaderBytes - int64(h.describedBytes) - int64(h.payloadBytes)
	zeros := r.chunk[:padding]
	if _, err := io.ReadFull(in, zeros); err != nil {
		return r.unreadable(r.tail.segment, err)
	}
	if !isZero(zeros) {
		return r.bad(behind, false, "is followed by bytes that were never written")
	}
	return r.take(batch, h.sequence, chain, behind)
}

// readHead reads the head of a publication, whose length is known to fit in the segment.
func (r *replay) readHead(in io.Reader, n uint64) ([]byte, error) {
	head := make([]byte, n)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, r.unreadable(r.tail.segment, err)
	}
	return head, nil
}

func (r *replay) checksum(in io.Reader, n uint64) (sum uint32, err error) {
	for n > 0 {
		part := r.chunk[:min(n, uint64(len(r.chunk)))]
		if _, err := io.ReadFull(in, part); err != nil {
			return 0, r.unreadable(r.tail.segment, err)
		}
		sum = crc32.Update(sum, castagnoli, part)
		n -= uint64(len(part))
	}
	return sum, nil
}

// take adds a good frame to what is restored.
func (r *replay) take(batch *format.Batch, sequence, chain uint64, end int64) error {
	at := locate(r.tail.segment, r.tail.end)
	if sequence > r.front.sequence {
		r.noteUnsynced(extent{r.tail.segment, r.tail.end, end})
	}
	r.appended += uint64(end - r.tail.end)
	r.tail.sequence, r.tail.chain, r.tail.end = sequence, chain, end
	r.restore(batch, at)
	if sequence == r.front.sequence && (chain != r.front.chain || r.tail.segment != r.front.segment || end != r.front.end) {
		return r.o.corrupt(segmentPath(r.dir, r.tail.segment), "frame %d is not the one that the frontier marks as synced: the frontier or the segments are an older copy", sequence)
	}
	return nil
}

// restore takes over what a good frame says.
func (r *replay) restore(batch *format.Batch, at location) {
	segment := &r.kept[len(r.kept)-1]
	r.promise(batch.PromisedRound, batch.PromisedNode)
	r.chosen = max(r.chosen, paxos.Slot(batch.Chosen))
	if p := batch.Published; p != nil {
		r.published = &Published{Slot: paxos.Slot(p.Slot), Generation: p.Generation, Head: r.head}
		r.publishedIn, r.unmarked = segment.number, r.tail.sequence > r.front.sequence
		if r.unmarked {
			r.index.rebase(r.published.Slot) // the mark's first slot says so otherwise
		}
		r.chosen = min(r.chosen, r.index.contiguous)
	}
	for _, record := range batch.Records {
		r.promise(record.BallotRound, record.BallotNode)
		segment.last = max(segment.last, paxos.Slot(record.Slot))
		r.index.put(paxos.Slot(record.Slot), at)
	}
}

func (r *replay) promise(round uint64, node uint32) {
	if b := ballotOf(round, node); r.promised.Less(b) {
		r.promised = b
	}
}

func (r *replay) noteUnsynced(e extent) {
	if e.from == blockBytes {
		e.from = 0 // the header was written with its first frame
	}
	if n := len(r.unsynced); n > 0 && r.unsynced[n-1].segment == e.segment {
		r.unsynced[n-1].to = e.to
		return
	}
	r.unsynced = append(r.unsynced, e)
}

func ballotOf(round uint64, node uint32) paxos.Ballot {
	return paxos.Ballot{Round: paxos.Round(round), Node: paxos.NodeID(node)}
}

// onlyZeros checks the rest of a segment behind its last frame.
func (r *replay) onlyZeros(in *bufio.Reader) error {
	for {
		n, err := io.ReadFull(in, r.chunk)
		if !isZero(r.chunk[:n]) {
			return r.bad(0, false, "was expected, other bytes were found")
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return r.unreadable(r.tail.segment, err)
		}
	}
}

// bad notes what is wrong with the frame at the tail.
func (r *replay) bad(behind int64, never bool, what string, args ...any) error {
	r.damage = &damage{
		segment: r.tail.segment, offset: r.tail.end, behind: behind, never: never,
		what: fmt.Sprintf("journal frame %d ", r.tail.sequence+1) + fmt.Sprintf(what, args...),
	}
	return nil
}

func (r *replay) unreadable(segment uint64, err error) error {
	return r.o.corrupt(segmentPath(r.dir, segment), "journal segment %d cannot be read: %v", segment, err)
}

func (r *replay) readAt(file File, segment uint64, dst []byte, offset int64) error {
	if _, err := file.ReadAt(dst, offset); err != nil {
		return r.unreadable(segment, err)
	}
	return nil
}
