package peer

import (
	"strings"
	"testing"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// lagging starts node 2, which knows the configuration of slot 3 with nodes 1, 2 and 3, and node 9, which knows that of
// slot 5, and waits for their link.
func lagging(t *testing.T) (w *town, two, nine *node) {
	t.Helper()
	w = newTown(t, 1, 2, 3, 9)
	known := w.configuration(3, 1, 2, 3)
	known.HighestID = 3
	two, nine = w.start(2, known), w.start(9, w.configuration(5, 2, 9))
	two.awaitUp(t, 9)
	nine.awaitUp(t, 2)
	return w, two, nine
}

// statusOf returns the node's status of the link to id, if it knows id.
func (n *node) statusOf(id paxos.NodeID) (LinkStatus, bool) {
	for _, s := range n.Status() {
		if s.ID == id {
			return s, true
		}
	}
	return LinkStatus{}, false
}

// TestGuestTalks: messages go both ways, as with a member.
func TestGuestTalks(t *testing.T) {
	_, two, nine := lagging(t)
	if s, ok := two.statusOf(9); !ok || !s.Guest || !s.Connected || s.Dials {
		t.Errorf("%+v", s)
	}
	nine.Send(2, paxos.Learn{From: 1})
	if got := two.nextMessage(t); got != (paxos.Learn{From: 1}) {
		t.Fatal(got)
	}
	two.Send(9, paxos.Learn{From: 2})
	if got := nine.nextMessage(t); got != (paxos.Learn{From: 2}) {
		t.Fatal(got)
	}
}

// TestGuestBecomesAMember without losing its link, once the configuration that names it is active; one before that
// does not touch it.
func TestGuestBecomesAMember(t *testing.T) {
	w, two, nine := lagging(t)
	two.SetMembers(w.configuration(4, 1, 2, 3))
	if s, ok := two.statusOf(9); !ok || !s.Guest {
		t.Errorf("%+v", s)
	}
	two.SetMembers(w.configuration(5, 2, 9))
	if s, ok := two.statusOf(9); !ok || s.Guest || s.Links != 1 || s.Address != w.addresses[9] {
		t.Errorf("%+v", s)
	}
	two.Send(9, paxos.Learn{From: 2})
	if got := nine.next(t); got.message != (paxos.Learn{From: 2}) {
		t.Fatalf("%+v", got)
	}
}

// TestGuestThatIsNoMemberIsDismissed by a configuration as new as its own, and refused from then on.
func TestGuestThatIsNoMemberIsDismissed(t *testing.T) {
	w, two, nine := lagging(t)
	two.SetMembers(w.configuration(5, 1, 2, 3))
	if e := nine.next(t); !e.down {
		t.Fatalf("%+v", e)
	}
	if e := two.next(t); !e.down || e.peer != 9 {
		t.Fatalf("%+v", e)
	}
	nine.log.await(t, "node 9 is not a member")
	if _, ok := two.statusOf(9); ok {
		t.Error("the guest is still known")
	}
}

// TestGuestWithTheUUIDOfAnotherIsDismissed: the configuration that names the id knows whose it is.
func TestGuestWithTheUUIDOfAnotherIsDismissed(t *testing.T) {
	w, two, nine := lagging(t)
	c := w.configuration(5, 2, 9)
	c.Voters[1].UUID = "of the real node 9"
	two.SetMembers(c)
	if e := nine.next(t); !e.down {
		t.Fatalf("%+v", e)
	}
	if e := two.next(t); !e.down || e.peer != 9 {
		t.Fatalf("%+v", e)
	}
	nine.log.await(t, "node 9 is known by another UUID")
	nine.log.await(t, `but is known as \"of the real node 9\"`)
	if s, ok := two.statusOf(9); !ok || s.Guest || s.Links != 0 {
		t.Errorf("%+v", s)
	}
}

// TestGuestIsForgottenWithItsLink, and may come again.
func TestGuestIsForgottenWithItsLink(t *testing.T) {
	_, two, nine := lagging(t)
	before := two.view.Load().remotes[9]
	nine.cut(2)
	for e := two.next(t); !e.down; e = two.next(t) {
	}
	two.awaitUp(t, 9)
	if after := two.view.Load().remotes[9]; after == nil || after == before && !after.linked() {
		t.Errorf("%+v", after)
	}
	nine.Close()
	for e := two.next(t); !e.down; e = two.next(t) {
	}
	await(t, "the guest to be forgotten", func() bool { _, known := two.statusOf(9); return !known })
}

// guest is the hello of a node that node 2, the victim, does not know.
func guest(id uint32) *wire.Hello {
	h := truthful()
	h.From, h.NodeUuid, h.ConfigurationSlot = id, nodeUUID(paxos.NodeID(id)), 5
	return h
}

// TestGuestsThatAreRefused: a newer configuration is not enough.
func TestGuestsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(h *wire.Hello)
		want   string
	}{
		"no newer configuration": {func(h *wire.Hello) { h.ConfigurationSlot = 4 }, "node 9 is not a member"},
		"no id":                  {func(h *wire.Hello) { h.From = 0 }, "node 0 is not a member"},
		"another cluster":        {func(h *wire.Hello) { h.ClusterUuid = "another" }, "belongs to cluster"},
		"no UUID":                {func(h *wire.Hello) { h.NodeUuid = "" }, "shows UUID"},
		"a long UUID":            {func(h *wire.Hello) { h.NodeUuid = strings.Repeat("u", maxUUIDBytes+1) }, "shows UUID"},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, func(cfg *Config) { cfg.Configuration.Slot = 4 })
			a := infiltrate(t, n.Addr().String(), testKey(t, 1))
			h := guest(9)
			test.change(h)
			answer := a.hello(t, h)
			if !strings.Contains(answer.Refused, test.want) || answer.Removed || answer.ConfigurationSlot != 4 {
				t.Errorf("the answer is %v", answer)
			}
			awaitCut(t, a)
			n.untouched(t)
		})
	}
}

