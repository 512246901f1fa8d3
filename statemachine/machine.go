package statemachine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of Config.
const (
	DefaultTombstoneRetention = 24 * time.Hour
	DefaultMaxStringBytes     = 512 << 20
)

// Config is what a machine needs to know. HashSeed and MaxStringBytes decide what a command does, so they must be the same on
// every node.
type Config struct {
	// HashSeed is the secret seed of the key dictionaries.
	HashSeed [16]byte
	// MaxStringBytes is the longest string that APPEND and SETRANGE may make (Redis's proto-max-bulk-len); 512 MiB
	// if not positive. At most 2 GiB.
	MaxStringBytes int
	// Random is the source of chance in views (RANDOMKEY); it is called from many goroutines. Nil: a plain counter,
	// scrambled.
	Random func() uint64
}

// Machine is the replicated state machine. One goroutine calls Apply; any number of goroutines read.
type Machine struct {
	table  *Table
	random func() uint64
	ears   *ears // the keyspace's, too, as usage
	usage  *usage
	views  sync.Pool
	users  *Users

	deadline atomic.Int64
	// used is Used; keys and timed are how many keys there are, and how many with a deadline.
	used, keys, timed atomic.Int64
	// left is how many removed collections have left something.
	left    atomic.Int64
	evicted atomic.Uint64
	// freed counts the removed collections whose memory has been freed in bites, and bite is how many parts the least of these frees: releaseBite.
	freed        atomic.Uint64
	bite         int
	hits, misses atomic.Uint64

	settings atomic.Pointer[map[string]string]

	mu   sync.RWMutex // Apply holds it for writing, views for reading
	ks   *keyspace
	slot uint64 // the newest applied one
	// waiters are the clients who wait for keys.
	waiters *waiters
	// checkpoint is the one that is being written, nil without one.
	checkpoint *Checkpoint
	applier    *View
	decoder    decoder
	ranCommand bool // what the decoder holds is the command that ran last
	warmer     warmer
	max        int
	programs   programs
}

// Stamp is what the leader gave a slot in place of all that differs between nodes: clock, chance, settings.
type Stamp struct {
	// TimeMS is the slot's time in Unix milliseconds.
	TimeMS int64
	// Seed is the source of chance.
	Seed uint64
	// RetentionMS is how long the version of a key removed here is remembered, in milliseconds of log time; DefaultTombstoneRetention
	// if not positive. What was removed before keeps the time that it was given then.
	RetentionMS int64
}

// Replies is where the origin of a section wants its replies.
type Replies interface {
	// Next is called right before command i of the section runs; view reads the state at that very point. It returns
	// where the command's reply goes, never nil. A tick writes no reply.
	Next(i int, view *View) Reply
	// Finish is called once, after the last command of the section, also when there is none.
	Finish(slot uint64, view *View)
}

// New returns an empty machine.
func New(cfg Config) *Machine {
	if cfg.MaxStringBytes <= 0 {
		cfg.MaxStringBytes = DefaultMaxStringBytes
	}
	m := &Machine{
		table:  newTable(slices.Concat(Commands(), scriptOwnCommands)),
		random: cfg.Random,
		ks:     newKeyspace(newHasher(cfg.HashSeed)),
		users:  newUsers(),
		max:    min(cfg.MaxStringBytes, 2<<30),
		bite:   releaseBite,
	}
	m.settings.Store(&map[string]string{})
	m.waiters = m.ks.waiters
	m.ears = m.ks.ears
	if m.random == nil {
		m.random = scrambledCounter()
	}
	m.usage = m.ks.usage
	m.usage.random = m.random
	m.views.New = func() any { return m.newView() }
	m.applier = m.newView()
	m.applier.inApply = true
	m.applier.tx.scripts.inApply = true
	return m
}

func scrambledCounter() func() uint64 {
	var calls atomic.Uint64
	return func() uint64 {
		r := random{state: calls.Add(1)}
		return r.next()
	}
}

func (m *Machine) newView() *View {
	v := &View{m: m}
	v.tx = Tx{ks: m.ks, random: &v.random, maxString: m.max}
	v.tx.scripts.machine = m
	return v
}

