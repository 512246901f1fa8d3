package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Group is one node's part in a replicated group. Its methods are safe for use by several goroutines.
type Group struct {
	cfg     Config
	clock   Clock
	machine Machine
	storage Storage
	// coreConfig and restored are what the core starts from.
	coreConfig paxos.Config
	restored   paxos.Restored

	inbox   *inbox
	saver   *saver
	catchUp *catchUp
	applier *applier
	origin  *origin
	readers *readers
	loop    *loop

	checkpointer *checkpointer
	fetcher      *fetcher
	partServer   *partServer
	reports      *reports
	kept         *keptLog
	pacer        *pacer

	lanesMu sync.Mutex
	lanes   atomic.Pointer[[]*Lane]
	// wantsChunks and wantsReads say whether the loop has room: while it has none, lanes need not wake it. wantsGrown says that it has room
	// for a batch that is big enough.
	wantsChunks, wantsReads, wantsGrown atomic.Bool

	loading loading
	// taking says that peers' messages are taken: the first load is over.
	taking atomic.Bool
	// chosen and lease are what ReadNow goes by.
	chosen atomic.Uint64
	lease  atomic.Pointer[heldLease]

	// active is the newest configuration known, removed whether this node is not in it, or was told so by a peer.
	active  atomic.Pointer[paxos.Configuration]
	removed atomic.Bool

	published published
	figures   figures
	synced    syncedWaiters
	counter   atomic.Pointer[AudienceCounter]

	// refusing says that lanes take nothing any more (refused is closed then), swept that the loop has looked into
	// them for the last time.
	refusing, swept atomic.Bool
	refused         chan struct{}
	refuseOnce      sync.Once

	failOnce sync.Once
	err      error
	quit     chan struct{} // closed by a failure, or by a close that cannot wait
	quitOnce sync.Once
	done     chan struct{}
	doneOnce sync.Once
	answered chan struct{} // closed when nobody waits for an outcome any more
	finished chan struct{} // closed when all goroutines have ended
}

// Open starts a group that goes on from what storage restored. It returns at once; while the group loads, the slots up
// to restored.Chosen are applied from storage (Group.Loading). The error names what is wrong with cfg.
func Open(cfg Config, restored paxos.Restored, s Storage, t Transport, m Machine, c Clock) (*Group, error) {
	g, err := newGroup(cfg, restored, s, t, m, c, newSeed())
	if err != nil {
		return nil, err
	}
	g.inbox.react = g.loop.react
	go g.run()
	return g, nil
}

// newGroup makes a group that does nothing yet. All chance in it comes from seed.
func newGroup(cfg Config, restored paxos.Restored, s Storage, t Transport, m Machine, c Clock, seed *rand.ChaCha8) (*Group, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("replication: %w", err)
	}
	coreConfig := paxos.Config{
		Self: cfg.Self, Configuration: cfg.Configuration, Limits: cfg.Limits, Lease: cfg.ReadMode == ReadLease,
		Seed: seed.Uint64(),
	}
	if err := checkCore(coreConfig); err != nil {
		return nil, fmt.Errorf("replication: %w", err)
	}
	g := &Group{
		cfg: cfg, clock: c, machine: m, storage: s, coreConfig: coreConfig, restored: restored,
		inbox: newInbox(cfg.Bounds), origin: newOrigin(&cfg), readers: &readers{},
		refused: make(chan struct{}), quit: make(chan struct{}), done: make(chan struct{}),
		answered: make(chan struct{}), finished: make(chan struct{}),
	}
	g.coreConfig.Observer = observer{g}
	g.lanes.Store(&[]*Lane{})
	g.setConfiguration(cfg.Configuration)
	g.saver = newSaver(s, t, c, g.inbox.storedThrough, g.fail)
	g.saver.observe, g.saver.took, g.saver.busy = cfg.observe, &g.figures.sync, &g.figures.journal
	g.catchUp = newCatchUp(s, t, cfg.Limits.LearnBytes, g.fail)
	g.kept = newKeptLog(g)
	g.checkpointer = newCheckpointer(g)
	g.pacer = newPacer(g.checkpointer.urgency)
	s.Pace(g.pacer.rest)
	g.fetcher = newFetcher(g, t, seed.Uint64()>>1)
	g.partServer = newPartServer(s, t, c, g.kept, min(cfg.Bounds.PartBytes, maxServedBytes), g.checkpointer.spoilt, g.fail)
	g.reports = newReports(cfg.Report, t, cfg.Boot)
	g.applier = &applier{
		machine: m, origin: g.origin, readers: g.readers, log: cfg.Logger, queue: newQueue[paxos.Record](),
		checkpoints: g.checkpointer, clock: c, figures: &g.figures, moved: g.inbox.poke, configured: func(c paxos.Configuration) { g.setConfiguration(c) }, fail: g.fail, quit: g.quit, ended: make(chan struct{}), sessions: newSessionTable(),
	}
	g.loop = newLoop(g, t, seed)
	g.loading.begin(uint64(restored.Chosen))
	g.published.set(paxos.Status{Self: cfg.Self, Promised: restored.Promised, Chosen: restored.Chosen, FirstKept: 1, Configuration: cfg.Configuration}, counters{})
	return g, nil
}

