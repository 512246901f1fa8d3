package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/paxredis/paxredis/integration/sim/disk"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// image is the records of one checkpoint. Nothing of it changes once it is synced.
type image struct {
	generation uint64
	checkpoint paxos.Checkpoint
	records    map[string]string // by record key
	synced     bool
	rotten     bool // see Store.Rot: it, or the one it is a difference to, cannot be read
}

// recordKey is a record's place in the order of parts.
func recordKey(space uint64, key []byte) string {
	return string(append(binary.BigEndian.AppendUint64(nil, space), key...))
}

func splitKey(k string) (space uint64, key []byte) {
	return binary.BigEndian.Uint64([]byte(k[:8])), []byte(k[8:])
}

// verify compares the records with what the checkpoint says of them.
func (i *image) verify() error {
	var sum uint64
	for k, value := range i.records {
		space, key := splitKey(k)
		sum += paxos.RecordSum(space, key, []byte(value))
	}
	if c := &i.checkpoint; uint64(len(i.records)) != c.Count || sum != c.Sum {
		return fmt.Errorf("checkpoint of slot %v: %d records of sum %x instead of %d of %x: %w", c.Slot, len(i.records), sum, c.Count, c.Sum,
			paxos.ErrDamagedCheckpoint)
	}
	return nil
}

// Checkpoint implements replication.CheckpointStorage.
func (s *Store) Checkpoint() (c paxos.Checkpoint, ok bool) {
	if s.newest == nil {
		return c, false
	}
	return s.newest.checkpoint, true
}

// WriteCheckpoint implements replication.CheckpointStorage.
func (s *Store) WriteCheckpoint(slot paxos.Slot, records []paxos.CheckpointRecord) error {
	if s.machine.Disk.HasFailed() {
		return disk.ErrFailed
	}
	if s.writing == nil || s.writing.checkpoint.Slot != slot {
		s.writing = s.begin(paxos.Checkpoint{Slot: slot})
		if s.newest != nil {
			maps.Copy(s.writing.records, s.newest.records)
			s.writing.rotten = s.newest.rotten
		}
	}
	for _, r := range records {
		if k := recordKey(r.Space, r.Key); r.Deleted {
			delete(s.writing.records, k)
		} else {
			s.writing.records[k] = string(r.Value)
		}
	}
	return nil
}

// RewriteCheckpoint implements replication.CheckpointStorage.
func (s *Store) RewriteCheckpoint(slot paxos.Slot) error {
	if s.machine.Disk.HasFailed() {
		return disk.ErrFailed
	}
	s.writing = s.begin(paxos.Checkpoint{Slot: slot})
	return nil
}

// begin makes an image of a generation that was never used before.
func (s *Store) begin(c paxos.Checkpoint) *image {
	s.machine.generations++
	i := &image{generation: s.machine.generations, checkpoint: c, records: map[string]string{}}
	s.machine.images[i.generation] = i
	return i
}

// PublishCheckpoint implements replication.CheckpointStorage. What is read back of a difference to one that has rotted may be of either: every
// other time it is damaged.
func (s *Store) PublishCheckpoint(c paxos.Checkpoint) error {
	i := s.writing
	if i == nil || i.checkpoint.Slot != c.Slot {
		return fmt.Errorf("no checkpoint of slot %v is under way", c.Slot)
	}
	s.writing = nil
	if i.rotten && s.machine.published%2 == 0 {
		delete(s.machine.images, i.generation)
		s.machine.spoilt++
		return errRotten
	}
	i.checkpoint = c
	if s.newest != nil && s.newest.rotten && !i.rotten {
		s.machine.rewritten++
	}
	maps.DeleteFunc(i.records, func(k, _ string) bool {
		space, _ := splitKey(k)
		return !slices.Contains(c.Spaces, space)
	})
	return s.publish(i)
}

// renewEvery is how many checkpoints are published until all of one is read, to be copied.
const renewEvery = 4

// RenewCheckpoint implements replication.CheckpointStorage. Nothing is kept besides a checkpoint, so there is nothing to copy, but now and then it
// is read.
func (s *Store) RenewCheckpoint() error {
	if s.machine.published%renewEvery == 0 && s.newest.rotten {
		return errRotten
	}
	return nil
}

// publish makes an image durable, and then the newest.
func (s *Store) publish(i *image) error {
	if err := i.verify(); err != nil {
		return err
	}
	if err := s.machine.Disk.Barrier(); err != nil {
		return err
	}
	i.synced = true
	head, err := i.checkpoint.Encode()
	if err != nil {
		return err
	}
	if err := s.journal.Publish(journal.Published{Slot: i.checkpoint.Slot, Generation: i.generation, Head: head}); err != nil {
		return err
	}
	s.machine.published++
	s.machine.rotten = i.rotten
	former := s.newest
	if s.newest = i; former != nil && !slices.Contains(s.held, former) {
		delete(s.machine.images, former.generation)
	}
	return nil
}

