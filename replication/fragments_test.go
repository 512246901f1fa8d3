package replication

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// fragmentOf is a fragment of a large command of node 1.
func fragmentOf(id uuid.UUID, large uint64, whole string, from, to int) section {
	return section{node: 1, session: id, count: 1, large: large, offset: uint64(from), total: uint64(len(whole)), commands: []byte(whole[from:to])}
}

// The order, the repetition and the loss of fragments, and a session or a command that is replaced.
func TestFragmentsAreAppliedOnceAndInOrder(t *testing.T) {
	first, second := uuid.New(), uuid.New()
	open := func(id uuid.UUID, boot uint64) section { return section{node: 1, session: id, boot: boot, open: true} }
	type step struct {
		section section
		want    verdict
		pending uint64
	}
	begun := []step{{open(first, 1), verdictOpened, 0}, {fragmentOf(first, 1, "abcdef", 0, 2), verdictPart, 2}}
	for _, test := range []struct {
		name  string
		steps []step
		whole string
	}{
		{"in order", append(begun[:2:2], step{fragmentOf(first, 1, "abcdef", 2, 4), verdictPart, 4}, step{fragmentOf(first, 1, "abcdef", 4, 6), verdictRun, 0}), "abcdef"},
		{"in one piece", []step{begun[0], {fragmentOf(first, 1, "abcdef", 0, 6), verdictRun, 0}}, "abcdef"},
		{"what comes twice is skipped", append(begun[:2:2], step{fragmentOf(first, 1, "abcdef", 0, 2), verdictRepeat, 2}, step{fragmentOf(first, 1, "abcdef", 2, 6), verdictRun, 0},
			step{fragmentOf(first, 1, "abcdef", 2, 6), verdictRepeat, 0}, step{fragmentOf(first, 1, "abcdef", 0, 2), verdictRepeat, 0}), "abcdef"},
		{"what would leave a gap is dropped", append(begun[:2:2], step{fragmentOf(first, 1, "abcdef", 4, 6), verdictGap, 2},
			step{fragmentOf(first, 1, "abcdef", 2, 6), verdictRun, 0}), "abcdef"},
		{"the middle is no beginning", []step{begun[0], {fragmentOf(first, 1, "abcdef", 2, 4), verdictGap, 0}}, ""},
		{"the next command takes the place of one that was given up", append(begun[:2:2], step{fragmentOf(first, 2, "xyz", 1, 3), verdictGap, 2},
			step{fragmentOf(first, 2, "xyz", 0, 1), verdictPart, 1}, step{fragmentOf(first, 1, "abcdef", 2, 6), verdictRepeat, 1},
			step{fragmentOf(first, 2, "xyz", 1, 3), verdictRun, 0}), "xyz"},
		{"a newer boot fences the older", append(begun[:2:2], step{open(second, 2), verdictOpened, 0}, step{fragmentOf(first, 1, "abcdef", 2, 6), verdictFenced, 0},
			step{fragmentOf(second, 1, "xyz", 0, 3), verdictRun, 0}), "xyz"},
		{"ordinary commands go between", append(begun[:2:2], step{section{node: 1, session: first, first: 1, count: 1}, verdictRun, 2},
			step{fragmentOf(first, 1, "abcdef", 2, 6), verdictRun, 0}), "abcdef"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := newSessionTable()
			foretold := table.foretold()
			for i, s := range test.steps {
				got := table.apply(&s.section)
				if got != s.want {
					t.Fatalf("step %d: %v, want %v", i, got, s.want)
				}
				if v := foretold.apply(&s.section); v != got {
					t.Fatalf("step %d: a leader foretells %v, and it is %v", i, v, got)
				}
				if got == verdictRun && s.section.isFragment() {
					if whole := string(table.takeWhole(1)); whole != test.whole {
						t.Errorf("step %d: %q came together, not %q", i, whole, test.whole)
					}
				}
				if current, _ := table.Get(1); current.Pending != s.pending {
					t.Fatalf("step %d: %d bytes pending, want %d", i, current.Pending, s.pending)
				}
			}
			if len(foretold.pending) != 0 {
				t.Error("a table that foretells keeps bytes")
			}
		})
	}
}

