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
	long    [streams]reassembly
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
	var deadline time.Time
	for {
		// A deadline costs more than looking at the clock: it is moved only when a quarter of it has gone by.
		if now, idle := time.Now(), l.t.limits.IdleTimeout; deadline.Sub(now) < idle-idle/4 {
			deadline = now.Add(idle)
			if err := l.conn.SetReadDeadline(deadline); err != nil {
				return err
			}
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
		f, size, err := parseFrame(b[consumed:], r.link.format, pieceBytes)
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
		return r.first(f)
	case framePiece:
		return r.piece(f.stream, r.long[f.stream].add(f.body))
	case framePing, framePong:
		return r.echo(f)
	case frameEnd:
		return r.end(f.body)
	}
	return badFrame("type %d on a link that is up", f.typ)
}

func (r *reader) first(f frame) error {
	if s := streamOf(f.kind); s != f.stream {
		return badFrame("%s on stream %d instead of %d", f.kind, f.stream, s)
	}
	limit := messageLimit(f.kind, r.link.t.limits.MessageBytes)
	return r.piece(f.stream, r.long[f.stream].first(f.kind, f.body, limit))
}

// piece goes on with a stream after its reassembly has taken a piece with that result.
func (r *reader) piece(s stream, err error) error {
	if err != nil {
		return err
	}
	if kind, body, ok := r.long[s].complete(); ok {
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
	e, err := parseEnding(body)
	if err != nil {
		return err
	}
	switch e.reason {
	case endHandOver:
		for i := range r.long {
			if r.long[i].total != 0 {
				return badFrame("an end within a message")
			}
		}
		r.link.endReceived.Store(true)
		r.ended = true
		return nil
	case endClosing:
		return errEnded
	case endRefused:
		return &refusal{by: "by the peer", reason: e.text}
	case endReplaced:
		r.link.t.toldReplaced(r.link.r.id, e.text)
		return &refusal{by: "by the peer", reason: e.text}
	case endRemoved:
		r.link.t.toldRemoved(r.link.r.id, e.slot, e.text)
		return fmt.Errorf("the peer ended the link: %s", e.text)
	}
	return fmt.Errorf("the peer ended the link for unknown reason %d", e.reason)
}
