package resp

import (
	"context"
	"sync"
)

// CheckpointSource gives out the checkpoints of this node, for backups. Its methods are safe for use by several goroutines
// and may wait for the disk. The texts of their errors go to the client.
type CheckpointSource interface {
	// Head returns what describes the checkpoint of a slot, 0 for the newest, encoded, and keeps it readable until
	// release is called. found is its slot.
	Head(slot uint64) (found uint64, head []byte, release func(), err error)
	// Read returns a part of about maxBytes of the checkpoint of a slot, from cursor, which is empty for the first one.
	// next is the cursor of the part behind it, empty when this is the last. since, if not 0, is the slot of an older
	// checkpoint: what has not changed after it is left out.
	Read(slot uint64, cursor []byte, since uint64, maxBytes int) (data, next []byte, err error)
}

const (
	// maxCheckpointHolds bounds the clients that hold a checkpoint, each at most one: old records stay on disk for them.
	maxCheckpointHolds = 16
	// maxCheckpointReads bounds the parts that are read, and in memory, at the same time.
	maxCheckpointReads = 4
	// What a client may ask for as one part, in bytes.
	leastCheckpointPart = 1 << 10
	mostCheckpointPart  = 4 << 20
)

// checkpointHolds are the checkpoints held for clients. Safe for use by several goroutines.
type checkpointHolds struct {
	mu sync.Mutex
	// of has what releases a client's checkpoint, nil as long as it has none but its place.
	of map[*Client]func()
}

// reserve makes room for a client's checkpoint. It reports false if there are too many.
func (h *checkpointHolds) reserve(c *Client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, has := h.of[c]; has {
		return true
	}
	if len(h.of) >= maxCheckpointHolds {
		return false
	}
	if h.of == nil {
		h.of = make(map[*Client]func())
	}
	h.of[c] = nil
	return true
}

// put gives a client a checkpoint in place of the one it had. If the client has gone it is released.
func (h *checkpointHolds) put(c *Client, release func()) {
	h.mu.Lock()
	old, has := h.of[c]
	if has {
		h.of[c] = release
	} else {
		old = release
	}
	h.mu.Unlock()
	if old != nil {
		old()
	}
}

// unused gives a client's place back if it has no checkpoint.
func (h *checkpointHolds) unused(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of[c] == nil {
		delete(h.of, c)
	}
}

// forget gives up what a client holds; release, if not nil, is to be called.
func (h *checkpointHolds) forget(c *Client) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	release = h.of[c]
	delete(h.of, c)
	return release
}

// releaseAll releases what is held for clients that are gone without their loop's knowledge: the server has closed.
func (h *checkpointHolds) releaseAll() {
	h.mu.Lock()
	held := h.of
	h.of = nil
	h.mu.Unlock()
	for _, release := range held {
		if release != nil {
			release()
		}
	}
}

// checkpointPart is what PAXOS CHECKPOINT READ asks for.
type checkpointPart struct {
	slot, since uint64
	cursor      []byte
	maxBytes    int
}

// readCheckpoint reads a part when it is its turn.
func (s *Server) readCheckpoint(ctx context.Context, p checkpointPart) (data, next []byte, err error) {
	select {
	case s.partReaders <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { <-s.partReaders }()
	return s.config.Checkpoints.Read(p.slot, p.cursor, p.since, p.maxBytes)
}
