package paxos

import (
	"fmt"
	"math/rand/v2"
)

// Role is what a node does at the moment.
type Role uint8

// The roles. A follower without a leader canvasses; a candidate is in phase 1. To the protocol a learner, and a node that
// was removed, is a follower that does not stand for leader: only Status tells them apart.
const (
	RoleFollower  Role = 0
	RoleCandidate Role = 1
	RoleLeader    Role = 2
	roleCount          = 3
	RoleLearner   Role = 3
	RoleRemoved   Role = 4
)

func (r Role) String() string {
	switch r {
	case RoleFollower:
		return "follower"
	case RoleCandidate:
		return "candidate"
	case RoleLeader:
		return "leader"
	case RoleLearner:
		return "learner"
	case RoleRemoved:
		return "removed"
	}
	return "unknown"
}

// Observer is told what a core does, for logs and transcripts. It must not call back into the core.
type Observer interface {
	// Ignored: a message was left unanswered for the reason given.
	Ignored(from NodeID, m Message, why string)
	// Became: the role or the ballot followed changed.
	Became(role Role, ballot Ballot, why string)
}

// Config is what a core needs to know at start.
type Config struct {
	Self NodeID
	// Configuration governs the slots after Restored.Chosen, or is a later one that this node was told when it joined.
	Configuration Configuration
	Limits        Limits
	// Lease lets the leader confirm reads by its lease (rule L4) instead of by a round (rule L6).
	Lease bool
	// Seed feeds the election timeouts and makes read numbers of this boot unlike those of another.
	Seed uint64
	// Observer may be nil.
	Observer Observer
}

// Core is one node's part in the protocol: acceptor, learner and, at times, candidate or leader. It is a value that
// consumes events and emits effects, and belongs to one goroutine.
type Core struct {
	self          NodeID
	configuration Configuration
	limits        Limits
	leaseReads    bool
	observer      Observer
	random        *rand.Rand

	now      Instant
	effects  *Effects
	sequence uint64 // of the newest write handed out

	role      Role
	acceptor  acceptor
	log       log
	follower  follower
	candidate candidate
	leader    leader
	reads     localReads
	catchUp   catchUp
	keeper    keeper
	// replaced is the configuration before the one that has become active in this step, nil if none has.
	replaced *Configuration
	// failedPhases1 counts the candidacies in a row that ended without a majority in time.
	failedPhases1 int
	// maxRound is the highest round heard of anywhere: the next candidacy goes above it.
	maxRound Round
	// synced is what the leader last told of every voter.
	synced []SyncedThrough
}

// New returns a core that goes on from what storage restored. The driver has applied everything up to
// restored.Chosen. The error names a configuration this core cannot work with.
func New(cfg Config, restored Restored, now Instant) (*Core, error) {
	limits := cfg.Limits.WithDefaults()
	if err := limits.Check(); err != nil {
		return nil, err
	}
	if err := cfg.Configuration.Check(); err != nil {
		return nil, err
	}
	observer := cfg.Observer
	if observer == nil {
		observer = silent{}
	}
	c := &Core{
		self: cfg.Self, configuration: cfg.Configuration, limits: limits, leaseReads: cfg.Lease, observer: observer,
		random: rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.Self))), now: now, effects: &Effects{},
		acceptor: newAcceptor(restored), log: newLog(restored),
	}
	c.maxRound = c.acceptor.promised.Round
	c.reads.base = c.random.Uint64() >> 1
	c.resumeGrant()
	c.resetElection()
	if c.configuration.isOnlyVoter(c.self) {
		c.follower.electionAt = now.Mono // nobody else could lead, and nobody else holds a grant
	}
	c.resumeCatchUp()
	return c, nil
}

// Step lets one event happen at the moment now and returns what follows from it. Moments never go back.
func (c *Core) Step(now Instant, ev Event) *Effects {
	c.now = now
	c.effects = &Effects{Sequence: c.sequence}
	before := c.leadership()
	switch ev := ev.(type) {
	case Received:
		c.receive(ev.From, ev.Message)
	case Ticked:
		c.tick()
	case Stored:
		c.onStored(ev.Sequence)
	case Proposed:
		c.onProposed(ev.Entry, ev.Local)
	case ReadAsked:
		c.onReadAsked(ev.ID)
	case LinkUp:
		c.onLinkUp(ev.Peer)
	case LinkDown:
		c.onLinkDown(ev.Peer)
	case HandOverAsked:
		c.onHandOverAsked(ev.To)
	case Compacted:
		c.onCompacted(ev)
	case Fetched:
		c.onFetched(ev)
	}
	if c.replaced != nil {
		c.enterConfiguration()
	}
	if c.role == RoleLeader {
		c.announceChosen()
	}
	c.effects.LeaderChanged = c.leadership() != before
	if !c.effects.Write.IsEmpty() {
		c.sequence++
		c.effects.Sequence = c.sequence
		c.effects.Write.Chosen = c.log.chosen
		c.acceptor.handedOut(c.sequence, now.Mono, c.effects.Write.Records)
	}
	return c.effects
}

// tick does what time alone asks for, by role.
func (c *Core) tick() {
	switch c.role {
	case RoleFollower:
		c.tickFollower()
	case RoleCandidate:
		c.tickCandidate()
	case RoleLeader:
		c.tickLeader()
	}
	c.tickReads()
	c.tickCatchUp()
}

