package journal

import (
	"fmt"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
)

// corrupt turns a damage that no crash explains into the error to refuse with.
func (r *replay) corrupt(d damage, why string) error {
	where := segmentPath(r.dir, d.segment)
	if d.offset > 0 {
		where = fmt.Sprintf("%s, offset %d", where, d.offset)
	}
	return r.o.corrupt(where, "%s, %s", d.what, why)
}

// checkDamage looks at what lies in the damaged segment behind the bad place. A crash can only have torn the last
// frame, so nothing that was written later may be there.
func (r *replay) checkDamage(file File, size int64) error {
	d := *r.damage
	switch {
	case paxos.BreakD3Damage.On():
		return nil
	case d.never:
		return r.corrupt(d, "which no crash explains")
	case r.tail.sequence < r.front.sequence:
		return r.corrupt(d, fmt.Sprintf("but frames up to %d were synced", r.front.sequence))
	case r.front.clean:
		return r.corrupt(d, "but the journal was closed cleanly")
	}
	later, err := r.laterFrame(file, d.segment, d.offset, size)
	if err != nil {
		return err
	}
	if later != 0 {
		return r.corrupt(d, fmt.Sprintf("but frame %d was written behind it", later))
	}
	if d.behind == 0 {
		return nil
	}
	at, err := r.firstNonZero(file, d.segment, d.behind, size)
	if err != nil {
		return err
	}
	if at < size {
		return r.corrupt(d, fmt.Sprintf("and bytes were written behind it, at offset %d", at))
	}
	return nil
}

// laterFrame searches for the header of a frame behind the one that is expected at the tail, and returns its sequence, or 0.
func (r *replay) laterFrame(file File, segment uint64, from, size int64) (uint64, error) {
	from = max(from, blockBytes) // behind a damaged header
	for from < size {
		part := r.chunk[:min(int64(len(r.chunk)), size-from)]
		if err := r.readAt(file, segment, part, from); err != nil {
			return 0, err
		}
		for at := 0; at+frameHeaderBytes <= len(part); at += sectorBytes {
			h, err := decodeFrameHeader(part[at:at+frameHeaderBytes], r.o.salt())
			if err == nil && h.sequence > r.tail.sequence+1 {
				return h.sequence, nil
			}
		}
		from += int64(len(part))
	}
	return 0, nil
}

// firstNonZero returns the offset of the first byte from there on that is not zero, to within a few bytes, or size.
func (r *replay) firstNonZero(file File, segment uint64, from, size int64) (int64, error) {
	for from < size {
		part := r.chunk[:min(int64(len(r.chunk)), size-from)]
		if err := r.readAt(file, segment, part, from); err != nil {
			return 0, err
		}
		if !isZero(part) {
			for len(part) > 0 && isZero(part[:min(len(part), 8)]) {
				part, from = part[min(len(part), 8):], from+8
			}
			return from, nil
		}
		from += int64(len(part))
	}
	return size, nil
}

// judge compares what was read with what the frontier says was synced.
func (r *replay) judge() error {
	where := filepath.Join(r.dir, frontierName)
	last, front := r.tail.sequence, &r.front
	switch {
	case last < front.sequence && (paxos.BreakD3Damage.On() || paxos.BreakD3Frontier.On()):
		front.promised, front.lastSlot, front.chosen = r.promised, r.index.last, min(front.chosen, r.index.contiguous)
	case last < front.sequence:
		return r.o.corrupt(segmentPath(r.dir, r.tail.segment), "the journal ends with frame %d, but frames up to %d were synced", last, front.sequence)
	case last > front.sequence && front.clean:
		return r.o.corrupt(where, "the journal goes on to frame %d, but was closed cleanly at frame %d: the frontier is an older copy", last, front.sequence)
	case last > front.sequence+2*maxUnsettled:
		return r.o.corrupt(where, "the journal goes on to frame %d, but the frontier marks frame %d: the frontier is an older copy", last, front.sequence)
	case r.promised.Less(front.promised) || r.index.last < front.lastSlot:
		return r.o.corrupt(where, "the journal holds promise %v and slots up to %v, but %v and %v were synced", r.promised, r.index.last, front.promised, front.lastSlot)
	}
	if r.unmarked { // the mark's hint may be of before the log was to begin at an older checkpoint
		front.chosen = min(front.chosen, r.index.contiguous)
	}
	r.chosen = max(r.chosen, front.chosen)
	if r.chosen > r.index.contiguous {
		return r.o.corrupt(r.dir, "slots up to %v were stored, but slot %v is missing", r.chosen, r.index.contiguous+1)
	}
	return nil
}
