package peer

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// writeBytes is about how much bulk goes into one write: what a heartbeat may have to wait for.
	writeBytes = 256 << 10
	// keptBytes is how large a write buffer may be to be used again.
	keptBytes = 1 << 20
)

// writer writes a link's messages: on the goroutine that queued them, if that takes no waiting (writeNow), else on its own.
type writer struct {
	link *link
	// mu is held by whoever writes; it guards the rest.
	mu      sync.Mutex
	encoder encoder
	taken   []queued
	buf     []byte
	pingDue atomic.Bool
	// long is what each stream has under way.
	long [streams]outgoing
}

// outgoing is what remains to be sent of a long message; no segments without one.
type outgoing struct {
	segments [][]byte
	// kind and total, the length of the whole, go with its first piece.
	kind  paxos.MessageKind
	total int
	begun bool
}

func (o *outgoing) active() bool { return len(o.segments) > 0 }

// underWay reports whether a message is sent in part.
func (w *writer) underWay() bool { return w.long[streamBulk].active() || w.long[streamParts].active() }

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
	w := l.writer
	w.open()
	defer w.close()
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
			w.pingDue.Store(true)
		case <-l.retired:
		case <-l.dead:
			return
		}
	}
}

// writeWaiting writes until nothing waits. It reports stop once it has written End.
func (w *writer) writeWaiting(ping <-chan time.Time) (stop bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.link.raw.drain(w.link.t.limits.StallTimeout); err != nil {
		return false, err
	}
	for {
		retired := false
		select {
		case <-w.link.retired:
			retired = true
		case <-ping:
			w.pingDue.Store(true)
		default:
		}
		finish := retired && !w.link.ending.flushes()
		if finish && !w.underWay() {
			return true, w.end()
		}
		w.fill(finish)
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

// flush writes all that fill has gathered, and waits for the socket.
func (w *writer) flush() error {
	if err := w.seal(); err != nil {
		return err
	}
	return w.link.raw.drain(w.link.t.limits.StallTimeout)
}

// seal has TLS encrypt all that fill has gathered, in as few records as can be.
func (w *writer) seal() error {
	l := w.link
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
	w.buf = appendFrame(w.buf[:0], w.link.format, frameEnd, 0, w.link.ending.body())
	if err := w.flush(); err != nil {
		return err
	}
	w.link.endSent.Store(true)
	if half, ok := w.link.raw.Conn.(interface{ CloseWrite() error }); ok && w.link.ending.flushes() {
		return half.CloseWrite() // the peer closes when it has read everything; closing now could make the kernel throw it away
	}
	return nil
}

// fill gathers what is to be written next. While a long message is under way, bulk waits behind it and control
// messages go before its next pieces; parts of checkpoints take what room is left, and a piece at least. With finish
// it only goes on with what was begun, and leaves the queue alone.
func (w *writer) fill(finish bool) {
	w.buf = w.buf[:0]
	w.signals()
	if !finish {
		w.takeWaiting()
	}
	for w.long[streamBulk].active() && len(w.buf) < writeBytes {
		w.piece(streamBulk)
	}
	if !finish && !w.long[streamParts].active() {
		if m, ok := w.link.r.outbox.takePart(); ok {
			w.message(m)
		}
	}
	for first := true; w.long[streamParts].active() && (first || len(w.buf) < writeBytes); first = false {
		w.piece(streamParts)
	}
}

func (w *writer) takeWaiting() {
	bulk := writeBytes
	if w.long[streamBulk].active() {
		bulk = 0
	}
	w.taken = w.link.r.outbox.take(w.taken[:0], bulk)
	for i := range w.taken {
		w.message(w.taken[i].message)
	}
	clear(w.taken)
	w.encoder.release()
}

// signals adds the frames of the link itself.
func (w *writer) signals() {
	if token := w.link.pong.Swap(0); token != 0 {
		w.signal(framePong, token)
	}
	if w.pingDue.Load() {
		w.pingDue.Store(false)
		w.signal(framePing, w.link.t.uptime())
	}
}

func (w *writer) signal(typ frameType, token uint64) {
	var body [8]byte
	binary.BigEndian.PutUint64(body[:], token)
	w.buf = appendFrame(w.buf, w.link.format, typ, 0, body[:])
}

// message adds a message that fits a frame, or begins a long one.
func (w *writer) message(m paxos.Message) {
	form, err := w.encoder.toWire(m)
	if err != nil {
		w.unsendable(m, err)
		return
	}
	size, kind := form.SizeVT(), m.Kind()
	switch {
	case size > messageLimit(kind, w.link.t.limits.MessageBytes):
		err = fmt.Errorf("%d bytes are more than a message of its kind may have", size)
	case size > pieceBytes:
		err = w.start(kind, form, size)
	default:
		err = w.short(kind, form, size)
	}
	if err != nil {
		w.unsendable(m, err)
		return
	}
	w.link.r.counts.messagesSent.Add(1)
}

// short adds a message in one frame. Bulk that was taken behind a long message waits until that has been added whole;
// together they are no more than a batch.
func (w *writer) short(kind paxos.MessageKind, form wireMessage, size int) error {
	if w.link.r.outbox.laneOf(kind, size) == &w.link.r.outbox.bulk {
		w.complete(streamBulk)
	}
	start := len(w.buf)
	buf, err := appendWire(beginFrame(w.buf, w.link.format, frameMessage, kind, 0), form, size)
	if err != nil {
		return err
	}
	w.buf = buf
	endFrame(w.buf[start:])
	return nil
}

// start makes a long message the one its stream has under way, after the one before it.
func (w *writer) start(kind paxos.MessageKind, form wireMessage, size int) error {
	parts, err := segments(form)
	if err != nil {
		return err
	}
	w.complete(streamOf(kind))
	w.long[streamOf(kind)] = outgoing{segments: parts, kind: kind, total: size}
	return nil
}

func (w *writer) complete(s stream) {
	for w.long[s].active() {
		w.piece(s)
	}
}

// unsendable drops a message that no peer could receive. That is a defect of this node or a bound set too low, so it
// is logged.
func (w *writer) unsendable(m paxos.Message, err error) {
	w.link.r.counts.unsendable.Add(1)
	w.link.t.notices.report(slog.LevelError, w.link.r.subject(), "peer message cannot be sent", m.Kind().String()+": "+err.Error())
}

// piece adds the next piece of the long message of a stream.
func (w *writer) piece(s stream) {
	long := &w.long[s]
	start, room := len(w.buf), pieceBytes
	if long.begun {
		w.buf = beginFrame(w.buf, w.link.format, framePiece, 0, s)
	} else {
		w.buf = beginFrame(w.buf, w.link.format, frameFirst, long.kind, s)
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(long.total))
		room -= 4
		long.begun = true
	}
	for room > 0 && len(long.segments) > 0 {
		n := min(room, len(long.segments[0]))
		w.buf = append(w.buf, long.segments[0][:n]...)
		room -= n
		if long.segments[0] = long.segments[0][n:]; len(long.segments[0]) == 0 {
			long.segments = long.segments[1:]
		}
	}
	endFrame(w.buf[start:])
	if len(long.segments) == 0 {
		*long = outgoing{}
	}
}
