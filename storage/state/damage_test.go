package state

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
	"github.com/paxredis/paxredis/storage/state/statetest"
)

// damageable returns a directory whose checkpoint is partly in tables and partly in the log of a memtable, and what is in it. The process that
// wrote it did not close it.
func damageable(t *testing.T) (dir string, m model) {
	t.Helper()
	dir = t.TempDir()
	n := openNode(t, dir)
	m = make(model)
	r := rand.New(rand.NewPCG(5, 6))
	var records []paxos.CheckpointRecord
	for i := range 800 {
		records = append(records, set(1, fmt.Sprint("key ", i), randomBytes(r, 2000)))
	}
	n.checkpoint(m, 1, []uint64{1}, records...)
	n = n.reopen() // the memtable becomes a table
	n.checkpoint(m, 2, []uint64{1}, records[:100]...)
	copied := filepath.Join(t.TempDir(), "copy")
	copyAsOfOneMoment(t, dir, copied)
	n.close()
	return copied, m
}

// edit changes a file in place: it may be in use.
func edit(change func([]byte) []byte) func(string) error {
	return func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		changed := change(content)
		_, err = f.WriteAt(changed, 0)
		return errors.Join(err, f.Truncate(int64(len(changed))), f.Close())
	}
}

// flip changes one byte.
func flip(at func(size int) int) func(string) error {
	return edit(func(b []byte) []byte {
		b[at(len(b))] ^= 0x10
		return b
	})
}

// TestDamageIsReported: never is a wrong record returned, and a load says that not all is well.
func TestDamageIsReported(t *testing.T) { eachWay(t, testDamageIsReported) }

func testDamageIsReported(t *testing.T) {
	original, m := damageable(t)
	middle := func(size int) int { return size / 2 }
	early := func(int) int { return 2500 } // the log of a memtable is mostly a hole
	cut := func(by int) func(string) error { return edit(func(b []byte) []byte { return b[:len(b)-by] }) }
	cases := []struct {
		name, file string
		damage     func(string) error
	}{
		{"table: a byte", "*.sst", flip(middle)},
		{"table: its first byte", "*.sst", flip(func(int) int { return 0 })},
		{"table: its end", "*.sst", flip(func(size int) int { return size - 3 })},
		{"table: its index", "*.sst", flip(func(size int) int { return size - 200 })},
		{"table: cut", "*.sst", cut(5000)},
		{"table: cut by a byte", "*.sst", cut(1)},
		{"table: empty", "*.sst", edit(func([]byte) []byte { return nil })},
		{"table: missing", "*.sst", os.Remove},
		{"log: a byte", "*.mem", flip(early)},
		{"log: cut", "*.mem", edit(func(b []byte) []byte { return b[:3000] })},
		{"log: empty", "*.mem", edit(func([]byte) []byte { return nil })},
		{"log: missing", "*.mem", os.Remove},
		{"log: its header", "*.mem", flip(func(int) int { return 2 })},
		{"manifest: missing", "MANIFEST", os.Remove},
		{"manifest: empty", "MANIFEST", edit(func([]byte) []byte { return nil })},
		{"manifest: a byte", "MANIFEST", flip(func(size int) int { return size - 3 })},
		{"manifest: its magic", "MANIFEST", flip(func(int) int { return 1 })},
		{"manifest: cut", "MANIFEST", cut(7)},
		{"manifest: all entries cut", "MANIFEST", edit(func(b []byte) []byte { return b[:8] })},
		{"directory: missing", "", os.RemoveAll},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "node")
			if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			paths, err := filepath.Glob(filepath.Join(dir, "state", "1", c.file))
			if err != nil || len(paths) == 0 {
				t.Fatal("nothing to damage", err)
			}
			if err := c.damage(paths[0]); err != nil {
				t.Fatal(err)
			}
			recovers(t, dir, m)
		})
	}
}

// recovers opens what was damaged, sees that it says so, and goes on with what a peer sends.
func recovers(t *testing.T, dir string, m model) {
	n := openNode(t, dir)
	c, ok := n.Checkpoint()
	if !ok || c.Slot != 2 {
		t.Errorf("the newest checkpoint is %v, %v", c.Slot, ok)
	}
	got, err := n.load()
	var damaged *Damaged
	if !errors.As(err, &damaged) || !errors.Is(err, paxos.ErrDamagedCheckpoint) || damaged.Slot != 2 {
		t.Fatalf("%d records, error: %v", len(got), err)
	}
	tables := func(name string) int {
		found, err := filepath.Glob(filepath.Join(dir, "state", name, "*.sst"))
		if err != nil {
			t.Error(err)
		}
		return len(found)
	}
	left := tables("1")
	if err := n.Discard(err.Error()); err != nil {
		t.Fatal(err)
	}
	if _, ok := n.Checkpoint(); ok {
		t.Error("the checkpoint is still there")
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "1")); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
	// It may be all that is left, so it stays until another one is published.
	for range 2 {
		if now := tables("1" + discardedSuffix); now < left {
			t.Errorf("what was given up is gone: %d of %d tables are left", now, left)
		}
		n = n.reopen()
	}
	n.checkpoint(m, 3, []uint64{1}, records(m)...) // as it would be after the log was applied again from its beginning
	if now := tables("1" + discardedSuffix); now > 0 {
		t.Errorf("%d tables of what was given up are still there", now)
	}
	n = n.reopen()
	n.expect(m)
	n.close()
}

