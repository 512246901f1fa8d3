package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
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

// serve makes a link of an accepted connection and runs it.
func (t *Transport) serve(ctx context.Context, conn net.Conn, w *waiting) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	l, continues, err := t.welcome(conn)
	t.admission.leave(w)
	stop()
	if err == nil {
		err = t.adopt(l, continues)
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() == nil {
			t.refused(conn, err)
		}
	}
}

// welcome is the acceptor's part of the handshake.
func (t *Transport) welcome(conn net.Conn) (l *link, continues bool, err error) {
	if err := t.prepare(conn); err != nil {
		return nil, false, err
	}
	raw := newRawConn(conn, t.limits.HelloBytes)
	secure := tls.Server(raw, t.tls)
	if err := secure.Handshake(); err != nil {
		return nil, false, explain(err)
	}
	proof, err := newProof(t.identity, secure.ConnectionState())
	if err != nil {
		return nil, false, err
	}
	fields, err := proof.read(secure, frameHello, roleDialler)
	if err != nil {
		return nil, false, explain(err)
	}
	hello, err := decodeHello(fields)
	if err != nil {
		return nil, false, err
	}
	no := t.door.judgeHello(hello)
	if err := proof.write(secure, frameAnswer, roleAcceptor, t.door.answer(hello.From, no)); err != nil {
		return nil, false, explain(err)
	}
	if no != nil {
		_ = secure.CloseWrite() // lets the answer arrive before the end; the connection is given up either way
		return nil, false, no
	}
	l, err = t.establish(secure, raw, t.remotes[paxos.NodeID(hello.From)], hello.Configuration)
	return l, hello.Continues, err
}

// prepare sets up a fresh connection for its handshake.
func (t *Transport) prepare(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(t.limits.HelloTimeout)); err != nil {
		return err
	}
	return setSocketOptions(conn, t.limits.StallTimeout)
}

// establish makes a link of a connection whose hello both ends have judged. That the two work with different lists of
// members is no reason to refuse: lists change, and not everywhere at the same moment.
func (t *Transport) establish(secure *tls.Conn, raw *rawConn, r *remote, configuration []byte) (*link, error) {
	differs := !bytes.Equal(configuration, t.door.configuration)
	if r.counts.otherConfiguration.Swap(differs) != differs && differs {
		t.notices.report(slog.LevelWarn, r.subject(), "peer works with another list of members", "compare --peers of both nodes")
	}
	if err := secure.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	raw.trust()
	return newLink(t, r, secure, raw), nil
}
