package integration

import "testing"

// TestVersionsThroughAllNodes walks through the versions as one client would, each step through the next node.
func TestVersionsThroughAllNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	steps := []struct {
		want string
		args []any
	}{
		{"[nil 0]", []any{"GET", "k", "WITHVER"}},
		{"[OK 5]", []any{"SET", "k", "five", "VER", "5", "WITHVER"}},
		{"nil", []any{"SET", "k", "late", "VER", "5"}},
		{"[nil 5]", []any{"SET", "k", "late", "VER", "4", "WITHVER"}},
		{"[five 5]", []any{"GET", "k", "WITHVER"}},
		{"nil", []any{"SET", "k", "cas", "IFVER", "4"}},
		{"OK", []any{"SET", "k", "cas", "IFVER", "5"}},
		{"cas", []any{"GET", "k"}},
		{"0", []any{"DEL", "k", "VER", "1"}},
		{"1", []any{"DEL", "k", "VER", "1000"}},
		{"[nil 1000]", []any{"GET", "k", "WITHVER"}}, // the tombstone
		{"nil", []any{"SET", "k", "zombie", "VER", "1000"}},
		{"OK", []any{"SET", "k", "next", "VER", "1001"}},
		{"1001", []any{"OBJECT", "VERSION", "k"}},
		{"0", []any{"DEL", "k", "IFVER", "1000"}},
		{"1", []any{"DEL", "k", "IFVER", "1001"}},
		{"OK", []any{"SET", "new", "v", "IFVER", "0"}},
		{"nil", []any{"SET", "new", "v", "IFVER", "0"}},
		{"error ERR version is not an integer or out of range", []any{"SET", "k", "v", "VER", "0"}},
		{"error ERR version is not an integer or out of range", []any{"SET", "k", "v", "VER", "x"}},
		{"error ERR syntax error", []any{"SET", "k", "v", "VER", "1", "IFVER", "1"}},
		{"error ERR syntax error", []any{"SET", "k", "v", "NX", "VER", "1"}},
		{"OK", []any{"SET", "top", "v", "VER", "9223372036854775807"}},
		{"error ERR version would overflow", []any{"SET", "top", "w"}},
		{"v", []any{"GET", "top"}},
		{"map[]", []any{"KEYS", "nothing*", "WITHVER"}}, // go-redis speaks RESP3,
	}
	for i, s := range steps {
		expect(t, c.nodes[i%3], s.want, s.args...)
	}
	c.awaitEqual()
}

// TestTombstonesAreKeptAsTheLeaderSays: nodes with different retentions hold the same tombstones for the same time, whoever leads.
func TestTombstonesAreKeptAsTheLeaderSays(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	restart := func(n *node) {
		n.stop()
		n.start("--tombstone-retention", []string{"1h", "500h", "1ms"}[n.id-1])
		c.awaitServing()
	}
	for _, n := range c.nodes {
		restart(n)
	}
	for _, n := range c.nodes {
		expect(t, n, "1", "DEL", "k", "VER", 10*n.id)
		c.awaitEqual()
		restart(c.leader())
	}
}

// TestTombstonesOutliveARestart shows that an old write cannot bring a removed key back after all nodes were down.
func TestTombstonesOutliveARestart(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v", "VER", "10")
	expect(t, c.nodes[1], "1", "DEL", "k", "VER", "11")
	for _, n := range c.nodes {
		n.kill()
	}
	c.start()
	c.awaitServing()
	expect(t, c.nodes[2], "nil", "SET", "k", "old", "VER", "11")
	expect(t, c.nodes[2], "[nil 11]", "GET", "k", "WITHVER")
	expect(t, c.nodes[2], "OK", "SET", "k", "new", "VER", "12")
}
