package resp

import (
	"strings"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// pauseArgs reads the arguments of CLIENT PAUSE.
func pauseArgs(args statemachine.Args) (mode haltMode, d time.Duration, problem string) {
	mode = haltAll
	if len(args) > 4 {
		return 0, 0, statemachine.BadSubcommand(args)
	}
	if len(args) == 4 {
		switch strings.ToUpper(string(args[3])) {
		case "WRITE":
			mode = haltWrites
		case "ALL":
		default:
			return 0, 0, errPauseMode
		}
	}
	ms, ok := statemachine.ParseInt(args[2])
	switch {
	case !ok || ms > int64(maxWait/time.Millisecond):
		return 0, 0, errTimeout
	case ms < 0:
		return 0, 0, errTimeoutSign
	}
	return mode, time.Duration(ms) * time.Millisecond, ""
}

// clientPause: CLIENT PAUSE timeout [WRITE|ALL]. Once it is answered no loop of this node begins a command that is paused; those
// that were handed to the log before are applied.
func clientPause(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	mode, d, problem := pauseArgs(args)
	if problem != "" {
		l.reply(c, r, writeError(problem))
		return
	}
	l.server.halt.begin(mode, d, l.server.followHaltEverywhere)
	l.onAllLoops(c, r, (*eventLoop).followHalt, writeOK)
}

// clientPauseInExec is CLIENT PAUSE inside a transaction, where nothing waits: other loops follow as soon as they can.
func clientPauseInExec(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	mode, d, problem := pauseArgs(args)
	if problem != "" {
		w.Error(problem)
		return
	}
	l.server.halt.begin(mode, d, l.server.followHaltEverywhere)
	l.server.followHaltEverywhere()
	l.followHalt()
	writeOK(w)
}

// clientUnpause: CLIENT UNPAUSE.
func clientUnpause(l *eventLoop, c *Client, r *row, _ statemachine.Args) {
	l.server.halt.end()
	l.onAllLoops(c, r, (*eventLoop).followHalt, writeOK)
}

// clientUnpauseInExec is CLIENT UNPAUSE inside a transaction.
func clientUnpauseInExec(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	l.server.halt.end()
	l.server.followHaltEverywhere()
	writeOK(w)
}
