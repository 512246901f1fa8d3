package statemachine

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// zsetModel is a sorted set beside a sorted slice of what must be in it.
type zsetModel struct {
	t    *testing.T
	ks   *keyspace
	e    entry
	want []ranked
}

func newZSetModel(t *testing.T) *zsetModel {
	ks := newKeyspace(hasher{1, 2})
	e := ks.entry(&ks.databases[0], []byte("key"))
	ks.collection(&e, KindZSet)
	return &zsetModel{t: t, ks: ks, e: e}
}

func (m *zsetModel) open() *sortedSet { return &sortedSet{m.ks.elements(m.e.db, m.e.object)} }

func (m *zsetModel) put(member []byte, score float64) {
	z := m.open()
	if e, ok := z.find(member); ok {
		z.move(e, member, score)
	} else {
		z.add(member, score)
	}
	m.forget(member)
	at, _ := slices.BinarySearchFunc(m.want, ranked{member, score}, func(a, b ranked) int {
		return compareRanked(a.score, a.member, b.score, b.member)
	})
	m.want = slices.Insert(m.want, at, ranked{member, score})
}

func (m *zsetModel) forget(member []byte) {
	m.want = slices.DeleteFunc(m.want, func(r ranked) bool { return bytes.Equal(r.member, member) })
}

func (m *zsetModel) take(member []byte) {
	m.t.Helper()
	before := len(m.want)
	m.forget(member)
	if taken := m.open().take(member); taken != (len(m.want) < before) {
		m.t.Fatalf("take(%q) says %v", member, taken)
	}
}

// verify compares all that a sorted set tells with the slice.
func (m *zsetModel) verify(rng *rand.Rand) {
	m.t.Helper()
	z := m.open()
	if z.len() != len(m.want) {
		m.t.Fatalf("len is %d, not %d", z.len(), len(m.want))
	}
	for rank, r := range m.want {
		e, ok := z.find(r.member)
		if !ok || e.score() != r.score {
			m.t.Fatalf("%q has score %v, found: %v, not %v", r.member, e.score(), ok, r.score)
		}
		if got := z.rank(r.member, r.score); got != rank {
			m.t.Fatalf("%q has rank %d, not %d", r.member, got, rank)
		}
	}
	for range 20 {
		m.verifyRange(rng, z)
	}
	if r := z.ranking(); r != nil {
		blocks := 0
		for part := range r.tree.all() {
			b := block{part, 0}
			if blocks++; b.isOver() || b.count() == 0 {
				m.t.Fatalf("a block of the ranking has %d elements in %d bytes", b.count(), b.bytes())
			}
		}
		if blocks > 8+len(m.want)/8 {
			m.t.Fatalf("%d blocks rank %d members", blocks, len(m.want))
		}
	}
}

// verifyRange compares a range in both directions.
func (m *zsetModel) verifyRange(rng *rand.Rand, z *sortedSet) {
	m.t.Helper()
	if len(m.want) == 0 {
		return
	}
	from := rng.IntN(len(m.want))
	n := rng.IntN(len(m.want) - from + 1)
	low, high := m.want[from].score, m.want[max(from, from+n-1)].score
	inside := memberRange{below: func(e element) bool { return e.score() < low }, above: func(e element) bool { return e.score() > high }}
	first, end := z.span(inside, false)
	for i, r := range m.want {
		if in := r.score >= low && r.score <= high; in != (i >= first && i < end) {
			m.t.Fatalf("the range from %v to %v has the ranks from %d to %d, rank %d has score %v", low, high, first, end, i, r.score)
		}
	}
	rank := from
	z.walk(from, n, false, func(e element) bool {
		if w := m.want[rank]; !bytes.Equal(e.name, w.member) || e.score() != w.score {
			m.t.Fatalf("upwards, rank %d is %q", rank, e.name)
		}
		rank++
		return true
	})
	if rank != from+n {
		m.t.Fatalf("%d elements were visited of %d", rank-from, n)
	}
	z.walk(from+n-1, n, true, func(e element) bool {
		if rank--; !bytes.Equal(e.name, m.want[rank].member) {
			m.t.Fatalf("downwards, rank %d is %q", rank, e.name)
		}
		return true
	})
	if rank != from {
		m.t.Fatalf("downwards, %d elements were visited of %d", from+n-rank, n)
	}
}

