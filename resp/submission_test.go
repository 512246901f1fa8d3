package resp

import (
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// idleLoop is an event loop without sockets, for tests of what happens beside it.
func idleLoop(t *testing.T, s *Server) *eventLoop {
	t.Helper()
	return &eventLoop{server: s, lane: &fakeLane{}, clients: make(map[*Client]struct{}), mailbox: mailbox{wake: func() {}, rest: func() {}}}
}

// While a chunk is applied, no client's replies take more memory than its output limit and one reply.
func TestASubmissionHoldsNoMoreThanTheOutputLimit(t *testing.T) {
	machine := statemachine.New(statemachine.Config{})
	s, err := newServer(Config{Limits: small()}, stageNode{}, machine)
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("v", 50<<10)
	set := func(key, value string) []byte {
		return statemachine.AppendCommand(nil, 0, [][]byte{[]byte("SET"), []byte(key), []byte(value)})
	}
	machine.Apply(1, statemachine.Stamp{TimeMS: 1, Seed: 1}, set("a", value), 1, nil)

	sub := &submission{loop: idleLoop(t, s), generation: 1}
	get := s.rows[s.table.Lookup([]byte("GET"))]
	greedy, quiet, modest := &Client{loop: sub.loop, proto: 2}, &Client{loop: sub.loop, proto: 2, quiet: true}, &Client{loop: sub.loop, proto: 2}
	add := func(c *Client, kind kind, args ...string) {
		it := item{client: c, row: get, kind: kind}
		it.stamp()
		var list [][]byte
		for _, arg := range args {
			list = append(list, []byte(arg))
		}
		sub.add(it, list)
	}
	add(modest, kindWrite)
	for range 100 {
		add(greedy, kindRead, "GET", "a")
		add(quiet, kindRead, "GET", "a")
	}
	add(modest, kindRead, "GET", "b")
	machine.Apply(2, statemachine.Stamp{TimeMS: 2, Seed: 2}, set("b", "1"), 1, sub)

	if most := int(small().OutputBuffer) + len(value) + 100; len(sub.out.Buf) > most {
		t.Errorf("the replies take %d bytes, the limit and one reply are %d", len(sub.out.Buf), most)
	}
	refused := 0
	start := 0
	for i := range sub.items {
		it := &sub.items[i]
		reply := string(sub.out.Buf[start:it.end])
		start = it.end
		switch {
		case it.client == greedy && it.tooMuch:
			refused++
		case it.tooMuch:
			t.Errorf("item %d of another client is refused", i)
		case it.client == quiet && reply != "":
			t.Errorf("item %d keeps a reply that nobody gets", i)
		case it.client == modest && it.kind == kindRead && reply != "$1\r\n1\r\n":
			t.Errorf("the modest client gets %q", reply)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// A failed chunk answers everything in it, in order, and what failed before keeps its own outcome.
func TestAFailedSubmissionAnswersEverything(t *testing.T) {
	s, err := newServer(Config{}, stageNode{}, statemachine.New(statemachine.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	l := idleLoop(t, s)
	sub := &submission{loop: l, generation: 1}
	c := &Client{proto: 2}
	sub.add(item{client: c, kind: kindLiteral, failed: 0}, [][]byte{[]byte("+PONG\r\n")})
	sub.add(item{client: c, kind: kindRead, failed: replication.NoLeader}, [][]byte{[]byte("GET"), []byte("a")})
	sub.add(item{client: c, kind: kindTick}, nil)
	sub.add(item{client: c, kind: kindWrite}, nil)
	sub.Fail(replication.Uncertain)
	want := "+PONG\r\n-" + replication.NoLeader.String() + "\r\n-" + replication.Uncertain.String() + "\r\n"
	if got := string(sub.out.Buf); got != want {
		t.Errorf("the replies are %q, want %q", got, want)
	}
	if m, _ := l.mailbox.take(mail{}); len(m.finished) != 1 || m.finished[0] != sub {
		t.Errorf("the loop found %d submissions in its mailbox", len(m.finished))
	}
}
