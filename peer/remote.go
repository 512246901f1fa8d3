package peer

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// remote is another member: what waits for it, and the link to it. It outlives its links.
type remote struct {
	id      paxos.NodeID
	address string
	outbox  *outbox
	counts  counts

	mu sync.Mutex
	// current is the link that messages are sent on, nil without one.
	current *link
	// last is the link adopted last, alive or not: its successor waits until it is over.
	last *link
	// alive are the links that are not over: more than one only while one hands over to the next.
	alive     []*link
	since     time.Time
	lastError string
	closed    bool
}

// counts are the figures of all links to one member.
type counts struct {
	links                          atomic.Uint64
	messagesSent, messagesReceived atomic.Uint64
	bytesSent, bytesReceived       atomic.Uint64
	unsendable                     atomic.Uint64
	roundTrip                      atomic.Int64
	otherConfiguration             atomic.Bool
}

// subject names the member in logs.
func (r *remote) subject() string { return "node " + r.id.String() + " at " + r.address }

// adopt makes l the link to this member. If l continues a link that works, that one hands over: it writes what it has
// begun, says so, and ends, and nothing is lost. Any other earlier link is cut. Either way l delivers nothing before
// its predecessor is over.
func (r *remote) adopt(l *link, continues bool) (renewed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false, errClosed
	}
	renewed = r.current != nil && continues
	if renewed {
		r.current.retire(endHandOver)
	} else {
		for _, old := range r.alive {
			old.fail(errReplaced)
		}
		r.outbox.start()
		r.since = time.Now()
	}
	l.prev = r.last
	r.current, r.last = l, l
	r.alive = append(r.alive, l)
	r.counts.links.Add(1)
	return renewed, nil
}

// over takes note that l has ended and reports whether that leaves the member without a link.
func (r *remote) over(l *link) (down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive = slices.DeleteFunc(r.alive, func(other *link) bool { return other == l })
	if r.current != l {
		return false
	}
	r.current, r.since, r.lastError = nil, time.Now(), reasonOf(l.err)
	r.outbox.stop()
	return true
}

// close lets no further link be adopted, has the current one write what waits, and returns the links to wait for.
func (r *remote) close() []*link {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.outbox.seal()
	if r.current != nil {
		r.current.retire(endClosing)
	}
	return slices.Clone(r.alive)
}

func (r *remote) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastError = reasonOf(err)
}

// logDown says once what ended a link.
func (r *remote) logDown(n *notices, err error) {
	n.report(slog.LevelWarn, r.subject(), "peer link down", reasonOf(err))
}
