package replication

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// image is a checkpoint on a disk. Its records are never modified once it is published.
type image struct {
	checkpoint paxos.Checkpoint
	records    map[string]string
	unreadable bool
}

// checkpoints are what a disk holds of them; disk.mu guards it.
type checkpoints struct {
	newest, former *image
	writing        *image
	receiving      *image
	cursor         []byte // of the first part that is missing of receiving
	held           map[*image]int
	discarded      []string
	received       int // parts
	full           bool
	lacking        int  // so many of the next parts find no room
	spoiled        int  // so many of the next parts read are damaged
	later          bool // parts received are of a later release
	unwritable     bool // the next records of a difference cannot be written, as the base cannot be read
	unrenewable    bool // the next renewal finds damage
	unverifiable   int  // so many of the next ones are found to be damaged as they are read back
	rewritten      int
	// gate, if set, is waited for before anything is written.
	gate atomic.Pointer[chan struct{}]
}

func (c *checkpoints) find(slot paxos.Slot) *image {
	for _, i := range []*image{c.newest, c.former} {
		if i != nil && (slot == 0 || i.checkpoint.Slot == slot) {
			return i
		}
	}
	for i := range c.held {
		if i.checkpoint.Slot == slot {
			return i
		}
	}
	return nil
}

// verify compares what was written with what it should be.
func (i *image) verify() error {
	var sum uint64
	for key, value := range i.records {
		sum += paxos.RecordSum(recorderSpace, []byte(key), []byte(value))
	}
	if uint64(len(i.records)) != i.checkpoint.Count || sum != i.checkpoint.Sum {
		return fmt.Errorf("%d records of sum %x instead of %d of %x", len(i.records), sum, i.checkpoint.Count, i.checkpoint.Sum)
	}
	return nil
}

func (h *handle) Checkpoint() (paxos.Checkpoint, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checkpoints.newest == nil {
		return paxos.Checkpoint{}, false
	}
	return h.checkpoints.newest.checkpoint, true
}

func (h *handle) RoomForCheckpoint() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checkpoints.full {
		return fmt.Errorf("1 byte free: %w", paxos.ErrDiskSpace)
	}
	return nil
}

func (h *handle) WriteCheckpoint(slot paxos.Slot, records []paxos.CheckpointRecord) error {
	if gate := h.checkpoints.gate.Load(); gate != nil {
		<-*gate
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead.Load() {
		return errCrashed
	}
	c := &h.checkpoints
	if c.unwritable {
		c.unwritable = false
		return paxos.ErrDamagedCheckpoint
	}
	if c.writing == nil || c.writing.checkpoint.Slot != slot {
		c.writing = &image{checkpoint: paxos.Checkpoint{Slot: slot}, records: map[string]string{}}
		if c.newest != nil && !c.newest.unreadable {
			maps.Copy(c.writing.records, c.newest.records)
		}
	}
	for _, r := range records {
		if r.Deleted {
			delete(c.writing.records, string(r.Key))
		} else {
			c.writing.records[string(r.Key)] = string(r.Value)
		}
	}
	return nil
}

// mayWrite is the error of a crash, or of a disk that lacks room. h.mu is held.
func (h *handle) mayWrite() error {
	if h.dead.Load() {
		return errCrashed
	}
	if h.checkpoints.lacking > 0 {
		h.checkpoints.lacking--
		return fmt.Errorf("1 byte free: %w", paxos.ErrDiskSpace)
	}
	return nil
}

func (h *handle) RewriteCheckpoint(slot paxos.Slot) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.mayWrite(); err != nil {
		return err
	}
	h.checkpoints.writing = &image{checkpoint: paxos.Checkpoint{Slot: slot}, records: map[string]string{}}
	h.checkpoints.rewritten++
	return nil
}

func (h *handle) RenewCheckpoint() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checkpoints.unrenewable {
		h.checkpoints.unrenewable = false
		return paxos.ErrDamagedCheckpoint
	}
	return nil
}

