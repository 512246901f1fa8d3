package statemachine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// section encodes command lines of database 0.
func section(lines ...string) (encoded []byte, count int) {
	for _, line := range lines {
		encoded = AppendCommand(encoded, 0, words(line))
	}
	return encoded, len(lines)
}

func TestNextSeesTheStateRightBeforeItsCommand(t *testing.T) {
	m := New(Config{})
	var states []string
	get := m.table.Lookup([]byte("get"))
	look := func(v *View) {
		w := &respWriter{proto: 2}
		if v.Run(get, 0, words("GET k"), w) {
			t.Error("a view within Apply says that a key is due")
		}
		states = append(states, render(w.buf))
	}
	c := &collector{proto: 2, next: func(_ int, v *View) { look(v) }, finish: look}
	encoded, n := section("SET k 1", "INCR k", "DEL k")
	m.Apply(7, Stamp{TimeMS: testStart, Seed: 1}, encoded, n, c)
	if want := []string{"nil", `"1"`, `"2"`, "nil"}; !slices.Equal(states, want) {
		t.Fatalf("the views saw %v, not %v", states, want)
	}
	if want := []string{"OK", ":2", ":1"}; !slices.Equal(c.replies(), want) {
		t.Fatalf("the replies are %v, not %v", c.replies(), want)
	}
	if s := m.Stats(); s.Slot != 7 || s.Revision != 3 || s.TimeMS != testStart {
		t.Fatalf("Stats: slot %d revision %d time %d", s.Slot, s.Revision, s.TimeMS)
	}
}

func TestASectionWithoutCommandsStillFinishes(t *testing.T) {
	m := New(Config{})
	c := &collector{}
	m.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, nil, 0, c)
	if c.finished != 1 {
		t.Fatalf("Finish was called %d times", c.finished)
	}
}

func TestATickWritesNoReplyAndChangesNothing(t *testing.T) {
	h := newHarness(t)
	if got := h.apply(1, AppendTick(nil))[0]; got != "" {
		t.Fatalf("a tick replied %s", got)
	}
	if s := h.m.Stats(); s.Revision != 0 {
		t.Fatalf("a tick counted as a write")
	}
}

func TestExec(t *testing.T) {
	h := newHarness(t)
	h.expect("SET s abc", "OK")
	got := h.exec(nil, "SET a 1", "INCR s", "NOSUCH x", "GET", "INCR a", "GET a", "TTL a")
	want := `*7 OK -ERR value is not an integer or out of range -ERR unknown command 'NOSUCH', with args beginning with: 'x'  ` +
		`-ERR wrong number of arguments for 'get' command :2 "2" :-1`
	if got != want {
		t.Fatalf("EXEC replied\n%s, not\n%s", got, want)
	}
	if rev := h.m.Stats().Revision; rev != 3 {
		t.Fatalf("the revision is %d, not 3", rev)
	}
}

func TestExecPutsLiteralRepliesInTheirPlaces(t *testing.T) {
	h := newHarness(t)
	encoded := AppendExec(nil, nil, []Queued{
		{DB: 3, Args: words("SET a 1")}, {Literal: []byte("+PONG\r\n")}, {DB: 3, Args: words("GET a")}, {DB: 0, Args: words("GET a")}})
	if got, want := h.apply(1, encoded)[0], `*4 OK PONG "1" nil`; got != want {
		t.Fatalf("EXEC replied %s, not %s", got, want)
	}
}

func TestExecOfReadsInAView(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET a 1 => OK\n SET b 2 PX 100 => OK")
	run := func(local int64, watches []Watch, queued ...Queued) (string, bool) {
		v := h.m.Read(local)
		defer v.Close()
		w := &respWriter{proto: 2}
		due := v.Exec(watches, queued, w)
		return render(w.buf), due
	}
	w := h.watch("a")
	got, due := run(h.now, []Watch{w}, Queued{Args: words("GET a")}, Queued{Literal: []byte(":5\r\n")}, Queued{Args: words("GET b")},
		Queued{Args: words("SET a 2")}, Queued{Args: words("NOSUCH")})
	want := `*5 "1" :5 "2" -` + errWriteInView + ` -ERR unknown command 'NOSUCH', with args beginning with: `
	if got != want || due {
		t.Fatalf("Exec replied (due %v)\n%s, not\n%s", due, got, want)
	}
	if _, due = run(h.now+100, nil, Queued{Args: words("GET b")}); !due {
		t.Fatal("a due key was not reported")
	}
	h.expect("SET a 3", "OK")
	if got, _ = run(h.now, []Watch{w}, Queued{Args: words("GET a")}); got != "nil" {
		t.Fatalf("after a watched key changed Exec replied %s", got)
	}
}

