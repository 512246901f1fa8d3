package peer

// promptBytes is how much may wait for a peer and yet be written by who queued it: a batch of common size. More is for the writer's
// goroutine, since encryption takes time that the sender has other uses for.
const promptBytes = 64 << 10

// prompt has what waits written at once. A message of a common size leaves on the goroutine that sent it, without a change of
// goroutines, each of which costs as much as the system call; whatever would have that goroutine wait is left to the writer's.
func (r *remote) prompt() {
	if l := r.writable.Load(); l == nil || !l.writer.writeNow() {
		r.outbox.signal()
	}
}

// open has messages written on this link from now on: the one before has ended.
func (w *writer) open() { w.link.r.writable.Store(w.link) }

// close waits for who is writing, and has no more written.
func (w *writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.link.r.writable.CompareAndSwap(w.link, nil)
}

// writeNow writes what waits, if that can be done without waiting, and reports whether it is all written.
func (w *writer) writeNow() bool {
	if w.link.r.outbox.bytes() == 0 {
		return true
	}
	if !w.mu.TryLock() {
		return false
	}
	defer w.mu.Unlock()
	return w.writePrompt()
}

// writePrompt is writeNow for who holds the lock.
func (w *writer) writePrompt() bool {
	if w.link.r.outbox.bytes() > promptBytes {
		return false
	}
	if w.link.r.writable.Load() != w.link || w.underWay() || isClosed(w.link.retired) || isClosed(w.link.dead) {
		return false
	}
	if all, err := w.link.raw.push(); !all || err != nil {
		return false // the writer meets the error, too
	}
	w.fill(false)
	if len(w.buf) == 0 {
		return true
	}
	if err := w.seal(); err != nil {
		w.link.fail(err)
		return true
	}
	all, err := w.link.raw.push()
	if err != nil {
		w.link.fail(err)
		return true
	}
	return all && !w.underWay()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
