package resp

// What clients make the server keep is bounded, for one and for all together. Whoever does not take its replies is not asked for more
// commands (Client.stuck); only if that does not help, because one reply is too large or requests that are not complete take too much, is
// a connection closed, as Redis does.

const (
	// unreadShare is which part of the output limit a client may leave unread and still be served.
	unreadShare = 4
	// memoryShare is which part of the limit of all clients' memory may be taken before those who do not read are served less.
	memoryShare = 4
	// clientShare is which part of what is left of that one client may take. So many clients share what there is, and few have much
	// (dynamic thresholds, as in Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998).
	clientShare = 4
	// maxOwed bounds the deferred commands of one client, some thousands that share a read slot: beyond it the client's input waits. Writes
	// are bounded by the lane.
	maxOwed = 512 << 10
	// leastOwed is what each client may be owed, whatever others take: it goes by itself.
	leastOwed = 16 << 10
)

// mostTaken is how much one client may make the server keep now.
func (l *eventLoop) mostTaken() int64 {
	s := l.server
	left := s.settings.clientMemory()/memoryShare - s.clientBytes.Load()
	return max(0, min(int64(s.settings.outputLimit())/unreadShare, left/clientShare))
}

// mostOwed is how much may be owed to one client now.
func (l *eventLoop) mostOwed() int { return int(max(leastOwed, min(maxOwed, l.mostTaken()))) }

// judgeUnread decides whether a client has to read before it is served again. While its socket has kept nothing it is served, and if it has,
// the poller tells when that changes.
func (l *eventLoop) judgeUnread(c *Client) {
	unread := c.conn.OutboundBuffered()
	c.stuck = unread > 0 && int64(unread) > l.mostTaken() || unread > strangerUnread && c.isStranger()
}

// send gives a client's socket more of what it has kept. It reports false if the client is gone.
func (l *eventLoop) send(c *Client) bool {
	if err := c.conn.Flush(); err != nil {
		l.ended(c, err)
		return false
	}
	l.judgeUnread(c)
	return true
}

// account notes what a client takes. When all of them take too much, the one that takes most is closed.
func (l *eventLoop) account(c *Client) {
	taken := 0
	if !c.closed {
		taken = c.conn.OutboundBuffered() + cap(c.input.buf) + c.owed
	}
	if taken == c.accounted {
		return
	}
	l.server.clientBytes.Add(int64(taken - c.accounted))
	c.accounted = taken
	for !c.closed && l.server.clientBytes.Load() > l.server.settings.clientMemory() {
		most := l.greediest()
		if most == nil {
			return
		}
		l.dropFor(overMemory, most, "it takes most of the memory of clients, which is beyond its limit")
	}
}

// greediest is the client of this loop that takes most, of those that may be closed for it.
func (l *eventLoop) greediest() (most *Client) {
	for c := range l.clients {
		if !c.noEvict && (most == nil || c.accounted > most.accounted) {
			most = c
		}
	}
	return most
}
