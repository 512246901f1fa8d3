package moving

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// FollowOptions are those of a live source.
type FollowOptions struct {
	// SpoolDir is where the snapshot, and the part of the stream that waits, are kept; empty: the system's directory for temporary files.
	SpoolDir string
	// SpoolBytes bounds what waits of the stream. At least MinSpoolBytes.
	SpoolBytes int64
	// Resume goes on where an import that was interrupted left off.
	Resume bool
	// CutOver cuts over as soon as the cluster has caught up; else when Begin says so.
	CutOver bool
	Begin   <-chan struct{}
	// Fence has the source refuse writes at the cut-over. Without it the caller has seen to it that nobody writes.
	Fence bool
}

// The bounds of FollowOptions.SpoolBytes.
const (
	DefaultSpoolBytes = 16 << 30
	MinSpoolBytes     = 1 << 20
)

// PhaseFollowing is the Phase of a Progress whose Lag means something.
const PhaseFollowing = "following"

// ackInterval is how often the source is told how far the cluster is, as Redis's replicas do.
const ackInterval = time.Second

// follower follows a source.
type follower struct {
	cluster *Cluster
	source  *Source
	options *Options
	follow  *FollowOptions
	dir     string // for temporary files
	spool   *spool
	fence   *fence // nil: the source takes writes
	report  *Report

	run string // the import's name in the marker
	// replicationID is what the source calls its history now. It belongs to the goroutine that receives.
	replicationID string
	first         int64 // the offset at which the spool begins

	mu sync.Mutex
	// applied is the offset up to which the cluster has the stream, data that of the last command which was for it. moved is closed when they change.
	applied, data int64
	moved         chan struct{}
	// appliedAll is closed when nothing of the stream is applied any more.
	appliedAll chan struct{}
	keys       atomic.Int64
}

// errDone ends the spool when the cut-over has come to its end.
var errDone = errors.New("moving: nothing more of the stream is needed")

// position is where an import is in a source's stream, as the marker says it.
type position struct {
	run, id string
	offset  int64
	db      int
}

func (p position) String() string {
	return fmt.Sprintf("%s following %s %d %d", p.run, p.id, p.offset, p.db)
}

func parsePosition(marker string) (p position, err error) {
	words := strings.Fields(marker)
	if len(words) != 5 || words[1] != "following" {
		return p, fmt.Errorf("%s says %q: no import was following a source, so there is nothing to go on with; empty the cluster and begin anew", Marker, marker)
	}
	offset, offsetErr := strconv.ParseInt(words[3], 10, 64)
	db, dbErr := strconv.Atoi(words[4])
	return position{words[0], words[2], offset, db}, errors.Join(offsetErr, dbErr)
}