// LoadCheckpoint implements replication.CheckpointStorage.
func (s *Store) LoadCheckpoint() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error) {
	if s.newest == nil {
		return nil, nil, paxos.ErrNoCheckpoint
	}
	i := s.newest
	keys := slices.Sorted(maps.Keys(i.records))
	next = func() (paxos.CheckpointRecord, bool, error) {
		if len(keys) == 0 {
			if i.rotten {
				return paxos.CheckpointRecord{}, false, errRotten
			}
			return paxos.CheckpointRecord{}, false, i.verify()
		}
		space, key := splitKey(keys[0])
		value := i.records[keys[0]]
		keys = keys[1:]
		return paxos.CheckpointRecord{Space: space, Key: key, Value: []byte(value)}, true, nil
	}
	return next, func() error { return nil }, nil
}

// DiscardCheckpoint implements replication.CheckpointStorage.
func (s *Store) DiscardCheckpoint(why string) error {
	if s.newest != nil {
		delete(s.machine.images, s.newest.generation)
	}
	s.newest = nil
	return s.journal.Publish(journal.Published{Head: []byte(why)})
}

// image returns the one of a checkpoint that is still there, nil without one.
func (s *Store) image(slot paxos.Slot) *image {
	if s.newest != nil && (slot == 0 || s.newest.checkpoint.Slot == slot) {
		return s.newest
	}
	for _, i := range s.held {
		if slot != 0 && i.checkpoint.Slot == slot {
			return i
		}
	}
	return nil
}

// HoldCheckpoint implements replication.CheckpointStorage.
func (s *Store) HoldCheckpoint(slot paxos.Slot) (c paxos.Checkpoint, release func(), err error) {
	i := s.image(slot)
	if i == nil {
		return c, nil, paxos.ErrNoCheckpoint
	}
	s.held = append(s.held, i)
	return i.checkpoint, func() { s.release(i) }, nil
}

func (s *Store) release(i *image) {
	at := slices.Index(s.held, i)
	s.held = slices.Delete(s.held, at, at+1)
	if i != s.newest && !slices.Contains(s.held, i) {
		delete(s.machine.images, i.generation)
	}
}

// ReadCheckpoint implements replication.CheckpointStorage.
func (s *Store) ReadCheckpoint(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	i := s.image(slot)
	if i == nil {
		return nil, nil, paxos.ErrNoCheckpoint
	}
	if i.rotten {
		return nil, nil, errRotten
	}
	keys := slices.Sorted(maps.Keys(i.records))
	at, _ := slices.BinarySearch(keys, string(cursor))
	for ; at < len(keys) && maxBytes > 0; at++ {
		value := i.records[keys[at]]
		data = appendString(appendString(data, keys[at]), value)
		maxBytes -= len(keys[at]) + len(value)
	}
	if at < len(keys) {
		next = []byte(keys[at])
	}
	return seal(data), next, nil
}

// reception is a checkpoint that comes from a peer.
type reception struct {
	image    *image
	head     string
	cursor   []byte
	complete bool
}

// Receiving implements replication.CheckpointStorage.
func (s *Store) Receiving() (c paxos.Checkpoint, ok bool) {
	if s.machine.reception == nil {
		return c, false
	}
	return s.machine.reception.image.checkpoint, true
}

// BeginReceive implements replication.CheckpointStorage.
func (s *Store) BeginReceive(c paxos.Checkpoint) (cursor []byte, err error) {
	head, err := c.Encode()
	if err != nil {
		return nil, err
	}
	if r := s.machine.reception; r != nil && r.head == string(head) && !r.complete {
		s.machine.images[r.image.generation] = r.image
		return r.cursor, nil
	}
	s.machine.reception = &reception{image: s.begin(c), head: string(head)}
	return nil, nil
}

var errNoReception = errors.New("no checkpoint is being received")

// Receive implements replication.CheckpointStorage.
func (s *Store) Receive(data, next []byte) error {
	if s.machine.Disk.HasFailed() {
		return disk.ErrFailed
	}
	r := s.machine.reception
	if r == nil {
		return errNoReception
	}
	records, err := open(data)
	if err != nil {
		return err
	}
	maps.Copy(r.image.records, records)
	r.cursor, r.complete = next, len(next) == 0
	return nil
}

// FinishReceive implements replication.CheckpointStorage.
func (s *Store) FinishReceive() error {
	r := s.machine.reception
	if r == nil || !r.complete {
		return errNoReception
	}
	s.machine.reception = nil
	if err := r.image.verify(); err != nil {
		return err
	}
	s.writing = nil
	s.machine.received++
	return s.publish(r.image)
}
