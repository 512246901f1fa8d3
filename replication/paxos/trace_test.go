package paxos

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTraceIsOneLine(t *testing.T) {
	long := batch(strings.Repeat("x\n", 5000))
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{Received{From: 2, Message: Learn{From: 5}}, "received from 2: Learn{from 5}"},
		{Ticked{}, "ticked"},
		{Stored{Sequence: 7}, "stored through write 7"},
		{Proposed{Entry: batch("a\nb")}, `proposed batch "a\nb"`},
		{Proposed{Entry: long}, `proposed batch "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n"... 10000 bytes`},
		{ReadAsked{ID: 3}, "read 3 asked"},
		{LinkUp{Peer: 2}, "link up to 2"},
		{LinkDown{Peer: 2}, "link down to 2"},
		{HandOverAsked{}, "hand-over asked"},
		{HandOverAsked{To: 3}, "hand-over asked to 3"},
		{Forward{Payload: make([]byte, 9)}, "Forward{bytes 9}"},
		{Promise{Ballot: ballot(2, 1), Part: 1, Parts: 3}, "Promise{ballot 2.1, chosen 0, part 2 of 3}"},
		{EntryConfiguration, "configuration"},
		{EntryKind(9), "kind(9)"},
		{&Effects{}, "nothing"},
		{&Effects{Fatal: errors.New("x")}, "fatal: x"},
		{RoleCandidate, "candidate"},
		{Role(9), "unknown"},
		{MessageKind(99), "unknown"},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%T: got %s, want %s", c.value, got, c.want)
		}
	}
}

func TestTraceNamesEveryMessage(t *testing.T) {
	for _, m := range everyMessage {
		text, ok := m.(fmt.Stringer)
		if !ok || !strings.HasPrefix(text.String(), m.Kind().String()+"{") {
			t.Errorf("%T has no one-line form that begins with %v", m, m.Kind())
		}
	}
}
