package replication

import (
	"slices"
	"sync"
	"testing"
)

// eventLog keeps the events of a cluster's nodes.
type eventLog struct {
	mu  sync.Mutex
	all []Event
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *eventLog) has(match func(Event) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, match)
}

func TestElectionsAndLeadersAreObserved(t *testing.T) {
	var log eventLog
	c := newCluster(t, 3, func(cfg *Config) { cfg.Observe = log.add })
	first := c.leader()
	c.crash(first.id)
	second := c.leader()
	second.mustWrite("a 1") // so that it leads in its own turn too
	if !log.has(func(e Event) bool { return e.Kind == EventElection }) {
		t.Error("no election was observed")
	}
	for _, id := range []*node{first, second} {
		if !log.has(func(e Event) bool { return e.Kind == EventLeader && e.Node == id.id && e.Text != "" }) {
			t.Errorf("that node %v leads was not observed", id.id)
		}
	}
}

func TestASlowSyncIsObserved(t *testing.T) {
	var log eventLog
	j := &journalLog{}
	clock := &shiftedClock{}
	j.during = func() { clock.ahead.Add(int64(SlowSync)) }
	s := newSaver(j, j, clock, func(uint64) {}, func(err error) { t.Error(err) })
	s.observe = log.add
	s.queue.push([]save{saveOf(1, 1, 2)}, 0)
	s.queue.close()
	drive(s, s.ended)
	if !log.has(func(e Event) bool { return e.Kind == EventSlowSync && e.Took >= SlowSync }) {
		t.Errorf("%+v", log.all)
	}
}