func (h *handle) PublishCheckpoint(c paxos.Checkpoint) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead.Load() {
		return errCrashed
	}
	if h.checkpoints.unverifiable > 0 {
		h.checkpoints.unverifiable--
		return paxos.ErrDamagedCheckpoint
	}
	writing := h.checkpoints.writing
	if writing == nil || writing.checkpoint.Slot != c.Slot {
		return fmt.Errorf("no checkpoint of slot %v is under way", c.Slot)
	}
	writing.checkpoint = c
	if err := writing.verify(); err != nil {
		return err
	}
	h.checkpoints.former, h.checkpoints.newest, h.checkpoints.writing = h.checkpoints.newest, writing, nil
	return nil
}

func (h *handle) LoadCheckpoint() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	newest := h.checkpoints.newest
	if newest == nil {
		return nil, nil, paxos.ErrNoCheckpoint
	}
	keys := slices.Collect(maps.Keys(newest.records))
	return func() (paxos.CheckpointRecord, bool, error) {
		if len(keys) == 0 {
			return paxos.CheckpointRecord{}, false, newest.verify()
		}
		key := keys[0]
		keys = keys[1:]
		return paxos.CheckpointRecord{Space: recorderSpace, Key: []byte(key), Value: []byte(newest.records[key])}, true, nil
	}, func() error { return nil }, nil
}

func (h *handle) DiscardCheckpoint(why string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checkpoints.newest, h.checkpoints.former = nil, nil
	h.checkpoints.discarded = append(h.checkpoints.discarded, why)
	return nil
}

func (h *handle) HoldCheckpoint(slot paxos.Slot) (paxos.Checkpoint, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.checkpoints.find(slot)
	if i == nil {
		return paxos.Checkpoint{}, nil, paxos.ErrNoCheckpoint
	}
	if h.checkpoints.held == nil {
		h.checkpoints.held = map[*image]int{}
	}
	h.checkpoints.held[i]++
	return i.checkpoint, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.checkpoints.held[i]--; h.checkpoints.held[i] == 0 {
			delete(h.checkpoints.held, i)
		}
	}, nil
}

// part is what ReadCheckpoint sends.
type part struct {
	Records map[string]string
	Sum     uint32
}

func (p *part) checksum() uint32 {
	encoded, _ := json.Marshal(p.Records)
	return crc32.ChecksumIEEE(encoded)
}

func (h *handle) ReadCheckpoint(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.checkpoints.find(slot)
	if i == nil {
		return nil, nil, paxos.ErrNoCheckpoint
	}
	if i.unreadable {
		return nil, nil, paxos.ErrDamagedCheckpoint
	}
	keys := slices.Sorted(maps.Keys(i.records))
	keys = keys[sort.SearchStrings(keys, string(cursor)):]
	p := part{Records: map[string]string{}}
	for len(keys) > 0 && maxBytes > 0 {
		p.Records[keys[0]] = i.records[keys[0]]
		maxBytes -= len(keys[0]) + len(i.records[keys[0]])
		keys = keys[1:]
	}
	if len(keys) > 0 {
		next = []byte(keys[0])
	}
	p.Sum = p.checksum()
	if h.checkpoints.spoiled > 0 {
		h.checkpoints.spoiled--
		p.Sum++
	}
	data, err = json.Marshal(p)
	return data, next, err
}

func (h *handle) Receiving() (paxos.Checkpoint, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checkpoints.receiving == nil {
		return paxos.Checkpoint{}, false
	}
	return h.checkpoints.receiving.checkpoint, true
}

func (h *handle) BeginReceive(c paxos.Checkpoint) (cursor []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stored := &h.checkpoints
	if stored.receiving != nil {
		before, _ := stored.receiving.checkpoint.Digest()
		if now, _ := c.Digest(); bytes.Equal(before, now) {
			return stored.cursor, nil
		}
	}
	stored.receiving, stored.cursor, stored.received = &image{checkpoint: c, records: map[string]string{}}, nil, 0
	return nil, nil
}