// handler reacts to one kind of message. The message has that kind's type.
type handler func(c *Core, from NodeID, m Message)

// handlers says who reacts to what: a row a role, a column a message. An empty cell is a message that means nothing
// to that role, most often the late answer to a question of an earlier one.
var handlers [roleCount][KindAnswer + 1]handler

func init() {
	everyRole := map[MessageKind]handler{
		KindPrepare: (*Core).onPrepare, KindAccept: (*Core).onAccept, KindHeartbeat: (*Core).onHeartbeat,
		KindCanvass: (*Core).onCanvass, KindLearn: (*Core).onLearn, KindLearned: (*Core).onLearned,
		KindReadSlot: (*Core).onReadSlot, KindOffer: (*Core).onOffer,
	}
	for role := range handlers {
		for kind, h := range everyRole {
			handlers[role][kind] = h
		}
	}
	handlers[RoleFollower][KindCanvassReply] = (*Core).onCanvassReply
	handlers[RoleFollower][KindHandOver] = (*Core).onHandOver
	handlers[RoleCandidate][KindPromise] = (*Core).onPromise
	handlers[RoleCandidate][KindReject] = (*Core).onRejectAsCandidate
	handlers[RoleLeader][KindAccepted] = (*Core).onAccepted
	handlers[RoleLeader][KindReject] = (*Core).onRejectAsLeader
	handlers[RoleLeader][KindHeartbeatAck] = (*Core).onHeartbeatAck
	handlers[RoleLeader][KindReadAsk] = (*Core).onReadAsk
}

func (c *Core) receive(from NodeID, m Message) {
	if why := c.refuses(from, m.Kind()); why != "" {
		c.observer.Ignored(from, m, why)
		return
	}
	h := handlers[c.role][m.Kind()]
	if h == nil {
		c.observer.Ignored(from, m, "means nothing to a "+c.role.String())
		return
	}
	h(c, from, m)
}

// refuses says why a message is not even looked at, "" if it is. Any node that the transport lets in is listened to: one that
// this node has not heard of yet may be a member of a configuration that it has not heard of either. Who counts is for the
// tallies to say. Rule M3: a removed node takes no part, at either end, but goes on to teach and to be taught.
func (c *Core) refuses(from NodeID, kind MessageKind) string {
	switch {
	case from == c.self:
		return "from itself"
	case kind == KindLearn || kind == KindCanvass || BreakM3.On():
	case c.isRemoved(c.self):
		return "this node was removed"
	case c.isRemoved(from) && kind != KindLearned && kind != KindOffer && kind != KindCanvassReply:
		return "from a node that was removed"
	}
	return ""
}

// send queues a message in the list its durability asks for (rule D1): what reports or rests on durable state waits
// for the write of this step and of all before it.
func (c *Core) send(to NodeID, m Message) {
	if waitsForStore(m) {
		c.effects.SendAfterStore = append(c.effects.SendAfterStore, Envelope{To: to, Message: m})
		return
	}
	c.effects.Send = append(c.effects.Send, Envelope{To: to, Message: m})
}

func waitsForStore(m Message) bool {
	switch m.(type) {
	case Promise:
		return !BreakD1Promise.On()
	case Accepted:
		return !BreakD1Accepted.On()
	case Prepare:
		return !BreakD1Prepare.On()
	}
	return false
}

// askVoters sends m to every other voter.
func (c *Core) askVoters(m Message) {
	for i := range c.configuration.Voters {
		if id := c.configuration.Voters[i].ID; id != c.self {
			c.send(id, m)
		}
	}
}

// nextSequence is the sequence of the write of this step, if it writes.
func (c *Core) nextSequence() uint64 { return c.sequence + 1 }

// onStored counts this node's own promise and acceptances, now that they are on stable storage (rule D1).
func (c *Core) onStored(sequence uint64) {
	c.acceptor.stored(sequence, c.now.Mono)
	switch c.role {
	case RoleCandidate:
		c.countOwnPromise()
	case RoleLeader:
		c.countOwnAcceptances()
	}
}

func (c *Core) onLinkUp(peer NodeID) {
	if c.acceptor.answered.to == peer {
		c.acceptor.answered = answeredPrepare{} // what was on its way is lost
	}
	switch c.role {
	case RoleCandidate:
		c.prepareOne(peer)
	case RoleLeader:
		c.resendAll(peer)
	}
	if c.follower.ballot.Node == peer {
		c.askLeader()
	}
}

// leadership is what LeaderChanged watches.
type leadership struct {
	ballot Ballot
	ready  bool
}

func (c *Core) leadership() leadership {
	switch c.role {
	case RoleLeader:
		return leadership{c.leader.ballot, c.leader.ready}
	case RoleFollower:
		return leadership{ballot: c.follower.ballot}
	}
	return leadership{}
}

func (c *Core) fatal(format string, args ...any) {
	if c.effects.Fatal == nil {
		c.effects.Fatal = fmt.Errorf("paxos: "+format, args...)
	}
}

type silent struct{}

func (silent) Ignored(NodeID, Message, string) {}
func (silent) Became(Role, Ballot, string)     {}
