package resp

import (
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// evictionBytes is about how large the part of a batch of the log is that evicts: some thousand keys, which are removed in some milliseconds.
const evictionBytes = 64 << 10

// evictor makes room when the keyspace takes more than maxmemory and a policy says what may go. It works on the leader alone, since each node
// knows only of the reads that it has seen itself: a round chooses victims and sends them through the log, so that every node removes the same.
// The next round is chosen when they are gone. One goroutine runs it; whoever finds the memory over the limit wakes it.
type evictor struct {
	server *Server
	choice *statemachine.Evictor
	woken  chan struct{}
	ended  chan bool // what became of a round: whether it was applied
}

func newEvictor(s *Server) *evictor {
	return &evictor{server: s, choice: s.machine.NewEvictor(), woken: make(chan struct{}, 1), ended: make(chan bool, 1)}
}

// run makes room until the server closes.
func (e *evictor) run() {
	var lane Lane
	for {
		select {
		case <-e.server.closing:
			return
		case <-e.woken:
		}
		if lane == nil {
			lane = e.server.node.NewLane(e)
		}
		for e.round(lane) {
			continue
		}
	}
}

// wake has it look. It may be called from any goroutine, under any lock.
func (e *evictor) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// wakeIfOver wakes it if there is something to do.
func (e *evictor) wakeIfOver() {
	if s := e.server.settings; e.server.overMemory() > 0 && s.evictionPolicy() != statemachine.NoEviction {
		e.wake()
	}
}

// round evicts a batch of keys, and reports whether another one may be called for.
func (e *evictor) round(lane Lane) (applied bool) {
	s := e.server
	policy, over := s.toEvict()
	if over <= 0 || !s.machine.HasVictims(policy) || !s.leads() {
		return false
	}
	chunk := lane.Begin()
	began := time.Now()
	e.choice.NextRound()
	for over > 0 && len(chunk.Commands) < evictionBytes {
		victims, taken := e.choice.Victims(policy, int(s.settings.evictionSamples.Load()), over)
		if len(victims) == 0 {
			break
		}
		for i := range victims {
			chunk.Commands = statemachine.AppendEvict(chunk.Commands, &victims[i])
		}
		chunk.Count += len(victims)
		over -= taken
	}
	s.stall(eventEviction, time.Since(began))
	if chunk.Count == 0 {
		lane.End(chunk)
		return false
	}
	chunk.Replies = e
	lane.End(chunk)
	select {
	case applied = <-e.ended:
		return applied
	case <-s.closing:
		return false
	}
}

// toEvict is by how many bytes the keyspace is over its limit, and by what policy to choose what goes. Both are of one time: who sets a low limit
// and noeviction at once is to lose nothing by the policy before.
func (s *Server) toEvict() (policy statemachine.EvictionPolicy, over int64) {
	s.adopting.Lock()
	defer s.adopting.Unlock()
	return s.settings.evictionPolicy(), s.overMemory()
}

// leads reports whether this node leads, as far as it knows.
func (s *Server) leads() bool {
	status := s.node.Status()
	return status.Leader == status.Self
}

// Next implements statemachine.Replies: nobody waits for a reply.
func (e *evictor) Next(int, *statemachine.View) statemachine.Reply {
	e.server.hub.writer, e.server.hub.caches = nil, false
	return statemachine.Discard
}

// Finish implements statemachine.Replies.
func (e *evictor) Finish(uint64, *statemachine.View) { e.ended <- true }

// Fail implements replication.Replies: whoever finds the memory over the limit next wakes it again.
func (e *evictor) Fail(replication.Outcome) { e.ended <- false }

// ReadsReady implements replication.LaneListener: it asks for none.
func (e *evictor) ReadsReady(uint64) {}

// ReadsFailed implements replication.LaneListener.
func (e *evictor) ReadsFailed(uint64, replication.Outcome) {}
