package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// generation is an open Badger database, which holds checkpoints.
type generation struct {
	number uint64
	dir    string
	shape  shape
	key    secret.Key // that Badger encrypts with, or the zero Key
	db     *badger.DB
	badger *failStop
	rest   func(worked time.Duration) // between bites of long work; nil for none
	apart  bool                       // see Options

	// pins is how many checkpoints and readers need it, and learned what a load told, until the writer takes note. Both are guarded by
	// the Checkpoints' mutex.
	pins    int
	learned *Tally
	// givenUp says that its newest checkpoint was discarded. It is guarded likewise.
	givenUp bool

	// weight is the sum of live.
	weight atomic.Uint64
	// attempted: a checkpoint is being written, and what it wrote will be read back.
	attempted atomic.Bool

	// The rest belongs to the one that writes.

	// attempt is the newest timestamp used.
	attempt uint64
	// long are the fingerprints of all records that may have several pieces, if longKnown; and some of them if not.
	long      map[uint64]struct{}
	longKnown bool
	// live is what the records of each space took when all were read last, and count how many there were; nil if never.
	live  map[uint64]uint64
	count uint64
	// changed is how many records were written or deleted since then.
	changed uint64
	// deleted is how many deleted records are still told of, at most.
	deleted uint64
}

// forgetPages has the pages of the tables leave memory.
func (g *generation) forgetPages() error {
	dir, err := filepath.EvalSymlinks(g.dir) // the kernel names it without
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return forgetPages(dir)
}

// forgetCompacted is for after a compaction, whose pages nobody needs soon, unless a checkpoint is being written.
func (g *generation) forgetCompacted() {
	if g.attempted.Load() {
		return
	}
	if err := g.forgetPages(); err != nil {
		g.badger.log.Warn("checkpoints: pages of tables stay in memory", "error", err)
	}
}

// openGeneration opens an existing generation.
func openGeneration(dir string, number uint64, o *Options) (*generation, error) {
	s, err := recall(dir)
	if err != nil {
		return nil, err
	}
	key, err := o.generationKey(number)
	if err != nil {
		return nil, err
	}
	if err := prepare(dir, key); err != nil {
		return nil, err
	}
	return open(&generation{number: number, dir: dir, shape: s, key: key}, o)
}

// makeGeneration makes a new one.
func makeGeneration(dir string, number uint64, s shape, o *Options) (*generation, error) {
	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	if err := s.remember(dir); err != nil {
		return nil, err
	}
	key, err := o.generationKey(number)
	if err != nil {
		return nil, err
	}
	if err := makeRegistry(dir, key); err != nil {
		return nil, err
	}
	return open(&generation{number: number, dir: dir, shape: s, key: key, longKnown: true}, o)
}

func open(g *generation, o *Options) (*generation, error) {
	g.badger, g.rest, g.long = newFailStop(o.Logger, g.dir), o.Rest, make(map[uint64]struct{})
	g.badger.compacted = g.forgetCompacted
	g.apart = o.apart
	if err := g.open(); err != nil {
		return nil, err
	}
	g.attempt = g.db.MaxVersion()
	return g, nil
}

func (g *generation) open() (err error) {
	defer reading(&err)
	o := badgerOptions(g.dir, g.shape, g.key, g.badger)
	if g.apart {
		o = o.WithNumCompactors(0).WithNumLevelZeroTablesStall(1 << 20)
	}
	db, err := badger.OpenManaged(o)
	if err != nil {
		return fmt.Errorf("storage: cannot open the checkpoints in %s: %w", g.dir, err)
	}
	g.db = db
	return nil
}

// reshape opens a generation anew that nobody else uses, and whose memtables are empty.
func (g *generation) reshape(s shape) error {
	if g.shape == s {
		return nil
	}
	if err := g.close(); err != nil {
		return err
	}
	if err := s.remember(g.dir); err != nil {
		return err
	}
	g.shape = s
	return g.open()
}

// makeDirectory makes a directory whose parent exists, durably.
func makeDirectory(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("storage: cannot make the directory of checkpoints: %w", err)
	}
	return syncDirectory(filepath.Dir(dir))
}

func syncDirectory(dir string) error {
	if err := (journal.OS{}).SyncDir(dir); err != nil {
		return fmt.Errorf("storage: cannot sync directory %s: %w", dir, err)
	}
	return nil
}

// sync puts all that was written on stable storage, the names of files included: Badger does not sync those of new ones.
func (g *generation) sync() error {
	if err := g.badger.guard(g.db.Sync); err != nil {
		return fmt.Errorf("storage: cannot sync the checkpoints in %s: %w", g.dir, err)
	}
	return syncDirectory(g.dir)
}

// close ends the use of the database. After a failure of Badger it would wait for ever.
func (g *generation) close() error {
	if g.failed() {
		return nil
	}
	if err := g.badger.guard(g.db.Close); err != nil {
		return fmt.Errorf("storage: cannot close the checkpoints in %s: %w", g.dir, err)
	}
	return nil
}

func (g *generation) failed() bool {
	select {
	case <-g.badger.failed:
		return true
	default:
		return false
	}
}

func removeDirectory(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("storage: cannot remove checkpoints that are not needed any more: %w", err)
	}
	return syncDirectory(filepath.Dir(dir))
}

// bytesOnDisk is what the files take, holes not counted.
func (g *generation) bytesOnDisk() (total uint64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("storage: cannot tell the size of the checkpoints in %s: %w", g.dir, err)
		}
	}()
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // Badger removes files as it likes
		}
		if err != nil {
			return 0, err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			total += uint64(stat.Blocks) * 512
		}
	}
	return total, nil
}

// get returns the value of a key as of an attempt, and its meta byte; ok is false if there is none.
func (g *generation) get(key []byte, attempt uint64) (value []byte, meta byte, ok bool, err error) {
	defer reading(&err)
	txn := g.db.NewTransactionAt(attempt, false)
	defer txn.Discard()
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, 0, false, nil
	}
	if err == nil {
		value, err = item.ValueCopy(nil)
	}
	if err != nil {
		return nil, 0, false, fmt.Errorf("storage: cannot read the checkpoints in %s: %w", g.dir, err)
	}
	return value, item.UserMeta(), true, nil
}

// know keeps what reading all records of the generation told.
func (g *generation) know(t *Tally) {
	for long := range t.long {
		g.long[long] = struct{}{}
	}
	g.longKnown = true
	g.live, g.count, g.changed = t.live, t.Count, 0
	if g.live == nil {
		g.live = make(map[uint64]uint64)
	}
	g.weigh()
}

// weigh adds up what is live.
func (g *generation) weigh() {
	weight := uint64(0)
	for _, bytes := range g.live {
		weight += bytes
	}
	g.weight.Store(weight)
}

// isStale says that so much has changed since all records were read last that what they took then says little about what they take now:
// each of them may have been replaced by a smaller one.
func (g *generation) isStale(checkpoint *paxos.Checkpoint) bool {
	return g.live != nil && g.changed > 2*max(fewDeleted, g.count, checkpoint.Count)
}
