package statemachine

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"unsafe"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine/internal/format"
)

// checkpointOf writes the first checkpoint of a machine.
func checkpointOf(t *testing.T, m *Machine) savedState {
	t.Helper()
	c := newCheckpointer(t, m)
	c.freeze()
	for c.next(1000) {
		continue
	}
	c.finish()
	return c.store
}

// smallState is a checkpoint with a key of each sort and a tombstone.
func smallState(t *testing.T) savedState {
	t.Helper()
	h := newHarness(t)
	script(t, h, `
		SET plain value => OK
		SET timed value PX 1000 => OK
		SET explicit value VER 7 => OK
		INCRBYFLOAT text 1.5 => "1.5"
		DEL gone VER 9 => :1
		db 3
		SET other 5 => OK`)
	return checkpointOf(t, h.m)
}

// clone is a copy to be damaged.
func (s savedState) clone() savedState {
	s.records = maps.Clone(s.records)
	return s
}

// edit changes the encoded state.
func (s *savedState) edit(t *testing.T, change func(*format.State)) {
	t.Helper()
	state := &format.State{}
	if err := state.UnmarshalVT(s.state); err != nil {
		t.Fatal(err)
	}
	change(state)
	var err error
	if s.state, err = state.MarshalVT(); err != nil {
		t.Fatal(err)
	}
}

// replace gives the record of a key another value.
func (s *savedState) replace(key string, change func(string) string) {
	for p, value := range s.records {
		if p.key == key {
			s.records[p] = change(value)
		}
	}
}

func TestRestoreRefusesWhatIsNoCheckpoint(t *testing.T) {
	whole := smallState(t)
	for _, test := range []struct {
		name, want string
		damage     func(s *savedState)
	}{
		{"a state that does not decode", "its description does not decode", func(s *savedState) { s.state = []byte{0xff} }},
		{"no state", "it has format 0", func(s *savedState) { s.state = nil }},
		{"a newer state", "it has format 4, and this paxredis reads 3: written by a later release",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Version = stateVersion + 1 }) }},
		{"an older state", "it has format 2, and this paxredis reads 3",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Version = stateVersion - 1 }) }},
		{"too few databases", "it has 15 databases, not 16",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Databases = f.Databases[:15] }) }},
		{"a database without a space", "database 4 is not described",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Databases[4].Keys = nil }) }},
		{"a space twice", "ids of spaces that cannot be",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Databases[4].Keys.Id = 1 }) }},
		{"a space that was never made", "ids of spaces that cannot be",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.NewestId = 47 }) }},
		{"other spaces", "its databases are in the spaces", func(s *savedState) { s.spaces = s.spaces[1:] }},
		{"another count", "its databases have 6 records, and 7 are said to come", func(s *savedState) { s.count = 7 }},
		{"another sum", "the records of space 1 are not those that were written",
			func(s *savedState) { s.edit(t, func(f *format.State) { f.Databases[0].Keys.Sum++ }) }},
		{"a changed value", "the records of space 1 are not those that were written",
			func(s *savedState) { s.replace("plain", func(v string) string { return v + "x" }) }},
		{"a missing record", "3 records of space 1 came, not 4",
			func(s *savedState) { delete(s.records, place{1, "plain"}) }},
		{"a record too many", "it is one more than the 4 of its space",
			func(s *savedState) { s.records[place{1, "new"}] = s.records[place{1, "plain"}] }},
		{"a record of no space", "space 99 cannot be restored: the space is not part of the checkpoint",
			func(s *savedState) { s.records[place{99, "new"}] = s.records[place{1, "plain"}] }},
		{"a key among tombstones", "it is a key among tombstones",
			func(s *savedState) { s.records[place{2, "new"}] = s.records[place{1, "plain"}] }},
		{"a tombstone among keys", "it is a tombstone among keys",
			func(s *savedState) { s.records[place{1, "gone"}] = s.records[place{2, "gone"}] }},
		{"a newer record", `key "plain" in space 1 cannot be restored: it has format 2, and this paxredis reads 1`,
			func(s *savedState) { s.replace("plain", func(v string) string { return "\x02" + v[1:] }) }},
		{"an unknown type", "it is of type 77, which this paxredis does not know",
			func(s *savedState) { s.replace("plain", func(v string) string { return v[:1] + "\x4d" + v[2:] }) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			damaged := whole.clone()
			test.damage(&damaged)
			h := newHarness(t)
			h.expect("SET before 1", "OK")
			err := damaged.restoreInto(h.m)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("the error is %v, not %s", err, test.want)
			}
			if h.m.Digest() != New(Config{}).Digest() || h.m.Stats() != New(Config{}).Stats() {
				t.Fatal("the machine is not empty after an error")
			}
			if err := whole.restoreInto(h.m); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestRestoreRefusesWhatTheReaderGives(t *testing.T) {
	whole := smallState(t)
	broken := errors.New("disk on fire")
	value := []byte(whole.records[place{1, "plain"}])
	for want, next := range map[string]func() (Record, bool, error){
		"disk on fire":     func() (Record, bool, error) { return Record{}, false, broken },
		"it is a deletion": func() (Record, bool, error) { return Record{Space: 1, Key: []byte("k"), Deleted: true}, true, nil },
		"it comes twice":   func() (Record, bool, error) { return Record{Space: 1, Key: []byte("k"), Value: value}, true, nil },
	} {
		m := New(Config{})
		if err := m.Restore(whole.state, whole.spaces, whole.count, next); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, not %s", err, want)
		}
	}
	// A key and its tombstone cannot both be, though each by itself could.
	h := newHarness(t)
	h.expect("SET gone 1", "OK")
	tomb := smallState(t)
	both := checkpointOf(t, h.m)
	both.records[place{2, "gone"}] = tomb.records[place{2, "gone"}]
	both.count++
	both.edit(t, func(f *format.State) {
		f.Databases[0].Tombstones.Count = 1
		f.Databases[0].Tombstones.Sum = recordSum(2, []byte("gone"), []byte(both.records[place{2, "gone"}]))
	})
	if err := both.restoreInto(New(Config{})); err == nil || !strings.Contains(err.Error(), `both the key "gone" and its tombstone`) {
		t.Errorf("the error is %v", err)
	}
}

