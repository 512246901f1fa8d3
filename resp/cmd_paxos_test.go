package resp

import (
	"errors"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// threeMembers is a cluster of two voters and a learner.
func threeMembers() replication.Configuration {
	return replication.Configuration{Slot: 12,
		Voters:   []replication.Member{{ID: 1, UUID: "uuid-1", Address: "a:1"}, {ID: 2, UUID: "uuid-2", Address: "b:2"}},
		Learners: []replication.Member{{ID: 4, Address: "b:2", Replaces: 2}}}
}

const (
	threeInRESP2 = "*3 *14 $2 id :1 $4 uuid $6 uuid-1 $7 address $3 a:1 $4 role $5 voter $6 synced :90 $5 state $6 leader $8 replaces :0" +
		" *14 $2 id :2 $4 uuid $6 uuid-2 $7 address $3 b:2 $4 role $5 voter $6 synced :80 $5 state $9 reachable $8 replaces :0" +
		" *14 $2 id :4 $4 uuid $0  $7 address $3 b:2 $4 role $7 learner $6 synced :0 $5 state $11 unreachable $8 replaces :2"
)

// leading makes the node the leader of the three.
func leading(node *fakeNode) {
	c := threeMembers()
	node.set(func() {
		node.status.Self, node.status.Leader, node.status.Configuration = 1, 1, c
		node.status.Ballot.Round, node.status.Ballot.Node = 7, 1
		node.status.Members = []paxos.MemberProgress{
			{Node: 1, Synced: 90, Recent: true, Answered: true}, {Node: 2, Synced: 80, Recent: true, Answered: true}, {Node: 4},
		}
	})
}

func TestMembersAreListed(t *testing.T) {
	s, node := startServer(t, Config{})
	leading(node)
	w := dial(t, s)
	w.check("PAXOS MEMBER LIST", threeInRESP2)
	w.check("paxos leader get", "*4 $2 id :1 $6 ballot $3 7.1")
	w.do("HELLO 3")
	w.check("PAXOS MEMBER list", strings.ReplaceAll(threeInRESP2, "*14", "%7"))
	w.check("PAXOS LEADER GET", "%2 $2 id :1 $6 ballot $3 7.1")
	info := w.do("INFO paxos")
	for _, line := range []string{"paxos_members:3", "paxos_configuration_slot:12",
		"paxos_member_0:id=1,role=voter,address=a:1,synced=90,state=leader",
		"paxos_member_1:id=2,role=voter,address=b:2,synced=80,state=reachable",
		"paxos_member_2:id=4,role=learner,address=b:2,synced=0,state=unreachable"} {
		if !strings.Contains(info, " "+line+" ") && !strings.HasSuffix(info, line) {
			t.Errorf("INFO paxos has no %q: %s", line, info)
		}
	}
	if got := w.do("PAXOS STATUS"); !strings.Contains(got, " $14 paxos_member_1 $") {
		t.Errorf("PAXOS STATUS: %s", got)
	}
}

// A node that does not lead knows of the voters what the leader told it, and of itself that it is there.
func TestMembersAsAFollowerSeesThem(t *testing.T) {
	st := replication.Status{}
	st.Self, st.Leader = 2, 1
	st.Synced = []paxos.SyncedThrough{{Node: 1, Slot: 50}, {Node: 2, Slot: 40}}
	var got []string
	for _, m := range membersOf(threeMembers(), &st) {
		got = append(got, m.summary())
	}
	want := "id=1,role=voter,address=a:1,synced=50,state=leader id=2,role=voter,address=b:2,synced=40,state=reachable " +
		"id=4,role=learner,address=b:2,synced=0,state=unknown"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// A new leader takes everybody for reachable, until it knows better. It does not say so.
func TestMembersThatHaveNotAnsweredYetAreUnknown(t *testing.T) {
	st := replication.Status{}
	st.Members = []paxos.MemberProgress{{Node: 2, Recent: true}, {Node: 4, Recent: true, Answered: true}}
	for id, want := range map[replication.NodeID]string{2: "unknown", 4: "reachable"} {
		if _, state := progressOf(id, &st); state != want {
			t.Errorf("node %v is %s, want %s", id, state, want)
		}
	}
}

func TestMemberChanges(t *testing.T) {
	s, node := startServer(t, Config{})
	leading(node)
	w, other := dial(t, s), dial(t, s)
	member := func(id replication.NodeID, address string) replication.Member {
		return replication.Member{ID: id, Address: address}
	}
	for _, test := range []struct {
		command string
		want    replication.Change
	}{
		{"MEMBER ADD 5 host:7379", replication.Change{Kind: replication.AddMember, Member: member(5, "host:7379")}},
		{"member add 5 [::1]:7379 force", replication.Change{Kind: replication.AddMember, Member: member(5, "[::1]:7379"), Force: true}},
		{"MEMBER REMOVE 2", replication.Change{Kind: replication.RemoveMember, Member: member(2, "")}},
		{"MEMBER REMOVE 2 FORCE", replication.Change{Kind: replication.RemoveMember, Member: member(2, ""), Force: true}},
		{"MEMBER MOVE 2 c:3", replication.Change{Kind: replication.MoveMember, Member: member(2, "c:3")}},
		{"MEMBER REPLACE 2 9 d:4", replication.Change{Kind: replication.ReplaceMember, Member: member(9, "d:4"), Replaces: 2}},
		{"MEMBER REPLACE 2", replication.Change{Kind: replication.ReplaceMember, Replaces: 2}},
		{"MEMBER REPLACE 2 FORCE", replication.Change{Kind: replication.ReplaceMember, Replaces: 2, Force: true}},
	} {
		w.send(line("PAXOS " + test.command))
		other.check("PING", "+PONG")
		if got := node.change(threeMembers(), nil); got != test.want {
			t.Errorf("%s asked for %+v, want %+v", test.command, got, test.want)
		}
		w.want(threeInRESP2)
	}
	for command, want := range map[string]replication.NodeID{"PAXOS LEADER TRANSFER": 0, "PAXOS LEADER TRANSFER 2": 2} {
		w.send(line(command))
		if got := node.change(threeMembers(), nil); got.Kind != replication.TransferLeadership || got.Member.ID != want {
			t.Errorf("%s asked for %+v", command, got)
		}
		w.want("+OK")
	}
	w.send(line("PAXOS MEMBER REMOVE 1"))
	node.change(replication.Configuration{}, errors.New("replication: node 1 is the last voter:\r\nadd another first"))
	w.want("-ERR node 1 is the last voter:  add another first")
}

func TestMemberChangesThatAreRefused(t *testing.T) {
	s, node := startServer(t, Config{})
	leading(node)
	w := dial(t, s)
	for _, test := range []struct{ command, want string }{
		{"MEMBER", "ERR wrong number of arguments for 'paxos|member' command"},
		{"MEMBER FOO", errPaxosSyntax},
		{"MEMBER LIST x", errPaxosSyntax},
		{"MEMBER ADD 5", errPaxosSyntax},
		{"MEMBER ADD 5 FORCE", errPaxosSyntax},
		{"MEMBER ADD 5 a:1 FORCE x", errPaxosSyntax},
		{"MEMBER ADD 0 a:1", errMemberID},
		{"MEMBER ADD -1 a:1", errMemberID},
		{"MEMBER ADD x a:1", errMemberID},
		{"MEMBER ADD 4294967296 a:1", errMemberID},
		{"MEMBER ADD 5 a", errMemberAddress},
		{"MEMBER ADD 5 :1", errMemberAddress},
		{"MEMBER ADD 5 a:0", errMemberAddress},
		{"MEMBER ADD 5 a:65536", errMemberAddress},
		{"MEMBER ADD 5 " + strings.Repeat("a", 300) + ":1", errMemberAddress},
		{"MEMBER MOVE 2 b:3 FORCE", errPaxosSyntax},
		{"MEMBER REPLACE 2 5", errPaxosSyntax},
		{"MEMBER REPLACE 2 x a:1", errMemberID},
		{"LEADER FOO", errPaxosSyntax},
		{"LEADER GET 1", errPaxosSyntax},
		{"LEADER TRANSFER x", errMemberID},
		{"LEADER TRANSFER 1 2", errPaxosSyntax},
		{"CHECKPOINT FOO", errPaxosSyntax},
		{"CHECKPOINT NEW x", errPaxosSyntax},
		{"CHECKPOINT HEAD", errNoCheckpoints},
		{"CHECKPOINT READ 1 x 1024", errNoCheckpoints},
		{"FOO", "ERR unknown subcommand 'FOO'. Try PAXOS HELP."},
	} {
		w.check("PAXOS "+test.command, "-"+test.want)
	}
	if got := w.do("PAXOS HELP"); !strings.Contains(got, "+MEMBER ADD <id> <host:port> [FORCE]") {
		t.Errorf("PAXOS HELP: %s", got)
	}
}

func TestAdminCommandsInTheTable(t *testing.T) {
	table := testTable(t)
	for _, name := range []string{"paxos|member", "paxos|leader", "paxos|checkpoint", "bgsave", "save", "lastsave"} {
		c := findCommand(table, name)
		if !c.InCategory("admin") || !c.InCategory("dangerous") {
			t.Errorf("%s is not in the categories admin and dangerous", name)
		}
		if c.Summary == "" || c.Since == "" || c.Complexity == "" || c.Group == "" {
			t.Errorf("%s has gaps in its documentation", name)
		}
	}
	for _, call := range []string{"PAXOS MEMBER ADD 1 a:1", "BGSAVE"} {
		if got := string(commandReply(table, 2, "COMMAND GETKEYS "+call)); got != "-"+errNoKeys+"\r\n" {
			t.Errorf("COMMAND GETKEYS %s: %q", call, got)
		}
	}
}
