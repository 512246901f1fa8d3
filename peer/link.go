package peer

import (
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"
)

// link is one authenticated connection to a member. Its reader and its writer are a goroutine each; everything else
// only signals them.
type link struct {
	t    *Transport
	r    *remote
	conn *tls.Conn
	raw  *rawConn
	// proof has the keys that the link was made with.
	proof *proof
	// writer writes what waits for the member.
	writer *writer
	// format is what the frames of this link are in.
	format uint8
	// prev is the member's link before this one, nil without one. The reader clears it once it is over.
	prev *link

	// retired is closed when the writer shall write what it has begun, then End, and stop.
	retired    chan struct{}
	retireOnce sync.Once
	ending     ending
	// dead is closed when the link has failed or ended; err says why and may be read after that.
	dead     chan struct{}
	deadOnce sync.Once
	err      error
	// due is closed when the dialler shall replace the link.
	due     chan struct{}
	dueOnce sync.Once
	// writerDone and done are closed when the writer, and then all of the link, is over.
	writerDone, done chan struct{}

	// endSent and endReceived together say that the link handed over without losing a message.
	endSent, endReceived atomic.Bool
	// pong is the ping to send back, 0 without one.
	pong atomic.Uint64
	// records and bytes count both directions.
	records, bytes atomic.Int64
}

func newLink(t *Transport, r *remote, conn *tls.Conn, raw *rawConn, format uint8) *link {
	l := &link{t: t, r: r, conn: conn, raw: raw, format: format, retired: make(chan struct{}), dead: make(chan struct{}),
		due: make(chan struct{}), writerDone: make(chan struct{}), done: make(chan struct{})}
	l.writer = &writer{link: l}
	l.writer.pingDue.Store(true)
	return l
}

// run serves the link until it is over. It must be adopted before.
func (l *link) run() {
	defer close(l.done)
	go l.write(l.prev)
	if l.awaitPredecessor() {
		if err := l.read(); err != nil {
			l.fail(err)
		} else {
			l.awaitHandOver()
		}
	}
	l.fail(errEnded)
	<-l.writerDone
	if l.r.over(l) {
		l.r.logDown(l.t.notices, l.err)
		l.t.handler.LinkDown(l.r.id)
	}
	l.t.forget(l.r)
}

// awaitPredecessor waits until the former link to this member delivers nothing any more, so that messages of one
// member never go back in time, and says LinkUp unless that link handed over in good order.
func (l *link) awaitPredecessor() (alive bool) {
	continued := false
	if prev := l.prev; prev != nil {
		<-prev.done // ends soon: prev hands over within its deadlines, or was cut
		continued = prev.endSent.Load() && prev.endReceived.Load()
		l.prev = nil
	}
	if isClosed(l.dead) {
		return false
	}
	if !continued {
		l.t.handler.LinkUp(l.r.id)
	}
	return true
}

// awaitHandOver follows an End that hands over: this side's writer must hand over too, which it does when the new
// link is adopted here.
func (l *link) awaitHandOver() {
	timer := time.NewTimer(l.t.limits.HelloTimeout)
	defer timer.Stop()
	select {
	case <-l.writerDone:
	case <-l.dead:
	case <-timer.C:
	}
}

// retire has the writer end the link in good order.
func (l *link) retire(e ending) {
	l.retireOnce.Do(func() {
		l.ending = e
		close(l.retired)
	})
}

// fail ends the link at once. Only the first reason counts.
func (l *link) fail(err error) {
	l.deadOnce.Do(func() {
		l.err = err
		close(l.dead)
		// Not tls.Conn.Close: it would wait for a writer that hangs. Nothing is lost by leaving out its alert, since only
		// an End frame makes an end orderly.
		_ = l.raw.Conn.Close()
	})
}

// used counts traffic and notices when the keys have been used enough.
func (l *link) used(records, bytes int) {
	if l.records.Add(int64(records)) >= l.t.limits.LinkRecords || l.bytes.Add(int64(bytes)) >= l.t.limits.LinkBytes {
		l.dueOnce.Do(func() { close(l.due) })
	}
}
