package statemachine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func randomListCommand(rng *rand.Rand) [][]byte {
	key := collectionKey(rng, "l")
	switch rng.IntN(26) {
	case 0, 10, 11:
		return words(fmt.Sprintf("%s %s %s", pickWord(rng, "LPUSHX", "RPUSHX"), key, randomValue(rng)))
	case 1, 2:
		return words(fmt.Sprintf("%s %s %d", pickWord(rng, "LPOP", "RPOP"), key, rng.IntN(100)))
	case 3:
		return words(fmt.Sprintf("LMPOP 2 %s %s %s COUNT %d", key, collectionKey(rng, "l"), pickWord(rng, "LEFT", "RIGHT"), 1+rng.IntN(20)))
	case 4:
		return words(fmt.Sprintf("LSET %s %d %s", key, rng.IntN(8)-4, randomValue(rng)))
	case 5, 12, 13:
		return words(fmt.Sprintf("LINSERT %s %s e%d %s", key, pickWord(rng, "BEFORE", "AFTER"), rng.IntN(20), randomValue(rng)))
	case 6:
		return words(fmt.Sprintf("LREM %s %d e%d", key, rng.IntN(7)-3, rng.IntN(20)))
	case 7:
		return words(fmt.Sprintf("LTRIM %s %d %d", key, rng.IntN(20), -rng.IntN(20)))
	case 8:
		return words(fmt.Sprintf("LMOVE %s %s %s %s", key, collectionKey(rng, "l"), pickWord(rng, "LEFT", "RIGHT"), pickWord(rng, "LEFT", "RIGHT")))
	case 14, 15:
		return words(pickWord(rng, "BLPOP", "BRPOP") + " " + key + " 0")
	case 16:
		return words(fmt.Sprintf("BLMPOP 0 2 %s %s %s", key, collectionKey(rng, "l"), pickWord(rng, "LEFT", "RIGHT")))
	case 17:
		return words(fmt.Sprintf("BLMOVE %s %s LEFT RIGHT 0", key, collectionKey(rng, "l")))
	case 18:
		return words(fmt.Sprintf("BRPOPLPUSH %s %s 0", key, collectionKey(rng, "l")))
	case 9:
		return words(fmt.Sprintf("RPOPLPUSH %s %s", key, collectionKey(rng, "l")))
	}
	return words(fmt.Sprintf("%s %s %s", pickWord(rng, "LPUSH", "RPUSH"), key, strings.Join(repeated(manyElements(rng)), " ")))
}

// repeated makes some names one another's.
func repeated(names []string) []string {
	for i, name := range names {
		names[i] = name[:min(len(name), 2)]
	}
	return names
}

// listModel is a list beside a slice of what must be in it.
type listModel struct {
	t    *testing.T
	ks   *keyspace
	e    entry
	want []string
}

func (m *listModel) list() *list {
	l := m.ks.list(m.e.db, m.e.object)
	return &l
}

func (m *listModel) verify() {
	m.t.Helper()
	l := m.list()
	var got []string
	l.walk(0, func(value []byte) bool { got = append(got, string(value)); return true })
	if !slices.Equal(got, m.want) || l.len() != len(m.want) {
		m.t.Fatalf("the list has %d elements, len is %d, and there must be %d, or they are others", len(got), l.len(), len(m.want))
	}
	got = got[:0]
	l.walkBack(l.len()-1, func(value []byte) bool { got = append(got, string(value)); return true })
	slices.Reverse(got)
	if !slices.Equal(got, m.want) {
		m.t.Fatal("backwards, the list has other elements")
	}
	packed := packedHead
	for i, value := range m.want {
		packed += packedSize([]byte(value))
		if i%7 == 0 && string(l.at(i)) != value {
			m.t.Fatalf("element %d is %.20q", i, l.at(i))
		}
	}
	if l.packedBytes() != packed {
		m.t.Fatalf("a listpack is said to have %d bytes, not %d", l.packedBytes(), packed)
	}
	m.verifyParts(l)
}

func (m *listModel) verifyParts(l *list) {
	m.t.Helper()
	if l.index == nil {
		if m.e.db.parts.len() != 0 || len(m.e.db.indexes) != 0 || l.whole().isOver() {
			m.t.Fatal("parts are left of a whole list, or it has outgrown a block")
		}
		return
	}
	if m.e.db.parts.len() != l.index.tree.parts {
		m.t.Fatalf("%d parts are in the space, and %d in the tree", m.e.db.parts.len(), l.index.tree.parts)
	}
	var before uint64
	for p := l.index.tree.front(); p.ok(); p = p.next() {
		b := block{p.part(), 0}
		if b.isOver() || b.count() != p.count() || b.count() == 0 || partPosition(p.part()) <= before {
			m.t.Fatalf("a part has %d elements in %d bytes, the tree says %d, and its position is %d behind %d", b.count(), b.bytes(),
				p.count(), partPosition(p.part()), before)
		}
		before = partPosition(p.part())
	}
}

