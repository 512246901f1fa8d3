package history

import (
	"math"
	"math/rand/v2"
	"time"
)

// mortal is where one key after the other gets a time to live, and is looked at until that is over. What is written all the time, as
// the other keys are, never lives that long.
type mortal struct {
	place
	plan []registerChoice // the writes of this generation's key that are to come
	next int64            // when there may be another command
	over int64            // when the key's time to live is over, or was looked at for long enough
	late bool             // whether the key must be gone then
}

// lives are the writes that a mortal key gets, in this order.
var lives = []weighted[[]registerChoice]{
	{6, []registerChoice{mortalSet}},
	{2, []registerChoice{mortalSet, {op: opIncr}}},
	{2, []registerChoice{mortalSet, {op: opSet, keep: true, withVersion: true}}},
	{2, []registerChoice{{op: opSet}, {op: opExpire, ttl: true}}},
	{2, []registerChoice{mortalSet, {op: opExpire, ttl: true}}},
	{2, []registerChoice{mortalSet, {op: opPersist}}},
	{1, []registerChoice{mortalSet, {op: opSet}}},
	{1, []registerChoice{mortalSet, {op: opDel}}},
}

var mortalSet = registerChoice{op: opSet, ttl: true, withVersion: true}

// mortalReads are what a mortal key gets besides.
var mortalReads = []weighted[registerChoice]{
	{6, registerChoice{op: opGet, withVersion: true}},
	{3, registerChoice{op: opGet}},
	{1, registerChoice{op: opVersion}},
}

// lateIncr is the last command on a mortal key that must be gone: a write, whose own stamp says so.
var lateIncr = registerChoice{op: opIncr, late: true}

const (
	// mortalPause is the least time between two commands on a mortal key: a history is not longer than a search can bear.
	mortalPause = 20 * time.Millisecond
	// looked is for how long a key is looked at once it may be gone, or must be.
	looked = 200 * time.Millisecond
)

// onMortal does one command on a mortal key whose turn it is; did is false if there is none.
func (c *caller) onMortal() (replied, did bool) {
	all := c.workload.mortals
	if len(all) == 0 {
		return false, false
	}
	m, now := all[c.random.IntN(len(all))], c.workload.recorder.now()
	choice, key, generation, version, ok := m.take(now, c.random)
	if !ok {
		return false, false
	}
	call := c.registerCall(choice, version)
	if choice.ttl {
		call.ttl = c.workload.options.anyTTL(c.random)
		m.lives(generation, call.ttl, c.workload.options.lifetime(call.ttl, now, now), c.random)
	}
	return c.do(&m.place, key, generation, choice, call), true
}

// take returns the next command and the key it is for, unless it is too soon for one.
func (m *mortal) take(now int64, random *rand.Rand) (choice registerChoice, key string, generation int, version int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now < m.next {
		return choice, "", 0, 0, false
	}
	m.next = now + int64(mortalPause)
	if m.unknown >= mostUnknown {
		m.renew()
	}
	if m.commands == 0 {
		m.plan, m.over, m.late = choose(random, lives), math.MaxInt64, false
	}
	key, generation, version = m.key(), m.generation, m.version
	const writesOf = 4 // one of so many commands is the next write of the plan
	switch begins := m.commands == 0; {
	case begins, len(m.plan) > 0 && now < m.over && random.IntN(writesOf) == 0:
		choice, m.plan = m.plan[0], m.plan[1:]
	case now >= m.over && m.late:
		choice = lateIncr
	default:
		choice = choose(random, mortalReads)
	}
	m.commands++
	if now >= m.over {
		m.renew()
	}
	return choice, key, generation, version, true
}

// lives notes that a generation's key is given a time to live. It is looked at until it must be gone; where that may be long after it
// may be gone, every other one only until then.
func (m *mortal) lives(generation int, ttl time.Duration, life lifetime, random *rand.Rand) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.generation != generation {
		return
	}
	m.over, m.late = life.latest+int64(looked), true
	if ttl > shortestTTL+shortTTLs && random.IntN(2) == 0 {
		m.over, m.late = life.earliest+int64(looked), false
	}
}
