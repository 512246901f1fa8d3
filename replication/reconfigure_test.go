package replication

import (
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func member(id paxos.NodeID, uuid, address string) paxos.Member {
	return paxos.Member{ID: id, UUID: uuid, Address: address}
}

// threeAndALearner has voters 1 to 3 at a:1 to a:3, with UUIDs u1 to u3, and learner 5, which was told of without a UUID. An
// id 6 was used.
func threeAndALearner() paxos.Configuration {
	return paxos.Configuration{
		Slot: 9, HighestID: 6,
		Voters:   []paxos.Member{member(1, "u1", "a:1"), member(2, "u2", "a:2"), member(3, "u3", "a:3")},
		Learners: []paxos.Member{member(5, "", "a:5")},
	}
}

func TestM2_WhatAChangeMakesOfAConfiguration(t *testing.T) {
	everybody := func(paxos.NodeID) bool { return true }
	without := func(gone ...paxos.NodeID) reachable {
		return func(id paxos.NodeID) bool {
			for _, g := range gone {
				if g == id {
					return false
				}
			}
			return true
		}
	}
	add := func(m paxos.Member) Change { return Change{Kind: AddMember, Member: m} }
	remove := func(id paxos.NodeID) Change { return Change{Kind: RemoveMember, Member: paxos.Member{ID: id}} }
	replace := func(old paxos.NodeID, m paxos.Member) Change {
		return Change{Kind: ReplaceMember, Member: m, Replaces: old}
	}
	move := func(m paxos.Member) Change { return Change{Kind: MoveMember, Member: m} }
	forced := func(c Change) Change { c.Force = true; return c }
	for _, test := range []struct {
		name    string
		change  Change
		reach   reachable
		id      paxos.NodeID
		refused string // part of the reason
		done    bool
		member  *paxos.Member // as it is then, a learner unless it was a voter; nil: not a member
	}{
		{"the next free id", add(member(0, "u7", "a:7")), everybody, 7, "", false, &paxos.Member{ID: 7, UUID: "u7", Address: "a:7"}},
		{"an id of one's own", add(member(9, "", "[::1]:9")), everybody, 9, "", false, &paxos.Member{ID: 9, Address: "[::1]:9"}},
		{"an id that was used", add(member(6, "u9", "a:9")), everybody, 6, "never used again", false, nil},
		{"an id below the highest", add(member(4, "u9", "a:9")), everybody, 4, "never used again", false, nil},
		{"a learner that was announced comes", add(member(0, "u5", "a:5")), everybody, 5, "", false, &paxos.Member{ID: 5, UUID: "u5", Address: "a:5"}},
		{"a learner elsewhere", add(member(5, "u5", "a:55")), everybody, 5, "", false, &paxos.Member{ID: 5, UUID: "u5", Address: "a:55"}},
		{"a learner once more", add(member(5, "", "a:5")), everybody, 5, "", true, &paxos.Member{ID: 5, Address: "a:5"}},
		{"a voter once more", add(member(2, "u2", "a:2")), everybody, 2, "", true, &paxos.Member{ID: 2, UUID: "u2", Address: "a:2"}},
		{"a voter found by its UUID", add(member(0, "u2", "a:2")), everybody, 2, "", true, &paxos.Member{ID: 2, UUID: "u2", Address: "a:2"}},
		{"D4: a voter with another directory", add(member(2, "other", "a:2")), everybody, 2, "paxredis member replace 2", false, nil},
		{"D4: a voter's address with another directory", add(member(0, "other", "a:2")), everybody, 2, "paxredis member replace 2", false, nil},
		{"a voter at another address", add(member(2, "u2", "a:22")), everybody, 2, "paxredis member move 2=a:22", false, nil},
		{"a copied directory", add(member(8, "u2", "a:8")), everybody, 8, "is that of node 2", false, nil},
		{"an address of another", add(member(8, "u8", "a:2")), everybody, 8, "is that of node 2", false, nil},
		{"no address", add(member(0, "u8", "")), everybody, 7, "not a host:port", false, nil},
		{"no port", add(member(0, "u8", "a")), everybody, 7, "not a host:port", false, nil},
		{"no host", add(member(0, "u8", ":8")), everybody, 7, "not a host:port", false, nil},
		{"port 0", add(member(0, "u8", "a:0")), everybody, 7, "not a host:port", false, nil},
		{"port too high", add(member(0, "u8", "a:65536")), everybody, 7, "not a host:port", false, nil},
		{"IPv6 without brackets", add(member(0, "u8", "::1:80")), everybody, 7, "not a host:port", false, nil},

		{"a voter leaves", remove(3), everybody, 3, "", false, nil},
		{"a learner leaves", remove(5), without(2, 3), 5, "", false, nil},
		{"who left leaves", remove(6), everybody, 6, "", true, nil},
		{"who never was leaves", remove(7), everybody, 7, "there is no node 7", false, nil},
		{"nobody leaves", remove(0), everybody, 0, "there is no node 0", false, nil},
		{"the majority would be lost", remove(2), without(3), 2, "--force", false, nil},
		{"the majority is lost by force", forced(remove(2)), without(3), 2, "", false, nil},
		{"who is gone leaves", remove(3), without(3), 3, "", false, nil},

		{"replaced at its own address", replace(2, member(0, "", "")), everybody, 7, "", false, &paxos.Member{ID: 7, Address: "a:2", Replaces: 2}},
		{"replaced elsewhere", replace(2, member(8, "u8", "a:8")), without(3), 8, "", false, &paxos.Member{ID: 8, UUID: "u8", Address: "a:8", Replaces: 2}},
		{"replaced by a learner", replace(2, member(5, "", "")), everybody, 5, "", false, &paxos.Member{ID: 5, Address: "a:5", Replaces: 2}},
		{"replaced by a learner elsewhere", replace(2, member(5, "", "a:6")), everybody, 5, "move it", false, nil},
		{"replaced by itself", replace(2, member(2, "", "")), everybody, 2, "never used again", false, nil},
		{"replaced by a voter", replace(2, member(3, "", "")), everybody, 3, "never used again", false, nil},
		{"a learner is not replaced", replace(5, member(8, "", "a:8")), everybody, 8, "is not a voter", false, nil},
		{"replaced already", replace(6, member(3, "", "")), everybody, 3, "", true, &paxos.Member{ID: 3, UUID: "u3", Address: "a:3"}},

		{"moved", move(member(2, "", "a:22")), without(1, 3), 2, "", false, &paxos.Member{ID: 2, UUID: "u2", Address: "a:22"}},
		{"moved to where it is", move(member(2, "", "a:2")), everybody, 2, "", true, &paxos.Member{ID: 2, UUID: "u2", Address: "a:2"}},
		{"moved to another's", move(member(2, "", "a:3")), everybody, 2, "is that of node 3", false, nil},
		{"moved nowhere", move(member(2, "", "")), everybody, 2, "not a host:port", false, nil},
		{"moved, a stranger", move(member(8, "", "a:8")), everybody, 8, "is not a member", false, nil},
		{"something unknown", Change{Kind: 99}, everybody, 0, "does not know how", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			active := threeAndALearner()
			next, id, done, err := plan(&active, test.change, test.reach)
			if untouched := threeAndALearner(); !isSame(&active, &untouched) {
				t.Fatal("the active configuration was changed in place")
			}
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("refused with %v, want %q", err, test.refused)
				}
				return
			}
			if err != nil || id != test.id || done != test.done {
				t.Fatalf("id %v, done %v, error %v", id, done, err)
			}
			if done {
				next = active
			} else if next.Base != active.Slot || next.Highest() < 6 {
				t.Errorf("base %v, highest id %v", next.Base, next.Highest())
			}
			got, ok := next.Member(id)
			if ok != (test.member != nil) || ok && got != *test.member {
				t.Errorf("is %+v, %v then, want %+v", got, ok, test.member)
			}
			if next.IsVoter(id) != (ok && active.IsVoter(id)) {
				t.Error("became a voter, or none, by asking")
			}
			if again := next; !done {
				again.Slot = 10
				if _, _, done, err := plan(&again, pinned(test.change, id), everybody); !done || err != nil {
					t.Errorf("asked again: done %v, error %v", done, err)
				}
			}
		})
	}
}