func TestAViewRefusesWritesAndDatabasesOutOfRange(t *testing.T) {
	h := newHarness(t)
	if got, _ := h.read(h.now, "SET a 1"); got != "-"+errWriteInView {
		t.Fatalf("SET in a view replied %s", got)
	}
	for _, db := range []int{-1, Databases} {
		h.db = db
		if got, _ := h.read(h.now, "GET a"); got != "-"+errDatabase {
			t.Fatalf("GET in database %d replied %s", db, got)
		}
	}
}

// TestBytesThatAreNoCommandGetAnErrorReply: and so does everything behind them, since nobody knows where it begins.
func TestBytesThatAreNoCommandGetAnErrorReply(t *testing.T) {
	good := AppendCommand(nil, 0, words("SET a 1"))
	for name, bad := range map[string][]byte{
		"unknown kind":              {99},
		"cut":                       good[:len(good)-1],
		"no arguments":              {kindCommand, 0, 0},
		"database out of range":     {kindCommand, Databases, 1, 1, 'x'},
		"more arguments than bytes": {kindCommand, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"overlong varint":           append([]byte{kindCommand}, slices.Repeat([]byte{0xff}, 11)...),
		"watch out of range":        {kindExec, 1, Databases, 0, 0, 0},
		"queued of unknown kind":    {kindExec, 0, 1, 9},
		"literal beyond the end":    {kindExec, 0, 1, queuedLiteral, 9},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			got := h.apply(3, slices.Concat(good, bad))
			want := []string{"OK", "-" + errUndecodable, "-" + errUndecodable}
			if name == "cut" {
				h = newHarness(t)
				got, want = h.apply(2, bad), want[1:]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("the replies are %v, not %v", got, want)
			}
			other := newHarness(t)
			other.m.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, slices.Concat(good, bad), 3, nil)
			if name != "cut" && other.m.Digest() != h.m.Digest() {
				t.Fatal("nodes with and without replies differ")
			}
		})
	}
}

// randomSection is a few random commands.
func randomSection(rng *rand.Rand, watches []Watch) (encoded []byte, count int) {
	for range 1 + rng.IntN(8) {
		count++
		switch rng.IntN(12) {
		case 0:
			encoded = AppendTick(encoded)
		case 1:
			var queued []Queued
			for range rng.IntN(5) {
				queued = append(queued, Queued{DB: rng.IntN(3), Args: randomWrite(rng)})
			}
			encoded = AppendExec(encoded, watches, append(queued, Queued{Literal: []byte("+PONG\r\n")}))
		case 2:
			for _, w := range watches {
				encoded = AppendEvict(encoded, &Victim{w.DB, w.Key, w.Revision >> 1})
			}
			count += len(watches)
			fallthrough
		case 3:
			encoded = AppendTight(encoded, rng.IntN(3), randomScript(rng))
		default:
			encoded = AppendCommand(encoded, rng.IntN(3), randomWrite(rng))
		}
	}
	return encoded, count
}

