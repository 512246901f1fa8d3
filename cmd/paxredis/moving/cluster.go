package moving

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Marker is the key of database 0 that is there while an import is under way.
const Marker = "paxredis:import"

// Cluster is where data goes.
type Cluster struct {
	// Addresses are nodes that are tried in turn.
	Addresses []string
	// Dial makes a client of one connection, without retries of its own, for a node, or for a source's address.
	Dial func(address string) *redis.Client
	// Patience is how long a transaction is tried again while no node takes it.
	Patience time.Duration
}

// retryPause is the pause after all nodes have been tried without success.
const retryPause = 200 * time.Millisecond

// Errors of what is moved.
var (
	// ErrForeign is returned when the marker is not what this import left.
	ErrForeign = errors.New("another import writes into the cluster, or the key " + Marker + " was changed")
	// ErrNotEmpty is returned if there is something in the cluster already.
	ErrNotEmpty = errors.New("the cluster is not empty")
	// ErrDifferent is returned if what is in the cluster in the end is not what should be.
	ErrDifferent = errors.New("the cluster does not have what the source has")
)

// session is one connection to the cluster, to one node after another. It belongs to one goroutine.
type session struct {
	cluster *Cluster
	at      int // in the cluster's addresses
	client  *redis.Client
	conn    *redis.Conn // nil: none. Its database is 0
	// marker is what the marker was when it was watched last, if it is watched.
	marker   string
	watching bool
}

// close ends the connection. There is nothing to be done about an error of it.
func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close()
		_ = s.client.Close()
		s.client, s.conn, s.watching = nil, nil, false
	}
}

// next goes to another node, after a pause once all were tried.
func (s *session) next(ctx context.Context, failures int) error {
	s.close()
	s.at = (s.at + 1) % len(s.cluster.Addresses)
	if failures%len(s.cluster.Addresses) != 0 {
		return ctx.Err()
	}
	return pause(ctx, retryPause)
}

// pause returns after a time, or with the context's error.
func pause(ctx context.Context, how time.Duration) error {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connect makes a connection that watches the marker, unless there is one.
func (s *session) connect(ctx context.Context) error {
	if s.watching {
		return nil
	}
	s.dial()
	pipe := s.conn.Pipeline()
	watch := pipe.Do(ctx, "WATCH", Marker)
	get := pipe.Do(ctx, "GET", Marker)
	_, _ = pipe.Exec(ctx) // each command has its error
	return s.sawMarker(watch, get)
}

// dial makes a connection, unless there is one.
func (s *session) dial() {
	if s.conn == nil {
		s.client = s.cluster.Dial(s.cluster.Addresses[s.at])
		s.conn = s.client.Conn()
	}
}

// sawMarker takes what WATCH and GET replied.
func (s *session) sawMarker(watch, get *redis.Cmd) (err error) {
	if err := watch.Err(); err != nil {
		return err
	}
	s.watching = false
	s.marker, err = get.Text()
	if errors.Is(err, redis.Nil) {
		s.marker, err = "", nil
	}
	s.watching = err == nil
	return err
}

// isPassing reports whether another node, or the same one later, may do what was refused: the command has not been applied, or nobody knows.
func isPassing(err error) bool {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return true // the connection's
	}
	text := refused.Error()
	for _, prefix := range []string{"CLUSTERDOWN", "UNCERTAIN", "LOADING", "MISCONF", "TRYAGAIN"} {
		if strings.HasPrefix(text, prefix) || strings.HasPrefix(text, "EXECABORT Transaction discarded because of: "+prefix) {
			return true
		}
	}
	return strings.Contains(text, "shutting down")
}

