package replication

import (
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

type pair struct{ from, to paxos.NodeID }

// network connects the groups of a test. Each direction has a queue and a goroutine, like a TCP connection.
type network struct {
	mu     sync.Mutex
	groups map[paxos.NodeID]*Group
	cut    map[pair]bool
	links  map[pair]*queue[paxos.Message]
	// filter, when set, returns how often a message is delivered.
	filter func(from, to paxos.NodeID, m paxos.Message) int
	// members are what each node told its transport last.
	members map[paxos.NodeID]paxos.Configuration
	told    sync.Cond
	ended   sync.WaitGroup
}

func newNetwork() *network {
	n := &network{
		groups: map[paxos.NodeID]*Group{}, cut: map[pair]bool{}, links: map[pair]*queue[paxos.Message]{},
		members: map[paxos.NodeID]paxos.Configuration{},
	}
	n.told.L = &n.mu
	return n
}

// port is one node's way into the network.
type port struct {
	net  *network
	self paxos.NodeID
}

func (p port) SetMembers(c paxos.Configuration) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.net.members[p.self] = c
	p.net.told.Broadcast()
}

// waitMembers returns once the configuration that a node told its transport is as wanted.
func (n *network) waitMembers(id paxos.NodeID, wanted func(*paxos.Configuration) bool) paxos.Configuration {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		if c, ok := n.members[id]; ok && wanted(&c) {
			return c
		}
		n.told.Wait()
	}
}

func (p port) Send(to paxos.NodeID, m paxos.Message) {
	n := p.net
	n.mu.Lock()
	copies := 1
	if n.filter != nil {
		copies = n.filter(p.self, to, m)
	}
	direction := pair{p.self, to}
	if n.cut[direction] || n.groups[to] == nil || n.groups[p.self] == nil {
		copies = 0
	}
	link := n.links[direction]
	if link == nil && copies > 0 {
		link = newQueue[paxos.Message]()
		n.links[direction] = link
		n.ended.Add(1)
		go n.deliver(direction, link)
	}
	n.mu.Unlock()
	for range copies {
		link.push([]paxos.Message{m}, 0)
	}
}

func (p port) SendAll(all []paxos.Envelope) {
	for _, e := range all {
		p.Send(e.To, e.Message)
	}
}

func (n *network) deliver(direction pair, link *queue[paxos.Message]) {
	defer n.ended.Done()
	var ms []paxos.Message
	for link.await() {
		ms, _ = link.take(ms)
		n.mu.Lock()
		group := n.groups[direction.to]
		if n.cut[direction] {
			group = nil
		}
		n.mu.Unlock()
		if group != nil {
			group.Receive(direction.from, ms)
		}
	}
}

func (n *network) setFilter(f func(from, to paxos.NodeID, m paxos.Message) int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.filter = f
}

func (n *network) attach(id paxos.NodeID, g *Group) {
	n.mu.Lock()
	n.groups[id] = g
	var others []paxos.NodeID
	for other := range n.groups {
		if other != id {
			others = append(others, other)
		}
	}
	n.mu.Unlock()
	for _, other := range others {
		n.linkUp(id, other)
	}
}

func (n *network) detach(id paxos.NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.groups, id)
}

// isolate cuts a node off from everybody, heal undoes it.
func (n *network) isolate(id paxos.NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other := range n.groups {
		n.cut[pair{id, other}], n.cut[pair{other, id}] = true, true
	}
}

func (n *network) heal() {
	n.mu.Lock()
	var healed []pair
	for direction := range n.cut {
		healed = append(healed, direction)
	}
	clear(n.cut)
	n.mu.Unlock()
	for _, direction := range healed {
		n.linkUp(direction.from, direction.to)
	}
}

func (n *network) linkUp(a, b paxos.NodeID) {
	n.mu.Lock()
	groupA, groupB := n.groups[a], n.groups[b]
	n.mu.Unlock()
	if groupA != nil && groupB != nil {
		groupA.LinkUp(b)
		groupB.LinkUp(a)
	}
}

func (n *network) close() {
	n.mu.Lock()
	for _, link := range n.links {
		link.close()
	}
	n.mu.Unlock()
	n.ended.Wait()
}
