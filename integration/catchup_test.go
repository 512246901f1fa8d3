package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/paxredis/paxredis/storage/state/statetest"
)

// slowCatchUp makes fetching a checkpoint of a few MiB take seconds.
var slowCatchUp = append([]string{"--catch-up-bytes-per-second", "1mb"}, oftenCheckpoints...)

// fillApart writes keys whose values differ and do not compress, so that the state has about writes times size bytes.
func fillApart(t *testing.T, n *node, writes, size int) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	value := make([]byte, size)
	for first := 0; first < writes; first += 200 {
		args := []any{"MSET"}
		for i := first; i < min(first+200, writes); i++ {
			_, _ = random.Read(value) // it cannot fail
			args = append(args, fmt.Sprint("apart:", i), string(value))
		}
		expect(t, n, "OK", args...)
	}
}

// TestANodeFarBehindFetchesACheckpoint: what it misses of the log is cut everywhere, so it gets a checkpoint, and the entries behind
// it. While it does, its clients are told LOADING at some time, or wait; then it serves.
func TestANodeFarBehindFetchesACheckpoint(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, slowCatchUp...)
	down := c.follower()
	up := c.others(down)
	fillApart(t, up[0], 1000, 2000)
	down.kill()
	missed := down.log()
	fillApart(t, up[0], 3000, 2000)
	takeCheckpoint(t, up[1])
	fillApart(t, up[0], 3000, 2000)
	takeCheckpoint(t, up[1])
	awaitCut(t, up)

	down.start()
	down.awaitLog(`msg="fetching a checkpoint"`)
	expect(t, up[0], "OK", "SET", "meanwhile", "v")
	down.awaitServing()
	expect(t, down, "3001", "DBSIZE")
	expect(t, down, "v", "GET", "meanwhile")
	if text := strings.TrimPrefix(down.log(), missed); !strings.Contains(text, `msg="state replaced by a peer's checkpoint"`) {
		t.Errorf("its log does not say that it got a checkpoint:\n%s", text)
	}
	c.awaitEqual()
	c.awaitSameCheckpoint(takeCheckpoint(t, down)) // it takes its own on top of the one it got
	down.kill()
	down.start() // and starts from it
	down.awaitServing()
	c.awaitEqual()
}

// awaitCut waits until nodes have cut their journals. A mark that comes while a node still writes the checkpoint before is skipped
// there, so more are asked for until each has one.
func awaitCut(t *testing.T, nodes []*node) {
	t.Helper()
	for _, n := range nodes {
		await(t, fmt.Sprintf("node %d to cut its journal", n.id), func() error {
			first := n.number("paxos", "paxos_first_slot")
			if first > 20 {
				return nil
			}
			taken, err := n.rdb().Do(t.Context(), "PAXOS", "CHECKPOINT", "NEW").Result()
			return fmt.Errorf("its first slot is %d; another checkpoint: %v, %w", first, taken, err)
		})
	}
}

// tooSlowToEnd has a node fetch a checkpoint of some MiB for longer than any test waits. What it is to see of the rest it fetches after
// another start, at soonEnough.
var (
	tooSlowToEnd = []string{"--catch-up-bytes-per-second", "64kb"}
	soonEnough   = []string{"--catch-up-bytes-per-second", "64mb"}
)

// startWithCheckpoint runs a cluster whose log is cut behind a checkpoint of 6 MiB, the same one on every node.
func startWithCheckpoint(t *testing.T, size int) *cluster {
	t.Helper()
	c := startCluster(t, size, oftenCheckpoints...)
	fillApart(t, c.nodes[0], 3000, 2000)
	takeCheckpoint(t, c.nodes[0])
	fillApart(t, c.nodes[0], 1000, 2000)
	takeCheckpoint(t, c.nodes[0])
	awaitCut(t, c.nodes)
	c.awaitSameCheckpoint(takeCheckpoint(t, c.nodes[0])) // so that any of them can go on with what another one began to give
	return c
}

// awaitFetched waits until that many bytes of a checkpoint are on a node.
func awaitFetched(t *testing.T, n *node, least uint64) {
	t.Helper()
	await(t, fmt.Sprintf("%d bytes of the checkpoint to be there", least), func() error {
		info, err := infoOf(n, "persistence")
		if err != nil {
			return err
		}
		if bytes, err := strconv.ParseUint(info["paxos_fetched_bytes"], 10, 64); err != nil || bytes < least {
			return fmt.Errorf("%q bytes are: %v", info["paxos_fetched_bytes"], err)
		}
		return nil
	})
}

