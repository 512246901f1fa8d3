package replication

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// fetcher gets a checkpoint from a peer when the log this node misses is cut off there, and installs it. It is a thread of
// its own that waits in one place only, pause, so that a simulator can do the waiting.
type fetcher struct {
	g         *Group
	storage   CheckpointStorage
	transport Transport
	clock     Clock
	log       *slog.Logger
	rate      int           // bytes per second
	patience  time.Duration // for one part

	requests chan paxos.Fetch          // has room for one; the core asks for one at a time
	parts    chan paxos.CheckpointPart // has room for one: one part is asked for at a time
	wake     chan struct{}             // has room for one: something waited for may have happened
	stop     chan struct{}
	ended    chan struct{}
	// pause returns when wake was signalled, or at until (Instant.Mono), or at the fetcher's end: then it reports false.
	pause func(until int64) bool

	mu sync.Mutex // guards what follows
	// peer is whom the part of that number is asked of, 0 while none is; lost says that its link broke.
	peer   paxos.NodeID
	number uint64
	lost   bool

	slot, received atomic.Uint64
}

// partPatience is for how many of the longest election timeouts a part is waited for.
const partPatience = 5

// maxDamaged is how often a peer may send a part that is not as it was sent.
const maxDamaged = 3

// newFetcher makes a fetcher that numbers what it asks for from a number on that no earlier boot is likely to have used.
func newFetcher(g *Group, t Transport, number uint64) *fetcher {
	f := &fetcher{
		g: g, storage: g.storage, transport: t, clock: g.clock, log: g.cfg.Logger, rate: g.cfg.Bounds.FetchBytesPerSecond,
		patience: partPatience * g.cfg.Limits.ElectionMax, requests: make(chan paxos.Fetch, 1), parts: make(chan paxos.CheckpointPart, 1),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}), number: number,
	}
	f.pause = f.sleep
	return f
}

// fetch starts to get a checkpoint. The core asks for the next one only after Fetched.
func (f *fetcher) fetch(request paxos.Fetch) {
	f.requests <- request
	signal(f.wake)
}

// sleep is pause on a goroutine.
func (f *fetcher) sleep(until int64) bool {
	timer := time.NewTimer(time.Duration(until - f.clock.Now().Mono))
	defer timer.Stop()
	select {
	case <-f.wake:
	case <-timer.C:
	case <-f.stop:
		return false
	}
	return true
}

// never is an Instant.Mono that does not come.
const never = 1<<63 - 1

// await waits until ready reports true. ready is asked whenever wake was signalled.
func (f *fetcher) await(ready func() bool) error { return f.awaitUntil(ready, never) }

// awaitUntil waits until ready reports true, or that Instant.Mono has come. The error is errStopped.
func (f *fetcher) awaitUntil(ready func() bool, until int64) error {
	for !ready() && f.clock.Now().Mono < until {
		if !f.pause(until) {
			return errStopped
		}
	}
	return nil
}

// wait lets time pass.
func (f *fetcher) wait(d time.Duration) error {
	return f.awaitUntil(func() bool { return false }, f.clock.Now().Mono+int64(d))
}

// progress returns the slot of the checkpoint being fetched, 0 without one, and how many bytes of it came.
func (f *fetcher) progress() (paxos.Slot, uint64) {
	return paxos.Slot(f.slot.Load()), f.received.Load()
}

// deliver takes a part, if it is the one that is waited for. On the loop's goroutine.
func (f *fetcher) deliver(from paxos.NodeID, part paxos.CheckpointPart) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peer != from || part.Number != f.number {
		return // the late answer of a peer that was given up
	}
	f.peer = 0
	f.parts <- part
	signal(f.wake)
}

// linkDown says that a peer has no link any more.
func (f *fetcher) linkDown(peer paxos.NodeID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peer == peer {
		f.peer, f.lost = 0, true
		signal(f.wake)
	}
}

func (f *fetcher) close() { close(f.stop) }

// run serves one request after the other until the fetcher is stopped.
func (f *fetcher) run() {
	defer close(f.ended)
	for f.await(func() bool { return len(f.requests) > 0 }) == nil {
		fetched, err := f.serve(<-f.requests)
		f.slot.Store(0)
		if err != nil {
			if !errors.Is(err, errStopped) {
				f.g.fail(fmt.Errorf("a checkpoint could not be fetched and installed: %w", err))
			}
			return
		}
		f.g.inbox.control(func() { f.g.loop.step(fetched) })
	}
}

