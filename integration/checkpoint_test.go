package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// oftenCheckpoints has checkpoints taken all the time, in the smallest journal there can be.
var oftenCheckpoints = []string{"--checkpoint-journal-bytes", "1mb", "--journal-segment-bytes", "1mb"}

// fill overwrites keys with values of that size, by pipelines through one node, and returns when all is acknowledged.
func fill(t *testing.T, n *node, writes, keys, size int) {
	t.Helper()
	const pipeline = 500
	for first := 0; first < writes; first += pipeline {
		_, err := n.rdb().Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for i := first; i < min(first+pipeline, writes); i++ {
				p.Set(t.Context(), fmt.Sprint("fill:", i%keys), fmt.Sprint(i, ":")+strings.Repeat("x", size), 0)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// awaitSameCheckpoint waits until all nodes have published the same checkpoint, of slot least or later, and compared it. A node that
// still writes the one before skips a mark, and would never have that of the others: then another one is asked for.
func (c *cluster) awaitSameCheckpoint(least uint64) {
	c.t.Helper()
	await(c.t, "all nodes to publish and compare the same checkpoint", func() error {
		infos, err := c.persistence()
		if err != nil {
			return err
		}
		if err = c.sameCheckpoint(infos, least); err != nil && mustAskAgain(infos) {
			taken, askErr := c.nodes[0].rdb().Do(context.Background(), "PAXOS", "CHECKPOINT", "NEW").Result()
			err = fmt.Errorf("%w; another checkpoint: %v, %v", err, taken, askErr)
		}
		return err
	})
}

// persistence is what INFO tells of each node's checkpoints, and how far the node is.
func (c *cluster) persistence() ([]map[string]string, error) {
	infos := make([]map[string]string, len(c.nodes))
	for i, n := range c.nodes {
		paxos, err := infoPaxos(n)
		if err != nil {
			return nil, err
		}
		if infos[i], err = infoOf(n, "persistence"); err != nil {
			return nil, err
		}
		infos[i]["paxos_applied_slot"] = paxos["paxos_applied_slot"]
	}
	return infos, nil
}

// sameCheckpoint is why the nodes do not have the same checkpoint, nil if they do.
func (c *cluster) sameCheckpoint(infos []map[string]string, least uint64) error {
	c.t.Helper()
	for i, info := range infos {
		id := c.nodes[i].id
		slot, err := strconv.ParseUint(info["paxos_snapshot_slot"], 10, 64)
		if err != nil || slot < least {
			return fmt.Errorf("node %d has that of slot %q, %q: %v", id, info["paxos_snapshot_slot"], info["paxos_checkpoint_not_taken"], err)
		}
		if slot := infos[0]["paxos_snapshot_slot"]; info["paxos_snapshot_slot"] != slot {
			return fmt.Errorf("node %d has that of slot %q, node %d of %q", id, info["paxos_snapshot_slot"], c.nodes[0].id, slot)
		}
		if info["paxos_compared_slot"] != info["paxos_snapshot_slot"] {
			return fmt.Errorf("node %d has compared slot %s only", id, info["paxos_compared_slot"])
		}
		if differing := info["paxos_differing_nodes"]; differing != "" {
			c.t.Fatalf("node %d says that these differ: %s", id, differing)
		}
	}
	return nil
}

// mustAskAgain reports whether nothing is on its way any more that could give the nodes the same checkpoint: none is being written, and
// one that has come as far as the others has another one, or says that it took none.
func mustAskAgain(infos []map[string]string) bool {
	skipped := false
	for _, info := range infos {
		if info["rdb_bgsave_in_progress"] != "0" || info["paxos_applied_slot"] != infos[0]["paxos_applied_slot"] {
			return false
		}
		skipped = skipped || info["paxos_checkpoint_not_taken"] != "" || info["paxos_snapshot_slot"] != infos[0]["paxos_snapshot_slot"]
	}
	return skipped
}

// takeCheckpoint has the cluster take a checkpoint, and returns its slot once this node has published it.
func takeCheckpoint(t *testing.T, n *node) uint64 {
	t.Helper()
	slot, err := n.rdb().Do(t.Context(), "PAXOS", "CHECKPOINT", "NEW").Uint64()
	if err != nil {
		t.Fatalf("node %d: a checkpoint: %v", n.id, err)
	}
	return slot
}

// killAll kills every node with SIGKILL, as much at once as can be.
func (c *cluster) killAll() {
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	for _, n := range c.nodes {
		n.awaitExit()
	}
}

// TestCheckpointsAreTakenByTime: what is written is in a checkpoint some time later, however little it is, on every node.
func TestCheckpointsAreTakenByTime(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--checkpoint-interval", "1s")
	for before := uint64(0); before < 3; before++ {
		expect(t, c.nodes[before], "OK", "SET", "k", strconv.FormatUint(before, 10))
		written := c.nodes[before].number("paxos", "paxos_applied_slot")
		for _, n := range c.nodes {
			await(t, fmt.Sprintf("node %d to have a checkpoint of slot %d or later", n.id, written), func() error {
				if slot := n.number("paxos", "paxos_snapshot_slot"); slot < written {
					return fmt.Errorf("its newest is of slot %d", slot)
				}
				return nil
			})
		}
	}
	c.killAll()
	c.start()
	c.awaitServing()
	expect(t, c.nodes[0], "2", "GET", "k")
}

// TestCheckpointsAreTheSameEverywhereAndCutTheJournal: by command and by the journal's growth, all nodes publish checkpoints
// of the same slots with the same digests, cut what they cover, and start from them.
func TestCheckpointsAreTheSameEverywhereAndCutTheJournal(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	n := c.follower()
	expect(t, n, "OK", "MSET", "a", "1", "b", "2")
	expect(t, n, "OK", "SET", "versioned", "v", "VER", "70")
	expect(t, n, "1", "DEL", "b")
	before := n.number("persistence", "rdb_last_save_time")
	expect(t, n, "OK", "SAVE")
	first := n.number("persistence", "paxos_snapshot_slot")
	if first == 0 || n.number("persistence", "rdb_last_save_time") < before {
		t.Errorf("SAVE has left a checkpoint of slot %d", first)
	}
	expect(t, n, fmt.Sprint(n.number("persistence", "rdb_last_save_time")), "LASTSAVE")
	c.awaitSameCheckpoint(first)
	expect(t, n, "OK", "SET", "a", "3")
	expect(t, n, "Background saving started", "BGSAVE")
	c.awaitSameCheckpoint(first + 1)

	fill(t, n, 8000, 100, 1000)
	for _, n := range c.nodes {
		n.awaitInfo("paxos", "paxos_first_slot", func(value string) bool { return value != "1" })
	}
	expect(t, n, "OK", "SET", "last", "v")

	c.killAll()
	c.start()
	c.awaitServing()
	for _, n := range c.nodes {
		expect(t, n, "103", "DBSIZE")
		expect(t, n, "3", "GET", "a")
		expect(t, n, "v", "GET", "last")
		expect(t, n, "nil", "GET", "b")
		expect(t, n, "nil", "SET", "versioned", "w", "VER", "69") // older than what the checkpoint says
		expect(t, n, "0", "EXISTS", "b")
		if got := n.number("persistence", "loading"); got != 0 {
			t.Errorf("node %d serves, and says loading:%d", n.id, got)
		}
		n.awaitLog(`msg="state restored".*checkpoint=[1-9]`)
	}
	c.awaitEqual()
}

// TestKillsInTheMiddleOfCheckpointsLoseNothing: checkpoints are taken without a pause while nodes, and in the end all of them, are
// killed with SIGKILL.
func TestKillsInTheMiddleOfCheckpointsLoseNothing(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	fill(t, c.nodes[0], 2000, 2000, 1000)
	var stop atomic.Bool
	var all sync.WaitGroup
	writers := startWriters(t, c, 4, &all, &stop)
	random := rand.New(rand.NewPCG(7, 7))
	for range 6 {
		awaitLoad(t, writers, 200)
		n := c.nodes[random.IntN(len(c.nodes))]
		stop := overwriteUntilSaving(t, c.others(n)[0], n)
		n.kill()
		stop()
		awaitLoad(t, writers, 50)
		n.start()
		n.awaitServing()
	}
	stopOverwriting := overwriteUntilSaving(t, c.nodes[0], c.nodes[1])
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	stopOverwriting()
	stop.Store(true)
	all.Wait()
	c.killAll()
	c.start()
	c.awaitServing()
	c.awaitEqual()
	for _, n := range c.nodes {
		verifyWriters(t, n, writers)
	}
	c.awaitSameCheckpoint(takeCheckpoint(t, c.nodes[2]))
}

// overwriteUntilSaving writes through one node until another is in the middle of a checkpoint. The writes go on until stop is called: that
// node is looked at while they do, and killed before one is awaited.
func overwriteUntilSaving(t *testing.T, through, saving *node) (stop func()) {
	t.Helper()
	stop = overwrite(t, through)
	await(t, fmt.Sprintf("node %d to write a checkpoint", saving.id), func() error {
		info, err := infoOf(saving, "persistence")
		if err == nil && info["rdb_bgsave_in_progress"] != "1" {
			err = errNotYet
		}
		return err
	})
	return stop
}

// overwrite writes 500 keys over and over through one node, as fast as it goes, until stop is called. Writes may fail.
func overwrite(t *testing.T, through *node) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(through.address)
	value := strings.Repeat("x", 2000)
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i += 50 {
			_, _ = client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for n := i; n < i+50; n++ {
					p.Set(ctx, fmt.Sprint("fill:", n%500), fmt.Sprint(n, ":", value), 0)
				}
				return nil
			})
		}
	})
	return func() {
		cancel()
		_ = client.Close()
		writing.Wait()
	}
}

