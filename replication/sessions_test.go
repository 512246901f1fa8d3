package replication

import (
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestSessionTable(t *testing.T) {
	first, second := uuid.New(), uuid.New()
	open := func(id uuid.UUID, boot uint64) section { return section{node: 1, session: id, boot: boot, open: true} }
	run := func(id uuid.UUID, from uint64, count uint32) section {
		return section{node: 1, session: id, first: from, count: count}
	}
	type step struct {
		section section
		want    verdict
		last    uint64
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"in order", []step{{open(first, 1), verdictOpened, 0}, {run(first, 1, 3), verdictRun, 3}, {run(first, 4, 1), verdictRun, 4}}},
		{"no session yet", []step{{run(first, 1, 1), verdictFenced, 0}}},
		{"what comes twice is skipped", []step{
			{open(first, 1), verdictOpened, 0}, {run(first, 1, 3), verdictRun, 3}, {run(first, 1, 3), verdictRepeat, 3},
			{open(first, 1), verdictStale, 3}, {run(first, 4, 1), verdictRun, 4}, {run(first, 1, 3), verdictRepeat, 4},
		}},
		{"what would leave a gap is dropped", []step{
			{open(first, 1), verdictOpened, 0}, {run(first, 2, 1), verdictGap, 0}, {run(first, 1, 1), verdictRun, 1},
			{run(first, 3, 1), verdictGap, 1}, {run(first, 2, 1), verdictRun, 2},
		}},
		{"half new, half old is a gap", []step{
			{open(first, 1), verdictOpened, 0}, {run(first, 1, 2), verdictRun, 2}, {run(first, 2, 2), verdictGap, 2},
		}},
		{"a newer boot fences the older", []step{
			{open(first, 1), verdictOpened, 0}, {run(first, 1, 2), verdictRun, 2}, {open(second, 2), verdictOpened, 0},
			{run(first, 3, 1), verdictFenced, 0}, {run(second, 1, 1), verdictRun, 1},
		}},
		{"a late opening fences nobody", []step{
			{open(second, 2), verdictOpened, 0}, {run(second, 1, 1), verdictRun, 1}, {open(first, 1), verdictStale, 1},
			{run(second, 2, 1), verdictRun, 2},
		}},
		{"one boot number, one session", []step{{open(first, 1), verdictOpened, 0}, {open(second, 1), verdictStale, 0}, {run(first, 1, 1), verdictRun, 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := newSessionTable()
			for i, s := range test.steps {
				if got := table.apply(&s.section); got != s.want {
					t.Fatalf("step %d: %v, want %v", i, got, s.want)
				}
				if current, _ := table.Get(1); current.Last != s.last {
					t.Fatalf("step %d: last %d, want %d", i, current.Last, s.last)
				}
			}
		})
	}
}

func TestSessionTableKeepsNodesApartAndClonesDeeply(t *testing.T) {
	table := newSessionTable()
	a, b := uuid.New(), uuid.New()
	table.apply(&section{node: 1, session: a, boot: 1, open: true})
	table.apply(&section{node: 2, session: b, boot: 1, open: true})
	clone := table.foretold()
	if got := clone.apply(&section{node: 1, session: a, first: 1, count: 5}); got != verdictRun {
		t.Fatal(got)
	}
	if got, _ := table.Get(1); got.Last != 0 {
		t.Errorf("the original moved to %d with its clone", got.Last)
	}
	if got := table.apply(&section{node: 2, session: a, first: 1, count: 5}); got != verdictFenced {
		t.Errorf("node 2 used node 1's session: %v", got)
	}
}

// Who a configuration leaves out has no session any more, and opens none: ids are never used again. Before the log has brought
// a configuration nobody is fenced for not being a member.
func TestM2_SessionsOfWhoLeftAreForgottenAndFenced(t *testing.T) {
	table := newSessionTable()
	a, b := uuid.New(), uuid.New()
	for node, id := range map[paxos.NodeID]uuid.UUID{1: a, 2: b} {
		if v := table.apply(&section{node: node, session: id, boot: 1, open: true}); v != verdictOpened {
			t.Fatalf("node %v: %v", node, v)
		}
	}
	before := table.foretold()
	c := paxos.Configuration{Slot: 5, Voters: []paxos.Member{{ID: 1}}, Learners: []paxos.Member{{ID: 3}}}
	table.keep(&c)
	restored := restoreSessions(table.export(), c)
	for name, table := range map[string]*SessionTable{"kept": &table, "restored": &restored} {
		for _, step := range []struct {
			section section
			want    verdict
		}{
			{section{node: 2, session: b, first: 1, count: 1}, verdictFenced},
			{section{node: 2, session: uuid.New(), boot: 2, open: true}, verdictFenced},
			{section{node: 1, session: a, first: 1, count: 1}, verdictRun},
			{section{node: 3, session: uuid.New(), boot: 1, open: true}, verdictOpened},
		} {
			if got := table.apply(&step.section); got != step.want {
				t.Errorf("%s: node %v: %v, want %v", name, step.section.node, got, step.want)
			}
		}
		if got := table.export(); len(got) != 2 || got[0].Node != 1 || got[0].Last != 1 || got[1].Node != 3 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if v := before.apply(&section{node: 2, session: b, first: 1, count: 1}); v != verdictRun {
		t.Errorf("a clone made before: %v", v)
	}
}

// A learner that lost its data directory comes back with another one, whose boots count from 1 again: its former session must not
// stand in the way of the new one.
func TestD4_AnotherDirectoryOpensAnotherSession(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                verdict
	}{
		{"another directory", "old", "new", verdictOpened},
		{"the same", "old", "old", verdictStale},
		{"known for the first time", "", "new", verdictStale},
	} {
		a := &applier{origin: &origin{node: 2, uuid: "new"}, sessions: newSessionTable(), configured: func(paxos.Configuration) {}}
		configure := func(slot, base paxos.Slot, uuid string) {
			c := paxos.Configuration{Base: base, Voters: []paxos.Member{{ID: 1}}, Learners: []paxos.Member{{ID: 2, UUID: uuid}}}
			payload, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := a.applyConfiguration(slot, payload); err != nil {
				t.Fatal(err)
			}
		}
		configure(1, 0, test.before)
		if v := a.sessions.apply(&section{node: 2, session: uuid.New(), boot: 1, open: true}); v != verdictOpened {
			t.Fatal(v)
		}
		if before := test.before == "old"; a.isBeforeOwn() != before {
			t.Errorf("%s: of the time before: %v, want %v", test.name, !before, before)
		}
		configure(2, 1, test.after)
		if v := a.sessions.apply(&section{node: 2, session: uuid.New(), boot: 1, open: true}); v != test.want {
			t.Errorf("%s: %v, want %v", test.name, v, test.want)
		}
	}
}

// A configuration that another than the active one is the base of changes nothing (rule M2), here as in the core.
func TestM2_VoidConfigurationForgetsNobody(t *testing.T) {
	a := &applier{sessions: newSessionTable(), configured: func(paxos.Configuration) {}}
	for slot, test := range []struct {
		base, active paxos.Slot
		voter        paxos.NodeID
	}{{0, 1, 1}, {0, 1, 2}, {1, 3, 3}} {
		c := paxos.Configuration{Base: test.base, Voters: []paxos.Member{{ID: test.voter}}}
		payload, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := a.applyConfiguration(paxos.Slot(slot+1), payload); err != nil || a.configuration.Slot != test.active {
			t.Errorf("slot %d: the configuration of slot %v is active, %v", slot+1, a.configuration.Slot, err)
		}
	}
	if a.sessions.isMember(2) || !a.sessions.isMember(3) {
		t.Errorf("members %v", a.sessions.members)
	}
	if err := a.applyConfiguration(4, []byte("garbage")); err == nil {
		t.Error("garbage was taken for a configuration")
	}
}