// moreThanMemtables are new records, the first of which are in tables when the last are written.
func moreThanMemtables() (all []paxos.CheckpointRecord) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 8000 {
		all = append(all, set(1, fmt.Sprint("another ", i), randomBytes(r, 2000)))
	}
	return all
}

// damageTables damages all tables of a generation.
func damageTables(t *testing.T, dir string, generation int, damage func(string) error) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "state", fmt.Sprint(generation), "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal("nothing to damage", err)
	}
	for _, table := range tables {
		if err := damage(table); err != nil {
			t.Fatal(err)
		}
	}
}

// TestADamagedCheckpointIsWrittenAnew: damage that comes while it is in use is met by reading it. One that is written anew needs nothing of it,
// and until that is published the old one is the newest.
func TestADamagedCheckpointIsWrittenAnew(t *testing.T) {
	eachWay(t, testADamagedCheckpointIsWrittenAnew)
}

func testADamagedCheckpointIsWrittenAnew(t *testing.T) {
	dir, m := damageable(t)
	n := openNode(t, dir)
	damageTables(t, dir, 1, statetest.Overwritten.File)
	var damaged *Damaged
	if _, _, err := n.Read(2, nil, 4<<20); !errors.As(err, &damaged) || damaged.Slot != 2 {
		t.Fatalf("reading what is damaged: %v", err)
	}
	_, release, err := n.Hold(2) // as for a peer that was reading it
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Rewrite(2); err == nil {
		t.Error("a checkpoint of a slot that there is was begun anew")
	}
	if err := n.Rewrite(3); err != nil {
		t.Fatal(err)
	}
	if c, ok := n.Checkpoint(); !ok || c.Slot != 2 {
		t.Errorf("meanwhile the newest is %v, %v", c.Slot, ok)
	}
	n.checkpoint(m, 3, []uint64{1}, records(m)...)
	n.expect(m)
	n.checkpoint(m, 4, []uint64{1}, set(1, "after", "1"), gone(1, "key 7"))
	n.expect(m)
	if _, _, err := n.Read(2, nil, 4<<20); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
		t.Errorf("what is held: %v", err)
	}
	release()
	if _, err := os.Stat(filepath.Join(dir, "state", "1")); !os.IsNotExist(err) {
		t.Errorf("the damaged one is still there: %v", err)
	}
	n = n.reopen()
	n.expect(m)
	if err := n.Rewrite(5); err != nil {
		t.Fatal(err)
	}
	n.write(5, records(m)[:10]...)
	n = n.reopen() // what was not published is gone
	n.expect(m)
	n.close()
}

// TestDamageMetByACheckpointIsThatOfTheOneBefore, wherever it is met: that one is to be written anew. It may also be of what was just written, which
// cannot be told apart where both are merged.
func TestDamageMetByACheckpointIsThatOfTheOneBefore(t *testing.T) {
	eachWay(t, testDamageMetByACheckpointIsThatOfTheOneBefore)
}

func testDamageMetByACheckpointIsThatOfTheOneBefore(t *testing.T) {
	cases := map[string]func(t *testing.T, n *node, r []paxos.CheckpointRecord) error{
		"as it begins": func(t *testing.T, n *node, r []paxos.CheckpointRecord) error {
			n.write(3, r[:400]...)
			*n = *n.reopen() // it begins by undoing what was left half-written
			damageTables(t, n.dir, 1, statetest.Overwritten.File)
			return n.Write(3, nil)
		},
		"as it looks whether that was done": func(t *testing.T, n *node, _ []paxos.CheckpointRecord) error {
			n.write(3, set(1, "half", "written"))
			*n = *n.reopen()
			n.write(3)
			*n = *n.reopen() // there is a mark now, and little else in its table
			damageTables(t, n.dir, 1, edit(func(b []byte) []byte {
				for at := range b[:50] {
					b[at] ^= 0xff
				}
				return b
			}))
			return n.Write(3, nil)
		},
		"in a write": func(t *testing.T, n *node, r []paxos.CheckpointRecord) error {
			damageTables(t, n.dir, 1, statetest.Overwritten.File)
			return n.Write(3, r)
		},
		"as it is completed": func(t *testing.T, n *node, _ []paxos.CheckpointRecord) error {
			damageTables(t, n.dir, 1, statetest.Flipped.File)
			n.write(3)
			return n.Publish(paxos.Checkpoint{Slot: 3, Spaces: []uint64{1}})
		},
		"as it is read back": func(t *testing.T, n *node, _ []paxos.CheckpointRecord) error {
			n.write(3, moreThanMemtables()...)
			damageTables(t, n.dir, 1, statetest.Overwritten.File)
			return n.Publish(paxos.Checkpoint{Slot: 3, Spaces: []uint64{1}})
		},
	}
	for name, meet := range cases {
		t.Run(name, func(t *testing.T) {
			dir, m := damageable(t)
			n := openNode(t, dir).reopen() // now nothing of it is in a memtable
			err := meet(t, n, records(m))
			var damaged *Damaged
			if !errors.As(err, &damaged) || damaged.Slot != 2 || damaged.Where != filepath.Join(dir, "state", "1") {
				t.Fatalf("what is damaged: %v", err)
			}
			if c, ok := n.Checkpoint(); !ok || c.Slot != 2 {
				t.Errorf("the newest is %v, %v", c.Slot, ok)
			}
			if err := n.Rewrite(4); err != nil {
				t.Fatal(err)
			}
			n.checkpoint(m, 4, []uint64{1}, records(m)...)
			n = n.reopen()
			n.expect(m)
			n.close()
		})
	}
}