// checkCore finds out whether a core would start, long before it does.
func checkCore(cfg paxos.Config) error {
	cfg.Observer = nil
	_, err := paxos.New(cfg, paxos.Restored{}, paxos.Instant{})
	return err
}

// run is the loop's goroutine from the load to the end.
func (g *Group) run() {
	defer close(g.finished)
	defer g.finish()
	go drive(g.saver, g.saver.ended)
	go drive(g.catchUp, g.catchUp.ended)
	go drive(g.checkpointer, g.checkpointer.ended)
	go g.fetcher.run()
	go g.partServer.run()
	go g.reports.run(g.done)
	if !g.start() {
		close(g.applier.ended)
		return
	}
	go drive(g.applier, g.applier.ended)
	g.loop.run()
}

// start loads the state and has the loop and the applier go on from it. It reports false if the group ends instead.
func (g *Group) start() bool {
	restored, err := g.load(g.restored)
	g.restored = paxos.Restored{} // the records in it are the core's now
	if err != nil {
		if !errors.Is(err, errStopped) {
			g.fail(err)
		}
		return false
	}
	g.chosen.Store(uint64(restored.Chosen))
	g.loading.active.Store(false)
	g.taking.Store(true)
	g.applier.live = true
	g.coreConfig.Configuration = g.Configuration() // a later one may have been restored
	core, err := paxos.New(g.coreConfig, restored, g.clock.Now())
	if err != nil {
		g.fail(err)
		return false
	}
	g.loop.begin(core)
	return true
}

// Receive takes messages of a peer, in the order they came, from its link's reader. It waits while the group has too
// much to do, so that the link's sender is held up. Before the group has loaded, or after its end, messages are dropped:
// a node that cannot take part is to its peers as one that is not there, except that it says how far it is.
func (g *Group) Receive(from paxos.NodeID, ms []paxos.Message) {
	if g.taking.Load() {
		g.inbox.receive(from, ms)
		return
	}
	g.reports.takeFrom(from, ms)
}

// LinkUp says that a link to a peer has been established: what was sent to it before may be lost.
func (g *Group) LinkUp(peer paxos.NodeID) { g.inbox.linkChanged(linkChange{peer, true}) }

// LinkDown says that a peer has no link any more. If it led, its followers wait no longer than its grants run.
func (g *Group) LinkDown(peer paxos.NodeID) { g.inbox.linkChanged(linkChange{peer, false}) }

// Done is closed when the group has ended, by Close or by a fatal error: then Err says which, and the process must exit.
func (g *Group) Done() <-chan struct{} { return g.done }

// Err returns the fatal error that ended the group, nil without one.
func (g *Group) Err() error {
	select {
	case <-g.done:
		return g.err
	default:
		return nil
	}
}

// fail ends the group for a reason that must end the process, too. The first reason counts.
func (g *Group) fail(err error) {
	g.failOnce.Do(func() {
		g.err = fmt.Errorf("replication: %w", err)
		g.cfg.Logger.Error("this node stops", "error", g.err)
		g.end()
	})
}

