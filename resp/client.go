package resp

import (
	"bytes"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// Client is one connection. It belongs to its event loop's goroutine.
type Client struct {
	id      uint64
	conn    conn
	fd      int
	kind    string // of its endpoint
	remote  net.Addr
	local   net.Addr
	loop    *eventLoop
	created time.Time
	active  time.Time // when it last sent something

	// certificateName is the common name of its certificate, if it has one that was verified.
	certificateName string

	input   input
	scanner *Scanner
	out     Writer // replies on their way to the socket

	pending int      // items in chunks
	waiting waitList // items behind those, which wait on the loop
	owed    int      // the cost of all deferred items that are not answered yet

	// What is known of the socket: that it may have something to read, that the connection is over for reading, and that its end was read.
	readable, hungUp, ended bool
	hasMore                 bool      // the input may have a whole command
	awaitsRoom              bool      // it is a write, and there is no room in the log
	awaitsLarge             bool      // it is a large one, and another is on its way
	alone                   bool      // it is a large one that waits for what is before it, or one is on its way: nothing else is looked at
	awaitsSince             time.Time // since when there was no room for its next write; zero: there was
	heldUpSince             int64     // when its next command came, by the server's nanos, if that could not be dispatched at once; see waits.go
	hasReady                bool      // a waiting item can be answered now
	isOld, isQueued         bool      // see turns
	stuck                   bool      // it does not take its replies
	accounted               int       // what it takes of all clients' memory

	// While held, the parser leaves the input alone: until a WATCH, WAIT or the like is answered.
	heldBy *row
	onIdle func() // to be called as soon as nothing is outstanding
	paused *pause // of the command at hand, once begun
	// postponed says that its next command waits for the end of a CLIENT PAUSE.
	postponed bool
	closing   bool // to be closed once everything is answered
	closed    bool
	lingers   *time.Timer // ends a client that is to be closed and does not take its last replies
	// holdsCheckpoint says that the server's list of held checkpoints may have an entry of this client.
	holdsCheckpoint bool

	access
	db         int
	proto      int
	name       string
	libName    string
	libVersion string
	stale      bool // READONLY
	noEvict    bool
	noTouch    bool
	replyOff   bool
	skipNext   bool
	quiet      bool // the command at hand gets no reply
	lastRow    *row
	lastSlot   uint64 // of its last applied write

	monitor *monitor // since MONITOR

	tx         *transaction // between MULTI and EXEC
	watches    []statemachine.Watch
	watchBytes int
	watchKeys  [][]byte // of a WATCH that is not answered yet
	watchFrom  int      // the database those are in
	execDB     int      // the database to go back to if the guarded EXEC at hand does not happen

	// subscriptions are written with hub.mu held.
	subscriptions [subscriptionKinds]map[string]*subscription
	draft         *draft    // while a transaction that subscribes is on its way
	softSince     time.Time // since when its messages are beyond the soft limit
	softTimer     *time.Timer
	backlog       atomic.Int64 // the cost of the pushes that wait in the mailbox
	cut           atomic.Bool  // it is to be closed, and gets no more pushes
	tracker       *tracker     // written with hub.mu held; nil: it never tracked
	caching       bool         // CLIENT CACHING

	tally   int // see submission
	tallyOf uint64
	// returnsIn and readReturnsIn are the rounds of the loop's returns in which the client is waited for.
	returnsIn, readReturnsIn uint64
	isTouched                bool
	isReader                 bool
}

// origin is where a client comes from, as MONITOR has it.
func (c *Client) origin() string {
	if c.kind == endpointUnix {
		return "unix:" + strings.TrimSuffix(c.remote.String(), ":0")
	}
	return c.remote.String()
}

// certificateUser is the name of the ACL user that the client's certificate says it is, if certificates say that; else "".
func (c *Client) certificateUser() string {
	if c.loop.server.config.TLS.UserFromName {
		return c.certificateName
	}
	return ""
}

// idle reports whether every command so far is answered.
func (c *Client) idle() bool { return c.pending == 0 && c.waiting.empty() }

// held reports whether the parser must leave the input alone for now.
func (c *Client) held() bool {
	return c.heldBy != nil || c.closing || c.closed || c.stuck || c.alone || c.owed > leastOwed && c.owed > c.loop.mostOwed()
}

// isGone reports whether nobody waits for the answer of the command that holds the client up: the peer has closed its side, and the command
// may take for ever, or is of no use without what would follow.
func (c *Client) isGone() bool { return c.hungUp && c.heldBy != nil && !c.heldBy.inBites }

// hold keeps the parser from going on until release.
func (c *Client) hold(r *row) { c.heldBy = r }

// release lets the parser go on. The caller sees to it that the client is settled.
func (c *Client) release() { c.heldBy = nil }

// reset takes back all that the client has set: RESET.
func (c *Client) reset() {
	c.loop.begin(c)
	c.db, c.proto, c.name = 0, 2, ""
	c.stale, c.noEvict, c.noTouch = false, false, false
	c.replyOff, c.skipNext, c.quiet = false, false, false
	c.tx = nil
	c.unwatch()
	c.caching = false
	c.loop.server.hub.unsubscribeAll(c)
	c.loop.server.hub.stopTracking(c)
}

func (c *Client) unwatch() {
	c.watches, c.watchBytes = nil, 0
}

// isWatched reports whether a key of a database is watched already.
func (c *Client) isWatched(db int, key []byte) bool {
	for i := range c.watches {
		if w := &c.watches[i]; w.DB == db && bytes.Equal(w.Key, key) {
			return true
		}
	}
	return false
}

// watched notes the revisions of the keys of the WATCH at hand.
func (c *Client) watched(revisions []uint64) {
	for i, key := range c.watchKeys {
		if !c.isWatched(c.watchFrom, key) {
			c.watches = append(c.watches, statemachine.Watch{DB: c.watchFrom, Key: key, Revision: revisions[i]})
		}
	}
	c.watchKeys = nil
}
