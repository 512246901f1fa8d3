package replication

import (
	"sync"
	"sync/atomic"
)

// queue hands slices of items from one goroutine to another. Its bound is the producer's to keep: it looks at count
// and bytes before it takes on work that would fill the queue.
type queue[T any] struct {
	mu     sync.Mutex
	filled sync.Cond
	items  []T
	kicked bool
	closed bool
	// count and bytes include what the consumer has taken and not yet reported done.
	count, bytes atomic.Int64
}

func newQueue[T any]() *queue[T] {
	q := &queue[T]{}
	q.filled.L = &q.mu
	return q
}

// push appends items, which together hold so many bytes.
func (q *queue[T]) push(items []T, bytes int) {
	q.count.Add(int64(len(items)))
	q.bytes.Add(int64(bytes))
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	q.filled.Signal()
}

// kick makes take return even if there are no items.
func (q *queue[T]) kick() {
	q.mu.Lock()
	q.kicked = true
	q.mu.Unlock()
	q.filled.Signal()
}

// close ends the queue: take returns what is left, then await reports the end.
func (q *queue[T]) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.filled.Signal()
}

// await waits until take has something to return. It reports false when it never will have: the queue is closed and empty.
func (q *queue[T]) await() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.kicked && !q.closed {
		q.filled.Wait()
	}
	return len(q.items) > 0 || q.kicked
}

// isEnded reports whether the queue is closed and empty.
func (q *queue[T]) isEnded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.items) == 0 && !q.kicked
}

// take returns all the items there are, none after a mere kick; ok is false if there was neither. buffer is reused for what is
// pushed next. It does not wait.
func (q *queue[T]) take(buffer []T) (items []T, ok bool) {
	clear(buffer)
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, buffer[:0]
	ok = len(items) > 0 || q.kicked
	q.kicked = false
	return items, ok
}

// done reports items taken as dealt with.
func (q *queue[T]) done(count, bytes int) {
	q.count.Add(-int64(count))
	q.bytes.Add(-int64(bytes))
}
