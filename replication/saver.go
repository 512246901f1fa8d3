package replication

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// save is a write of the core and the messages that wait for it (rule D1).
type save struct {
	write    paxos.Write
	sequence uint64
	after    []paxos.Envelope
}

// saver is the actor that writes the journal.
type saver struct {
	storage   Storage
	transport Transport
	clock     Clock
	queue     *queue[save]
	latency   latencies
	took      *Histogram
	busy      *busyTime
	observe   func(Event) // of slow syncs; nil: nobody is told
	watcher   atomic.Pointer[func(took time.Duration)]
	stored    func(sequence uint64)
	fail      func(error)
	failed    atomic.Bool
	ended     chan struct{}

	// The actor's own: what was taken, saved says that it is on stable storage; and buffers.
	saves  []save
	saved  bool
	writes []paxos.Write
	after  []paxos.Envelope
}

func newSaver(s Storage, t Transport, c Clock, stored func(uint64), fail func(error)) *saver {
	return &saver{storage: s, transport: t, clock: c, queue: newQueue[save](), took: new(Histogram), busy: new(busyTime), stored: stored, fail: fail, ended: make(chan struct{})}
}

func (s *saver) await() { s.queue.await() }

func (s *saver) isOver() bool { return s.failed.Load() || !s.saved && s.queue.isEnded() }

// step saves everything that waits with one call, and in the next step lets go of what waited for that.
func (s *saver) step() bool {
	if s.failed.Load() {
		return false
	}
	if s.saved {
		s.saved = false
		s.release()
		return true
	}
	var ok bool
	if s.saves, ok = s.queue.take(s.saves); !ok {
		return false
	}
	s.saveAll()
	return true
}

// saveAll saves what was taken. After an error the journal is never touched again and nothing leaves (rule D2).
func (s *saver) saveAll() {
	clear(s.writes)
	s.writes = s.writes[:0]
	bytes := 0
	for i := range s.saves {
		if w := &s.saves[i].write; !w.IsEmpty() || w.Chosen != 0 {
			s.writes = append(s.writes, *w)
			bytes += recordsBytes(w.Records)
		}
	}
	if err := s.save(s.writes); err != nil && !paxos.BreakD2Sync.On() {
		s.failed.Store(true)
		s.fail(err)
		return
	}
	s.queue.done(len(s.saves), bytes)
	s.saved = true
}

func (s *saver) save(writes []paxos.Write) error {
	if len(writes) == 0 {
		return nil
	}
	began := s.clock.Now().Mono
	s.busy.begin()
	err := s.storage.Save(writes)
	s.busy.end()
	if err != nil {
		return fmt.Errorf("the journal could not be written, so this node stops rather than forget a vote: %w", err)
	}
	took := time.Duration(s.clock.Now().Mono - began)
	s.latency.add(took)
	s.took.AddDuration(took)
	if took >= SlowSync && s.observe != nil {
		s.observe(Event{Kind: EventSlowSync, Took: took, Text: "the journal was slow to sync"})
	}
	if watch := s.watcher.Load(); watch != nil {
		(*watch)(took)
	}
	return nil
}

// WatchSaves has watch told from now on how long each write to the journal took, its sync included. It is called on the goroutine that writes,
// and must not block. It may be called once at most, from any goroutine.
func (g *Group) WatchSaves(watch func(took time.Duration)) { g.saver.watcher.Store(&watch) }

// release sends what waited for the writes, then reports them: the messages are what a majority waits for.
func (s *saver) release() {
	s.after = s.after[:0]
	for i := range s.saves {
		s.after = append(s.after, s.saves[i].after...)
	}
	if len(s.after) > 0 {
		s.transport.SendAll(s.after)
		clear(s.after)
	}
	if n := len(s.saves); n > 0 {
		s.stored(s.saves[n-1].sequence)
	}
}
