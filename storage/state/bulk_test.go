package state

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// generationOf makes one that is closed when the test ends.
func generationOf(t *testing.T, s shape) *generation {
	t.Helper()
	g, err := makeGeneration(filepath.Join(t.TempDir(), "1"), 1, s, &Options{Logger: slog.New(slog.DiscardHandler), Key: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// entryOf is an entry whose key ends with a number.
func entryOf(number, size int) (key, value []byte) {
	return appendRecordKey(nil, 1, fmt.Appendf(nil, "%09d", number)), bytes.Repeat([]byte{byte(number)}, size)
}

// TestTablesThatAreFilledNeverEndByThemselves, whatever the entries are: Badger would answer an error with a panic.
func TestTablesThatAreFilledNeverEndByThemselves(t *testing.T) {
	eachWay(t, testTablesThatAreFilledNeverEndByThemselves)
}

func testTablesThatAreFilledNeverEndByThemselves(t *testing.T) {
	for name, sizes := range map[string][2]int{
		"many small": {0, 1}, "long keys": {maxInlineKey, 0}, "long keys and values": {maxInlineKey, pieceBytes}, "pieces": {10, pieceBytes}, "4 KiB blocks": {10, 4096},
	} {
		t.Run(name, func(t *testing.T) {
			g := generationOf(t, small())
			streams := uint32(0)
			err := g.load(func(b *bulk) error {
				for i := 0; b.stream < 3; i++ {
					key := appendRecordKey(nil, 1, fmt.Appendf(nil, "%09d%s", i, bytes.Repeat([]byte("k"), max(0, sizes[0]-9))))
					if err := b.add(key, 0, make([]byte, sizes[1]), 7); err != nil {
						return err
					}
				}
				streams = b.stream
				return nil
			})
			if tables := g.db.Tables(); err != nil || len(tables) != int(streams) {
				t.Errorf("%d tables of %d streams: %v", len(tables), streams, err)
			}
		})
	}
}

func TestKeysThatDoNotAscendAreNotFilledIn(t *testing.T) {
	for _, second := range []int{4, 5} {
		g := generationOf(t, small())
		err := g.load(func(b *bulk) error {
			for _, number := range []int{1, 5, second} {
				key, value := entryOf(number, 10)
				if err := b.add(key, 0, value, 1); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, errDamaged) {
			t.Errorf("%d after 5: %v", second, err)
		}
	}
}

// TestAGenerationIsFilledUpInSteps: each goes on where the one before stopped or before, and what is there twice counts once.
func TestAGenerationIsFilledUpInSteps(t *testing.T) {
	g := generationOf(t, small())
	const count, steps = 20_000, 4
	for step := range steps {
		from := max(0, step*count/steps-100)
		if err := g.load(func(b *bulk) error {
			for number := from; number < (step+1)*count/steps; number++ {
				key, value := entryOf(number, 500)
				if err := b.add(key, 0, value, 1); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	s := g.scan(view{attempt: 1}, nil)
	defer s.close()
	number := 0
	item, err := s.next()
	for ; err == nil && item != nil; item, err = s.next() {
		key, value := entryOf(number, 500)
		got, err := item.ValueCopy(nil)
		if err != nil || !bytes.Equal(item.Key(), key) || !bytes.Equal(got, value) {
			t.Fatalf("entry %d is %q: %v", number, item.Key(), err)
		}
		number++
	}
	if number != count || err != nil {
		t.Errorf("%d entries: %v", number, err)
	}
}

func TestTooManyInterruptionsStartAnew(t *testing.T) {
	g := generationOf(t, small())
	for step := range 10 {
		err := g.load(func(b *bulk) error {
			key, value := entryOf(step, 10)
			return b.add(key, 0, value, 1)
		})
		if err != nil {
			if step < 4 {
				t.Errorf("step %d: %v", step, err)
			}
			return
		}
	}
	t.Error("tables were put beside those of memtables")
}

// TestWhatIsResumedIsOnStableStorage: the cursor names the first entry that is not in a table of the MANIFEST, or an earlier one.
func TestWhatIsResumedIsOnStableStorage(t *testing.T) {
	g := generationOf(t, small())
	b, err := g.bulk()
	if err != nil {
		t.Fatal(err)
	}
	if cursor, err := b.resumable(); cursor != nil || err != nil {
		t.Errorf("of nothing: %q %v", cursor, err)
	}
	number := 0
	for ; len(b.marks) < 3; number++ {
		key, value := entryOf(number, 1000)
		if err := b.add(key, 0, value, 1); err != nil {
			t.Fatal(err)
		}
	}
	next, _ := entryOf(number, 0)
	b.follow(next)
	ends := map[string][]byte{}
	for _, m := range b.marks {
		ends[string(m.last)] = m.cursor
	}
	if err := b.finish(); err != nil {
		t.Fatal(err)
	}
	cursor, err := b.resumable()
	if err != nil || !bytes.Equal(cursor, next) || len(b.marks) != 0 {
		t.Errorf("it goes on at %q: %v", cursor, err)
	}
	for last, cursor := range ends {
		if bytes.Compare(cursor, []byte(last)) <= 0 {
			t.Errorf("after %q it goes on at %q", last, cursor)
		}
	}
}

// TestTheShapeIsRemembered, and a generation that a crash left opens with memtables that are large enough.
func TestTheShapeIsRemembered(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	m := make(model)
	r := rand.New(rand.NewPCG(3, 3))
	n.checkpoint(m, 1, []uint64{1}, set(1, "a", randomBytes(r, largeBytes)))
	n.checkpoint(m, 2, []uint64{1}, set(1, "b", randomBytes(r, int(small().memtableBytes)+1<<20))) // more than a small memtable takes
	crashed := filepath.Join(t.TempDir(), "copy")
	copyAsOfOneMoment(t, dir, crashed)
	n.close()
	file := filepath.Join(crashed, "state", "1", shapeName)
	for _, change := range []func() error{
		func() error { return nil },
		func() error { return os.WriteFile(file, []byte("1small"), 0o600) },
		func() error { return os.Remove(file) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := os.CopyFS(again, os.DirFS(crashed)); err != nil {
			t.Fatal(err)
		}
		n := openNode(t, again)
		if i, err := n.newestImage(); err != nil || i.g.shape != large() {
			t.Errorf("%v: %v", i, err)
		}
		n.expect(m)
		n.close()
	}
}

func TestTheShapeFollowsTheSize(t *testing.T) {
	n := openNode(t, t.TempDir())
	m := make(model)
	r := rand.New(rand.NewPCG(3, 4))
	shapeOf := func(n *node) shape {
		t.Helper()
		i, err := n.newestImage()
		if err != nil {
			t.Fatal(err)
		}
		return i.g.shape
	}
	n.checkpoint(m, 1, []uint64{1}, set(1, "a", "small"))
	if s := shapeOf(n); s != small() {
		t.Errorf("a small state is %v", s)
	}
	n.checkpoint(m, 2, []uint64{1}, set(1, "b", randomBytes(r, outgrownBytes)))
	if s := shapeOf(n); s != large() {
		t.Errorf("one that has grown is %v", s)
	}
	to := openNode(t, t.TempDir())
	transfer(t, n, to, 2)
	if s := shapeOf(to); s != large() {
		t.Errorf("a large one that was received is %v", s)
	}
	n.checkpoint(m, 3, []uint64{1}, set(1, "b", "small now"))
	n = n.reopen()
	n.expect(m) // which tells what is live
	n.checkpoint(m, 4, []uint64{1}, set(1, "c", "small"))
	if s := shapeOf(n); s != small() {
		t.Errorf("one that has shrunk is %v", s)
	}
	transfer(t, n, to, 4)
	if s := shapeOf(to); s != small() {
		t.Errorf("a small one that was received is %v", s)
	}
	to = to.reopen()
	to.expect(m)
	to.close()
	n.close()
}

func TestPartsMustFollowEachOther(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	c, _ := from.Checkpoint()
	parts, nexts := from.parts(9, 0, 50_000)
	if _, err := to.BeginReceive(c); err != nil {
		t.Fatal(err)
	}
	for i := range parts {
		if i > 0 {
			if err := to.Receive(parts[i-1], nexts[i-1]); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
				t.Fatalf("part %d once more: %v", i-1, err)
			}
			if err := to.Receive(parts[i], nexts[i-1]); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
				t.Fatalf("part %d that leads back: %v", i, err)
			}
		}
		if err := to.Receive(parts[i], nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Receive(parts[0], nexts[0]); err == nil || errors.Is(err, paxos.ErrDamagedCheckpoint) {
		t.Errorf("after the last one: %v", err)
	}
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	to.expect(m)
	to.close()
	from.close()
}