func (h *handle) Receive(data, next []byte) error {
	var p part
	if err := json.Unmarshal(data, &p); err != nil || p.checksum() != p.Sum {
		return fmt.Errorf("a part: %w", paxos.ErrDamagedCheckpoint)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.mayWrite(); err != nil {
		return err
	}
	if h.checkpoints.later {
		return fmt.Errorf("a part: %w", paxos.ErrNewerFormat)
	}
	maps.Copy(h.checkpoints.receiving.records, p.Records)
	h.checkpoints.cursor = next
	h.checkpoints.received++
	return nil
}

func (h *handle) FinishReceive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead.Load() {
		return errCrashed
	}
	c := &h.checkpoints
	i := c.receiving
	c.receiving, c.cursor = nil, nil
	if err := i.verify(); err != nil {
		return errors.Join(paxos.ErrDamagedCheckpoint, err)
	}
	c.newest, c.former, c.writing = i, nil, nil
	h.cutBelow(i.checkpoint.Slot + 1)
	return nil
}

func (h *handle) Cut(below paxos.Slot) (paxos.Slot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead.Load() {
		return 0, errCrashed
	}
	if h.checkpoints.newest == nil || below > h.checkpoints.newest.checkpoint.Slot+1 {
		return 0, fmt.Errorf("cut below slot %v, beyond the newest checkpoint", below)
	}
	h.cutBelow(below)
	return h.first, nil
}

func (h *handle) Pace(func(worked time.Duration)) {}

func (h *handle) JournalBytes() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes
}

// cutBelow drops records; d.mu is held.
func (d *disk) cutBelow(below paxos.Slot) {
	for slot := range d.records {
		if slot < below {
			delete(d.records, slot)
		}
	}
	d.first = max(d.first, below)
}

// damage spoils a record of the newest checkpoint.
func (d *disk) damage() { d.spoil("damaged") }

// laterValue is one that a recorder cannot restore, as if a later release had written it.
const laterValue = "of a later release"

// spoil gives a record of the newest checkpoint another value.
func (d *disk) spoil(value string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.checkpoints.newest.records {
		d.checkpoints.newest.records[key] = value
		return
	}
}

// recorderSpace is the one space of a recorder's records.
const recorderSpace = 7

// frozenRecorder is what a recorder held at one moment. Its list only grows, so that is a prefix of it.
type frozenRecorder struct {
	r        *recorder
	from, to int
	waiting  atomic.Int64 // bytes applied since, as if all of them had been set aside
}

func recordKey(i int) []byte { return fmt.Appendf(nil, "%08d", i) }

func (r *recorder) Freeze() FrozenState {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &frozenRecorder{r: r, from: r.written, to: len(r.applied)}
	r.frozen, r.written = f, len(r.applied)
	return f
}

// Recollect takes a few calls, as a large state does.
func (r *recorder) Recollect() (more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written = max(0, r.written-3)
	return r.written > 0
}

func (f *frozenRecorder) Next(maxBytes int) []paxos.CheckpointRecord {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	var records []paxos.CheckpointRecord
	for ; f.from < f.to && maxBytes > 0; f.from++ {
		text := f.r.applied[f.from]
		records = append(records, paxos.CheckpointRecord{Space: recorderSpace, Key: recordKey(f.from), Value: []byte(text)})
		maxBytes -= len(text)
	}
	if len(records) == 0 {
		f.waiting.Store(0)
	}
	return records
}

func (f *frozenRecorder) Waiting() int { return int(f.waiting.Load()) }

func (f *frozenRecorder) Finish() paxos.Checkpoint {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.r.frozen != f {
		panic("a frozen state was finished twice")
	}
	f.r.frozen = nil
	c := paxos.Checkpoint{Count: uint64(f.to), Spaces: []uint64{recorderSpace}, Machine: []byte("a list")}
	for i, text := range f.r.applied[:f.to] {
		c.Sum += paxos.RecordSum(recorderSpace, recordKey(i), []byte(text))
	}
	return c
}

func (r *recorder) Restore(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error {
	applied := make([]string, c.Count)
	for {
		record, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if string(record.Value) == laterValue {
			return fmt.Errorf("a record: %w", paxos.ErrNewerFormat)
		}
		var i int
		if _, err := fmt.Sscanf(string(record.Key), "%d", &i); err != nil || i >= len(applied) {
			return fmt.Errorf("record %q of %d", record.Key, c.Count)
		}
		applied[i] = string(record.Value)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applied, r.written = applied, len(applied)
	r.restored++
	r.changed.Broadcast()
	return nil
}

func (r *recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applied, r.written, r.frozen = nil, 0, nil
}
