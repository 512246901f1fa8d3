package history

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"
)

// caller is one client at work. It belongs to one goroutine.
type caller struct {
	workload *Workload
	client   *redis.Client
	ctx      context.Context
	number   int64 // of this run, unlike that of any other of the workload
	process  int
	random   *rand.Rand
	values   int64 // made so far
}

// once does one command, and reports whether it got a reply.
func (c *caller) once() bool {
	if replied, did := c.onMortal(); did {
		return replied
	}
	p := c.workload.places[c.random.IntN(len(c.workload.places))]
	if p.kind == registers {
		return c.onRegister(p)
	}
	return c.onGroup(p)
}

// spareConnections is how many connections a client has besides the one it uses.
const spareConnections = 4

// connect opens connections for later. While a node stands still, a client that has given a command up can send another on one of
// them at once: it is what the node reads first when it goes on, before it has heard what happened meanwhile. On a new
// connection it would have to answer the greeting first.
func (c *caller) connect() {
	all := make([]*redis.Conn, 1+spareConnections)
	for i := range all {
		all[i] = c.client.Conn()
		if all[i].Ping(c.ctx).Err() != nil {
			break // what does not answer now is no use later
		}
	}
	for _, conn := range all {
		if conn != nil {
			_ = conn.Close() // gives it back to the client
		}
	}
}

// value returns a number that nobody else sets, and that no INCRs lead to from another: they are a hundred
// thousand apart.
func (c *caller) value() int64 {
	const perClient, apart = 10_000_000, 100_000
	c.values++
	return (c.number*perClient + c.values) * apart
}

// finish records a command on a generation's key that has just returned, and reports whether it got a reply.
func (c *caller) finish(p *place, generation int, done *command, returned int64, err error) bool {
	done.outcome, done.problem = outcomeOf(err), err
	if err != nil && errors.Is(err, errReply) {
		done.outcome = unexpected
	}
	done.process = c.process
	c.workload.recorder.record(done, returned)
	if done.outcome == unknown || done.outcome == unexpected {
		c.process = c.workload.recorder.process()
		p.lost(generation)
	}
	return done.outcome == replied
}

// errReply is a reply of a kind that the command does not have.
var errReply = errors.New("a reply of the wrong kind")

// weighted is a choice that comes as often as its weight says.
type weighted[T any] struct {
	weight int
	choice T
}

// choose takes one of several.
func choose[T any](random *rand.Rand, all []weighted[T]) T {
	sum := 0
	for _, w := range all {
		sum += w.weight
	}
	n := random.IntN(sum)
	for _, w := range all {
		if n < w.weight {
			return w.choice
		}
		n -= w.weight
	}
	return all[0].choice
}
