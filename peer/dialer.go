package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// dial keeps a link to a member of a lower id, until ctx ends: it dials until one is up, again when that one dies,
// and a new one beside it when its keys have been used enough.
func (t *Transport) dial(ctx context.Context, r *remote) {
	pause := backoff{min: t.limits.BackoffMin}
	for ctx.Err() == nil {
		began := time.Now()
		l, err := t.dialOnce(ctx, r, false)
		if err == nil {
			t.keep(ctx, r, l)
		} else if ctx.Err() == nil {
			r.failed(err)
			t.notices.report(slog.LevelWarn, r.subject(), "peer cannot be reached", reasonOf(err))
		}
		if time.Since(began) > t.limits.RefusedBackoff && err == nil {
			pause.reset() // it worked; one that dies as soon as it is up did not
		}
		wait(ctx, pause.pause(t.ceiling(err)))
	}
}

// inquire asks a member of a higher id, which should have dialled and has not for a while, why: a node that was removed
// while it was down hears of it this way, since nobody dials it. A member that has it in its configuration says that it
// will dial itself.
func (t *Transport) inquire(ctx context.Context, r *remote) {
	for ctx.Err() == nil {
		pause := backoff{min: t.limits.InquiryInterval}
		wait(ctx, pause.pause(t.limits.InquiryInterval))
		if ctx.Err() != nil || r.linked() {
			continue
		}
		l, err := t.dialOnce(ctx, r, false)
		if err == nil {
			t.keep(ctx, r, l) // it lags, and has this node as a guest
		} else if ctx.Err() == nil {
			r.failed(err)
		}
	}
}

// ceiling is the longest pause after err: what an operator has to mend is tried less often.
func (t *Transport) ceiling(err error) time.Duration {
	var no *refusal
	if errors.As(err, &no) || errors.Is(err, errAlert) || errors.Is(err, errWrongKey) {
		return t.limits.RefusedBackoff
	}
	return t.limits.BackoffMax
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// keep replaces l by a new link whenever it is due, until a link dies or ctx ends.
func (t *Transport) keep(ctx context.Context, r *remote, l *link) {
	pause := backoff{min: t.limits.BackoffMin}
	age := time.NewTimer(t.limits.LinkAge)
	defer age.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.dead:
			return
		case <-l.due:
		case <-age.C:
		}
		next, err := t.dialOnce(ctx, r, true)
		if err != nil {
			// The bounds are far below what the ciphers allow, so there is time to try again.
			t.notices.report(slog.LevelWarn, r.subject(), "peer link cannot be renewed yet", reasonOf(err))
			age.Reset(0)
			select {
			case <-l.dead:
				return
			default:
				wait(ctx, pause.pause(t.limits.RefusedBackoff))
			}
			continue
		}
		l = next
		pause.reset()
		age.Reset(t.limits.LinkAge)
	}
}

// dialOnce makes a connection and a link of it.
func (t *Transport) dialOnce(ctx context.Context, r *remote, continues bool) (*link, error) {
	dialer := net.Dialer{Timeout: t.limits.DialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", r.dialAddress())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	l, peer, err := t.greet(conn, r, continues)
	if err == nil {
		err = t.adopt(l, continues, peer)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// greet is the dialler's part of the handshake. It returns what the node that answered shows of itself, too.
func (t *Transport) greet(conn net.Conn, r *remote, continues bool) (*link, shown, error) {
	if err := t.prepare(conn); err != nil {
		return nil, shown{}, err
	}
	raw := newRawConn(conn, t.limits.HelloBytes)
	id := t.credentials.Load()
	s, err := handshake(id, raw, tls.Client(raw, id.tls))
	if err != nil {
		return nil, shown{}, err
	}
	answer, err := t.ask(s, r, continues)
	if err != nil {
		return nil, shown{}, explain(err)
	}
	if no := t.door.judgeAnswer(t.view.Load(), r.id, answer); no != nil {
		if answer.Refused == "" {
			sayRefused(s, uint8(answer.Format), no)
		} else if no.removed {
			t.toldRemoved(r.id, paxos.Slot(answer.ConfigurationSlot), no.reason)
		} else if no.replaced {
			t.toldReplaced(r.id, no.reason)
		}
		return nil, shown{}, no
	}
	peer := shownByAnswer(answer)
	l, err := t.establish(s, r, uint8(answer.Format), peer)
	return l, peer, err
}

// ask says hello and returns the answer.
func (t *Transport) ask(s *secure, r *remote, continues bool) (*wire.Answer, error) {
	hello := t.door.hello(t.view.Load(), r.id, continues)
	if err := s.proof.write(s, frameHello, roleDialler, hello, helloBodyBytes); err != nil {
		return nil, err
	}
	fields, err := s.proof.read(s, frameAnswer, roleAcceptor, helloBodyBytes)
	if err != nil {
		return nil, err
	}
	return decodeAnswer(fields)
}

// sayRefused tells the acceptor, for its log, why the dialler will not have the link after all.
func sayRefused(s *secure, format uint8, no *refusal) {
	e := ending{reason: endRefused, text: no.reason}
	if no.replaced {
		e.reason = endReplaced
	}
	body := e.body()
	_, _ = s.Write(appendFrame(nil, format, frameEnd, 0, body)) // the connection is given up either way
}
