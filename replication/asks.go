package replication

import (
	"context"
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// askKind is what the leader is asked to do, or any node to tell. The values are part of the links' format.
type askKind uint32

const (
	askChange     askKind = 1 // change the members, or the leader
	askCheckpoint askKind = 2 // have the slot of a checkpoint decided
	askAudience   askKind = 3 // tell how many clients are subscribed: asked of every node, see audience.go
	askReport     askKind = 4 // tell about itself: of any node, not of the leader alone
)

// request is what a node asks of the leader, or of a peer. Whatever it is must be safe to ask for again: messages are lost, leaders change
// in the middle, and the asker only knows that it has no answer yet.
type request struct {
	kind     askKind
	change   Change   // of askChange
	audience Audience // of askAudience
}

// answerState says what an answer means.
type answerState uint32

const (
	answerDone      answerState = 1
	answerRefused   answerState = 2
	answerElsewhere answerState = 3 // the node asked does not lead; node is who does, as far as it knows
	answerPicked    answerState = 4 // under way; the leader chose node where the request named none
)

// answer is what the leader says.
type answer struct {
	state         answerState
	refused       string
	node          paxos.NodeID
	slot          paxos.Slot          // of askCheckpoint
	configuration paxos.Configuration // of askChange
	report        []byte              // of askReport
	counts        []uint64            // of askAudience
}

// The bounds of requests under way: this node's own, and those it works on as leader.
const (
	maxOwnAsks = 64
	maxAsked   = 256
)

// asks are the requests under way. The loop owns it.
type asks struct {
	lastNumber uint64
	own        []*ask
	asked      []*asked
}

// ask is a request of this node's own, sent again on each new leadership until it is answered.
type ask struct {
	number  uint64
	request request
	placed  bool  // with the leader of the leadership at hand
	retryAt int64 // Instant.Mono
	done    chan answer
}

// asked is a request that this node works on as leader. It is dropped with the leadership: who asks asks again.
type asked struct {
	from    paxos.NodeID
	number  uint64
	request request
	own     *ask  // of this node, nil for a peer's
	since   int64 // Instant.Mono of the arrival
	until   int64 // Instant.Mono: who has not asked again by then waits no longer
	// handOverBy is the Instant.Mono by which a hand-over that the request needs has ended this leadership; 0: none was begun.
	handOverBy int64
	handOverTo paxos.NodeID
	// mark is the number of the checkpoint that answers an askCheckpoint; 0 until it is known.
	mark uint64
}

// askLeader has the leader do what r says, whichever node that is and however often it changes, until ctx ends. The error
// is the reason of a refusal, or why there is no answer.
func (g *Group) askLeader(ctx context.Context, r request) (answer, error) {
	a := &ask{request: r, done: make(chan answer, 1)}
	if !g.inbox.control(func() { g.loop.startAsk(a) }) {
		return answer{}, errors.New("the group has ended")
	}
	select {
	case got := <-a.done:
		if got.state != answerDone {
			return got, errors.New(got.refused)
		}
		return got, nil
	case <-g.finished:
		return answer{}, errors.New("the group has ended; whether it was done is not known")
	case <-ctx.Done():
		g.inbox.control(func() { g.loop.forgetAsk(a) })
		return answer{}, fmt.Errorf("no answer from a leader in time; it may still be done: %w", ctx.Err())
	}
}

func (l *loop) startAsk(a *ask) {
	if len(l.asks.own) >= maxOwnAsks {
		a.done <- answer{state: answerRefused, refused: fmt.Sprintf("%d requests to the leader are under way already", maxOwnAsks)}
		return
	}
	a.number = l.nextAsk()
	l.asks.own = append(l.asks.own, a)
}

// nextAsk is the number of the next question to a peer.
func (l *loop) nextAsk() uint64 {
	if l.asks.lastNumber == 0 {
		l.asks.lastNumber = l.seed.Uint64() >> 1 // an answer to an earlier boot must not be taken for one to this
	}
	l.asks.lastNumber++
	return l.asks.lastNumber
}

func (l *loop) forgetAsk(a *ask) {
	l.asks.own = without(l.asks.own, a)
	l.asks.asked = withoutFunc(l.asks.asked, func(w *asked) bool { return w.own == a })
}

// without returns list with item taken out, in place.
func without[T comparable](list []T, item T) []T {
	return withoutFunc(list, func(other T) bool { return other == item })
}

// withoutFunc returns list with some items taken out, in place; what is behind them can be collected.
func withoutFunc[T any](list []T, out func(T) bool) []T {
	kept := list[:0]
	for _, item := range list {
		if !out(item) {
			kept = append(kept, item)
		}
	}
	clear(list[len(kept):])
	return kept
}

// restart has every request placed again: a leadership has begun, or ended.
func (a *asks) restart() {
	clear(a.asked)
	a.asked = a.asked[:0]
	for _, own := range a.own {
		own.placed = false
	}
}

// askAgain sends again what was sent over a link that broke.
func (l *loop) askAgain() {
	for _, own := range l.asks.own {
		own.placed = false
	}
}

// proceedAsks places this node's requests, and works on those it has as leader.
func (l *loop) proceedAsks() {
	for _, a := range l.asks.own {
		l.place(a)
	}
	if l.g.removed.Load() {
		l.endOwnAsks()
	}
	if l.active && len(l.asks.asked) > 0 {
		l.work()
	}
}

// place gives a request to the leader, as far as one is known, and again to a peer that has not answered for a while.
func (l *loop) place(a *ask) {
	if l.leader == 0 || a.placed && (l.leader == l.g.cfg.Self || l.now.Mono < a.retryAt) {
		return
	}
	a.placed, a.retryAt = true, l.now.Mono+l.retryFirst()
	if l.leader == l.g.cfg.Self {
		l.asks.asked = append(l.asks.asked, &asked{from: l.leader, number: a.number, request: a.request, own: a, since: l.now.Mono, until: 1<<63 - 1})
		return
	}
	payload, err := encodeRequest(a.request)
	if err != nil {
		l.endAsk(a, answer{state: answerRefused, refused: err.Error()})
		return
	}
	l.send(l.leader, paxos.Ask{Number: a.number, Payload: payload})
}

// endOwnAsks answers the requests of a node that is no member any more: nobody else will. What was asked for may be just that.
func (l *loop) endOwnAsks() {
	for len(l.asks.own) > 0 {
		a := l.asks.own[0]
		got := answer{state: answerRefused, refused: ErrNoMember.Error()}
		if c := a.request.change; a.request.kind == askChange && c.Kind == RemoveMember && c.Member.ID == l.g.cfg.Self {
			got = answer{state: answerDone, configuration: l.g.Configuration()}
		}
		l.endAsk(a, got)
	}
}

func (l *loop) endAsk(a *ask, got answer) {
	l.forgetAsk(a)
	a.done <- got
}

// isKnown reports whether this release knows the kind.
func (k askKind) isKnown() bool { return k == askChange || k == askCheckpoint || k == askAudience }

// workOn does what there is to do for a request, and reports the answer once there is one. It is called turn after turn.
func (l *loop) workOn(a *asked) (answer, bool) {
	if a.request.kind == askCheckpoint {
		return l.workOnCheckpoint(a)
	}
	return l.workOnChange(a)
}

func (l *loop) work() {
	l.asks.asked = withoutFunc(l.asks.asked, func(a *asked) bool { return a.until < l.now.Mono })
	for _, a := range append([]*asked(nil), l.asks.asked...) {
		if got, ok := l.workOn(a); ok {
			l.asks.asked = without(l.asks.asked, a)
			l.tell(a, got)
		}
	}
}

// tell gives the asker an answer.
func (l *loop) tell(a *asked, got answer) {
	switch {
	case a.own == nil:
		l.sendAnswer(a.from, a.number, got)
	case got.state == answerPicked:
		a.own.request.change.Member.ID = got.node
	default:
		l.endAsk(a.own, got)
	}
}

func (l *loop) sendAnswer(to paxos.NodeID, number uint64, got answer) {
	payload, err := encodeAnswer(got)
	if err != nil {
		l.g.fail(fmt.Errorf("an answer for node %v could not be encoded: %w", to, err))
		return
	}
	l.send(to, paxos.Answer{Number: number, Payload: payload})
}

// onAsk takes a peer's request, if this node leads. One that is here already goes on.
func (l *loop) onAsk(from paxos.NodeID, m paxos.Ask) {
	if m.Number&reportNumber != 0 {
		l.g.reports.ask(from, m)
		return
	}
	l.followLeader()
	until := l.now.Mono + l.patience()
	for _, a := range l.asks.asked {
		if a.from == from && a.number == m.Number {
			a.until = until
			return
		}
	}
	r, err := decodeRequest(m.Payload)
	switch {
	case err != nil:
		l.sendAnswer(from, m.Number, answer{state: answerRefused, refused: fmt.Sprintf("node %v: %v", l.g.cfg.Self, err)})
	case r.kind == askAudience:
		l.sendAnswer(from, m.Number, answer{state: answerDone, counts: l.g.countHere(r.audience)})
	case l.leader != l.g.cfg.Self:
		l.sendAnswer(from, m.Number, answer{state: answerElsewhere, node: l.leader})
	case len(l.asks.asked) >= maxAsked:
		l.counters.dropped++ // it is sent again
	default:
		l.asks.asked = append(l.asks.asked, &asked{from: from, number: m.Number, request: r, since: l.now.Mono, until: until})
	}
}

// onAnswer takes an answer to a request or a question of this node's own. Late ones are left alone.
func (l *loop) onAnswer(from paxos.NodeID, m paxos.Answer) {
	if m.Number&reportNumber != 0 {
		l.g.reports.answered(from, m)
		return
	}
	if l.polls.onAnswer(l, from, m) {
		return
	}
	for _, a := range l.asks.own {
		if a.number != m.Number {
			continue
		}
		got, err := decodeAnswer(m.Payload)
		switch {
		case err != nil:
			l.g.cfg.Logger.Warn("an answer cannot be decoded", "from", from, "error", err)
		case got.state == answerElsewhere: // it will be asked again, there or elsewhere
			l.g.cfg.Logger.Debug("the node asked does not lead", "asked", from, "leader", got.node)
		case got.state == answerPicked:
			a.request.change.Member.ID = got.node
		default:
			l.endAsk(a, got)
		}
		return
	}
}
