package replication

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Actor is one thread of a group's work.
type Actor uint8

// The actors of a group; doc.go says what each does.
const (
	ActorLoop Actor = iota
	ActorSaver
	ActorApplier
	ActorCatchUp
	ActorCheckpointer
	ActorFetcher
	ActorPartServer
	Actors int = iota // how many there are
)

func (a Actor) String() string {
	return [...]string{"loop", "saver", "applier", "catch-up", "checkpointer", "fetcher", "part server"}[a]
}

// Stepped is a group without goroutines and without a clock or chance of its own, for simulators: whoever has it says which actor
// does its next bite of work, and when time has passed. Given the same calls and the same answers of storage, machine and clock, it
// does the same in every process. It runs the code of Group, on which nothing but who waits for what differs.
//
// Not safe for use by several goroutines. Of Group's methods those that wait (Change, Checkpoint, HandOver, Close) must not be called.
type Stepped struct {
	*Group
	stage steppedStage
	// The fetcher is a coroutine: next runs it until it waits again, and returns until when. Both are nil before its first request.
	next    func() (until int64, ok bool)
	abandon func()
	until   int64
}

// steppedStage is how far a Stepped is on its way from its start to its end.
type steppedStage uint8

const (
	stageLoad   steppedStage = iota
	stageRun                 // everything works
	stageAnswer              // what was accepted is being applied
	stageFinish              // what was begun is being finished
	stageEnded
)

// OpenStepped makes a group as Open does. It does nothing until it is stepped: the first step of ActorLoop loads the state. All chance
// comes from seed.
func OpenStepped(cfg Config, restored paxos.Restored, s Storage, t Transport, m Machine, c Clock, seed [32]byte) (*Stepped, error) {
	g, err := newGroup(cfg, restored, s, t, m, c, rand.NewChaCha8(seed))
	if err != nil {
		return nil, err
	}
	g.pacer.urgency = func() float64 { return 1 } // rests are for the simulator to make
	return &Stepped{Group: g}, nil
}

// Watch has f told of each slot as it is applied, also while the state is loaded. f must not keep or change the record.
func (s *Stepped) Watch(f func(*paxos.Record)) { s.applier.watch = f }

// Step has an actor do its next bite of work, and reports whether there was any.
func (s *Stepped) Step(a Actor) bool {
	switch a {
	case ActorLoop:
		return s.stepLoop()
	case ActorSaver:
		return s.saver.step()
	case ActorApplier:
		return s.stage > stageLoad && !s.applier.isOver() && s.applier.step()
	case ActorCatchUp:
		return s.catchUp.step()
	case ActorCheckpointer:
		return s.checkpointer.step()
	case ActorFetcher:
		return s.stepFetcher()
	case ActorPartServer:
		return s.partServer.step()
	}
	return false
}

// Tick says that a part of a heartbeat has passed (TickEvery): the loop looks at the clock.
func (s *Stepped) Tick() {
	if s.stage == stageRun && !s.isLoopOver() {
		s.loop.turn(true)
	}
}

// TickEvery is the time between two Ticks, in nanoseconds.
func (s *Stepped) TickEvery() int64 { return int64(s.cfg.Limits.Heartbeat) / ticksPerHeartbeat }

// Receive takes messages of a peer, as Group.Receive does. It reports false, and takes none, if that would wait.
func (s *Stepped) Receive(from paxos.NodeID, ms []paxos.Message) bool {
	if s.taking.Load() && s.inbox.wouldWait(ms) {
		return false
	}
	s.Group.Receive(from, ms)
	return true
}

// stepLoop has the loop react to what has come, and brings the group from one stage to the next.
func (s *Stepped) stepLoop() bool {
	switch s.stage {
	case stageLoad:
		s.stage = stageRun
		if !s.start() {
			s.applier.failed.Store(true)
			s.end()
		}
		return true
	case stageRun:
		return s.turnLoop()
	case stageAnswer:
		if !s.applier.isOver() {
			return false
		}
		close(s.applier.ended)
		s.answerAll()
		s.stage = stageFinish
		return true
	case stageFinish:
		return s.stepEnd()
	}
	return false
}

func (s *Stepped) turnLoop() bool {
	if s.isLoopOver() {
		s.stopTaking()
		s.stage = stageAnswer
		return true
	}
	select {
	case <-s.inbox.wake:
		s.loop.turn(false)
		return true
	default:
		return false
	}
}

func (s *Stepped) isLoopOver() bool { return s.loop.closing.over || s.failing() }

// stepEnd ends the group once every actor has.
func (s *Stepped) stepEnd() bool {
	if !s.saver.isOver() || !s.checkpointer.isOver() || s.next != nil && !isClosed(s.fetcher.ended) {
		return false
	}
	s.partServer.expire(never)
	s.conclude()
	close(s.finished)
	s.stage = stageEnded
	return true
}

