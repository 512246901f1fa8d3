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

// fetcher is the goroutine that gets a checkpoint from a peer when the log this node misses is cut off there, and installs it.
type fetcher struct {
	g         *Group
	storage   CheckpointStorage
	transport Transport
	log       *slog.Logger
	rate      int           // bytes per second
	patience  time.Duration // for one part

	requests chan paxos.Fetch // has room for one; the core asks for one at a time
	parts    chan peerPart    // has room for one: one part is asked for at a time
	stop     chan struct{}
	ended    chan struct{}

	mu sync.Mutex // guards what follows
	// peer is whom the part of that number is asked of, 0 while none is; lost is closed when its link breaks.
	peer   paxos.NodeID
	number uint64
	lost   chan struct{}

	slot, received atomic.Uint64
}

type peerPart struct {
	from paxos.NodeID
	part paxos.CheckpointPart
}

// partPatience is for how many of the longest election timeouts a part is waited for.
const partPatience = 5

// maxDamaged is how often a peer may send a part that is not as it was sent.
const maxDamaged = 3

func newFetcher(g *Group, t Transport) *fetcher {
	return &fetcher{
		g: g, storage: g.storage, transport: t, log: g.cfg.Logger, rate: g.cfg.Bounds.FetchBytesPerSecond,
		patience: partPatience * g.cfg.Limits.ElectionMax, requests: make(chan paxos.Fetch, 1), parts: make(chan peerPart, 1),
		stop: make(chan struct{}), ended: make(chan struct{}), number: newSeed().Uint64() >> 1,
	}
}

// fetch starts to get a checkpoint. The core asks for the next one only after Fetched.
func (f *fetcher) fetch(request paxos.Fetch) { f.requests <- request }

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
	f.parts <- peerPart{from, part}
}

// linkDown says that a peer has no link any more.
func (f *fetcher) linkDown(peer paxos.NodeID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peer == peer {
		f.peer = 0
		close(f.lost)
	}
}

func (f *fetcher) close() { close(f.stop) }

func (f *fetcher) run() {
	defer close(f.ended)
	for {
		select {
		case <-f.stop:
			return
		case request := <-f.requests:
			fetched, err := f.serve(request)
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
}

// serve gets a checkpoint and installs it, with nothing of this node's own written meanwhile.
func (f *fetcher) serve(request paxos.Fetch) (paxos.Fetched, error) {
	if err := f.storage.RoomForCheckpoint(); err != nil {
		if errors.Is(err, ErrDiskSpace) {
			f.log.Error("this node is too far behind to go on without a checkpoint of a peer, and there is no room for one", "error", err)
			return paxos.Fetched{}, f.wait(f.patience)
		}
		return paxos.Fetched{}, err
	}
	if !f.g.checkpointer.suspend() {
		return paxos.Fetched{}, errStopped
	}
	defer f.g.checkpointer.resume()
	checkpoint, err := f.receive(request)
	if err != nil || checkpoint.Slot == 0 {
		return paxos.Fetched{}, err
	}
	return f.g.install(checkpoint, f.stop)
}

// receive asks one node after the other, each once, until all of a checkpoint is here. Its Slot is 0 if nobody has it.
func (f *fetcher) receive(request paxos.Fetch) (paxos.Checkpoint, error) {
	var begun paxos.Checkpoint
	for _, peer := range f.peers(request.From) {
		d := download{f: f, peer: peer, least: request.Slot, begun: begun}
		whole, err := d.run()
		if err != nil {
			return paxos.Checkpoint{}, err
		}
		if whole {
			return d.begun, nil
		}
		begun = d.begun
	}
	f.log.Warn("no node could give the checkpoint that this node needs; it asks again", "slot", request.Slot)
	return paxos.Checkpoint{}, nil
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
	lost := make(chan struct{})
	f.mu.Lock()
	select {
	case <-f.parts: // of a peer that was given up at that very moment
	default:
	}
	f.number++
	f.peer, f.lost = peer, lost
	number := f.number
	f.mu.Unlock()
	f.transport.Send(peer, paxos.CheckpointAsk{Number: number, Slot: slot, Cursor: cursor})
	timer := time.NewTimer(f.patience)
	defer timer.Stop()
	select {
	case came := <-f.parts:
		return came.part, nil
	case <-lost:
		return paxos.CheckpointPart{Refused: "its link broke"}, nil
	case <-timer.C:
		f.mu.Lock()
		f.peer = 0
		f.mu.Unlock()
		return paxos.CheckpointPart{Refused: fmt.Sprintf("no answer within %v", f.patience)}, nil
	case <-f.stop:
		return paxos.CheckpointPart{}, errStopped
	}
}

// wait lets time pass.
func (f *fetcher) wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-f.stop:
		return errStopped
	}
}

// download is what one peer gives of a checkpoint.
type download struct {
	f    *fetcher
	peer paxos.NodeID
	// least is the lowest slot of a checkpoint that will do.
	least paxos.Slot
	// begun is the checkpoint whose parts are received; its Slot is 0 before the first.
	begun   paxos.Checkpoint
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
	if err == nil && part.Refused != "" && d.begun.Slot != 0 {
		part, err = d.f.ask(d.peer, 0, nil)
	}
	if err != nil || part.Refused != "" {
		return nil, part.Refused, err
	}
	checkpoint, err := paxos.DecodeCheckpoint(part.Head)
	switch {
	case err != nil:
		return nil, err.Error(), nil
	case checkpoint.Slot < d.least:
		return nil, fmt.Sprintf("its newest is of slot %v, and slot %v or a later one is needed", checkpoint.Slot, d.least), nil
	}
	if _, err := decodeGroupState(checkpoint.Group); err != nil {
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
	if err != nil {
		return nil, "", err
	}
	d.f.received.Add(uint64(len(part.Data)))
	return part.Next, "", d.f.wait(time.Duration(len(part.Data)) * time.Second / time.Duration(d.f.rate))
}
