package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// startSource starts a redis-server that saves nothing by itself, in a directory, and returns a client of it.
func startSource(t *testing.T, dir string, flags ...string) *redis.Client {
	t.Helper()
	return startSourceOf(t, *differentialServer, dir, flags...)
}

// startSourceOf starts another program like redis-server, likewise.
func startSourceOf(t *testing.T, program, dir string, flags ...string) *redis.Client {
	t.Helper()
	address := startServerLikeRedis(t, program, dir, append([]string{"--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0", "--hz", "100"}, flags...)...)
	client := newClient(address)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func mustDo(t *testing.T, c *redis.Client, args ...any) any {
	t.Helper()
	reply, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return reply
}

// fillSource gives a redis-server keys of all types and encodings in several databases, some of which end, and a function.
func fillSource(t *testing.T, c *redis.Client) {
	t.Helper()
	long := strings.Repeat("long ", 100)
	for _, db := range []int{0, 7, 15} {
		pipe := c.Pipeline()
		do := func(args ...any) { pipe.Do(context.Background(), args...) }
		do("SELECT", db)
		do("SET", "string", "hello")
		do("SET", "integer", "-12345")
		do("SET", "compressed", long)
		do("SET", "binary", "\x00\xff\r\n")
		do("SET", "ends", "x", "PX", 40_000_000)
		do("SET", "ends soon", "x", "PX", 1)
		do("RPUSH", "list", "a", "1", "-70000", long)
		do("SADD", "intset", 1, -5, 70000)
		do("SADD", "set", "a", "b", long)
		do("ZADD", "zset", 1, "a", 1.5, "b", "-inf", "c", "inf", "d")
		do("HSET", "hash", "a", 1, "b", long)
		do("HSET", "small hash", "a", 1)
		do("PFADD", "hll", "a", "b", "c")
		do("SETBIT", "bits", 1000, 1)
		do("GEOADD", "places", 13.361389, 38.115556, "Palermo")
		do("XADD", "stream", "5-1", "a", 1)
		do("XADD", "stream", "5-2", "a", 2, "b", 3)
		do("XADD", "stream", "6-0", "c", 4)
		do("XDEL", "stream", "5-2")
		do("XGROUP", "CREATE", "stream", "group", 0)
		do("XREADGROUP", "GROUP", "group", "consumer", "COUNT", 1, "STREAMS", "stream", ">")
		do("XGROUP", "CREATECONSUMER", "stream", "group", "idle")
		for i := range 2000 {
			do("RPUSH", "large list", i)
			do("SADD", "large set", fmt.Sprint("member ", i))
			do("SADD", "large intset", i)
			do("ZADD", "large zset", i, fmt.Sprint("member ", i))
			do("HSET", "large hash", fmt.Sprint("field ", i), i)
			do("XADD", "large stream", "*", "field", i)
			do("SET", fmt.Sprint("key ", i), i)
		}
		do("SELECT", 0)
		if _, err := pipe.Exec(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	mustDo(t, c, "FUNCTION", "LOAD", "#!lua name=moved\nredis.register_function('answer', function() return 42 end)")
	await(t, "a key to end", func() error {
		if n := mustDo(t, c, "EXISTS", "ends soon"); n != int64(0) {
			return fmt.Errorf("EXISTS: %v", n)
		}
		return nil
	})
}

// saved is the file that a redis-server saves.
func saved(t *testing.T, c *redis.Client) string {
	t.Helper()
	mustDo(t, c, "SAVE")
	dir, ok := mustDo(t, c, "CONFIG", "GET", "dir").(map[any]any)["dir"].(string)
	if !ok {
		t.Fatal("no dir")
	}
	return filepath.Join(dir, "dump.rdb")
}

// digests are those of all keys of a redis-server, with when they end.
func digests(t *testing.T, c *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for db := range 16 {
		conn := c.Conn()
		if err := conn.Do(context.Background(), "SELECT", db).Err(); err != nil {
			t.Fatal(err)
		}
		keys, err := conn.Keys(context.Background(), "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			pipe := conn.Pipeline()
			digest := pipe.Do(context.Background(), "DEBUG", "DIGEST-VALUE", key)
			at := pipe.Do(context.Background(), "PEXPIRETIME", key)
			if _, err := pipe.Exec(context.Background()); err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprint(db, " ", key)] = fmt.Sprint(digest.Val(), " ", at.Val())
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// sameDigests compares all keys of two redis-servers.
func sameDigests(t *testing.T, got, want *redis.Client) {
	t.Helper()
	ours, theirs := digests(t, got), digests(t, want)
	wrong := 0
	for name, digest := range theirs {
		if ours[name] != digest {
			if wrong++; wrong < 10 {
				t.Errorf("%s: digest and end are %s, not %s", name, ours[name], digest)
			}
		}
	}
	if len(ours) != len(theirs) || wrong > 0 {
		t.Errorf("%d keys, not %d; %d are others", len(ours), len(theirs), wrong)
	}
}

// exportTo has redis-server load what a cluster exports.
func exportTo(t *testing.T, addresses string) *redis.Client {
	t.Helper()
	dir := t.TempDir()
	if out, errs, code := runCommand(t, "export", "--addr", addresses, filepath.Join(dir, "dump.rdb")); code != 0 {
		t.Fatalf("export: %d\n%s%s", code, out, errs)
	}
	return startSource(t, dir)
}

// TestAFileGoesInAndOut moves the file of a redis-server in, and out to another redis-server: all keys of both are the same, and so are their ends.
func TestAFileGoesInAndOut(t *testing.T) {
	source := startSource(t, t.TempDir())
	fillSource(t, source)
	c := startCluster(t, 3)
	file := saved(t, source)
	out, errs, code := runCommand(t, "import", file, "--addr", c.addresses(), "--verify")
	if code != 0 || !strings.Contains(out, "db15:  string 2007  list 2  set 4  zset 3  hash 3  stream 2\n") {
		t.Fatalf("import: %d\n%s%s", code, out, errs)
	}
	expect(t, c.nodes[2], "42", "FCALL", "answer", 0)
	expect(t, c.nodes[2], "nil", "GET", "paxredis:import")
	moved := exportTo(t, c.addresses())
	sameDigests(t, moved, source)
	if answer := mustDo(t, moved, "FCALL", "answer", 0); answer != int64(42) {
		t.Errorf("the function says %v", answer)
	}

	// What is there is left alone, unless somebody says otherwise.
	if _, errs, code := runCommand(t, "import", file, "--addr", c.addresses()); code == 0 || !strings.Contains(errs, "not empty") {
		t.Errorf("import into a full cluster: %d, %s", code, errs)
	}
	expect(t, c.nodes[0], "OK", "SET", "string", "mine")
	if out, errs, code := runCommand(t, "import", file, "--addr", c.addresses(), "--skip-existing"); code != 0 || !strings.Contains(out, "There before, and left: ") {
		t.Errorf("import --skip-existing: %d, %s%s", code, out, errs)
	}
	expect(t, c.nodes[0], "mine", "GET", "string")
	if out, errs, code := runCommand(t, "import", file, "--addr", c.addresses(), "--replace", "--verify"); code != 0 {
		t.Errorf("import --replace: %d, %s%s", code, out, errs)
	}
	expect(t, c.nodes[0], "hello", "GET", "string")

	// A damaged file is refused before anything is written.
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, c.nodes[0], "OK", "FLUSHALL")
	expect(t, c.nodes[0], "OK", "FUNCTION", "FLUSH")
	for name, damaged := range map[string][]byte{"cut": content[:len(content)/2], "changed": slices.Concat(content[:1000], []byte{content[1000] ^ 1}, content[1001:]), "longer": append(slices.Clone(content), "more"...)} {
		bad := filepath.Join(t.TempDir(), "bad.rdb")
		if err := os.WriteFile(bad, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := runCommand(t, "import", bad, "--addr", c.addresses()); code == 0 || !strings.Contains(errs, "byte ") {
			t.Errorf("a file that is %s: %d, %s", name, code, errs)
		}
		expect(t, c.nodes[0], "0", "DBSIZE")
	}
}

// TestExportOfABackup exports a backup instead of a running cluster.
func TestExportOfABackup(t *testing.T) {
	n := startSingle(t)
	expect(t, n, "OK", "SET", "a", "1")
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"backup", "--addr", n.address, "--output", path("full")},
		{"export", "--backup", path("full"), path("one.rdb")},
	} {
		if _, errs, code := runCommand(t, args...); code != 0 {
			t.Fatalf("%v: %s", args, errs)
		}
	}
	expect(t, n, "3", "RPUSH", "b", "1", "2", "3")
	expect(t, n, "1", "HSET", "c", "f", "v")
	for _, args := range [][]string{
		{"backup", "--addr", n.address, "--since", path("full"), "--output", path("more")},
		{"export", "--backup", path("full") + "," + path("more"), path("dump.rdb")},
	} {
		if _, errs, code := runCommand(t, args...); code != 0 {
			t.Fatalf("%v: %s", args, errs)
		}
	}
	loaded := startSource(t, dir)
	if got := mustDo(t, loaded, "DBSIZE"); got != int64(3) {
		t.Errorf("%v keys", got)
	}
	if _, errs, code := runCommand(t, "export", "--backup", path("full"), path("dump.rdb")); code == 0 || !strings.Contains(errs, "exists") {
		t.Errorf("over a file that is there: %d, %s", code, errs)
	}
	// A field with a deadline is no thing of Redis 7.0.
	mustDo(t, n.rdb(), "HPEXPIRE", "c", 40_000_000, "FIELDS", 1, "f")
	if _, errs, code := runCommand(t, "export", "--addr", n.address, path("fields.rdb")); code == 0 || !strings.Contains(errs, "--rdb-version 12") {
		t.Errorf("a field with a deadline: %d, %s", code, errs)
	}
	if _, errs, code := runCommand(t, "export", "--addr", n.address, "--rdb-version", "12", path("fields.rdb")); code != 0 {
		t.Errorf("--rdb-version 12: %d, %s", code, errs)
	}
}

// writers write to a source until they are told to stop or it refuses: counters, lists, keys that end and are kept from it, transactions, other databases.
func writers(t *testing.T, source *redis.Client, stop <-chan struct{}) (wait func()) {
	var running sync.WaitGroup
	for w := range 3 {
		running.Go(func() {
			conn := source.Conn()
			defer conn.Close()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				pipe := conn.TxPipeline()
				do := func(args ...any) { pipe.Do(context.Background(), args...) }
				key := func(name string) string { return fmt.Sprint(name, " ", w, " ", i%50) }
				do("INCR", "counter")
				do("SELECT", 3+w)
				do("RPUSH", "list", i)
				do("SET", key("session"), i, "PX", 300)
				do("PEXPIRE", key("session"), 40_000_000)
				do("SET", key("short"), i, "PX", 20)
				do("INCRBYFLOAT", "float", 0.1)
				do("XADD", "stream", "*", "i", i)
				do("SADD", "popped", i, i+1)
				do("SPOP", "popped")
				do("SELECT", 0)
				if _, err := pipe.Exec(context.Background()); err != nil {
					if !strings.Contains(err.Error(), "NOREPLICAS") && !strings.Contains(err.Error(), "EXECABORT") {
						t.Errorf("a writer: %v", err)
					}
					return
				}
			}
		})
	}
	return running.Wait
}

// TestALiveSourceIsFollowed follows a redis-server, or Valkey, that is written to, while the link breaks and the leader is killed, up to the cut-over. All keys are the same then, and
// the source takes no more writes.
func TestALiveSourceIsFollowed(t *testing.T) {
	for _, of := range []struct{ name, program, withoutDisk string }{
		{"without disk", *differentialServer, "yes"}, {"from disk", *differentialServer, "no"}, {"Valkey", "valkey-server", "yes"},
	} {
		t.Run(of.name, func(t *testing.T) {
			source := startSourceOf(t, of.program, t.TempDir(), "--repl-diskless-sync", of.withoutDisk)
			mustDo(t, source, "ACL", "SETUSER", "mover", "on", ">secret", "~*", "&*", "+@all")
			fillSource(t, source)
			c := startCluster(t, 3)
			stop := make(chan struct{})
			wait := writers(t, source, stop)
			t.Cleanup(func() { close(stop); wait() })
			p := startProgram(t, mustBuild(t, binary), "import", "--from", "redis://mover:secret@"+source.Options().Addr, "--addr", c.addresses(), "--verify")
			p.awaitText("the cut-over waits")
			followed := func(least int) {
				t.Helper()
				await(t, "the cluster to follow", func() error {
					n, err := strconv.Atoi(show(mustDo(t, c.leader().rdb(), "GET", "counter")))
					if err != nil || n < least {
						return fmt.Errorf("the counter is %d, not %d: %v", n, least, err)
					}
					return nil
				})
			}
			counter := func() int {
				n, err := strconv.Atoi(show(mustDo(t, source, "GET", "counter")))
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			followed(counter() + 50)
			mustDo(t, source, "CLIENT", "KILL", "TYPE", "replica")
			followed(counter() + 50)
			leader := c.leader()
			leader.kill()
			followed(counter() + 50)
			leader.start()
			if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			await(t, "the cut-over", p.over)
			if code := p.cmd.ProcessState.ExitCode(); code != 0 || !strings.Contains(p.text(), "Applications may switch") {
				t.Fatalf("exit code %d", code)
			}
			wait()
			if err := source.Set(t.Context(), "late", "1", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOREPLICAS") {
				t.Errorf("the source takes a write: %v", err)
			}
			expect(t, c.leader(), "nil", "GET", "paxredis:import")
			expect(t, c.leader(), "42", "FCALL", "answer", 0)
			if ends := mustDo(t, c.leader().rdb(), "PTTL", "ends").(int64); ends < 30_000_000 || ends > 40_000_000 {
				t.Errorf("a key ends in %d ms", ends)
			}
			sameDigests(t, exportTo(t, c.addresses()), source)
		})
	}
}

// TestAnInterruptedImportGoesOn ends an import that follows a source, and another one goes on where it was; one that cannot do so says it.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	source := startSource(t, t.TempDir(), "--repl-backlog-size", "16mb")
	fillSource(t, source)
	n := startSingle(t)
	from := []string{"import", "--from", "redis://" + source.Options().Addr, "--addr", n.address}
	p := startProgram(t, mustBuild(t, binary), from...)
	p.awaitText("the cut-over waits")
	mustDo(t, source, "INCR", "counter")
	await(t, "the cluster to follow", func() error {
		if n := show(mustDo(t, n.rdb(), "EXISTS", "counter")); n != "1" {
			return fmt.Errorf("EXISTS: %s", n)
		}
		return nil
	})
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	await(t, "the import to end", p.over)
	for range 100 {
		mustDo(t, source, "INCR", "counter")
	}
	mustDo(t, source, "SWAPDB", 7, 0)
	mustDo(t, source, "FLUSHDB")
	mustDo(t, source, "SET", "last", "1")
	if _, errs, code := runCommand(t, from...); code == 0 || !strings.Contains(errs, "--resume") {
		t.Errorf("another import: %d, %s", code, errs)
	}
	if out, errs, code := runCommand(t, append(from, "--resume", "--cut-over", "--verify")...); code != 0 {
		t.Fatalf("--resume: %d\n%s%s", code, out, errs)
	}
	sameDigests(t, exportTo(t, n.address), source)
	if _, errs, code := runCommand(t, append(from, "--resume", "--cut-over")...); code == 0 || !strings.Contains(errs, "nothing to go on with") {
		t.Errorf("--resume of nothing: %d, %s", code, errs)
	}
}
