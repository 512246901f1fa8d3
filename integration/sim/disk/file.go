package disk

import (
	"bytes"
	"io"
	"math/rand/v2"
)

// handle is an open file. It implements journal.File.
type handle struct {
	disk *Disk
	file *inode
	name string
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(p []byte, offset int64) (int, error) {
	if h.disk.failed {
		return 0, ErrFailed
	}
	if offset >= int64(len(h.file.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.file.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteVector implements journal.File.
func (h *handle) WriteVector(buffers [][]byte, offset int64) error {
	last, err := h.disk.operation()
	if err != nil {
		return err
	}
	all := bytes.Join(buffers, nil)
	if last {
		all = all[:cut(int(offset), len(all), h.disk.rng.IntN(len(all)+1))]
	}
	h.file.write(all, int(offset))
	if last {
		return ErrFailed
	}
	return nil
}

// WriteCached implements journal.File.
func (h *handle) WriteCached(b []byte, offset int64, _ bool) error {
	return h.WriteVector([][]byte{b}, offset)
}

// WriteSynced implements journal.File, in two operations.
func (h *handle) WriteSynced(buffers [][]byte, offset int64) error {
	if err := h.WriteVector(buffers, offset); err != nil {
		return err
	}
	return h.Sync()
}

// pageBytes is what a process that is killed writes as a whole or not at all.
const pageBytes = 4096

// cut returns how much is written of a write that ends early: all of it, or whole pages.
func cut(offset, size, wanted int) int {
	if wanted == size {
		return size
	}
	return max(0, wanted-(offset+wanted)%pageBytes)
}

func (f *inode) write(p []byte, offset int) {
	if end := offset + len(p); end > len(f.data) {
		f.data = append(f.data, make([]byte, end-len(f.data))...)
	}
	f.pending = append(f.pending, write{offset, bytes.Clone(f.data[offset : offset+len(p)]), p})
	copy(f.data[offset:], p)
}

// Sync implements journal.File.
func (h *handle) Sync() error {
	last, err := h.disk.operation()
	if err != nil || last {
		return ErrFailed
	}
	if h.disk.takeSyncFailure() {
		h.file.forget(h.disk.rng)
		return ErrFailed
	}
	h.disk.syncs++
	h.file.sync()
	return nil
}

// sync makes what was written durable, but for what an earlier sync has forgotten.
func (f *inode) sync() {
	for i := range f.pending {
		f.remember(&f.pending[i])
	}
	f.pending = nil
	f.size = len(f.data)
}

// remember notes that a write is stored, which covers what was forgotten in its place.
func (f *inode) remember(stored *write) {
	for i := range f.forgotten {
		w := &f.forgotten[i]
		from, to := max(w.offset, stored.offset), min(w.offset+len(w.before), stored.offset+len(stored.new))
		if from < to {
			copy(w.before[from-w.offset:to-w.offset], stored.new[from-stored.offset:])
		}
	}
}

// forget is a sync that fails: of each write chance decides whether it is stored, and none is written by a later sync.
func (f *inode) forget(rng *rand.Rand) {
	for i := range f.pending {
		if w := &f.pending[i]; rng.IntN(2) == 0 {
			f.remember(w)
		} else {
			f.forgotten = append(f.forgotten, *w)
		}
	}
	f.pending = nil
	f.size = len(f.data)
}

// Allocate implements journal.File.
func (h *handle) Allocate(size int64) error {
	last, err := h.disk.operation()
	if err != nil || last {
		return ErrFailed
	}
	if missing := int(size) - len(h.file.data); missing > 0 {
		h.file.data = append(h.file.data, make([]byte, missing)...)
	}
	return nil
}

// Size implements journal.File.
func (h *handle) Size() (int64, error) {
	if h.disk.failed {
		return 0, ErrFailed
	}
	return int64(len(h.file.data)), nil
}

// Close implements journal.File.
func (h *handle) Close() error { return nil }
