package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/paxredis/paxredis/replication/paxos"
)

func records(m model) (all []paxos.CheckpointRecord) {
	for id, value := range m {
		all = append(all, set(id.space, id.key, value))
	}
	return all
}

// transfer sends a checkpoint from one node to another.
func transfer(t testing.TB, from, to *node, slot paxos.Slot) {
	t.Helper()
	c, release, err := from.Hold(slot)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	cursor, err := to.BeginReceive(c)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, next, err := from.Read(c.Slot, cursor, 50_000)
		if err == nil {
			err = to.Receive(data, next)
		}
		if err != nil {
			t.Fatal(err)
		}
		if cursor = next; len(next) == 0 {
			break
		}
	}
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
}

// source is a node with a checkpoint of two spaces.
func source(t testing.TB) (*node, model) {
	n := openNode(t, t.TempDir())
	m := make(model)
	r := rand.New(rand.NewPCG(8, 8))
	var all []paxos.CheckpointRecord
	for i := range 300 {
		all = append(all, set(1+uint64(i%2), fmt.Sprint("key ", i), randomBytes(r, r.IntN(3000))))
	}
	all = append(all, set(2, strings.Repeat("long key", 20_000), randomBytes(r, 300_000)), set(1, "large", randomBytes(r, 500_000)))
	n.checkpoint(m, 5, []uint64{1, 2}, all...)
	n.checkpoint(m, 9, []uint64{1, 2}, gone(1, "key 0"), set(1, "key 2", ""))
	return n, m
}

func TestAReceivedCheckpointReplacesAllOthers(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	own := make(model)
	to.checkpoint(own, 3, []uint64{1}, set(1, "own", "1"))
	to.write(4, set(1, "half", "written"))
	transfer(t, from, to, 9)
	to.expect(m)
	if err := to.Write(9, nil); err == nil {
		t.Error("a checkpoint of the same slot can be written")
	}
	to = to.reopen()
	to.expect(m)
	if dirs, err := filepath.Glob(filepath.Join(to.Checkpoints.dir, "*")); err != nil || len(dirs) != 1 {
		t.Errorf("left: %v %v", dirs, err)
	}
	to.checkpoint(m, 12, []uint64{1, 2}, set(1, "large", "small now"), gone(2, "key 1"))
	to.expect(m)
	to = to.reopen()
	to.expect(m)
	same(t, to.readAs(12), m)
	to.close()
	from.close()
}