// awaitOtherPeer waits until a node goes on with its checkpoint at another peer than this one.
func (c *cluster) awaitOtherPeer(n, before *node) {
	c.t.Helper()
	await(c.t, fmt.Sprintf("node %d to go on at another peer than node %d", n.id, before.id), func() error {
		if !strings.Contains(n.log(), `msg="the checkpoint is asked for elsewhere"`) || fetchedFrom(c.t, c, n) == before {
			return errNotYet
		}
		return nil
	})
	if line := lastFetch(n); !strings.Contains(line, "resumed=true") {
		c.t.Errorf("another peer did not go on with what was there: %s", line)
	}
}

// TestAnotherPeerGoesOnWithACheckpoint kills the peer that a checkpoint is fetched from, when some of it is there.
func TestAnotherPeerGoesOnWithACheckpoint(t *testing.T) {
	t.Parallel()
	fetchesElsewhere(t, 5, (*node).kill, func(n *node) { n.start() })
}

// TestAFrozenPeerIsNotWaitedFor: a peer that stands still in the middle of a fetch is left for another one.
func TestAFrozenPeerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	fetchesElsewhere(t, 3, (*node).freeze, func(n *node) { n.signal(syscall.SIGCONT) })
}

// fetchesElsewhere has a node join a cluster of that size, and the peer that gives it a checkpoint leave in the middle, and come back in
// the end.
func fetchesElsewhere(t *testing.T, size int, leave, comeBack func(*node)) {
	t.Helper()
	c := startWithCheckpoint(t, size)
	next := c.joiner(size+1, "")
	next.start(tooSlowToEnd...)
	awaitFetched(t, next, 512<<10)
	serving := fetchedFrom(t, c, next)
	leave(serving)
	c.awaitOtherPeer(next, serving)
	next.stop()
	next.start(soonEnough...)
	next.awaitServing()
	expect(t, next, "3000", "DBSIZE")
	comeBack(serving)
	c.awaitVoter(next)
	c.nodes = append(c.nodes, next)
	c.awaitServing()
	c.awaitEqual()
}

// fetchedFrom is the peer that a node fetches a checkpoint from, or did last.
func fetchedFrom(t testing.TB, c *cluster, n *node) *node {
	t.Helper()
	_, after, _ := strings.Cut(lastFetch(n), " peer=")
	peer, _, _ := strings.Cut(after, " ")
	id, err := strconv.Atoi(peer)
	if err != nil || c.node(id) == nil {
		t.Fatalf("node %d fetches from %q:\n%s", n.id, peer, n.log())
	}
	return c.node(id)
}

