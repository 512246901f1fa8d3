package sim

import (
	"fmt"
	"math/rand/v2"

	"github.com/paxredis/paxredis/replication/paxos"
)

// world is one history: everything in it happens on one goroutine, in the order of simulated time, by the chance of one seed.
type world struct {
	options Options
	seed    uint64
	rng     *rand.Rand
	now     moment
	agenda  agenda
	trace   *trace

	nodes   []*node // in the order of their ids, those that left included
	network *network
	clients []*client
	plan    faultPlan
	faults  Counts
	// happened are the numbers of the faults of the plan that happened.
	happened []int
	checks   checks
	// workload has a source of chance of its own: what the clients do does not depend on what happens to them.
	workload *workload

	// calm: faults have stopped, and the cluster is to make progress.
	calm bool
	// issued is how many operations were begun, answered how many have an outcome.
	issued, answered int
	// pauses is how often in a thousand a client makes a long pause.
	pauses int
	// joined counts the directories made for new members; losing: one is lost, and not replaced yet.
	joined int
	losing bool
	// figuresSoFar counts what cannot be counted at the end.
	figuresSoFar Figures
	// handOvers are the ballots asked for in a hand-over: true once somebody leads there.
	handOvers map[paxos.Ballot]bool
	// islands are the leaders that are cut off and asked for changes.
	islands   []*island
	violation error
}

func newWorld(seed uint64, o Options) *world {
	w := &world{options: o, seed: seed, handOvers: map[paxos.Ballot]bool{}, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15+o.Salt))}
	w.trace = newTrace(w, o.Trace)
	w.network = newNetwork(w)
	return w
}

// at plans an event.
func (w *world) at(at moment, do func()) { w.agenda.add(max(at, w.now), do) }

// after plans an event in a while.
func (w *world) after(d moment, do func()) { w.agenda.add(w.now+d, do) }

// between is a random stretch of time, both ends included.
func (w *world) between(least, most moment) moment {
	return least + moment(w.rng.Int64N(int64(most-least)+1))
}

// chance is true so many times in a thousand.
func (w *world) chance(perMille int) bool { return w.rng.IntN(1000) < perMille }

// pick returns one of the items; ok is false if there are none.
func pick[T any](w *world, items []T) (item T, ok bool) {
	if len(items) == 0 {
		return item, false
	}
	return items[w.rng.IntN(len(items))], true
}

func (w *world) node(id paxos.NodeID) *node { return w.nodes[id-1] }

// live are the nodes whose processes run.
func (w *world) live() []*node {
	var live []*node
	for _, n := range w.nodes {
		if n.isUp() {
			live = append(live, n)
		}
	}
	return live
}

// violated ends the history: what must always hold did not.
func (w *world) violated(err error) {
	if err != nil && w.violation == nil {
		w.violation = err
		w.trace.note(0, "VIOLATION")
	}
}

// errStuck is what is wrong when nothing is left to happen.
var errStuck = fmt.Errorf("nothing is left to happen, and the history has not come to its end")

// runUntil lets events happen until done reports true, a violation, or a moment.
func (w *world) runUntil(limit moment, done func() bool) bool {
	for w.violation == nil && !done() {
		e, ok := w.agenda.next()
		if !ok {
			w.violated(errStuck)
			return false
		}
		if e.at > limit {
			w.agenda.add(e.at, e.do)
			w.now = limit
			return false
		}
		w.now = e.at
		e.do()
	}
	return w.violation == nil
}
