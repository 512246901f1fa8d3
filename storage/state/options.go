package state

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/paxredis/paxredis/storage/internal/secret"
)

// badgerOptions are those of a generation in dir. Memory is bounded for small machines. All batches are synced, since Badger's own Sync does
// not cover a memtable that was full meanwhile. Tables are verified as a whole before they are opened (prepare), and each record has a
// checksum of its own; without compression there is no need for a cache of blocks. No value is so large that the value log would be used.
// Nothing is looked up often enough for bloom filters. key is that of the generation.
func badgerOptions(dir string, s shape, key secret.Key, logger badger.Logger) badger.Options {
	o := badger.DefaultOptions(dir).
		WithSyncWrites(true).WithDetectConflicts(false).WithNumVersionsToKeep(1).
		WithMemTableSize(s.memtableBytes).WithNumMemtables(2).
		WithNumLevelZeroTables(s.levelZeroTables).WithNumLevelZeroTablesStall(2 * s.levelZeroTables).
		WithBaseTableSize(tableBytes).WithBaseLevelSize(s.baseLevelBytes).WithNumCompactors(2).
		WithCompression(options.None).WithBlockCacheSize(0).WithIndexCacheSize(8 << 20).
		WithBloomFalsePositive(0).
		WithValueThreshold(512 << 10).WithValueLogFileSize(1 << 20).
		WithChecksumVerificationMode(options.NoVerification).WithCompactL0OnClose(false).
		WithMetricsEnabled(false).WithLogger(logger)
	o.TableSizeMultiplier = 1 // on each level
	if !key.IsZero() {
		o = o.WithEncryptionKey(key.Bytes()).WithEncryptionKeyRotationDuration(neverAnother).WithBlockCacheSize(blockCacheBytes)
	}
	return o
}

// failStop is what Badger logs to. Badger retries a failed flush for ever and lets writers wait meanwhile, so its first
// error ends the use of the generation.
type failStop struct {
	log    *slog.Logger
	once   sync.Once
	failed chan struct{} // closed by the first error
	err    error         // which it was; not before failed is closed
	// compacted is called after each compaction, by the goroutine that has compacted.
	compacted func()
}

func newFailStop(log *slog.Logger, dir string) *failStop {
	return &failStop{log: log.With("directory", dir), failed: make(chan struct{})}
}

func text(format string, args []any) string { return strings.TrimSpace(fmt.Sprintf(format, args...)) }

// Errorf implements badger.Logger.
func (f *failStop) Errorf(format string, args ...any) {
	complaint := text(format, args)
	f.log.Error("checkpoints: Badger: " + complaint)
	f.once.Do(func() {
		f.err = fmt.Errorf("storage: Badger failed: %s", complaint)
		close(f.failed)
	})
}

// Warningf implements badger.Logger.
func (f *failStop) Warningf(format string, args ...any) {
	f.log.Warn("checkpoints: Badger: " + text(format, args))
}

// Infof implements badger.Logger.
func (f *failStop) Infof(format string, args ...any) {
	f.log.Debug("checkpoints: Badger: " + text(format, args))
}

// compactionDone is how Badger's line about the end of a compaction begins. It tells of that in no other way.
const compactionDone = "[Compactor: %d] Compaction for level: %d DONE"

// Debugf implements badger.Logger; nobody reads that much.
func (f *failStop) Debugf(format string, _ ...any) {
	if format == compactionDone && f.compacted != nil {
		f.compacted()
	}
}

// guard runs work, but does not wait for it once Badger has failed.
func (f *failStop) guard(work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-f.failed:
		return f.err
	}
}
