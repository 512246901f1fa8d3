package statemachine

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// accountant adds up what blocks take.
type accountant struct {
	memory *arena.Arena
	bytes  int
}

// block adds one of a class.
func (a *accountant) block(p unsafe.Pointer, c arena.Class) { a.bytes += a.memory.BlockSize(p, c) }

func (a *accountant) object(o *Object) {
	a.block(unsafe.Pointer(o), o.own)
	if o.class != within {
		a.block(o.data, o.class)
	}
}

func (a *accountant) dict(d *dict) {
	for _, table := range d.tables {
		if table != nil {
			a.block(unsafe.Pointer(unsafe.SliceData(table)), arena.ClassOf(len(table)*int(unsafe.Sizeof(table[0]))))
		}
	}
}

func addBlocks[T any](a *accountant, l *blockList[T]) {
	for _, b := range l.blocks {
		if b != nil {
			a.block(unsafe.Pointer(b), arena.ClassOf(int(unsafe.Sizeof(*b))))
		}
	}
}

// changes adds a list with the objects that only it still has. seen keeps those of two lists from being counted twice.
func (a *accountant) changes(c *changes, from int, seen map[*Object]bool) {
	addBlocks(a, &c.blockList)
	for i := from; i < c.used; i++ {
		if o := *c.at(i); o.marks&markGone != 0 && !seen[o] {
			seen[o] = true
			a.object(o)
		}
	}
}

// needed is what all that is in a space needs.
func (s *space) needed() int {
	a := &accountant{memory: s.memory}
	seen := make(map[*Object]bool)
	add := func(o *Object) bool { a.object(o); return true }
	s.dict.each(add)
	a.dict(&s.dict)
	s.removed.each(add)
	a.dict(&s.removed)
	addBlocks(a, &s.times.items)
	a.changes(&s.changed, 0, seen)
	if f := s.frozen; f != nil {
		a.changes(&f.changed, f.next*boolInt(!f.deleting), seen)
		a.dict(&f.removed)
		for i, end := f.next*boolInt(f.deleting), len(f.removed.tables[0])+len(f.removed.tables[1]); i < end; i++ {
			visitChain(f.removed.bucket(i), func(o *Object) { a.object(o) })
		}
		visitChain(f.chain, func(o *Object) { a.object(o) })
	}
	return a.bytes
}

// rankings are the bytes that those of the sorted sets need whose parts are in the space, those included that are left.
func (db *database) rankings(s *space) int {
	if s != db.parts {
		return 0
	}
	a := &accountant{memory: s.memory}
	add := func(x index) {
		if ranked, ok := x.(*rankedIndex); ok {
			for block := range ranked.ranking.tree.all() {
				a.object(block)
			}
		}
	}
	for _, x := range db.indexes {
		add(x)
	}
	for _, left := range s.leftovers.queue {
		add(left.index)
	}
	if s.frozen != nil {
		for _, left := range s.frozen.leftovers.queue {
			add(left.index)
		}
	}
	return a.bytes
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// checkMemory compares what is in use with what is needed.
func checkMemory(t testing.TB, m *Machine, after string) {
	t.Helper()
	needed := 0
	for i := range m.ks.databases {
		for _, s := range m.ks.databases[i].spaces() {
			if n := s.needed() + m.ks.databases[i].rankings(s); n != s.memory.InUse() {
				t.Fatalf("after %s: %d bytes of space %d are in use, and %d are needed", after, s.memory.InUse(), s.id, n)
			}
			needed += s.memory.InUse()
		}
	}
	if m.checkpoint != nil {
		for _, f := range m.checkpoint.spaces {
			if f.space.dropped {
				needed += f.space.memory.InUse()
			}
		}
	}
	if u := m.Memory(); u.InUse != needed || u.Mapped < needed {
		t.Fatalf("after %s: %+v, and the spaces have %d bytes", after, u, needed)
	}
}

// TestMemoryIsWhatTheObjectsNeed: after any commands, with values of all sizes and beside checkpoints at any stage, with flushes, expiry, restores
// and resets, there is as much memory in use as what is there needs: nothing is forgotten, and nothing freed twice.
func TestMemoryIsWhatTheObjectsNeed(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 8))
		h := newHarnessWith(t, Config{MaxStringBytes: 1 << 20})
		c := newCheckpointer(t, h.m)
		h.retention = 300
		for range 1500 {
			h.db = rng.IntN(3)
			h.now += rng.Int64N(20)
			switch rng.IntN(100) {
			case 0:
				h.do("FLUSHDB")
			case 1:
				if rng.IntN(4) == 0 {
					h.do("FLUSHALL")
				}
			case 2, 3, 4:
				value := strings.Repeat("v", 1<<rng.IntN(19))
				h.do("SET " + randomKey(rng) + " " + value)
			case 5:
				h.do("APPEND " + randomKey(rng) + " " + strings.Repeat("a", 1<<rng.IntN(12)))
			default:
				h.apply(1, AppendCommand(nil, h.db, randomWrite(rng)))
			}
			checkpointStep(rng, c)
			checkMemory(t, h.m, "commands")
		}
		finishRunning(c)
		checkMemory(t, h.m, "a checkpoint")
		if restored := c.store.restore(t, Config{}); restored != nil {
			checkMemory(t, restored, "a restore")
		}
		if err := c.store.restoreInto(h.m); err != nil {
			t.Fatal(err)
		}
		checkMemory(t, h.m, "a restore in the place of another state")
		c.freeze()
		h.do("SET a b")
		h.m.Reset()
		if u := h.m.Memory(); u != (Memory{}) {
			t.Fatalf("%+v is left after a reset", u)
		}
		h.do("SET a b")
		checkMemory(t, h.m, "a command after a reset")
	}
}

