package integration

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/paxredis/paxredis/cmd/paxredis/tracing/tracetest"
)

// A collector is told of each node's own clients' writes, by that node, whether it leads or not: with all stages, and with what its journal
// did meanwhile.
func TestACollectorSeesWritesOfACluster(t *testing.T) {
	const each = 10
	collector := tracetest.Start(t)
	c := startCluster(t, 3, "--otlp-endpoint", collector.URL, "--otlp-sample", "1")
	for range each {
		for _, n := range c.nodes {
			expect(t, n, "OK", "SET", "key", "value")
		}
	}
	await(t, "a trace of each SET", func() error {
		if got := len(collector.Roots("SET")); got != each*len(c.nodes) {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
	told, synced := make(map[string]int), 0
	for _, set := range collector.Roots("SET") {
		told[set.Resource["paxredis.node"]]++
		if err := collector.CheckStages(set); err != nil {
			t.Fatal(err)
		}
		if slot := set.About()["paxredis.slot"]; slot == "" || slot == "0" {
			t.Errorf("a SET was applied at slot %q of the log", slot)
		}
		synced += len(collector.Below(collector.Below(set, "replicate")[0], "sync"))
	}
	for _, n := range c.nodes {
		if got := told[strconv.Itoa(n.id)]; got != each {
			t.Errorf("node %d told of %d SETs of its %d", n.id, got, each)
		}
	}
	if synced == 0 {
		t.Errorf("%d SETs were replicated while no journal wrote anything", each*len(c.nodes))
	}
}
