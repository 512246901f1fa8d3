package peer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// joiner is a node without an id that asks n.
func joiner(t testing.TB, n *node, change func(c *JoinConfig)) (JoinAnswer, error) {
	t.Helper()
	c := JoinConfig{Address: n.Addr().String(), Keys: []Key{testKey(t, 1)}, Limits: quickLimits(),
		Member: paxos.Member{UUID: nodeUUID(9), Address: "127.0.0.1:9"}}
	if change != nil {
		change(&c)
	}
	return Join(t.Context(), c)
}

// admitting is a victim that admits everybody, with the next free id.
func admitting(t *testing.T, change func(cfg *Config)) *node {
	return victim(t, func(cfg *Config) {
		known := cfg.Configuration
		cfg.Admit = func(_ context.Context, m paxos.Member) (paxos.Configuration, error) {
			c := known
			c.Slot = 8
			if m.ID == 0 {
				m.ID = c.Highest() + 1
			}
			c.Learners = []paxos.Member{m}
			return c, nil
		}
		if change != nil {
			change(cfg)
		}
	})
}

func TestJoin(t *testing.T) {
	n := admitting(t, nil)
	answer, err := joiner(t, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := paxos.Member{ID: 4, UUID: nodeUUID(9), Address: "127.0.0.1:9"}
	if answer.Member != want || answer.ClusterUUID != testCluster || answer.Configuration.Slot != 8 || len(answer.Configuration.Voters) != 3 {
		t.Errorf("%+v", answer)
	}
	answer, err = joiner(t, n, func(c *JoinConfig) { c.Member.ID = 7 })
	if want.ID = 7; err != nil || answer.Member != want {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestJoinASingleNode: one voter alone listens, and gets its first peer.
func TestJoinASingleNode(t *testing.T) {
	w := newTown(t, 1, 2)
	cfg := w.config(1, w.configuration(0, 1))
	cfg.Configuration.HighestID = 0
	cfg.Admit = func(_ context.Context, m paxos.Member) (paxos.Configuration, error) {
		m.ID = 2
		return paxos.Configuration{Slot: 1, Voters: w.configuration(0, 1).Voters, Learners: []paxos.Member{m}}, nil
	}
	one := start(t, cfg)
	answer, err := joiner(t, one, func(c *JoinConfig) { c.Member.Address = w.addresses[2] })
	if err != nil {
		t.Fatal(err)
	}
	second := w.config(answer.Member.ID, answer.Configuration)
	second.NodeUUID, second.ClusterUUID = answer.Member.UUID, answer.ClusterUUID
	two := start(t, second)
	one.awaitUp(t, 2) // a guest, as long as the change is not active here
	one.SetMembers(answer.Configuration)
	two.awaitUp(t, 1)
	two.Send(1, paxos.Learn{From: 1})
	if e := one.next(t); e.message != (paxos.Learn{From: 1}) {
		t.Fatalf("%+v", e)
	}
}

// TestJoinRefused: the reason reaches the node that asks, as one that asking again does not mend.
func TestJoinRefused(t *testing.T) {
	for name, test := range map[string]struct {
		config func(cfg *Config)
		join   func(c *JoinConfig)
		want   string
	}{
		"nobody is admitted": {func(cfg *Config) { cfg.Admit = nil }, nil, "this node does not admit members"},
		"the change is refused": {func(cfg *Config) {
			cfg.Admit = func(context.Context, paxos.Member) (paxos.Configuration, error) {
				return paxos.Configuration{}, errors.New("there is no majority")
			}
		}, nil, "there is no majority"},
		"a refusal without a reason": {func(cfg *Config) {
			cfg.Admit = func(context.Context, paxos.Member) (paxos.Configuration, error) {
				return paxos.Configuration{}, errors.New("\xff")
			}
		}, nil, "no reason given"},
		"a long reason": {func(cfg *Config) {
			cfg.Admit = func(context.Context, paxos.Member) (paxos.Configuration, error) {
				return paxos.Configuration{}, errors.New(strings.Repeat("why ", 10_000))
			}
		}, nil, "why why"},
		"the change forgot the node": {func(cfg *Config) {
			known := cfg.Configuration
			cfg.Admit = func(context.Context, paxos.Member) (paxos.Configuration, error) { return known, nil }
		}, nil, "does not have the node at 127.0.0.1:9"},
		"a configuration too large": {func(cfg *Config) {
			cfg.Admit = func(_ context.Context, m paxos.Member) (paxos.Configuration, error) {
				m.ID = 4
				return paxos.Configuration{Voters: []paxos.Member{{ID: 1, Address: strings.Repeat("x", joinedBytes)}}, Learners: []paxos.Member{m}}, nil
			}
		}, nil, "too many to be sent"},
		"itself":         {nil, func(c *JoinConfig) { c.Member.UUID = nodeUUID(2) }, "node 2 asks itself to join"},
		"the node's id":  {nil, func(c *JoinConfig) { c.Member.ID = 2 }, "id 2 is that of the node asked"},
		"no UUID":        {nil, func(c *JoinConfig) { c.Member.UUID = "" }, "UUID"},
		"a long UUID":    {nil, func(c *JoinConfig) { c.Member.UUID = strings.Repeat("u", 65) }, "UUID"},
		"no port":        {nil, func(c *JoinConfig) { c.Member.Address = "host" }, "missing port"},
		"no host":        {nil, func(c *JoinConfig) { c.Member.Address = ":7000" }, "no host"},
		"a long address": {nil, func(c *JoinConfig) { c.Member.Address = strings.Repeat("a", 300) + ":1" }, "longer than"},
		"no key":         {nil, func(c *JoinConfig) { c.Keys = nil }, "no cluster key"},
		"nobody there":   {nil, func(c *JoinConfig) { c.Address = "127.0.0.1:1" }, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			n := admitting(t, test.config)
			_, err := joiner(t, n, test.join)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 2*reasonBytes {
				t.Errorf("%v does not say %q", err, test.want)
			}
			if asked := test.config != nil; asked && !errors.Is(err, ErrRefused) {
				t.Errorf("%v is not a refusal", err)
			}
			n.untouched(t)
		})
	}
}

// stuck is a victim whose Admit waits for the end of its context; asked has a token for each call.
func stuck(t *testing.T, change func(cfg *Config)) (n *node, asked chan struct{}) {
	asked = make(chan struct{}, 100)
	n = victim(t, func(cfg *Config) {
		cfg.Admit = func(ctx context.Context, _ paxos.Member) (paxos.Configuration, error) {
			asked <- struct{}{}
			<-ctx.Done()
			return paxos.Configuration{}, ctx.Err()
		}
		if change != nil {
			change(cfg)
		}
	})
	return n, asked
}

// TestJoinIsBoundedInTime at both ends.
func TestJoinIsBoundedInTime(t *testing.T) {
	n, _ := stuck(t, func(cfg *Config) { cfg.Limits.JoinTimeout = 20 * time.Millisecond })
	if _, err := joiner(t, n, nil); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Error(err)
	}
	patient, asked := stuck(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := Join(ctx, JoinConfig{Address: patient.Addr().String(), Keys: []Key{testKey(t, 1)},
		Member: paxos.Member{UUID: "u", Address: "127.0.0.1:9"}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err = joiner(t, patient, func(c *JoinConfig) { c.Limits.JoinTimeout, c.Limits.HelloTimeout = 1, 100*time.Millisecond })
	if err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

// TestCloseEndsJoins: a node that stops does not wait for the cluster to decide.
func TestCloseEndsJoins(t *testing.T) {
	n, asked := stuck(t, nil)
	failed := make(chan error)
	go func() {
		_, err := joiner(t, n, nil)
		failed <- err
	}()
	<-asked
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the joiner was admitted")
	}
}

// TestJoinersTakeNoPlaceOfOthers: once a joiner has shown the key, it does not count among the silent connections; and
// no more than a few join at once.
func TestJoinersTakeNoPlaceOfOthers(t *testing.T) {
	n, asked := stuck(t, func(cfg *Config) { cfg.Limits.Unauthenticated = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	for range maxJoining {
		go func() {
			_, err := Join(ctx, JoinConfig{Address: n.Addr().String(), Keys: []Key{testKey(t, 1)},
				Member: paxos.Member{UUID: "u", Address: "127.0.0.1:9"}})
			if err == nil {
				t.Error("admitted")
			}
			ended <- struct{}{}
		}()
		<-asked
	}
	if _, err := joiner(t, n, nil); err == nil || !strings.Contains(err.Error(), "8 other nodes join already") {
		t.Error(err)
	}
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := a.hello(t, truthful()); answer.Refused != "" {
		t.Error(answer.Refused)
	}
	cancel()
	for range maxJoining {
		<-ended
	}
}

// TestJoinerIsFound: by UUID, or where the configuration has none yet by id or address.
func TestJoinerIsFound(t *testing.T) {
	c := paxos.Configuration{Voters: []paxos.Member{{ID: 1, Address: "a:1"}, {ID: 2, UUID: "two", Address: "a:2"}},
		Learners: []paxos.Member{{ID: 5, Address: "a:1"}, {ID: 6, UUID: "six", Address: "a:1"}}}
	for _, test := range []struct {
		m    paxos.Member
		want paxos.NodeID
	}{
		{paxos.Member{UUID: "six", Address: "b:1"}, 6}, {paxos.Member{ID: 2, UUID: "two"}, 2}, {paxos.Member{UUID: "new", Address: "a:1"}, 5},
		{paxos.Member{ID: 1, UUID: "new", Address: "b:1"}, 1}, {paxos.Member{ID: 2, UUID: "new", Address: "a:2"}, 0}, {paxos.Member{UUID: "new", Address: "c:1"}, 0},
	} {
		if found, ok := findJoiner(&c, test.m); found.ID != test.want || ok != (test.want != 0) {
			t.Errorf("%+v: %v, %v", test.m, found.ID, ok)
		}
	}
}