// serve gets a checkpoint and installs it, with nothing of this node's own written meanwhile.
func (f *fetcher) serve(request paxos.Fetch) (paxos.Fetched, error) {
	f.g.fetching(request.Slot)
	if err := f.storage.RoomForCheckpoint(); err != nil {
		return paxos.Fetched{}, f.withoutRoom(err)
	}
	defer f.g.checkpointer.resume()
	if err := f.suspendCheckpoints(); err != nil {
		return paxos.Fetched{}, err
	}
	checkpoint, from, err := f.receive(request)
	if err != nil || checkpoint.Slot == 0 {
		return paxos.Fetched{}, f.withoutRoom(err)
	}
	return f.g.install(checkpoint, from, f.stop)
}

// withoutRoom waits before the next attempt if the disk has no room, before or in the middle of a fetch: what has come stays, and nothing is
// wrong with this node's votes. Any other error is returned as it is.
func (f *fetcher) withoutRoom(err error) error {
	if !errors.Is(err, ErrDiskSpace) {
		return err
	}
	f.log.Error("this node is too far behind to go on without a checkpoint of a peer, and there is no room for one", "error", err)
	return f.wait(f.patience)
}

// suspendCheckpoints waits until nothing of this node's own is being written, and has it stay so until resume.
func (f *fetcher) suspendCheckpoints() error {
	c := f.g.checkpointer
	c.suspend(f.wake)
	return f.await(func() bool { return !c.isWriting() })
}

// receive asks one node after the other until all of a checkpoint is here, and returns who gave the last of it. Its Slot is 0 if nobody has
// it. One that was begun, maybe by an earlier boot, is asked for everywhere before another one: who still gives it may not be who offered
// the newest.
func (f *fetcher) receive(request paxos.Fetch) (paxos.Checkpoint, paxos.NodeID, error) {
	peers := f.peers(request.From)
	if begun, ok := f.storage.Receiving(); ok && begun.Slot >= request.Least {
		whole, from, err := f.receiveFrom(peers, download{f: f, least: request.Slot, begun: begun, only: true})
		if err != nil || whole.Slot != 0 {
			return whole, from, err
		}
	}
	whole, from, err := f.receiveFrom(peers, download{f: f, least: request.Slot})
	if err == nil && whole.Slot == 0 {
		f.log.Warn("no node could give the checkpoint that this node needs; it asks again", "slot", request.Slot)
	}
	return whole, from, err
}

// receiveFrom goes on with d at one node after the other, each once.
func (f *fetcher) receiveFrom(peers []paxos.NodeID, d download) (whole paxos.Checkpoint, from paxos.NodeID, err error) {
	for _, d.peer = range peers {
		d.damaged = 0
		done, err := d.run()
		if err != nil {
			return paxos.Checkpoint{}, 0, err
		}
		if done {
			return d.begun, d.peer, nil
		}
	}
	return paxos.Checkpoint{}, 0, nil
}

// peers are all that may have a checkpoint, the one that offered it first.
func (f *fetcher) peers(first paxos.NodeID) []paxos.NodeID {
	peers := []paxos.NodeID{first}
	configuration := f.g.Configuration()
	for _, m := range configuration.Members() {
		if m.ID != first && m.ID != f.g.cfg.Self {
			peers = append(peers, m.ID)
		}
	}
	return peers
}

// ask asks a peer for a part and waits for it. The answer is empty and Refused if there was none.
func (f *fetcher) ask(peer paxos.NodeID, slot paxos.Slot, cursor []byte) (paxos.CheckpointPart, error) {
	f.mu.Lock()
	f.number++
	f.peer, f.lost = peer, false
	number := f.number
	f.mu.Unlock()
	f.transport.Send(peer, paxos.CheckpointAsk{Number: number, Slot: slot, Cursor: cursor})
	isAnswered := func() bool { return len(f.parts) > 0 || f.isLost() }
	if err := f.awaitUntil(isAnswered, f.clock.Now().Mono+int64(f.patience)); err != nil {
		return paxos.CheckpointPart{}, err
	}
	return f.answer(), nil
}

func (f *fetcher) isLost() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// answer returns what came of the newest ask, and takes nothing for it any more.
func (f *fetcher) answer() paxos.CheckpointPart {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peer = 0
	select {
	case part := <-f.parts:
		return part
	default:
	}
	if f.lost {
		return paxos.CheckpointPart{Refused: "its link broke"}
	}
	return paxos.CheckpointPart{Refused: fmt.Sprintf("no answer within %v", f.patience)}
}

// download is what one peer gives of a checkpoint.
type download struct {
	f    *fetcher
	peer paxos.NodeID
	// least is the lowest slot of a checkpoint that will do.
	least paxos.Slot
	// begun is the checkpoint whose parts are received; its Slot is 0 before the first. only says that no other one will do.
	begun   paxos.Checkpoint
	only    bool
	damaged int
}