// TestRemovedIDIsRefusedAsSuch: ids up to the highest are never given again.
func TestRemovedIDIsRefusedAsSuch(t *testing.T) {
	n := victim(t, func(cfg *Config) { cfg.Configuration.Slot, cfg.Configuration.HighestID = 5, 9 })
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := a.hello(t, guest(9)); !answer.Removed || !strings.Contains(answer.Refused, "removed, as of the configuration of slot 5") {
		t.Errorf("the answer is %v", answer)
	}
	b := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := b.hello(t, guest(10)); answer.Removed || !strings.Contains(answer.Refused, "add it with paxredis member add") {
		t.Errorf("the answer is %v", answer)
	}
}

// TestGuestsAreBounded: whoever holds the key cannot fill the memory with ids.
func TestGuestsAreBounded(t *testing.T) {
	n := victim(t, nil)
	for id := uint32(10); id < 10+maxGuests; id++ {
		a := infiltrate(t, n.Addr().String(), testKey(t, 1))
		if answer := a.hello(t, guest(id)); answer.Refused != "" {
			t.Fatal(answer.Refused)
		}
		n.awaitUp(t, paxos.NodeID(id))
	}
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := a.hello(t, guest(9)); !strings.Contains(answer.Refused, "32 guests") {
		t.Errorf("the answer is %v", answer)
	}
	b := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := b.hello(t, truthful()); answer.Refused != "" {
		t.Error("a member was refused:", answer.Refused)
	}
}

// TestOlderBootIsRefused: a node that was met at a boot was copied before that one, if it shows an earlier boot.
func TestOlderBootIsRefused(t *testing.T) {
	n := victim(t, nil)
	for _, test := range []struct {
		boot    uint64
		refused string
	}{{5, ""}, {4, "node 3 shows boot 4, but was met at boot 5: its data directory is an older copy"}, {5, ""}, {6, ""}, {5, "met at boot 6"}} {
		a := infiltrate(t, n.Addr().String(), testKey(t, 1))
		h := truthful()
		h.Boot = test.boot
		answer := a.hello(t, h)
		if (answer.Refused == "") != (test.refused == "") || !strings.Contains(answer.Refused, test.refused) {
			t.Errorf("boot %d: %q", test.boot, answer.Refused)
		}
		if answer.Refused == "" {
			n.awaitUp(t, 3)
		}
	}
}

// TestDiallerRefusesAnOlderBoot as well.
func TestDiallerRefusesAnOlderBoot(t *testing.T) {
	w := newTown(t, 1, 2)
	c := w.configuration(0, 1, 2)
	run := func(boot uint64) *node {
		cfg := w.config(1, c)
		cfg.Boot = boot
		return start(t, cfg)
	}
	one, two := run(2), w.start(2, c)
	two.awaitUp(t, 1)
	one.Close()
	run(1)
	two.log.await(t, "node 1 shows boot 1, but was met at boot 2")
}

func TestFormatsAreAgreedOn(t *testing.T) {
	for _, test := range []struct {
		theirMin, theirMax uint32
		format             uint8
	}{{1, 1, 0}, {0, 0, 0}, {1, 2, 2}, {2, 2, 2}, {2, 9, 2}, {3, 9, 0}, {9, 1, 0}, {0, 1<<32 - 1, 2}} {
		if format, ok := agreedFormat(test.theirMin, test.theirMax); format != test.format || ok != (format != 0) {
			t.Errorf("%+v: %d, %v", test, format, ok)
		}
	}
}
