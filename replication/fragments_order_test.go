package replication

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// A section that voids a large command has it never be applied, whatever there is of it by then, unless it is applied already.
func TestVoidedLargeCommandsAreNotApplied(t *testing.T) {
	id := uuid.New()
	chunk := func(first, voids uint64) section {
		return section{node: 1, session: id, first: first, count: 1, voids: voids, commands: []byte("x")}
	}
	fragment := func(large uint64, from, to int) section { return fragmentOf(id, large, "abcdef", from, to) }
	type step struct {
		section section
		want    verdict
	}
	for name, steps := range map[string][]step{
		"not begun": {{chunk(1, 1), verdictRun}, {fragment(1, 0, 2), verdictRepeat}, {fragment(1, 2, 6), verdictRepeat}},
		"in pieces": {{fragment(1, 0, 2), verdictPart}, {chunk(1, 1), verdictRun}, {fragment(1, 2, 6), verdictRepeat}, {fragment(1, 0, 6), verdictRepeat}},
		"whole":     {{fragment(1, 0, 6), verdictRun}, {chunk(1, 1), verdictRun}, {fragment(1, 0, 6), verdictRepeat}},
		"the next":  {{fragment(1, 0, 2), verdictPart}, {chunk(1, 1), verdictRun}, {fragment(2, 0, 2), verdictPart}, {fragment(2, 2, 6), verdictRun}},
		"an older":  {{fragment(1, 0, 2), verdictPart}, {fragment(2, 0, 2), verdictPart}, {chunk(1, 1), verdictRun}, {fragment(2, 2, 6), verdictRun}},
		"a gap":     {{fragment(1, 0, 2), verdictPart}, {chunk(2, 1), verdictGap}, {fragment(1, 2, 6), verdictRun}},
		"twice": {{chunk(1, 1), verdictRun}, {fragment(2, 0, 2), verdictPart}, {chunk(1, 1), verdictRepeat},
			{fragment(2, 2, 6), verdictRun}},
	} {
		t.Run(name, func(t *testing.T) {
			table := newSessionTable()
			table.apply(&section{node: 1, session: id, boot: 1, open: true})
			foretold := table.foretold()
			for i, s := range steps {
				if got := table.apply(&s.section); got != s.want {
					t.Fatalf("step %d: %v, want %v", i, got, s.want)
				}
				if got := foretold.apply(&s.section); got != s.want {
					t.Fatalf("step %d: a leader foretells %v, want %v", i, got, s.want)
				}
				if s.want == verdictRun && s.section.isFragment() {
					if whole := string(table.takeWhole(1)); whole != "abcdef" {
						t.Errorf("step %d: %q came together", i, whole)
					}
				}
			}
			if table.hasPending() || len(table.pending) != 0 {
				t.Errorf("left: %+v, %q", table.nodes, table.pending)
			}
		})
	}
}

func TestUndecodableVoids(t *testing.T) {
	id := uuid.New()
	for name, change := range map[string]func(b *wire.Batch, s *wire.Section){
		"the older format": func(b *wire.Batch, _ *wire.Section) { b.Format = plainFormat },
		"an opening": func(_ *wire.Batch, s *wire.Section) {
			s.Open, s.Boot, s.First, s.Count, s.Commands = true, 1, 0, 0, nil
		},
		"a number that overflows": func(_ *wire.Batch, s *wire.Section) { s.Voids = 1<<64 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b := &wire.Batch{Format: FormatVersion, Group: groupID, TimeMs: 1, Sections: []*wire.Section{
				{Node: 1, Session: id[:], First: 1, Count: 1, Voids: 2, Commands: []byte("c")}}}
			expectUndecodable(t, b, change)
		})
	}
}

// originOfLarge is an origin with an open session and a large command of eight bytes, its deadline being 5.
func originOfLarge() *origin {
	o := newOrigin(&Config{Self: 1, Boot: 1, Session: uuid.New()})
	o.remove()
	o.beginLarge(&Chunk{Commands: []byte("abcdefgh"), Count: 1, Replies: &items{}}, 5, departure{})
	return o
}

// sendFragments sends what may be sent, in fragments of four bytes, and returns how many there were.
func sendFragments(o *origin) (sent int) {
	for {
		s, ok := o.fragment(4, 100)
		if !ok {
			return sent
		}
		o.sentFragment(&s)
		sent++
	}
}

func addOne(o *origin) *flight {
	return o.add(&Chunk{Commands: []byte("x"), Count: 1}, 100, departure{})
}

