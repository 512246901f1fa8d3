package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

const errUnblockReason = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"

// clientUnblock: CLIENT UNBLOCK client-id [TIMEOUT | ERROR]. Replies 1 if that client of this node waited. One whose command is being run again
// gets what that finds, and is unblocked only if it finds nothing.
func clientUnblock(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	if len(args) > 4 {
		l.reply(c, r, writeError(statemachine.BadSubcommand(args)))
		return
	}
	byError := len(args) == 4 && strings.EqualFold(string(args[3]), "ERROR")
	if len(args) == 4 && !byError && !strings.EqualFold(string(args[3]), "TIMEOUT") {
		l.reply(c, r, writeError(errUnblockReason))
		return
	}
	id, ok := statemachine.ParseInt(args[2])
	if !ok {
		l.reply(c, r, writeError(errInteger))
		return
	}
	unblock := func(other *Client) []byte {
		if int64(other.id) != id || other.paused == nil || other.paused.unblock == nil {
			return nil
		}
		other.paused.unblock(byError)
		return []byte("unblocked")
	}
	l.visitAll(c, r, unblock, func(found []visit, w *Writer) { w.Int(int64(len(found))) })
}
