package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// watched runs a watch for so many pictures, each asked for by a tick.
func watched(t *testing.T, w watching, pictures int) string {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	w.out, w.now = &out, func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	w.ask = func(context.Context) []nodeStatus {
		if asked++; asked > pictures {
			cancel() // as Ctrl-C does while nodes are asked
		}
		return []nodeStatus{{ID: 1, Address: "a:1", Role: "follower"}}
	}
	tick := make(chan time.Time, pictures)
	for range pictures {
		tick <- time.Time{}
	}
	if err := w.run(ctx, tick); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAWatchGoesOnUntilItIsEnded(t *testing.T) {
	plain := watched(t, watching{}, 2)
	if strings.Count(plain, "2026-01-02 03:04:05") != 2 || strings.Count(plain, "WRONG: "+errNoLeader.Error()) != 2 || strings.Contains(plain, "\x1b") {
		t.Errorf("on no terminal: %q", plain)
	}
	inPlace := watched(t, watching{inPlace: true}, 2)
	if strings.Count(inPlace, cursorHome) != 2 || strings.Count(inPlace, eraseBelow) != 2 || strings.Count(inPlace, "\n") != strings.Count(inPlace, eraseLineRest+"\n") {
		t.Errorf("on a terminal: %q", inPlace)
	}
	lines := strings.Split(strings.TrimSpace(watched(t, watching{asJSON: true}, 3)), "\n")
	for _, line := range lines {
		var nodes []nodeStatus
		if err := json.Unmarshal([]byte(line), &nodes); err != nil || len(nodes) != 1 || len(lines) != 3 {
			t.Errorf("%v: %q", err, lines)
		}
	}
}

type brokenWriter struct{ error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.error }

func TestAWatchEndsWithWhoReadsIt(t *testing.T) {
	gone := errors.New("broken pipe")
	w := watching{ask: func(context.Context) []nodeStatus { return nil }, out: brokenWriter{gone}, now: time.Now}
	if err := w.run(t.Context(), nil); !errors.Is(err, gone) {
		t.Error(err)
	}
}

func TestWhatNoMajorityIs(t *testing.T) {
	led := func(states ...string) []nodeStatus {
		leader := nodeStatus{ID: 1, Role: "leader", Leader: 1}
		for i, state := range states {
			leader.MemberList = append(leader.MemberList, member{ID: uint64(i + 1), Role: "voter", State: state})
		}
		leader.MemberList = append(leader.MemberList, member{ID: 9, Role: "learner", State: "reachable"})
		return []nodeStatus{leader, {ID: 2, Role: "follower", Leader: 1}}
	}
	for _, test := range []struct {
		nodes []nodeStatus
		want  error
	}{
		{led("leader", "reachable", "unreachable"), nil},
		{led("leader", "unreachable", "unreachable"), errNoMajority},
		{led("leader", "reachable", "unreachable", "unreachable"), errNoMajority},
		{led(), nil},
		{[]nodeStatus{{ID: 1, Role: "candidate"}, {Error: "refused", Role: "unreachable"}}, errNoLeader},
		{nil, errNoLeader},
	} {
		if got := judge(test.nodes); !errors.Is(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.nodes, got, test.want)
		}
	}
}