// end makes every goroutine stop where it is, and says so outside.
func (g *Group) end() {
	g.refuse()
	g.quitOnce.Do(func() { close(g.quit) })
	g.doneOnce.Do(func() { close(g.done) })
	g.inbox.poke()
}

// refuse makes the lanes take nothing any more.
func (g *Group) refuse() {
	g.refuseOnce.Do(func() {
		g.refusing.Store(true)
		close(g.refused)
	})
}

// failing reports whether the group must stop at once.
func (g *Group) failing() bool {
	select {
	case <-g.quit:
		return true
	default:
		return false
	}
}

// finish ends the other goroutines, in the order of what needs what, and then whatever wait is left. The journal comes
// last: if a disk hangs, nobody but the end of the process waits for it.
func (g *Group) finish() {
	g.stopTaking()
	<-g.applier.ended
	g.answerAll()
	<-g.saver.ended
	<-g.catchUp.ended
	<-g.checkpointer.ended
	<-g.fetcher.ended
	<-g.partServer.ended
	g.conclude()
	<-g.reports.ended
}

// stopTaking has every actor finish what it was given, and no more.
func (g *Group) stopTaking() {
	g.refuse()
	g.inbox.close()
	g.pacer.close()
	g.catchUp.close()
	g.partServer.close()
	g.fetcher.close()
	g.saver.queue.close()
	g.applier.queue.close()
}

// answerAll ends every wait that is left, once nothing more is applied.
func (g *Group) answerAll() {
	g.sweep()
	close(g.answered)
	g.checkpointer.close()
}

// conclude is the last act of a group.
func (g *Group) conclude() {
	if !g.failing() {
		g.saveHint()
	}
	g.doneOnce.Do(func() { close(g.done) })
}

// sweep tells everybody who still waits that it is over.
func (g *Group) sweep() {
	for _, f := range g.origin.expire(1<<63-1, Stopping, Uncertain) {
		f.replies.Fail(f.outcome)
	}
	g.swept.Store(true)
	for _, lane := range *g.lanes.Load() {
		lane.failHeld(1<<63-1, Stopping)
		lane.failAll(Stopping)
		g.readers.failLane(lane, lane.asked.Load(), Stopping)
	}
}

// saveHint spares the next start some catching up. Everything chosen is stored by now.
func (g *Group) saveHint() {
	if err := g.saver.save([]paxos.Write{{Chosen: paxos.Slot(g.chosen.Load())}}); err != nil {
		g.cfg.Logger.Warn("the chosen watermark was not saved; the next start finds it out from the peers", "error", err)
	}
}

// Close ends the group: no new commands, then everything accepted gets its outcome, then leadership is handed over,
// then the journal is finished. When ctx ends first, whatever still waits is told that it is uncertain, and the error
// says so. After a fatal error it returns that.
func (g *Group) Close(ctx context.Context) error {
	g.refuse()
	g.inbox.control(g.loop.startClosing)
	if !g.taking.Load() {
		g.quitOnce.Do(func() { close(g.quit) })
	}
	select {
	case <-g.finished:
		return g.err
	case <-ctx.Done():
	}
	g.quitOnce.Do(func() { close(g.quit) })
	g.inbox.poke()
	<-g.answered
	select {
	case <-g.finished:
		return g.err
	default:
		return fmt.Errorf("replication: the group did not end in time, commands in flight were told UNCERTAIN: %w", ctx.Err())
	}
}

// observer logs what the core does, and tells of it.
type observer struct{ g *Group }

// Ignored implements paxos.Observer.
func (o observer) Ignored(from paxos.NodeID, m paxos.Message, why string) {
	if log := o.g.cfg.Logger; log.Enabled(context.Background(), slog.LevelDebug) {
		log.Debug("message ignored", "from", from, "kind", m.Kind(), "why", why)
	}
}

// Became implements paxos.Observer.
func (o observer) Became(role paxos.Role, ballot paxos.Ballot, why string) {
	o.g.cfg.Logger.Info("role", "role", role, "ballot", ballot, "why", why)
	if role == paxos.RoleCandidate {
		o.g.figures.elections.Add(1)
		o.g.cfg.observe(Event{Kind: EventElection, Text: fmt.Sprintf("stands for leader at ballot %v: %s", ballot, why)})
	}
}
