package resp

import (
	"net"
	"strings"
	"testing"
	"time"
)

// largeValue is one that makes a command large for a fakeLane, and its reply.
var (
	largeValue      = strings.Repeat("v", fakeLargeBytes)
	largeValueReply = "$" + "65536 " + largeValue
)

// heldLarge keeps large commands from being applied, or lets them go.
func (n *fakeNode) heldLarge(held bool) { n.set(func() { n.largeHeld = held }) }

// untilLarge waits until a large command is handed over.
func (n *fakeNode) untilLarge() {
	n.until(func() bool {
		for _, l := range n.lanes {
			if l.large != nil {
				return true
			}
		}
		return false
	})
}

// What is behind a large command on its connection does not overtake it, and nobody else waits for it.
func TestALargeCommandHoldsUpItsConnectionAlone(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	other := dial(t, s)
	w := dial(t, s)
	node.heldLarge(true)
	w.send(line("SET a 1") + request("SET", "large", largeValue) + lines("INCR a;GET a;STRLEN large"))
	w.want("+OK")
	node.untilLarge()
	other.check("SET b 1", "+OK")
	other.check("GET a", "$1 1")
	other.check("STRLEN large", ":0")
	node.heldLarge(false)
	w.want("+OK", ":2", "$1 2", ":65536")
}

// It begins when everything before it on its connection is answered.
func TestALargeCommandWaitsForWhatIsBeforeIt(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("PING", "+PONG")
	node.hold()
	command := request("APPEND", "large", largeValue)
	w.send(lines("SET large x;GET large") + command)
	waitFor(t, s, func() bool {
		return s.total().inputBytes > uint64(len(command)) && anyClient(s, func(c *Client) bool { return c.alone })
	})
	node.set(func() {
		if node.lanes[0].large != nil {
			t.Error("it was handed over before")
		}
	})
	node.letGo()
	w.want("+OK", "$1 x", ":65537")
}

// A loop has one of them on its way, and the clients of others get their turns.
func TestLargeCommandsTakeTurns(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	node.heldLarge(true)
	var clients []*wire
	for range 5 {
		w := dial(t, s)
		w.send(request("APPEND", "large", largeValue) + line("PING"))
		clients = append(clients, w)
	}
	node.untilLarge()
	waitFor(t, s, func() bool { return s.total().inputBytes > 5*fakeLargeBytes })
	dial(t, s).check("PING", "+PONG")
	node.heldLarge(false) // a second one that is handed over at once fails the test
	for _, w := range clients {
		if got := w.reply(); !strings.HasPrefix(got, ":") {
			t.Fatalf("got %.100q", got)
		}
		w.want("+PONG")
	}
	clients[0].check("STRLEN large", ":327680")
}

// A transaction is large as a whole, and a command of a script's arguments is, too. What only reads is not.
func TestWhatIsALargeCommand(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	half := largeValue[:fakeLargeBytes/2+1]
	node.heldLarge(true)
	for name, test := range map[string]struct {
		input string
		reply []string
	}{
		"transaction": {line("MULTI") + request("SET", "x", half) + request("SET", "y", half) + line("EXEC"), []string{"+OK", "+QUEUED", "+QUEUED", "*2 +OK +OK"}},
		"script":      {request("EVAL", "return #ARGV[1]", "0", largeValue), []string{":65536"}},
		"message":     {request("PUBLISH", "channel", largeValue), []string{":0"}},
	} {
		w.send(test.input)
		w.want(test.reply[:len(test.reply)-1]...)
		node.untilLarge()
		node.heldLarge(false)
		if got := w.reply(); got != test.reply[len(test.reply)-1] {
			t.Errorf("%s: got %.200q", name, got)
		}
		node.heldLarge(true)
	}
	w.send(request("EXISTS", largeValue) + line("MULTI") + request("GET", largeValue) + line("EXEC") + request("NOSUCH", largeValue))
	w.want(":0", "+OK", "+QUEUED", "*1 $-1")
	if got := w.reply(); !strings.HasPrefix(got, "-ERR unknown command") {
		t.Errorf("got %.100q", got)
	}
}

// Who has sent a large command and nothing more is answered, and one whose client is gone is over when it is applied.
func TestClientsOfLargeCommandsThatEnd(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	node.heldLarge(true)
	gone, ended := dial(t, s), dial(t, s)
	gone.send(request("SET", "gone", largeValue))
	node.untilLarge()
	_ = gone.conn.Close()
	ended.send(request("SET", "ended", largeValue))
	if err := ended.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	node.heldLarge(false)
	ended.want("+OK")
	w := dial(t, s)
	w.check("EXISTS gone ended", ":2")
	w.send(request("SET", "again", largeValue))
	w.want("+OK")
}

// One that gets no turn for too long is refused, and one that the log refuses is over: the next has its turn.
func TestLargeCommandsAreRefusedInTheEnd(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1, Limits: Limits{RoomTime: time.Millisecond}})
	node.heldLarge(true)
	first, second := dial(t, s), dial(t, s)
	first.send(request("SET", "first", largeValue))
	node.untilLarge()
	second.send(request("SET", "second", largeValue) + line("PING"))
	second.want("-"+errNoRoom, "+PONG")
	node.set(func() { node.refuse = 1 })
	node.heldLarge(false)
	first.want("-CLUSTERDOWN no leader within the commit timeout: not applied")
	node.set(func() { node.refuse = 0 })
	second.send(request("SET", "second", largeValue) + line("EXISTS first second"))
	second.want("+OK", ":1")
	second.send(line("GET second"))
	second.want(largeValueReply)
}
