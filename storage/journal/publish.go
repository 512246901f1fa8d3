package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/format"
)

// Published says which checkpoint is the newest, from the frame on that says so.
type Published struct {
	// Slot is the checkpoint's. With generation 0, slot 0 means that there is none: the one before was discarded.
	Slot paxos.Slot
	// Generation names the directory that holds its records.
	Generation uint64
	// Head is the encoded description of the checkpoint, or the reason why there is none; opaque to the journal.
	Head []byte
}

// IsNone reports whether p says that the checkpoint before was discarded.
func (p *Published) IsNone() bool { return p.Slot == 0 }

func (p *Published) check() error {
	if p.IsNone() && p.Generation != 0 {
		return errors.New("storage: a checkpoint without a slot cannot be published")
	}
	if len(p.Head) > math.MaxInt32 {
		return errors.New("storage: a checkpoint with a description of more than 2 GiB cannot be published")
	}
	return nil
}

func (p *Published) describe() *format.Publication {
	if p == nil {
		return nil
	}
	return &format.Publication{
		Slot: uint64(p.Slot), Generation: p.Generation, HeadBytes: uint64(len(p.Head)), HeadCrc: crc32.Checksum(p.Head, castagnoli),
	}
}

// Publish appends and syncs a frame that makes p the newest published checkpoint. It repeats the promise, so that the segments
// before it may be cut. It may run beside Append. After an error every later call returns that error (rule D2).
func (j *Journal) Publish(p Published) error {
	if err := p.check(); err != nil {
		return err
	}
	p.Head = bytes.Clone(p.Head)
	j.appending.Lock()
	defer j.appending.Unlock()
	if err := j.failure(); err != nil {
		return err
	}
	if err := j.appendFrame(frameParts{promised: j.promised, published: &p}); err != nil {
		return j.fail(err)
	}
	return nil
}

// Published returns the newest published checkpoint, perhaps one that says that there is none. ok is false if there never was one.
// The head must not be modified.
func (j *Journal) Published() (p Published, ok bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.published == nil {
		return p, false
	}
	return *j.published, true
}
