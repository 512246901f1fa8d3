package peer

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// remote is another member, or a guest: what waits for it, and the link to it. It outlives its links.
type remote struct {
	id     paxos.NodeID
	outbox *outbox
	counts counts
	// writable is the link that takes messages, nil without one, and while one waits for the end of the one before.
	writable atomic.Pointer[link]
	// stopDialling ends the goroutine that dials or inquires, nil without one. It belongs to the Transport's mutex.
	stopDialling func()

	mu      sync.Mutex
	address string
	// claimed is the slot of the configuration that a guest said to work with, 0 of a member.
	claimed paxos.Slot
	// uuid is what the node has shown on its newest link, and newestBoot the highest boot number.
	uuid       string
	newestBoot uint64
	// clientAddress is where the node's clients connect, as it said on its newest link.
	clientAddress string
	// current is the link that messages are sent on, nil without one.
	current *link
	// last is the link adopted last, alive or not: its successor waits until it is over.
	last *link
	// alive are the links that are not over: more than one only while one hands over to the next.
	alive     []*link
	since     time.Time
	lastError string
	// gone is why no link is adopted any more, nil as long as they are.
	gone error
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
func (r *remote) subject() string {
	if address := r.dialAddress(); address != "" {
		return "node " + r.id.String() + " at " + address
	}
	return "node " + r.id.String()
}

// dialAddress is where the node listens, empty if that is not known.
func (r *remote) dialAddress() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.address
}

// boot is the highest boot number the node has shown.
func (r *remote) boot() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newestBoot
}

// mayBe reports whether the node has shown that UUID, or none yet.
func (r *remote) mayBe(uuid string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.uuid == "" || r.uuid == uuid
}

// linked reports whether there is a link to send on.
func (r *remote) linked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current != nil
}

// enrol makes the node the member m is about, which it may have been before.
func (r *remote) enrol(m paxos.Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address, r.claimed = m.Address, 0
}

// claim is what a guest says its configuration's slot is.
func (r *remote) claim(slot paxos.Slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.claimed != 0 {
		r.claimed = max(r.claimed, slot)
	}
}

// guestBeyond reports whether the node is a guest by a configuration newer than slot.
func (r *remote) guestBeyond(slot paxos.Slot) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.claimed > slot
}

// adopt makes l the link to this member. If l continues a link that works, that one hands over: it writes what it has
// begun, says so, and ends, and nothing is lost. Any other earlier link is cut. Either way l delivers nothing before
// its predecessor is over.
func (r *remote) adopt(l *link, continues bool, peer shown) (renewed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone != nil {
		return false, r.gone
	}
	renewed = r.current != nil && continues
	if renewed {
		r.current.retire(ending{reason: endHandOver})
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
	r.uuid, r.newestBoot = peer.uuid, max(r.newestBoot, peer.boot)
	r.clientAddress = peer.clientAddress
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

// close lets no further link be adopted, for the reason why, has the current one write what waits and then say e, and
// returns the links to wait for.
func (r *remote) close(why error, e ending) []*link {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone == nil {
		r.gone = why
	}
	r.outbox.seal()
	if r.current != nil {
		r.current.retire(e)
	}
	return slices.Clone(r.alive)
}

// depart lets no further link be adopted if this is a guest without a link, and reports whether it is.
func (r *remote) depart() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.claimed == 0 || r.gone != nil || len(r.alive) > 0 {
		return false
	}
	r.gone = errDeparted
	return true
}

// newest is the link adopted last, nil before the first.
func (r *remote) newest() *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (r *remote) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastError = reasonOf(err)
}

// logDown says once what ended a link.
func (r *remote) logDown(n *notices, err error) {
	r.mu.Lock()
	if r.gone != nil {
		err = r.gone
	}
	r.mu.Unlock()
	n.report(slog.LevelWarn, r.subject(), "peer link down", reasonOf(err))
}
