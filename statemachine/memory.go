package statemachine

import (
	"runtime"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// Memory is what the keyspace takes outside Go's heap, in bytes.
type Memory struct {
	// InUse is what keys, values, tombstones, dictionaries and lists of changes take, each rounded up to the size that memory is handed out in.
	InUse int
	// Mapped is what the kernel has given for them. It includes what is free in between, and what was flushed and is being given back.
	Mapped int
}

// Memory returns what the keyspace takes. Safe from any goroutine but in Replies.
func (m *Machine) Memory() Memory {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.ks.memory()
}

// memory is Memory under the lock.
func (ks *keyspace) memory() Memory { return Memory(ks.heap.Usage()) }

// Used is what counts for maxmemory, in bytes: Memory.InUse but for what FLUSHDB has dropped and removed collections have left, and an estimate of
// what the indexes of collections in parts take of Go's heap. It is that of the newest Apply or Restore. Safe from any goroutine, and costs a load.
func (m *Machine) Used() int64 { return m.used.Load() }

// measure takes the figures that are told without the lock. It is called in each Apply, so it only adds up what is known.
func (m *Machine) measure() {
	ks := m.ks
	keys, timed, left := 0, 0, 0
	n := ks.loaded.memory.InUse()
	for i := range ks.databases {
		db := &ks.databases[i]
		keys, timed = keys+db.keys.len(), timed+db.keys.times.len()
		n += db.keys.memory.InUse() + db.tombstones.memory.InUse() + db.parts.memory.InUse() + db.parts.len()*indexBytes - db.parts.leftBytes()
		collections, _ := db.parts.left()
		left += collections
	}
	m.left.Store(int64(left))
	m.used.Store(int64(n))
	m.keys.Store(int64(keys))
	m.timed.Store(int64(timed))
}

// releaseBite frees a bite of what is left, under the lock, and reports whether there is more.
func (m *Machine) releaseBite() (more bool) {
	before, parts := m.ks.left()
	if before == 0 {
		return false
	}
	m.ks.release(max(m.bite, parts/releaseShare))
	after, _ := m.ks.left()
	m.freed.Add(uint64(before - after))
	return after > 0
}

// Reclaimable reports whether Reclaim has something to give back. The goroutine that calls Apply calls it.
func (m *Machine) Reclaimable() bool { return m.left.Load() > 0 || m.ks.heap.Reclaimable() }

// Reclaim frees some of what removed collections have left, gives some of the memory of flushed databases and of removed large values back to the
// kernel, and reports whether there is more. Apply does it, too; this is for when there is nothing to be applied, which waits for a bite at most.
// Safe from any goroutine but in Replies.
func (m *Machine) Reclaim() (more bool) {
	heap, left := m.release()
	runtime.Gosched() // whoever waits for the lock comes first
	return heap.Reclaim(reclaimPerApply) || left
}

// release frees a bite of what is left.
func (m *Machine) release() (heap *arena.Heap, more bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left.Load() > 0 {
		more = m.releaseBite()
		m.measure()
	}
	return m.ks.heap, more
}

// reclaimPerApply is about how many bytes Reclaim and each Apply give back, if there are any: a millisecond's worth.
const reclaimPerApply = 16 << 20