// pinned is a change as the asker repeats it.
func pinned(c Change, id paxos.NodeID) Change {
	if c.Kind == ReplaceMember {
		c.Member.ID = id
	}
	return c
}

func TestM2_TheLastVoterStays(t *testing.T) {
	active := paxos.Configuration{Voters: []paxos.Member{member(1, "u1", "a:1")}, Learners: []paxos.Member{member(2, "u2", "a:2")}}
	for _, force := range []bool{false, true} {
		_, _, _, err := plan(&active, Change{Kind: RemoveMember, Member: member(1, "", ""), Force: force}, func(paxos.NodeID) bool { return true })
		if err == nil || !strings.Contains(err.Error(), "last voter") {
			t.Errorf("forced %v: %v", force, err)
		}
	}
}

// The learner at the address of the voter it replaces is meant when its server comes.
func TestReplacementComesToTheAddressOfTheReplaced(t *testing.T) {
	active := threeAndALearner()
	everybody := func(paxos.NodeID) bool { return true }
	active, _, _, err := plan(&active, Change{Kind: ReplaceMember, Replaces: 2}, everybody)
	if err != nil {
		t.Fatal(err)
	}
	next, id, _, err := plan(&active, Change{Kind: AddMember, Member: member(0, "new", "a:2")}, everybody)
	if got, _ := next.Member(7); err != nil || id != 7 || got != (paxos.Member{ID: 7, UUID: "new", Address: "a:2", Replaces: 2}) {
		t.Errorf("id %v, %+v, error %v", id, got, err)
	}
	again := Change{Kind: ReplaceMember, Replaces: 2}
	if _, id, done, err := plan(&active, again, everybody); id != 7 || !done || err != nil {
		t.Errorf("asked again: id %v, done %v, error %v", id, done, err)
	}
	again.Member = member(8, "", "a:8")
	if _, _, _, err := plan(&active, again, everybody); err == nil || !strings.Contains(err.Error(), "on its way to replace") {
		t.Errorf("a second replacement: %v", err)
	}
	gone, _, _, err := plan(&active, Change{Kind: RemoveMember, Member: member(2, "", "")}, everybody)
	if got, _ := gone.Member(7); err != nil || got.Replaces != 0 {
		t.Errorf("replaces who has left: %+v, error %v", got, err)
	}
}
