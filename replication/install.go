package replication

import (
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// install replaces the state by that of checkpoint c, the last part of which came from a peer, and which storage has made its newest.
// Clients are told LOADING meanwhile; the acceptor goes on. After an error there is no state, so the group must end.
func (g *Group) install(c paxos.Checkpoint, from paxos.NodeID, stop <-chan struct{}) (paxos.Fetched, error) {
	began := g.clock.Now().Mono
	g.loading.begin(c.Count)
	if err := g.fetcher.interrupt(g.applier, func() error { return g.replace(c, stop) }); err != nil {
		return paxos.Fetched{}, err
	}
	if _, err := g.storage.Cut(c.Slot + 1); err != nil {
		return paxos.Fetched{}, fmt.Errorf("the log could not be cut at the checkpoint installed: %w", err)
	}
	g.loading.active.Store(false)
	g.readers.applied(c.Slot)
	g.cfg.Logger.Info("state replaced by a peer's checkpoint", "slot", c.Slot, "records", c.Count, "took", time.Duration(g.clock.Now().Mono-began))
	return paxos.Fetched{Slot: c.Slot, Configuration: g.applier.newestConfiguration(), From: from}, nil
}

// replace is install on the applier's goroutine: everything handed over before is applied.
func (g *Group) replace(c paxos.Checkpoint, stop <-chan struct{}) error {
	if applied := paxos.Slot(g.applier.applied.Load()); applied >= c.Slot {
		return fmt.Errorf("a checkpoint of slot %v came when slot %v was applied already", c.Slot, applied)
	}
	g.machine.Reset() // before the new state needs the memory
	if err := g.restore(c, stop, g.pacer.rest); err != nil {
		return fmt.Errorf("the state received from a peer: %w", err)
	}
	return g.applier.catchUpOwn()
}

// interrupt has the applier run do once everything handed over before is applied, and returns what that returned. On an error
// nothing is applied any more.
func (f *fetcher) interrupt(a *applier, do func() error) error {
	j := &applierJob{f: do, done: make(chan error, 1), wake: f.wake}
	a.job.Store(j)
	a.queue.kick()
	if err := f.await(func() bool { return len(j.done) > 0 }); err != nil {
		return err
	}
	return <-j.done
}

// applierJob is what interrupt has the applier do.
type applierJob struct {
	f    func() error
	done chan error // has room for one
	wake chan<- struct{}
}

// runJob does what waits to be done, once no slot that was handed over before is left; it reports false if the applier must end.
func (a *applier) runJob() bool {
	if a.queue.count.Load() > 0 && !paxos.BreakInstall.On() {
		return true // those were handed over while the run before was being applied
	}
	j := a.job.Swap(nil)
	if j == nil {
		return true
	}
	err := j.f()
	if err != nil {
		a.failed.Store(true) // whoever asked for it ends the group
	}
	j.done <- err
	signal(j.wake)
	return err == nil
}

// restore takes over what a checkpoint holds besides the machine.
func (a *applier) restore(slot paxos.Slot, s *groupState) {
	a.mu.Lock()
	a.sessions = restoreSessions(s.sessions, s.configuration)
	a.timeMS, a.mark, a.configuration = s.timeMS, s.mark, s.configuration
	a.mu.Unlock()
	a.applied.Store(uint64(slot))
}

func (a *applier) newestConfiguration() paxos.Configuration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.configuration
}

// catchUpOwn ends the wait of what the installed state has applied of this node's own commands: their replies are nowhere. If this node
// was a member before and is none any more in it, its session is gone, and with it what would tell which they are: it may be any of them.
func (a *applier) catchUpOwn() error {
	a.mu.Lock()
	current, ok := a.sessions.Get(a.origin.node)
	removed := a.configuration.Slot != 0 && !a.configuration.IsMember(a.origin.node) && a.origin.node <= a.configuration.Highest()
	a.mu.Unlock()
	switch {
	case paxos.BreakOwn.On():
	case removed:
		a.endWaits(1<<64-1, Session{Large: 1<<64 - 1})
	case ok && current.ID == a.origin.session:
		a.endWaits(current.Last, current)
	case ok && current.Boot >= a.origin.boot && !a.isBeforeOwn():
		return a.replaced(current)
	}
	return nil
}

// endWaits ends the wait of this node's commands up to that number, and that of the large command if the state installed has it.
func (a *applier) endWaits(last uint64, session Session) {
	for _, f := range append(a.origin.removeThrough(last), a.origin.largeCaughtUp(session)...) {
		f.replies.Fail(f.outcome)
	}
}
