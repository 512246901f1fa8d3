package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// MaxReportBytes bounds what a node tells another one about itself.
const MaxReportBytes = 256 << 10

// reportNumber marks the numbers of requests for reports: those of other requests are below it. So an answer is known for what it is before
// it is decoded, also one of a release that knows no reports.
const reportNumber = 1 << 63

// maxReportsAsked bounds the requests for reports that wait for this node, which answers them one after another: who asks in vain asks again.
const maxReportsAsked = 16

// reports asks other nodes to tell about themselves, and answers those that ask. Requests and answers travel as those to the leader do
// (asks.go), but neither waits for one: they are there to see what is wrong when there is none. The loop passes them on.
type reports struct {
	own       func() []byte // nil: this node tells nothing
	transport Transport
	asked     chan reportAsk
	ended     chan struct{}

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]reportWait
}

// reportAsk is a peer's request.
type reportAsk struct {
	from   paxos.NodeID
	number uint64
}

// reportWait is a request of this node's own.
type reportWait struct {
	of   paxos.NodeID
	done chan answer
}

// newReports numbers the requests of each boot apart: an answer to an earlier one must not be taken for one to this.
func newReports(own func() []byte, t Transport, boot uint64) *reports {
	return &reports{own: own, transport: t, asked: make(chan reportAsk, maxReportsAsked), ended: make(chan struct{}),
		last: boot << 32, waiting: make(map[uint64]reportWait)}
}

// errNoReports is what a node says that tells nothing.
var errNoReports = errors.New("this node tells nothing about itself")

// Report has another node tell about itself, in the bytes that its Config.Report makes, and returns when they are here or ctx ends. The error says
// why there are none; nothing is asked twice, so that it is ctx's when the request was lost. Safe for use by several goroutines.
func (g *Group) Report(ctx context.Context, of paxos.NodeID) ([]byte, error) {
	r := g.reports
	payload, err := encodeRequest(request{kind: askReport})
	if err != nil {
		return nil, fmt.Errorf("replication: report: %w", err)
	}
	done := make(chan answer, 1)
	number := r.await(of, done)
	defer r.forget(number)
	r.transport.Send(of, paxos.Ask{Number: number, Payload: payload})
	select {
	case a := <-done:
		if a.state != answerDone {
			return nil, fmt.Errorf("replication: report of node %v: %s", of, a.why())
		}
		return a.report, nil
	case <-g.finished:
		return nil, errors.New("replication: report: the group has ended")
	case <-ctx.Done():
		return nil, fmt.Errorf("replication: node %v has not answered in time: %w", of, ctx.Err())
	}
}

// why is what an answer without what was asked for means.
func (a *answer) why() string {
	if a.refused != "" {
		return a.refused
	}
	return "it is of a release that tells nothing about itself"
}

// await notes a request and gives it a number.
func (r *reports) await(of paxos.NodeID, done chan answer) (number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	number = r.last | reportNumber
	r.waiting[number] = reportWait{of, done}
	return number
}

func (r *reports) forget(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, number)
}

// answered takes a peer's answer. Late ones, and those that were asked of somebody else, are left alone.
func (r *reports) answered(from paxos.NodeID, m paxos.Answer) {
	r.mu.Lock()
	w, ok := r.waiting[m.Number]
	if ok = ok && w.of == from; ok {
		delete(r.waiting, m.Number)
	}
	r.mu.Unlock()
	if !ok {
		return
	}
	a, err := decodeAnswer(m.Payload)
	if err != nil {
		a = answer{state: answerRefused, refused: err.Error()}
	}
	w.done <- a
}

// takeFrom takes what concerns reports of messages that nobody else takes.
func (r *reports) takeFrom(from paxos.NodeID, ms []paxos.Message) {
	for _, m := range ms {
		switch m := m.(type) {
		case paxos.Ask:
			if m.Number&reportNumber != 0 {
				r.ask(from, m)
			}
		case paxos.Answer:
			if m.Number&reportNumber != 0 {
				r.answered(from, m)
			}
		}
	}
}

// ask takes a peer's request. It does not wait: one too many is dropped.
func (r *reports) ask(from paxos.NodeID, m paxos.Ask) {
	select {
	case r.asked <- reportAsk{from, m.Number}:
	default:
	}
}

// run answers peers until quit is closed.
func (r *reports) run(quit <-chan struct{}) {
	defer close(r.ended)
	for {
		select {
		case a := <-r.asked:
			r.tell(a)
		case <-quit:
			return
		}
	}
}

func (r *reports) tell(a reportAsk) {
	payload, err := encodeAnswer(r.make())
	if err != nil {
		return // it has no configuration, which is all that may fail to be encoded
	}
	r.transport.Send(a.from, paxos.Answer{Number: a.number, Payload: payload})
}

// make is the answer to whoever asks now.
func (r *reports) make() answer {
	if r.own == nil {
		return answer{state: answerRefused, refused: errNoReports.Error()}
	}
	text := r.own()
	if len(text) > MaxReportBytes {
		return answer{state: answerRefused, refused: fmt.Sprintf("its report has %d bytes, more than the %d that are sent", len(text), MaxReportBytes)}
	}
	return answer{state: answerDone, report: text}
}
