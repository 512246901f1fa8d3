package replication

import (
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// save is a write of the core and the messages that wait for it (rule D1).
type save struct {
	write    paxos.Write
	sequence uint64
	after    []paxos.Envelope
}

// saver is the goroutine that writes the journal.
type saver struct {
	storage   Storage
	transport Transport
	queue     *queue[save]
	latency   latencies
	stored    func(sequence uint64)
	fail      func(error)
	ended     chan struct{}
}

func newSaver(s Storage, t Transport, stored func(uint64), fail func(error)) *saver {
	return &saver{storage: s, transport: t, queue: newQueue[save](), stored: stored, fail: fail, ended: make(chan struct{})}
}

// run saves everything that waits with one call, again and again. After an error it never touches the journal again
// and lets nothing leave (rule D2).
func (s *saver) run() {
	defer close(s.ended)
	var saves []save
	var writes []paxos.Write
	for {
		var ok bool
		if saves, ok = s.queue.take(saves); !ok {
			return
		}
		clear(writes)
		writes = writes[:0]
		bytes := 0
		for i := range saves {
			if w := &saves[i].write; !w.IsEmpty() || w.Chosen != 0 {
				writes = append(writes, *w)
				bytes += recordsBytes(w.Records)
			}
		}
		if err := s.save(writes); err != nil {
			s.fail(err)
			return
		}
		s.queue.done(len(saves), bytes)
		s.release(saves)
	}
}

func (s *saver) save(writes []paxos.Write) error {
	if len(writes) == 0 {
		return nil
	}
	began := time.Now()
	if err := s.storage.Save(writes); err != nil {
		return fmt.Errorf("the journal could not be written, so this node stops rather than forget a vote: %w", err)
	}
	s.latency.add(time.Since(began))
	return nil
}

// release sends what waited for the writes, then reports them: the messages are what a majority waits for.
func (s *saver) release(saves []save) {
	for i := range saves {
		for _, e := range saves[i].after {
			s.transport.Send(e.To, e.Message)
		}
	}
	if n := len(saves); n > 0 {
		s.stored(saves[n-1].sequence)
	}
}
