// Package disk is a file system in memory that crashes: what was not synced when the power goes is lost, or torn.
//
// A write goes to the cache, and reads see it there. Sync makes a file's writes durable, SyncDir the creations, renamings and removals of a
// directory's entries. Before that the disk may have stored any of the sectors written, and any first part of the changes of names: when
// the power goes, chance decides. A sector of 512 bytes is stored as a whole or not at all.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/storage/journal"
)

// Mode is how much of what was not synced a crash leaves.
type Mode uint8

// The modes.
const (
	// Kept: the process ended, the machine did not. All is there.
	Kept Mode = iota
	// Dropped: the power went. Nothing is there that was not synced.
	Dropped
	// Torn: the power went. Some of it is there.
	Torn
)

// ErrFailed is the error of every operation of a disk that has failed.
var ErrFailed = errors.New("the disk has failed")

const sectorBytes = 512

// Disk is what one machine's disk holds. It implements journal.FileSystem. It belongs to one goroutine.
type Disk struct {
	rng   *rand.Rand
	names map[string]*inode
	// durable are the names as of the newest sync of their directory; changes came since, oldest first.
	durable map[string]*inode
	changes []change
	// failIn is how many operations are left before the disk fails, 0 when it does not, failed that it has.
	failIn int
	failed bool
	// failSync says that the next sync fails, syncFailed that one has since the last crash.
	failSync, syncFailed bool
	// operations and syncs count what was done.
	operations, syncs uint64
}

// change is a change of names that is not durable yet.
type change struct {
	name string
	file *inode // nil: the name goes
	// also is the other half of a renaming: a name that goes with it.
	also string
}

// inode is a file's content, and what was written to it since the newest sync.
type inode struct {
	data    []byte
	pending []write
	// forgotten are writes whose sync failed: the cache has them, and no later sync will write them.
	forgotten []write
	// size is the durable one.
	size int
}

type write struct {
	offset      int
	before, new []byte
}

// New returns an empty disk. Chance decides what a torn crash leaves.
func New(rng *rand.Rand) *Disk {
	return &Disk{rng: rng, names: map[string]*inode{}, durable: map[string]*inode{}}
}

// Content is what a file holds, nil if there is none: to be changed by who damages it.
func (d *Disk) Content(name string) []byte {
	file := d.names[name]
	if file == nil {
		return nil
	}
	return file.data
}

// Heal takes back every failure that has not happened yet.
func (d *Disk) Heal() { d.failIn, d.failSync = 0, false }

// FailIn has the disk fail at the operation after n others: that one is done in part, and everything from then on is refused.
func (d *Disk) FailIn(n int) { d.failIn = n }

// FailSync has the next sync fail, as fsync does on Linux: what was to be synced may be stored or not, reads still see it, and no later sync
// writes it.
func (d *Disk) FailSync() { d.failSync = true }

// SyncHasFailed reports whether a sync has failed since the last crash.
func (d *Disk) SyncHasFailed() bool { return d.syncFailed }

// takeSyncFailure reports whether this sync is the one that fails.
func (d *Disk) takeSyncFailure() bool {
	fails := d.failSync
	d.failSync = false
	d.syncFailed = d.syncFailed || fails
	return fails
}

// HasFailed reports whether the disk has failed.
func (d *Disk) HasFailed() bool { return d.failed }

// Operations returns how many operations that change something were done, and how many of them were syncs.
func (d *Disk) Operations() (all, syncs uint64) { return d.operations, d.syncs }

// operation counts one. It reports an error if the disk has failed, and last if this is the one at which it does.
func (d *Disk) operation() (last bool, err error) {
	if d.failed {
		return false, ErrFailed
	}
	d.operations++
	if d.failIn > 0 {
		if d.failIn--; d.failIn == 0 {
			d.failed = true
			return true, nil
		}
	}
	return false, nil
}

// change notes a change of names, unless the disk fails right before or, by chance, right after.
func (d *Disk) change(c change) error {
	last, err := d.operation()
	if err != nil {
		return err
	}
	if last && d.rng.IntN(2) == 0 {
		return ErrFailed
	}
	c.apply(d.names)
	d.changes = append(d.changes, c)
	if last {
		return ErrFailed
	}
	return nil
}

