package resp

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

func saveCommands() []localCommand {
	const save = statemachine.Admin | statemachine.NoScript | statemachine.NoAsyncLoading
	return []localCommand{
		{special: bgsave, local: bgsaveInExec, Command: statemachine.Command{Name: "BGSAVE", Arity: -1, Flags: save,
			Group: groupServer, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Has the cluster take a checkpoint, and returns once its slot is decided.", Syntax: "[SCHEDULE]"}},
		{special: saveNow, Command: statemachine.Command{Name: "SAVE", Arity: 1, Flags: save | statemachine.NoMulti,
			Group: groupServer, Since: "1.0.0", Complexity: "O(N) where N is the number of keys that changed since the checkpoint before",
			Summary: "Has the cluster take a checkpoint, and returns once this node has it on disk."}},
		{local: lastSave, Command: statemachine.Command{Name: "LASTSAVE", Arity: 1, Flags: quick, Group: groupServer,
			Since: "1.0.0", Complexity: "O(1)", Summary: "Returns the Unix timestamp of this node's newest checkpoint.",
			Tips: []string{"nondeterministic_output"}, Categories: []string{"admin", "dangerous"}}},
	}
}

// saveArgs reads BGSAVE's arguments.
func saveArgs(args statemachine.Args) (schedule bool, problem string) {
	switch {
	case len(args) == 1:
		return false, ""
	case len(args) == 2 && strings.EqualFold(string(args[1]), "SCHEDULE"):
		return true, ""
	}
	return false, errSyntaxError
}

// isSaving reports whether this node writes a checkpoint.
func (s *Server) isSaving() bool { return s.node.CheckpointStatus().Running != 0 }

// savingSince is since when a checkpoint is seen to be written. The group tells only which one it is.
type savingSince struct {
	mu   sync.Mutex
	slot replication.Slot
	at   time.Time
}

// passed returns for how long the checkpoint of a slot is seen to be written, now.
func (s *savingSince) passed(slot replication.Slot, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slot != slot {
		s.slot, s.at = slot, now
	}
	return max(now.Sub(s.at), 0)
}

// bgsave: BGSAVE [SCHEDULE]. While a checkpoint is being written there can be no other; with SCHEDULE it is taken then.
func bgsave(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	schedule, problem := saveArgs(args)
	saving := l.server.isSaving()
	switch {
	case problem != "":
		l.reply(c, r, writeError(problem))
	case saving && schedule:
		l.reply(c, r, l.server.scheduleSave)
	case saving:
		l.reply(c, r, writeError(errSaving))
	default:
		l.checkpoint(c, r, false, func(w *Writer) { w.Status("Background saving started") })
	}
}

// checkpoint has the cluster take a checkpoint, and replies by done once its slot is decided or, with stored, once this node has it on disk.
func (l *eventLoop) checkpoint(c *Client, r *row, stored bool, done func(w *Writer)) {
	l.errand(c, r, func(ctx context.Context) func(w *Writer) {
		if _, err := l.server.node.Checkpoint(ctx, stored); err != nil {
			return writeError(errorText(err))
		}
		return done
	})
}

// bgsaveInExec is BGSAVE inside a transaction, where nothing waits: as in Redis the checkpoint is taken afterwards.
func bgsaveInExec(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	schedule, problem := saveArgs(args)
	switch {
	case problem != "":
		w.Error(problem)
	case l.server.isSaving() && !schedule:
		w.Error(errSaving)
	default:
		l.server.scheduleSave(w)
	}
}

// scheduleSave has a checkpoint taken when the group comes to it, with nobody waiting. There is at most one on its way.
func (s *Server) scheduleSave(w *Writer) {
	if s.saveScheduled.CompareAndSwap(false, true) && !s.errands.start(s.scheduledSave) {
		s.saveScheduled.Store(false)
		w.Error(errTooManyErrands)
		return
	}
	w.Status("Background saving scheduled")
}

func (s *Server) scheduledSave() {
	defer s.saveScheduled.Store(false)
	if _, err := s.node.Checkpoint(s.errands.ctx, true); err != nil {
		s.logger.Warn("resp: the checkpoint that a client scheduled was not taken", "error", err)
	}
}

// saveNow: SAVE. Others are served meanwhile; only the client waits.
func saveNow(l *eventLoop, c *Client, r *row, _ statemachine.Args) {
	if l.server.isSaving() {
		l.reply(c, r, writeError(errSaving))
		return
	}
	l.checkpoint(c, r, true, writeOK)
}

// lastSave: LASTSAVE.
func lastSave(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { w.Int(l.server.lastSave()) }

// lastSave is when this node's newest checkpoint was taken, in Unix seconds; without one it is, as in Redis, the start.
func (s *Server) lastSave() int64 {
	if at := s.node.CheckpointStatus().At; !at.IsZero() {
		return at.Unix()
	}
	return s.start.Unix()
}

// writeOK writes the reply of what has no other.
func writeOK(w *Writer) { w.Status("OK") }