// What a node keeps of large commands goes with its session, and with a mark; the command may begin anew.
func TestPendingFragmentsAreDiscarded(t *testing.T) {
	id := uuid.New()
	opening := section{node: 1, session: id, boot: 1, open: true}
	begun := fragmentOf(id, 1, "abcdef", 0, 2)
	for name, discard := range map[string]func(*SessionTable){
		"by a mark":             (*SessionTable).abandonPending,
		"with its member":       func(t *SessionTable) { t.keep(&paxos.Configuration{Voters: []paxos.Member{{ID: 2}}}) },
		"with its directory":    func(t *SessionTable) { t.renew(membersOf("a"), membersOf("b")) },
		"with a former session": func(t *SessionTable) { t.apply(&section{node: 1, session: uuid.New(), boot: 2, open: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			table := newSessionTable()
			table.apply(&opening)
			table.apply(&begun)
			if !table.hasPending() || !table.isPending(&begun) || len(table.pending[1]) != 2 {
				t.Fatalf("before: %+v, %q", table.nodes, table.pending)
			}
			discard(&table)
			if table.hasPending() || len(table.pending) != 0 {
				t.Errorf("left: %+v, %q", table.nodes, table.pending)
			}
		})
	}
	table := newSessionTable()
	table.apply(&opening)
	table.apply(&begun)
	table.abandonPending()
	rest, all := fragmentOf(id, 1, "abcdef", 2, 6), fragmentOf(id, 1, "abcdef", 0, 6)
	if v := table.apply(&rest); v != verdictGap {
		t.Errorf("the rest alone: %v", v)
	}
	if v := table.apply(&all); v != verdictRun || string(table.takeWhole(1)) != "abcdef" {
		t.Errorf("from the beginning: %v", v)
	}
}

func membersOf(uuid string) *paxos.Configuration {
	return &paxos.Configuration{Voters: []paxos.Member{{ID: 1, UUID: uuid}}}
}

// A checkpoint has which large command was the newest, so that it is not applied again, and is of the older format as long as there was none.
func TestGroupStateKeepsLargeCommands(t *testing.T) {
	state := groupState{sessions: []NodeSession{{1, Session{ID: uuid.New(), Boot: 1, Last: 5}}}}
	encoded, err := state.encode()
	if err != nil || encoded[1] != plainFormat {
		t.Errorf("%v, format %d", err, encoded[1])
	}
	for _, want := range []Session{{ID: uuid.New(), Boot: 1, Large: 3, Whole: true}, {ID: uuid.New(), Boot: 1, Last: 2, Large: 4}} {
		state.sessions = []NodeSession{{1, want}}
		encoded, err := state.encode()
		if err != nil || encoded[1] != FormatVersion {
			t.Errorf("%v, format %d", err, encoded[1])
		}
		got, err := decodeGroupState(encoded)
		if err != nil || !slices.Equal(got.sessions, state.sessions) {
			t.Errorf("%+v, %v, want %+v", got.sessions, err, want)
		}
	}
}

var update = flag.Bool("update", false, "write testdata anew; changes it only together with a new format version")

// What batches look like stays: those without fragments are what releases before fragments wrote and read.
func TestGoldenBatches(t *testing.T) {
	id := uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff")
	for name, b := range map[string]batch{
		"batch_format1": {timeMS: 1_700_000_000_123, seed: 1 << 63, retentionMS: 86_400_000, sections: []section{
			{node: 1, session: id, boot: 7, open: true}, {node: 2, session: id, first: 41, count: 2, commands: []byte("abcd")}}},
		"batch_format2": {timeMS: 1_700_000_000_123, seed: 1 << 63, sections: []section{
			{node: 2, session: id, first: 41, count: 2, commands: []byte("abcd")}, fragmentOf(id, 3, "abcdef", 2, 4)}},
		"batch_format2_voids": {timeMS: 1_700_000_000_123, seed: 1 << 63, sections: []section{
			{node: 2, session: id, first: 41, count: 2, voids: 3, commands: []byte("abcd")}, {node: 2, session: id, first: 43, count: 1, commands: []byte("e")}}},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := encodeBatch(&b)
			if err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + name + ".hex"
			if *update {
				if err := os.WriteFile(path, []byte(hex.EncodeToString(payload)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil || !bytes.Equal(payload, golden) {
				t.Errorf("%x, and it was %x (%v)", payload, golden, err)
			}
			if got, err := decodeBatch(golden); err != nil || !reflect.DeepEqual(got, b) {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, b)
			}
		})
	}
}

func TestUndecodableFragments(t *testing.T) {
	id := uuid.New()
	for name, change := range map[string]func(b *wire.Batch, s *wire.Section){
		"the older format":          func(b *wire.Batch, _ *wire.Section) { b.Format = plainFormat },
		"an opening":                func(_ *wire.Batch, s *wire.Section) { s.Open, s.Boot, s.Count, s.Commands = true, 1, 0, nil },
		"a number beside its own":   func(_ *wire.Batch, s *wire.Section) { s.First = 1 },
		"a number that overflows":   func(_ *wire.Batch, s *wire.Section) { s.Large = 1<<64 - 1 },
		"no commands":               func(_ *wire.Batch, s *wire.Section) { s.Count = 0 },
		"more commands than bytes":  func(_ *wire.Batch, s *wire.Section) { s.Count = 7 },
		"no bytes":                  func(_ *wire.Batch, s *wire.Section) { s.Commands = nil },
		"bytes behind the end":      func(_ *wire.Batch, s *wire.Section) { s.Offset = 5 },
		"a place behind the end":    func(_ *wire.Batch, s *wire.Section) { s.Offset = 1<<64 - 1 },
		"more than there may be":    func(_ *wire.Batch, s *wire.Section) { s.Total = maxLargeBytes + 1 },
		"a number without a length": func(_ *wire.Batch, s *wire.Section) { s.Total = 0 },
		"one that voids another":    func(_ *wire.Batch, s *wire.Section) { s.Voids = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b := &wire.Batch{Format: FormatVersion, Group: groupID, TimeMs: 1, Sections: []*wire.Section{
				{Node: 1, Session: id[:], Large: 1, Offset: 2, Total: 6, Count: 1, Commands: []byte("cd")}}}
			expectUndecodable(t, b, change)
		})
	}
}