// change makes a random change; grow says of which sort most are.
func (m *listModel) change(rng *rand.Rand, grow bool) {
	value := strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN(40))
	if rng.IntN(150) == 0 {
		value = strings.Repeat("v", rng.IntN(3*blockBytes))
	}
	n := len(m.want)
	end := listEnd(rng.IntN(2) == 0)
	l := m.list()
	switch op := rng.IntN(8); {
	case n == 0 || grow && op < 3:
		l.push(end, []byte(value))
		at := 0
		if end == listRight {
			at = n
		}
		m.want = slices.Insert(m.want, at, value)
	case grow && op < 6:
		at := rng.IntN(n)
		if rng.IntN(2) == 0 {
			at = n / 2 // over and over, so that positions run out
		}
		l.insert(at, []byte(value))
		m.want = slices.Insert(m.want, at, value)
	case op == 6:
		at := rng.IntN(n)
		l.set(at, []byte(value))
		m.want[at] = value
	case op == 7:
		first := rng.IntN(n)
		count := rng.IntN(min(n-first, 300) + 1)
		if grow {
			count = min(count, 3)
		}
		l.removeRange(first, count)
		m.want = slices.Delete(m.want, first, first+count)
	default:
		at := 0
		if end == listRight {
			at = n - 1
		}
		l.pop(end, func(got []byte) {
			if string(got) != m.want[at] {
				m.t.Fatalf("popped %.20q, not %.20q", got, m.want[at])
			}
		})
		m.want = slices.Delete(m.want, at, at+1)
	}
}

// TestListAgainstASlice makes lists grow to many parts and shrink again, at both ends and in the middle.
func TestListAgainstASlice(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 13))
		ks := newKeyspace(hasher{1, 2})
		m := &listModel{t: t, ks: ks, e: ks.entry(&ks.databases[0], []byte("key"))}
		ks.collection(&m.e, KindList)
		large := 0
		for step := range 6000 {
			m.change(rng, step < 4000)
			large = max(large, m.e.db.parts.len())
			if step%60 == 0 {
				m.verify()
			}
		}
		l := m.list()
		l.removeRange(0, l.len())
		m.want = nil
		m.verify()
		if large < 20 || m.e.object.inParts() {
			t.Errorf("seed %d: %d parts at most; in parts when empty: %v", seed, large, m.e.object.inParts())
		}
	}
}

func TestListRenumbersWhenPositionsRunOut(t *testing.T) {
	ks := newKeyspace(hasher{1, 2})
	m := &listModel{t: t, ks: ks, e: ks.entry(&ks.databases[0], []byte("key"))}
	ks.collection(&m.e, KindList)
	ids := map[uint64]bool{}
	for i := range 8000 { // always in front of the same element
		l := m.list()
		if i < 2 {
			l.push(listRight, []byte("end"))
		} else {
			l.insert(1, fmt.Appendf(nil, "%d", i))
		}
		if l.index != nil {
			ids[partPosition(l.index.tree.back().part())] = true
		}
	}
	if len(ids) < 3 {
		t.Fatalf("the last part had %d positions: nothing was renumbered", len(ids))
	}
	m.want = append(m.want, "end")
	for i := 7999; i >= 2; i-- {
		m.want = append(m.want, fmt.Sprint(i))
	}
	m.want = append(m.want, "end")
	m.verify()
}

