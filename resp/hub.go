package resp

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// hub takes what the machine tells as it applies to this node's clients: messages to those that subscribed, and invalidations to those
// that cache (statemachine.Events). It never waits for a client: what is for the clients of a loop gathers here until the machine has applied
// a section, goes to the loop's mailbox behind that section's replies, and is bounded for each client (post).
type hub struct {
	server *Server
	// subscribed counts the subscriptions of all clients: nobody looks for the audience of a message while it is 0.
	subscribed atomic.Int64
	notified   atomic.Uint32 // notify-keyspace-events: notifyKeyspace, notifyKeyevent and classes

	// The applier's own: whose command runs, if it is one of this node's clients, and whether what it reads is remembered.
	writer *tracker
	caches bool
	// usersSeen is the version of the users that the loops have been told of; the applier's own, too.
	usersSeen uint64
	// expiring is when it began to remove what is due.
	expiring time.Time

	mu        sync.Mutex // guards what follows, and what says so of eventLoop, audience and tracker
	clients   map[uint64]*Client
	audiences [subscriptionKinds]map[string]*audience
	patterns  []*audience // in the order in which they came
	dirty     []*eventLoop
	tracking  tracking
}

// audience are the subscriptions to one channel, pattern or shard channel. It is guarded by hub.mu.
type audience struct {
	name          string
	subscriptions []*subscription
}

// subscription is one client's, to one name.
type subscription struct {
	client   *Client
	audience *audience
	place    int  // in the audience
	ended    bool // what is on its way to it is dropped; the loop's
}

func newHub(s *Server) *hub {
	h := &hub{server: s, clients: make(map[uint64]*Client)}
	for kind := range h.audiences {
		h.audiences[kind] = make(map[string]*audience)
	}
	h.tracking.init(s.limits.TrackedKeys)
	return h
}

var _ statemachine.Events = (*hub)(nil)

// Publish implements statemachine.Events. While the node restores its state the messages are old ones, which no client of this run asked
// for: they are counted as nobody's.
func (h *hub) Publish(channel, message []byte, sharded bool) (receivers int) {
	if h.subscribed.Load() == 0 || h.server.isLoading() {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if sharded {
		return h.deliver(toShard, channel, message)
	}
	return h.deliver(toChannel, channel, message)
}

// deliver hands a message to all that subscribed to its channel, and then to those whose pattern matches it.
func (h *hub) deliver(kind subscriptionKind, channel, message []byte) (receivers int) {
	if a := h.audiences[kind][string(channel)]; a != nil {
		word := "message"
		if kind == toShard {
			word = "smessage"
		}
		receivers += h.send(a, appendMessage(nil, word, "", channel, message))
	}
	if kind == toShard {
		return receivers
	}
	for _, a := range h.patterns {
		if statemachine.Match([]byte(a.name), channel) {
			receivers += h.send(a, appendMessage(nil, "pmessage", a.name, channel, message))
		}
	}
	return receivers
}

// appendMessage encodes a message in RESP2; a push of RESP3 differs in its first byte.
func appendMessage(dst []byte, word, pattern string, channel, message []byte) []byte {
	w := Writer{Buf: dst, Proto: 2}
	if pattern == "" && word != "pmessage" {
		w.Array(3)
		w.BulkString(word)
	} else {
		w.Array(4)
		w.BulkString(word)
		w.BulkString(pattern)
	}
	w.Bulk(channel)
	w.Bulk(message)
	return w.Buf
}

// send hands an encoded message to an audience. The clients of one loop share a push.
func (h *hub) send(a *audience, data []byte) (receivers int) {
	for _, s := range a.subscriptions {
		l := s.client.loop
		if !h.owe(s.client, len(data)) {
			continue
		}
		if n := len(l.outgoing); n > 0 && l.outgoing[n-1].isSame(data) {
			l.outgoing[n-1].to = append(l.outgoing[n-1].to, s)
			continue
		}
		h.leave(l, push{kind: pushMessage, data: data, to: []*subscription{s}})
	}
	return len(a.subscriptions)
}

// pushCost is what a push counts besides its bytes.
const pushCost = 64

// owe counts a push against what may wait for a client in its loop's mailbox: a loop that cannot keep up, or is held up by its lane, must
// not have the applier pile up messages without end. Beyond the hard limit of subscribers the client gets nothing any more and is closed.
func (h *hub) owe(c *Client, bytes int) bool {
	switch {
	case c.cut.Load():
		return false
	case c.backlog.Add(int64(bytes)+pushCost) <= h.server.settings.pubsub.Load().hard:
		return true
	}
	c.cut.Store(true)
	h.leave(c.loop, push{kind: pushCut, client: c})
	return false
}

// leave leaves a push for a loop, until Applied.
func (h *hub) leave(l *eventLoop, p push) {
	if len(l.outgoing) == 0 {
		h.dirty = append(h.dirty, l)
	}
	l.outgoing = append(l.outgoing, p)
}

// Expiring implements statemachine.Events.
func (h *hub) Expiring() { h.expiring = time.Now() }

// Expired implements statemachine.Events.
func (h *hub) Expired() { h.server.stall(eventExpire, time.Since(h.expiring)) }

// Applied implements statemachine.Events.
func (h *hub) Applied() {
	h.writer = nil
	h.server.evictor.wakeIfOver()
	h.followUsers()
	if h.subscribed.Load() == 0 && h.tracking.clients.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broadcast()
	h.post()
}

// followUsers has the loops look at their clients when a user has changed.
func (h *hub) followUsers() {
	version := h.server.users.Version()
	if version == h.usersSeen || !h.server.started.Load() {
		return
	}
	h.usersSeen = version
	for _, l := range h.server.allLoops() {
		l.do(l.followUsers)
	}
}

// post takes what was left to the mailboxes.
func (h *hub) post() {
	for i, l := range h.dirty {
		l.mailbox.post(func(m *mail) { m.pushes = append(m.pushes, l.outgoing...) })
		if clear(l.outgoing); cap(l.outgoing) > maxKeptPushes {
			l.outgoing = nil
		}
		l.outgoing = l.outgoing[:0]
		h.dirty[i] = nil
	}
	h.dirty = h.dirty[:0]
}

// Replaced implements statemachine.Events. Messages between the old state and the new were delivered by other nodes, and never will be by
// this one. Subscribers would not know: so their connections end, which is what tells a client of Redis that it may have missed some.
func (h *hub) Replaced() {
	h.followUsers()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, audiences := range h.audiences {
		for _, a := range audiences {
			for _, s := range a.subscriptions {
				if !s.client.cut.Swap(true) {
					h.leave(s.client.loop, push{kind: pushGap, client: s.client})
				}
			}
		}
	}
	h.invalidateAll()
	h.post()
}

// figures are what INFO tells.
func (h *hub) figures() ListenersInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	return ListenersInfo{
		Channels: len(h.audiences[toChannel]), Patterns: len(h.patterns), Shards: len(h.audiences[toShard]),
		Trackers: int(h.tracking.clients.Load()), Keys: len(h.tracking.keys), Items: h.tracking.items, Prefixes: len(h.tracking.prefixes),
	}
}

// join makes a client known, for redirections.
func (h *hub) join(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients[c.id] = c
}

// part lets go of a client.
func (h *hub) part(c *Client) {
	h.unsubscribeAll(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c.id)
	h.untrack(c)
}
