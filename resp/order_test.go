package resp

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

func TestRepliesComeInOrderWhileAppliesAreDelayed(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.hold()
	w.send(lines("PING;SET a 1;GET a;INCR a;ECHO x;GET a;SET b 2 NX;GET b;PING;GET nothing"))
	w.want("+PONG")
	node.letGo()
	w.want("+OK", "$1 1", ":2", "$1 x", "$1 2", "+OK", "$1 2", "+PONG", "$-1")
}

func TestReadsWaitForTheirReadSlot(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	node.hold()
	w.send(lines("GET a;PING;GET b"))
	node.until(func() bool { return node.lanes[0].asked > node.lanes[0].answered })
	other := dial(t, s)
	other.check("PING", "+PONG") // its loop is not held up
	node.letGo()
	w.want("$1 1", "+PONG", "$-1")
}

// A read behind an unapplied write of its own connection is not answered from that write's slot, which may be older than
// what others were told before the read came.
func TestAReadBehindAnUnappliedWriteAsksForItsOwnSlot(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("GET a", "$-1") // so that there is a lane
	node.hold()
	w.send(line("SET a 1"))
	var taken = node.lanes[0]
	node.until(func() bool { return taken.open != nil })
	chunk := taken.Begin() // it is on its way now
	before := node.asked()
	w.send(line("GET b"))
	node.until(func() bool { return node.reads > before })
	node.set(func() { node.slot++ })
	node.machine.Apply(node.slot, statemachine.Stamp{TimeMS: 1, Seed: 1}, chunk.Commands, chunk.Count, chunk.Replies.(*submission))
	w.want("+OK")
	node.letGo()
	w.want("$-1")
}

// Whatever is pipelined, and whenever things are applied, each connection gets the replies it would get if it sent one
// command after another.
func TestRandomPipelinesAnswerLikeSingleCommands(t *testing.T) {
	seeds := 60
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		for _, fast := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d fast %v", seed, fast), func(t *testing.T) { comparePipeline(t, int64(seed), fast) })
		}
	}
}

func comparePipeline(t *testing.T, seed int64, fast bool) {
	random := rand.New(rand.NewSource(seed))
	commands := randomCommands(random, 300)

	model, _ := startServer(t, Config{Loops: 1})
	single := dial(t, model)
	var want []string
	for _, c := range commands {
		single.send(line(c))
		if silent(c) {
			continue
		}
		want = append(want, single.reply())
	}

	s, node := startServer(t, Config{Loops: 1})
	node.set(func() { node.fast = fast })
	w := dial(t, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		gates := rand.New(rand.NewSource(seed + 1000))
		for range 40 {
			if gates.Intn(2) == 0 {
				node.hold()
			}
			if gates.Intn(4) == 0 {
				node.set(func() { node.invalid = 2 })
			}
			node.step()
		}
		node.letGo()
	}()
	var all strings.Builder
	for _, c := range commands {
		all.WriteString(line(c))
	}
	for rest := all.String(); rest != ""; {
		n := min(len(rest), 1+random.Intn(400))
		w.send(rest[:n])
		rest = rest[n:]
	}
	for i, want := range want {
		if got := w.reply(); got != want {
			t.Fatalf("reply %d is %q, want %q", i, got, want)
		}
	}
	<-done
}

// silent reports whether a command of randomCommands gets no reply.
func silent(command string) bool { return strings.HasPrefix(command, "CLIENT REPLY SKIP") }

// randomCommands makes commands whose replies depend on nothing but the commands before them.
func randomCommands(random *rand.Rand, n int) []string {
	key := func() string { return string(rune('a' + random.Intn(4))) }
	plain := []func() string{
		func() string { return "SET " + key() + " " + fmt.Sprint(random.Intn(100)) },
		func() string { return "SET " + key() + " x NX" },
		func() string { return "GET " + key() },
		func() string { return "GET " + key() },
		func() string { return "INCR " + key() },
		func() string { return "APPEND " + key() + " z" },
		func() string { return "DEL " + key() },
		func() string { return "MGET a b c" },
		func() string { return "PING" },
		func() string { return "ECHO " + key() },
		func() string { return "SELECT " + fmt.Sprint(random.Intn(3)) },
		func() string { return "SET " + key() },
		func() string { return "NOSUCH thing" },
		func() string { return "STRLEN " + key() },
		func() string { return "DBSIZE" },
		func() string { return "GETDEL " + key() },
	}
	var commands []string
	for len(commands) < n {
		switch random.Intn(14) {
		case 0:
			commands = append(commands, "WATCH "+key()+" "+key())
		case 1, 2:
			commands = append(commands, "MULTI")
			for range random.Intn(5) {
				commands = append(commands, plain[random.Intn(len(plain))]())
			}
			end := "EXEC"
			if random.Intn(6) == 0 {
				end = "DISCARD"
			}
			commands = append(commands, end)
		case 3:
			commands = append(commands, []string{"HELLO 3", "HELLO 2", "RESET", "UNWATCH", "EXEC", "WAIT 1 0"}[random.Intn(6)])
		default:
			commands = append(commands, plain[random.Intn(len(plain))]())
		}
	}
	return commands
}