// TestDiskUseIsBounded overwrites a few keys until a journal that is never cut would be several times the bound. While a node is slow
// it skips checkpoints, and its journal waits for the next one: what is there when it has one is bound closely.
func TestDiskUseIsBounded(t *testing.T) {
	t.Parallel()
	const (
		writes, keys, size = 100_000, 100, 300
		bound, widest      = 12 << 20, 24 << 20
	)
	c := startCluster(t, 3, oftenCheckpoints...)
	highest := int64(0)
	for range 10 {
		fill(t, c.leader(), writes/10, keys, size)
		highest = max(highest, c.mostDiskUse())
	}
	if highest > widest {
		t.Errorf("a data directory has grown to %d bytes, more than %d", highest, widest)
	}
	c.awaitEqual()
	for range 2 { // the log is cut below the checkpoint before the newest
		c.awaitSameCheckpoint(takeCheckpoint(t, c.leader()))
	}
	await(t, "the journals to be cut", func() error {
		if left := c.mostDiskUse(); left > bound {
			return fmt.Errorf("a data directory has %d bytes, more than %d", left, bound)
		}
		return nil
	})
	t.Logf("at most %.1f MiB a node after %.1f MiB of values", float64(highest)/(1<<20), float64(writes*size)/(1<<20))
	if writes*size < widest {
		t.Errorf("%d bytes of values prove nothing about a bound of %d", writes*size, widest)
	}
	c.awaitEqual()
}

// mostDiskUse is what the largest data directory takes.
func (c *cluster) mostDiskUse() (bytes int64) {
	c.t.Helper()
	for _, n := range c.nodes {
		bytes = max(bytes, diskUse(c.t, n.dir))
	}
	return bytes
}

// diskUse is what the files below a directory take, in bytes. Files may go while it looks.
func diskUse(t testing.TB, dir string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			bytes += stat.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// gone is err, unless it says that a file is not there any more.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
