package replication

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// testLimits make elections quick; nothing in the tests depends on how quick.
var testLimits = paxos.Limits{
	Heartbeat: 10 * time.Millisecond, Lease: 150 * time.Millisecond, LeaseMargin: time.Millisecond,
	ElectionMin: 200 * time.Millisecond, ElectionMax: 350 * time.Millisecond,
}

// calm is a cluster for tests that name the leader and need it to stay: nothing but a stall of seconds makes another one.
func calm(cfg *Config) {
	cfg.Limits.Lease, cfg.Limits.ElectionMin, cfg.Limits.ElectionMax = 1500*time.Millisecond, 2*time.Second, 3*time.Second
}

// roles follows the nodes' roles through their logs.
type roles struct {
	mu      sync.Mutex
	changed sync.Cond
	role    map[paxos.NodeID]paxos.Role
	ballot  map[paxos.NodeID]paxos.Ballot // followed, or led
}

// roleHandler is a node's log.
type roleHandler struct {
	roles *roles
	id    paxos.NodeID
	t     testing.TB
}

func (h roleHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h roleHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h roleHandler) WithGroup(string) slog.Handler            { return h }
func (h roleHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "role" {
		return nil
	}
	h.roles.mu.Lock()
	defer h.roles.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		switch value := a.Value.Any().(type) {
		case paxos.Role:
			h.roles.role[h.id] = value
		case paxos.Ballot:
			h.roles.ballot[h.id] = value
		}
		return true
	})
	h.roles.changed.Broadcast()
	return nil
}

// cluster is a few groups in one process.
type cluster struct {
	t     testing.TB
	net   *network
	roles roles
	tune  func(*Config)
	all   []paxos.NodeID // the first voters
	// joined are the configurations that later members were told when they joined.
	joined map[paxos.NodeID]paxos.Configuration
	nodes  map[paxos.NodeID]*node
}

// node is one boot of a member.
type node struct {
	cluster *cluster
	id      paxos.NodeID
	disk    *disk
	handle  *handle
	machine *recorder
	clock   *shiftedClock
	group   *Group
	client
}

// shiftedClock is the system's, set ahead as a test likes: what a process sees that stood still meanwhile.
type shiftedClock struct{ ahead atomic.Int64 }

func (c *shiftedClock) Now() paxos.Instant {
	now, ahead := SystemClock{}.Now(), c.ahead.Load()
	return paxos.Instant{Mono: now.Mono + ahead, Boot: now.Boot + ahead, Real: now.Real + ahead}
}

// client is a lane with its lock, since tests use it from several goroutines.
type client struct {
	mu      sync.Mutex
	lane    *Lane
	reads   sync.Cond
	asking  sync.Mutex
	asked   uint64
	ready   uint64
	failed  uint64
	outcome Outcome
}

func newCluster(t testing.TB, n int, tune func(*Config)) *cluster {
	t.Helper()
	c := &cluster{t: t, net: newNetwork(), tune: tune, joined: map[paxos.NodeID]paxos.Configuration{}, nodes: map[paxos.NodeID]*node{}}
	c.roles.changed.L = &c.roles.mu
	c.roles.role, c.roles.ballot = map[paxos.NodeID]paxos.Role{}, map[paxos.NodeID]paxos.Ballot{}
	for id := paxos.NodeID(1); int(id) <= n; id++ {
		c.all = append(c.all, id)
	}
	for _, id := range c.all {
		c.start(id, newDisk())
	}
	t.Cleanup(c.stop)
	return c
}

func (c *cluster) config(id paxos.NodeID, boot uint64) Config {
	cfg := Config{
		Self: id, Limits: testLimits, CommitTimeout: time.Minute, Session: uuid.New(), Boot: boot,
		Logger: slog.New(roleHandler{&c.roles, id, c.t}),
	}
	for _, member := range c.all {
		cfg.Configuration.Voters = append(cfg.Configuration.Voters, paxos.Member{ID: member})
	}
	if joined, ok := c.joined[id]; ok {
		cfg.Configuration = joined
	}
	if c.tune != nil {
		c.tune(&cfg)
	}
	return cfg
}

func (c *cluster) start(id paxos.NodeID, d *disk) *node {
	c.t.Helper()
	d.boot++
	n := &node{cluster: c, id: id, disk: d, handle: newHandle(d), machine: newRecorder(), clock: &shiftedClock{}}
	var err error
	n.group, err = Open(c.config(id, d.boot), d.restored(), n.handle, port{c.net, id}, n.machine, n.clock)
	if err != nil {
		c.t.Fatal(err)
	}
	n.client.reads.L = &n.client.mu
	n.client.lane = n.group.NewLane(&n.client)
	c.nodes[id] = n
	c.net.attach(id, n.group)
	return n
}

