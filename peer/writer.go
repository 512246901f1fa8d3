package peer

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// writeBytes is about how much bulk goes into one write: what a heartbeat may have to wait for.
	writeBytes = 256 << 10
	// keptBytes is how large a write buffer may be to be used again.
	keptBytes = 1 << 20
)

// writer is the state of a link's writer goroutine.
type writer struct {
	link    *link
	encoder encoder
	taken   []queued
	buf     []byte
	pingDue bool
	// long is what remains to be sent of a long message, nil without one.
	long [][]byte
	// longKind and longTotal, the length of the whole, go with its first piece.
	longKind  paxos.MessageKind
	longTotal int
	longBegun bool
}

// write sends what is queued, everything that waits in one write, until the link is retired or dead.
func (l *link) write(prev *link) {
	defer close(l.writerDone)
	if prev != nil {
		select {
		case <-prev.writerDone:
		case <-l.dead:
			return
		}
	}
	w := &writer{link: l, pingDue: true}
	ticker := time.NewTicker(l.t.limits.PingInterval)
	defer ticker.Stop()
	for {
		stop, err := w.writeWaiting(ticker.C)
		if err != nil {
			l.fail(err)
		}
		if stop || err != nil {
			return
		}
		select {
		case <-l.r.outbox.wake:
		case <-ticker.C:
			w.pingDue = true
		case <-l.retired:
		case <-l.dead:
			return
		}
	}
}

// writeWaiting writes until nothing waits. It reports stop once it has written End.
func (w *writer) writeWaiting(ping <-chan time.Time) (stop bool, err error) {
	for {
		retired := false
		select {
		case <-w.link.retired:
			retired = true
		case <-ping:
			w.pingDue = true
		default:
		}
		if retired && w.long == nil && w.link.ending != endClosing {
			return true, w.end()
		}
		w.fill(retired && w.link.ending != endClosing)
		if len(w.buf) == 0 {
			if retired {
				return true, w.end()
			}
			return false, nil
		}
		if err := w.flush(); err != nil {
			return false, err
		}
	}
}

// flush makes one write of all that fill has gathered: TLS seals it in as few records as can be.
func (w *writer) flush() error {
	l := w.link
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.t.limits.StallTimeout)); err != nil {
		return err
	}
	n, err := l.conn.Write(w.buf)
	l.used((n+maxRecordBytes-1)/maxRecordBytes, n)
	l.r.counts.bytesSent.Add(uint64(n))
	if cap(w.buf) > keptBytes {
		w.buf = nil
	}
	return err
}

// end says that nothing more comes.
func (w *writer) end() error {
	w.buf = appendFrame(w.buf[:0], frameEnd, 0, []byte{byte(w.link.ending)})
	if err := w.flush(); err != nil {
		return err
	}
	w.link.endSent.Store(true)
	if half, ok := w.link.raw.Conn.(interface{ CloseWrite() error }); ok && w.link.ending == endClosing {
		return half.CloseWrite() // the peer closes when it has read everything; closing now could make the kernel throw it away
	}
	return nil
}

// fill gathers what is to be written next. While a long message is under way, bulk waits behind it and control
// messages go before its next pieces. With finish it only goes on with what was begun, and leaves the queue alone.
func (w *writer) fill(finish bool) {
	w.buf = w.buf[:0]
	w.signals()
	if !finish {
		bulk := writeBytes
		if w.long != nil {
			bulk = 0
		}
		w.taken = w.link.r.outbox.take(w.taken[:0], bulk)
		for i := range w.taken {
			w.message(w.taken[i].message)
		}
		clear(w.taken)
		w.encoder.release()
	}
	for w.long != nil && len(w.buf) < writeBytes {
		w.piece()
	}
}

// signals adds the frames of the link itself.
func (w *writer) signals() {
	if token := w.link.pong.Swap(0); token != 0 {
		w.signal(framePong, token)
	}
	if w.pingDue {
		w.pingDue = false
		w.signal(framePing, w.link.t.uptime())
	}
}

func (w *writer) signal(typ frameType, token uint64) {
	var body [8]byte
	binary.BigEndian.PutUint64(body[:], token)
	w.buf = appendFrame(w.buf, typ, 0, body[:])
}

// message adds a message that fits a frame, or begins a long one. Bulk that was taken behind a long message waits
// until that has been added whole; together they are no more than a batch.
func (w *writer) message(m paxos.Message) {
	for w.long != nil && isBulk(m.Kind()) {
		w.piece()
	}
	form, err := w.encoder.toWire(m)
	if err != nil {
		w.unsendable(m, err)
		return
	}
	size := form.SizeVT()
	switch {
	case size > w.link.t.limits.MessageBytes || size > pieceBytes && !isBulk(m.Kind()):
		err = fmt.Errorf("%d bytes are more than a message of its kind may have", size)
	case size > pieceBytes:
		err = w.begin(m.Kind(), form, size)
	default:
		start := len(w.buf)
		w.buf, err = appendWire(beginFrame(w.buf, frameMessage, m.Kind()), form, size)
		if err != nil {
			w.buf = w.buf[:start]
			break
		}
		endFrame(w.buf[start:])
	}
	if err != nil {
		w.unsendable(m, err)
		return
	}
	w.link.r.counts.messagesSent.Add(1)
}

// begin makes a long message the one under way.
func (w *writer) begin(kind paxos.MessageKind, form wireMessage, size int) error {
	parts, err := segments(form)
	if err != nil {
		return err
	}
	w.long, w.longKind, w.longTotal, w.longBegun = parts, kind, size, false
	return nil
}

// unsendable drops a message that no peer could receive. That is a defect of this node or a bound set too low, so it
// is logged.
func (w *writer) unsendable(m paxos.Message, err error) {
	w.link.r.counts.unsendable.Add(1)
	w.link.t.notices.report(slog.LevelError, w.link.r.subject(), "peer message cannot be sent", m.Kind().String()+": "+err.Error())
}

// piece adds the next piece of the long message.
func (w *writer) piece() {
	start, room := len(w.buf), pieceBytes
	if w.longBegun {
		w.buf = beginFrame(w.buf, framePiece, 0)
	} else {
		w.buf = beginFrame(w.buf, frameFirst, w.longKind)
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(w.longTotal))
		room -= 4
		w.longBegun = true
	}
	for room > 0 && len(w.long) > 0 {
		n := min(room, len(w.long[0]))
		w.buf = append(w.buf, w.long[0][:n]...)
		room -= n
		if w.long[0] = w.long[0][n:]; len(w.long[0]) == 0 {
			w.long = w.long[1:]
		}
	}
	endFrame(w.buf[start:])
	if len(w.long) == 0 {
		w.long = nil
	}
}
