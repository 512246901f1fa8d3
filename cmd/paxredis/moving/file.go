package moving

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// Report is what an import has done.
type Report struct {
	// Source is what the source says it has, Written what was written of it, Kept what was there and was left as it is.
	Source, Written, Kept Counts
	// Expired are keys that had ended before they could be written.
	Expired int
	// Libraries of functions that were loaded.
	Libraries int
	// Found is what is in the cluster in the end, if it was empty before.
	Found Counts
	// Verified is how many keys were compared with the source.
	Verified int
	// Modules whose data besides keys was passed over.
	Modules []string
}

// snapshot is an RDB file on disk that has been checked.
type snapshot struct {
	path      string
	size      int64
	version   int
	counts    Counts
	libraries int
	largest   int    // payload, in bytes
	biggest   string // whose it is
	modules   []string
}

// maxItemBytes bounds an item of a file: no command of a cluster is larger than that.
const maxItemBytes = 512 << 20

// checkSnapshot reads a whole file, and nothing of it is used if anything is wrong with it.
func checkSnapshot(ctx context.Context, path string, show func(done, total int64)) (*snapshot, error) {
	s := &snapshot{path: path, counts: Counts{}}
	var err error
	s.version, err = s.read(ctx, show, s.note)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// read hands over the items of the file.
func (s *snapshot) read(ctx context.Context, show func(done, total int64), take func(rdb.Item) error) (version int, err error) {
	file, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	s.size = info.Size()
	in := bufio.NewReaderSize(file, 1<<20)
	r, err := rdb.NewFileReader(in, maxItemBytes)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.path, err)
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("interrupted: %w", err)
		}
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = take(item)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.path, err)
		}
		show(r.Offset(), s.size)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("%s: byte %d: something follows the end: this may be the base of an append-only file, which is not read", s.path, r.Offset())
		}
		return 0, err
	}
	return r.Version(), nil
}

// note counts an item, and refuses what a cluster cannot have.
func (s *snapshot) note(item rdb.Item) error {
	switch item.Kind {
	case rdb.ItemFunctions:
		s.libraries++
	case rdb.ItemModule:
		s.modules = append(s.modules, string(item.Name))
	case rdb.ItemKey:
		if item.DB >= Databases {
			return fmt.Errorf("byte %d, key %.100q: it is in database %d, and a cluster has those from 0 to %d", item.Offset, item.Key, item.DB, Databases-1)
		}
		if item.DB == 0 && string(item.Key) == Marker {
			return fmt.Errorf("byte %d: the key %s is what imports mark their progress with: the file is of a cluster into which an import was under way; delete the key there first", item.Offset, Marker)
		}
		s.counts[Place{item.DB, item.Type}]++
		if n := len(item.Payload) + len(item.Key); n > s.largest {
			s.largest, s.biggest = n, fmt.Sprintf("%.100q of database %d", item.Key, item.DB)
		}
	}
	return nil
}

// ImportFile writes what an RDB file holds into a cluster. The whole file is checked first. After an error some of it may have been written, and the marker
// says so: an import with Replace begins anew.
func ImportFile(ctx context.Context, c *Cluster, path string, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s, err := checkSnapshot(ctx, path, func(done, total int64) { o.show(Progress{Phase: "checking", Done: done, Total: total}) })
	if err != nil {
		return nil, err
	}
	guard := &session{cluster: c}
	defer guard.close()
	marker, err := begin(ctx, guard, s, &o)
	if err != nil {
		return nil, err
	}
	l := newLoader(c, marker, &o, 0)
	if err := l.load(ctx, s); err != nil {
		return &l.report, err
	}
	if err := l.compare(ctx, s); err != nil {
		return &l.report, err
	}
	_, err = guard.commit(ctx, marker, "", nil)
	return &l.report, err
}

// compare counts what is in the cluster, and compares keys, as far as that says anything.
func (l *loader) compare(ctx context.Context, s *snapshot) error {
	asking := &session{cluster: l.cluster}
	defer asking.close()
	for _, once := range []bool{false, true} {
		if l.options.Existing != Refuse {
			break
		}
		l.options.show(Progress{Phase: "comparing", Keys: l.keys.Load()})
		from := time.Now().UnixMilli()
		found, err := census{databases: Databases, once: once}.count(ctx, asking)
		if err != nil {
			return err
		}
		l.report.Found = found
		if err = l.due.compare(l.report.Written, found, from, time.Now().UnixMilli()); err == nil {
			break
		}
		if once {
			return err
		}
	}
	if !l.options.Verify || l.options.Existing == Keep {
		return nil
	}
	v := &verifier{cluster: asking, shift: l.shift}
	_, err := s.read(ctx, func(done, total int64) {
		l.options.show(Progress{Phase: "verifying", Done: done, Total: total, Keys: int64(v.compared)})
	}, func(item rdb.Item) error { return v.add(ctx, item) })
	if err == nil {
		err = v.end(ctx)
	}
	l.report.Verified = v.compared
	return err
}
