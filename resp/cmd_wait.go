package resp

import (
	"strconv"
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
	}
}

// waitArgs reads WAIT's arguments.
func waitArgs(args statemachine.Args) (voters int, timeout time.Duration, problem string) {
	n, err := strconv.ParseInt(string(args[1]), 10, 32)
	if err != nil {
		return 0, 0, errInteger
	}
	ms, err := strconv.ParseInt(string(args[2]), 10, 64)
	switch {
	case err != nil || ms > int64(maxWait/time.Millisecond):
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
// voters have synced them or the time is up.
func wait(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	voters, timeout, problem := waitArgs(args)
	if problem != "" {
		l.reply(c, r, func(w *Writer) { w.Error(problem) })
		return
	}
	c.hold(r, nil)
	c.onIdle = func() { l.waitSynced(c, r, voters, timeout) }
	l.touch(c)
}

// waitSynced waits for the voters. Whoever comes first answers: the group, the timer, or the server's end.
func (l *eventLoop) waitSynced(c *Client, r *row, voters int, timeout time.Duration) {
	answered := false
	answer := func(count int) {
		if answered || c.closed {
			return
		}
		answered = true
		c.cancel()
		c.release()
		c.stopWait = nil
		l.reply(c, r, func(w *Writer) { w.Int(int64(count)) })
		l.touch(c)
	}
	giveUp := func() { answer(l.server.node.Synced(c.lastSlot)) }
	var timer *time.Timer
	if timeout > 0 {
		timer = time.AfterFunc(timeout, func() { l.do(giveUp) })
	}
	stop := l.server.node.WaitSynced(c.lastSlot, voters, func(count int) { l.do(func() { answer(count) }) })
	l.server.waiting.Add(1)
	c.hold(r, func() {
		l.server.waiting.Add(-1)
		stop()
		if timer != nil {
			timer.Stop()
		}
	})
	c.stopWait = giveUp
	if l.draining {
		giveUp()
	}
}
