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

// partServer is the goroutine that reads checkpoints for peers. It keeps one request a peer, the newest, and answers one at a
// time; who asks sets the pace.
type partServer struct {
	storage   CheckpointStorage
	transport Transport
	bytes     int
	fail      func(error)
	stop      chan struct{}
	ended     chan struct{}
	wake      chan struct{} // has room for one

	mu       sync.Mutex
	requests []partRequest

	// The goroutine's own.
	holds map[paxos.NodeID]*partHold
}

type partRequest struct {
	from paxos.NodeID
	ask  paxos.CheckpointAsk
}

// partHold is a checkpoint held for a peer.
type partHold struct {
	checkpoint paxos.Checkpoint
	release    func()
	until      time.Time
}

func newPartServer(s CheckpointStorage, t Transport, bytes int, fail func(error)) *partServer {
	return &partServer{
		storage: s, transport: t, bytes: bytes, fail: fail, stop: make(chan struct{}), ended: make(chan struct{}),
		wake: make(chan struct{}, 1), holds: map[paxos.NodeID]*partHold{},
	}
}

// ask queues a request in place of an older one of the same peer.
func (p *partServer) ask(from paxos.NodeID, m paxos.CheckpointAsk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
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

func (p *partServer) run() {
	defer close(p.ended)
	defer func() { p.expire(time.Now().Add(2 * holdFor)) }()
	expiry := time.NewTicker(holdFor / 4)
	defer expiry.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-expiry.C:
			p.expire(time.Now())
		case <-p.wake:
			if err := p.answerAll(); err != nil {
				p.fail(fmt.Errorf("a checkpoint could not be read for a peer: %w", err))
				return
			}
		}
	}
}

// expire releases what nobody has asked for until now.
func (p *partServer) expire(now time.Time) {
	for peer, hold := range p.holds {
		if hold.until.Before(now) {
			p.drop(peer)
		}
	}
}

func (p *partServer) drop(peer paxos.NodeID) {
	p.holds[peer].release()
	delete(p.holds, peer)
}

func (p *partServer) answerAll() error {
	for {
		request, ok := p.next()
		if !ok {
			return nil
		}
		select {
		case <-p.stop:
			return nil
		default:
		}
		part, err := p.answer(request)
		if errors.Is(err, ErrNoCheckpoint) || errors.Is(err, errTooManyHolds) {
			part.Refused = err.Error()
		} else if err != nil {
			return err
		}
		part.Number = request.ask.Number
		p.transport.Send(request.from, part)
	}
}

// answer reads the part that a peer asks for.
func (p *partServer) answer(r partRequest) (paxos.CheckpointPart, error) {
	hold, err := p.hold(r)
	if err != nil {
		return paxos.CheckpointPart{}, err
	}
	part := paxos.CheckpointPart{Slot: hold.checkpoint.Slot}
	if part.Data, part.Next, err = p.storage.ReadCheckpoint(hold.checkpoint.Slot, r.ask.Cursor, p.bytes); err != nil {
		return paxos.CheckpointPart{}, err
	}
	if len(r.ask.Cursor) == 0 {
		part.Head, err = hold.checkpoint.Encode()
	}
	return part, err
}

var errTooManyHolds = errors.New("busy with other nodes that fetch a checkpoint")

// hold returns the peer's hold on the checkpoint it asks for. Whoever begins anew lets go of what it had.
func (p *partServer) hold(r partRequest) (*partHold, error) {
	until := time.Now().Add(holdFor)
	if held := p.holds[r.from]; held != nil {
		if len(r.ask.Cursor) > 0 && held.checkpoint.Slot == r.ask.Slot {
			held.until = until
			return held, nil
		}
		p.drop(r.from)
	}
	if len(p.holds) >= maxHolds {
		return nil, errTooManyHolds
	}
	checkpoint, release, err := p.storage.HoldCheckpoint(r.ask.Slot)
	if err != nil {
		return nil, err
	}
	held := &partHold{checkpoint, release, until}
	p.holds[r.from] = held
	return held, nil
}
