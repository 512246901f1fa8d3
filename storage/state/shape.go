package state

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paxredis/paxredis/storage/journal"
)

// shape is what a generation costs at least, in memory and on disk, against how often it writes the same again. It stays what it was when
// the generation was made: Badger cannot open what a crash left with smaller memtables.
type shape struct {
	name string
	// memtableBytes is the size of a memtable, of its log and of the table it is flushed to. There are at most three of it, each with
	// a third more of memory.
	memtableBytes int64
	// levelZeroTables is from how many flushed memtables on Badger merges them with all tables below, without a rest. A renewal, which
	// copies what is live once and rests between bites, comes before, but for states larger than so many memtables.
	levelZeroTables int
	// baseLevelBytes is up to which size Badger merges into the last level at once.
	baseLevelBytes int64
	// spareBytes is what a generation may take besides its live data and the wastePercent of it.
	spareBytes, wastePercent uint64
}

// tableBytes bounds the tables that records are copied or merged into. Each is synced at once, so it is no larger than what others that
// use the disk can wait for.
const tableBytes = 2 << 20

// small is for states of some MiB: on disk it takes at most half as much again as is live, so that another copy, and what one checkpoint
// writes, find their place within four times the live data.
func small() shape {
	return shape{
		name: "small", memtableBytes: 4 << 20, levelZeroTables: 48, baseLevelBytes: 64 << 20,
		spareBytes: 2 << 20, wastePercent: 50,
	}
}

// large has 32 MiB in memtables at most, and is renewed when a copy costs no more than what was written since the last one.
func large() shape {
	return shape{
		name: "large", memtableBytes: 8 << 20, levelZeroTables: 64, baseLevelBytes: 256 << 20,
		spareBytes: 16 << 20, wastePercent: 100,
	}
}

const (
	// largeBytes is above how much live data on a generation is made a large one.
	largeBytes = 64 << 20
	// outgrownBytes is when a small one is renewed only to become large. It is more than largeBytes, so that a state about that large is
	// not copied back and forth.
	outgrownBytes = largeBytes + largeBytes/2
)

// shapeFor is the shape of a new generation that is expected to have so much live data.
func shapeFor(live uint64) shape {
	if live > largeBytes {
		return large()
	}
	return small()
}

// allowance is what a generation may take on disk before it is renewed.
func (s shape) allowance(live uint64) uint64 { return live + live*s.wastePercent/100 + s.spareBytes }

// shapeName is the file that remembers it:
//
//	format (1 byte) | name | CRC32C of all that in hexadecimal digits (8)
const (
	shapeName   = "SHAPE"
	shapeFormat = '1'
)

func (s shape) encode() []byte {
	content := append([]byte{shapeFormat}, s.name...)
	return fmt.Appendf(content, "%08x", crc32.Checksum(content, castagnoli))
}

// remember writes the shape down in the directory of a generation, before Badger opens it.
func (s shape) remember(dir string) error {
	return journal.WriteFile(journal.OS{}, filepath.Join(dir, shapeName), s.encode())
}

// recall reads the shape of an existing generation. One that does not tell is taken for large: larger memtables than it had do no harm.
func recall(dir string) (shape, error) {
	content, err := os.ReadFile(filepath.Join(dir, shapeName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return shape{}, fmt.Errorf("storage: cannot read the shape of the checkpoints in %s: %w", dir, err)
	}
	if s := small(); bytes.Equal(content, s.encode()) {
		return s, nil
	}
	return large(), nil
}
