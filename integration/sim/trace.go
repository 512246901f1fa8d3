package sim

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/paxredis/paxredis/replication/paxos"
)

// trace is the record of everything that happens in a history: a hash of all of it, and, if somebody wants to read it, a line an
// event.
//
// A line is: simulated milliseconds, the node it happens at (0: the world), what happens, and its particulars.
type trace struct {
	world  *world
	hash   *xxhash.Digest
	out    io.Writer // nil: no lines
	err    error     // of out
	events uint64
	buffer [24]byte
}

func newTrace(w *world, out io.Writer) *trace {
	return &trace{world: w, hash: xxhash.New(), out: out}
}

// note records an event and its particulars.
func (t *trace) note(node paxos.NodeID, what string, details ...uint64) {
	t.begin(node, what)
	for _, d := range details {
		t.number(d)
	}
	if t.out != nil {
		t.line(node, what, details)
	}
}

// noteBytes records an event whose particulars are bytes; text makes them readable.
func (t *trace) noteBytes(node paxos.NodeID, what string, particulars []byte, text func() string) {
	t.begin(node, what)
	_, _ = t.hash.Write(particulars) // never fails
	if t.out != nil {
		t.line(node, what, text())
	}
}

// noteText records an event; text makes its particulars readable, and they are not hashed.
func (t *trace) noteText(node paxos.NodeID, what string, text func() string) {
	t.begin(node, what)
	if t.out != nil {
		t.line(node, what, text())
	}
}

func (t *trace) begin(node paxos.NodeID, what string) {
	t.events++
	t.number(uint64(t.world.now))
	t.number(uint64(node))
	_, _ = t.hash.WriteString(what) // never fails
}

func (t *trace) number(n uint64) {
	binary.LittleEndian.PutUint64(t.buffer[:8], n)
	_, _ = t.hash.Write(t.buffer[:8]) // never fails
}

func (t *trace) line(node paxos.NodeID, what string, particulars any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, "%12.3f %2d %-14s %v\n", float64(t.world.now)/float64(millisecond), node, what, particulars)
	}
}