// TestSortedSetsAgainstASlice makes sorted sets grow to many parts and shrink again, with members of all sizes whose scores come by chance, in
// order, and all the same; now and then the ranking is made anew, as after a restart.
func TestSortedSetsAgainstASlice(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 13))
		m := newZSetModel(t)
		large := 0
		for step := range 3000 {
			member := fmt.Appendf(nil, "m%d", rng.IntN(1200))
			if rng.IntN(200) == 0 {
				member = append(member, bytes.Repeat([]byte{'x'}, rng.IntN(2*blockBytes))...)
			}
			score := []float64{float64(rng.IntN(100)), float64(step), 1, rng.NormFloat64()}[seed%4]
			if grow := step < 1500; (rng.IntN(4) == 0) == grow {
				m.take(member)
			} else {
				m.put(member, score)
			}
			large = max(large, m.e.db.parts.len())
			if step%250 == 0 {
				m.verify(rng)
			}
			if step%700 == 699 {
				m.relink()
				m.verify(rng)
			}
		}
		for len(m.want) > 0 {
			m.take(m.want[rng.IntN(len(m.want))].member)
		}
		m.verify(rng)
		if m.e.object.inParts() || large < 8 || len(m.e.db.indexes) != 0 {
			t.Errorf("in parts in the end: %v; parts at most: %d", m.e.object.inParts(), large)
		}
	}
}

// relink makes the index of a sorted set in parts from them alone.
func (m *zsetModel) relink() {
	if m.e.object.inParts() {
		if err := m.ks.linkParts(m.e.db); err != nil {
			m.t.Fatal(err)
		}
	}
}

// TestARangeByMembersOfUnequalScoresIsTheLowerOrTheUpperEnd: where the order does not say what a range is, it is what Redis makes of it.
func TestARangeByMembersOfUnequalScoresIsTheLowerOrTheUpperEnd(t *testing.T) {
	script(t, newHarness(t), `
		ZADD z 1 b 2 a 3 c 4 b2 5 d => :5
		ZRANGEBYLEX z [b [c => *4 "b" "a" "c" "b2"
		ZREVRANGEBYLEX z [c [b => *2 "b2" "c"
		ZREVRANGEBYLEX z [d [b => *3 "d" "b2" "c"
		ZLEXCOUNT z [b + => :5
		ZRANGEBYLEX z - [a => *0`)
}

// TestMinusZeroIsZeroWhileTheSetIsCompact as in Redis, whose compact encoding keeps integers.
func TestMinusZeroIsZeroWhileTheSetIsCompact(t *testing.T) {
	long := string(bytes.Repeat([]byte{'x'}, zsetCompactBytes+1))
	script(t, newHarness(t), `
		ZADD z -0 a => :1
		ZSCORE z a => "0"
		OBJECT ENCODING z => "listpack"
		ZADD z 1 `+long+` => :1
		OBJECT ENCODING z => "skiplist"
		ZADD z -0 b -0 a => :1
		ZMSCORE z a b => *2 "0" "-0"
		ZSCAN z 0 MATCH b => *2 "0" *2 "b" "-0"
		ZADD z 0.1 b => :0
		ZSCAN z 0 MATCH b => *2 "0" *2 "b" "0.10000000000000001"`)
}

