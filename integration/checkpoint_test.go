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
	if err := tryFill(t.Context(), n, writes, keys, size); err != nil {
		t.Fatal(err)
	}
}

func tryFill(ctx context.Context, n *node, writes, keys, size int) error {
	const pipeline = 500
	for first := 0; first < writes; first += pipeline {
		_, err := n.rdb().Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := first; i < min(first+pipeline, writes); i++ {
				p.Set(ctx, fmt.Sprint("fill:", i%keys), fmt.Sprint(i, ":")+strings.Repeat("x", size), 0)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitSameCheckpoint waits until all nodes have published the same checkpoint, of slot least or later, and compared it. A node that still
// wrote the one before at that slot has taken none, and says so: then another one is asked for.
func (c *cluster) awaitSameCheckpoint(least uint64) {
	c.t.Helper()
	await(c.t, "all nodes to publish and compare the same checkpoint", func() error {
		infos := make([]map[string]string, len(c.nodes))
		for i, n := range c.nodes {
			var err error
			if infos[i], err = infoOf(n, "persistence"); err != nil {
				return err
			}
			if why := infos[i]["paxos_checkpoint_not_taken"]; why != "" && infos[i]["rdb_bgsave_in_progress"] == "0" {
				err := n.rdb().Do(c.t.Context(), "PAXOS", "CHECKPOINT", "NEW").Err()
				return fmt.Errorf("node %d has taken none: %s; another one: %w", n.id, why, errors.Join(err, errNotYet))
			}
		}
		var slots []string
		for i, n := range c.nodes {
			info := infos[i]
			slot, err := strconv.ParseUint(info["paxos_snapshot_slot"], 10, 64)
			if err != nil || slot < least {
				return fmt.Errorf("node %d has that of slot %q: %w", n.id, info["paxos_snapshot_slot"], err)
			}
			if info["paxos_compared_slot"] != info["paxos_snapshot_slot"] {
				return fmt.Errorf("node %d has compared slot %s only", n.id, info["paxos_compared_slot"])
			}
			if differing := info["paxos_differing_nodes"]; differing != "" {
				c.t.Fatalf("node %d says that these differ: %s", n.id, differing)
			}
			slots = append(slots, info["paxos_snapshot_slot"])
		}
		if !allEqual(slots) {
			return fmt.Errorf("checkpoints %v", slots)
		}
		return nil
	})
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
	writers := make([]*writer, 4)
	for i := range writers {
		writers[i] = newWriter(t, i, c)
		all.Go(func() { writers[i].run(&stop) })
	}
	random := rand.New(rand.NewPCG(7, 7))
	for range 6 {
		awaitLoad(t, writers, 200)
		n := c.nodes[random.IntN(len(c.nodes))]
		whileSaving(t, c.others(n)[0], n, n.kill)
		awaitLoad(t, writers, 50)
		n.start()
		n.awaitServing()
	}
	whileSaving(t, c.nodes[0], c.nodes[1], func() {
		for _, n := range c.nodes {
			n.signal(syscall.SIGKILL)
		}
	})
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

// whileSaving writes through one node until another is in the middle of a checkpoint, and has something done to it then.
func whileSaving(t *testing.T, through, saving *node, do func()) {
	t.Helper()
	var over atomic.Bool
	var filled sync.WaitGroup
	filled.Go(func() {
		for !over.Load() {
			if err := tryFill(t.Context(), through, 500, 500, 2000); err != nil && !over.Load() {
				t.Error(err)
				return
			}
		}
	})
	defer filled.Wait()
	defer over.Store(true)
	await(t, fmt.Sprintf("node %d to write a checkpoint", saving.id), func() error {
		info, err := infoOf(saving, "persistence")
		if err == nil && info["rdb_bgsave_in_progress"] != "1" {
			err = errNotYet
		}
		return err
	})
	over.Store(true)
	do()
}

// TestDiskUseIsBounded overwrites a few keys until a journal that is never cut would be several times the bound.
func TestDiskUseIsBounded(t *testing.T) {
	t.Parallel()
	const (
		writes, keys, size = 100_000, 100, 300
		bound              = 12 << 20
	)
	c := startCluster(t, 3, oftenCheckpoints...)
	highest := int64(0)
	for range 10 {
		fill(t, c.leader(), writes/10, keys, size)
		for _, n := range c.nodes {
			highest = max(highest, diskUse(t, n.dir))
		}
	}
	t.Logf("at most %.1f MiB a node after %.1f MiB of values", float64(highest)/(1<<20), float64(writes*size)/(1<<20))
	if highest > bound {
		t.Errorf("a data directory has grown to %d bytes, more than %d", highest, bound)
	}
	if writes*size < 3*bound/2 {
		t.Errorf("%d bytes of values prove nothing about a bound of %d", writes*size, bound)
	}
	c.awaitEqual()
}

// diskUse is what the files below a directory take, in bytes. Files may go while it looks.
func diskUse(t *testing.T, dir string) (bytes int64) {
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
