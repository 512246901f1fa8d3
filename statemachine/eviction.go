package statemachine

import (
	"math"
	"slices"
	"strings"
)

// EvictionPolicy says which keys go when the memory that a keyspace may take is used up (Redis's maxmemory-policy).
type EvictionPolicy uint8

// The policies. Those of volatile keys take only keys with a deadline.
const (
	NoEviction EvictionPolicy = iota
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	VolatileLRU
	VolatileLFU
	VolatileRandom
	VolatileTTL
)

// evictionNames are the policies' names, in their order.
var evictionNames = [...]string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}

// EvictionPolicyNames are the names that ParseEvictionPolicy knows.
func EvictionPolicyNames() []string { return evictionNames[:] }

// ParseEvictionPolicy reads a policy's name, in any case.
func ParseEvictionPolicy(name string) (EvictionPolicy, bool) {
	i := slices.Index(evictionNames[:], strings.ToLower(name))
	return EvictionPolicy(max(i, 0)), i >= 0
}

// String is the policy's name.
func (p EvictionPolicy) String() string { return evictionNames[p] }

// CountsFrequency reports whether the policy needs Machine.CountFrequency.
func (p EvictionPolicy) CountsFrequency() bool { return p == AllKeysLFU || p == VolatileLFU }

func (p EvictionPolicy) isVolatile() bool { return p >= VolatileLRU }

func (p EvictionPolicy) isRandom() bool { return p == AllKeysRandom || p == VolatileRandom }

// Victim is a key to be evicted, unless it has changed since it was chosen (AppendEvict).
type Victim struct {
	DB  int
	Key []byte
	// Revision is that of its newest change.
	Revision uint64
}

// The bounds of one call of Victims, which keeps commands from being applied meanwhile.
const (
	maxVictims     = 256
	maxVictimBytes = 1 << 20 // of their keys
	// fruitless is how many rounds of samples in a row may find nothing new.
	fruitless = 16
	// poolSize is how many candidates are kept from one round to the next, as in Redis: the best of many small samples are nearly as good as
	// those of one large sample.
	poolSize = 16
)

// Evictor chooses victims by sampling. When a key was read is each node's own, so its choice is, too: one node chooses for all, through the
// log. It belongs to one goroutine.
type Evictor struct {
	m      *Machine
	random random
	pool   []candidate // by score, the best victim last
	// taken are those chosen in this round. Some may be gone and their memory another key's, which is spared then until the next.
	taken map[*Object]bool
}

// candidate is a key that may become a victim: the higher its score, the sooner.
type candidate struct {
	Victim
	score int64
}

// NewEvictor returns one for the machine.
func (m *Machine) NewEvictor() *Evictor {
	return &Evictor{m: m, random: random{state: m.random()}, taken: make(map[*Object]bool)}
}

// HasVictims reports whether there are keys that the policy may take. Safe from any goroutine, and costs a load.
func (m *Machine) HasVictims(p EvictionPolicy) bool {
	switch {
	case p == NoEviction:
		return false
	case p.isVolatile():
		return m.timed.Load() > 0
	}
	return m.keys.Load() > 0
}

// NextRound has Victims choose again what it has chosen before, if that is still there.
func (e *Evictor) NextRound() { clear(e.taken) }

// Victims chooses different keys that take about so many bytes together, and some hundreds at most, and returns what they take; samples is of how
// many keys of a database the best is chosen. None: the policy has nothing more to take in this round. It holds the read lock.
func (e *Evictor) Victims(p EvictionPolicy, samples int, bytes int64) (victims []Victim, taken int64) {
	e.m.mu.RLock()
	defer e.m.mu.RUnlock()
	ks := e.m.ks
	keyBytes := 0
	for missed := 0; taken < bytes && missed < fruitless && len(victims) < maxVictims && keyBytes < maxVictimBytes; {
		v, o := e.choose(ks, p, samples)
		if o == nil {
			missed++
			continue
		}
		missed = 0
		e.taken[o] = true
		victims, keyBytes = append(victims, v), keyBytes+len(v.Key)
		taken += int64(ks.databases[v.DB].memory(o, 1))
	}
	return victims, taken
}

// choose takes one round of samples and the best that is known then; nil if that is nothing.
func (e *Evictor) choose(ks *keyspace, p EvictionPolicy, samples int) (Victim, *Object) {
	if p.isRandom() {
		e.pool = e.pool[:0]
		first := e.random.below(Databases)
		for i := range Databases {
			db := (first + i) % Databases
			if o := e.draw(&ks.databases[db], p); o != nil && !e.taken[o] {
				return victimOf(db, o), o
			}
		}
		return Victim{}, nil
	}
	for i := range ks.databases {
		for range samples {
			if o := e.draw(&ks.databases[i], p); o != nil && !e.taken[o] {
				e.consider(i, o, p.score(ks, &ks.databases[i], o))
			}
		}
	}
	for len(e.pool) > 0 {
		last := len(e.pool) - 1
		c := e.pool[last]
		e.pool[last] = candidate{}
		e.pool = e.pool[:last]
		db := &ks.databases[c.DB]
		o := db.keys.find(ks.hasher.hash(c.Key), c.Key)
		// One that was written or read since it came into the pool is another one now.
		if o != nil && o.revision == c.Revision && !e.taken[o] && (!p.isVolatile() || o.deadline != 0) && p.score(ks, db, o) >= c.score {
			return c.Victim, o
		}
	}
	return Victim{}, nil
}

// draw is any key of a database that the policy may take, nil if there is none.
func (e *Evictor) draw(db *database, p EvictionPolicy) *Object {
	if !p.isVolatile() {
		return db.keys.random(&e.random)
	}
	if db.keys.times.len() == 0 {
		return nil
	}
	return db.keys.times.items.at(e.random.below(db.keys.times.len())).object
}

// score says how good a victim a key is: how long nobody has used it, in seconds, how seldom, or how soon
// it goes anyway.
func (p EvictionPolicy) score(ks *keyspace, db *database, o *Object) int64 {
	if p == VolatileTTL {
		at, _ := db.keys.times.of(o)
		return math.MaxInt64 - at
	}
	if p.CountsFrequency() {
		return mostFrequency - ks.usage.frequencyOf(o.access.Load(), ks.now)
	}
	return max(0, ks.now/1000-int64(o.access.Load()))
}

// consider puts a key into the pool if it is better than the worst there, or there is room.
func (e *Evictor) consider(db int, o *Object, score int64) {
	at, _ := slices.BinarySearchFunc(e.pool, score, func(c candidate, score int64) int {
		if c.score < score {
			return -1
		}
		return 1
	})
	full := len(e.pool) == poolSize
	if full && at == 0 || slices.ContainsFunc(e.pool, func(c candidate) bool { return c.DB == db && string(c.Key) == string(o.key()) }) {
		return
	}
	if full {
		copy(e.pool, e.pool[1:at])
		e.pool[at-1] = candidate{victimOf(db, o), score}
		return
	}
	e.pool = slices.Insert(e.pool, at, candidate{victimOf(db, o), score})
}

func victimOf(db int, o *Object) Victim {
	return Victim{DB: db, Key: slices.Clone(o.key()), Revision: o.revision}
}

// evict removes a key that was chosen, unless it has changed since. It tells "evicted" where Redis does.
func (m *Machine) evict(db int, key []byte, revision uint64) {
	ks := m.ks
	e := ks.entry(&ks.databases[db], key)
	if e.object == nil || e.object.revision != revision {
		return
	}
	ks.remove(&e)
	ks.notify(e.db, EventEvicted, "evicted", key)
	m.evicted.Add(1)
	ks.endCommand()
}