// run reports whether all of d.begun is here. When the peer gives no more it logs why, and what came stays.
func (d *download) run() (whole bool, err error) {
	cursor, why, err := d.begin()
	for err == nil && why == "" {
		if len(cursor) == 0 {
			return d.finish()
		}
		cursor, why, err = d.more(cursor)
	}
	if err == nil {
		d.f.log.Warn("the checkpoint is asked for elsewhere", "peer", d.peer, "slot", d.begun.Slot, "why", why)
	}
	return false, err
}

// finish completes what was received.
func (d *download) finish() (bool, error) {
	err := d.f.storage.FinishReceive()
	if errors.Is(err, ErrDamaged) {
		d.f.log.Error("a checkpoint received is not what it should be; it is fetched anew", "peer", d.peer, "slot", d.begun.Slot, "error", err)
		d.begun = paxos.Checkpoint{}
		return false, nil
	}
	return err == nil, err
}

// begin asks for the checkpoint that was begun, if there is one, and else for the peer's newest. It returns the cursor of the
// first part that is missing, or why the peer is of no use.
func (d *download) begin() (cursor []byte, why string, err error) {
	part, err := d.f.ask(d.peer, d.begun.Slot, nil)
	if err == nil && part.Refused != "" && d.begun.Slot != 0 && !d.only {
		part, err = d.f.ask(d.peer, 0, nil)
	}
	if err != nil || part.Refused != "" {
		return nil, part.Refused, err
	}
	checkpoint, err := paxos.DecodeCheckpoint(part.Head)
	switch {
	case errors.Is(err, paxos.ErrNewerFormat):
		return nil, "", needsUpgrade(d.peer, err)
	case err != nil:
		return nil, err.Error(), nil
	case checkpoint.Slot < d.least && checkpoint.Slot != d.begun.Slot:
		return nil, fmt.Sprintf("its newest is of slot %v, and slot %v or a later one is needed", checkpoint.Slot, d.least), nil
	}
	if _, err := decodeGroupState(checkpoint.Group); errors.Is(err, paxos.ErrNewerFormat) {
		return nil, "", needsUpgrade(d.peer, err)
	} else if err != nil {
		return nil, err.Error(), nil
	}
	// Storage goes on with what it has of this very checkpoint, even if another peer sent it, and else begins anew.
	if cursor, err = d.f.storage.BeginReceive(checkpoint); err != nil {
		return nil, "", err
	}
	d.begun = checkpoint
	if d.f.slot.Swap(uint64(checkpoint.Slot)) != uint64(checkpoint.Slot) {
		d.f.received.Store(0)
	}
	d.f.log.Info("fetching a checkpoint", "peer", d.peer, "slot", checkpoint.Slot, "records", checkpoint.Count, "resumed", len(cursor) > 0)
	if len(cursor) > 0 {
		return cursor, "", nil
	}
	return d.take(nil, part)
}

// more asks for the part at cursor.
func (d *download) more(cursor []byte) (next []byte, why string, err error) {
	part, err := d.f.ask(d.peer, d.begun.Slot, cursor)
	switch {
	case err != nil || part.Refused != "":
		return nil, part.Refused, err
	case part.Slot != d.begun.Slot:
		return nil, fmt.Sprintf("it sent a part of the checkpoint of slot %v", part.Slot), nil
	}
	return d.take(cursor, part)
}

// take hands a part to storage, and then waits for as long as its bytes may take. It returns the cursor to ask for next.
func (d *download) take(cursor []byte, part paxos.CheckpointPart) (next []byte, why string, err error) {
	if len(part.Next) > 0 && bytes.Equal(part.Next, cursor) {
		return nil, "it sent a part that leads nowhere", nil
	}
	err = d.f.storage.Receive(part.Data, part.Next)
	if errors.Is(err, ErrDamaged) {
		if d.damaged++; d.damaged >= maxDamaged {
			return nil, fmt.Sprintf("%d parts came damaged, the last: %v", d.damaged, err), nil
		}
		if len(cursor) == 0 {
			return d.begin()
		}
		return cursor, "", nil
	}
	if errors.Is(err, paxos.ErrNewerFormat) {
		return nil, "", needsUpgrade(d.peer, err)
	}
	if err != nil {
		return nil, "", err
	}
	d.f.received.Add(uint64(len(part.Data)))
	return part.Next, "", d.f.wait(time.Duration(len(part.Data)) * time.Second / time.Duration(d.f.rate))
}
