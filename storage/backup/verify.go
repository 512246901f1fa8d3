package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/paxredis/paxredis/storage"
)

// VerifyOptions say what is verified.
type VerifyOptions struct {
	// Files are a full backup, or one and those that follow it, or any one by itself.
	Files []string
	// TempDir is where a chain is put together, which takes the space of its data; empty: the system's.
	TempDir  string
	Progress Progress
}

// Verify reads all the files and checks everything in them. A chain is put together in a temporary directory, so that count and sum of
// the whole can be compared with its last head; a single incremental backup is not compared with anything.
func Verify(ctx context.Context, o VerifyOptions) (reports []Report, err error) {
	if len(o.Files) == 0 {
		return nil, errors.New("backup: no file to verify")
	}
	if len(o.Files) == 1 {
		report, err := Check(ctx, o.Files[0], o.Progress)
		return []Report{report}, err
	}
	dir, err := os.MkdirTemp(o.TempDir, "paxredis-verify-")
	if err != nil {
		return nil, fmt.Errorf("backup: verify: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := storage.Open(dir, storage.Options{NodeID: 1, SegmentBytes: workSegment, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("backup: verify: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return load(ctx, s, o.Files, nil, o.Progress)
}

// workSegment is the size of the journal's segments while a chain is put together: only heads go there.
const workSegment = 4 << 20
