package arena

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Heap is all memory of one owner. When the owner is garbage, so is its memory; Close is sooner.
type Heap struct {
	arenas map[*Arena]struct{}
	*leavings
}

// leavings are the mappings of a heap, known apart from it so that they can be given back when nobody has it any more.
type leavings struct {
	live map[*mappings]struct{} // of arenas that are in use; guarded as they are

	mu      sync.Mutex
	dropped []*mappings  // to be given back
	bytes   atomic.Int64 // of them
}

// NewHeap returns an empty heap, which takes no memory yet.
func NewHeap() *Heap {
	h := &Heap{arenas: make(map[*Arena]struct{}), leavings: &leavings{live: make(map[*mappings]struct{})}}
	runtime.AddCleanup(h, (*leavings).close, h.leavings)
	return h
}

// New returns an empty arena, which takes no memory yet.
func (h *Heap) New() *Arena {
	a := &Arena{heap: h, pages: &mappings{}}
	h.arenas[a] = struct{}{}
	h.live[a.pages] = struct{}{}
	return a
}

// Usage is how much memory a heap has, in bytes.
type Usage struct {
	// InUse are the blocks, each as large as those of its class.
	InUse int
	// Mapped is what the kernel has given: blocks, what is free between them, and what Reclaim has yet to give back. What was never
	// written to takes no memory all the same.
	Mapped int
}

// Usage returns how much memory the heap has.
func (h *Heap) Usage() (u Usage) {
	for a := range h.arenas {
		u.InUse += int(a.inUse)
		u.Mapped += int(a.pages.bytes)
	}
	u.Mapped += int(h.bytes.Load())
	return u
}

// reclaimShare: each call of Reclaim gives back at least this part of what there is to be given back.
const reclaimShare = 16

// drop leaves mappings to be given back.
func (l *leavings) drop(m *mappings) {
	delete(l.live, m)
	if len(m.all) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped = append(l.dropped, m)
	l.bytes.Add(int64(m.bytes))
}

// Reclaim gives memory of dropped arenas, and of the largest blocks that were freed, back to the kernel: at least about least bytes of
// it, and more when there is so much that it would pile up. It reports whether anything is left. Safe from any goroutine.
func (l *leavings) Reclaim(least int) (more bool) {
	most := max(least, int(l.bytes.Load())/reclaimShare)
	for given := 0; given < most && l.bytes.Load() > 0; {
		if m, ok := l.next(); ok {
			m.unmap()
			given += int(m.size)
		}
	}
	return l.bytes.Load() > 0
}

// Reclaimable reports whether there is something for Reclaim to give back. Safe from any goroutine.
func (l *leavings) Reclaimable() bool { return l.bytes.Load() > 0 }

// next takes out a mapping to be given back.
func (l *leavings) next() (mapping, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.dropped) == 0 {
		return mapping{}, false
	}
	last := len(l.dropped) - 1
	m := l.dropped[last].pop()
	l.bytes.Add(-int64(m.size))
	if len(l.dropped[last].all) == 0 {
		l.dropped[last] = nil
		l.dropped = l.dropped[:last]
	}
	return m, true
}

// Close gives all memory back. The heap and its arenas must not be used any more.
func (h *Heap) Close() {
	clear(h.arenas)
	h.close()
}

func (l *leavings) close() {
	for m := range l.live {
		l.drop(m)
	}
	for {
		m, ok := l.next()
		if !ok {
			return
		}
		m.unmap()
	}
}
