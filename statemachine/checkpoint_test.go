package statemachine

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// place is where a record is.
type place struct {
	space uint64
	key   string
}

// savedState is what a store has of the newest checkpoint.
type savedState struct {
	records    map[place]string
	count, sum uint64
	spaces     []uint64
	state      []byte
}

// checkpointer writes a machine's checkpoints, one after another, to a store that it checks.
type checkpointer struct {
	t     *testing.T
	m     *Machine
	store savedState

	running *Checkpoint
	whole   bool           // it holds all records
	seen    map[place]bool // records of the running checkpoint
	frozen  map[place]string
	digest  string
}

func newCheckpointer(t *testing.T, m *Machine) *checkpointer {
	return &checkpointer{t: t, m: m, store: savedState{records: map[place]string{}}, frozen: map[place]string{}}
}

// recordsNow are all records of the state as it is, encoded by a way of its own.
func recordsNow(m *Machine) map[place]string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	records := map[place]string{}
	for i, s := range m.ks.spaces() {
		s.each(func(o *Object) bool {
			if at := i / 3; at == Databases || !m.ks.databases[at].isLeft(s, o) {
				records[place{s.id, string(o.key())}] = string(append(appendRecordHead(nil, &s.times, o), o.str()...))
			}
			return true
		})
	}
	return records
}

func (c *checkpointer) freeze() {
	if c.whole {
		clear(c.store.records) // they could not be read
	}
	c.running, c.seen = c.m.Freeze(), map[place]bool{}
	c.frozen, c.digest = recordsNow(c.m), c.m.Digest()
}

// next takes a few records; more is false when there were none.
func (c *checkpointer) next(maxBytes int) (more bool) {
	c.t.Helper()
	records := c.running.Next(maxBytes)
	for _, r := range records {
		p := place{r.Space, string(r.Key)}
		if c.seen[p] {
			c.t.Fatalf("the record of %v comes twice", p)
		}
		c.seen[p] = true
		switch old, there := c.store.records[p]; {
		case r.Deleted && !there && !c.whole:
			c.t.Fatalf("the record of %v is deleted, and was not in the checkpoint before", p)
		case r.Deleted && len(r.Value) > 0:
			c.t.Fatalf("the deletion of %v has a value", p)
		case r.Deleted:
			delete(c.store.records, p)
		default:
			if there && old == string(r.Value) && !Kind(old[1]).ofPart() { // a part may have been changed back, a key has another version
				c.t.Fatalf("the record of %v has not changed", p)
			}
			c.store.records[p] = string(r.Value)
		}
		clear(r.Key) // they are the caller's
		clear(r.Value)
	}
	return len(records) > 0
}

// finish ends the checkpoint and compares it with the state at the freeze.
func (c *checkpointer) finish() {
	c.t.Helper()
	if c.next(1) {
		c.t.Fatal("finish before the last record")
	}
	if n := c.running.Waiting(); n != 0 {
		c.t.Fatalf("%d bytes still wait", n)
	}
	s := &c.store
	s.count, s.sum, s.spaces, s.state = c.running.Finish()
	c.running, c.whole = nil, false
	maps.DeleteFunc(s.records, func(p place, _ string) bool { return !slices.Contains(s.spaces, p.space) })
	if !slices.IsSorted(s.spaces) {
		c.t.Fatalf("the spaces %v are not in order", s.spaces)
	}
	for p, want := range c.frozen {
		if got, ok := s.records[p]; !ok || got != want {
			c.t.Fatalf("the store's record of %v is %q (there: %v), not %q", p, got, ok, want)
		}
	}
	if len(s.records) != len(c.frozen) || s.count != uint64(len(s.records)) {
		c.t.Fatalf("the store has %d records, the state had %d, and the checkpoint says %d", len(s.records), len(c.frozen), s.count)
	}
	var sum uint64
	for p, value := range s.records {
		sum += paxos.RecordSum(p.space, []byte(p.key), []byte(value))
	}
	if sum != s.sum {
		c.t.Fatalf("the sum of the records is %x, and the checkpoint says %x", sum, s.sum)
	}
}

// verify finds changes that were not noted: every object without a mark of a change must have the record of the newest
// freeze, and the sums of the spaces must be over just those.
func (c *checkpointer) verify(after [][]byte) {
	c.t.Helper()
	records := recordsNow(c.m)
	for _, s := range c.m.ks.spaces() {
		var sum uint64
		s.each(func(o *Object) bool {
			p := place{s.id, string(o.key())}
			if o.marks&s.turn != 0 {
				return true
			}
			if _, there := records[p]; there && records[p] != c.frozen[p] {
				c.t.Fatalf("%q changed %v without space.edit: the record was %q and is %q", after, p, c.frozen[p], records[p])
			}
			sum += s.recordSum(o)
			return true
		})
		if s.frozen == nil && s.sum != sum {
			c.t.Fatalf("%q: the sum of the unchanged records of space %d is %x, not %x", after, s.id, s.sum, sum)
		}
	}
}