func TestParseDoubleReadsWhatStrtodReads(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "-1.5": -1.5, "+2": 2, "1e3": 1000, "1E-2": 0.01, ".5": 0.5, "5.": 5, "0x10": 16, "0x1p-2": 0.25, "0X.8": 0.5, "-0xFf": -255,
		"inf": math.Inf(1), "-INFINITY": math.Inf(-1), "+Inf": math.Inf(1), "4.9e-324": 5e-324, "2.4703282292062328e-324": 5e-324, "0e999": 0,
	} {
		if got, ok := parseDouble([]byte(text)); !ok || got != want {
			t.Errorf("%q is %v, %v, not %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", " 1", "1 ", "nan", "-nan", "abc", "1e", "1e+", "0x", "0x.", "1_0", "0x_1p0", "0b1", "--1", ".", "1.2.3", "infin",
		"1e400", "-1e400", "1e-400", "1\x00", "0x1p99999", "1p3", "١"} {
		if got, ok := parseDouble([]byte(text)); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	for text, want := range map[string]float64{"": 0, " 7": 7, "1e400": math.Inf(1), "1\x00x": 1, "1e-400": 0} {
		if got, ok := parseBound([]byte(text)); !ok || got != want {
			t.Errorf("as the end of a range, %q is %v, %v, not %v", text, got, ok, want)
		}
	}
	for _, text := range []string{" ", "x", "nan", "1x", "1 "} {
		if got, ok := parseBound([]byte(text)); ok {
			t.Errorf("as the end of a range, %q is taken for %v", text, got)
		}
	}
}

// verifySortedSets compares each ranking with the members that it ranks: how many there are after every command, and now and then all of it.
func (ks *keyspace) verifySortedSets(t testing.TB) {
	t.Helper()
	for i := range ks.databases {
		db := &ks.databases[i]
		db.keys.each(func(o *Object) bool {
			if o.kind != KindZSet {
				return true
			}
			z := sortedSet{ks.elements(db, o)}
			if r := z.ranking(); r != nil && r.tree.len() != z.len() {
				t.Fatalf("%q ranks %d of its %d members", o.key(), r.tree.len(), z.len())
			}
			if ks.revision%8 == 0 {
				z.verifyOrder(t)
			}
			return true
		})
	}
}

// verifyOrder walks through a sorted set and looks each member up.
func (z *sortedSet) verifyOrder(t testing.TB) {
	t.Helper()
	var last copied
	z.walk(0, z.len(), false, func(e element) bool {
		if n := len(last.members); n > 0 && e.compare(last.members[n-1].score, last.members[n-1].member) <= 0 {
			t.Fatalf("%q of %q is not behind %q", e.name, z.o.key(), last.members[n-1].member)
		}
		if found, ok := z.find(e.name); !ok || found.score() != e.score() {
			t.Fatalf("%q of %q is ranked by %v, and its score is %v", e.name, z.o.key(), e.score(), found.score())
		}
		last.add(e.name, e.score())
		return true
	})
	if len(last.members) != z.len() {
		t.Fatalf("%q has %d members, and %d in order", z.o.key(), z.len(), len(last.members))
	}
}

// TestPartsThatDoNotDecodeAreAnError: what a damaged record says is no reason to panic.
func TestPartsThatDoNotDecodeAreAnError(t *testing.T) {
	memory, db := newArena(t), &database{parts: &space{}}
	good := appendBlock(nil, 1, appendRanked(nil, []byte("member"), 1.5))
	for name, value := range map[string][]byte{
		"empty": {}, "cut": good[:len(good)-1], "longer": append(slices.Clone(good), 0), "one too many": append([]byte{2}, good[1:]...),
		"a value that is no score": appendBlock(nil, 1, appendElement(nil, []byte("member"), []byte("1.5"), 0)),
		"a length beyond the end":  append(slices.Clone(good[:2]), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 16),
		"no end of a length":       append(slices.Clone(good[:2]), 0xff),
	} {
		part := newObject(memory, KindZSet|kindPart, appendPartPrefix(make([]byte, idBytes), 0, 0), value)
		if _, err := new(rankedIndex).link(db, []*Object{part}); err == nil {
			t.Errorf("a part with a block that is %s is taken", name)
		}
	}
}

// TestLettingGoOfASortedSetLetsGoOfItsRanking by every way that it can go.
func TestLettingGoOfASortedSetLetsGoOfItsRanking(t *testing.T) {
	for _, line := range []string{"DEL z", "SET z 1", "ZREMRANGEBYRANK z 0 -1", "ZRANGESTORE z z 0 9", "FLUSHDB", "MOVE z 3", "ZPOPMIN z 1000"} {
		h := newHarness(t)
		h.do("ZADD z" + rankedMembers(1000))
		db := &h.m.ks.databases[0]
		if len(db.indexes) != 1 || db.parts.len() < 8 {
			t.Fatalf("%d members are in %d parts", 1000, db.parts.len())
		}
		if reply := h.do(line); reply[0] == '-' {
			t.Fatalf("%s replied %s", line, reply)
		}
		if len(db.indexes) != 0 || db.parts.len() != 0 {
			t.Errorf("after %s there are %d indexes, and %d parts", line, len(db.indexes), db.parts.len())
		}
	}
}

// rankedMembers are n members and scores, as the arguments of ZADD.
func rankedMembers(n int) (line string) {
	for i := range n {
		line += fmt.Sprintf(" %d m%d", i*37%n, i)
	}
	return line
}

// TestCommandsOnALargeSortedSet runs on a ranking what others run on blocks.
func TestCommandsOnALargeSortedSet(t *testing.T) {
	h := newHarness(t)
	h.do("ZADD z" + rankedMembers(1000))
	script(t, h, `
		OBJECT ENCODING z => "skiplist"
		ZCARD z => :1000
		ZSCORE z m1 => "37"
		ZRANK z m1 => :37
		ZREVRANK z m1 => :962
		ZCOUNT z (100 900 => :800
		ZRANGE z 998 2000 WITHSCORES => *4 "m54" "998" "m27" "999"
		ZRANGE z 3 (1 BYSCORE REV => *2 "m919" "m946"
		ZRANGEBYSCORE z 500 +inf LIMIT 100 2 => *2 "m800" "m773"
		ZREVRANGEBYSCORE z (500 -inf LIMIT 498 9 => *2 "m973" "m0"
		ZADD z XX CH 2000 m0 => :1
		ZREVRANK z m0 => :0
		ZPOPMAX z => *2 "m0" "2000"
		ZREMRANGEBYSCORE z 2 997 => :996
		ZRANGE z 0 -1 => *3 "m973" "m54" "m27"
		OBJECT ENCODING z => "skiplist"
		ZUNIONSTORE z 1 z => :3
		OBJECT ENCODING z => "listpack"`)
}
