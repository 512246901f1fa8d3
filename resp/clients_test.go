package resp

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What clients send on their own before an application's first command, as they send it.
func TestClientStartUps(t *testing.T) {
	for _, test := range []struct {
		name, sent string
		want       []string // how each reply begins
	}{
		{"go-redis v9", lines("HELLO 3;CLIENT MAINT_NOTIFICATIONS ON") + request("CLIENT", "SETINFO", "LIB-NAME", "go-redis(,go1.26)") +
			lines("CLIENT SETINFO LIB-VER 9.23.0;PING"),
			[]string{"%7 ", "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.", "+OK", "+OK", "+PONG"}},
		{"node-redis v5", lines("HELLO 3;CLIENT SETINFO LIB-NAME node-redis;CLIENT SETINFO LIB-VER 5.8.0;SELECT 1;GET a"),
			[]string{"%7 ", "+OK", "+OK", "+OK", "_"}},
		{"ioredis", lines("INFO;CLIENT SETINFO LIB-VER 5.7.0;CLIENT SETINFO LIB-NAME ioredis;SELECT 2;GET a"),
			[]string{"$", "+OK", "+OK", "+OK", "$-1"}},
		{"redis-py", lines("CLIENT SETINFO LIB-NAME redis-py;CLIENT SETINFO LIB-VER 6.4.0;SELECT 0;GET a"),
			[]string{"+OK", "+OK", "+OK", "$-1"}},
		{"Jedis", lines("HELLO 3 SETNAME me;CLIENT SETINFO LIB-NAME jedis;CLIENT SETINFO LIB-VER 6.0.0;GET a"),
			[]string{"%7 ", "+OK", "+OK", "_"}},
		{"redis-cli", lines("COMMAND DOCS;SELECT 3;PING"), []string{"*", "+OK", "+PONG"}},
		{"redis-benchmark", lines("CONFIG GET save;CONFIG GET appendonly"), []string{"*2 $4 save $0", "*2 $10 appendonly $3 yes"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := startServer(t, Config{})
			w := dial(t, s)
			w.send(test.sent)
			for i, want := range test.want {
				if got := w.reply(); !strings.HasPrefix(got, want) {
					t.Errorf("reply %d is %.200q, want %q", i, got, want)
				}
			}
		})
	}
}

func TestReadyCheckSeesLoading(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.set(func() { node.loading = true })
	if got := w.do("INFO persistence"); !strings.Contains(got, " loading:1 ") {
		t.Errorf("INFO persistence: %s", got)
	}
	node.set(func() { node.loading = false })
	if got := w.do("INFO"); !strings.Contains(got, " loading:0 ") || !strings.Contains(got, " role:master ") {
		t.Errorf("INFO: %s", got)
	}
}

