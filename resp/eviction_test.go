package resp

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

const evictionLimit = 4 << 20

// fill writes keys of a kilobyte, so many together, until so many bytes have been sent, and counts the refusals.
func fill(w *wire, together, bytes int, more string) (refused int) {
	value := strings.Repeat("v", 1_000)
	for i := 0; i < bytes/1_000; i += together {
		for k := i; k < i+together; k++ {
			w.send(line(fmt.Sprintf("SET key:%07d %s%s", k, value, more)))
		}
		for range together {
			switch reply := w.reply(); {
			case reply == "-"+errOOM:
				refused++
			case reply != "+OK":
				w.t.Fatalf("a SET replied %s", reply)
			}
		}
	}
	return refused
}

// awaitRoom waits until the keyspace is within its limit.
func awaitRoom(s *Server, n *fakeNode) {
	n.until(func() bool { return s.overMemory() <= 0 })
}

// TestTheLeaderMakesRoom: a cache that is written many times over stays within its limit, and is told so.
func TestTheLeaderMakesRoom(t *testing.T) {
	s, n := startServer(t, Config{MaxMemory: evictionLimit, Eviction: statemachine.AllKeysLRU})
	w := dial(t, s)
	fill(w, 16, 4*evictionLimit, "")
	awaitRoom(s, n)
	if used := s.machine.Used(); used < evictionLimit/2 {
		t.Errorf("only %d bytes are left", used)
	}
	info := w.do("INFO everything")
	var evicted int
	for field := range strings.FieldsSeq(info) {
		if count, ok := strings.CutPrefix(field, "evicted_keys:"); ok {
			evicted, _ = strconv.Atoi(count)
		}
	}
	if evicted < 4_000 || !strings.Contains(info, "maxmemory_policy:allkeys-lru") {
		t.Errorf("evicted_keys:%d, %s", evicted, info)
	}
}

// TestWhoDoesNotLeadEvictsNothing: its commands are taken until it is over by the grace, and then refused, until it leads.
func TestWhoDoesNotLeadEvictsNothing(t *testing.T) {
	s, n := startServer(t, Config{MaxMemory: evictionLimit, Eviction: statemachine.AllKeysRandom})
	n.set(func() { n.status.Self, n.status.Leader = 2, 1 })
	w := dial(t, s)
	refused := fill(w, 1, 2*evictionLimit, "")
	if over := s.overMemory(); refused == 0 || over < evictionLimit/graceShare || over > evictionLimit/graceShare+8_000 {
		t.Fatalf("%d SETs were refused, and the memory is over by %d", refused, over)
	}
	n.set(func() { n.status.Leader = 2 })
	w.check("SET a 1", "-"+errOOM) // which has it look
	awaitRoom(s, n)
	w.check("SET a 1", "+OK")
}

// TestVolatilePoliciesNeedDeadlines: without such keys it is as without a policy; with them only they go.
func TestVolatilePoliciesNeedDeadlines(t *testing.T) {
	s, n := startServer(t, Config{MaxMemory: evictionLimit, Eviction: statemachine.VolatileTTL})
	w := dial(t, s)
	if refused := fill(w, 1, 2*evictionLimit, ""); refused == 0 || s.overMemory() > 8_000 {
		t.Fatalf("%d SETs were refused, and the memory is over by %d", refused, s.overMemory())
	}
	w.check("CONFIG SET maxmemory 8mb", "+OK")
	w.check("SET stays 1", "+OK")
	fill(w, 16, 4*evictionLimit, " PX 1000000") // which makes the keys that were there ones with a deadline
	awaitRoom(s, n)
	w.check("GET stays", "$1 1")
	w.check("CONFIG SET maxmemory 4mb", "+OK") // takes effect at once
	awaitRoom(s, n)
	w.check("GET stays", "$1 1")
}

// TestALimitAndItsPolicyAreSetAtOnce: who sets a lower limit together with noeviction loses nothing by the policy before.
func TestALimitAndItsPolicyAreSetAtOnce(t *testing.T) {
	s, _ := startServer(t, Config{MaxMemory: 2 * evictionLimit, Eviction: statemachine.AllKeysRandom, Logger: slog.New(yielding{slog.DiscardHandler})})
	w := dial(t, s)
	fill(w, 16, evictionLimit, "")
	keys := w.do("DBSIZE")
	for range 30 {
		w.check(fmt.Sprint("CONFIG SET maxmemory ", evictionLimit/2, " maxmemory-policy noeviction"), "+OK")
		w.check(fmt.Sprint("CONFIG SET maxmemory ", 2*evictionLimit, " maxmemory-policy allkeys-random"), "+OK")
	}
	w.check("DBSIZE", keys)
}

// yielding is a log that lets all others run before it goes on, so that what is set one after the other is seen in between.
type yielding struct{ slog.Handler }

func (yielding) Enabled(context.Context, slog.Level) bool { return true }

func (yielding) Handle(context.Context, slog.Record) error {
	for range 1_000 {
		runtime.Gosched()
	}
	return nil
}
