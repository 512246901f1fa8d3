package sim

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// checks looks at everything that must hold.
type checks struct {
	world  *world
	table  *statemachine.Table
	nextID int
	chosen map[paxos.Slot]paxos.Entry
}

func newChecks(w *world) checks {
	table, _ := statemachine.NewTable(statemachine.Commands())
	return checks{world: w, table: table, chosen: map[paxos.Slot]paxos.Entry{}}
}

func (c *checks) applied(n *node, r *paxos.Record) {
	c.world.trace.noteBytes(n.id, "applies", r.Entry.Payload, func() string { return r.String() })
	known, ok := c.chosen[r.Slot]
	if !ok {
		c.chosen[r.Slot] = r.Entry
		return
	}
	if known.Kind != r.Entry.Kind || string(known.Payload) != string(r.Entry.Payload) {
		c.world.violated(fmt.Errorf("node %v applies %v where another node has applied %v", n.id, r, known))
	}
}

func (c *checks) looked(*node)        {}
func (c *checks) booted(*node)        {}
func (c *checks) stopped(*node)       {}
func (c *checks) servedByGrant(*node) {}

func (c *checks) invoke(cl *client, n *node) *operation {
	c.nextID++
	w := c.world
	key := fmt.Sprintf("k%d", w.rng.IntN(10))
	var args []string
	switch w.rng.IntN(3) {
	case 0:
		args = []string{"GET", key}
	case 1:
		args = []string{"SET", key, fmt.Sprint(c.nextID)}
	case 2:
		args = []string{"APPEND", key, fmt.Sprint(c.nextID, ",")}
	}
	op := &operation{client: cl, id: c.nextID}
	for _, a := range args {
		op.args = append(op.args, []byte(a))
	}
	op.command, _ = c.table.Resolve(op.args)
	return op
}

func (c *checks) replied(op *operation, reply []byte) {
	c.world.trace.noteBytes(0, "reply", reply, func() string { return fmt.Sprintf("%d %q", op.id, reply) })
}

func (c *checks) failed(op *operation, uncertain bool) {
	c.world.trace.note(0, "no reply", uint64(op.id))
}

func (c *checks) end() error { return nil }

func (c *checks) slots() int { return len(c.chosen) }