// TestDamageOfAWholeCheckpointIsItsOwn: nothing was read but what it wrote, and what was written before is as it was.
func TestDamageOfAWholeCheckpointIsItsOwn(t *testing.T) {
	dir, m := damageable(t)
	n := openNode(t, dir)
	if err := n.Rewrite(3); err != nil {
		t.Fatal(err)
	}
	n.write(3, moreThanMemtables()...)
	damageTables(t, dir, 2, statetest.Overwritten.File)
	if err := n.Publish(paxos.Checkpoint{Slot: 3, Spaces: []uint64{1}}); !errors.Is(err, errDamaged) || errors.Is(err, paxos.ErrDamagedCheckpoint) {
		t.Errorf("a whole checkpoint that cannot be read back: %v", err)
	}
	n = n.reopen()
	n.expect(m)
	n.close()
}

// TestACheckpointIsSetAsideThoughACrashCameFirst: the journal says that it was given up, and its directory has its name yet.
func TestACheckpointIsSetAsideThoughACrashCameFirst(t *testing.T) {
	dir, _ := damageable(t)
	n := openNode(t, dir)
	if err := n.ledger.Publish(journal.Published{Head: []byte("given up")}); err != nil {
		t.Fatal(err)
	}
	n = n.reopen()
	defer n.close()
	if _, err := os.Stat(filepath.Join(dir, "state", "1"+discardedSuffix, "MANIFEST")); err != nil {
		t.Error(err)
	}
	if _, ok := n.Checkpoint(); ok {
		t.Error("the checkpoint is still there")
	}
}

// TestADamagedCheckpointIsReplacedByAReceivedOne without being discarded first.
func TestADamagedCheckpointIsReplacedByAReceivedOne(t *testing.T) {
	dir, _ := damageable(t)
	if err := os.Remove(filepath.Join(dir, "state", "1", "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	n := openNode(t, dir)
	if err := n.Write(5, nil); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
		t.Errorf("a difference to what is damaged: %v", err)
	}
	if _, _, err := n.Hold(0); !errors.Is(err, paxos.ErrNoCheckpoint) {
		t.Errorf("held: %v", err)
	}
	peer, m := source(t)
	transfer(t, peer, n, 9)
	n.expect(m)
	if dirs, err := filepath.Glob(filepath.Join(dir, "state", "*")); err != nil || len(dirs) != 1 {
		t.Errorf("left: %v %v", dirs, err)
	}
	n = n.reopen()
	n.expect(m)
	n.close()
	peer.close()
}

func TestAnIntactCopyIsRead(t *testing.T) {
	dir, m := damageable(t)
	n := openNode(t, dir)
	n.expect(m)
	n.close()
}

// TestFilesThatACrashLeftEmpty are removed: Badger would refuse to open.
func TestFilesThatACrashLeftEmpty(t *testing.T) { eachWay(t, testFilesThatACrashLeftEmpty) }

func testFilesThatACrashLeftEmpty(t *testing.T) {
	dir, m := damageable(t)
	for _, name := range []string{"00077.mem", "000077.vlog", "000077.sst"} {
		if err := os.WriteFile(filepath.Join(dir, "state", "1", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := openNode(t, dir)
	n.expect(m)
	n.close()
}

func TestErrorsOfTheSystemAreNoDamage(t *testing.T) {
	for _, err := range []error{fmt.Errorf("while opening: %w", unix.EMFILE), fmt.Errorf("while opening err: %v", unix.ENOMEM), unix.EACCES} {
		if !isOfTheSystem(err) {
			t.Errorf("taken for damage: %v", err)
		}
	}
	for _, err := range []error{inconsistent("a byte"), unix.EIO, os.ErrNotExist} {
		if isOfTheSystem(err) {
			t.Errorf("not taken for damage: %v", err)
		}
	}
}
