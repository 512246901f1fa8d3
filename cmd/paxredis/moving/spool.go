package moving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// spool keeps the part of the source's stream that the cluster has not taken yet on disk, in the order in which it came. One goroutine writes, one reads.
type spool struct {
	file *os.File
	most int64

	mu      sync.Mutex
	changed *sync.Cond
	written int64 // of the file
	read    int64 // of the file
	total   int64 // ever
	err     error // why nothing comes or goes any more
}

// newSpool makes a spool in a directory. It ends with the context.
func newSpool(ctx context.Context, dir string, most int64) (*spool, error) {
	file, err := os.CreateTemp(dir, "stream-")
	if err != nil {
		return nil, err
	}
	s := &spool{file: file, most: most}
	s.changed = sync.NewCond(&s.mu)
	context.AfterFunc(ctx, func() { s.end(fmt.Errorf("interrupted: %w", context.Cause(ctx))) })
	return s, nil
}

// end wakes up who waits, with an error. The first one stays.
func (s *spool) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.changed.Broadcast()
}

// close closes the file. Nobody may use the spool any more.
func (s *spool) close() error { return s.file.Close() }

// Write implements io.Writer. It waits while the file is full, until all of it has been read.
func (s *spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && s.written > 0 && s.written+int64(len(b)) > s.most {
		s.changed.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.file.WriteAt(b, s.written)
	if err != nil {
		return n, err
	}
	s.written += int64(n)
	s.total += int64(n)
	s.changed.Broadcast()
	return n, nil
}

// Read implements io.Reader. It waits until there is something.
func (s *spool) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && s.read == s.written {
		s.changed.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.file.ReadAt(b[:min(int64(len(b)), s.written-s.read)], s.read)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	s.read += int64(n)
	if s.read == s.written { // all was read: the file begins anew
		if err := s.file.Truncate(0); err != nil {
			return n, err
		}
		s.read, s.written = 0, 0
		s.changed.Broadcast()
	}
	return n, nil
}

// pending is how many bytes wait.
func (s *spool) pending() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written - s.read
}

// received is how many bytes ever came.
func (s *spool) received() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}
