package main

import (
	"bytes"
	"slices"
	"testing"
)

func TestStatusTable(t *testing.T) {
	var out bytes.Buffer
	err := printTable(&out, []nodeStatus{
		{ID: 1, Address: "a:1", Role: "leader", Leader: 1, Ballot: "3.1", Chosen: 9, Applied: 9, Lease: "valid", SyncP50Micros: 200, SyncP99Micros: 900,
			Checkpoint: 6, FirstSlot: 4, JournalBytes: 2048, MemberList: []member{
				{ID: 1, Address: "a:2", Role: "voter", State: "leader", Synced: 9},
				{ID: 2, Address: "b:2", Role: "voter", State: "reachable", Synced: 7},
				{ID: 3, Address: "c:2", Role: "learner", State: "unreachable", Replaces: 2},
			}},
		{ID: 2, Address: "b:1", Role: "follower", Ballot: "3.1", Chosen: 8, Applied: 7, Lag: 2, Lease: "none", Loading: "12.50%", Differing: "1"},
		{Address: "c:1", Role: "unreachable", Error: "connection refused"},
	})
	want := `ID  ADDRESS  ROLE                      LEADER  BALLOT  CHOSEN  APPLIED  LAG  LEASE  CHECKPOINT  LOG FROM  JOURNAL  SYNC P50  SYNC P99
1   a:1      leader                    1       3.1     9       9        0    valid  6           4         2.0 KiB  200us     900us
2   b:1      follower, loading 12.50%  none    3.1     8       7        2    none   0           0         0 bytes  0us       0us
?   c:1      unreachable: connection refused

WARNING: node 2 finds another state on node(s) 1; see their logs.

Members, as node 1 sees them:
ID  PEER ADDRESS  ROLE                      STATE        SYNCED  LAG
1   a:2           voter                     leader       9       0
2   b:2           voter                     reachable    7       2
3   c:2           learner (will replace 2)  unreachable  0       9
`
	if err != nil || out.String() != want {
		t.Errorf("%v\ngot:\n%s\nwant:\n%s", err, out.String(), want)
	}
}

func TestMembersOfInfo(t *testing.T) {
	info := paxosInfo{
		"paxos_members":  "3",
		"paxos_member_0": "id=2,role=voter,address=b:1,synced=17,state=leader",
		"paxos_member_1": "id=1,role=learner,address=[::1]:7379,synced=0,state=unknown",
		"paxos_member_2": "garbage",
	}
	got := info.members()
	want := []member{
		{ID: 1, Role: "learner", Address: "[::1]:7379", State: "unknown"},
		{ID: 2, Role: "voter", Address: "b:1", State: "leader", Synced: 17},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPaxosInfoNumbers(t *testing.T) {
	info := paxosInfo{"a": "12", "b": "x"}
	if info.number("a") != 12 || info.number("b") != 0 || info.number("none") != 0 {
		t.Error(info.number("a"), info.number("b"), info.number("none"))
	}
}
