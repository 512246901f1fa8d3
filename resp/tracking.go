package resp

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/paxredis/paxredis/statemachine"
)

// tracker is a client as the source of what it caches: CLIENT TRACKING. Its loop changes it, with hub.mu held, and may read it without; the
// applier reads it with the lock held. broken is the applier's.
type tracker struct {
	client   *Client
	on       bool
	redirect uint64 // the client that its invalidations go to; 0: itself
	bcast    bool
	optIn    bool
	optOut   bool
	noLoop   bool
	broken   bool // the client redirected to was gone when there was something to tell
	prefixes []string
}

// tracking is which keys the clients of this node may have cached (https://redis.io/docs/latest/develop/reference/client-side-caching/). A key
// that a client reads is put down while the state is still locked for the read, so that the first change after it finds the key here.
// hub.mu guards it, but for clients.
type tracking struct {
	clients atomic.Int64 // that track
	// keys has who must be told of a change of each, sorted by id. A client that is gone, or tracks in another way now, stays until then.
	keys     map[string][]*tracker
	items    int // in all of keys
	most     int // of keys
	prefixes map[string]*prefix
	lengths  map[int]int // how many prefixes have each length
	changed  []*prefix
}

// prefix is what clients in broadcast mode asked for, with the keys that have changed in the section at hand, and who changed each last.
type prefix struct {
	text     string
	trackers []*tracker
	changed  map[string]*tracker
}

func (t *tracking) init(most int) {
	t.most = most
	t.keys, t.prefixes, t.lengths = make(map[string][]*tracker), make(map[string]*prefix), make(map[int]int)
}

// forgetKeys forgets what clients have read.
func (t *tracking) forgetKeys() {
	clear(t.keys)
	t.items = 0
}

func byID(t *tracker, id uint64) int { return cmp.Compare(t.client.id, id) }

// remember puts down that a client has read keys. While there are as many as there may be, clients are told to forget another one.
func (h *hub) remember(t *tracker, cmd *statemachine.Command, args statemachine.Args) {
	found, ok := statemachine.FindKeys(cmd, args)
	if !ok || len(found) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	table := &h.tracking
	for _, f := range found {
		of := table.keys[string(f.Key)]
		at, known := slices.BinarySearchFunc(of, t.client.id, byID)
		if known {
			continue
		}
		table.keys[string(f.Key)] = slices.Insert(of, at, t)
		table.items++
	}
	for len(table.keys) > table.most {
		h.evict()
	}
}

// evict has clients forget a key that has not changed, whichever comes first.
func (h *hub) evict() {
	for key := range h.tracking.keys {
		h.invalidateKey([]byte(key), nil)
		break
	}
	h.post()
}

// Change implements statemachine.Events.
func (h *hub) Change(key []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for length := range h.tracking.lengths {
		if length > len(key) {
			continue
		}
		if p := h.tracking.prefixes[string(key[:length])]; p != nil {
			if len(p.changed) == 0 {
				h.tracking.changed = append(h.tracking.changed, p)
			}
			p.changed[string(key)] = h.writer
		}
	}
	h.invalidateKey(key, h.writer)
}

// invalidateKey tells those that have read a key, and forgets that they have. writer is who changed it; one that asked for it is not told of
// its own changes.
func (h *hub) invalidateKey(key []byte, writer *tracker) {
	of := h.tracking.keys[string(key)]
	if of == nil {
		return
	}
	delete(h.tracking.keys, string(key))
	h.tracking.items -= len(of)
	var w Writer
	w.Array(1)
	w.Bulk(key)
	for _, t := range of {
		if t.on && !t.bcast && !(t.noLoop && t == writer) {
			h.invalidate(t, w.Buf)
		}
	}
}

// invalidate leaves an invalidation of an array of keys, nil for all of them, to the client that a tracker's go to.
func (h *hub) invalidate(t *tracker, keys []byte) {
	to := t.client
	p := push{kind: pushInvalidate, data: keys}
	if t.redirect != 0 {
		p.redirected = true
		if to = h.clients[t.redirect]; to == nil {
			t.broken = true
			to, p = t.client, push{kind: pushBroken, number: t.redirect}
		}
	}
	if p.client = to; h.owe(to, len(p.data)) {
		h.leave(to.loop, p)
	}
}