// crash ends a node as kill -9 does: nothing is saved or sent any more.
func (c *cluster) crash(id paxos.NodeID) *node {
	n := c.nodes[id]
	n.handle.dead.Store(true)
	c.net.detach(id)
	n.group.end()
	<-n.group.finished
	delete(c.nodes, id)
	c.roles.mu.Lock()
	delete(c.roles.role, id)
	c.roles.mu.Unlock()
	return n
}

func (c *cluster) stop() {
	for id := range c.nodes {
		c.crash(id)
	}
	c.net.close()
}

// leader returns a node that leads, once there is one.
func (c *cluster) leader(not ...paxos.NodeID) *node {
	c.roles.mu.Lock()
	defer c.roles.mu.Unlock()
	for {
		for id, n := range c.nodes {
			if c.roles.role[id] == paxos.RoleLeader && (len(not) == 0 || id != not[0]) {
				return n
			}
		}
		c.roles.changed.Wait()
	}
}

// leaderless returns once a node follows nobody.
func (c *cluster) leaderless(id paxos.NodeID) {
	c.roles.mu.Lock()
	defer c.roles.mu.Unlock()
	for c.roles.role[id] != paxos.RoleFollower || !c.roles.ballot[id].IsZero() {
		c.roles.changed.Wait()
	}
}

// others are the nodes but one.
func (c *cluster) others(id paxos.NodeID) []*node {
	var others []*node
	for _, other := range c.all {
		if n := c.nodes[other]; n != nil && other != id {
			others = append(others, n)
		}
	}
	return others
}

// submit hands commands over in one piece; an empty text is a read behind them.
func (n *node) submit(texts ...string) []*item {
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	chunk := n.lane.Begin()
	if chunk.Replies == nil {
		chunk.Replies = &items{}
	}
	all := chunk.Replies.(*items)
	var submitted []*item
	for _, text := range texts {
		it := &item{text: text, done: make(chan result, 1)}
		submitted = append(submitted, it)
		all.list = append(all.list, it)
		if text != "" {
			chunk.Commands = appendCommand(chunk.Commands, text)
			chunk.Count++
		}
	}
	n.lane.End(chunk)
	return submitted
}

// large hands one large command over. Nothing else of the same client may be on its way.
func (n *node) large(text string) *item {
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	it := &item{text: text, done: make(chan result, 1)}
	n.lane.Large(&Chunk{Commands: appendCommand(nil, text), Count: 1, Replies: &items{list: []*item{it}}})
	return it
}

// waitSessions returns once this node's state has a session of another node that is as wanted.
func (n *node) waitSessions(wanted func(Session) bool, of paxos.NodeID) {
	n.machine.wait(func(*recorder) bool {
		n.group.applier.mu.Lock()
		defer n.group.applier.mu.Unlock()
		s, _ := n.group.applier.sessions.Get(of)
		return wanted(s)
	})
}

// turn has the loop take a turn, calls f on it, and returns when the turn after that has begun.
func (n *node) turn(f ...func(l *loop)) {
	for _, call := range append(f, func(*loop) {}) {
		done := make(chan struct{})
		if !n.group.inbox.control(func() { call(n.group.loop); close(done) }) {
			return
		}
		<-done
	}
}

// write submits one command and returns what became of it.
func (n *node) write(text string) result { return <-n.submit(text)[0].done }

func (n *node) mustWrite(text string) result {
	n.cluster.t.Helper()
	r := n.write(text)
	if r.outcome != 0 {
		n.cluster.t.Fatalf("node %v: %q was not applied: %v", n.id, text, r.outcome)
	}
	return r
}

func (c *client) ReadsReady(through uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = max(c.ready, through)
	c.reads.Broadcast()
}

func (c *client) ReadsFailed(through uint64, o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.outcome = max(c.failed, through), o
	c.reads.Broadcast()
}

func (c *client) askRead() uint64 {
	c.asking.Lock() // not mu: the lane may tell the client within AskRead
	defer c.asking.Unlock()
	c.asked++
	c.lane.AskRead(c.asked)
	return c.asked
}

// await waits until the reads up to a ticket may run, or returns why they may not.
func (c *client) await(ticket uint64) Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ready < ticket && c.failed < ticket {
		c.reads.Wait()
	}
	if c.ready >= ticket {
		return 0
	}
	return c.outcome
}

// read waits for a read slot and returns what the machine holds then, or why there was none.
func (n *node) read() ([]string, Outcome) {
	if outcome := n.await(n.askRead()); outcome != 0 {
		return nil, outcome
	}
	return n.machine.log(), 0
}