func (c *change) apply(names map[string]*inode) {
	if c.also != "" {
		delete(names, c.also)
	}
	if c.file == nil {
		delete(names, c.name)
	} else {
		names[c.name] = c.file
	}
}

func (d *Disk) find(op, name string) (*inode, error) {
	if d.failed {
		return nil, ErrFailed
	}
	file := d.names[name]
	if file == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return file, nil
}

// Create implements journal.FileSystem.
func (d *Disk) Create(name string) (journal.File, error) {
	file := &inode{}
	if err := d.change(change{name: name, file: file}); err != nil {
		return nil, err
	}
	return &handle{d, file, name}, nil
}

// Open implements journal.FileSystem.
func (d *Disk) Open(name string) (journal.File, error) {
	file, err := d.find("open", name)
	if err != nil {
		return nil, err
	}
	return &handle{d, file, name}, nil
}

// Rename implements journal.FileSystem.
func (d *Disk) Rename(from, to string) error {
	file, err := d.find("rename", from)
	if err != nil {
		return err
	}
	return d.change(change{name: to, file: file, also: from})
}

// Remove implements journal.FileSystem.
func (d *Disk) Remove(name string) error {
	if _, err := d.find("remove", name); err != nil {
		return err
	}
	return d.change(change{name: name})
}

// List implements journal.FileSystem.
func (d *Disk) List(dir string) ([]string, error) {
	if d.failed {
		return nil, ErrFailed
	}
	var names []string
	for name := range d.names {
		if path.Dir(name) == strings.TrimSuffix(dir, "/") {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// SyncDir implements journal.FileSystem.
func (d *Disk) SyncDir(dir string) error {
	last, err := d.operation()
	if err != nil || last {
		return ErrFailed
	}
	d.syncs++
	d.changes = slices.DeleteFunc(d.changes, func(c change) bool {
		if path.Dir(c.name) != strings.TrimSuffix(dir, "/") {
			return false
		}
		c.apply(d.durable)
		return true
	})
	return nil
}

// Barrier is a sync of what is kept beside the files. The caller makes that durable if there is no error.
func (d *Disk) Barrier() error {
	last, err := d.operation()
	if err != nil || last || d.takeSyncFailure() {
		return ErrFailed
	}
	d.syncs++
	return nil
}

// Crash ends whatever used the disk. Open files must not be used any more; the disk works again.
func (d *Disk) Crash(mode Mode) {
	d.failed, d.failIn, d.failSync, d.syncFailed = false, 0, false, false
	if mode == Kept {
		return
	}
	stored := 0
	if mode == Torn {
		stored = d.rng.IntN(len(d.changes) + 1)
	}
	for _, c := range d.changes[:stored] {
		c.apply(d.durable)
	}
	d.changes = nil
	d.names = map[string]*inode{}
	var order []string
	for name := range d.durable {
		order = append(order, name)
	}
	slices.Sort(order) // chance is used in an order that does not depend on the map's
	for _, name := range order {
		file := d.durable[name]
		d.names[name] = file
		file.crash(d.rng, mode == Torn)
	}
}

// crash undoes what was not synced, and then, if torn, does some of it again.
func (f *inode) crash(rng *rand.Rand, torn bool) {
	undo(f.data, f.pending)
	undo(f.data, f.forgotten)
	f.forgotten = nil
	if !torn {
		f.data = f.data[:f.size]
	}
	for _, w := range f.pending {
		if torn {
			f.tear(rng, &w)
		}
	}
	f.pending = nil
	f.size = len(f.data)
}

// undo puts back what was there before writes.
func undo(data []byte, writes []write) {
	for i := len(writes) - 1; i >= 0; i-- {
		copy(data[writes[i].offset:], writes[i].before)
	}
}

// tear stores some of the sectors of a write.
func (f *inode) tear(rng *rand.Rand, w *write) {
	for from := 0; from < len(w.new); {
		to := min(len(w.new), from+sectorBytes-(w.offset+from)%sectorBytes)
		if rng.IntN(2) == 0 {
			copy(f.data[w.offset+from:], w.new[from:to])
		}
		from = to
	}
}

// String describes the files, for traces.
func (d *Disk) String() string {
	var files []string
	for name, file := range d.names {
		files = append(files, fmt.Sprintf("%s %d (%d writes unsynced)", name, len(file.data), len(file.pending)))
	}
	slices.Sort(files)
	return strings.Join(files, ", ")
}
