package replication

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// holdFor is how long a checkpoint stays readable for a peer that asks for no more of it; maxHolds is for how many peers at once.
const (
	holdFor  = time.Minute
	maxHolds = 8
)

// maxServedBytes bounds the parts that a peer is sent: in small ones the work for it holds up nothing else for long.
const maxServedBytes = 64 << 10

// partServer is the actor that reads checkpoints for peers. It keeps one request a peer, the newest, and answers one at a
// time; who asks sets the pace.
type partServer struct {
	storage   CheckpointStorage
	transport Transport
	clock     Clock
	kept      *keptLog
	bytes     int
	damaged   func(paxos.Slot, error) // is told of a checkpoint of this node that cannot be read
	fail      func(error)
	stop      chan struct{}
	ended     chan struct{}
	wake      chan struct{} // has room for one

	mu       sync.Mutex
	requests []partRequest

	// The actor's own.
	holds  []*partHold // one a peer
	failed bool
}

type partRequest struct {
	from paxos.NodeID
	ask  paxos.CheckpointAsk
}

// partHold is a checkpoint held for a peer.
type partHold struct {
	peer       paxos.NodeID
	checkpoint paxos.Checkpoint
	release    func()
	until      int64 // Instant.Mono
}

func newPartServer(s CheckpointStorage, t Transport, c Clock, kept *keptLog, bytes int, damaged func(paxos.Slot, error), fail func(error)) *partServer {
	return &partServer{
		storage: s, transport: t, clock: c, kept: kept, bytes: bytes, damaged: damaged, fail: fail, stop: make(chan struct{}), ended: make(chan struct{}),
		wake: make(chan struct{}, 1),
	}
}

// ask queues a request in place of an older one of the same peer.
func (p *partServer) ask(from paxos.NodeID, m paxos.CheckpointAsk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	signal(p.wake)
	for i := range p.requests {
		if p.requests[i].from == from {
			p.requests[i].ask = m
			return
		}
	}
	if len(p.requests) < 2*maxHolds { // else it asks again
		p.requests = append(p.requests, partRequest{from, m})
	}
}

func (p *partServer) next() (request partRequest, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) == 0 {
		return request, false
	}
	request = p.requests[0]
	p.requests = append(p.requests[:0], p.requests[1:]...)
	return request, true
}

func (p *partServer) close() { close(p.stop) }

// run is the goroutine of the part server.
func (p *partServer) run() {
	drive(p, p.ended)
	p.expire(never)
}

// await waits for a request, or until a hold may have to be let go of.
func (p *partServer) await() {
	timer := time.NewTimer(holdFor / 4)
	defer timer.Stop()
	select {
	case <-p.stop:
	case <-timer.C:
	case <-p.wake:
	}
}

func (p *partServer) isOver() bool { return p.failed || isClosed(p.stop) }

// step answers one request, after it has let go of what is not needed any more.
func (p *partServer) step() bool {
	if p.isOver() {
		return false
	}
	p.expire(p.clock.Now().Mono)
	request, ok := p.next()
	if !ok {
		return false
	}
	part, err := p.answer(request)
	switch {
	case errors.Is(err, ErrNoCheckpoint), errors.Is(err, errTooManyHolds):
		part.Refused = err.Error()
	case errors.Is(err, ErrDamaged):
		p.damaged(part.Slot, err) // the peer fetches from another node
		part.Refused = "its checkpoint is damaged"
	case err != nil:
		p.failed = true
		p.fail(fmt.Errorf("a checkpoint could not be read for a peer: %w", err))
		return true
	}
	part.Number = request.ask.Number
	p.transport.Send(request.from, part)
	return true
}

// expire releases what nobody has asked for until that Instant.Mono.
func (p *partServer) expire(now int64) {
	p.holds = withoutFunc(p.holds, func(h *partHold) bool {
		if h.until >= now {
			return false
		}
		h.release()
		return true
	})
}

// drop releases what is held for a peer.
func (p *partServer) drop(h *partHold) {
	h.release()
	p.holds = without(p.holds, h)
}

// held returns what is held for a peer, nil if nothing is.
func (p *partServer) held(peer paxos.NodeID) *partHold {
	for _, h := range p.holds {
		if h.peer == peer {
			return h
		}
	}
	return nil
}

// answer reads the part that a peer asks for.
func (p *partServer) answer(r partRequest) (paxos.CheckpointPart, error) {
	hold, err := p.hold(r)
	if err != nil {
		return paxos.CheckpointPart{}, err
	}
	part := paxos.CheckpointPart{Slot: hold.checkpoint.Slot}
	if part.Data, part.Next, err = p.storage.ReadCheckpoint(part.Slot, r.ask.Cursor, p.bytes); err != nil {
		return part, err
	}
	p.kept.serves(r.from, part.Slot, len(part.Next) == 0)
	if len(r.ask.Cursor) == 0 {
		part.Head, err = hold.checkpoint.Encode()
	}
	return part, err
}

var errTooManyHolds = errors.New("busy with other nodes that fetch a checkpoint")

// hold returns the peer's hold on the checkpoint it asks for. Whoever begins with another one lets go of what it had.
func (p *partServer) hold(r partRequest) (*partHold, error) {
	until := p.clock.Now().Mono + int64(holdFor)
	if held := p.held(r.from); held != nil {
		if held.checkpoint.Slot == r.ask.Slot {
			held.until = until
			return held, nil
		}
		p.drop(held)
	}
	if len(p.holds) >= maxHolds {
		return nil, errTooManyHolds
	}
	checkpoint, release, err := p.storage.HoldCheckpoint(r.ask.Slot)
	if err != nil {
		return nil, err
	}
	held := &partHold{r.from, checkpoint, release, until}
	p.holds = append(p.holds, held)
	return held, nil
}
