package moving

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Source is a live Redis or Valkey.
type Source struct{ options *redis.Options }

// sourceSilence is how long the source may say nothing: it says something every ten seconds by default.
const sourceSilence = time.Minute

// ParseSource reads a URL: redis://[user:password@]host:port, or rediss:// with TLS.
func ParseSource(url string) (*Source, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	if o.DB != 0 {
		return nil, errors.New("it names a database: a source is moved with all of its databases")
	}
	if o.Network == "unix" {
		return nil, errors.New("it is a socket: name a host and a port")
	}
	o.Protocol, o.PoolSize, o.MaxRetries, o.DisableIdentity = 2, 1, -1, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.ReadTimeout = sourceSilence
	return &Source{o}, nil
}

// client returns how the source is asked besides the stream.
func (s *Source) client() *redis.Client { o := *s.options; return redis.NewClient(&o) }

// asking returns a session with the source.
func (s *Source) asking() *session {
	return &session{cluster: &Cluster{Addresses: []string{s.options.Addr}, Dial: func(string) *redis.Client { return s.client() }, Patience: sourceSilence}}
}

// link is a connection on which the source sends its stream. Acknowledgements may be sent from another goroutine.
type link struct {
	conn net.Conn
	in   *bufio.Reader
	mu   sync.Mutex
	stop func() bool
}

// dial connects as a replica does.
func (s *Source) dial(ctx context.Context) (*link, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", s.options.Addr)
	if err != nil {
		return nil, err
	}
	if s.options.TLSConfig != nil {
		conn = tls.Client(conn, s.options.TLSConfig)
	}
	l := &link{conn: conn, in: bufio.NewReaderSize(conn, 256<<10)}
	l.stop = context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends a read that is under way
	if err := l.shakeHands(s.options); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) close() {
	l.stop()
	_ = l.conn.Close()
}

func (l *link) shakeHands(o *redis.Options) error {
	if o.Password != "" {
		auth := []string{"AUTH", o.Password}
		if o.Username != "" {
			auth = []string{"AUTH", o.Username, o.Password}
		}
		if _, err := l.call(auth...); err != nil {
			return err
		}
	}
	if _, err := l.call("PING"); err != nil {
		return err
	}
	_, err := l.call("REPLCONF", "capa", "eof", "capa", "psync2")
	return err
}

// send sends a command.
func (l *link) send(args ...string) error {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(sourceSilence)); err != nil {
		return err
	}
	_, err := l.conn.Write(b)
	return err
}

// maxLine bounds a line of the source's.
const maxLine = 4096

// line reads a line that is not empty: the source sends empty ones while it is busy.
func (l *link) line() (string, error) {
	for {
		if err := l.patience(); err != nil {
			return "", err
		}
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if len(text) > maxLine {
			return "", fmt.Errorf("the source sent a line of %d bytes", len(text))
		}
		if trimmed := strings.TrimRight(string(text), "\r\n"); trimmed != "" {
			return trimmed, nil
		}
	}
}

func (l *link) patience() error { return l.conn.SetReadDeadline(time.Now().Add(sourceSilence)) }

// call sends a command and returns its reply of one line.
func (l *link) call(args ...string) (string, error) {
	if err := l.send(args...); err != nil {
		return "", err
	}
	reply, err := l.line()
	if err != nil {
		return "", err
	}
	if problem, refused := strings.CutPrefix(reply, "-"); refused {
		return "", sourceError{args[0], problem}
	}
	return strings.TrimPrefix(reply, "+"), nil
}

// sourceError is what the source refused.
type sourceError struct{ command, reply string }

func (e sourceError) Error() string {
	return fmt.Sprintf("the source refused %s: %s", e.command, e.reply)
}

// begin asks for a snapshot and the stream behind it.
func (l *link) begin() (id string, offset int64, err error) {
	reply, err := l.call("PSYNC", "?", "-1")
	if err != nil {
		return "", 0, err
	}
	words := strings.Fields(reply)
	if len(words) == 3 && words[0] == "FULLRESYNC" {
		offset, err = strconv.ParseInt(words[2], 10, 64)
		return words[1], offset, err
	}
	return "", 0, fmt.Errorf("the source answered PSYNC with %q", reply)
}

// errBacklog says that the source does not have the stream from the place where it broke off.
var errBacklog = errors.New("the source no longer has the part of its stream that is missing: its repl-backlog-size is too small for the interruption, or it has another history now. Empty the cluster and begin anew")

// resume asks for the stream from behind an offset.
func (l *link) resume(id string, offset int64) (newID string, err error) {
	reply, err := l.call("PSYNC", id, strconv.FormatInt(offset+1, 10))
	if err != nil {
		return "", err
	}
	switch words := strings.Fields(reply); {
	case len(words) > 0 && words[0] == "FULLRESYNC":
		return "", errBacklog
	case len(words) == 1 && words[0] == "CONTINUE":
		return id, nil
	case len(words) == 2 && words[0] == "CONTINUE":
		return words[1], nil
	}
	return "", fmt.Errorf("the source answered PSYNC with %q", reply)
}

// Read implements io.Reader, with a limit to the source's silence.
func (l *link) Read(b []byte) (int, error) {
	if l.in.Buffered() == 0 {
		if err := l.patience(); err != nil {
			return 0, err
		}
	}
	return l.in.Read(b)
}

// snapshot receives a snapshot into a file, in either of the two forms: with its length in front, or with a mark behind, after which the source waits
// for an acknowledgement.
func (l *link) snapshot(to *os.File, show func(done, total int64)) error {
	head, err := l.line()
	if err != nil {
		return err
	}
	text, isBulk := strings.CutPrefix(head, "$")
	if !isBulk {
		return fmt.Errorf("the source sent %q where its snapshot should begin", head)
	}
	if mark, ok := strings.CutPrefix(text, "EOF:"); ok {
		return l.marked(to, []byte(mark), show)
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return fmt.Errorf("the source sent %q as the length of its snapshot", text)
	}
	buf := make([]byte, 256<<10)
	for done := int64(0); done < size; {
		n, err := l.Read(buf[:min(int64(len(buf)), size-done)])
		if err != nil {
			return noEOF(err)
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
		done += int64(n)
		show(done, size)
	}
	return nil
}

const markBytes = 40

// marked receives a snapshot up to a mark.
func (l *link) marked(to *os.File, mark []byte, show func(done, total int64)) error {
	if len(mark) != markBytes {
		return fmt.Errorf("the source sent a mark of %d bytes", len(mark))
	}
	buf := make([]byte, 256<<10)
	var last []byte
	for done := int64(0); ; {
		n, err := l.Read(buf)
		if err != nil {
			return noEOF(err)
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
		done += int64(n)
		last = append(last, buf[max(0, n-markBytes):n]...)
		last = last[max(0, len(last)-markBytes):]
		if bytes.Equal(last, mark) {
			return to.Truncate(done - markBytes)
		}
		show(done, 0)
	}
}

// noEOF tells an end that comes too early from a good one.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// acknowledge tells the source how far its stream is applied.
func (l *link) acknowledge(offset int64) error {
	return l.send("REPLCONF", "ACK", strconv.FormatInt(offset, 10))
}