// commit has commands happen as one transaction, in which the marker goes from one text to another; "" is none. If both are the same the commands must be such that
// they can be repeated. If the texts differ the commands have happened once when the error is nil; replies are nil if that came out only by the marker. What the
// cluster refuses for good is an error, as is what it replies to a command that refuse does not let pass.
func (s *session) commit(ctx context.Context, from, to string, commands [][]any) (replies []any, err error) {
	began := time.Now()
	for failures, tried := 0, false; ; {
		err := s.connect(ctx)
		switch {
		case err != nil:
		case tried && from != to && s.marker == to:
			return nil, nil
		case s.marker != from:
			return nil, fmt.Errorf("%w: it says %q, not %q", ErrForeign, s.marker, from)
		default:
			tried = true
			if replies, err = s.transaction(ctx, from, to, commands); err == nil {
				return replies, nil
			}
		}
		if errors.Is(err, redis.TxFailedErr) && s.conn != nil {
			continue // the marker has changed, and says what happened
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted: %w", ctx.Err())
		}
		if !isPassing(err) {
			return nil, fmt.Errorf("%s: %w", s.cluster.Addresses[s.at], err)
		}
		if time.Since(began) > s.cluster.Patience {
			return nil, fmt.Errorf("no node took a transaction for %v; the last one, %s: %w", s.cluster.Patience, s.cluster.Addresses[s.at], err)
		}
		failures++
		if err := s.next(ctx, failures); err != nil {
			return nil, fmt.Errorf("interrupted: %w", err)
		}
	}
}

// transaction sends a transaction, and watches the marker for the next one. The error is redis.TxFailedErr if the marker was changed.
func (s *session) transaction(ctx context.Context, from, to string, commands [][]any) ([]any, error) {
	pipe := s.conn.Pipeline()
	pipe.Do(ctx, "MULTI")
	queued := make([]*redis.Cmd, len(commands))
	for i, args := range commands {
		queued[i] = pipe.Do(ctx, args...)
	}
	switch {
	case to == from:
	case to == "":
		pipe.Do(ctx, "DEL", Marker)
	default:
		pipe.Do(ctx, "SET", Marker, to)
	}
	exec := pipe.Do(ctx, "EXEC")
	watch := pipe.Do(ctx, "WATCH", Marker)
	get := pipe.Do(ctx, "GET", Marker)
	_, _ = pipe.Exec(ctx)
	replies, err := exec.Slice()
	if errors.Is(err, redis.Nil) {
		err = redis.TxFailedErr
	} else if err != nil {
		for i, q := range queued { // what spoiled the transaction says more than that it was
			var refused redis.Error
			if problem := q.Err(); errors.As(problem, &refused) && !isPassing(problem) {
				return nil, &CommandError{Command: commands[i], Reply: refused.Error()}
			}
		}
		return nil, err
	}
	if watched := s.sawMarker(watch, get); watched != nil {
		s.close() // the transaction is done all the same
	}
	if err != nil {
		return nil, err
	}
	return replies[:min(len(commands), len(replies))], nil
}

// CommandError is a command that the cluster refused.
type CommandError struct {
	Command []any
	Reply   string
}

// Error implements error.
func (e *CommandError) Error() string {
	var text strings.Builder
	for i, arg := range e.Command {
		if i == 4 {
			fmt.Fprintf(&text, " and %d more", len(e.Command)-i)
			break
		}
		if b, ok := arg.([]byte); ok {
			fmt.Fprintf(&text, " %.64q", b)
		} else {
			fmt.Fprintf(&text, " %.64v", arg)
		}
	}
	return fmt.Sprintf("the cluster refused%s: %s", text.String(), e.Reply)
}

// ask sends commands outside of a transaction, which only read, to one node after another until it answers.
func (s *session) ask(ctx context.Context, commands ...[]any) ([]*redis.Cmd, error) {
	began := time.Now()
	for failures := 1; ; failures++ {
		replies, err := s.askOnce(ctx, commands)
		switch {
		case err == nil:
			return replies, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("interrupted: %w", ctx.Err())
		case !isPassing(err) || time.Since(began) > s.cluster.Patience:
			return nil, fmt.Errorf("%s: %w", s.cluster.Addresses[s.at], err)
		}
		if err := s.next(ctx, failures); err != nil {
			return nil, fmt.Errorf("interrupted: %w", err)
		}
	}
}

func (s *session) askOnce(ctx context.Context, commands [][]any) ([]*redis.Cmd, error) {
	s.dial()
	pipe := s.conn.Pipeline()
	replies := make([]*redis.Cmd, len(commands))
	for i, args := range commands {
		replies[i] = pipe.Do(ctx, args...)
	}
	_, _ = pipe.Exec(ctx)
	for _, r := range replies {
		if err := r.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
	}
	return replies, nil
}