// checkpointStep begins, continues or ends a checkpoint, or does nothing.
func checkpointStep(rng *rand.Rand, c *checkpointer) {
	switch n := rng.IntN(20); {
	case c.running == nil && n == 0:
		c.freeze()
	case c.running != nil && n < 4:
		c.next(1 + rng.IntN(200))
	case c.running != nil && n == 4:
		finishRunning(c)
	}
}

func finishRunning(c *checkpointer) {
	if c.running == nil {
		c.freeze()
	}
	for c.next(1000) {
		continue
	}
	c.finish()
}

// TestAFlushGivesItsMemoryBack: at once, or at the end of a checkpoint that needs it.
func TestAFlushGivesItsMemoryBack(t *testing.T) {
	for _, during := range []bool{false, true} {
		h := newHarness(t)
		fill(h.m, 20_000, 200)
		c := newCheckpointer(t, h.m)
		if during {
			c.freeze()
		}
		before := h.m.Memory()
		h.expect("FLUSHALL", "OK")
		if during {
			if u := h.m.Memory(); u.InUse < before.InUse {
				t.Fatalf("%+v is left of %+v while a checkpoint needs it", u, before)
			}
			finishRunning(c)
		}
		for range 2 {
			h.tick(1)
		}
		if u := h.m.Memory(); u.InUse > 10_000 || u.Mapped >= before.Mapped/2 {
			t.Fatalf("%+v is left of %+v", u, before)
		}
	}
}

// TestALargeFlushIsGivenBackWithoutCommands: by Reclaim, beside readers.
func TestALargeFlushIsGivenBackWithoutCommands(t *testing.T) {
	h := newHarness(t)
	for i := range 40 {
		h.do("SET key:" + string(rune('A'+i)) + " " + strings.Repeat("v", 2<<20))
	}
	h.expect("FLUSHALL", "OK")
	if !h.m.Reclaimable() {
		t.Fatalf("80 MiB were given back at once: %+v", h.m.Memory())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for h.m.Reclaim() {
			continue
		}
	}()
	h.read(h.now, "DBSIZE")
	<-done
	if u := h.m.Memory(); h.m.Reclaimable() || u.Mapped > 4<<20 {
		t.Fatalf("%+v is left", u)
	}
}

// TestRandomSizesOfValues: values that grow and shrink in every way through all sizes keep their bytes.
func TestRandomSizesOfValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	s := newSpace(1, hasher{}, newArena(t))
	o := newObject(s.memory, KindString, []byte("the key"), nil)
	s.insert(1, o)
	var want []byte
	for range 3000 {
		text := []byte(strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN(1<<rng.IntN(18))))
		switch rng.IntN(5) {
		case 0:
			s.edit(o).append(text)
			want = append(want, text...)
		case 1:
			s.edit(o).extend(len(text))
			want = append(want, make([]byte, max(0, len(text)-len(want)))...)
		case 2:
			part := rng.IntN(len(want) + 1)
			s.edit(o).setString(o.str()[part:])
			want = append([]byte(nil), want[part:]...)
		case 3:
			s.edit(o).append(o.str()[:len(want)/2])
			want = append(want, want[:len(want)/2]...)
		default:
			s.edit(o).setString(text)
			want = append([]byte(nil), text...)
		}
		if len(want) > 1<<20 {
			want = want[:10]
			s.edit(o).setString(want)
		}
		if string(o.str()) != string(want) || string(o.key()) != "the key" {
			t.Fatalf("a value of %d bytes is not what was written", len(want))
		}
		if n := s.needed(); n != s.memory.InUse() {
			t.Fatalf("%d bytes are in use for a value of %d, and %d are needed", s.memory.InUse(), len(want), n)
		}
	}
}
