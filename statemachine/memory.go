package statemachine

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

// reclaimPerApply is about how many bytes each Apply gives back to the kernel, if there are any: a millisecond's worth.
const reclaimPerApply = 16 << 20