// Apply runs count commands, encoded back to back, all of one section of a slot. replies is nil where nobody waits for
// them. Bytes that do not decode get error replies, the same on each node. Nothing of commands is kept. One goroutine
// calls it, slots in order; it holds the write lock until it returns, so replies must not call back into Machine.
//
// A call with replies and no commands happens on the origin alone, for the reads that wait there: it changes nothing,
// since the other nodes do not make it. Without replies and commands it lets the slot's time pass, on every node.
func (m *Machine) Apply(slot uint64, stamp Stamp, commands []byte, count int, replies Replies) {
	m.apply(slot, stamp, commands, count, replies)
	m.ks.heap.Reclaim(reclaimPerApply)
}

// apply is the part of Apply under the lock.
func (m *Machine) apply(slot uint64, stamp Stamp, commands []byte, count int, replies Replies) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if count > 0 || replies == nil {
		m.slot = slot
		m.ks.now = max(m.ks.now, stamp.TimeMS)
		m.ks.retain(stamp.RetentionMS)
		m.removeDue()
		m.ks.purgeTombstones(purgePerApply)
		m.publishUsers()
	}

	m.ears.origin = replies != nil
	v := m.applier
	v.tx.now = m.ks.now
	m.decoder.reset(commands)
	m.ranCommand = false
	for i := 0; i < count; i++ {
		if i%warmAhead == 0 && count-i >= warmFrom {
			m.warmer.warm(m.ks, m.decoder.rest)
		}
		reply := Discard
		if replies != nil {
			reply = replies.Next(i, v)
		}
		// Of the command alone: reads of the origin, right before it, have taken from the same source.
		v.random.state = stamp.Seed ^ m.ks.revision + uint64(i)*commandsApart
		if m.applyNext(v, reply); replies == nil && m.decoder.bad {
			break // nobody waits for the error of each command that is left
		}
		if len(m.ks.ready) > 0 {
			m.measure() // whether there is memory for them is asked at once
			m.wakeReady()
		}
	}
	m.releaseBite()
	m.measure()
	if replies != nil {
		replies.Finish(slot, v)
	}
	if events := m.ears.events; events != nil {
		events.Applied()
	}
	m.decoder.reset(nil)
	v.tx.count(&m.hits, &m.misses)
	m.deadline.Store(m.ks.nextDeadline())
}

// commandsApart keeps the chances of a section's commands apart.
const commandsApart = 0xd1342543de82ef95

// applyNext decodes one command and runs it.
func (m *Machine) applyNext(v *View, reply Reply) {
	kind := m.decoder.byte()
	m.ranCommand = kind == kindCommand || kind == kindTight
	switch kind {
	case kindTick:
	case kindEvict:
		if v := m.decoder.evict(); !m.decoder.bad {
			m.evict(v.DB, v.Key, v.Revision)
		}
	case kindCommand, kindTight:
		if db, args := m.decoder.command(); !m.decoder.bad {
			v.tx.mayBlock, v.tx.scripts.tight = true, kind == kindTight
			m.call(v, db, args, reply)
			v.tx.mayBlock, v.tx.scripts.tight = false, false
		}
	case kindSettings:
		if settings := m.decoder.settings(); !m.decoder.bad {
			m.set(settings, reply)
		}
	case kindExec:
		if watches, queued := m.decoder.exec(); !m.decoder.bad {
			v.exec(watches, queued, reply, m.call)
		}
	case kindAs:
		if user := string(m.decoder.bytes()); v.tx.user == nil && !m.decoder.bad {
			v.tx.user, v.tx.denials = m.ks.accounts.actor(user), nil
			m.applyNext(v, reply)
			v.tx.user = nil
			return
		}
		m.decoder.fail()
	default:
		m.decoder.fail()
	}
	if m.decoder.bad {
		reply.Error(errUndecodable)
	}
}

// call runs a command of the log.
func (m *Machine) call(v *View, db int, args Args, reply Reply) {
	cmd, problem := m.table.Resolve(args)
	switch {
	case cmd == nil:
		reply.Error(problem)
	case cmd.Run == nil:
		reply.Error(errNotInLog)
	default:
		v.tx.begin(db)
		v.tx.direct = cmd.Flags.Has(Pubsub)
		cmd.Run(&v.tx, args, reply)
		m.ears.read(cmd, args)
		m.ks.endCommand()
	}
}

// NextDeadline returns the Unix millisecond at which the next key expires, in the past if keys wait to be removed; 0
// without one. It may run beside Apply, from any goroutine.
func (m *Machine) NextDeadline() int64 { return m.deadline.Load() }
