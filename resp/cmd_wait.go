package resp

import (
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

func waitCommands() []localCommand {
	return []localCommand{
		{special: wait, local: waitInExec, Command: statemachine.Command{Name: "WAIT", Arity: 3, Flags: statemachine.Blocking,
			Group: groupGeneric, Since: "3.0.0", Complexity: "O(1)",
			Summary:    "Blocks until the connection's writes are synced on that many voters, and returns on how many they are.",
			Syntax:     "numreplicas timeout",
			Tips:       []string{"request_policy:all_shards", "response_policy:agg_min"},
			Categories: []string{"connection"}}},
		{special: waitAOF, local: waitAOFInExec, Command: statemachine.Command{Name: "WAITAOF", Arity: 4, Flags: statemachine.Blocking | statemachine.NoScript,
			Group: groupGeneric, Since: "7.2.0", Complexity: "O(1)",
			Summary:    "Blocks until the connection's writes are synced by this node and by that many other voters.",
			Syntax:     "numlocal numreplicas timeout",
			Tips:       []string{"request_policy:all_shards", "response_policy:agg_min"},
			Categories: []string{"connection"}}},
	}
}

// waitArgs reads WAIT's arguments.
func waitArgs(args statemachine.Args) (voters int, timeout time.Duration, problem string) {
	n, ok := statemachine.ParseInt(args[1])
	if !ok || n != int64(int32(n)) {
		return 0, 0, errInteger
	}
	ms, ok := statemachine.ParseInt(args[2])
	switch {
	case !ok || ms > int64(maxWait/time.Millisecond):
		return 0, 0, errTimeout
	case ms < 0:
		return 0, 0, errTimeoutSign
	}
	return int(n), time.Duration(ms) * time.Millisecond, ""
}

// maxWait is the longest timeout that can be told as a duration.
const maxWait = 1<<63 - 1

// waitInExec is WAIT inside a transaction, where nothing waits: it tells what is so.
func waitInExec(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if _, _, problem := waitArgs(args); problem != "" {
		w.Error(problem)
		return
	}
	w.Int(int64(l.server.node.Synced(c.lastSlot)))
}

// wait: WAIT numreplicas timeout. The client is held until its writes before are applied, and then until that many
// voters have synced them or the time is up. Whoever comes first answers: the group, the timer, or the server's end.
func wait(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	voters, timeout, problem := waitArgs(args)
	if problem != "" {
		l.reply(c, r, writeError(problem))
		return
	}
	l.pause(c, r, func(p *pause) {
		node := l.server.node
		p.giveUp = func() { p.answer(writeCount(node.Synced(c.lastSlot))) }
		p.unblock = func(byError bool) {
			if byError {
				p.answer(writeError(errUnblocked))
			} else {
				p.giveUp()
			}
		}
		var timer *time.Timer
		if timeout > 0 {
			timer = time.AfterFunc(timeout, func() { l.do(p.hurry) })
		}
		cancel := node.WaitSynced(c.lastSlot, voters, func(count int) { p.post(writeCount(count)) })
		p.stop = func() {
			cancel()
			if timer != nil {
				timer.Stop()
			}
		}
	})
}

// writeCount returns what writes a number as the reply.
func writeCount(n int) func(w *Writer) {
	return func(w *Writer) { w.Int(int64(n)) }
}