// fetches are the lines in which a node says that it fetches a checkpoint, the newest last.
func fetches(n *node) (lines []string) {
	for line := range strings.Lines(n.log()) {
		if strings.Contains(line, `msg="fetching a checkpoint"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

func lastFetch(n *node) string {
	lines := fetches(n)
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// TestALostDirectoryIsReplacedByANewNode: a node whose directory is gone is refused under its old id with the remedy, which works:
// replaced by a new id at the same address, with an empty directory.
func TestALostDirectoryIsReplacedByANewNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	lost := c.leader()
	up := c.others(lost)
	fill(t, up[0], 3000, 500, 1000)
	lost.kill()
	awaitCut(t, up)
	if err := os.RemoveAll(lost.dir); err != nil {
		t.Fatal(err)
	}
	expectRefusedStart(t, lost, fmt.Sprint("member replace ", lost.id))
	// Asking to join under the old id is refused as well, and it goes on asking.
	thief := c.joiner(lost.id, "")
	thief.start()
	thief.awaitLog(`(?i)not admitted`)
	thief.kill()

	out := c.paxredis("member", "replace", "--addr", up[0].address, strconv.Itoa(lost.id))
	if !strings.Contains(out, lost.peer) {
		t.Errorf("member replace does not say at which address the new node is awaited:\n%s", out)
	}
	c.nodes = up
	next := c.joiner(0, lost.peer)
	next.start()
	c.awaitVoter(next)
	if next.id != 4 {
		t.Errorf("the new node got id %d", next.id)
	}
	next.awaitLog(`msg="state replaced by a peer's checkpoint"`)
	c.nodes = append(up, next)
	for _, n := range c.nodes {
		n.awaitMember(lost.id, "none")
	}
	expect(t, next, "v", "GET", "k")
	c.awaitEqual()
}

// TestADamagedCheckpointIsFetchedAgain: a node whose published checkpoint cannot be read gets another one from a peer.
func TestADamagedCheckpointIsFetchedAgain(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	fillApart(t, c.nodes[0], 1000, 2000)
	takeCheckpoint(t, c.nodes[0])
	fillApart(t, c.nodes[0], 1000, 2000)
	takeCheckpoint(t, c.nodes[0])
	damaged := c.follower()
	c.awaitSameCheckpoint(takeCheckpoint(t, damaged))
	damaged.stop()
	damageTables(t, damaged.dir, statetest.Flipped)
	damaged.start()
	damaged.awaitLog(`msg="the newest checkpoint is damaged and given up"`)
	damaged.awaitServing()
	expect(t, damaged, "1000", "DBSIZE")
	c.awaitEqual()
}

// TestANodeWithoutAStateSaysThatItLoads: until a checkpoint has come there is nothing to read, so that even stale reads are refused: of a node
// that joins, and of one whose own checkpoint is damaged.
func TestANodeWithoutAStateSaysThatItLoads(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, append([]string{"--read-mode", "stale"}, oftenCheckpoints...)...)
	for range 3 {
		fillApart(t, c.nodes[0], 1000, 2000)
		takeCheckpoint(t, c.nodes[0])
	}
	awaitCut(t, c.nodes)
	damaged, next := c.follower(), c.joiner(4, "")
	damaged.stop()
	damageTables(t, damaged.dir, statetest.Flipped)
	for _, n := range []*node{damaged, next} {
		n.start(tooSlowToEnd...)
		n.awaitLog(`msg="fetching a checkpoint"`)
		if err := n.rdb().Get(t.Context(), "apart:1").Err(); err == nil || !strings.HasPrefix(err.Error(), "LOADING ") {
			t.Errorf("node %d, which has no state, says of a key: %v", n.id, err)
		}
		if loading := n.number("persistence", "loading"); loading != 1 {
			t.Errorf("node %d has no state, and says loading:%d", n.id, loading)
		}
		n.stop()
		n.start(soonEnough...)
		await(t, "stale reads", func() error { return n.rdb().Get(t.Context(), "apart:1").Err() })
	}
	c.nodes = append(c.nodes, next)
	c.awaitEqual()
}

// TestCatchingUpEndsWhileWritesGoOn: while a checkpoint is fetched, the others take several more and would cut the log behind it. The node
// gets it once, and what was written meanwhile.
func TestCatchingUpEndsWhileWritesGoOn(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	late := c.follower()
	up := c.others(late)
	fillApart(t, up[0], 2000, 2000)
	late.kill()
	stops := []func(){overwrite(t, up[0]), overwrite(t, up[1])}
	awaitCut(t, up)

	late.start(tooSlowToEnd...)
	late.awaitLog(`msg="fetching a checkpoint"`)
	for range 4 {
		for _, n := range up {
			takeCheckpoint(t, n)
		}
	}
	late.stop() // it goes on faster: how long the fetch takes is not to depend on the machine
	late.start(soonEnough...)
	late.awaitServing()
	expect(t, late, "2500", "DBSIZE")
	if lines := fetches(late); len(lines) != 2 || !strings.Contains(lines[1], "resumed=true") {
		t.Errorf("a checkpoint was not fetched once, with the one interruption:\n%s", strings.Join(lines, ""))
	}
	if lines := up[0].log() + up[1].log(); !strings.Contains(lines, `msg="the log is not cut as far as it could be`) {
		t.Error("the log was not to be cut meanwhile: this proves nothing")
	}
	for _, stop := range stops {
		stop()
	}
	c.awaitEqual()
}

// TestAKilledNodeGoesOnWithItsFetch: what it had received before it was killed is not fetched again.
func TestAKilledNodeGoesOnWithItsFetch(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	for range 2 {
		fillApart(t, c.nodes[0], 15_000, 2000)
		takeCheckpoint(t, c.nodes[0])
	}
	awaitCut(t, c.nodes)
	next := c.joiner(4, "")
	next.start("--catch-up-bytes-per-second", "1mb")
	awaitFetched(t, next, 18<<20) // every 16 MiB it is written down how far it is
	next.kill()
	next.start(soonEnough...)
	next.awaitServing()
	if lines := fetches(next); len(lines) != 2 || !strings.Contains(lines[1], "resumed=true") {
		t.Errorf("it did not go on where it was killed:\n%s", strings.Join(lines, ""))
	}
	c.nodes = append(c.nodes, next)
	c.awaitEqual()
}