// What a later release wrote is told from what is damaged: nobody may throw it away.
func TestRestoreTellsALaterReleaseFromDamage(t *testing.T) {
	whole := smallState(t)
	for name, test := range map[string]struct {
		later  bool
		change func(s *savedState)
	}{
		"a newer state":    {true, func(s *savedState) { s.edit(t, func(f *format.State) { f.Version = stateVersion + 1 }) }},
		"its fields too":   {true, func(s *savedState) { s.state = []byte{8, stateVersion + 1, 16, 0xff} }},
		"a newer record":   {true, func(s *savedState) { s.replace("plain", func(v string) string { return "\x02" + v[1:] }) }},
		"an unknown type":  {true, func(s *savedState) { s.replace("plain", func(v string) string { return v[:1] + "\x4d" + v[2:] }) }},
		"an unknown flag":  {true, func(s *savedState) { s.replace("plain", func(v string) string { return v[:2] + "\x80" + v[3:] }) }},
		"no format":        {false, func(s *savedState) { s.replace("plain", func(v string) string { return "\x00" + v[1:] }) }},
		"a cut state":      {false, func(s *savedState) { s.state = s.state[:len(s.state)-1] }},
		"a missing record": {false, func(s *savedState) { delete(s.records, place{1, "plain"}) }},
	} {
		changed := whole.clone()
		test.change(&changed)
		if err := changed.restoreInto(New(Config{})); err == nil || errors.Is(err, ErrNewerFormat) != test.later {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRestoreOfManyKeys goes through every step of the tables' growth.
func TestRestoreOfManyKeys(t *testing.T) {
	withoutRaceDetector(t)
	for _, keys := range []int{0, 1, 4, 5, 70_000} {
		m := New(Config{})
		fill(m, keys, 5)
		s := checkpointOf(t, m)
		restored := s.restore(t, Config{})
		compareMachines(t, m, restored)
		if size := len(restored.ks.databases[0].keys.tables[0]); size > max(2*keys, dictInitialSize) {
			t.Fatalf("%d keys have a table of %d", keys, size)
		}
	}
}

// fill makes keys of 16 bytes, one in ten with a time to live.
func fill(m *Machine, keys, valueBytes int) {
	value := strings.Repeat("v", valueBytes)
	for i := range keys {
		line := fmt.Sprintf("SET key:%012d %s", i, value)
		if i%10 == 0 {
			line += fmt.Sprintf(" PX %d", 100_000_000+i*7919%1_000_000)
		}
		m.Apply(uint64(i+1), Stamp{TimeMS: testStart, Seed: 1}, AppendCommand(nil, 0, words(line)), 1, nil)
	}
}

func TestRecordSumIsThatOfCheckpoints(t *testing.T) {
	s := newSpace(7, hasher{}, newArena(t))
	for _, length := range []int{0, 5, smallRecord, 100_000} {
		key, value := []byte("key"), []byte(strings.Repeat("v", length))
		o := newObject(s.memory, KindString, key, value)
		o.version = 3
		encoded := append(appendRecordHead(nil, &s.times, o), value...)
		want := paxos.RecordSum(7, key, encoded)
		if got := s.recordSum(o); got != want {
			t.Errorf("the sum of an object of %d bytes is %x, not %x", length, got, want)
		}
		if got := recordSum(7, key, encoded); got != want {
			t.Errorf("the sum of a record of %d bytes is %x, not %x", length, got, want)
		}
	}
}

func TestAnObjectTakes56Bytes(t *testing.T) {
	if size := unsafe.Sizeof(Object{}); size != 56 {
		t.Fatalf("an object takes %d bytes: there may be many millions of them", size)
	}
}

// FuzzDecodeRecord: no bytes make the decoder panic, and what it takes is encoded to the same bytes again.
func FuzzDecodeRecord(f *testing.F) {
	memory := newArena(f)
	d := newDeadlines(memory)
	o := newObject(memory, KindString, []byte("key"), []byte("value"))
	o.version, o.revision, o.flags = 300, 5, flagExplicit
	f.Add(append(appendRecordHead(nil, &d, o), o.str()...))
	d.set(o, testStart)
	f.Add(append(appendRecordHead(nil, &d, o), o.str()...))
	f.Add([]byte{1, 1, 0, 0x80, 0, 0, 0})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, value []byte) {
		h, content, err := decodeRecord(value)
		if err != nil {
			return
		}
		if again := append(appendHead(nil, h), content...); string(again) != string(value) {
			t.Fatalf("%x became %x", value, again)
		}
	})
}

// FuzzRestore: no bytes make Restore panic or take memory that they do not pay for; what it takes is a state like any other.
func FuzzRestore(f *testing.F) {
	h := newHarness(f)
	h.do("SET key value PX 100")
	h.do("DEL gone VER 8")
	c := h.m.Freeze()
	records := c.Next(1000)
	count, _, _, state := c.Finish()
	f.Add(state, count, records[0].Key, records[0].Value, records[1].Key, records[1].Value)
	f.Fuzz(func(t *testing.T, state []byte, count uint64, key, value, key2, value2 []byte) {
		var spaces []uint64
		for i := range uint64(2 * Databases) {
			spaces = append(spaces, i+1)
		}
		records := []Record{{Space: 1, Key: key, Value: value}, {Space: 2, Key: key2, Value: value2}}
		m := New(Config{})
		err := m.Restore(state, spaces, count, func() (r Record, ok bool, err error) {
			if len(records) == 0 {
				return r, false, nil
			}
			r, records = records[0], records[1:]
			return r, true, nil
		})
		if err != nil {
			return
		}
		encoded, n := section("SET a 1 PX 5", "DEL a", "FLUSHALL")
		m.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, encoded, n, nil)
		m.Digest()
	})
}
