package replication

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

func TestSingleNodeAppliesInOrderAndReplaysAfterARestart(t *testing.T) {
	c := newCluster(t, 1, nil)
	var want []string
	for i := range 20 {
		text := fmt.Sprint("command ", i)
		if got := c.nodes[1].mustWrite(text); got.seen != i {
			t.Fatalf("%q was applied after %d commands, want %d", text, got.seen, i)
		}
		want = append(want, text)
	}
	crashed := c.crash(1)
	n := c.start(1, crashed.disk)
	n.mustWrite("after the restart")
	if got := n.machine.log(); !slices.Equal(got, append(want, "after the restart")) {
		t.Fatalf("after the restart the machine holds %q", got)
	}
}

func TestAnyNodeTakesWrites(t *testing.T) {
	c := newCluster(t, 3, nil)
	var want []string
	for i := range 30 {
		text := fmt.Sprint("command ", i)
		c.nodes[c.all[i%3]].mustWrite(text)
		want = append(want, text)
	}
	for _, id := range c.all {
		c.nodes[id].machine.waitCount(len(want))
		if got := c.nodes[id].machine.log(); !slices.Equal(got, want) {
			t.Errorf("node %v applied %q", id, got)
		}
	}
}

func TestGracefulCloseOfAFollowerAndOfASingleNode(t *testing.T) {
	for _, size := range []int{1, 3} {
		c := newCluster(t, size, nil)
		c.nodes[1].mustWrite("x")
		for _, n := range c.nodes {
			if err := n.group.Close(context.Background()); err != nil {
				t.Errorf("%d nodes: close of node %v: %v", size, n.id, err)
			}
			break
		}
	}
}
