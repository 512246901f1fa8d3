package resp

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// Clients that begin come before those that have sent much, which take turns; those that wait for room have every second of these turns, once there is.
func TestTurnsGoRound(t *testing.T) {
	var q turns
	names := map[*Client]string{}
	push := func(to *clientQueue, name string) {
		c := &Client{}
		names[c] = name
		to.push(c)
	}
	for _, name := range []string{"a", "b", "c"} {
		push(&q.old, "old-"+name)
		push(&q.awaiting, "awaiting-"+name)
	}
	gone := &Client{closed: true}
	q.fresh.push(gone)
	push(&q.fresh, "fresh")
	take := func(room bool) string {
		c := q.next(room, false)
		if c == nil {
			return ""
		}
		if c.isQueued {
			t.Errorf("%s has had its turn and is still queued", names[c])
		}
		return names[c]
	}
	for i, want := range []string{"fresh", "awaiting-a", "old-a", "awaiting-b"} {
		if got := take(true); got != want {
			t.Fatalf("turn %d is that of %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"old-b", "old-c", ""} {
		if got := take(false); got != want || q.any(false, false) != (i == 0) {
			t.Fatalf("without room turn %d is that of %q, want %q", i, got, want)
		}
	}
	if !q.any(true, false) || take(true) != "awaiting-c" || q.any(true, false) {
		t.Error("who waited for room is forgotten, or not forgotten in the end")
	}
}

// However much one client sends at once, what it has on its way is bounded, and another one's command goes with the next batch.
func TestALongPipelineLeavesRoomForOthers(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	long, other := dial(t, s), dial(t, s)
	other.check("PING", "+PONG")
	node.hold()
	const n = 20_000
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(long.conn, strings.Repeat(line("SET a "+strings.Repeat("v", 100)), n))
		sent <- err
	}()
	waitFor(t, s, func() bool { return anyClient(s, func(c *Client) bool { return c.awaitsRoom }) })
	l := s.allLoops()[0]
	under := make(chan int)
	l.do(func() { under <- l.underWay })
	if got := <-under; got < roomBytes || got > roomBytes+biteBytes {
		t.Errorf("%d bytes are on their way, the bound is %d", got, roomBytes)
	}
	other.send(line("SET b 1"))
	waitFor(t, s, func() bool {
		return s.total().inputBytes > 0 && anyClient(s, func(c *Client) bool { return !c.awaitsRoom && c.pending == 1 })
	})
	node.step()
	other.want("+OK")
	if done := s.total().commands[s.rows[s.table.Lookup([]byte("SET"))].index].calls; done > n/2 {
		t.Errorf("%d commands of the other client came first", done)
	}
	node.letGo()
	for range n {
		long.want("+OK")
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// Clients that begin have room where others have to wait, but not without bounds.
func TestRoomForClientsThatBeginIsBounded(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	l := s.allLoops()[0]
	node.hold()
	value := strings.Repeat("v", 10<<10)
	var clients []*wire
	for i := range 2 * mostRoomBytes / len(value) {
		w := dial(t, s)
		w.send(line(fmt.Sprint("SET ", i, " ", value)))
		clients = append(clients, w)
	}
	waitFor(t, s, func() bool { return anyClient(s, func(c *Client) bool { return c.awaitsRoom }) })
	under := make(chan int)
	l.do(func() { under <- l.underWay })
	if got := <-under; got < mostRoomBytes || got > mostRoomBytes+biteBytes {
		t.Errorf("%d bytes are on their way, the bound is %d", got, mostRoomBytes)
	}
	node.letGo()
	for _, w := range clients {
		w.want("+OK")
	}
}

// Clients that all send much at once come forward together: none is done before the others are well on their way.
func TestLongPipelinesTakeTurns(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	node.hold()
	const clients, n = 6, 8_000
	padding := strings.Repeat("p", 100)
	for i := range clients {
		w := dial(t, s)
		go func() {
			_, _ = io.WriteString(w.conn, strings.Repeat(line(fmt.Sprint("APPEND ", i, padding, " v")), n)) // short of all if the test has failed
			_, _ = io.Copy(io.Discard, w.conn)
		}()
	}
	waitFor(t, s, func() bool {
		awaiting := 0
		anyClient(s, func(c *Client) bool {
			if c.awaitsRoom {
				awaiting++
			}
			return false
		})
		return awaiting == clients
	})
	reader := dial(t, s)
	reader.check("READONLY", "+OK")
	for round := 1; ; round++ {
		node.step()
		least, most := n, 0
		for i := range clients {
			var done int
			if _, err := fmt.Sscanf(reader.do(fmt.Sprint("STRLEN ", i, padding)), ":%d", &done); err != nil {
				t.Fatal(err)
			}
			least, most = min(least, done), max(most, done)
		}
		if least == n {
			break
		}
		// What one had on its way before the others came is all that it is ahead by, and a bite.
		if ahead := (roomBytes + 2*biteBytes) / len(padding); most-least > ahead {
			t.Fatalf("after round %d one client has had %d commands run, another one %d", round, most, least)
		}
	}
	node.letGo()
}

// A command that takes its time is the last of its bite.
func TestABiteEndsWithTime(t *testing.T) {
	l := &eventLoop{clock: 1, biteEnds: 1 + biteNanos}
	if l.isBiteOver(biteBytes - 1) {
		t.Error("a bite is over at once")
	}
	if !l.isBiteOver(biteBytes) {
		t.Error("it goes on beyond its bytes")
	}
	if l.clock += biteNanos; !l.isBiteOver(0) {
		t.Error("it goes on beyond its time")
	}
}