// broadcast tells clients in broadcast mode of the keys that have changed since the last call, in one message for each prefix. As in Redis,
// both are sorted.
func (h *hub) broadcast() {
	slices.SortFunc(h.tracking.changed, func(a, b *prefix) int { return cmp.Compare(a.text, b.text) })
	for _, p := range h.tracking.changed {
		keys := slices.Sorted(maps.Keys(p.changed))
		all := encodeKeys(keys, func(string) bool { return true })
		for _, t := range p.trackers {
			data := all
			if t.noLoop {
				data = encodeKeys(keys, func(key string) bool { return p.changed[key] != t })
			}
			if data != nil {
				h.invalidate(t, data)
			}
		}
		clear(p.changed)
	}
	h.tracking.changed = h.tracking.changed[:0]
}

// encodeKeys encodes an array of those keys that are to be told; nil without one.
func encodeKeys(keys []string, told func(key string) bool) []byte {
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !told(key) })
	if len(keys) == 0 {
		return nil
	}
	var w Writer
	w.Array(len(keys))
	for _, key := range keys {
		w.BulkString(key)
	}
	return w.Buf
}

// Flush implements statemachine.Events. Databases are not told apart in the table, nor by clients.
func (h *hub) Flush() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.invalidateAll()
}

// invalidateAll tells every client that tracks to forget all keys.
func (h *hub) invalidateAll() {
	h.tracking.forgetKeys()
	if h.tracking.clients.Load() == 0 {
		return
	}
	for _, c := range h.clients {
		if t := c.tracker; t != nil && t.on {
			h.invalidate(t, nil)
		}
	}
}

// Read implements statemachine.Events.
func (h *hub) Read(cmd *statemachine.Command, args statemachine.Args) {
	if h.writer != nil && h.caches {
		h.remember(h.writer, cmd, args)
	}
}

// rememberRead puts down what an item that is no write has read, in the view that it was read in.
func (h *hub) rememberRead(it *item, args statemachine.Args) {
	switch it.kind {
	case kindRead:
		h.remember(it.tracker, it.row.Command, args)
	case kindExec:
		for i := range it.tx.queued {
			if q := &it.tx.queued[i]; q.Literal == nil {
				h.remember(it.tracker, it.tx.rows[i].Command, q.Args)
			}
		}
	}
}

// track begins tracking, or changes how. prefixes are those to be added to what a client in broadcast mode has.
func (h *hub) track(c *Client, o trackingOptions) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := c.tracker
	if t == nil {
		t = &tracker{client: c}
		c.tracker = t
	}
	if !t.on {
		t.on = true
		h.tracking.clients.Add(1)
	}
	t.redirect, t.bcast, t.optIn, t.optOut, t.noLoop, t.broken = o.redirect, o.bcast, o.optIn, o.optOut, o.noLoop, false
	if o.bcast && len(o.prefixes) == 0 && len(t.prefixes) == 0 {
		o.prefixes = []string{""}
	}
	for _, text := range o.prefixes {
		h.addPrefix(t, text)
	}
	h.setInterest()
}

// stopTracking ends tracking.
func (h *hub) stopTracking(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.untrack(c)
}

func (h *hub) untrack(c *Client) {
	t := c.tracker
	if t == nil || !t.on {
		return
	}
	for _, text := range t.prefixes {
		h.removePrefix(t, text)
	}
	*t = tracker{client: t.client}
	if h.tracking.clients.Add(-1) == 0 {
		h.tracking.forgetKeys() // changes are not told from now on
	}
	h.setInterest()
}

func (h *hub) addPrefix(t *tracker, text string) {
	if slices.Contains(t.prefixes, text) {
		return
	}
	t.prefixes = append(t.prefixes, text)
	slices.Sort(t.prefixes)
	p := h.tracking.prefixes[text]
	if p == nil {
		p = &prefix{text: text, changed: make(map[string]*tracker)}
		h.tracking.prefixes[text] = p
		h.tracking.lengths[len(text)]++
	}
	p.trackers = append(p.trackers, t)
}

func (h *hub) removePrefix(t *tracker, text string) {
	table := &h.tracking
	p := table.prefixes[text]
	p.trackers = slices.DeleteFunc(p.trackers, func(other *tracker) bool { return other == t })
	if len(p.trackers) > 0 {
		return
	}
	delete(table.prefixes, text)
	table.changed = slices.DeleteFunc(table.changed, func(other *prefix) bool { return other == p })
	if table.lengths[len(text)]--; table.lengths[len(text)] == 0 {
		delete(table.lengths, len(text))
	}
}