// randomWrite is any command, often with a version or a short time to live.
func randomWrite(rng *rand.Rand) [][]byte {
	key := randomKey(rng)
	switch rng.IntN(16) {
	case 0, 1:
		return words(fmt.Sprintf("SET %s %s VER %d", key, randomValue(rng), 1+rng.IntN(3000)))
	case 2:
		return words(fmt.Sprintf("SET %s %s IFVER %d PX %d", key, randomValue(rng), rng.IntN(50), 1+rng.IntN(300)))
	case 3:
		return words(fmt.Sprintf("DEL %s VER %d", key, 1+rng.IntN(3000)))
	case 4, 5:
		return words(fmt.Sprintf("PEXPIRE %s %d", key, rng.IntN(300)))
	case 6:
		return words("RANDOMKEY") // whose reply shows that chance is the slot's
	case 7:
		return words(fmt.Sprintf("SET %s%d v PX %d", key, rng.IntN(500), 1+rng.IntN(300)))
	}
	if rng.IntN(3) > 0 {
		return collectionCommands[rng.IntN(len(collectionCommands))](rng)
	}
	return randomCommand(rng)
}

// collectionCommands make a random command each, of one type of collection; most of them write, and collections must often become large
// enough to be in parts, and small again.
var collectionCommands = []func(*rand.Rand) [][]byte{
	randomHashCommand,
	randomListCommand,
	randomStreamCommand,
	randomSetCommand,
	randomZSetCommand,
	randomGeoCommand,
	randomSortCommand,
}

// TestTwoMachinesAgree feeds the same random sections to two machines. One of them has readers and views with clocks that
// run ahead, asks for replies, and its sections come with spare bytes; neither may show in state or replies.
func TestTwoMachinesAgree(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(6) {
		rng, noise := rand.New(rand.NewPCG(seed, 6)), rand.New(rand.NewPCG(seed, 7))
		a, b := newHarness(t), newHarness(t)
		for i := range 1500 {
			var watches []Watch
			if rng.IntN(2) == 0 {
				watches = []Watch{a.watch(randomKey(rng))}
			}
			encoded, count := randomSection(rng, watches)
			step := rng.Int64N(40)
			a.now, b.now = a.now+step, b.now+step
			b.read(b.now+noise.Int64N(1000), strings.Join([]string{pickWord(noise, "GET", "TTL", "EXISTS", "KEYS"), randomKey(noise)}, " "))
			replies := b.apply(count, slices.Concat(encoded, []byte{1, 2, 3}))
			a.slot++
			if noise.IntN(2) == 0 {
				a.m.Apply(a.slot, Stamp{TimeMS: a.now, Seed: a.slot}, encoded, count, nil)
			} else {
				c := &collector{proto: 2}
				a.m.Apply(a.slot, Stamp{TimeMS: a.now, Seed: a.slot}, encoded, count, c)
				if !slices.Equal(c.replies(), replies) {
					t.Fatalf("seed %d, section %d: replies %v and %v", seed, i, c.replies(), replies)
				}
			}
			if x, y := a.m.Digest(), b.m.Digest(); x != y {
				t.Fatalf("seed %d: the digests differ after section %d", seed, i)
			}
			a.m.ks.verify(t)
		}
	}
}

// TestDigestDoesNotDependOnHowTheTablesGrew: the same keys by way of very different dictionaries.
func TestDigestDoesNotDependOnHowTheTablesGrew(t *testing.T) {
	forwards, backwards := newKeyspace(hasher{1, 2}), newKeyspace(hasher{3, 4})
	put := func(ks *keyspace, i int) {
		e := ks.entry(&ks.databases[0], fmt.Appendf(nil, "key%d", i))
		ks.putString(&e, []byte("v"), stamp{version: uint64(i + 1)})
	}
	for i := range 1000 {
		put(forwards, i)
		put(backwards, 999-i)
	}
	if forwards.digest() != backwards.digest() {
		t.Fatal("the digests differ")
	}
	put(backwards, 1000)
	if forwards.digest() == backwards.digest() {
		t.Fatal("the digest does not see another key")
	}
}