// restore returns a machine made from the store.
func (s *savedState) restore(t testing.TB, cfg Config) *Machine {
	t.Helper()
	m := New(cfg)
	if err := s.restoreInto(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// restoreInto gives the machine records whose memory is used again at once.
func (s *savedState) restoreInto(m *Machine) error {
	var places []place
	for p := range s.records {
		places = append(places, p)
	}
	var key, value []byte
	return m.Restore(s.state, s.spaces, s.count, func() (Record, bool, error) {
		clear(key)
		clear(value)
		if len(places) == 0 {
			return Record{}, false, nil
		}
		p := places[0]
		places = places[1:]
		key, value = append(key[:0], p.key...), append(value[:0], s.records[p]...)
		return Record{Space: p.space, Key: key, Value: value}, true, nil
	})
}

// modelSection is one command of any kind, most of them writes, many of one type of collection, sometimes in a transaction.
func modelSection(rng *rand.Rand, collection func(*rand.Rand) [][]byte) (section []byte, line [][]byte) {
	switch n := rng.IntN(60); {
	case n == 0 && rng.IntN(4) == 0:
		line = words(pickWord(rng, "FLUSHDB", "FLUSHALL", "FLUSHDB ASYNC"))
	case n == 1:
		line = words(fmt.Sprintf("SWAPDB %d %d", rng.IntN(3), rng.IntN(3)))
	case n == 2:
		line = words(pickWord(rng, "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG SET-ACTIVE-EXPIRE 1"))
	case n < 6:
		line = words(fmt.Sprintf("MOVE %s %d", randomKey(rng), rng.IntN(3)))
	case n < 9:
		line = words(fmt.Sprintf("COPY %s %s DB %d REPLACE", randomKey(rng), randomKey(rng), rng.IntN(3)))
	case n >= 36:
		line = collection(rng)
	case n < 12:
		line = words(fmt.Sprintf(pickWord(rng, "GETEX %s PX %d", "GETEX %s PX %d", "GETDEL %[1]s", "PERSIST %[1]s"), randomKey(rng), 1+rng.IntN(100)))
	case n < 15:
		line = words(pickWord(rng, "DELEX %[1]s", "DELEX %[1]s IFNE %[2]s", "DELIFEQ %[1]s %[2]s", "MSETEX 2 %[1]s %[2]s k %[2]s", "SET %[1]s %[2]s IFNE %[2]s"))
		for i := range line {
			line[i] = []byte(strings.NewReplacer("%[1]s", randomKey(rng), "%[2]s", pickWord(rng, "1", "abc", "3.25")).Replace(string(line[i])))
		}
	case n < 17:
		line = randomScript(rng)
	case n < 23:
		line = rareWrite(rng)
	default:
		line = randomWrite(rng)
	}
	if rng.IntN(10) == 0 {
		return AppendExec(nil, nil, []Queued{{DB: rng.IntN(3), Args: line}, {DB: rng.IntN(3), Args: randomWrite(rng)}}), line
	}
	return AppendCommand(nil, rng.IntN(3), line), line
}

// rareWrite makes a command that others make too seldom for it to be sure to change something in the model test.
func rareWrite(rng *rand.Rand) [][]byte {
	fields, ids := "FIELDS 40", ""
	for i := range 40 {
		fields += fmt.Sprint(" e", i)
		ids += fmt.Sprint(" ", 3*i)
	}
	return words(strings.NewReplacer("KEY", randomKey(rng), "NEW", fmt.Sprint("new:", rng.IntN(100))).Replace(pickWord(rng,
		"RENAMENX KEY NEW", "RENAME KEY NEW", "MSETNX NEW v", "SETNX NEW v", "SETRANGE KEY 3 x", "DECR NEW", "PEXPIREAT KEY 9999999999999", "PSETEX KEY 99 v",
		"SETEX KEY 1 v", "HEXPIRE hKEY 9 "+fields, "HPEXPIRE hKEY 99 "+fields, "HPERSIST hKEY "+fields, "PFDEBUG TODENSE KEY", "PFDEBUG TODENSE KEY",
		"XDEL xKEY"+ids, "ZREMRANGEBYLEX zKEY - +", "ZPOPMAX zKEY", "BZPOPMIN zKEY 0", "BZPOPMAX zKEY 0", "ZREMRANGEBYRANK zKEY 3 5",
		"SMOVE sKEY KEY e1", "HGETDEL hKEY "+fields, "LREM lKEY 0 e1", "DECRBY NEW 3", "INCR NEW")))
}

// slotOf is one slot of the log.
type slotOf struct {
	timeMS    int64
	retention int64
	section   []byte
}

func (s slotOf) apply(m *Machine, slot int) {
	m.Apply(uint64(slot), Stamp{TimeMS: s.timeMS, Seed: uint64(slot), RetentionMS: s.retention}, s.section, 1, nil)
}

// TestCheckpointsHoldTheStateAtTheFreeze is the model test. Two machines apply the same random commands and write the same
// checkpoints at their own paces, each to a store of its own, and a third writes none. Now and then the second is thrown away
// and made again from the first one's store and the log behind it, or loses its store and writes all of it anew. What removed collections leave
// the first one frees in its checkpoints alone, the second a part at a time, and the third at once. All three must stay the same, and so must both
// stores.
func TestCheckpointsHoldTheStateAtTheFreeze(t *testing.T) {
	withoutRaceDetector(t)
	cfg := Config{}
	exercised, rewritten, leftAtFreezes := map[string]bool{}, 0, 0
	for seed := range uint64(max(6, 2*len(collectionCommands))) {
		rng := rand.New(rand.NewPCG(seed, 60))
		collection := collectionCommands[int(seed)%len(collectionCommands)]
		first, second := newCheckpointer(t, New(cfg)), newCheckpointer(t, New(cfg))
		plain := New(cfg)
		first.m.bite, second.m.bite = 0, 1
		var log []slotOf // from the newest freeze on
		now, frozenAt := int64(testStart), 0
		recollecting := false
		for slot := 1; slot < 3000; slot++ {
			now += rng.Int64N(8)
			section, line := modelSection(rng, collection)
			s := slotOf{now, 100 + 10*rng.Int64N(10), section}
			log = append(log, s)
			revision := plain.Stats().Revision
			for _, m := range []*Machine{first.m, second.m, plain} {
				s.apply(m, slot)
			}
			if plain.Stats().Revision != revision {
				exercised[strings.ToUpper(string(line[0]))] = true
			}
			compareMachines(t, first.m, second.m, plain)
			first.m.ks.verify(t)
			first.verify(line)
			second.verify(line)
			switch {
			case recollecting:
				recollecting = second.m.recollect(1 + rng.IntN(4))
				second.whole = !recollecting
			case first.running == nil && !second.whole && rng.IntN(60) == 0:
				recollecting = true
				rewritten++
			case first.running == nil && rng.IntN(20) == 0:
				if left, _ := first.m.ks.left(); left > 0 {
					leftAtFreezes++
				}
				first.freeze()
				second.freeze()
				log, frozenAt = nil, slot
			case first.running != nil:
				moreFirst := rng.IntN(3) == 0 || first.next(rng.IntN(200))
				moreSecond := rng.IntN(4) == 0 || second.next(rng.IntN(200))
				if moreFirst || moreSecond {
					break
				}
				first.finish()
				second.finish()
				compareStores(t, &first.store, &second.store)
				if rng.IntN(2) == 0 {
					second = restoreCheckpointer(t, first, cfg, log, frozenAt)
					second.m.bite = 1
				}
			}
		}
	}
	if rewritten < 50 {
		t.Errorf("only %d stores were lost", rewritten)
	}
	if leftAtFreezes < 50 {
		t.Errorf("something of removed collections was left at %d freezes only", leftAtFreezes)
	}
	for _, cmd := range Commands() {
		if cmd.Flags.Has(Write) && cmd.Run != nil && !exercised[cmd.Name] {
			t.Errorf("%s changed nothing in the model test: give it random arguments in modelSection", cmd.Name)
		}
	}
}

// restoreCheckpointer makes another node from a node's newest checkpoint, and applies the log behind it.
func restoreCheckpointer(t *testing.T, from *checkpointer, cfg Config, log []slotOf, slot int) *checkpointer {
	t.Helper()
	c := newCheckpointer(t, from.store.restore(t, cfg))
	c.store.records, c.frozen = maps.Clone(from.store.records), from.frozen
	if c.m.Digest() != from.digest {
		t.Fatal("the digest after a restore is not that of the freeze")
	}
	c.m.ks.verify(t)
	c.verify(nil)
	for _, s := range log {
		slot++
		s.apply(c.m, slot)
	}
	return c
}

func compareMachines(t *testing.T, machines ...*Machine) {
	t.Helper()
	digest, stats := machines[0].Digest(), machines[0].Stats()
	for i, m := range machines {
		s := m.Stats()
		for db := range s.Databases {
			s.Databases[db].AvgTTL = stats.Databases[db].AvgTTL // an estimate
		}
		s.Hits, s.Misses, s.Left, s.Freed = stats.Hits, stats.Misses, stats.Left, stats.Freed // each node's own
		if m.Digest() != digest || s != stats || m.NextDeadline() != machines[0].NextDeadline() {
			t.Fatalf("machine %d is not as the first one: %+v and %+v", i, s, stats)
		}
		if m.ks.highest != machines[0].ks.highest || m.ks.newestID != machines[0].ks.newestID {
			t.Fatalf("machine %d has another highest version or newest space", i)
		}
	}
}

func compareStores(t *testing.T, a, b *savedState) {
	t.Helper()
	if a.count != b.count || a.sum != b.sum || !slices.Equal(a.spaces, b.spaces) || !bytes.Equal(a.state, b.state) {
		t.Fatalf("two nodes' checkpoints of one slot differ:\n%d %x %v %x\n%d %x %v %x", a.count, a.sum, a.spaces, a.state,
			b.count, b.sum, b.spaces, b.state)
	}
	if !maps.Equal(a.records, b.records) {
		t.Fatal("two nodes' stores differ at one slot")
	}
}
