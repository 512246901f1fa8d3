package peer

import (
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// LinkStatus is what is known of the links to one member, or guest. The counts are since the start of the Transport.
type LinkStatus struct {
	ID      paxos.NodeID
	Address string
	// Dials says that this node dials the other, having the higher id; otherwise it waits to be dialled.
	Dials bool
	// ClientAddress is where the node's clients connect, as it last said; see Config.ClientAddress. Empty: it has not.
	ClientAddress string
	// Guest says that the node is no member as far as this one knows, but works with a newer configuration.
	Guest     bool
	Connected bool
	// Since is when Connected came to be what it is.
	Since time.Time
	// RoundTrip is what the newest ping took, 0 before the first.
	RoundTrip time.Duration
	// Links counts the links made, renewals included.
	Links                          uint64
	MessagesSent, MessagesReceived uint64
	BytesSent, BytesReceived       uint64
	// Overflowed, Unlinked and Unsendable count messages dropped: from a full queue, for want of a link, and because
	// no peer could have received them.
	Overflowed, Unlinked, Unsendable uint64
	QueuedMessages, QueuedBytes      int
	// OtherConfiguration says that the member works with another list of members of the same slot.
	OtherConfiguration bool
	// LastError is what ended the newest link, or the newest attempt at one; empty when there was no trouble yet.
	LastError string
}

// Status returns the state of the link to every other member and guest, sorted by id.
func (t *Transport) Status() []LinkStatus {
	v := t.view.Load()
	all := make([]LinkStatus, 0, len(v.remotes))
	for _, r := range v.sorted() {
		s := r.status()
		s.Dials = t.dials(v, r)
		all = append(all, s)
	}
	return all
}

func (r *remote) status() LinkStatus {
	c := &r.counts
	s := LinkStatus{ID: r.id, RoundTrip: time.Duration(c.roundTrip.Load()), Links: c.links.Load(),
		MessagesSent: c.messagesSent.Load(), MessagesReceived: c.messagesReceived.Load(),
		BytesSent: c.bytesSent.Load(), BytesReceived: c.bytesReceived.Load(),
		Unsendable: c.unsendable.Load(), OtherConfiguration: c.otherConfiguration.Load()}
	r.mu.Lock()
	s.Address, s.Guest, s.Connected = r.address, r.claimed != 0, r.current != nil
	s.ClientAddress = r.clientAddress
	s.Since, s.LastError = r.since, r.lastError
	r.mu.Unlock()
	r.outbox.status(&s)
	return s
}

func (o *outbox) status(s *LinkStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Overflowed, s.Unlinked = o.overflowed, o.unlinked
	s.QueuedMessages = o.control.len() + o.bulk.len() + o.parts.len()
	s.QueuedBytes = o.control.bytes + o.bulk.bytes + o.parts.bytes
}
