package statemachine

import (
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/paxredis/paxredis/statemachine/internal/format"
)

// Record is one record of a checkpoint: a key, or the tombstone of one, with all that the log decides of it.
type Record struct {
	// Space is a set of records that can be dropped as a whole.
	Space      uint64
	Key, Value []byte
	// Deleted says that the record of that key is gone since the checkpoint before; Value is empty then.
	Deleted bool
}

// Checkpoint is the state at one moment, frozen to be written while commands go on. It belongs to one goroutine, which may
// be another than Apply's. Every record that Next returns must be kept with those of the checkpoints before: the next
// checkpoint has only what changes from here on.
type Checkpoint struct {
	m       *Machine
	state   *format.State  // all but the spaces' sums, as of the freeze
	spaces  []*frozenSpace // in the order of the state
	at      int            // the one that Next has come to
	ready   []encoded      // what Next has to return before it looks for more
	batch   []encoded      // the memory of ready, but for what was set aside
	room    []byte         // the memory behind its end is for the next records
	waiting atomic.Int64   // the bytes that are set aside and in ready

	// Guarded by the machine's lock:
	aside     []encoded
	abandoned bool // the machine has been given another state
}

// Freeze freezes the state as it is now, in time that does not depend on its size. Only one checkpoint may exist at a
// time: the one before must have been finished. The goroutine that calls Apply calls it.
func (m *Machine) Freeze() *Checkpoint {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.checkpoint != nil {
		panic("statemachine: Freeze before the checkpoint before has been finished")
	}
	c := &Checkpoint{m: m, state: m.ks.state(m.slot), batch: make([]encoded, 0, biteVisits)}
	for i := range m.ks.databases {
		db := &m.ks.databases[i]
		for _, s := range db.spaces() {
			c.spaces = append(c.spaces, s.freeze(c))
		}
	}
	c.spaces = append(c.spaces, m.ks.loaded.freeze(c))
	m.checkpoint = c
	return c
}

// A bite is what Next does under the machine's lock without letting go of it, so that commands and reads wait for no more
// than some 50 microseconds: so many places looked at, or so many bytes encoded; the last record may be larger.
const (
	biteVisits = 256
	biteBytes  = 32 << 10
)

// Next returns the next changed records since the checkpoint before, about maxBytes of them, one at least; none when there
// are no more. They are the caller's. It may run beside Apply, whose commands wait for short bites of it only.
func (c *Checkpoint) Next(maxBytes int) []Record {
	var records []Record
	for size := 0; len(records) == 0 || size < maxBytes; {
		if len(c.ready) == 0 && !c.bite() {
			break
		}
		taken := 0
		for ; taken < len(c.ready) && (len(records) == 0 || size < maxBytes); taken++ {
			e := &c.ready[taken]
			size += len(e.bytes)
			records = append(records, e.record())
			c.ready[taken] = encoded{}
		}
		c.ready = c.ready[taken:]
		runtime.Gosched() // whoever waits for the lock comes first
	}
	return records
}

// bite makes some records ready; false says that there are no more. What was set aside comes first, since it takes memory.
func (c *Checkpoint) bite() (more bool) {
	if cap(c.room) < biteBytes/4 {
		c.room = make([]byte, 0, 2*biteBytes)
	}
	c.ready = c.batch[:0]
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.abandoned {
		return false
	}
	if len(c.aside) > 0 {
		c.ready, c.aside = c.aside, nil
		return true
	}
	size := 0
	for visits := 0; visits < biteVisits && size < biteBytes && c.at < len(c.spaces); visits++ {
		f := c.spaces[c.at]
		if left := len(f.leftovers.queue); left > 0 {
			f.release(releaseBite / 2)
			c.m.freed.Add(uint64(left - len(f.leftovers.queue)))
			break
		}
		e, found, more := f.visit(&c.room)
		if found {
			size += len(e.bytes)
			c.ready = append(c.ready, e)
		}
		if !more {
			c.at++
		}
	}
	return len(c.ready) > 0 || c.at < len(c.spaces)
}

// Waiting returns the bytes of records that commands had to set aside and Next has not returned yet. Safe from any
// goroutine.
func (c *Checkpoint) Waiting() int { return int(c.waiting.Load()) }

// Finish ends the checkpoint after the last record, and returns what describes the state besides its records: their number,
// the sum of recordSum of all of them, the spaces they are in, ascending, and everything else, encoded. All of it is the
// same on all nodes that froze at the same slot. Records that Next has not returned are lost to the caller.
func (c *Checkpoint) Finish() (count, sum uint64, spaces []uint64, state []byte) {
	for len(c.Next(biteBytes)) > 0 {
		continue // so that the space's sums are whole
	}
	for i, s := range spacesOf(c.state) {
		s.Sum = c.spaces[i].sum
		count, sum, spaces = count+s.Count, sum+s.Sum, append(spaces, s.Id)
	}
	slices.Sort(spaces)
	state, err := c.state.MarshalVT()
	if err != nil {
		panic("statemachine: numbers that do not encode: " + err.Error()) // they always do
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if !c.abandoned {
		for _, f := range c.spaces {
			f.thaw()
		}
		c.m.checkpoint = nil
	}
	return count, sum, spaces, state
}
