package resp

import (
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// waitAOFArgs reads WAITAOF's arguments.
func waitAOFArgs(args statemachine.Args) (local, replicas int, timeout time.Duration, problem string) {
	n, ok := statemachine.ParseInt(args[1])
	if !ok {
		return 0, 0, 0, errInteger
	}
	if n < 0 || n > 1 {
		return 0, 0, 0, "ERR value is out of range, value must between 0 and 1"
	}
	if count, ok := statemachine.ParseInt(args[2]); !ok || count < 0 {
		return 0, 0, 0, "ERR value is out of range, must be positive"
	}
	replicas, timeout, problem = waitArgs(args[1:])
	return int(n), replicas, timeout, problem
}

// syncedHere tells whether this node has the connection's writes on stable storage, and how many other voters have.
func (s *Server) syncedHere(slot uint64) (local, others int) {
	others = s.node.Synced(slot)
	st := s.node.Status()
	for _, p := range st.Synced {
		if p.Node == st.Self && uint64(p.Slot) >= slot {
			return 1, max(0, others-1)
		}
	}
	return 0, others
}

func (s *Server) writeSyncedHere(slot uint64) func(w *Writer) {
	return func(w *Writer) {
		local, others := s.syncedHere(slot)
		w.Array(2)
		w.Int(int64(local))
		w.Int(int64(others))
	}
}

// waitAOF: WAITAOF numlocal numreplicas timeout. The journal is what Redis's append-only file would be: of this node, and of the other
// voters. An acknowledged write is on a majority of them already, so this is for those who want more.
func waitAOF(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	local, replicas, timeout, problem := waitAOFArgs(args)
	if problem != "" {
		l.reply(c, r, writeError(problem))
		return
	}
	l.pause(c, r, func(p *pause) {
		s, slot := l.server, c.lastSlot
		cancel := func() {}
		var timer *time.Timer
		p.giveUp = func() { p.answer(s.writeSyncedHere(slot)) }
		p.stop = func() {
			cancel()
			if timer != nil {
				timer.Stop()
			}
		}
		if timeout > 0 {
			timer = time.AfterFunc(timeout, func() { l.do(p.hurry) })
		}
		// The group tells of numbers of voters. If this one is not among them yet, the next number may bring it.
		var look func(voters int)
		look = func(voters int) {
			if p.over {
				return
			}
			if here, others := s.syncedHere(slot); here >= local && others >= replicas {
				p.giveUp()
				return
			}
			cancel = s.node.WaitSynced(slot, voters, func(count int) { l.do(func() { look(count + 1) }) })
		}
		look(max(1, local+replicas))
	})
}

// waitAOFInExec is WAITAOF inside a transaction, where nothing waits: it tells what is so.
func waitAOFInExec(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if _, _, _, problem := waitAOFArgs(args); problem != "" {
		w.Error(problem)
		return
	}
	l.server.writeSyncedHere(c.lastSlot)(w)
}
