package replication

import (
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Audience asks how many clients are subscribed to each of some channels.
type Audience struct {
	// Sharded is true for shard channels.
	Sharded bool
	Names   [][]byte
}

// MaxAudienceBytes bounds the names of one question, each with audienceNameCost: every node looks them up on the goroutine that decides
// what is chosen.
const MaxAudienceBytes = 64 << 10

// audienceNameCost is what a name counts besides its bytes.
const audienceNameCost = 16

// Check reports an error for a question that is too long.
func (a Audience) Check() error {
	bytes := 0
	for _, name := range a.Names {
		bytes += len(name) + audienceNameCost
	}
	if bytes > MaxAudienceBytes {
		return fmt.Errorf("%d names of channels take %d bytes, of which %d may be asked for at once", len(a.Names), bytes, MaxAudienceBytes)
	}
	return nil
}

// AudienceCounter counts the subscribers that this node has, one count for each name. It is called on the group's loop, and must not block.
type AudienceCounter func(a Audience) []uint64

// maxPolls bounds the questions to the peers that are under way at once.
const maxPolls = 256

// polls are the questions to all peers that are under way, and which peers can be asked. The loop owns it.
type polls struct {
	linked []paxos.NodeID // the peers that there is a link to
	own    []*poll        // oldest first
}

// poll is a question to all peers. It is over when each has answered, or lost its link, or the time is up.
type poll struct {
	number  uint64
	waiting []paxos.NodeID // those who have not answered
	until   int64          // Instant.Mono
	counts  []uint64
	done    func(counts []uint64, err error)
}

// CountAt sets who counts this node's subscribers for its peers. Until then it has none.
func (g *Group) CountAt(counter AudienceCounter) { g.counter.Store(&counter) }

// countHere is how many subscribers this node has.
func (g *Group) countHere(a Audience) []uint64 {
	if counter := g.counter.Load(); counter != nil {
		return (*counter)(a)
	}
	return make([]uint64, len(a.Names))
}

// CountElsewhere asks all peers to which there is a link how many subscribers they have, and calls done once with the sums: on the group's
// loop, which it must not block. A peer that is gone has none; one that does not answer within twice the longest election timeout is taken
// for gone. The error says that the question is too long, or that too many are under way. After cancel, done is not called unless it is
// running already; nor is it once the group has ended.
func (g *Group) CountElsewhere(a Audience, done func(counts []uint64, err error)) (cancel func()) {
	p := &poll{counts: make([]uint64, len(a.Names)), done: done}
	if err := a.Check(); err != nil {
		done(nil, err)
		return func() {}
	}
	g.inbox.control(func() { g.loop.startPoll(p, a) })
	return func() {
		g.inbox.control(func() { g.loop.polls.own = without(g.loop.polls.own, p) })
	}
}

func (l *loop) startPoll(p *poll, a Audience) {
	if len(l.polls.own) >= maxPolls {
		p.done(nil, fmt.Errorf("%d questions of how many are subscribed are under way already", maxPolls))
		return
	}
	payload, err := encodeRequest(request{kind: askAudience, audience: a})
	if err != nil {
		p.done(nil, err)
		return
	}
	p.number, p.until, p.waiting = l.nextAsk(), l.now.Mono+l.patience(), slices.Clone(l.polls.linked)
	for _, peer := range p.waiting {
		l.send(peer, paxos.Ask{Number: p.number, Payload: payload})
	}
	l.polls.own = append(l.polls.own, p)
	l.polls.settle()
}

func (ps *polls) linkUp(peer paxos.NodeID) {
	if !slices.Contains(ps.linked, peer) {
		ps.linked = append(ps.linked, peer)
	}
}

// linkDown has nobody wait for a peer any more.
func (ps *polls) linkDown(peer paxos.NodeID) {
	ps.linked = without(ps.linked, peer)
	for _, p := range ps.own {
		p.waiting = without(p.waiting, peer)
	}
	ps.settle()
}

// expire has those who waited for too long do without the rest.
func (ps *polls) expire(now int64) {
	for _, p := range ps.own {
		if p.until <= now {
			p.waiting = nil
		}
	}
	ps.settle()
}

// onAnswer takes a peer's counts, and reports whether it was one of its questions that was answered. A peer of an earlier release refuses,
// and has none.
func (ps *polls) onAnswer(l *loop, from paxos.NodeID, m paxos.Answer) bool {
	i := slices.IndexFunc(ps.own, func(p *poll) bool { return p.number == m.Number })
	if i < 0 {
		return false
	}
	p := ps.own[i]
	if !slices.Contains(p.waiting, from) {
		return true // again
	}
	p.waiting = without(p.waiting, from)
	got, err := decodeAnswer(m.Payload)
	switch {
	case err != nil:
		l.g.cfg.Logger.Warn("an answer cannot be decoded", "from", from, "error", err)
	case got.state != answerDone || len(got.counts) != len(p.counts):
		l.g.cfg.Logger.Debug("a peer does not tell its subscribers", "from", from, "why", got.refused)
	default:
		for i, n := range got.counts {
			p.counts[i] += n
		}
	}
	ps.settle()
	return true
}

// settle tells the sums to those whose question is over.
func (ps *polls) settle() {
	var over []*poll
	ps.own = withoutFunc(ps.own, func(p *poll) bool {
		if len(p.waiting) == 0 {
			over = append(over, p)
		}
		return len(p.waiting) == 0
	})
	for _, p := range over {
		p.done(p.counts, nil)
	}
}
