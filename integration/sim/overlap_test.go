package sim

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A fault that ends must not end another one of its kind.
func TestFaultsOfOneKindOverlap(t *testing.T) {
	var o overlap
	endFirst, endSecond := o.begin(60), o.begin(2)
	if o.strength(1) != 60 {
		t.Errorf("the stronger is %v", o.strength(1))
	}
	endFirst()
	endFirst()
	if !o.isOn() || o.strength(1) != 2 {
		t.Errorf("with the first over it is %v", o.strength(1))
	}
	if endSecond(); o.isOn() || o.strength(1) != 1 {
		t.Errorf("with both over it is %v", o.strength(1))
	}
	endThird := o.begin(5)
	o.clear()
	end := o.begin(7)
	if endThird(); o.strength(1) != 7 {
		t.Errorf("an end that came late has ended another: %v", o.strength(1))
	}
	end()
}

func TestPartitionsOverlap(t *testing.T) {
	w := newWorld(1, Options{Nodes: 3, NoFaults: true})
	w.begin()
	n := w.network
	n.block(1, 2)
	n.block(1, 2)
	n.unblock(1, 2)
	if !n.isBlocked(1, 2) {
		t.Error("two partitions, and the end of one has healed both")
	}
	n.unblock(1, 2)
	n.unblock(1, 2)
	if n.isBlocked(1, 2) {
		t.Error("blocked, and both partitions are over")
	}
	n.block(1, 2)
	if n.unblockAll(); n.isBlocked(paxos.NodeID(1), 2) {
		t.Error("blocked in a healed network")
	}
}
