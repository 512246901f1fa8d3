package journal

import (
	"hash/crc32"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/format"
)

const (
	// recordBytes and promiseBytes bound what a record, and everything else, takes in a description.
	recordBytes  = 64
	promiseBytes = 64
	// sharePayload is the size from which a payload is written from where it is, rather than copied into the frame.
	sharePayload = 16 << 10
	// quickAppend is how long an append takes at most for the disk to count as quick: its mark, in the page cache, is then written as what takes no
	// time. It may have to wait for the file system all the same, which others wait for, too, if the disk has just become slow.
	quickAppend = 10 * time.Millisecond
	// keepScratch bounds the buffer that is kept for the next frame.
	keepScratch = 4 << 20
)

// appender is what Append uses again from frame to frame.
type appender struct {
	records     []*paxos.Record
	payloads    [][]byte
	sealed      []byte // what they lie in, with a Sealer
	batch       format.Batch
	pool        []*format.Record
	description []byte
	buffer      []byte
	vector      [][]byte
}

// frameParts is the content of one frame.
type frameParts struct {
	promised paxos.Ballot
	hint     paxos.Slot
	records  []*paxos.Record
	// published, if not nil, is the checkpoint that the frame publishes.
	published *Published
}

// Append makes the writes durable, in order: one write and one fdatasync for all of them, unless together they are larger
// than a segment. Writes that hold nothing but a hint are not synced. After an error every later call returns that error (rule D2).
func (j *Journal) Append(writes []paxos.Write) error {
	j.appending.Lock()
	defer j.appending.Unlock()
	if err := j.failure(); err != nil {
		return err
	}
	var all frameParts
	all.records = j.scratch.records[:0]
	for i := range writes {
		w := &writes[i]
		if all.promised.Less(w.Promised) {
			all.promised = w.Promised
		}
		all.hint = max(all.hint, w.Chosen)
		for k := range w.Records {
			all.records = append(all.records, &w.Records[k])
		}
	}
	err := j.appendAll(all)
	clear(all.records) // do not keep the payloads alive
	j.scratch.records = all.records
	if err != nil {
		return j.fail(err)
	}
	return nil
}

func (j *Journal) appendAll(all frameParts) error {
	if all.promised.IsZero() && len(all.records) == 0 {
		j.hear(all.hint)
		return j.putHint(all.hint)
	}
	for {
		part, rest := split(all, j.o.SegmentBytes-blockBytes, j.o.sealOverhead())
		if len(rest.records) == 0 {
			// Not before: of a slot that a later frame holds, an older record may be stored, which is not the one chosen.
			j.hear(all.hint)
		}
		if err := j.appendFrame(part); err != nil {
			return err
		}
		if len(rest.records) == 0 {
			return nil
		}
		all = rest
	}
}

// hear notes the highest slot told to be chosen.
func (j *Journal) hear(hint paxos.Slot) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hint = max(j.hint, hint)
}

// split cuts off the records that fit into one regular segment, at least one if there are any. The promise goes first: it
// must not be missing when a record of its ballot is there.
func split(all frameParts, room int64, overhead int) (part, rest frameParts) {
	size := int64(frameHeaderBytes + promiseBytes)
	for i, r := range all.records {
		size += recordBytes + int64(len(r.Entry.Payload)+overhead)
		if i > 0 && align(size, sectorBytes) > room {
			return frameParts{promised: all.promised, records: all.records[:i]}, frameParts{records: all.records[i:], hint: all.hint}
		}
	}
	return all, frameParts{}
}

// putHint notes a hint that comes without anything to sync.
func (j *Journal) putHint(hint paxos.Slot) error {
	if hint == 0 {
		return nil
	}
	if err := j.frontier.put(func(m *mark) { m.chosen = j.storedHint() }, false); err != nil {
		return err
	}
	j.markDirty()
	return nil
}

// storedHint is the hint as far as all its slots are stored: a hint that says more could not be restored.
func (j *Journal) storedHint() paxos.Slot {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return min(j.hint, j.index.contiguous)
}

func (j *Journal) markDirty() {
	select {
	case j.dirty <- struct{}{}:
	default: // the settler knows already
	}
}

// appendFrame writes and syncs one frame, marks it, and makes it visible to readers.
func (j *Journal) appendFrame(parts frameParts) error {
	payloads := j.payloads(&parts)
	description, payloadBytes := j.describe(parts, payloads)
	header := frameHeader{
		describedBytes: uint32(len(description)), payloadBytes: payloadBytes, sequence: j.tail.sequence + 1,
		previous: j.tail.chain, describedCRC: crc32.Checksum(description, castagnoli),
	}
	var encoded [frameHeaderBytes]byte
	header.encode(encoded[:], j.o.salt())
	began := time.Now()
	at, err := j.place(&header, encoded[:], description, payloads)
	wasQuick := time.Since(began) < quickAppend
	clear(payloads)                          // do not keep them alive
	if cap(j.scratch.sealed) > keepScratch { // as large as a value may be, and seldom needed
		j.scratch.sealed = nil
	}
	if err != nil {
		return err
	}
	j.tail.end = at + header.bytes()
	j.tail.sequence, j.tail.chain = header.sequence, chainAfter(encoded[:])
	j.show(parts, locate(j.tail.segment, at), uint64(header.bytes()))
	return j.markSynced(wasQuick)
}

