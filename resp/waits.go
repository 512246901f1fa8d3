package resp

import (
	"math/bits"

	"github.com/paxredis/paxredis/replication"
)

// A command's wait is what its client sees of this node: from when its event loop found the command whole in what the client has sent, until its reply
// is handed to the socket. So it has in it what the command's execution has not: its way through the log or the wait for a read slot, for room, for
// the commands before it, and for the end of the turn. It costs no look at the clock of its own: a turn's commands came when the turn began, and
// are answered when it has ended, both of which the loop knows. A command that waits for what others do (BLPOP, WAIT) is counted if
// something came of it, from when it was last tried.

// openWait is a command whose reply is on its way to the socket.
type openWait struct {
	row   int   // its place in the statistics
	since int64 // by the server's nanos
}

// maxKeptWaits is how much room for open waits a loop keeps for its next turn.
const maxKeptWaits = 4096

// came notes when the command that is about to be dispatched came: now, unless it had to wait before.
func (l *eventLoop) came(c *Client) {
	l.since = l.clock
	if c.heldUpSince != 0 {
		l.since, c.heldUpSince = c.heldUpSince, 0
	}
}

// holdUp notes that the command at hand came now, and cannot be dispatched yet.
func (l *eventLoop) holdUp(c *Client) {
	if c.heldUpSince == 0 {
		c.heldUpSince = l.clock
	}
}

// replied notes that a command's reply goes to the socket at the end of this turn. r is nil for one that is not in the table, since 0 for one that is not counted.
func (l *eventLoop) replied(r *row, since int64) {
	if r != nil && since != 0 {
		l.waits = append(l.waits, openWait{r.index, since})
	}
}

// endWaits counts the waits whose replies are at their sockets now, by the server's nanos. Most of a turn are of one command and about as long, and are counted
// together.
func (l *eventLoop) endWaits(now int64) {
	if len(l.waits) == 0 {
		return
	}
	row, power := l.waits[0].row, 0
	var count, sum uint64
	for _, w := range l.waits {
		waited := uint64(max(0, now-w.since))
		if p := bits.Len64(waited); p != power || w.row != row {
			l.stats.commands[row].waited(power, count, sum)
			row, power, count, sum = w.row, p, 0, 0
		}
		count++
		sum += waited
	}
	l.stats.commands[row].waited(power, count, sum)
	if l.waits = l.waits[:0]; cap(l.waits) > maxKeptWaits {
		l.waits = nil
	}
}

// waited notes so many waits of one power of two of nanoseconds, and their sum.
func (c *commandStats) waited(power int, count, sum uint64) {
	if count == 0 {
		return
	}
	h := c.wait.Load()
	if h == nil {
		h = new(replication.Histogram)
		c.wait.Store(h)
	}
	h.AddAlike(power, count, sum)
}

// waits are those of all loops, by command, in nanoseconds. Commands without any are left out.
func (s *Server) waits() map[string]replication.HistogramCounts {
	all := make(map[string]replication.HistogramCounts)
	for _, l := range s.allLoops() {
		for _, r := range s.rows {
			if h := l.stats.commands[r.index].wait.Load(); h != nil {
				sum, counts := all[r.name], h.Read()
				sum.Include(&counts)
				all[r.name] = sum
			}
		}
	}
	return all
}
