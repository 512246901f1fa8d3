package resp

import "time"

// maxKeptPushes is how many pushes' memory a loop keeps for the next ones.
const maxKeptPushes = 4096

// pushKind says what a push is.
type pushKind uint8

const (
	pushMessage    pushKind = iota // of a channel
	pushInvalidate                 // keys that a client must not keep in its cache
	pushBroken                     // the client that invalidations are redirected to is gone
	pushCut                        // more waits for the client than it may be owed
	pushGap                        // messages were missed
)

// push is what comes to clients unasked. Those of one loop share that of one message.
type push struct {
	kind pushKind
	// redirected invalidations are another client's.
	redirected bool
	// data is a message in RESP2, or the array of an invalidation's keys; nil: all keys.
	data   []byte
	to     []*subscription // of a message
	client *Client         // of all else
	number uint64          // of the client that is gone
}

// isSame reports whether the push is that very message.
func (p *push) isSame(data []byte) bool {
	return p.kind == pushMessage && len(p.data) == len(data) && &p.data[0] == &data[0]
}

// The beginnings of an invalidation, before its keys.
const (
	invalidateHead3 = ">2\r\n$10\r\ninvalidate\r\n"
	invalidateHead2 = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"
)

// deliverPushes hands pushes to their clients, between two replies of whatever else the clients are doing.
func (l *eventLoop) deliverPushes(pushes []push) {
	for i := range pushes {
		switch p := &pushes[i]; p.kind {
		case pushMessage:
			for _, s := range p.to {
				s.client.backlog.Add(-int64(len(p.data)) - pushCost)
				if !s.ended && s.client.takesPushes() {
					l.sendPush(s.client, pushMark(s.client), p.data[1:])
				}
			}
		case pushCut:
			l.dropFor(overOutput, p.client, "its messages wait beyond the output buffer limit of subscribers")
		case pushGap:
			l.drop(p.client, "the state was replaced by a checkpoint of a peer, and messages meanwhile were missed: subscribe again")
		default:
			p.client.backlog.Add(-int64(len(p.data)) - pushCost)
			if p.client.takesPushes() {
				l.deliverInvalidation(p)
			}
		}
	}
}

// takesPushes reports whether the client still listens.
func (c *Client) takesPushes() bool { return !c.closed && !c.closing && !c.ended }

// pushMark is the first byte of a push in the client's protocol.
func pushMark(c *Client) string {
	if c.proto == 3 {
		return ">"
	}
	return "*"
}

// deliverInvalidation tells a client of keys. One that speaks RESP2 is told only if it takes another client's, as a message.
func (l *eventLoop) deliverInvalidation(p *push) {
	c := p.client
	switch {
	case p.kind == pushBroken:
		if c.proto == 3 {
			w := Writer{Proto: 3}
			w.Push(2)
			w.BulkString("tracking-redir-broken")
			w.Int(int64(p.number))
			l.sendPush(c, "", w.Buf)
		}
	case c.proto == 3 && p.data == nil:
		l.sendPush(c, invalidateHead3, []byte("_\r\n"))
	case c.proto == 3:
		l.sendPush(c, invalidateHead3, p.data)
	case !p.redirected || !c.isSubscriber():
	case p.data == nil:
		l.sendPush(c, invalidateHead2, []byte("$-1\r\n"))
	default:
		l.sendPush(c, invalidateHead2, p.data)
	}
}

// sendPush puts a push behind what the client has been answered.
func (l *eventLoop) sendPush(c *Client, head string, rest []byte) {
	w := l.outBuffer(c)
	w.Buf = append(append(w.Buf, head...), rest...)
	l.touch(c)
	if l.boundPushes(c); !c.closed && len(c.out.Buf) > flushBytes {
		l.flush(c)
	}
}

// boundPushes closes a subscriber that does not take its messages: at once beyond the hard limit, or once they have been beyond the soft
// one for some time, as Redis's client-output-buffer-limit pubsub does.
func (l *eventLoop) boundPushes(c *Client) {
	if !c.isSubscriber() {
		return // its limit is the one for replies, which flush sees to
	}
	limits := l.server.settings.pubsub.Load()
	switch held := int64(c.conn.OutboundBuffered() + len(c.out.Buf)); {
	case held > limits.hard:
		l.dropFor(overOutput, c, "its messages are beyond the output buffer limit of subscribers")
	case limits.soft == 0 || held <= limits.soft:
		c.softSince = time.Time{}
	case c.softSince.IsZero():
		c.softSince = l.now
		c.softTimer = time.AfterFunc(limits.softTime, func() {
			l.do(func() { l.boundPushesAgain(c) })
		})
	case l.now.Sub(c.softSince) > limits.softTime:
		l.dropFor(overOutput, c, "its messages are beyond the soft output buffer limit of subscribers for too long")
	}
}

// boundPushesAgain looks at a client that was beyond the soft limit, and maybe gets no more messages to be looked at for.
func (l *eventLoop) boundPushesAgain(c *Client) {
	limits := l.server.settings.pubsub.Load()
	if c.closed || c.softSince.IsZero() || l.now.Sub(c.softSince) < limits.softTime {
		return
	}
	if limits.soft > 0 && int64(c.conn.OutboundBuffered()+len(c.out.Buf)) > limits.soft {
		l.dropFor(overOutput, c, "its messages are beyond the soft output buffer limit of subscribers for too long")
		return
	}
	c.softSince = time.Time{}
}
