package journal

import "github.com/paxredis/paxredis/replication/paxos"

// cachedOverhead is about what a cached record takes besides its payload.
const cachedOverhead = 128

// cache keeps the newest saved records, up to a number of bytes, the first in going first out. Payloads are shared, not copied.
type cache struct {
	limit, used int
	records     map[paxos.Slot]cached
	// queue[head:] is the order of arrival. A slot that was saved again is in it twice; arrival tells which is stale.
	queue   []arrived
	head    int
	arrival uint64
}

type cached struct {
	record  paxos.Record
	arrival uint64
}

type arrived struct {
	slot    paxos.Slot
	arrival uint64
}

func newCache(limit int) *cache {
	return &cache{limit: limit, records: make(map[paxos.Slot]cached)}
}

func (c *cache) get(s paxos.Slot) (paxos.Record, bool) {
	e, ok := c.records[s]
	return e.record, ok
}

// put remembers r. One that would take more than a quarter of the room is only forgotten in its older form.
func (c *cache) put(r paxos.Record) {
	c.drop(r.Slot)
	size := len(r.Entry.Payload) + cachedOverhead
	if size > c.limit/4 {
		return
	}
	c.arrival++
	c.records[r.Slot] = cached{r, c.arrival}
	c.used += size
	c.queue = append(c.queue, arrived{r.Slot, c.arrival})
	for c.used > c.limit {
		c.evict()
	}
	c.compact()
}

func (c *cache) drop(s paxos.Slot) {
	if e, ok := c.records[s]; ok {
		c.used -= len(e.record.Entry.Payload) + cachedOverhead
		delete(c.records, s)
	}
}

// evict forgets the oldest arrival, unless its slot has been saved again since.
func (c *cache) evict() {
	oldest := c.queue[c.head]
	c.head++
	if c.records[oldest.slot].arrival == oldest.arrival {
		c.drop(oldest.slot)
	}
}

// compact gives back the queue's room: what was evicted, and stale arrivals at its head.
func (c *cache) compact() {
	for c.head < len(c.queue) && c.records[c.queue[c.head].slot].arrival != c.queue[c.head].arrival {
		c.head++
	}
	if c.head > len(c.queue)/2 {
		c.queue = c.queue[:copy(c.queue, c.queue[c.head:])]
		c.head = 0
	}
	if len(c.queue)-c.head > 2*len(c.records)+64 {
		c.rebuild()
	}
}

// rebuild drops stale arrivals everywhere: the same slots saved over and over leave them behind a live head.
func (c *cache) rebuild() {
	live := c.queue[:0]
	for _, a := range c.queue[c.head:] {
		if c.records[a.slot].arrival == a.arrival {
			live = append(live, a)
		}
	}
	c.queue, c.head = live, 0
}
