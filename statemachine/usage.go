package statemachine

import "sync/atomic"

// usage says what an object's access field holds: the time of the newest access, or under Redis's LFU policies in the same place a counter that
// grows with the logarithm of accesses and sinks with time (https://redis.io/docs/latest/develop/reference/eviction/#lfu-eviction). It is this node's
// own, as the field is, and stays when the keyspace is replaced. Handlers and readers store to the field by touch alone.
type usage struct {
	frequency atomic.Bool
	// logFactor and decayMinutes are lfu-log-factor and lfu-decay-time.
	logFactor, decayMinutes atomic.Int64
	// random is chance that no other node shares, from any goroutine.
	random func() uint64
}

const (
	// firstFrequency is what a new key's counter begins with, so that it does not go at once, and mostFrequency where it ends.
	firstFrequency = 5
	mostFrequency  = 255
	// frequencyBits are the counter's, and clockMask the minutes' above it: 16 bits, as in Redis.
	frequencyBits = 8
	clockMask     = 1<<16 - 1
)

// CountFrequency says whether accesses are counted, for the LFU policies, or their times noted. After a change what is there means something else
// until the keys are used again, as in Redis. logFactor and decayMinutes are lfu-log-factor and lfu-decay-time. Safe from any goroutine.
func (m *Machine) CountFrequency(on bool, logFactor, decayMinutes int64) {
	u := m.usage
	u.logFactor.Store(logFactor)
	u.decayMinutes.Store(decayMinutes)
	u.frequency.Store(on)
}

// touch notes an access at now, in Unix milliseconds. Safe beside other readers.
func (u *usage) touch(o *Object, now int64) {
	if !u.frequency.Load() {
		o.touch(now)
		return
	}
	old := o.access.Load()
	count := int64(firstFrequency)
	if old != 0 {
		count = u.incremented(u.frequencyOf(old, now))
	}
	if counted := packFrequency(count, now); counted != old {
		o.access.CompareAndSwap(old, counted) // if another access was faster, that one counts
	}
}

func packFrequency(count, now int64) uint32 {
	return uint32(now/60_000&clockMask)<<frequencyBits | uint32(count)
}

// frequencyOf is the counter at now: one less for each lfu-decay-time since it was stored.
func (u *usage) frequencyOf(access uint32, now int64) int64 {
	count := int64(access) & mostFrequency
	decay := u.decayMinutes.Load()
	if decay == 0 {
		return count
	}
	passed := (now/60_000 - int64(access>>frequencyBits)) & clockMask
	return max(0, count-passed/decay)
}

// incremented is the counter after an access: the higher it is, the less likely one more.
func (u *usage) incremented(count int64) int64 {
	if count == mostFrequency {
		return count
	}
	r := random{state: u.random()}
	if chances := float64(max(0, count-firstFrequency))*float64(u.logFactor.Load()) + 1; float64(r.next()>>11)/(1<<53)*chances >= 1 {
		return count
	}
	return count + 1
}
