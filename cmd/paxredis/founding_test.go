package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// found decides who a node is that is started with these flags, and returns what was logged.
func found(t *testing.T, dir string, flags ...string) (storage.Options, string, error) {
	t.Helper()
	c, err := loadConfig(append([]string{"--data-dir", dir}, flags...), quiet)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := clusterKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f := &founding{config: c, keys: keys, log: slog.New(slog.NewTextHandler(&log, nil))}
	o, err := f.identity(context.Background())
	return o, log.String(), err
}

// used makes a data directory as found says.
func used(t *testing.T, o storage.Options) (dir string) {
	t.Helper()
	dir = t.TempDir()
	o.SegmentBytes, o.Logger = 1<<20, slog.New(slog.DiscardHandler)
	s, err := storage.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFirstVoters(t *testing.T) {
	peers := "1=a:1,2=b:1"
	one, _, err := found(t, "new", "--id", "1", "--peers", peers, "--insecure-peers")
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := found(t, "new", "--id", "2", "--peers", "2=b:1,1=a:1", "--insecure-peers")
	if err != nil {
		t.Fatal(err)
	}
	if one.ClusterUUID == "" || one.ClusterUUID != two.ClusterUUID || one.NodeID != 1 || two.NodeID != 2 || len(one.Configuration.Voters) != 2 {
		t.Errorf("%+v and %+v", one, two)
	}
	if _, _, err := found(t, "new", "--peers", peers, "--insecure-peers"); err == nil || !strings.Contains(err.Error(), "--id") {
		t.Errorf("without an id: %v", err)
	}
	for _, flags := range []string{"--id 2 --peers 2=a:1", "--peers 2=a:1", "--peers 2=a:1 --insecure-peers"} {
		alone, _, err := found(t, "new", strings.Fields(flags)...)
		if err != nil || alone.ClusterUUID != "" || alone.NodeID != 2 || len(alone.Configuration.Voters) != 1 {
			t.Errorf("%s: %+v, %v", flags, alone, err)
		}
	}
}

// A member whose directory is not there must not begin anew, though the flags it is started with later would found a single node.
func TestANewDirectoryWithAKeyFoundsNothingByItself(t *testing.T) {
	for _, flags := range []string{"--insecure-peers", "--insecure-peers --id 1 --peer-listen 127.0.0.1:7000"} {
		_, _, err := found(t, "gone", strings.Fields(flags)...)
		if err == nil || !strings.Contains(err.Error(), "gone") || !strings.Contains(err.Error(), "--peers 1=") || !strings.Contains(err.Error(), "--join") {
			t.Errorf("%s: %v", flags, err)
		}
	}
}

func TestSingleNodeKnowsWhereItWillBeFound(t *testing.T) {
	for _, test := range []struct {
		flags   string
		id      paxos.NodeID
		address string
	}{
		{"", 1, defaultPeerListen},
		{"--id 7", 7, defaultPeerListen},
		{"--peer-listen 10.0.0.1:7000", 1, "10.0.0.1:7000"},
		{"--peer-listen 0.0.0.0:7000 --peer-advertise host:7001", 1, "host:7001"},
		{"--peer-listen :7000 --peer-advertise host:7001", 1, "host:7001"},
	} {
		o, _, err := found(t, "new", strings.Fields(test.flags)...)
		if err != nil || o.NodeID != test.id || o.ClusterUUID != "" || o.Joined || len(o.Configuration.Voters) != 1 ||
			o.Configuration.Voters[0] != (paxos.Member{ID: test.id, Address: test.address}) {
			t.Errorf("%q: %+v, %v", test.flags, o, err)
		}
	}
	for _, listen := range []string{"0.0.0.0:7000", ":7000", "[::]:7000", "a:0"} {
		_, _, err := found(t, "new", "--peer-listen", listen)
		if err == nil || !strings.Contains(err.Error(), "--peer-advertise") {
			t.Errorf("%s: %v", listen, err)
		}
		if code := run([]string{"server", "--data-dir", "new", "--peer-listen", listen}, quiet); code != exitUsage {
			t.Errorf("%s: exit code %d", listen, code)
		}
	}
}

// TestUsedDirectoryOfAFirstVoter: its flags may be given again or left out, but not changed.
func TestUsedDirectoryOfAFirstVoter(t *testing.T) {
	given := []string{"--id", "2", "--peers", "1=a:1,2=b:1", "--insecure-peers"}
	o, _, err := found(t, "new", given...)
	if err != nil {
		t.Fatal(err)
	}
	dir := used(t, o)
	for _, flags := range []string{strings.Join(given, " "), "--insecure-peers", "--id 2", "", "--peer-listen 0.0.0.0:7000 --insecure-peers", "--join a:1 --insecure-peers"} {
		o, log, err := found(t, dir, strings.Fields(flags)...)
		if err != nil || o.NodeID != 2 || log != "" {
			t.Errorf("%q: %+v, %v, %s", flags, o, err, log)
		}
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := writeKey(key); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{
		"--id 1": "node 2",
		"--id 2 --peers 1=a:1,2=c:1 --insecure-peers":          "leave --peers out",
		"--id 2 --peers 1=a:1,2=b:1,3=c:1 --insecure-peers":    "leave --peers out",
		"--id 2 --peers 1=a:1,2=b:1 --cluster-key-file " + key: "the key",
		"--id 1 --peers 1=a:1,2=b:1 --insecure-peers":          "node 2",
	} {
		if _, _, err := found(t, dir, strings.Fields(flags)...); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%q: %v", flags, err)
		}
	}
}

// TestUsedDirectoryOfAnyOtherNode: what founds another cluster is ignored, and said so.
func TestUsedDirectoryOfAnyOtherNode(t *testing.T) {
	self := paxos.Configuration{Voters: []paxos.Member{{ID: 4, Address: "d:1"}}}
	for name, o := range map[string]storage.Options{
		"single, recovered or restored": {NodeID: 4, Configuration: self},
		"joined": {NodeID: 4, Configuration: self, Joined: true, NodeUUID: uuid.NewString(),
			ClusterUUID: peer.ClusterUUID(peer.InsecureKey(), []paxos.Member{{ID: 1, Address: "a:1"}})},
	} {
		dir := used(t, o)
		for flags, want := range map[string]string{
			"":                            "",
			"--id 4":                      "",
			"--join a:1 --insecure-peers": "",
			"--id 3":                      "--id is ignored",
			"--id 1 --peers 1=a:1,2=b:1 --insecure-peers": "--peers is ignored",
		} {
			got, log, err := found(t, dir, strings.Fields(flags)...)
			if err != nil || got.NodeID != 4 || got.ClusterUUID != "" || !strings.Contains(log, want) || want == "" && log != "" {
				t.Errorf("%s, %q: %+v, %v, logged %q", name, flags, got, err, log)
			}
		}
	}
}

func TestWhereANodeListens(t *testing.T) {
	first := paxos.Configuration{Voters: []paxos.Member{{ID: 1, Address: "a:1"}, {ID: 2, Address: "b:1"}}}
	for _, test := range []struct {
		c    Config
		self storage.Identity
		want string
	}{
		{Config{PeerListen: "x:1", Peers: first.Voters}, storage.Identity{NodeID: 1, Address: "m:1"}, "x:1"},
		{Config{Peers: peerList{{ID: 2, Address: "c:1"}}}, storage.Identity{NodeID: 2, Address: "m:1"}, "m:1"},
		{Config{Peers: peerList{{ID: 2, Address: "c:1"}}}, storage.Identity{NodeID: 2}, "c:1"},
		{Config{}, storage.Identity{NodeID: 2}, "b:1"},
		{Config{}, storage.Identity{NodeID: 3}, defaultPeerListen},
	} {
		if got := test.c.listensAt(test.self, first); got != test.want {
			t.Errorf("%+v: listens at %s, want %s", test.c, got, test.want)
		}
	}
}

func TestJoinEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errStopped)
	_, err := join(ctx, []string{"127.0.0.1:1"}, peer.JoinConfig{Keys: []peer.Key{peer.InsecureKey()}, Member: paxos.Member{UUID: "u", Address: "a:1"}}, slog.New(slog.DiscardHandler))
	if !errors.Is(err, errStopped) {
		t.Errorf("got %v", err)
	}
}

func TestElsewhere(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:1", "127.0.0.1:1", false},
		{"127.0.0.1:1", "127.0.0.1:2", true},
		{"127.0.0.1:1", "10.0.0.1:1", true},
		{"host:1", "10.0.0.1:1", false},
		{"host:1", "host:2", true},
		{"[::1]:1", "[0::1]:1", false},
		{"", "host:2", true},
	} {
		if got := isElsewhere(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
