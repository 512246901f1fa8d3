package resp

import (
	"testing"
	"time"
)

// waitsOf is how many waits of a command are counted, and how long they are together.
func waitsOf(s *Server, command string) (count uint64, sum time.Duration) {
	counts := s.waits()[command]
	return counts.Total(), time.Duration(counts.Sum)
}

// Each answered command has one wait, whatever its way: through the log, by a read slot, on the loop, behind others of its client, by an errand, or with an
// error. What waits for others has none, unless something came of it.
func TestEachAnswerEndsOneWait(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	for _, command := range []string{"SET a 1", "GET a", "PING", "LPUSH a x", "WATCH a", "CONFIG SET maxmemory-samples 5", "CLIENT LIST", "KEYS *", "NOSUCH", "GET",
		"RPUSH l x y", "BLPOP l 0", "BLPOP none 0.001", "WAIT 0 0"} {
		w.do(command)
	}
	w.send(lines("SET a 2;PING;GET a;MULTI;INCR a;EXEC;SUBSCRIBE c;UNSUBSCRIBE c"))
	for range 8 {
		w.reply()
	}
	w.send(lines("GET a;PING")) // PING has to wait for the read slot of GET
	w.reply()
	w.reply()
	w.do("ECHO last") // the loop has ended the turns before
	for command, want := range map[string]uint64{"set": 2, "get": 3, "ping": 3, "lpush": 1, "watch": 1, "config|set": 1, "client|list": 1, "keys": 1, "rpush": 1,
		"blpop": 1, "wait": 0, "multi": 1, "incr": 0, "exec": 1, "subscribe": 1, "unsubscribe": 1} {
		if got, _ := waitsOf(s, command); got != want {
			t.Errorf("%d waits of %s are counted, want %d", got, command, want)
		}
	}
	for _, c := range s.Figures().Commands {
		if c.Name == "get" && (c.Wait.Total() != 3 || c.Wait.Sum < c.Latency.Sum) {
			t.Errorf("the figures have %+v", c)
		}
	}
}

// far is what the clock of a test goes on by, which no test takes.
const far = time.Hour

// newWaitLoop is the loop of a server that counts its waits.
func newWaitLoop(t *testing.T) *stageLoop {
	l := newStageLoop(t)
	l.server.loops = []*eventLoop{l.eventLoop}
	return l
}

// goOn has the server's clock go on. The loop of the test is the only one that looks at it.
func (l *stageLoop) goOn() { l.server.start = l.server.start.Add(-far) }

// arrive has the loop read bytes of its client now.
func (l *stageLoop) arrive(requests string) {
	l.clock = l.server.nanos()
	l.biteEnds = l.clock + biteNanos
	l.receive(l.client, []byte(requests), len(requests))
	l.touch(l.client)
	l.endTurn()
	l.serve()
	l.handOverAll()
}

// A write waits from when it came until it is answered, each of a pipeline for itself; a local command behind it waits for it.
func TestAWaitIsAsLongAsTheWayThroughTheLog(t *testing.T) {
	l := newWaitLoop(t)
	l.arrive(lines("SET a 1"))
	l.goOn()
	l.arrive(lines("INCR b;PING"))
	l.goOn()
	l.answer()
	for command, least := range map[string]time.Duration{"set": 2 * far, "incr": far, "ping": far} {
		if count, sum := waitsOf(l.server, command); count != 1 || sum < least || sum >= least+far {
			t.Errorf("%d waits of %s are %v, want one of %v", count, command, sum, least)
		}
	}
	l.arrive(line("PING"))
	l.countReplies()
	if count, sum := waitsOf(l.server, "ping"); count != 2 || sum >= 2*far {
		t.Errorf("%d waits of PING are %v: the second had nothing before it", count, sum)
	}
}

// A write for which the log has no room waits from when it came.
func TestTheWaitForRoomIsInTheWait(t *testing.T) {
	l := newWaitLoop(t)
	l.underWay = mostRoomBytes
	l.arrive(line("SET a 1"))
	l.goOn()
	l.underWay = 0
	l.serve()
	l.handOverAll()
	l.answer()
	if count, sum := waitsOf(l.server, "set"); count != 1 || sum < far {
		t.Errorf("%d waits are %v, want %v", count, sum, far)
	}
	l.arrive(line("SET a 2"))
	l.answer()
	if count, sum := waitsOf(l.server, "set"); count != 2 || sum >= 2*far {
		t.Errorf("%d waits are %v: there was room for the second", count, sum)
	}
}

// What was in line is counted from when it was tried again, and its way through the log then is.
func TestTheTimeInLineIsNotInTheWait(t *testing.T) {
	for _, later := range []bool{false, true} {
		l := newWaitLoop(t)
		l.arrive(line("BLPOP l 0"))
		call := l.lane.chunk.Replies.(*submission).items[0].call
		l.discard()
		call.found = false // as if the list were empty
		call.answered(nil)
		l.goOn()
		call.Ready()
		l.wakeUp()
		want := time.Duration(0)
		if later {
			l.goOn()
			want = far
		}
		l.answer()
		if count, sum := waitsOf(l.server, "blpop"); count != 1 || sum < want || sum >= want+far {
			t.Errorf("%d waits are %v, want one of %v", count, sum, want)
		}
	}
}

// Waits are counted in the power of two that they are in, by command, though they are counted together.
func TestWaitsAreCountedTogether(t *testing.T) {
	l := newWaitLoop(t)
	now := int64(1 << 20)
	for _, w := range []struct {
		command string
		waited  int64
	}{{"SET", 1000}, {"SET", 1023}, {"SET", 1024}, {"GET", 1024}, {"GET", 5}, {"SET", 4}, {"SET", -7}} {
		l.replied(l.server.rows[l.server.table.Lookup([]byte(w.command))], now-w.waited)
	}
	l.endWaits(now)
	l.endWaits(now) // nothing is counted twice
	set, get := l.server.waits()["set"], l.server.waits()["get"]
	if set.Counts[0] != 1 || set.Counts[3] != 1 || set.Counts[10] != 2 || set.Counts[11] != 1 || set.Total() != 5 || set.Sum != 1000+1023+1024+4 {
		t.Errorf("SET: %+v", set)
	}
	if get.Counts[3] != 1 || get.Counts[11] != 1 || get.Total() != 2 || get.Sum != 1029 {
		t.Errorf("GET: %+v", get)
	}
}

// BenchmarkStageWaits is what it costs to count the waits of a turn: of one command, as long as one another, and of two commands in turn with nothing in common.
func BenchmarkStageWaits(b *testing.B) {
	for _, how := range []struct {
		name     string
		commands [2]string
		waited   [2]int64
	}{{"alike", [2]string{"SET", "SET"}, [2]int64{5000, 5001}}, {"unlike", [2]string{"SET", "GET"}, [2]int64{5000, 500_000}}} {
		for _, n := range stageCounts {
			b.Run(stageName(how.name, n), func(b *testing.B) {
				l := newStageLoop(b)
				var rows [2]*row
				for i, command := range how.commands {
					rows[i] = l.server.rows[l.server.table.Lookup([]byte(command))]
				}
				b.ReportAllocs()
				for b.Loop() {
					for i := range n {
						l.replied(rows[i%2], 1<<30-how.waited[i%2])
					}
					l.endWaits(1 << 30)
				}
				nsPerCommand(b, n)
			})
		}
	}
}
