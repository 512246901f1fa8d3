package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/paxredis/paxredis/peer/internal/wire"
)

// accept takes connections until the listener is closed.
func (t *Transport) accept(ctx context.Context) {
	pause := backoff{min: t.limits.BackoffMin}
	for {
		conn, err := t.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			t.notices.report(slog.LevelError, "listener "+t.listener.Addr().String(), "peer connections cannot be accepted", reasonOf(err))
			wait(ctx, pause.pause(t.limits.BackoffMax)) // out of file descriptors, most likely
			continue
		}
		pause.reset()
		w := t.admission.admit(conn)
		if w == nil {
			_ = conn.Close()
			t.refused(conn, errors.New("too many connections that have not said hello"))
			continue
		}
		t.running.Go(func() { t.serve(ctx, conn, w) })
	}
}

// refused logs why a connection was turned away, by its source address.
func (t *Transport) refused(conn net.Conn, err error) {
	host, _, splitErr := net.SplitHostPort(conn.RemoteAddr().String())
	if splitErr != nil {
		host = conn.RemoteAddr().String()
	}
	t.notices.report(slog.LevelWarn, "connection from "+host, "peer connection refused", reasonOf(err))
}

// serve makes a link of an accepted connection and runs it, or has the node that asks for it admitted.
func (t *Transport) serve(ctx context.Context, conn net.Conn, w *waiting) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	s, first, err := t.receive(conn)
	t.admission.leave(w) // what the peer said shows that it holds the key, or the connection ends here
	if err == nil {
		if first.join != nil {
			err = t.answerJoin(ctx, s, first.join)
			_ = conn.Close()
		} else {
			err = t.welcome(s, first.hello, stop)
		}
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() == nil {
			t.refused(conn, err)
		}
	}
}

// opening is what a connection begins with: one of the two.
type opening struct {
	hello *wire.Hello
	join  *wire.Join
}

// receive is the acceptor's part of the handshake up to and with the first thing the peer says, which proves that it
// holds the cluster key.
func (t *Transport) receive(conn net.Conn) (*secure, opening, error) {
	if err := t.prepare(conn); err != nil {
		return nil, opening{}, err
	}
	raw := newRawConn(conn, t.limits.HelloBytes)
	id := t.credentials.Load()
	s, err := handshake(id, raw, tls.Server(raw, id.tls))
	if err != nil {
		return nil, opening{}, err
	}
	f, err := readHandshakeFrame(s, helloBodyBytes)
	if err != nil {
		return nil, opening{}, explain(err)
	}
	first, err := s.proof.opening(f)
	return s, first, err
}

// opening checks and decodes the first frame of a connection.
func (p *proof) opening(f frame) (opening, error) {
	if f.typ == frameJoin {
		fields, err := p.open(f, frameJoin, roleJoiner)
		if err != nil {
			return opening{}, err
		}
		join, err := decodeJoin(fields)
		return opening{join: join}, err
	}
	fields, err := p.open(f, frameHello, roleDialler)
	if err != nil {
		return opening{}, err
	}
	hello, err := decodeHello(fields)
	return opening{hello: hello}, err
}

// welcome answers a hello, and makes a link of the connection if it accepts. Once it has, the end of the context that
// release stands for does not cut the connection any more: the link ends in good order.
func (t *Transport) welcome(s *secure, hello *wire.Hello, release func() bool) error {
	v := t.view.Load()
	format, no := t.door.judgeHello(v, hello)
	var r *remote
	if no == nil {
		r, no = t.remoteFor(shownBy(hello))
	}
	if err := s.proof.write(s, frameAnswer, roleAcceptor, t.door.answer(v, hello.From, format, no), helloBodyBytes); err != nil {
		return t.unused(r, explain(err))
	}
	if no != nil {
		_ = s.CloseWrite() // lets the answer arrive before the end; the connection is given up either way
		return no
	}
	l, err := t.establish(s, r, format, shownBy(hello))
	if err == nil {
		release()
		err = t.adopt(l, hello.Continues, shownBy(hello))
	}
	return t.unused(r, err)
}

// unused lets a guest go again that err keeps from having a link.
func (t *Transport) unused(r *remote, err error) error {
	if err != nil && r != nil {
		t.forget(r)
	}
	return err
}

// prepare sets up a fresh connection for its handshake.
func (t *Transport) prepare(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(t.limits.HelloTimeout)); err != nil {
		return err
	}
	return setSocketOptions(conn, t.limits.StallTimeout)
}

// establish makes a link of a connection whose hello both ends have judged. That the two work with different lists of
// members is no reason to refuse: lists change, and not everywhere at the same moment. Different lists of one slot,
// though, are a mistake.
func (t *Transport) establish(s *secure, r *remote, format uint8, peer shown) (*link, error) {
	v := t.view.Load()
	differs := peer.configurationSlot == v.configuration.Slot && !bytes.Equal(peer.configuration, v.digest)
	if r.counts.otherConfiguration.Swap(differs) != differs && differs {
		t.notices.report(slog.LevelWarn, r.subject(), "peer works with another list of members", "compare --peers of both nodes")
	}
	if err := s.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	s.raw.trust()
	l := newLink(t, r, s.Conn, s.raw, format)
	l.proof = s.proof
	return l, nil
}