func TestGoRedis(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	ctx := context.Background()
	for _, protocol := range []int{2, 3} {
		client := redis.NewClient(&redis.Options{Addr: s.Addr().String(), Protocol: protocol, ClientName: "tester", DB: protocol})
		counter := fmt.Sprintf("counter%d", protocol)
		var workers sync.WaitGroup
		for range 8 {
			workers.Add(1)
			go func() {
				defer workers.Done()
				for range 20 {
					if err := client.Watch(ctx, func(tx *redis.Tx) error { return increment(ctx, tx, counter) }, counter); errors.Is(err, redis.TxFailedErr) {
						continue
					} else if err != nil {
						t.Error(err)
					}
					pipe := client.Pipeline()
					pipe.Incr(ctx, "n")
					get := pipe.Get(ctx, "n")
					pipe.Ping(ctx)
					if _, err := pipe.Exec(ctx); err != nil || get.Val() == "" {
						t.Error(get.Val(), err)
					}
				}
			}()
		}
		workers.Wait()
		transactions, err := client.Get(ctx, counter).Int()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := client.Get(ctx, "n").Int(); err != nil || n != transactions {
			t.Errorf("%d increments behind %d transactions, %v", n, transactions, err)
		}
		if name, err := client.ClientGetName(ctx).Result(); err != nil || name != "tester" {
			t.Errorf("the name is %q, %v", name, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

func increment(ctx context.Context, tx *redis.Tx, key string) error {
	n, err := tx.Get(ctx, key).Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, key, n+1, 0)
		return nil
	})
	return err
}

// tool runs one of Redis's own programs against the server.
func tool(t *testing.T, s *Server, input, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	_, port, _ := strings.Cut(s.Addr().String(), ":")
	command := exec.Command(path, append([]string{"-p", port}, args...)...)
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

func TestRedisCLI(t *testing.T) {
	s, _ := startServer(t, Config{})
	if got := tool(t, s, "set a 1\nincr a\nget a\nfoo\nmulti\nget a\nexec\nselect 3\nget a\nhello 3\n", "redis-cli"); !strings.HasPrefix(got,
		"OK\n2\n2\nERR unknown command 'foo', with args beginning with: \n\nOK\nQUEUED\n2\nOK\n\nserver redis\n") {
		t.Errorf("redis-cli: %q", got)
	}
	if got := tool(t, s, "", "redis-cli", "-n", "4", "set", "x", "y"); got != "OK\n" {
		t.Errorf("redis-cli: %q", got)
	}
	if got := tool(t, s, "", "redis-cli", "-3", "config", "get", "maxclients"); !strings.Contains(got, "maxclients") {
		t.Errorf("redis-cli -3: %q", got)
	}
}

func TestRedisCLIPipe(t *testing.T) {
	s, _ := startServer(t, Config{})
	var input strings.Builder
	const n = 20_000
	for i := range n {
		input.WriteString(line(fmt.Sprintf("SET key:%d %d", i, i)))
	}
	if got := tool(t, s, input.String(), "redis-cli", "--pipe"); !strings.Contains(got, fmt.Sprintf("errors: 0, replies: %d", n)) {
		t.Errorf("redis-cli --pipe: %q", got)
	}
	dial(t, s).check("DBSIZE", fmt.Sprintf(":%d", n))
}

func TestRedisBenchmark(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	got := tool(t, s, "", "redis-benchmark", "-q", "-n", "2000", "-c", "20", "-P", "4", "-t", "ping,set,get,incr,mset")
	for _, name := range []string{"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"} {
		if !strings.Contains(got, name+": ") {
			t.Errorf("redis-benchmark told nothing of %s: %q", name, got)
		}
	}
	if strings.Contains(got, "rror") {
		t.Errorf("redis-benchmark: %q", got)
	}
}

func TestInfoCountsWhatHappened(t *testing.T) {
	s, _ := startServer(t, Config{Version: "1.2.3"})
	w := dial(t, s)
	w.send(lines("SET a x;GET a;GET b;INCR a;FOO;GET;CLIENT ID;MULTI;GET a;EXEC"))
	for range 10 {
		w.reply()
	}
	got := w.do("INFO everything")
	for _, want := range []string{
		"connected_clients:1 ", "paxredis_version:1.2.3 ", "keyspace_hits:2 ", "keyspace_misses:1 ", "db0:keys=1,expires=0,",
		"cmdstat_get:calls=3,", "cmdstat_client|id:calls=1,", "cmdstat_incr:calls=1,", "rejected_calls=0,failed_calls=1", "errorstat_ERR:count=3 ",
		"paxos_applied_slot:", "total_connections_received:1 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("INFO has no %q", want)
		}
	}
	w.check("CONFIG RESETSTAT", "+OK")
	got = w.do("INFO everything")
	for _, want := range []string{"keyspace_hits:0 ", "total_connections_received:0 ", "cmdstat_config|resetstat:calls=1,"} {
		if !strings.Contains(got, want) {
			t.Errorf("INFO after CONFIG RESETSTAT has no %q", want)
		}
	}
	if strings.Contains(got, "errorstat_ERR") || strings.Contains(got, "cmdstat_get:") {
		t.Error("CONFIG RESETSTAT left figures behind")
	}
	if got := w.do("PAXOS STATUS"); !strings.Contains(got, "$13 paxos_node_id :0") {
		t.Errorf("PAXOS STATUS: %s", got)
	}
}

// COMMAND answers from the table that dispatches.
func TestCommandKnowsEveryRow(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("COMMAND COUNT", fmt.Sprintf(":%d", len(s.table.All())))
	for _, c := range s.table.All() {
		if got := w.do("COMMAND INFO " + c.Name); !strings.Contains(got, strings.ToLower(c.Name)) {
			t.Errorf("COMMAND INFO %s: %s", c.Name, got)
		}
	}
}

// With NO-TOUCH a client's reads leave no trace of when they were, at once or behind a write, and TOUCH does nevertheless.
func TestNoTouch(t *testing.T) {
	clock := time.Now()
	var mu sync.Mutex
	s, node := startServer(t, Config{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	mu.Lock()
	clock = clock.Add(1000 * time.Second)
	mu.Unlock()
	idle := func(long bool) {
		t.Helper()
		got := w.do("OBJECT IDLETIME a")
		// The write's second is that of the log's clock, which goes on: 999, if the clock above was read right before a second was over.
		if isLong := len(got) >= len(":999"); isLong != long {
			t.Fatalf("idle for %s", got)
		}
	}
	w.check("CLIENT NO-TOUCH ON", "+OK")
	w.check("GET a", "$1 1")
	node.set(func() { node.fast = true })
	w.check("GET a", "$1 1")
	w.send(lines("SET b 1;GET a"))
	w.want("+OK", "$1 1")
	idle(true)
	w.check("TOUCH a", ":1")
	idle(false)
}
