package integration

import (
	"fmt"
	"testing"
)

// TestSettingsOfAllNodes: what CONFIG SET says on one node holds on all of them, wins over the flags they were started with, survives
// the restart of all at once, by the journal or by a checkpoint, and can be taken back.
func TestSettingsOfAllNodes(t *testing.T) {
	c := startCluster(t, 3, "--maxmemory", "20mb", "--maxmemory-samples", "7")
	everywhere := func(value, parameter string) {
		t.Helper()
		for _, n := range c.nodes {
			await(t, "the setting on all nodes", func() error {
				all, err := n.rdb().ConfigGet(t.Context(), parameter).Result()
				if err != nil || all[parameter] != value {
					return fmt.Errorf("node %d: %v, %v", n.id, all, err)
				}
				return nil
			})
		}
	}
	expect(t, c.nodes[0], "OK", "CONFIG", "SET", "maxmemory", "30mb", "timeout", "100000")
	expect(t, c.nodes[1], "OK", "CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-decay-time", "9", "notify-keyspace-events", "KEA")
	everywhere("31457280", "maxmemory")
	everywhere("allkeys-lfu", "maxmemory-policy")
	everywhere("AKE", "notify-keyspace-events")
	expect(t, c.nodes[1], "map[timeout:0]", "CONFIG", "GET", "timeout") // that is each node's own
	for _, save := range []bool{false, true} {
		if save {
			expect(t, c.nodes[2], "OK", "SAVE")
			expect(t, c.nodes[2], "OK", "SET", "k", "v")
		}
		for _, n := range c.nodes {
			n.stop()
		}
		for _, n := range c.nodes {
			n.start()
		}
		for _, n := range c.nodes {
			n.awaitServing()
		}
		everywhere("31457280", "maxmemory")
		everywhere("9", "lfu-decay-time")
	}
	expect(t, c.nodes[2], "OK", "PAXOS", "CONFIG", "RESET", "maxmemory", "lfu-decay-time")
	everywhere("20971520", "maxmemory")
	everywhere("1", "lfu-decay-time")
	everywhere("7", "maxmemory-samples")
	everywhere("allkeys-lfu", "maxmemory-policy")
	c.awaitEqual()
}