// The last fragment waits for the commands that were numbered before the large one, and for no others.
func TestLastFragmentWaitsForCommandsBeforeIt(t *testing.T) {
	o := newOrigin(&Config{Self: 1, Boot: 1, Session: uuid.New()})
	o.remove()
	addOne(o)
	addOne(o)
	o.beginLarge(&Chunk{Commands: []byte("abcdefgh"), Count: 1}, 5, departure{})
	addOne(o)
	for step, want := range []int{1, 0, 1} {
		if got := sendFragments(o); got != want {
			t.Fatalf("%d fragments were sent when %d commands were applied, want %d", got, step, want)
		}
		o.remove()
	}
}

// The first command that is numbered after an uncertain outcome voids the large command, which is sent no more; it ends when that command is applied.
func TestUncertainLargeCommandIsVoided(t *testing.T) {
	o := originOfLarge()
	if sendFragments(o) != 2 {
		t.Fatal("not all of it was sent")
	}
	if f := addOne(o); f.section.voids != 0 {
		t.Errorf("large command %d is voided, and its outcome is open", f.section.voids)
	}
	if ended := o.expire(5, NoLeader, Uncertain); len(ended) != 1 || ended[0].outcome != Uncertain {
		t.Fatalf("%+v", ended)
	}
	o.resendLarge()
	if _, ok := o.fragment(4, 100); !ok {
		t.Error("it is not sent again, and nothing came behind it")
	}
	first, second := addOne(o), addOne(o)
	if first.section.voids != 1 || second.section.voids != 0 {
		t.Errorf("commands behind it void large commands %d and %d, want 1 and none", first.section.voids, second.section.voids)
	}
	o.resendLarge()
	o.restartLarge()
	if s, ok := o.fragment(4, 100); ok {
		t.Errorf("%+v is sent of what is voided", s)
	}
	for i, over := range []bool{false, true} {
		if o.remove(); o.mayBeginLarge() != over {
			t.Errorf("%d commands are applied: another large one may begin: %v", i+1, !over)
		}
	}
}

// A large command that was applied before the one that voids it has ended by then.
func TestVoidedLargeCommandMayBeAppliedBefore(t *testing.T) {
	o := originOfLarge()
	sendFragments(o)
	o.expire(5, NoLeader, Uncertain)
	addOne(o)
	last := section{node: 1, session: o.session, large: 1, offset: 4, total: 8, count: 1, commands: []byte("efgh")}
	if replies, _, err := o.appliedLarge(&last); replies != nil || err != nil {
		t.Fatalf("%v, %v", replies, err)
	}
	o.beginLarge(&Chunk{Commands: []byte("second"), Count: 1}, 100, departure{})
	if o.remove(); o.large == nil || o.large.number != 2 {
		t.Error("the next large command ended with it")
	}
}

// An outcome that is uncertain changes nothing of the order on a connection: whichever of the two commands is large.
func TestOrderAcrossUncertainOutcomes(t *testing.T) {
	large := "large " + strings.Repeat("x", 30)
	for _, test := range []struct {
		name          string
		before, after string
		// lost reports whether a section is lost as long as there is no outcome.
		lost func(s *section) bool
		// applied are the orders in which the two may be applied.
		applied [][]string
	}{
		{"large first", large, "small", func(s *section) bool { return s.isFragment() && s.offset+uint64(len(s.commands)) == s.total },
			[][]string{{"small"}, {large, "small"}}},
		{"small first", "small", large, func(s *section) bool { return !s.isFragment() }, [][]string{{"small", large}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 3, func(cfg *Config) {
				calm(cfg)
				cfg.CommitTimeout, cfg.Bounds.FragmentBytes = 500*time.Millisecond, 20
			})
			follower := c.others(c.leader().id)[0]
			for follower.write("opening").outcome != 0 {
			}
			submit := func(text string) *item {
				if text == large {
					return follower.large(text)
				}
				return follower.submit(text)[0]
			}
			c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
				if f, ok := m.(paxos.Forward); ok && from == follower.id {
					if sections, err := decodeForwarded(f.Payload); err == nil && test.lost(&sections[0]) {
						return 0
					}
				}
				return 1
			})
			for r := <-submit(test.before).done; r.outcome != Uncertain; r = <-submit(test.before).done { // this process stood still, and nothing was sent
				if r.outcome != NoLeader {
					t.Fatalf("%+v", r)
				}
			}
			after := submit(test.after)
			c.net.setFilter(nil)
			for r := <-after.done; r.outcome == NoLeader; r = <-after.done {
				after = submit(test.after)
			}
			follower.machine.wait(func(r *recorder) bool {
				return slices.Contains(r.applied, test.after) && follower.group.origin.mayBeginLarge()
			})
			got := slices.DeleteFunc(follower.machine.log(), func(text string) bool { return text == "opening" })
			if !slices.ContainsFunc(test.applied, func(want []string) bool { return slices.Equal(got, want) }) {
				t.Errorf("applied %q, want one of %q", got, test.applied)
			}
		})
	}
}
