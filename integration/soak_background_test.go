package integration

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
)

// background is a fault of one node that lasts while others come and go. The others leave that node alone if it can do little, which takes
// a cluster of five: one of those that are left may go then, and there is still a majority.
type background struct {
	t      *testing.T
	random *rand.Rand
	whole  *faultyCluster
	r      *recording

	fault  *lasting // nil for none
	victim *node
	steps  int // for which it goes on
}

// lasting is a fault of one node, begun again when others may have ended it.
type lasting struct {
	name       string
	severe     bool
	begin, end func(*faultyCluster, *node)
}

var lastingFaults = []lasting{
	{name: "in the background a node's disk is slow", begin: func(c *faultyCluster, n *node) { c.tell(n, "disk", "20ms") }},
	{name: "in the background a tenth of what a node sends is lost", begin: func(c *faultyCluster, n *node) { c.links(n, c.nodes, "lose", 0.1) }},
	{name: "in the background what a node sends is late", begin: func(c *faultyCluster, n *node) { c.links(n, c.nodes, "delay", "15ms") }},
	{name: "in the background a node's clock is ahead", begin: func(c *faultyCluster, n *node) { c.tell(n, "clock", soakClockOff) },
		end: func(c *faultyCluster, n *node) { c.tell(n, "clock", "0s") }},
	{name: "in the background a node is cut off", severe: true, begin: func(c *faultyCluster, n *node) { c.cut(n, c.others(n)...) }},
	{name: "in the background nothing arrives from a node", severe: true, begin: func(c *faultyCluster, n *node) { c.links(n, c.nodes, "drop") }},
	{name: "in the background a node's disk stands still", severe: true, begin: func(c *faultyCluster, n *node) { c.tell(n, "disk", limit) }},
	{name: "in the background a node is frozen", severe: true, begin: func(_ *faultyCluster, n *node) { n.freeze() },
		end: func(_ *faultyCluster, n *node) { n.signal(syscall.SIGCONT) }},
	{name: "in the background a node is down", severe: true, begin: func(_ *faultyCluster, n *node) { n.kill() },
		end: func(_ *faultyCluster, n *node) { n.start() }},
}

// step begins one fault or ends it, or neither, and returns the cluster that other faults may meet.
func (b *background) step() *faultyCluster {
	b.t.Helper()
	if b.fault != nil && (b.steps == 0 || !slices.Contains(b.whole.nodes, b.victim)) {
		b.end()
	}
	if b.fault == nil && b.random.IntN(2) == 0 {
		b.draw()
	}
	if b.fault == nil {
		return b.whole
	}
	b.steps--
	if b.fault.severe {
		return b.whole.without(b.victim)
	}
	b.fault.begin(b.whole, b.victim)
	return b.whole
}

// draw begins a fault. A severe one is begun once: nothing else touches that node.
func (b *background) draw() {
	b.t.Helper()
	fault := &lastingFaults[b.random.IntN(len(lastingFaults))]
	if fault.severe && len(b.whole.nodes) < 5 {
		return
	}
	b.fault, b.victim, b.steps = fault, b.whole.nodes[b.random.IntN(len(b.whole.nodes))], 1+b.random.IntN(4)
	b.r.fault(fault.name)
	if !fault.severe {
		return
	}
	led := b.whole.leader() == b.victim
	fault.begin(b.whole, b.victim)
	if led {
		b.whole.without(b.victim).awaitAnotherLeads(b.victim)
	}
}

// keep takes over what another fault has done to the members.
func (b *background) keep(rest *faultyCluster) {
	if rest != b.whole {
		b.whole.nodes = append(slices.Clone(rest.nodes), b.victim)
	}
}

// end ends the fault, if there is one, and waits until all serve.
func (b *background) end() {
	b.t.Helper()
	if b.fault == nil {
		return
	}
	if slices.Contains(b.whole.nodes, b.victim) && b.fault.end != nil {
		b.fault.end(b.whole, b.victim)
	}
	b.fault = nil
	b.whole.heal()
	b.whole.awaitServing()
}
