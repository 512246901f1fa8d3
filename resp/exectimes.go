package resp

import "time"

// execTimes times the commands of a transaction one by one, as Redis does: for the latency monitor, and for the slow log, which has them in place of
// EXEC. It belongs to whoever runs the transaction.
type execTimes struct {
	server *Server
	tx     *transaction
	last   int64        // when the command before ended, by the server's nanos
	slow   []slowQueued // in order
}

// slowQueued is a command of a transaction that is one for the slow log.
type slowQueued struct {
	index int
	nanos int64
}

// begin makes ready for a transaction, whose replies are written by w.
func (t *execTimes) begin(s *Server, w *Writer, tx *transaction, now int64) {
	t.server, t.tx, t.last, t.slow = s, tx, now, t.slow[:0]
	w.times = t
}

// step notes that a command has ended.
func (t *execTimes) step(i int) {
	now := t.server.nanos()
	nanos := now - t.last
	t.last = now
	r := t.tx.rows[i]
	t.server.stall(latencyEvent(r), time.Duration(nanos))
	if t.server.slow.wants(r, nanos) {
		t.slow = append(t.slow, slowQueued{i, nanos})
	}
}

// end hands over what was slow of the transaction that has run, with what the slow log keeps of its arguments.
func (t *execTimes) end(keep func(args []string, nanos int64)) {
	for _, q := range t.slow {
		keep(slowArguments(t.tx.rows[q.index], t.tx.queued[q.index].Args), q.nanos)
	}
	t.tx, t.slow = nil, t.slow[:0]
}

// Step implements statemachine.Stepper.
func (w *Writer) Step(i int) {
	if w.times != nil {
		w.times.step(i)
	}
}
