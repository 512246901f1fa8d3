package resp

import (
	"sync"

	"github.com/paxredis/paxredis/replication"
)

// mailbox is where other goroutines leave what concerns a loop. The first letter since the loop last looked wakes it.
type mailbox struct {
	mu     sync.Mutex
	wake   func() // called with mu held, so that it is not called once closed
	rest   func() // called with mu held: takes wake back
	awake  bool
	closed bool
	mail   mail
}

// mail is what a loop finds in its mailbox.
type mail struct {
	finished []*submission
	ready    uint64 // reads with tickets up to this one may run
	failed   uint64 // reads with tickets up to this one, if not ready, failed with outcome
	outcome  replication.Outcome
	tasks    []func()
}

// post leaves a letter; write puts it into the mail. It reports false if the loop has stopped.
func (b *mailbox) post(write func(*mail)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.leave(write)
}

func (b *mailbox) leave(write func(*mail)) bool {
	if b.closed {
		return false
	}
	write(&b.mail)
	if !b.awake {
		b.awake = true
		b.wake()
	}
	return true
}

// take empties the mailbox; ok is false if it was empty. spare's slices are used for the next letters.
func (b *mailbox) take(spare mail) (m mail, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.awake {
		return mail{}, false
	}
	taken := b.mail
	b.mail = mail{finished: spare.finished[:0], tasks: spare.tasks[:0]}
	b.awake = false
	b.rest()
	return taken, true
}

// close leaves a last task, and refuses letters from now on.
func (b *mailbox) close(last func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leave(func(m *mail) { m.tasks = append(m.tasks, last) })
	b.closed = true
}
