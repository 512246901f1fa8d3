package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// LoadOptions say what is loaded.
type LoadOptions struct {
	// Files are a full backup, and those that follow it in their order.
	Files []string
	// TempDir is where they are put together, which takes the space of the data; empty: the system's.
	TempDir  string
	Progress Progress
}

// Load verifies a chain of backups, as Verify does, and hands the state of the last one to use: its head, and its records, which next returns one by
// one until it reports false. Nothing is left of it afterwards.
func Load(ctx context.Context, o LoadOptions, use func(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error) (err error) {
	if len(o.Files) == 0 {
		return errors.New("backup: no file to load")
	}
	dir, err := os.MkdirTemp(o.TempDir, "paxredis-load-")
	if err != nil {
		return fmt.Errorf("backup: load: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := storage.Open(dir, storage.Options{NodeID: 1, SegmentBytes: workSegment, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("backup: load: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := load(ctx, s, o.Files, nil, o.Progress); err != nil {
		return err
	}
	c, ok := s.Checkpoint()
	if !ok {
		return errors.New("backup: load: no checkpoint came of the files")
	}
	next, done, err := s.LoadCheckpoint()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return use(c, func() (paxos.CheckpointRecord, bool, error) {
		if err := ctx.Err(); err != nil {
			return paxos.CheckpointRecord{}, false, err
		}
		return next()
	})
}
