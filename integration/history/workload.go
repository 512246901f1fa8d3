package history

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options say what a workload does. The zero value of each field means what is named with it; of the numbers of things in use, less
// than zero means none.
type Options struct {
	Seed   uint64 // what the clients choose follows from it, what happens does not
	Prefix string // of all keys, which nobody else may write: "history:<seed>:"

	Registers int // single keys in use at a time: 6
	Accounts  int // groups of accounts in use at a time: 2
	Lists     int // groups of lists in use at a time: 2
	Mortals   int // single keys in use at a time that get a time to live and are then left alone, beside the others: 6

	PerRegister int // commands after which another key takes a register's place: 1,000
	PerGroup    int // the same for groups, whose states are larger: 400

	// Idle is how long a client waits after an error before it goes on: 10 ms.
	Idle time.Duration
	// ClockDifference is how far the wall clocks of any two nodes are apart at most, or that of one node is set from what it was, from
	// the first command to the last. Keys may vanish that much before their time, and be seen that much after it: 100 ms.
	ClockDifference time.Duration
	// NoDeadlines: no key is given a time to live.
	NoDeadlines bool
}

func (o Options) withDefaults() Options {
	o.Prefix = cmp.Or(o.Prefix, fmt.Sprintf("history:%d:", o.Seed))
	o.Registers, o.Accounts, o.Lists = cmp.Or(o.Registers, 6), cmp.Or(o.Accounts, 2), cmp.Or(o.Lists, 2)
	o.Mortals = cmp.Or(o.Mortals, 6)
	if o.NoDeadlines {
		o.Mortals = 0
	}
	o.PerRegister, o.PerGroup = cmp.Or(o.PerRegister, 1000), cmp.Or(o.PerGroup, 400)
	o.Idle = cmp.Or(o.Idle, 10*time.Millisecond)
	o.ClockDifference = cmp.Or(o.ClockDifference, 100*time.Millisecond)
	return o
}

// Workload is what clients do, all of them on the same keys. Its methods may be called from any goroutine.
type Workload struct {
	recorder *Recorder
	options  Options
	places   []*place // registers, then accounts, then lists
	mortals  []*mortal
	clients  atomic.Int64
}

// kind is what the keys of a place are for.
type kind string

const (
	registers kind = "register"
	accounts  kind = "accounts"
	lists     kind = "list"
	mortals   kind = "mortal"
)

// place is where one key, or one group of keys, after the other is in use.
type place struct {
	name string
	kind kind
	most int // commands on one key

	mu         sync.Mutex
	generation int
	commands   int   // on this generation's key
	unknown    int   // of those, without a known outcome
	version    int64 // some version that this generation's key had
}

// NewWorkload returns a workload whose keys must not be there yet: two of them on the same nodes need different prefixes.
func NewWorkload(r *Recorder, o Options) *Workload {
	o = o.withDefaults()
	w := &Workload{recorder: r, options: o}
	add := func(of kind, count, most int) {
		for i := range count {
			w.places = append(w.places, &place{name: fmt.Sprintf("%s%s%d", o.Prefix, of, i), kind: of, most: most})
		}
	}
	add(registers, o.Registers, o.PerRegister)
	add(accounts, o.Accounts, o.PerGroup)
	add(lists, o.Lists, o.PerGroup)
	for i := range o.Mortals {
		w.mortals = append(w.mortals, &mortal{place: place{name: fmt.Sprintf("%s%s%d", o.Prefix, mortals, i), kind: mortals, most: math.MaxInt}})
	}
	return w
}

// mostUnknown is how many commands without a known outcome a key may have before another takes its place: each may double the
// states that a search has to keep in mind.
const mostUnknown = 10

// take returns the key that is in use at a place, its generation, and a version it had.
func (p *place) take() (key string, generation int, version int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.commands == p.most || p.unknown >= mostUnknown {
		p.renew()
	}
	p.commands++
	return p.key(), p.generation, p.version
}

// key is this generation's.
func (p *place) key() string { return fmt.Sprintf("%s:%d", p.name, p.generation) }

// renew goes on to the next key.
func (p *place) renew() {
	p.generation++
	p.commands, p.unknown, p.version = 0, 0, 0
}

// sawVersion notes the version of a generation's key, for the guards of later commands.
func (p *place) sawVersion(generation int, version int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.generation == generation && version >= 0 {
		p.version = version
	}
}

// lost notes that nobody knows what came of a command on a generation's key.
func (p *place) lost(generation int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.generation == generation {
		p.unknown++
	}
}

// Run has a client do one command after the other, and records each, until ctx ends; a command that is under way then is
// still waited for, as long as the client's own timeouts let it. The client must be one that never repeats a command
// (NewClient), and may be shared. The id, with the seed, says what the client chooses.
func (w *Workload) Run(ctx context.Context, client *redis.Client, id int) error {
	if n := client.Options().MaxRetries; n != 0 {
		return fmt.Errorf("history: the client of %s repeats commands up to %d times, so that what is unknown could be applied twice: use NewClient",
			client.Options().Addr, n)
	}
	c := &caller{
		workload: w, client: client,
		number:  w.clients.Add(1),
		process: w.recorder.process(),
		random:  rand.New(rand.NewPCG(w.options.Seed, uint64(id))),
		// A command goes on when the run ends: giving it up would only make its outcome unknown.
		ctx: context.WithoutCancel(ctx),
	}
	idle := time.NewTimer(0)
	defer idle.Stop()
	for spare := false; ctx.Err() == nil; {
		if c.once() {
			if !spare {
				c.connect()
				spare = true
			}
			continue
		}
		spare = false
		idle.Reset(w.options.Idle)
		select {
		case <-ctx.Done():
		case <-idle.C:
		}
	}
	return nil
}