// Follow copies a live source into a cluster, and what changes there, until the cut-over is done. After an error the source takes writes as before, and an
// import that has come to following it can be resumed.
func Follow(ctx context.Context, c *Cluster, source *Source, o Options, fo FollowOptions) (report *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if fo.SpoolBytes < MinSpoolBytes {
		return nil, fmt.Errorf("%d bytes for the stream that waits: must be at least %d", fo.SpoolBytes, MinSpoolBytes)
	}
	dir, err := os.MkdirTemp(fo.SpoolDir, "paxredis-import-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel(nil)
	f := &follower{cluster: c, source: source, options: &o, follow: &fo, dir: dir, report: &Report{}, moved: make(chan struct{}), appliedAll: make(chan struct{})}
	if f.spool, err = newSpool(ctx, dir, fo.SpoolBytes); err != nil {
		return nil, err
	}
	defer func() { running.Wait(); err = errors.Join(err, f.spool.close()) }()
	defer cancel(nil)
	background := func(do func() error) {
		running.Go(func() {
			if err := do(); err != nil {
				cancel(err)
			}
		})
	}
	begin := f.begin
	if fo.Resume {
		begin = f.resume
	}
	at, err := begin(ctx, background)
	if err == nil {
		background(func() error {
			defer close(f.appliedAll)
			return f.apply(ctx, at)
		})
		err = f.untilCutOver(ctx)
	}
	if err == nil {
		err = f.cutOver(ctx)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return f.report, err
}

// begin copies the source's snapshot, while its stream is already being received.
func (f *follower) begin(ctx context.Context, background func(func() error)) (at position, err error) {
	l, err := f.source.dial(ctx)
	if err != nil {
		return at, err
	}
	f.options.Logger.Info("asking the source for a snapshot", "source", f.source.options.Addr)
	id, offset, err := l.begin()
	if err != nil {
		l.close()
		return at, err
	}
	path := filepath.Join(f.dir, "snapshot.rdb")
	if err := f.receiveSnapshot(l, path); err != nil {
		l.close()
		return at, fmt.Errorf("the source's snapshot broke off: %w", err)
	}
	f.setPosition(id, offset)
	background(func() error { return f.receive(ctx, l) })
	s, err := checkSnapshot(ctx, path, func(done, total int64) { f.options.show(Progress{Phase: "checking", Done: done, Total: total}) })
	if err != nil {
		return at, err
	}
	guard := &session{cluster: f.cluster}
	defer guard.close()
	marker, err := begin(ctx, guard, s, f.options)
	if err != nil {
		return at, err
	}
	loader := newLoader(f.cluster, marker, f.options, putOff)
	err = loader.load(ctx, s)
	f.report = &loader.report
	if err != nil {
		return at, err
	}
	f.keys.Store(loader.keys.Load())
	at = position{run: strings.Fields(marker)[0], id: id, offset: offset}
	if _, err := guard.commit(ctx, marker, at.String(), nil); err != nil {
		return at, err
	}
	return at, os.Remove(path)
}

func (f *follower) receiveSnapshot(l *link, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return l.snapshot(file, func(done, total int64) { f.options.show(Progress{Phase: "receiving", Done: done, Total: total}) })
}

// resume goes on from where the marker says.
func (f *follower) resume(ctx context.Context, background func(func() error)) (at position, err error) {
	asking := &session{cluster: f.cluster}
	defer asking.close()
	replies, err := asking.ask(ctx, []any{"GET", Marker})
	if err != nil {
		return at, err
	}
	text, _ := replies[0].Text() // no marker is no text
	if at, err = parsePosition(text); err != nil {
		return at, err
	}
	f.setPosition(at.id, at.offset)
	background(func() error { return f.receive(ctx, nil) })
	return at, nil
}

func (f *follower) setPosition(id string, offset int64) {
	f.replicationID, f.first = id, offset
	f.advance(offset, false)
}

// advance notes that the stream is applied up to an offset.
func (f *follower) advance(offset int64, data bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = offset
	if data {
		f.data = offset
	}
	close(f.moved)
	f.moved = make(chan struct{})
}

// progress is how far the stream is applied, and what tells when that changes.
func (f *follower) progress() (applied, data int64, moved <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.applied, f.data, f.moved
}

// receive keeps a link to the source, and what comes on it.
func (f *follower) receive(ctx context.Context, l *link) error {
	silent := time.Now()
	for {
		var err error
		if l == nil {
			l, err = f.reconnect(ctx)
		}
		if err == nil {
			silent = time.Now()
			err = f.receiveFrom(ctx, l)
			l.close()
			l = nil
		}
		var full *os.PathError
		switch {
		case ctx.Err() != nil || errors.Is(err, errDone):
			return nil
		case errors.Is(err, errBacklog) || errors.As(err, &full):
			return err
		case time.Since(silent) > f.cluster.Patience:
			return fmt.Errorf("the source %s: %w", f.source.options.Addr, err)
		}
		f.options.Logger.Warn("the link to the source broke; connecting again", "error", err)
		if pause(ctx, retryPause) != nil {
			return nil
		}
	}
}

// reconnect asks the source for what follows the last byte that came.
func (f *follower) reconnect(ctx context.Context) (*link, error) {
	l, err := f.source.dial(ctx)
	if err != nil {
		return nil, err
	}
	id, err := l.resume(f.replicationID, f.first+f.spool.received())
	if err != nil {
		l.close()
		return nil, err
	}
	f.replicationID = id
	return l, nil
}

// receiveFrom keeps what comes on a link until it breaks. The source is told what the cluster has, not what was received: its WAIT should not count on more.
func (f *follower) receiveFrom(ctx context.Context, l *link) error {
	ctx, cancel := context.WithCancel(ctx)
	var acknowledging sync.WaitGroup
	defer acknowledging.Wait()
	defer cancel()
	acknowledging.Go(func() {
		ticker := time.NewTicker(ackInterval)
		defer ticker.Stop()
		for {
			applied, _, _ := f.progress()
			if l.acknowledge(applied) != nil {
				l.close() // which ends the read below
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
	buf := make([]byte, 256<<10)
	for {
		n, err := l.Read(buf)
		if err != nil {
			return err
		}
		if _, err := f.spool.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// apply applies the stream.
func (f *follower) apply(ctx context.Context, at position) error {
	s := &session{cluster: f.cluster}
	defer s.close()
	p := &packer{in: &stream{in: bufio.NewReaderSize(f.spool, 256<<10), offset: at.offset}, waiting: f.spool.pending, db: at.db}
	for {
		b, err := p.next()
		if errors.Is(err, errDone) {
			return nil
		}
		if err != nil {
			return err
		}
		to := position{at.run, at.id, b.offset, b.db}
		replies, err := s.commit(ctx, at.String(), to.String(), b.commands)
		if err != nil {
			return fmt.Errorf("the stream at byte %d: %w", b.offset, err)
		}
		for i, reply := range replies {
			if refused, ok := reply.(error); ok {
				return fmt.Errorf("the stream before byte %d: %w; what was written is not what the source has: empty the cluster and begin anew",
					b.offset, &CommandError{Command: b.commands[i], Reply: refused.Error()})
			}
		}
		at = to
		f.advance(at.offset, b.data)
		f.showFollowing(at.offset)
	}
}

func (f *follower) showFollowing(applied int64) {
	received := f.first + f.spool.received()
	f.options.show(Progress{Phase: PhaseFollowing, Done: applied - f.first, Keys: f.keys.Load(), Lag: received - applied})
}