func TestAReceptionIsResumed(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	c, _ := from.Checkpoint()
	parts, nexts := from.parts(9, 0, 50_000)
	if _, err := to.BeginReceive(c); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := to.Receive(parts[i], nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	cursor, err := to.BeginReceive(c)
	if err != nil || !bytes.Equal(cursor, nexts[3]) {
		t.Fatalf("in the same process it goes on at %q: %v", cursor, err)
	}
	for i := range 2 {
		if err := to.Receive(parts[4+i], nexts[4+i]); err != nil {
			t.Fatal(err)
		}
	}
	to = to.reopen()
	if cursor, err = to.BeginReceive(c); err != nil || !bytes.Equal(cursor, nexts[5]) {
		t.Fatalf("in the next process it goes on at %q: %v", cursor, err)
	}
	if err := to.FinishReceive(); err == nil || errors.Is(err, paxos.ErrDamagedCheckpoint) {
		t.Errorf("a reception that is not complete: %v", err)
	}
	for i := 6; i < len(parts); i++ {
		if err := to.Receive(parts[i], nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	to.expect(m)
	to.close()
	from.close()
}

func TestAnotherReceptionStartsAnew(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	newest, _ := from.Checkpoint()
	older, release, err := from.Hold(5)
	if err != nil {
		t.Fatal(err)
	}
	release()
	parts, nexts := from.parts(5, 0, 50_000)
	if _, err := to.BeginReceive(older); err != nil {
		t.Fatal(err)
	}
	if err := to.Receive(parts[0], nexts[0]); err != nil {
		t.Fatal(err)
	}
	to = to.reopen()
	if cursor, err := to.BeginReceive(newest); err != nil || len(cursor) > 0 {
		t.Fatalf("it goes on at %q: %v", cursor, err)
	}
	if dirs, err := filepath.Glob(filepath.Join(to.Checkpoints.dir, "[0-9]*")); err != nil || len(dirs) != 1 {
		t.Errorf("there are: %v %v", dirs, err)
	}
	transfer(t, from, to, 9)
	to.expect(m)
	to.close()
	from.close()
}

func TestADamagedPartIsRefusedAndMayBeSentAgain(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	c, _ := from.Checkpoint()
	if _, err := to.BeginReceive(c); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	parts, nexts := from.parts(9, 0, 50_000)
	for i, data := range parts {
		for range 20 {
			bad := bytes.Clone(data)
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			for _, bad := range [][]byte{bad, data[:r.IntN(len(data))]} {
				if err := to.Receive(bad, nexts[i]); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
					t.Fatalf("a damaged part: %v", err)
				}
			}
		}
		if err := to.Receive(data, nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	to.expect(m)
	to.close()
	from.close()
}

func TestAReceptionThatLacksAPartIsDropped(t *testing.T) {
	from, m := source(t)
	to := openNode(t, t.TempDir())
	own := make(model)
	to.checkpoint(own, 3, []uint64{1}, set(1, "own", "1"))
	c, _ := from.Checkpoint()
	parts, nexts := from.parts(9, 0, 50_000)
	for missing := range parts[:len(parts)-1] {
		if cursor, err := to.BeginReceive(c); err != nil || len(cursor) > 0 {
			t.Fatal(cursor, err)
		}
		for i := range parts {
			if i == missing {
				continue
			}
			if err := to.Receive(parts[i], nexts[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := to.FinishReceive(); !errors.Is(err, paxos.ErrDamagedCheckpoint) {
			t.Fatalf("without part %d: %v", missing, err)
		}
	}
	to.expect(own)
	if dirs, err := filepath.Glob(filepath.Join(to.Checkpoints.dir, "*")); err != nil || len(dirs) != 1 {
		t.Errorf("left: %v %v", dirs, err)
	}
	transfer(t, from, to, 9)
	to.expect(m)
	to.close()
	from.close()
}

// TestABackupIsRestored: a full one, and incremental ones on top, of other spaces too.
func TestABackupIsRestored(t *testing.T) {
	from, m := source(t)
	full, nexts := from.parts(9, 0, 50_000)
	head, _ := from.Checkpoint()
	from.checkpoint(m, 11, []uint64{1, 2, 3}, gone(2, strings.Repeat("long key", 20_000)), set(1, "large", strings.Repeat("now shorter", 10_000)), set(3, "new", "3"))
	first, _ := from.parts(11, 9, 20_000)
	m.drop(2)
	from.checkpoint(m, 15, []uint64{1, 3}, set(1, "key 0", "back"), set(1, "large", ""), gone(1, "key 4"))
	second, _ := from.parts(15, 11, 20_000)
	last, _ := from.Checkpoint()

	to := openNode(t, t.TempDir())
	if _, err := to.BeginReceive(head); err != nil {
		t.Fatal(err)
	}
	for i := range full {
		if err := to.Receive(full[i], nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, data := range append(first, second...) {
		if err := to.ApplyChanges(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.SetHead(last); err != nil {
		t.Fatal(err)
	}
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	to.expect(m)
	to = to.reopen()
	to.expect(m)
	to.checkpoint(m, 20, []uint64{1, 3}, set(3, "and", "on"))
	to.expect(m)
	if _, _, err := to.ReadChanges(20, 11, nil, 1000); !errors.Is(err, paxos.ErrNoCheckpoint) {
		t.Errorf("changes since a checkpoint that was not restored: %v", err)
	}
	to.close()
	from.close()
}

func TestTallyCountsWhatDecodePartGives(t *testing.T) {
	from, m := source(t)
	c, _ := from.Checkpoint()
	parts, _ := from.parts(9, 0, 50_000)
	var tally Tally
	for _, data := range parts {
		if err := DecodePart(data, tally.Add); err != nil {
			t.Fatal(err)
		}
	}
	if err := tally.End(); err != nil || tally.Count != c.Count || tally.Sum != c.Sum || tally.Count != uint64(len(m)) {
		t.Errorf("%d records, sum %x, of %d, %x: %v", tally.Count, tally.Sum, c.Count, c.Sum, err)
	}
	from.close()
}

func TestChangesAreKnownForALimitedTime(t *testing.T) {
	n := openNode(t, t.TempDir())
	m := make(model)
	states := map[paxos.Slot]model{}
	for slot := paxos.Slot(10); slot <= 50; slot += 10 {
		n.checkpoint(m, slot, []uint64{1}, set(1, "counter", slot.String()), set(1, "k"+slot.String(), "v"), gone(1, "k"+(slot-10).String()))
		states[slot] = maps.Clone(m)
	}
	for since, state := range states {
		parts, _ := n.parts(50, since, 100)
		same(t, assemble(t, maps.Clone(state), parts), m)
		if since < 50 {
			parts, _ = n.parts(50, since+5, 100) // what is not a checkpoint's slot is rounded down
			same(t, assemble(t, maps.Clone(state), parts), m)
		}
	}
	for _, since := range []paxos.Slot{1, 9, 51} {
		if _, _, err := n.ReadChanges(50, since, nil, 100); !errors.Is(err, paxos.ErrNoCheckpoint) {
			t.Errorf("changes since %v: %v", since, err)
		}
	}
	n.close()
}

func TestHeldCheckpointsStayReadable(t *testing.T) {
	n := openNode(t, t.TempDir())
	m := make(model)
	n.checkpoint(m, 10, []uint64{1}, set(1, "a", "10"), set(1, "b", "10"))
	at10 := maps.Clone(m)
	c, release, err := n.Hold(0)
	if err != nil || c.Slot != 10 {
		t.Fatal(c, err)
	}
	for slot := paxos.Slot(20); slot <= 60; slot += 10 {
		n.checkpoint(m, slot, []uint64{1}, set(1, "a", slot.String()))
		if slot == 40 {
			i, err := n.newestImage()
			if err != nil || n.renew(i) != nil {
				t.Fatal("cannot be renewed", err)
			}
		}
	}
	same(t, n.readAs(10), at10)
	same(t, n.readAs(60), m)
	for _, slot := range []paxos.Slot{20, 40, 1000} {
		if _, _, err := n.Hold(slot); !errors.Is(err, paxos.ErrNoCheckpoint) {
			t.Errorf("slot %v: %v", slot, err)
		}
	}
	if dirs, _ := filepath.Glob(filepath.Join(n.Checkpoints.dir, "*")); len(dirs) != 2 {
		t.Errorf("while it is held: %v", dirs)
	}
	release()
	release()
	if _, _, err := n.Read(10, nil, 100); !errors.Is(err, paxos.ErrNoCheckpoint) {
		t.Errorf("after its release: %v", err)
	}
	if dirs, _ := filepath.Glob(filepath.Join(n.Checkpoints.dir, "*")); len(dirs) != 1 {
		t.Errorf("after the release: %v", dirs)
	}
	same(t, n.readAs(50), n.readAs(50))
	n.close()
}

func TestCloseEndsALoad(t *testing.T) {
	from, _ := source(t)
	next, done, err := from.Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := next(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	from.close()
	if _, ok, err := next(); ok || !errors.Is(err, ErrClosed) {
		t.Error(ok, err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(from.Checkpoints.dir); err != nil {
		t.Error(err)
	}
}

func TestAPublishedCheckpointMustHaveWhatItsHeadSays(t *testing.T) {
	n := openNode(t, t.TempDir())
	m := make(model)
	n.write(1, set(1, "a", "1"))
	m.apply(set(1, "a", "1"), set(1, "b", "2"))
	if err := n.Publish(m.head(1, 1)); err == nil {
		t.Error("a record is missing, and nobody noticed")
	}
	if _, ok := n.Checkpoint(); ok {
		t.Error("it is published")
	}
	n.close()
}

// A part that a later release made is none that another try, or another peer of the same release, would make better.
func TestAPartOfALaterReleaseIsNotDamage(t *testing.T) {
	var c codec
	data, err := c.encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	body := data[:len(data)-checksum64]
	for format, later := range map[byte]bool{partFormat + 1: true, partFormat - 1: false} {
		body[0] = format
		_, err := c.decode(binary.BigEndian.AppendUint64(bytes.Clone(body), xxhash.Sum64(body)), nil, nil)
		if errors.Is(err, paxos.ErrNewerFormat) != later || errors.Is(err, paxos.ErrDamagedCheckpoint) == later {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