// An applier without the rest of a group: the commands of fragments run once, whole, with their replies, in the slot of the last.
func TestApplierPutsFragmentsTogether(t *testing.T) {
	a, m := newApplierAlone(1)
	openOwn(t, a)
	c, waiting := chunkOf("a large one")
	a.origin.beginLarge(c, 1, departure{})
	slots := 0
	for {
		s, ok := a.origin.fragment(5, 100)
		if !ok {
			break
		}
		a.origin.sentFragment(&s)
		if len(m.log()) != 0 {
			t.Fatal("applied before it was whole")
		}
		for range 2 { // every fragment comes twice
			if err := applySections(t, a, 2, s); err != nil {
				t.Fatal(err)
			}
			slots++
		}
	}
	if r := <-waiting[0].done; r.outcome != 0 || int(r.slot) != slots { // the opening has a slot, and what came last was a repetition
		t.Errorf("%+v after %d slots", r, slots)
	}
	if got := m.log(); !slices.Equal(got, []string{"a large one"}) || a.origin.large != nil {
		t.Errorf("applied %q", got)
	}
	if _, waits, _ := a.origin.load(); waits != 0 {
		t.Errorf("%d wait", waits)
	}
	if err := applySections(t, a, 3, fragmentOf(a.origin.session, 2, "xyz", 0, 3)); err == nil {
		t.Error("an own large command that nobody sent was applied")
	}
}

