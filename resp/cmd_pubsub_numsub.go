package resp

import (
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// numSub is PUBSUB NUMSUB [channel ...] or PUBSUB SHARDNUMSUB [shardchannel ...]: how many clients are subscribed, of all nodes.
type numSub subscriptionKind

// special asks the peers, and adds what they say to what is here by then.
func (kind numSub) special(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	if len(args) == 2 {
		l.reply(c, r, func(w *Writer) { w.Array(0) })
		return
	}
	a := replication.Audience{Sharded: kind == numSub(toShard), Names: copyArgs(args[2:])}
	if err := a.Check(); err != nil {
		l.reply(c, r, writeError(errorText(err)))
		return
	}
	l.pause(c, r, func(p *pause) {
		p.brief = true
		p.giveUp = func() { p.answer(kind.write(l.server.hub, a.Names, nil)) }
		p.stop = l.server.node.CountElsewhere(a, func(counts []uint64, err error) {
			if err != nil {
				p.post(writeError(errorText(err)))
				return
			}
			p.post(kind.write(l.server.hub, a.Names, counts))
		})
	})
}

// inExec counts this node's clients alone: in a transaction nobody is waited for.
func (kind numSub) inExec(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	kind.write(l.server.hub, args[2:], nil)(w)
}

// write returns what writes the counts, with those of the peers if there are any.
func (kind numSub) write(h *hub, names [][]byte, elsewhere []uint64) func(w *Writer) {
	return func(w *Writer) {
		w.Array(2 * len(names))
		for i, name := range names {
			n := int64(h.subscribers(subscriptionKind(kind), name))
			if elsewhere != nil {
				n += int64(elsewhere[i])
			}
			w.Bulk(name)
			w.Int(n)
		}
	}
}

// countFor is this node's part of an audience, for its peers. On any goroutine.
func (h *hub) countFor(a replication.Audience) []uint64 {
	kind := toChannel
	if a.Sharded {
		kind = toShard
	}
	counts := make([]uint64, len(a.Names))
	for i, name := range a.Names {
		counts[i] = uint64(h.subscribers(kind, name))
	}
	return counts
}
