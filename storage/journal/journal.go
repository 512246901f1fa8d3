package journal

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// settleDelay is how long a mark may stay unsynced. A sync of the frontier file takes the disk about as long as one of
	// the journal: one every 20 ms costs about a hundredth of a busy journal's syncs.
	settleDelay = 20 * time.Millisecond
	// maxUnsettled bounds the frames saved since the newest synced mark, however fast the disk is.
	maxUnsettled = 4096
)

// Journal is an open journal. Append, BeginBoot and Close must not run beside each other; the other methods may
// be called from any goroutine. Of its locks cutting is taken before appending, and both before mu.
type Journal struct {
	dir      string
	o        Options
	frontier *frontier

	// cutting is held by Cut, and by Close.
	cutting sync.Mutex

	// appending is held by who writes a frame, and guards what follows up to mu.
	appending sync.Mutex
	tail      tail
	scratch   appender
	closed    bool
	spare     *spare
	// reserved says that the file of a cut segment waits to become the spare after the next.
	reserved bool

	mu    sync.RWMutex
	index *index
	cache *cache
	// kept are the segments in use, oldest first.
	kept []segment
	// published is the newest published checkpoint, nil if there never was one, and publishedIn the segment that says so.
	published   *Published
	publishedIn uint64
	// appended counts the bytes of all frames there ever were.
	appended uint64
	// promised is the highest ballot promised or accepted, hint the highest chosen slot told (perhaps not stored yet).
	promised paxos.Ballot
	hint     paxos.Slot
	bytes    int64 // of all segments
	err      error // the first failure; sticky

	dirty   chan struct{} // there is an unsynced mark
	stop    chan struct{}
	settler sync.WaitGroup
}

// tail is where the journal ends.
type tail struct {
	file     File // nil before the first frame
	segment  uint64
	size     int64 // of the segment
	end      int64 // offset of the next frame
	sequence uint64
	chain    uint64
}

// Create makes an empty journal in an existing directory. Whatever a former, interrupted Create left there is replaced.
func Create(dir string, o Options) error {
	if err := o.setDefaults(); err != nil {
		return err
	}
	return createFrontier(dir, &o)
}

// Open verifies every byte of a journal, repairs what a crash may have left, and returns it ready for use. After damage the error
// is a *Corrupt and nothing is changed.
func Open(dir string, o Options) (*Journal, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	f, err := openFrontier(dir, &o)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		dir: dir, o: o, frontier: f, cache: newCache(o.CacheBytes),
		dirty: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if err := j.recover(); err != nil {
		if j.tail.file != nil {
			err = errors.Join(err, j.tail.file.Close())
		}
		return nil, errors.Join(err, f.file.Close())
	}
	if j.spare == nil {
		j.prepareSpare(j.tail.segment + 1)
	}
	if !o.Stepped {
		j.settler.Go(j.settle)
	}
	return j, nil
}

// BeginBoot marks that a boot of the node has begun. It must be called before the first Append.
func (j *Journal) BeginBoot(boot uint64) error {
	return j.settleTwice(func(m *mark) { m.boot, m.clean = boot, false })
}

// settleTwice makes both slots of the frontier say the same.
func (j *Journal) settleTwice(change func(*mark)) error {
	if err := j.frontier.settle(change); err != nil {
		return err
	}
	return j.frontier.settle(unchanged)
}

// Restored returns what an acceptor starts from. Up to the newest published checkpoint all is chosen; if that was discarded nothing is
// known to be.
func (j *Journal) Restored() (paxos.Restored, error) {
	r := paxos.Restored{Promised: j.promised, Chosen: j.hint, First: j.index.first}
	if p := j.published; p != nil {
		r.Checkpoint, r.Chosen = p.Slot, max(p.Slot, r.Chosen)
		if p.IsNone() {
			r.Chosen = 0
		}
	}
	reader := j.newReader()
	for _, slot := range j.index.above(r.Chosen) {
		record, err := reader.record(slot, j.index.get(slot))
		if err != nil {
			return r, errors.Join(err, reader.close())
		}
		r.Records = append(r.Records, record)
	}
	return r, reader.close()
}

// Bytes returns the space the segments take.
func (j *Journal) Bytes() int64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.bytes
}

// First returns the lowest slot that is not cut.
func (j *Journal) First() paxos.Slot {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.index.first
}

// Appended returns how many bytes of frames were ever appended. It only grows, over restarts too.
func (j *Journal) Appended() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.appended
}

// Close marks the journal as closed cleanly and releases its files.
func (j *Journal) Close() error {
	j.cutting.Lock()
	defer j.cutting.Unlock()
	j.appending.Lock()
	defer j.appending.Unlock()
	if j.closed {
		return ErrClosed
	}
	j.closed = true
	first := j.fail(ErrClosed)
	close(j.stop)
	j.settler.Wait()
	<-j.spare.done
	var err error
	if first == ErrClosed { // what failed once is not synced again (rule D2)
		err = j.settleTwice(func(m *mark) { m.clean = true })
	}
	err = errors.Join(err, j.frontier.file.Close())
	if j.tail.file != nil {
		err = errors.Join(err, j.tail.file.Close())
	}
	return err
}

// settle syncs marks in the background, so that a power failure leaves little unmarked.
func (j *Journal) settle() {
	timer := time.NewTimer(settleDelay)
	defer timer.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-j.dirty:
		}
		timer.Reset(settleDelay)
		select {
		case <-j.stop:
			return
		case <-timer.C:
		}
		if j.sync() != nil {
			return
		}
	}
}

// sync syncs a mark.
func (j *Journal) sync() error {
	err := j.frontier.settle(unchanged)
	if err != nil {
		j.o.Logger.Error("the journal's frontier cannot be synced", slog.Any("error", err))
		j.fail(err)
	}
	return err
}

// Settle does for a Stepped journal what otherwise happens in the background a moment after something was saved.
func (j *Journal) Settle() error {
	select {
	case <-j.dirty:
		return j.sync()
	default:
		return nil
	}
}

// fail makes the journal refuse everything from now on (rule D2) and returns the first failure.
func (j *Journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = err
	}
	return j.err
}

func (j *Journal) failure() error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.err
}
