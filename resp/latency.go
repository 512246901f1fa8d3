package resp

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// latencySamples is how many spikes are kept of an event.
const latencySamples = 160

// The events of LATENCY: a command that took long, of those that are flagged as fast, and of the others; and what else holds commands up, by
// Redis's names as far as it has one for it.
const (
	eventFastCommand = "fast-command"
	eventCommand     = "command"
	// eventSync is a write to the journal with its sync, on this node: what replies to writes wait for on a majority of the nodes.
	eventSync = "aof-fsync-always"
	// eventExpire is the removal of keys and fields whose time is over, within the log.
	eventExpire = "expire-cycle"
	// eventEviction is the choice of the keys of one round of eviction, on the leader.
	eventEviction = "eviction-cycle"
)

// stall looks at how long something took that holds commands up, for the latency monitor. On any goroutine.
func (s *Server) stall(event string, took time.Duration) {
	if longest := s.settings.monitorLatency(); longest > 0 && took >= longest {
		s.latency.note(event, s.now(), took)
	}
}

// latencyMonitor keeps the newest latency spikes of each event. Safe for use by several goroutines.
type latencyMonitor struct {
	mu     sync.Mutex
	events map[string]*latencySeries
}

// latencySeries are the spikes of one event.
type latencySeries struct {
	samples []latencySample // oldest first
	longest int64           // since the last reset, in milliseconds
}

// latencySample is the longest spike of a second.
type latencySample struct {
	second int64 // Unix time
	millis int64
}

func (s *latencySeries) last() latencySample { return s.samples[len(s.samples)-1] }

// note keeps a spike. As in Redis those of the same second are one.
func (m *latencyMonitor) note(event string, at time.Time, took time.Duration) {
	sample := latencySample{at.Unix(), took.Milliseconds()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = make(map[string]*latencySeries)
	}
	s := m.events[event]
	if s == nil {
		s = &latencySeries{}
		m.events[event] = s
	}
	s.longest = max(s.longest, sample.millis)
	if n := len(s.samples); n > 0 && s.samples[n-1].second == sample.second {
		s.samples[n-1].millis = max(s.samples[n-1].millis, sample.millis)
		return
	}
	if len(s.samples) == latencySamples {
		s.samples = slices.Delete(s.samples, 0, 1)
	}
	s.samples = append(s.samples, sample)
}

// series returns a copy of an event's spikes; ok is false if there are none.
func (m *latencyMonitor) series(event string) (s latencySeries, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.events[event]
	if found == nil {
		return s, false
	}
	return latencySeries{slices.Clone(found.samples), found.longest}, true
}

// namedSeries are an event's spikes with its name.
type namedSeries struct {
	name string
	latencySeries
}

// all returns copies of all spikes, sorted by event.
func (m *latencyMonitor) all() []namedSeries {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]namedSeries, 0, len(m.events))
	for _, name := range slices.Sorted(maps.Keys(m.events)) {
		s := m.events[name]
		all = append(all, namedSeries{name, latencySeries{slices.Clone(s.samples), s.longest}})
	}
	return all
}

// reset forgets the events of these names, or all if there are no names, and returns how many there were.
func (m *latencyMonitor) reset(names [][]byte) (count int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(names) == 0 {
		count = len(m.events)
		m.events = nil
		return count
	}
	for _, name := range names {
		if m.events[string(name)] != nil {
			delete(m.events, string(name))
			count++
		}
	}
	return count
}

// figures are the mean of the spikes and their mean deviation from it, in milliseconds, and the seconds from one to the next.
func (s *latencySeries) figures() (mean, deviation int64, period float64) {
	n := int64(len(s.samples))
	for _, sample := range s.samples {
		mean += sample.millis
	}
	mean /= n
	for _, sample := range s.samples {
		deviation += max(sample.millis-mean, mean-sample.millis)
	}
	return mean, deviation / n, float64(s.last().second-s.samples[0].second) / float64(n)
}
