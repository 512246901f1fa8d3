package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// Report is what was found out about one file.
type Report struct {
	File   string
	Header Header
	Totals Totals
	// Bytes is the size of the file.
	Bytes int64
}

// Progress is told after each part of each file how far that file is. It may be nil.
type Progress func(Report)

// open opens a file and reads its header. done must be called.
func open(path string) (r *Reader, done func() error, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if r, err = NewReader(file); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return r, file.Close, nil
}

// ReadHeader reads the header of a file, and nothing behind it.
func ReadHeader(path string) (Header, error) {
	r, done, err := open(path)
	if err != nil {
		return Header{}, err
	}
	return r.Header(), done()
}

// Check reads a whole file and checks all that it tells by itself. Whether an incremental backup leads to the state that its head
// describes can only be told with those before it: see Verify.
func Check(ctx context.Context, path string, progress Progress) (Report, error) {
	return each(ctx, path, progress, func(Part) error { return nil })
}

// each hands every part of a file to take. What was handed over counts only if the error is nil.
func each(ctx context.Context, path string, progress Progress, take func(Part) error) (report Report, err error) {
	r, done, err := open(path)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, done()) }()
	report = Report{File: path, Header: r.Header()}
	for {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		part, err := r.Next()
		report.Totals, report.Bytes = r.Totals(), r.Offset()
		if progress != nil {
			progress(report)
		}
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err == nil {
			err = take(part)
		}
		if err != nil {
			return report, fmt.Errorf("%s: %w", path, err)
		}
	}
}

// checkLinks makes sure that the files are a chain, as far as their headers tell.
func checkLinks(paths []string) error {
	var before Header
	for i, path := range paths {
		h, err := ReadHeader(path)
		switch {
		case err != nil:
			return err
		case i == 0 && !h.IsFull():
			return fmt.Errorf("%s: %w: it has only the changes since slot %v: the full backup, and all since it, must come before", path, ErrForeign, h.Since)
		case i > 0:
			if err := h.Follows(&before); err != nil {
				return fmt.Errorf("%s does not follow %s: %w", path, paths[i-1], err)
			}
		}
		before = h
	}
	return nil
}

// load puts a chain together in a data directory, of which it becomes the newest checkpoint. refound, if not nil, changes what the
// checkpoint holds of its group. An error leaves the directory of no use.
func load(ctx context.Context, s *storage.Store, paths []string, refound func(group []byte) ([]byte, error), progress Progress) ([]Report, error) {
	if err := checkLinks(paths); err != nil {
		return nil, err
	}
	var reports []Report
	for i, path := range paths {
		report, err := loadFile(ctx, s, path, i == 0, progress)
		if err != nil {
			return reports, err
		}
		reports = append(reports, report)
	}
	head := reports[len(reports)-1].Header.Checkpoint
	if refound != nil {
		var err error
		if head.Group, err = refound(head.Group); err != nil {
			return reports, err
		}
	}
	if err := s.SetHead(head); err != nil {
		return reports, err
	}
	err := s.FinishReceive()
	if errors.Is(err, paxos.ErrDamagedCheckpoint) {
		return reports, fmt.Errorf("%w: the files are good, each by itself, but together do not make the state of slot %v: %w", ErrDamaged, head.Slot, err)
	}
	return reports, err
}

func loadFile(ctx context.Context, s *storage.Store, path string, first bool, progress Progress) (Report, error) {
	if !first {
		return each(ctx, path, progress, func(p Part) error { return s.ApplyChanges(p.Data) })
	}
	h, err := ReadHeader(path)
	if err != nil {
		return Report{}, err
	}
	if _, err := s.BeginReceive(h.Checkpoint); err != nil {
		return Report{}, err
	}
	return each(ctx, path, progress, func(p Part) error { return s.Receive(p.Data, p.Next) })
}