// A mark between two fragments has the origin begin anew.
func TestMarkHasALargeCommandBeginAnew(t *testing.T) {
	a, m := newApplierAlone(1)
	openOwn(t, a)
	c, waiting := chunkOf("a large one")
	a.origin.beginLarge(c, 1, departure{})
	send := func() section {
		s, ok := a.origin.fragment(5, 100)
		if !ok {
			t.Fatal("nothing to be sent")
		}
		a.origin.sentFragment(&s)
		if err := applySections(t, a, 2, s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	send()
	payload, err := encodeMark(checkpointMark{number: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.apply(&paxos.Record{Slot: paxos.Slot(a.applied.Load() + 1), Entry: paxos.Entry{Kind: paxos.EntryCheckpoint, Payload: payload}}); err != nil {
		t.Fatal(err)
	}
	if encoded, err := a.groupState(); err != nil || a.sessions.hasPending() {
		t.Errorf("%x, %v", encoded, err)
	}
	if s := send(); s.offset != 0 {
		t.Errorf("it goes on at byte %d", s.offset)
	}
	send()
	send()
	if r := <-waiting[0].done; r.outcome != 0 || !slices.Equal(m.log(), []string{"a large one"}) {
		t.Errorf("%+v, applied %q", r, m.log())
	}
}

// The window bounds what is on its way, and what a new leader may not have got is sent again from what is applied.
func TestOriginSendsFragmentsInAWindowAndAgain(t *testing.T) {
	o := newOrigin(&Config{Self: 1, Boot: 1, Session: uuid.New()})
	if o.mayBeginLarge() {
		t.Error("it may begin before the session is open")
	}
	o.remove()
	o.beginLarge(&Chunk{Commands: []byte("abcdefgh"), Count: 1}, 1, departure{})
	if o.mayBeginLarge() {
		t.Error("a second one may begin")
	}
	next := func() string {
		s, ok := o.fragment(2, 5)
		if !ok {
			return ""
		}
		o.sentFragment(&s)
		return string(s.commands)
	}
	want := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if got := next(); got != text {
				t.Fatalf("%q, want %q", got, text)
			}
		}
	}
	want("ab", "cd", "")
	s := section{large: 1, offset: 0, commands: []byte("ab")}
	o.appliedFragment(&s)
	want("ef", "")
	o.resendLarge()
	want("cd", "ef", "")
	o.restartLarge()
	want("ab", "cd", "")
	for range 3 {
		s := section{large: 1, offset: uint64(o.large.applied), commands: []byte("ab")}
		o.appliedFragment(&s)
	}
	want("gh", "")
}

// A command of which the last fragment was not sent is not applied, for certain; else it is uncertain, and goes on.
func TestLargeCommandIsGivenUpOrUncertain(t *testing.T) {
	for _, test := range []struct {
		sent int
		want Outcome
	}{{0, NoLeader}, {1, NoLeader}, {2, Uncertain}} {
		o := newOrigin(&Config{Self: 1, Boot: 1, Session: uuid.New()})
		o.remove()
		c, _ := chunkOf("large")
		o.beginLarge(c, 5, departure{})
		for range test.sent {
			s, _ := o.fragment(4, 100)
			o.sentFragment(&s)
		}
		if ended := o.expire(4, NoLeader, Uncertain); len(ended) != 0 {
			t.Errorf("%d sent: ended before its time: %v", test.sent, ended)
		}
		ended := o.expire(5, NoLeader, Uncertain)
		if len(ended) != 1 || ended[0].outcome != test.want || o.waiting != 0 {
			t.Errorf("%d sent: %+v, %d wait", test.sent, ended, o.waiting)
		}
		if goesOn := !o.mayBeginLarge(); goesOn == (test.want == NoLeader) {
			t.Errorf("%d sent: it goes on: %v", test.sent, goesOn)
		}
		o.large = nil
		o.hasLarge.Store(false)
		if o.beginLarge(c, 5, departure{}); o.large.number != 2 {
			t.Errorf("the next one is number %d", o.large.number)
		}
	}
}

// inFragments makes nearly every command a large one, in many fragments.
func inFragments(cfg *Config) { cfg.Bounds.FragmentBytes, cfg.Bounds.FragmentsInFlight = 3, 2 }

// Fragments, too, are lost and doubled at random while leaders are killed and checkpoints are taken.
func TestLargeCommandsAreAppliedOnceAcrossLeaderKills(t *testing.T) {
	for name, tune := range map[string]func(*Config){
		"from the log": inFragments,
		"from checkpoints": func(cfg *Config) {
			inFragments(cfg)
			cfg.Bounds.CheckpointBytes, cfg.Bounds.PartBytes = 4000, 200
		},
	} {
		t.Run(name, func(t *testing.T) { killLeadersWith(t, tune, 3) })
	}
}

// Commands that come while a large one is on its way do not wait for it, at the leader and at a follower.
func TestNothingWaitsForALargeCommand(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { calm(cfg); inFragments(cfg) })
	leader := c.leader()
	for _, n := range []*node{leader, c.others(leader.id)[0]} {
		n.mustWrite(fmt.Sprintf("open %v", n.id))
		large := n.large(strings.Repeat("x", 3000)) // a thousand fragments
		n.mustWrite(fmt.Sprintf("small %v", n.id))
		select {
		case r := <-large.done:
			t.Errorf("node %v: the large command was not held up by anything, %+v: this test shows nothing", n.id, r)
		default:
		}
		if r := <-large.done; r.outcome != 0 {
			t.Errorf("node %v: %v", n.id, r.outcome)
		}
	}
}

// A checkpoint that is asked for waits for a large command under way, which then need not begin anew.
func TestCheckpointWaitsForALargeCommand(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { calm(cfg); inFragments(cfg) })
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("open")
	held := make(chan struct{})
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if f, ok := m.(paxos.Forward); ok && from == follower.id {
			if s, err := decodeForwarded(f.Payload); err == nil && s[0].isFragment() && s[0].offset >= 9 {
				select {
				case <-held:
				default:
					return 0
				}
			}
		}
		return 1
	})
	large := follower.large("a large command in pieces")
	leader.waitSessions(func(s Session) bool { return s.Pending >= 9 }, follower.id)
	leader.group.inbox.control(func() { leader.group.loop.markAsked = true })
	leader.turn(func(l *loop) { l.proposeMark() })
	leader.turn(func(l *loop) {
		if l.marked != 0 || !l.marking {
			t.Errorf("mark %d was proposed, or does not wait: %v", l.marked, l.marking)
		}
	})
	close(held)
	if r := <-large.done; r.outcome != 0 {
		t.Error(r.outcome)
	}
	if _, err := leader.group.Checkpoint(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// What a node that is gone has left of a large command holds a checkpoint up for as long as a command may take, and no longer.
func TestCheckpointDiscardsWhatNobodyGoesOnWith(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { calm(cfg); inFragments(cfg) })
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("open")
	var begun atomic.Int64
	var passes atomic.Bool
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if f, ok := m.(paxos.Forward); ok && from == follower.id {
			if s, err := decodeForwarded(f.Payload); err == nil && s[0].offset >= 9 && !passes.Load() {
				return 0
			} else if err == nil && s[0].isFragment() && s[0].offset == 0 {
				begun.Add(1)
			}
		}
		return 1
	})
	large := follower.large("a large command in pieces")
	leader.waitSessions(func(s Session) bool { return s.Pending >= 9 }, follower.id)
	leader.turn(func(l *loop) {
		l.markAsked = true
		if l.proposeMark(); l.marked != 0 {
			t.Error("the checkpoint did not wait")
		}
		l.markingSince -= int64(l.g.cfg.CommitTimeout)
		if l.proposeMark(); l.marked != 1 {
			t.Error("the checkpoint waits for ever")
		}
	})
	passes.Store(true)
	if r := <-large.done; r.outcome != 0 {
		t.Error(r.outcome)
	}
	if begun := begun.Load(); begun < 2 {
		t.Errorf("begun %d times, and what was there was discarded", begun)
	}
}

// A node that fell behind and installs a checkpoint learns of its own large command that it was applied, or goes on with it.
func TestInstalledCheckpointHasALargeCommand(t *testing.T) {
	for _, test := range []struct {
		name    string
		session func(Session) Session
		ended   int
	}{
		{"whole", func(s Session) Session { s.Large, s.Whole = 1, true; return s }, 1},
		{"later", func(s Session) Session { s.Large = 2; return s }, 1},
		{"not whole", func(s Session) Session { s.Large = 1; return s }, 0},
		{"not begun", func(s Session) Session { return s }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOrigin(&Config{Self: 1, Boot: 1, Session: uuid.New()})
			o.remove()
			c, _ := chunkOf("large")
			o.beginLarge(c, 5, departure{})
			o.large.next, o.large.applied = 4, 2
			ended := o.largeCaughtUp(test.session(Session{ID: o.session, Boot: 1}))
			if len(ended) != test.ended || test.ended == 1 && ended[0].outcome != Uncertain {
				t.Fatalf("%+v", ended)
			}
			if s, ok := o.fragment(4, 100); ok != (test.ended == 0) || ok && s.offset != 0 {
				t.Errorf("next: %+v, %v", s, ok)
			}
		})
	}
}