func TestDigestSeesEverythingTheLogDecides(t *testing.T) {
	digestOf := func(change func(ks *keyspace, e *entry)) digest {
		ks := newKeyspace(hasher{1, 2})
		e := ks.entry(&ks.databases[0], []byte("key"))
		ks.putString(&e, []byte("value"), stamp{version: 5})
		change(ks, &e)
		return ks.digest()
	}
	seen := map[digest]string{}
	for what, change := range map[string]func(ks *keyspace, e *entry){
		"nothing":       func(*keyspace, *entry) {},
		"version":       func(_ *keyspace, e *entry) { e.edit().version = 6 },
		"revision":      func(_ *keyspace, e *entry) { e.edit().revision = 6 },
		"explicit":      func(_ *keyspace, e *entry) { e.edit().flags |= flagExplicit },
		"kind":          func(_ *keyspace, e *entry) { e.edit().kind = 99 },
		"value":         func(_ *keyspace, e *entry) { e.edit().setString([]byte("valu")) },
		"deadline":      func(ks *keyspace, e *entry) { e.db.keys.setTime(e.object, 1) },
		"deadline of 0": func(ks *keyspace, e *entry) { e.db.keys.setTime(e.object, 0) },
		"tombstone":     func(ks *keyspace, e *entry) { ks.drop(e) },
		"its purge":     func(ks *keyspace, e *entry) { ks.now = 7; ks.drop(e) },
		"database":      func(ks *keyspace, _ *entry) { ks.swap(0, 1) },
	} {
		d := digestOf(change)
		if other, ok := seen[d]; ok {
			t.Errorf("the digest does not tell %s from %s", what, other)
		}
		seen[d] = what
	}
}

func TestDigestOfAnEmptyKeyspaceIsZero(t *testing.T) {
	h := newHarness(t)
	zeros := strings.Repeat("0", 40)
	if got := h.m.Digest(); got != zeros {
		t.Fatal(got)
	}
	h.expect("DEBUG DIGEST", zeros)
	h.expect("SET k v", "OK")
	if h.do("DEBUG DIGEST") == zeros {
		t.Fatal("the digest does not see a key")
	}
}

// verify checks what must hold of a keyspace after every command.
func (ks *keyspace) verify(t testing.TB) {
	t.Helper()
	for i := range ks.databases {
		db := &ks.databases[i]
		timed, explicit := 0, 0
		db.keys.each(func(o *Object) bool {
			if o.kind == kindTombstone || db.tombstones.find(ks.hasher.hash(o.key()), o.key()) != nil {
				t.Fatalf("database %d: %q is a key and a tombstone", i, o.key())
			}
			if o.version == 0 || o.version > max(ks.highest, ks.revision) || o.revision > ks.revision {
				t.Fatalf("database %d: %q has version %d and revision %d of %d", i, o.key(), o.version, o.revision, ks.revision)
			}
			if o.deadline != 0 {
				timed++
			}
			if o.flags&flagExplicit != 0 {
				explicit++
			}
			if o.inParts() {
				ks.verifyParts(t, db, o)
			}
			return true
		})
		if timed != db.keys.times.len() || explicit != db.explicit || db.tombstones.len() != db.tombstones.times.len() {
			t.Fatalf("database %d: %d of %d deadlines, %d of %d explicit, %d tombstones with %d purges", i,
				timed, db.keys.times.len(), explicit, db.explicit, db.tombstones.len(), db.tombstones.times.len())
		}
	}
	ks.loaded.verify(t)
	if ks.dirty {
		t.Fatal("a change was not counted")
	}
	ks.verifySortedSets(t)
}

// verifyParts checks what must hold of a collection whose parts' elements may have deadlines.
func (ks *keyspace) verifyParts(t testing.TB, db *database, o *Object) {
	t.Helper()
	index := indexOfElements(db.indexes[o.partsID()])
	if index == nil {
		return // none of elements
	}
	if index.owner != o {
		t.Fatalf("the parts of %q are said to be of %q", o.key(), index.owner.key())
	}
	for part := range index.all() {
		first, timed := block{part, 0}.firstDeadline()
		if at, ok := db.parts.times.of(part); ok != timed || at != first {
			t.Fatalf("a part of %q has the time %d, %v, and its elements' first deadline is %d, %v", o.key(), at, ok, first, timed)
		}
	}
}

