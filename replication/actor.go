package replication

// actor is one thread of a group's work. Nothing of it ever waits inside a step, so the same code runs on a goroutine of its own
// (drive), and under a simulator that decides who goes next (Stepped).
type actor interface {
	// step does the next bite of what there is to do, and reports whether there was anything.
	step() bool
	// await returns when there may be something to do, or when isOver has become true.
	await()
	// isOver reports whether the actor has ended: it was told to, and has nothing left, or has failed.
	isOver() bool
}

// drive is the goroutine of an actor. It closes ended at the actor's end.
func drive(a actor, ended chan<- struct{}) {
	defer close(ended)
	for !a.isOver() {
		if !a.step() {
			a.await()
		}
	}
}

// isClosed reports whether a channel that nobody sends on has been closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// signal wakes who waits on c, which has room for one, now or when it next does.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