func TestLists(t *testing.T) {
	scripts(t, []scriptTest{
		{"push, pop, length", `
			RPUSH l a b c => :3
			LPUSH l x y => :5
			LRANGE l 0 -1 => *5 "y" "x" "a" "b" "c"
			LLEN l => :5
			LPOP l => "y"
			RPOP l => "c"
			LPOP l 2 => *2 "x" "a"
			LPOP l 0 => *0
			RPOP l 9 => *1 "b"
			EXISTS l => :0
			LPOP l => nil
			LPOP l 1 => nil
			LLEN l => :0
			LPUSHX l a => :0
			RPUSHX l a => :0
			RPUSH l a => :1
			RPUSHX l b => :2
			LPUSHX l c d => :4
			LRANGE l 0 -1 => *4 "d" "c" "a" "b"
			LPOP l -1 => -ERR value is out of range, must be positive
			LPOP l x => -ERR value is out of range, must be positive
			LPOP l 1 1 => -ERR wrong number of arguments for 'lpop' command`},
		{"index, set, range", `
			RPUSH l a b c d => :4
			LINDEX l 0 => "a"
			LINDEX l -1 => "d"
			LINDEX l 4 => nil
			LINDEX l -5 => nil
			LINDEX l x => -ERR value is not an integer or out of range
			LINDEX none x => nil
			LSET l 1 B => OK
			LSET l -1 D => OK
			LSET l 4 x => -ERR index out of range
			LSET none 0 x => -ERR no such key
			LSET l x x => -ERR value is not an integer or out of range
			LRANGE l 1 2 => *2 "B" "c"
			LRANGE l -2 -1 => *2 "c" "D"
			LRANGE l 2 1 => *0
			LRANGE l -100 100 => *4 "a" "B" "c" "D"
			LRANGE l 4 9 => *0
			LRANGE none 0 1 => *0
			LRANGE none x 1 => -ERR value is not an integer or out of range`},
		{"insert, remove, trim", `
			RPUSH l a b a c a => :5
			LINSERT l BEFORE b x => :6
			LINSERT l after a y => :7
			LINSERT l BEFORE none z => :-1
			LINSERT none BEFORE a z => :0
			LINSERT l AT a z => -ERR syntax error
			LRANGE l 0 -1 => *7 "a" "y" "x" "b" "a" "c" "a"
			LREM l 1 a => :1
			LREM l -1 a => :1
			LREM l 0 none => :0
			LRANGE l 0 -1 => *5 "y" "x" "b" "a" "c"
			LTRIM l 1 -2 => OK
			LRANGE l 0 -1 => *3 "x" "b" "a"
			LREM l 0 x => :1
			LTRIM l 5 9 => OK
			EXISTS l => :0
			LTRIM l 0 1 => OK
			LREM l 0 x => :0`},
		{"positions", `
			RPUSH l a b c 1 2 3 c c => :8
			LPOS l c => :2
			LPOS l c RANK 2 => :6
			LPOS l c RANK -1 => :7
			LPOS l c COUNT 2 => *2 :2 :6
			LPOS l c COUNT 0 => *3 :2 :6 :7
			LPOS l c RANK -1 COUNT 2 => *2 :7 :6
			LPOS l c COUNT 0 MAXLEN 7 => *2 :2 :6
			LPOS l c RANK -1 COUNT 0 MAXLEN 2 => *2 :7 :6
			LPOS l x => nil
			LPOS l x COUNT 1 => *0
			LPOS none x => nil
			LPOS l c RANK 0 => -ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
			LPOS l c COUNT -1 => -ERR COUNT can't be negative
			LPOS l c MAXLEN -1 => -ERR MAXLEN can't be negative
			LPOS l c RANK => -ERR syntax error
			LPOS l c RANK -9223372036854775808 => -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807`},
		{"move", `
			RPUSH l a b c => :3
			RPOPLPUSH l m => "c"
			LMOVE l m LEFT RIGHT => "a"
			LRANGE m 0 -1 => *2 "c" "a"
			LMOVE m m LEFT RIGHT => "c"
			LRANGE m 0 -1 => *2 "a" "c"
			LMOVE l m LEFT LEFT => "b"
			EXISTS l => :0
			LMOVE l m LEFT LEFT => nil
			LMOVE m m UP LEFT => -ERR syntax error
			RPUSH one x => :1
			RPOPLPUSH one one => "x"
			LRANGE one 0 -1 => *1 "x"
			SET s 1 => OK
			LMOVE m s LEFT LEFT => -WRONGTYPE Operation against a key holding the wrong kind of value
			LLEN m => :3`},
		{"pop from several", `
			RPUSH l a b c => :3
			LMPOP 2 none l LEFT => *2 "l" *1 "a"
			LMPOP 2 none l RIGHT COUNT 5 => *2 "l" *2 "c" "b"
			LMPOP 1 l LEFT => nil
			LMPOP 0 l LEFT => -ERR numkeys should be greater than 0
			LMPOP 2 l LEFT => -ERR syntax error
			LMPOP 1 l LEFT COUNT 0 => -ERR count should be greater than 0
			LMPOP 1 l LEFT COUNT => -ERR syntax error`},
		{"types and encodings", `
			RPUSH l a => :1
			TYPE l => list
			OBJECT ENCODING l => "listpack"
			RPUSH l ` + strings.Repeat("x", 9000) + ` => :2
			OBJECT ENCODING l => "quicklist"
			RPOP l 1 => *1 "` + strings.Repeat("x", 9000) + `"
			OBJECT ENCODING l => "listpack"
			HSET h f v => :1
			LPUSH h x => -WRONGTYPE Operation against a key holding the wrong kind of value
			COPY l m => :1
			RENAME m n => OK
			LRANGE n 0 -1 => *1 "a"`},
	})
}
