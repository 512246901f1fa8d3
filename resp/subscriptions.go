package resp

import (
	"maps"
	"slices"

	"github.com/paxredis/paxredis/statemachine"
)

// subscriptionKind tells SUBSCRIBE, PSUBSCRIBE and SSUBSCRIBE apart.
type subscriptionKind uint8

const (
	toChannel subscriptionKind = iota
	toPattern
	toShard
	subscriptionKinds
)

// What clients may subscribe to. Redis has no such bounds; but every node matches each message with all of its clients' patterns as it
// applies the log, so their number and length decide how fast it can.
const (
	maxSubscriptions = 1 << 20 // of one client
	maxPatterns      = 1 << 14 // different ones of a node
	maxPatternLength = 1 << 10 // bytes
)

// roster is a set of subscriptions that commands add to and take from.
type roster interface {
	has(kind subscriptionKind, name []byte) bool
	add(kind subscriptionKind, name string)
	remove(kind subscriptionKind, name string)
	count(kind subscriptionKind) int
	// names are sorted: Redis's own order is that of a hash table.
	names(kind subscriptionKind) []string
}

// clientRoster is what a client is subscribed to.
type clientRoster struct{ client *Client }

func (r clientRoster) has(kind subscriptionKind, name []byte) bool {
	return r.client.subscriptions[kind][string(name)] != nil
}
func (r clientRoster) add(kind subscriptionKind, name string) {
	r.client.loop.server.hub.subscribe(r.client, kind, name)
}
func (r clientRoster) remove(kind subscriptionKind, name string) {
	r.client.loop.server.hub.unsubscribe(r.client, kind, name)
}
func (r clientRoster) count(kind subscriptionKind) int { return len(r.client.subscriptions[kind]) }
func (r clientRoster) names(kind subscriptionKind) []string {
	return slices.Sorted(maps.Keys(r.client.subscriptions[kind]))
}

// draft is what a client will be subscribed to once its transaction happens.
type draft [subscriptionKinds]map[string]struct{}

func newDraft(c *Client) *draft {
	var d draft
	for kind := range d {
		d[kind] = make(map[string]struct{}, len(c.subscriptions[kind]))
		for name := range c.subscriptions[kind] {
			d[kind][name] = struct{}{}
		}
	}
	return &d
}

func (d *draft) has(kind subscriptionKind, name []byte) bool {
	_, ok := d[kind][string(name)]
	return ok
}
func (d *draft) add(kind subscriptionKind, name string)    { d[kind][name] = struct{}{} }
func (d *draft) remove(kind subscriptionKind, name string) { delete(d[kind], name) }
func (d *draft) count(kind subscriptionKind) int           { return len(d[kind]) }
func (d *draft) names(kind subscriptionKind) []string      { return slices.Sorted(maps.Keys(d[kind])) }

// settleDraft makes a transaction's subscriptions the client's, unless it did not happen.
func (c *Client) settleDraft(happened bool) {
	d := c.draft
	c.draft = nil
	if d == nil || !happened {
		return
	}
	own := clientRoster{c}
	for kind := range subscriptionKinds {
		for _, name := range own.names(kind) {
			if !d.has(kind, []byte(name)) {
				own.remove(kind, name)
			}
		}
		for name := range d[kind] {
			if !own.has(kind, []byte(name)) {
				own.add(kind, name)
			}
		}
	}
}

// isSubscriber reports whether the client is subscribed to anything. In RESP2 it may then call but a few commands.
func (c *Client) isSubscriber() bool {
	for kind := range c.subscriptions {
		if len(c.subscriptions[kind]) > 0 {
			return true
		}
	}
	return false
}

// subscribe adds a subscription that the client does not have. Messages applied from now on go to it. On the client's loop.
func (h *hub) subscribe(c *Client, kind subscriptionKind, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.audiences[kind][name]
	if a == nil {
		a = &audience{name: name}
		h.audiences[kind][name] = a
		if kind == toPattern {
			h.patterns = append(h.patterns, a)
		}
	}
	s := &subscription{client: c, audience: a, place: len(a.subscriptions)}
	a.subscriptions = append(a.subscriptions, s)
	if c.subscriptions[kind] == nil {
		c.subscriptions[kind] = make(map[string]*subscription)
	}
	c.subscriptions[kind][name] = s
	h.subscribed.Add(1)
}

// unsubscribe takes away a subscription that the client has. Nothing comes of it any more. On the client's loop.
func (h *hub) unsubscribe(c *Client, kind subscriptionKind, name string) {
	s := c.subscriptions[kind][name]
	delete(c.subscriptions[kind], name)
	s.ended = true
	h.mu.Lock()
	defer h.mu.Unlock()
	a := s.audience
	last := len(a.subscriptions) - 1
	a.subscriptions[s.place] = a.subscriptions[last]
	a.subscriptions[s.place].place = s.place
	a.subscriptions[last] = nil
	a.subscriptions = a.subscriptions[:last]
	h.subscribed.Add(-1)
	if last > 0 {
		return
	}
	delete(h.audiences[kind], name)
	if kind == toPattern {
		h.patterns = slices.DeleteFunc(h.patterns, func(other *audience) bool { return other == a })
	}
}

// unsubscribeAll takes all subscriptions of a client away.
func (h *hub) unsubscribeAll(c *Client) {
	for kind := range subscriptionKinds {
		for name := range c.subscriptions[kind] {
			h.unsubscribe(c, kind, name)
		}
	}
}

// hasRoom says what is wrong with subscribing to these names besides what the roster has.
func (h *hub) hasRoom(r roster, kind subscriptionKind, names [][]byte) (problem string) {
	if r.count(toChannel)+r.count(toPattern)+r.count(toShard)+len(names) > maxSubscriptions {
		return errTooManySubscriptions
	}
	if kind != toPattern {
		return ""
	}
	for _, name := range names {
		if len(name) > maxPatternLength {
			return errPatternTooLong
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.patterns)+len(names) > maxPatterns {
		return errTooManyPatterns
	}
	return ""
}

// count is how many names there are that clients of this node are subscribed to.
func (h *hub) count(kind subscriptionKind) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.audiences[kind])
}

// subscribers is how many clients of this node are subscribed to a name.
func (h *hub) subscribers(kind subscriptionKind, name []byte) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.audiences[kind][string(name)]; a != nil {
		return len(a.subscriptions)
	}
	return 0
}

// channels are the names that match a pattern, or all of them, sorted.
func (h *hub) channels(kind subscriptionKind, pattern []byte) []string {
	h.mu.Lock()
	all := slices.Collect(maps.Keys(h.audiences[kind]))
	h.mu.Unlock() // the applier waits for it: matching takes time
	if pattern != nil {
		all = slices.DeleteFunc(all, func(name string) bool { return !statemachine.Match(pattern, []byte(name)) })
	}
	slices.Sort(all)
	return all
}
