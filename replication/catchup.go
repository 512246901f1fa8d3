package replication

import (
	"errors"
	"fmt"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// catchUp is the actor that answers peers' requests for chosen entries from storage. It holds one request a peer,
// the newest, and answers one at a time, so it never takes much from normal traffic.
type catchUp struct {
	storage   Storage
	transport Transport
	maxBytes  int
	fail      func(error)
	ended     chan struct{}

	mu       sync.Mutex
	asked    sync.Cond
	requests []paxos.Serve
	closed   bool // nothing more is answered
}

func newCatchUp(s Storage, t Transport, maxBytes int, fail func(error)) *catchUp {
	c := &catchUp{storage: s, transport: t, maxBytes: maxBytes, fail: fail, ended: make(chan struct{})}
	c.asked.L = &c.mu
	return c
}

// ask queues a request in place of an older one of the same peer.
func (c *catchUp) ask(request paxos.Serve) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.requests {
		if c.requests[i].To == request.To {
			c.requests[i] = request
			return
		}
	}
	c.requests = append(c.requests, request)
	c.asked.Signal()
}

func (c *catchUp) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.asked.Signal()
}

func (c *catchUp) await() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.requests) == 0 && !c.closed {
		c.asked.Wait()
	}
}

func (c *catchUp) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *catchUp) next() (request paxos.Serve, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) == 0 || c.closed {
		return request, false
	}
	request = c.requests[0]
	c.requests = append(c.requests[:0], c.requests[1:]...)
	return request, true
}

// step answers one request.
func (c *catchUp) step() bool {
	request, ok := c.next()
	if !ok {
		return false
	}
	records, err := c.storage.Read(request.From, request.Through, c.maxBytes)
	if err != nil && c.offer(request) || errors.Is(err, ErrCut) {
		return true // it was cut since the request was made, or just now
	}
	if err != nil {
		// What is asked for was on stable storage (rule D3): this node has lost what it voted for.
		c.close()
		c.fail(fmt.Errorf("chosen slots from %v on could not be read back for node %v: %w", request.From, request.To, err))
		return true
	}
	c.transport.Send(request.To, paxos.Learned{Records: records, Chosen: request.Through})
	return true
}

// offer points to the checkpoint instead, if that has what was asked for. While a checkpoint of a peer is just becoming this node's, the
// log may be cut already without it: who asked asks again.
func (c *catchUp) offer(request paxos.Serve) bool {
	checkpoint, ok := c.storage.Checkpoint()
	if !ok || checkpoint.Slot < request.From {
		return false
	}
	c.transport.Send(request.To, paxos.Offer{Checkpoint: checkpoint.Slot, First: checkpoint.Slot + 1, Chosen: request.Through})
	return true
}