// describe encodes the description of a frame with these payloads into the scratch buffer's place.
func (j *Journal) describe(parts frameParts, payloads [][]byte) (description []byte, payloadBytes uint64) {
	b, s := &j.scratch.batch, &j.scratch
	b.PromisedRound, b.PromisedNode = uint64(parts.promised.Round), uint32(parts.promised.Node)
	b.Chosen = uint64(j.storedHint())
	if b.Published = parts.published.describe(); b.Published != nil {
		payloadBytes, payloads = b.Published.HeadBytes, payloads[1:]
	}
	for len(s.pool) < len(parts.records) {
		s.pool = append(s.pool, new(format.Record))
	}
	b.Records = s.pool[:len(parts.records)]
	for i, r := range parts.records {
		e := b.Records[i]
		e.Slot, e.BallotRound, e.BallotNode = uint64(r.Slot), uint64(r.Ballot.Round), uint32(r.Ballot.Node)
		e.Kind = uint32(r.Entry.Kind)
		e.PayloadBytes, e.PayloadCrc = uint64(len(payloads[i])), crc32.Checksum(payloads[i], castagnoli)
		payloadBytes += e.PayloadBytes
	}
	n := b.SizeVT()
	s.description = grow(s.description, n)
	// MarshalToSizedBufferVT fails only when the buffer is smaller than SizeVT: it is not.
	_, _ = b.MarshalToSizedBufferVT(s.description)
	return s.description, payloadBytes
}

// grow returns n bytes in the place of b if they fit, aligned for a write past the page cache.
func grow(b []byte, n int) []byte {
	if cap(b) < n || cap(b) > keepScratch && n < keepScratch/4 {
		return aligned(n)
	}
	return b[:n]
}

// show makes a synced frame visible to readers.
func (j *Journal) show(parts frameParts, at location, bytes uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.appended += bytes
	segment := &j.kept[len(j.kept)-1]
	if parts.published != nil {
		j.published, j.publishedIn = parts.published, segment.number
		j.index.rebase(parts.published.Slot)
	}
	if j.promised.Less(parts.promised) {
		j.promised = parts.promised
	}
	for _, r := range parts.records {
		if j.promised.Less(r.Ballot) {
			j.promised = r.Ballot
		}
		segment.last = max(segment.last, r.Slot)
		j.index.put(r.Slot, at)
		j.cache.put(*r)
	}
}

// markSynced records that the journal is synced up to its end.
func (j *Journal) markSynced(wasQuick bool) error {
	j.mu.RLock()
	promised, last, hint, first := j.promised, j.index.last, min(j.hint, j.index.contiguous), j.index.first
	j.mu.RUnlock()
	change := func(m *mark) {
		m.segment, m.end, m.sequence, m.chain = j.tail.segment, j.tail.end, j.tail.sequence, j.tail.chain
		m.promised, m.lastSlot, m.chosen, m.firstSlot = promised, last, hint, first
	}
	if j.tail.sequence-j.frontier.synced.Load() >= maxUnsettled {
		return j.frontier.settle(change)
	}
	j.markDirty()
	return j.frontier.put(change, wasQuick)
}

// vector lays a frame out for writing, behind a segment header if there is one: small parts are copied together, large payloads stay
// where they are.
func (j *Journal) vector(lead, header, description []byte, payloads [][]byte, padding int64) [][]byte {
	copied := len(lead) + len(header) + len(description) + int(padding)
	for _, p := range payloads {
		if len(p) < sharePayload {
			copied += len(p)
		}
	}
	s := &j.scratch
	s.buffer = grow(s.buffer, copied)
	clear(s.vector)
	vector, run := s.vector[:0], s.buffer[:0]
	run = append(append(append(run, lead...), header...), description...)
	for _, p := range payloads {
		if len(p) < sharePayload {
			run = append(run, p...)
		} else {
			if len(run) > 0 {
				vector = append(vector, run)
			}
			vector = append(vector, p)
			run = run[len(run):]
		}
	}
	run = append(run, zeros[:padding]...)
	if len(run) > 0 {
		vector = append(vector, run)
	}
	s.vector = vector
	return vector
}

// pathOf is the name of a segment's file.
func (j *Journal) pathOf(segment uint64) string { return segmentPath(j.dir, segment) }
