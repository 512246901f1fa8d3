package peer

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// readBufferBytes holds the longest frame and one more record.
	readBufferBytes = headerBytes + pieceBytes + maxRecordBytes
	// batchMessages and batchBytes end a batch that would otherwise grow for as long as the peer sends.
	batchMessages = 1024
	batchBytes    = 1 << 20
)

// reader is the state of a link's reader goroutine.
type reader struct {
	link    *link
	decoder decoder
	long    reassembly
	// batch is what one wake-up has brought so far.
	batch      []paxos.Message
	batchBytes int
	ended      bool
}

// read receives until the peer hands over (nil) or something fails.
func (l *link) read() error {
	r := &reader{link: l}
	buf := make([]byte, readBufferBytes)
	held := 0
	for {
		if err := l.conn.SetReadDeadline(time.Now().Add(l.t.limits.IdleTimeout)); err != nil {
			return err
		}
		n, err := l.conn.Read(buf[held:])
		l.used(1, n)
		l.r.counts.bytesReceived.Add(uint64(n))
		consumed, frameErr := r.frames(buf[:held+n])
		if frameErr != nil {
			err = frameErr
		}
		if err != nil || r.ended || !l.raw.hasRecord() || len(r.batch) >= batchMessages || r.batchBytes >= batchBytes {
			r.deliver()
		}
		if err != nil || r.ended {
			return err
		}
		held = copy(buf, buf[consumed:held+n])
	}
}

// frames handles every complete frame at the start of b and returns how many bytes they take up.
func (r *reader) frames(b []byte) (consumed int, err error) {
	for !r.ended {
		f, size, err := parseFrame(b[consumed:], pieceBytes)
		if err != nil || size == 0 {
			return consumed, err
		}
		if err := r.frame(f); err != nil {
			return consumed, err
		}
		consumed += size
	}
	return consumed, nil
}

func (r *reader) frame(f frame) error {
	switch f.typ {
	case frameMessage:
		return r.message(f.kind, f.body, false)
	case frameFirst:
		return r.piece(r.long.first(f.kind, f.body, r.link.t.limits.MessageBytes))
	case framePiece:
		return r.piece(r.long.add(f.body))
	case framePing, framePong:
		return r.echo(f)
	case frameEnd:
		return r.end(f.body)
	}
	return badFrame("type %d on a link that is up", f.typ)
}

func (r *reader) piece(err error) error {
	if err != nil {
		return err
	}
	if kind, body, ok := r.long.complete(); ok {
		return r.message(kind, body, true)
	}
	return nil
}

func (r *reader) message(kind paxos.MessageKind, body []byte, owned bool) error {
	m, err := r.decoder.decode(kind, body, owned)
	if err != nil {
		return err
	}
	r.batch = append(r.batch, m)
	r.batchBytes += len(body)
	return nil
}

// deliver hands the batch over; it waits while the node is behind, and the peer is then held up by TCP.
func (r *reader) deliver() {
	if len(r.batch) == 0 {
		return
	}
	r.link.r.counts.messagesReceived.Add(uint64(len(r.batch)))
	r.link.t.handler.Receive(r.link.r.id, r.batch)
	r.batch, r.batchBytes = nil, 0 // the handler may keep the slice
}

// echo answers a ping, or takes the time from a pong: a ping carries the nanoseconds since its sender's start.
func (r *reader) echo(f frame) error {
	if len(f.body) != 8 {
		return badFrame("a ping of %d bytes", len(f.body))
	}
	token := binary.BigEndian.Uint64(f.body)
	if f.typ == framePing {
		r.link.pong.Store(token)
		r.link.r.outbox.signal()
		return nil
	}
	if took := int64(r.link.t.uptime() - token); took > 0 {
		r.link.r.counts.roundTrip.Store(took)
	}
	return nil
}

func (r *reader) end(body []byte) error {
	if len(body) == 0 || len(body) > 1+reasonBytes {
		return badFrame("an end of %d bytes", len(body))
	}
	switch endReason(body[0]) {
	case endHandOver:
		if r.long.total != 0 {
			return badFrame("an end within a message")
		}
		r.link.endReceived.Store(true)
		r.ended = true
		return nil
	case endClosing:
		return errEnded
	case endRefused:
		return &refusal{by: "by the peer", reason: string(body[1:])}
	}
	return fmt.Errorf("the peer ended the link for unknown reason %d", body[0])
}