// FuzzApply: no bytes make Apply panic, and two machines given the same end in the same state.
func FuzzApply(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 8))
	for range 20 {
		encoded, count := randomSection(rng, []Watch{{Key: []byte("a")}})
		f.Add(encoded, uint8(count))
	}
	for _, line := range []string{"SETRANGE a 100 x", "LCS a b IDX", "SCAN 0 COUNT 3", "DEBUG DIGEST", "OBJECT HELP",
		"ZADD z 1 a 2 b", "ZUNIONSTORE a 1 a WEIGHTS 2", "ZRANGE a (1 +inf BYSCORE REV LIMIT 0 1", "ZMPOP 1 a MIN COUNT 2",
		"GEOADD g 13.36 38.11 a 15 37 b", "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST"} {
		encoded, count := section("SET a abc", line)
		f.Add(encoded, uint8(count))
	}
	f.Fuzz(func(t *testing.T, encoded []byte, count uint8) {
		cfg := Config{MaxStringBytes: 1 << 16}
		a, b := newHarnessWith(t, cfg), newHarnessWith(t, cfg)
		a.m.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, encoded, int(count), &collector{proto: 2})
		b.m.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, encoded, int(count), nil)
		if a.m.Digest() != b.m.Digest() {
			t.Fatal("the digests differ")
		}
		a.m.ks.verify(t)
	})
}

// TestSetAllocatesAtMostKeyAndValue: the object and one buffer for a new key, nothing where the value fits.
func TestSetAllocatesAtMostKeyAndValue(t *testing.T) {
	value := strings.Repeat("v", 128)
	for _, test := range []struct {
		name string
		key  func(i int) string
		most float64
	}{
		{"new key", func(i int) string { return fmt.Sprintf("key:%012d", i) }, 2},
		{"overwrite", func(int) string { return "key:000000000000" }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := New(Config{})
			const perRun = 1000
			var sections [][]byte
			for run := range 12 {
				var s []byte
				for i := range perRun {
					s = AppendCommand(s, 0, words("SET "+test.key(run*perRun+i)+" "+value))
				}
				sections = append(sections, s)
			}
			next := 0
			per := testing.AllocsPerRun(10, func() {
				m.Apply(uint64(next+1), Stamp{TimeMS: testStart, Seed: 1}, sections[next], perRun, nil)
				next++
			}) / perRun
			if raceDetector {
				return // it makes allocations of its own
			}
			// The table's own growth is a few allocations in thousands of commands.
			if per > test.most+0.01 {
				t.Fatalf("%.3f allocations a SET, more than %.0f", per, test.most)
			}
		})
	}
}

func BenchmarkReadGet(b *testing.B) {
	const keys = 100_000
	h := newHarness(b)
	args := make([]Args, keys)
	for i := range args {
		args[i] = words(fmt.Sprintf("GET key:%012d", i*7919%keys))
		h.m.Apply(uint64(i+1), Stamp{TimeMS: testStart, Seed: 1}, AppendCommand(nil, 0, words(fmt.Sprintf("SET key:%012d %0128d", i, i))), 1, nil)
	}
	get := h.m.table.Lookup([]byte("GET"))
	w := &respWriter{proto: 2}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		v := h.m.Read(testStart)
		w.buf = w.buf[:0]
		v.Run(get, 0, args[i%keys], w)
		v.Close()
	}
}

// Who waits for replies can see what ran last, and nothing of a transaction, or of a section before.
func TestLastArgsAreThoseOfTheCommandThatRan(t *testing.T) {
	h := newHarness(t)
	encoded := AppendCommand(nil, 0, words("SET a 1"))
	encoded = AppendExec(encoded, nil, []Queued{{Args: words("INCR a")}})
	encoded = AppendCommand(encoded, 0, words("DEL a b"))
	var seen []string
	note := func(v *View) {
		text := ""
		for _, arg := range v.LastArgs() {
			text += string(arg) + " "
		}
		seen = append(seen, text)
	}
	for range 2 {
		h.slot++
		h.m.Apply(h.slot, Stamp{TimeMS: h.now}, encoded, 3, &collector{next: func(_ int, v *View) { note(v) }, finish: note})
	}
	once := []string{"", "SET a 1 ", "", "DEL a b "}
	if want := append(slices.Clone(once), once...); !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
	v := h.m.Read(h.now)
	defer v.Close()
	if v.LastArgs() != nil {
		t.Error("a view of a reader shows a command of the log")
	}
}