// stepFetcher lets the fetcher go on if what it waits for may have come.
func (s *Stepped) stepFetcher() bool {
	f := s.fetcher
	if s.next == nil {
		if len(f.requests) == 0 {
			return false
		}
		s.next, s.abandon = iter.Pull(func(yield func(int64) bool) {
			f.pause = func(until int64) bool { return yield(until) && !isClosed(f.stop) }
			f.run()
		})
		s.until = 0
	}
	if isClosed(f.ended) || len(f.wake) == 0 && s.clock.Now().Mono < s.until && !isClosed(f.stop) {
		return false
	}
	select {
	case <-f.wake:
	default:
	}
	s.until, _ = s.next()
	return true
}

// Close begins the graceful end, as Group.Close does; IsEnded says when the steps have brought it about.
func (s *Stepped) Close() {
	s.refuse()
	s.inbox.control(s.loop.startClosing)
	if !s.taking.Load() {
		s.quitOnce.Do(func() { close(s.quit) })
	}
}

// IsDone reports that every command and read was given its outcome, and none is taken any more: lanes must not be used from now on.
func (s *Stepped) IsDone() bool { return s.swept.Load() }

// IsEnded reports whether the group has ended, by Close or by a fatal error: then Err says which.
func (s *Stepped) IsEnded() bool { return s.stage == stageEnded }

// HasFailed reports whether a fatal error is ending the group: its process is about to exit.
func (s *Stepped) HasFailed() bool { return s.failing() && s.err != nil }

// Crash drops the group in the middle of whatever it was doing, as the end of its process would. Nothing of it may be used afterwards.
func (s *Stepped) Crash() {
	if s.abandon != nil {
		s.abandon()
	}
}

// Lease returns the lease this node holds in lease mode, as Group.ReadNow goes by it: it has ended once lasts nanoseconds have elapsed
// since sent.
func (s *Stepped) Lease() (ballot paxos.Ballot, sent paxos.Instant, lasts int64, ok bool) {
	if held := s.lease.Load(); held != nil {
		return held.ballot, held.sent, held.lasts, true
	}
	return paxos.Ballot{}, paxos.Instant{}, 0, false
}

// RefusesAllBut reports whether this node answers, at this moment, nobody's Prepare but that of one node (rules L1 to L3).
func (s *Stepped) RefusesAllBut(id paxos.NodeID) bool {
	return s.loop.core == nil || s.loop.core.RefusesAllBut(id, s.clock.Now())
}

// Applied returns the newest applied slot.
func (s *Stepped) Applied() paxos.Slot { return paxos.Slot(s.applier.applied.Load()) }

// Chosen returns the highest slot up to which this node knows all to be chosen.
func (s *Stepped) Chosen() paxos.Slot { return paxos.Slot(s.chosen.Load()) }

// Pending is a request to the leader that is under way.
type Pending struct {
	s   *Stepped
	ask *ask
	err error
}

// Result is what the leader did.
type Result struct {
	// Slot is that of the checkpoint asked for, Configuration the one that a Change has made active.
	Slot          paxos.Slot
	Configuration paxos.Configuration
}

// AskChange does what Group.Change does, without waiting.
func (s *Stepped) AskChange(c Change) *Pending { return s.ask(request{kind: askChange, change: c}) }

// AskCheckpoint has the cluster decide on the slot of a checkpoint, without waiting.
func (s *Stepped) AskCheckpoint() *Pending { return s.ask(request{kind: askCheckpoint}) }

func (s *Stepped) ask(r request) *Pending {
	p := &Pending{s: s, ask: &ask{request: r, done: make(chan answer, 1)}}
	if !s.inbox.control(func() { s.loop.startAsk(p.ask) }) {
		p.err = errors.New("replication: the group has ended")
	}
	return p
}

// Poll reports whether the request is answered, and how. The error says why it was refused.
func (p *Pending) Poll() (r Result, ok bool, err error) {
	if p.err != nil {
		return r, true, p.err
	}
	select {
	case got := <-p.ask.done:
		if got.state != answerDone {
			return r, true, fmt.Errorf("replication: %s", got.refused)
		}
		if got.configuration.IsMember(p.s.cfg.Self) {
			p.s.setConfiguration(got.configuration)
		}
		return Result{got.slot, got.configuration}, true, nil
	default:
		return r, false, nil
	}
}

// Cancel gives the request up; it may still be done.
func (p *Pending) Cancel() { p.s.inbox.control(func() { p.s.loop.forgetAsk(p.ask) }) }
