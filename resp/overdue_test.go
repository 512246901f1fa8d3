package resp

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// While nothing is applied, writes beyond what the log takes are refused after some time, those of transactions too, and reads go on; once the log goes on,
// what it has taken is answered, and there is room again.
func TestWritesWithoutRoomAreRefusedInTheEnd(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1, Limits: Limits{RoomTime: time.Millisecond}})
	reader := dial(t, s)
	reader.check("PING", "+PONG")
	node.hold()
	value := strings.Repeat("v", 10<<10)
	var clients []*wire
	const n = 3 * mostRoomBytes / (10 << 10)
	for i := range n {
		w := dial(t, s)
		w.send(line(fmt.Sprintf("SET %d %s", i, value)))
		clients = append(clients, w)
	}
	transaction := dial(t, s)
	refused := func() bool { // some are, with room for nobody
		return s.total().inputBytes >= n*uint64(len(value)) && !anyClient(s, func(c *Client) bool { return c.awaitsRoom })
	}
	waitFor(t, s, refused)
	transaction.send(lines("MULTI;SET a 1;EXEC;PING"))
	transaction.want("+OK", "+QUEUED", "-EXECABORT Transaction discarded because of: "+errNoRoom, "+PONG")
	node.letGo()
	taken, refusedWrites := 0, 0
	for _, w := range clients {
		switch got := w.reply(); got {
		case "+OK":
			taken++
		case "-" + errNoRoom:
			refusedWrites++
		default:
			t.Fatalf("got %.200q", got)
		}
	}
	t.Logf("%d were taken, %d refused", taken, refusedWrites)
	if taken < mostRoomBytes/(11<<10) || refusedWrites == 0 {
		t.Errorf("%d were taken, %d refused", taken, refusedWrites)
	}
	for _, w := range clients {
		w.check("SET a 1", "+OK")
	}
	reader.check("DBSIZE", fmt.Sprintf(":%d", taken+1))
}
