package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/storage"
)

// testLimit bounds every wait for a node.
const testLimit = 30 * time.Second

// testNode is a whole node in this process.
type testNode struct {
	t       *testing.T
	node    *node
	address string
	client  *redis.Client
	stop    func()
}

// adopted is a node that runs, and is stopped when the test ends.
func adopted(t *testing.T, n *node) *testNode {
	t.Helper()
	tn := &testNode{t: t, node: n, address: n.server.Addr().String()}
	tn.client = newClientWithin(tn.address, testLimit, nil)
	tn.stop = sync.OnceFunc(func() {
		if err := tn.client.Close(); err != nil {
			t.Error(err)
		}
		if err := n.stop(testLimit); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(tn.stop)
	return tn
}

// startTestNode starts a node in dir and waits until it serves.
func startTestNode(t *testing.T, dir string, flags ...string) *testNode {
	t.Helper()
	c, err := loadConfig(append([]string{"--data-dir", dir, "--listen", "127.0.0.1:0", "--journal-segment-bytes", "1mb", "--min-free-disk", "0", "--memory-watermark", "off"}, flags...), quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	n, err := startNode(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tn := adopted(t, n)
	if leader := awaitServing(ctx, tn.address); leader == "" {
		t.Fatal("the node does not serve")
	}
	return tn
}

func (n *testNode) do(args ...any) any {
	n.t.Helper()
	reply, err := n.client.Do(context.Background(), args...).Result()
	if err != nil {
		n.t.Fatalf("%v: %v", args, err)
	}
	return reply
}

// awaitVoters returns when so many members vote and a leader is at work among them.
func (n *testNode) awaitVoters(want int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	for {
		awaitServing(ctx, n.address)
		if c := n.node.group.Configuration(); len(c.Voters) == want {
			return
		}
		if err := wait(ctx, devPoll); err != nil {
			n.t.Fatalf("%d voters never came: %v", want, err)
		}
	}
}

// paxredis runs a command that must succeed, and returns what it printed.
func paxredis(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, stdio{&out, &errs}); code != exitOK {
		t.Fatalf("paxredis %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

// refused runs a command that must fail, and returns why it did.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	var errs bytes.Buffer
	if code := run(args, stdio{io.Discard, &errs}); code != exitFailed {
		t.Fatalf("paxredis %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return errs.String()
}

// TestBackupAndRestore is a whole life: full and incremental backups, verified, restored, and the new cluster grown.
func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	n := startTestNode(t, file("data"))
	for i := range 500 {
		n.do("SET", fmt.Sprint("key ", i), strings.Repeat("x", i))
	}
	n.do("SET", "large", strings.Repeat("y", 300_000), "VER", 9)
	printed := paxredis(t, "backup", "--addr", n.address, "--output", file("first"))
	if !strings.Contains(printed, "501 records") {
		t.Errorf("backup: %s", printed)
	}
	n.do("DEL", "key 1", "key 2")
	n.do("SET", "new", "value", "EX", 1000)
	if err := os.WriteFile(file("second"), []byte(paxredis(t, "backup", "--addr", "127.0.0.1:1,"+n.address, "--since", file("first"))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{file("first")}, {file("second")}, {file("first"), file("second")}} {
		if printed := paxredis(t, append([]string{"backup", "verify"}, args...)...); !strings.Contains(printed, "Good") {
			t.Errorf("verify: %s", printed)
		}
	}
	digest := n.do("DEBUG", "DIGEST")

	printed = paxredis(t, "restore", "--data-dir", file("restored"), "--id", "8", file("first"), file("second"))
	if !strings.Contains(printed, "500 records") || !strings.Contains(printed, "paxredis server --data-dir "+file("restored")) {
		t.Errorf("restore: %s", printed)
	}
	r := startTestNode(t, file("restored"))
	if got := r.do("DEBUG", "DIGEST"); got != digest {
		t.Errorf("restored: digest %v, was %v", got, digest)
	}
	if got := r.do("GET", "large", "WITHVER").([]any)[1]; got != int64(9) {
		t.Errorf("restored: version %v", got)
	}
	r.do("SET", "key 1", "again")
	if r.node.store.Identity().ClusterUUID == n.node.store.Identity().ClusterUUID {
		t.Error("the restored cluster has the UUID of the former one")
	}
	if why := refused(t, "backup", "--addr", r.address, "--since", file("second"), "--output", file("third")); !strings.Contains(why, "make a full backup") {
		t.Errorf("incremental backup of another cluster: %s", why)
	}
	if _, err := os.Stat(file("third")); err == nil {
		t.Error("a backup that failed left a file")
	}
	if left, err := filepath.Glob(file(".*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// What restore makes with a data key is encrypted, stays so when it is recovered, and is opened by commands that are given the key alone. What they say to
// start names it.
func TestRestoreAndRecoverWithADataKey(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	n := startTestNode(t, file("data"))
	n.do("SET", "key", "value")
	paxredis(t, "backup", "--addr", n.address, "--output", file("backup"))
	if err := writeKey(file("data.key")); err != nil {
		t.Fatal(err)
	}
	restored := file("restored")
	for _, args := range [][]string{{"restore", "--data-dir", restored, file("backup")}, {"recover", "--data-dir", restored, "--i-accept-data-loss"}} {
		if args[0] == "recover" {
			for _, without := range [][]string{args, {"log", restored}} {
				if why := refused(t, without...); !strings.Contains(why, "no data key is given") {
					t.Errorf("%s: %s", without[0], why)
				}
			}
		}
		printed := paxredis(t, slices.Insert(args, 1, "--data-key-file", file("data.key"))...)
		if strings.Count(printed, "--cluster-key-file FILE --data-key-file FILE") != 2 {
			t.Errorf("%s: %s", args[0], printed)
		}
		if id, ok, err := storage.ReadIdentity(restored); err != nil || !ok || !id.Encrypted {
			t.Errorf("%s: %+v, %v, %v", args[0], id, ok, err)
		}
	}
	if printed := paxredis(t, "log", "--payloads", "--data-key-file", file("data.key"), restored); !strings.Contains(printed, "encrypted") || !strings.Contains(printed, "value") {
		t.Errorf("log: %s", printed)
	}
}

func TestBackupNeverReplacesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "first")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if why := refused(t, "backup", "--addr", "127.0.0.1:1", "--output", path); !strings.Contains(why, "exists") {
		t.Error(why)
	}
	if why := refused(t, "backup", "--addr", "127.0.0.1:1", "--since", path); !strings.Contains(why, "not a backup") {
		t.Error(why)
	}
}

// cutting forwards so many connections to a node, and cuts each after so many bytes of replies.
func cutting(t *testing.T, to string, connections int, after int64) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	running.Go(func() {
		defer l.Close()
		for range connections {
			client, err := l.Accept()
			if err != nil {
				return
			}
			node, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			running.Go(func() {
				_, _ = io.Copy(node, client)
				node.Close()
			})
			running.Go(func() {
				_, _ = io.CopyN(client, node, after)
				client.Close()
				node.Close()
			})
		}
	})
	return l.Addr().String()
}

// TestBackupGoesOnAtAnotherNode: the first one takes the checkpoint and is gone in the middle of it, for good or again and again.
func TestBackupGoesOnAtAnotherNode(t *testing.T) {
	dir := t.TempDir()
	n := startTestNode(t, filepath.Join(dir, "data"))
	random := rand.New(rand.NewPCG(1, 2)) // nothing of it can be compressed
	for i := range 8 {
		value := make([]byte, 0, 700_000)
		for len(value) < cap(value) {
			value = binary.LittleEndian.AppendUint64(value, random.Uint64())
		}
		n.do("SET", fmt.Sprint("key ", i), value)
	}
	path := filepath.Join(dir, "backup")
	gone := cutting(t, n.address, 2, 1_500_000) // one to take the checkpoint, one to read it
	paxredis(t, "backup", "--addr", gone+","+n.address, "--output", path)
	if printed := paxredis(t, "backup", "verify", path); !strings.Contains(printed, "8 records") {
		t.Error(printed)
	}
	broken := cutting(t, n.address, 100, 1_500_000)
	paxredis(t, "backup", "--addr", broken, "--output", path+" of one that breaks")
	paxredis(t, "backup", "verify", path+" of one that breaks")
}

func TestNodeWithoutAKeyGrowsOnceItHasOne(t *testing.T) {
	dir := t.TempDir()
	data, key := filepath.Join(dir, "data"), filepath.Join(dir, "key")
	n := startTestNode(t, data)
	n.do("SET", "k", "v")
	if why := refused(t, "member", "add", "--addr", n.address, "2=127.0.0.1:7380"); !strings.Contains(why, "keygen") || !strings.Contains(why, "--cluster-key-file") {
		t.Errorf("without a key: %s", why)
	}
	n.stop()
	paxredis(t, "keygen", key)
	n = startTestNode(t, data, "--cluster-key-file", key, "--peer-listen", "127.0.0.1:0")
	at := n.node.transport.Addr().String()
	paxredis(t, "member", "move", "1="+at, "--addr", n.address) // port 0 cannot be known before
	two := startTestNode(t, filepath.Join(dir, "two"), "--cluster-key-file", key, "--join", at, "--peer-listen", freeAddress(t))
	if !two.node.store.Identity().Joined {
		t.Error("the new node's directory does not say that it joined")
	}
	if got := two.do("GET", "k"); got != "v" {
		t.Errorf("the new node has %v", got)
	}
	var members []member
	if err := json.Unmarshal([]byte(paxredis(t, "member", "list", "--json", "--addr", two.address+","+n.address)), &members); err != nil {
		t.Fatal(err)
	}
	if len(members) != 2 || members[1].ID != 2 || members[1].UUID != two.node.store.Identity().NodeUUID {
		t.Errorf("members %+v", members)
	}
	two.awaitVoters(2)
	if printed := paxredis(t, "status", "--addr", n.address+","+two.address); !strings.Contains(printed, "Members, as node ") {
		t.Error(printed)
	}
	if printed := paxredis(t, "leader", "get", "--addr", two.address); !strings.Contains(printed, " leads") {
		t.Error(printed)
	}
	if why := refused(t, "leader", "transfer", "9", "--addr", n.address); !strings.Contains(why, "not a voter") {
		t.Error(why)
	}
	printed := paxredis(t, "member", "remove", "2", "--addr", n.address)
	if !strings.Contains(printed, "no member any more") {
		t.Error(printed)
	}
	two.stop()
	n.stop()

	// And without the key it says what it lacks, rather than wait for a majority.
	c, err := loadConfig([]string{"--data-dir", filepath.Join(dir, "two"), "--listen", "127.0.0.1:0"}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := startNode(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-alone.failed:
		if !strings.Contains(err.Error(), "--cluster-key-file") {
			t.Error(err)
		}
	case <-time.After(testLimit):
		t.Error("it goes on")
	}
	if err := alone.stop(testLimit); err != nil {
		t.Error(err)
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRecoverAndLog(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	n := startTestNode(t, data)
	if why := refused(t, "log", data); !strings.Contains(why, "in use") {
		t.Errorf("log of a running node: %s", why)
	}
	n.do("SET", "secret", "word")
	n.do("SAVE")
	n.do("SET", "other", "text")
	former := n.node.store.Identity().ClusterUUID
	n.stop()

	printed := paxredis(t, "log", data)
	for _, want := range []string{"node      1", former, "checkpoint", "batch", "configuration of slot 0: 1=" + defaultPeerListen + " (voter)", "sound"} {
		if !strings.Contains(printed, want) {
			t.Errorf("log: %q is not in\n%s", want, printed)
		}
	}
	if strings.Contains(printed, "word") || !strings.Contains(paxredis(t, "log", "--payloads", data), "word") {
		t.Error("payloads are printed if and only if they are asked for")
	}
	for line := range strings.Lines(paxredis(t, "log", "--json", "--payloads", data)) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry["file"] == "" {
			t.Errorf("%s: %v", line, err)
		}
	}
	for flags, wants := range map[string][]string{
		"":                  {"state     slot ", " 1 records, ", "1 sessions"},
		"--payloads":        {`SET "secret" "word"`, `record  space 1, "secret", version 1: "word"`, "opens session", "checkpoint number 1"},
		"--json":            {`"checkpoint":{"slot":`, `"records":1`, `"sessions":1`},
		"--json --payloads": {`"checkpoint_record":{`, `"commands":["node 1, command`},
	} {
		printed := paxredis(t, append(append([]string{"log"}, strings.Fields(flags)...), data)...)
		for _, want := range wants {
			if !strings.Contains(printed, want) {
				t.Errorf("log %s: %q is not in\n%s", flags, want, printed)
			}
		}
	}
	if printed := paxredis(t, "log", "--from", "1000000", data); strings.Contains(printed, "batch") {
		t.Errorf("from a slot that is not there:\n%s", printed)
	}

	// A state that cannot be restored is no sound directory, and none to recover.
	generation := filepath.Join(data, "state", "1")
	if err := os.Rename(generation, generation+".gone"); err != nil {
		t.Fatal(err)
	}
	if why := refused(t, "log", data); !strings.Contains(why, "1 problems") {
		t.Errorf("log without the state: %s", why)
	}
	if why := refused(t, "recover", "--data-dir", data, "--i-accept-data-loss", "--despite-damage"); !strings.Contains(why, "it is missing") || !strings.Contains(why, "another survivor") {
		t.Errorf("recover without the state: %s", why)
	}
	if err := os.Rename(generation+".gone", generation); err != nil {
		t.Fatal(err)
	}

	printed = paxredis(t, "recover", "--data-dir", data, "--i-accept-data-loss")
	if !strings.Contains(printed, former) || !strings.Contains(printed, "taken over") {
		t.Errorf("recover: %s", printed)
	}
	n = startTestNode(t, data)
	if got := n.do("GET", "other"); got != "text" || n.node.store.Identity().ClusterUUID == former {
		t.Errorf("recovered: %v, cluster %s", got, n.node.store.Identity().ClusterUUID)
	}
}
