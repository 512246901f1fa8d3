package resp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTLS starts a server with TLS for clients that have no certificate, and one without.
func startTLS(t *testing.T, clients ClientCertificates) (*Server, *fakeNode, *authority) {
	t.Helper()
	a := newAuthority(t)
	s, node := startServer(t, Config{TLS: a.server(clients), Loops: 2})
	return s, node, a
}

// overTLS makes a raw client of a TLS connection.
func overTLS(t testing.TB, s *Server, config *tls.Config) (*wire, error) {
	t.Helper()
	raw, err := net.Dial("tcp", s.TLSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return wireOver(t, tls.Client(raw, config))
}

func wireOver(t testing.TB, conn *tls.Conn) (*wire, error) {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	return newWire(t, conn), conn.Handshake()
}

func dialTLS(t testing.TB, s *Server, config *tls.Config) *wire {
	t.Helper()
	w, err := overTLS(t, s, config)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// One server serves clients with and without TLS, and says so.
func TestTLSAndPlainAtOnce(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	w := dialTLS(t, s, a.client())
	w.check("SET a 1", "+OK")
	dial(t, s).check("GET a", "$1 1")
	info := w.do("INFO server")
	tlsPort := s.TLSAddr().(*net.TCPAddr).Port
	for _, want := range []string{
		fmt.Sprintf("tcp_port:%d ", s.Addr().(*net.TCPAddr).Port),
		fmt.Sprintf("listener0:name=tcp,bind=127.0.0.1,port=%d", s.Addr().(*net.TCPAddr).Port),
		fmt.Sprintf("listener2:name=tls,bind=127.0.0.1,port=%d", tlsPort),
	} {
		if !strings.Contains(info, want) {
			t.Errorf("INFO has no %q: %s", want, info)
		}
	}
	if list := w.do("CLIENT LIST"); !strings.Contains(list, fmt.Sprintf(" laddr=127.0.0.1:%d ", tlsPort)) || !strings.Contains(list, " addr="+w.conn.LocalAddr().String()+" ") {
		t.Error(list)
	}
	if stats := w.do("INFO stats"); !strings.Contains(stats, "tls_handshakes:1 ") {
		t.Error(stats)
	}
	w.check("CONFIG GET tls-auth-clients", "*2 $16 tls-auth-clients $2 no")
	w.send(line("QUIT"))
	w.want("+OK")
	w.wantClosed() // by a message of TLS: a connection that is cut would be an error
}

// A server may have TLS alone: its port is then the one that clients are told.
func TestTLSAlone(t *testing.T) {
	a := newAuthority(t)
	config := Config{TLS: a.server(NoCertificates)}
	s, _ := startListening(t, config)
	w := dialTLS(t, s, a.client())
	if info, want := w.do("INFO server"), fmt.Sprintf("tcp_port:%d ", s.TLSAddr().(*net.TCPAddr).Port); !strings.Contains(info, want) {
		t.Errorf("INFO has no %q: %s", want, info)
	}
	w.check("CONFIG GET port", "*2 $4 port $1 0")
}

func TestTLSVersions(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	for _, test := range []struct {
		version uint16
		ok      bool
	}{{tls.VersionTLS10, false}, {tls.VersionTLS11, false}, {tls.VersionTLS12, true}, {tls.VersionTLS13, true}} {
		t.Run(tls.VersionName(test.version), func(t *testing.T) {
			config := a.client()
			config.MinVersion, config.MaxVersion = test.version, test.version
			w, err := overTLS(t, s, config)
			if (err == nil) != test.ok {
				t.Fatalf("got %v", err)
			}
			if test.ok {
				w.check("PING", "+PONG")
				return
			}
			if !strings.Contains(err.Error(), "protocol version not supported") {
				t.Errorf("the client is told %v", err)
			}
		})
	}
}

// Who needs a certificate and has none, or one that another authority has signed, is refused. The common name of one that was verified is known.
func TestTLSClientCertificates(t *testing.T) {
	stranger := newAuthority(t)
	stranger.issue("alice", "alice")
	for _, test := range []struct {
		clients   ClientCertificates
		own       string // which certificate the client has
		ok        bool
		knownName string
	}{
		{RequireCertificates, "", false, ""},
		{RequireCertificates, "stranger", false, ""},
		{RequireCertificates, "alice", true, "alice"},
		{OptionalCertificates, "", true, ""},
		{OptionalCertificates, "stranger", false, ""},
		{OptionalCertificates, "alice", true, "alice"},
		{NoCertificates, "", true, ""},
		{NoCertificates, "stranger", true, ""}, // it is not asked for it
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%v, %s, %q", test.clients, tls.VersionName(version), test.own), func(t *testing.T) {
				a := newAuthority(t)
				a.issue("alice", "alice")
				from := a.server(test.clients)
				from.UserFromName = test.clients != NoCertificates
				s, _ := startServer(t, Config{TLS: from})
				config := a.client()
				config.MaxVersion = version
				switch test.own {
				case "alice":
					config.Certificates = []tls.Certificate{a.pair("alice")}
				case "stranger": // which Go's client would not send, since it is not asked for
					pair := stranger.pair("alice")
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
				}
				w, err := overTLS(t, s, config)
				if err == nil {
					_, err = io.WriteString(w.conn, line("PING"))
				}
				if err == nil {
					_, err = w.readReply() // with TLS 1.3 a refusal comes behind the handshake
				}
				if (err == nil) != test.ok {
					t.Fatalf("got %v", err)
				}
				if !test.ok {
					waitFor(t, s, func() bool { return s.open.Load() == 0 && s.handshakes.failed.Load() == 1 })
					return
				}
				if !anyClient(s, func(c *Client) bool {
					return c.certificateUser() == test.knownName && c.certificateName == test.knownName
				}) {
					t.Errorf("the client is not known as %q", test.knownName)
				}
			})
		}
	}
}

// TestACertificateIsAUser: with UserFromName a client is the user that its certificate names, if there is one and it is on.
func TestACertificateIsAUser(t *testing.T) {
	a := newAuthority(t)
	a.issue("alice", "alice")
	a.issue("bob", "bob")
	from := a.server(RequireCertificates)
	from.UserFromName = true
	s, _ := startServer(t, Config{TLS: from})
	admin := dialTLS(t, s, a.client("bob"))
	admin.check("ACL WHOAMI", "$7 default")
	admin.check("ACL SETUSER alice on ~a* +get +acl|whoami", "+OK")
	alice := dialTLS(t, s, a.client("alice"))
	alice.check("ACL WHOAMI", "$5 alice")
	alice.check("GET a", "$-1")
	alice.check("SET a 1", "-NOPERM User alice has no permissions to run the 'set' command")
	admin.check("ACL SETUSER alice off", "+OK")
	dialTLS(t, s, a.client("alice")).check("ACL WHOAMI", "$7 default")
}

// What is needed for TLS and missing is named, before anything listens.
func TestTLSNeedsItsFiles(t *testing.T) {
	a := newAuthority(t)
	good := a.server(RequireCertificates)
	a.issue("other", "other")
	a.put("empty.crt", nil)
	for _, test := range []struct {
		change func(c *TLSConfig)
		want   string
	}{
		{func(c *TLSConfig) { c.CertFile = "" }, "needs --tls-cert-file and --tls-key-file"},
		{func(c *TLSConfig) { c.CAFile = "" }, "--tls-auth-clients yes: needs --tls-ca-file"},
		{func(c *TLSConfig) { c.Clients, c.UserFromName = NoCertificates, true }, "--tls-auth-clients-user CN"},
		{func(c *TLSConfig) { c.CertFile = a.path("none.crt") }, "none.crt: no such file"},
		{func(c *TLSConfig) { c.KeyFile = a.path("other.key") }, "private key does not match"},
		{func(c *TLSConfig) { c.CAFile = a.path("empty.crt") }, "empty.crt has no certificate"},
	} {
		config := good
		test.change(&config)
		if _, err := newServer(Config{TLS: config}, nil, newMachine()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// Requests come in whatever pieces the network makes of records, and so do replies.
func TestTLSRecordsInPieces(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	raw, err := net.Dial("tcp", s.TLSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	w, err := wireOver(t, tls.Client(singleBytes{raw}, a.client()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		w.check(fmt.Sprintf("SET a %d", i), "+OK")
		w.check("GET a", fmt.Sprintf("$%d %d", len(fmt.Sprint(i)), i))
	}
	w.send(lines("PING;ECHO x;PING"))
	w.want("+PONG", "$1 x", "+PONG")
}

// singleBytes sends each byte by itself.
type singleBytes struct{ net.Conn }

func (c singleBytes) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// The first request may come with the last message of the handshake: nothing more comes that would tell of it.
func TestTLSRequestBehindTheHandshake(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	for range 20 {
		raw, err := net.Dial("tcp", s.TLSAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		late := &lateConn{Conn: raw, first: true}
		w, err := wireOver(t, tls.Client(late, a.client()))
		if err != nil {
			t.Fatal(err)
		}
		w.send(line("PING"))
		late.release(t)
		w.want("+PONG")
	}
}

// lateConn keeps what is written after the first message until it is told to send all of it at once.
type lateConn struct {
	net.Conn
	first, open bool
	kept        []byte
}

func (c *lateConn) Write(b []byte) (int, error) {
	if c.first || c.open {
		c.first = false
		return c.Conn.Write(b)
	}
	c.kept = append(c.kept, b...)
	return len(b), nil
}

func (c *lateConn) release(t *testing.T) {
	t.Helper()
	c.open = true
	if _, err := c.Conn.Write(c.kept); err != nil {
		t.Fatal(err)
	}
}

func TestTLSLargeValuesBothWays(t *testing.T) {
	a := newAuthority(t)
	s, _ := startServer(t, Config{TLS: a.server(NoCertificates), Limits: Limits{MaxCommandBytes: 65 << 20}})
	w := dialTLS(t, s, a.client())
	w.patience *= 10 // with the race detector it takes a while
	if err := w.wait(); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 64<<20)
	rand.New(rand.NewSource(1)).Read(value)
	go func() {
		_, _ = fmt.Fprintf(w.conn, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n", len(value)) // what fails is seen by its reply
		_, _ = w.conn.Write(value)
		_, _ = io.WriteString(w.conn, "\r\n"+lines("GET a;STRLEN a"))
	}()
	w.want("+OK")
	got, err := w.readReply()
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("$%d\r\n%s\r\n", len(value), value); got != want {
		t.Errorf("%d bytes came back, others than the %d that were sent", len(got), len(want))
	}
	w.want(fmt.Sprintf(":%d", len(value)))
}

// Who sends everything and then the end of its side gets all replies, and the end of the other side.
func TestTLSClientThatHasSentEverything(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	w := dialTLS(t, s, a.client())
	const n = 3000
	w.send(strings.Repeat(line("PING"), n))
	if err := w.conn.(*tls.Conn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for range n {
		w.want("+PONG")
	}
	w.wantClosed()
}

// A client that does not read is not asked for more, keeps no more than it may in the server, and is served again as soon as it reads.
func TestTLSClientThatDoesNotRead(t *testing.T) {
	a := newAuthority(t)
	s, _ := startServer(t, Config{TLS: a.server(NoCertificates), Limits: small(), Loops: 1})
	other := dial(t, s)
	value := strings.Repeat("v", 60<<10)
	other.check("SET a "+value, "+OK")
	w := dialTLS(t, s, a.client())
	const n = 300
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.conn, strings.Repeat(line("GET a"), n))
		sent <- err
	}()
	waitFor(t, s, func() bool { return anyClient(s, func(c *Client) bool { return c.stuck }) })
	other.check("PING", "+PONG")
	if held, most := s.total().maxOutput, s.limits.OutputBuffer/unreadShare+outputSlack+2*int64(len(value))+sealBytes; held > most {
		t.Errorf("%d bytes were held, want at most %d", held, most)
	}
	for range n {
		w.want(fmt.Sprintf("$%d %s", len(value), value))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	other.check("CLIENT KILL TYPE normal", ":1")
	waitFor(t, s, func() bool { return s.open.Load() == 1 })
}

// Many clients at once, with pipelines, messages, and connections that are cut in the middle of everything.
func TestTLSManyClients(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	listener := dialTLS(t, s, a.client())
	listener.send(line("SUBSCRIBE news"))
	listener.want("*3 $9 subscribe $4 news :1")
	var all sync.WaitGroup
	const clients, rounds = 8, 30
	for i := range clients {
		all.Go(func() {
			w, err := overTLS(t, s, a.client())
			if err != nil {
				t.Error(err)
				return
			}
			for round := range rounds {
				value := strings.Repeat(fmt.Sprint(i), 1+round*500)
				if _, err := io.WriteString(w.conn, lines(fmt.Sprintf("SET k%d %s;GET k%d;PUBLISH news %d", i, value, i, i))); err != nil {
					t.Error(err)
					return
				}
				for _, want := range []string{"+OK", fmt.Sprintf("$%d %s", len(value), value), ":1"} {
					if got, err := w.readReply(); short(got) != want {
						t.Errorf("got %.50q, %v, want %.50q", got, err, want)
						return
					}
				}
			}
			// One that is cut, in the middle of a record.
			cut, err := net.Dial("tcp", s.TLSAddr().String())
			if err != nil {
				t.Error(err)
				return
			}
			other, err := wireOver(t, tls.Client(cut, a.client()))
			if err == nil {
				_, err = io.WriteString(other.conn, strings.Repeat(line("GET k1"), 1000))
			}
			if err == nil {
				_, err = cut.Write([]byte{23, 3, 3, 0, 200, 1, 2})
			}
			if err == nil {
				err = cut.(*net.TCPConn).SetLinger(0)
			}
			if err = errors.Join(err, cut.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range clients * rounds {
		if got := listener.reply(); !strings.HasPrefix(got, "*3 $7 message $4 news $1 ") {
			t.Fatalf("got %q", got)
		}
	}
	waitFor(t, s, func() bool { return s.open.Load() == clients+1 })
}

// What is no TLS is closed, before and behind the handshake, and harms nobody else.
func TestTLSGarbage(t *testing.T) {
	s, _, a := startTLS(t, NoCertificates)
	other := dialTLS(t, s, a.client())
	random := rand.New(rand.NewSource(1))
	for i := range 100 {
		garbage := make([]byte, 1+random.Intn(2000))
		random.Read(garbage)
		if i%3 == 0 {
			copy(garbage, line("PING"))
		}
		raw, err := net.Dial("tcp", s.TLSAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			conn := tls.Client(raw, a.client())
			if err := conn.Handshake(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := raw.Write(garbage); err != nil {
			t.Fatal(err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		other.check("PING", "+PONG")
	}
	waitFor(t, s, func() bool { return s.open.Load() == 1 })
}

// set changes the bounds of handshakes.
func (h *handshakes) set(time time.Duration, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.time, h.most = time, most
}

// setRest changes how often the files are looked at.
func (c *certificates) setRest(rest time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = rest
}

// Clients that do not go on with their handshake are closed: after some time, when others come, and when the server ends.
func TestTLSHalfOpenClients(t *testing.T) {
	halfOpen := func(t *testing.T, s *Server) net.Conn {
		conn, err := net.Dial("tcp", s.TLSAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write([]byte{22, 3, 1, 1, 0}); err != nil { // the head of a record
			t.Fatal(err)
		}
		return conn
	}
	wantClosed := func(t *testing.T, conn net.Conn) {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil && !isReset(err) {
			t.Errorf("it is not closed: %v", err)
		}
	}
	underWay := func(s *Server) int {
		s.handshakes.mu.Lock()
		defer s.handshakes.mu.Unlock()
		return s.handshakes.underWay.Len()
	}
	t.Run("time", func(t *testing.T) {
		a := newAuthority(t)
		s, _ := startServer(t, Config{TLS: a.server(NoCertificates)})
		s.handshakes.set(time.Millisecond, maxHandshakes)
		wantClosed(t, halfOpen(t, s))
		waitFor(t, s, func() bool { return s.open.Load() == 0 })
	})
	t.Run("others", func(t *testing.T) {
		a := newAuthority(t)
		s, _ := startServer(t, Config{TLS: a.server(NoCertificates)})
		s.handshakes.set(patience, 2)
		var opened []net.Conn
		for i := range 4 {
			opened = append(opened, halfOpen(t, s))
			waitFor(t, s, func() bool { return s.accepted.Load() == uint64(i+1) && underWay(s) == min(i+1, 2) })
		}
		wantClosed(t, opened[0])
		wantClosed(t, opened[1])
		w := dialTLS(t, s, a.client()) // in the place of the third
		w.check("PING", "+PONG")
		wantClosed(t, opened[2])
		if stats := w.do("INFO stats"); !strings.Contains(stats, "tls_handshakes_displaced:3 ") {
			t.Error(stats)
		}
		if n := underWay(s); n != 1 {
			t.Errorf("%d are under way", n)
		}
	})
	t.Run("the end", func(t *testing.T) {
		a := newAuthority(t)
		s, _ := startServer(t, Config{TLS: a.server(NoCertificates)})
		conn := halfOpen(t, s)
		waitFor(t, s, func() bool { return underWay(s) == 1 })
		if err := <-closing(s); err != nil {
			t.Error(err)
		}
		wantClosed(t, conn)
	})
}

// More clients than there may be are turned away without a handshake.
func TestTLSMoreClientsThanAllowed(t *testing.T) {
	a := newAuthority(t)
	s, _ := startServer(t, Config{TLS: a.server(NoCertificates), Limits: Limits{MaxClients: 1}})
	dialTLS(t, s, a.client()).check("PING", "+PONG")
	if _, err := overTLS(t, s, a.client()); err == nil {
		t.Error("a second client is served")
	}
}

// serial is that of the certificate that the server shows.
func serial(w *wire) string {
	return w.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// New certificates hold for those who come from then on, while those who are there go on. Files that do not fit together, or are none, change nothing.
func TestTLSCertificatesAreReadAgain(t *testing.T) {
	a := newAuthority(t)
	var log lockedBuffer
	s, _ := startServer(t, Config{TLS: a.server(RequireCertificates), Loops: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	s.handshakes.certificates.setRest(0) // each handshake looks
	a.issue("alice", "alice")

	busy := dialTLS(t, s, a.client("alice"))
	stop, all := make(chan struct{}), sync.WaitGroup{}
	t.Cleanup(func() { close(stop); all.Wait() }) // before its connection is closed
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := io.WriteString(busy.conn, lines("SET a 1;GET a")); err != nil {
				t.Error(err)
				return
			}
			for _, want := range []string{"+OK", "$1 1"} {
				if got, err := busy.readReply(); short(got) != want {
					t.Errorf("got %q, %v", got, err)
					return
				}
			}
		}
	})
	first := dialTLS(t, s, a.client("alice"))
	if again := dialTLS(t, s, a.client("alice")); serial(again) != serial(first) {
		t.Fatal("the certificate has changed by itself")
	}
	a.issue("server", "another one")
	second := dialTLS(t, s, a.client("alice"))
	second.check("PING", "+PONG")
	if serial(second) == serial(first) {
		t.Fatal("the new certificate is not shown")
	}
	good, err := os.ReadFile(a.path("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	a.put("server.key", []byte("no key"))
	for range 3 {
		if w := dialTLS(t, s, a.client("alice")); serial(w) != serial(second) {
			t.Fatal("files that are no good were taken")
		}
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("that is logged %d times: %s", n, log.String())
	}
	a.put("server.key", good)
	dialTLS(t, s, a.client("alice")).check("PING", "+PONG")

	// Another authority: who has a certificate of the old one is refused from now on.
	other := newAuthority(t)
	other.issue("bob", "bob")
	text, err := os.ReadFile(other.path("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	a.put("ca.crt", text)
	bob := a.client()
	bob.Certificates = []tls.Certificate{other.pair("bob")}
	dialTLS(t, s, bob).check("PING", "+PONG")
	refused, err := overTLS(t, s, a.client("alice"))
	if err == nil {
		_, err = refused.in.ReadByte()
	}
	if err == nil {
		t.Error("a certificate of the former authority is accepted")
	}
	first.check("GET a", "$1 1")
}

// Real clients.
func TestTLSRealClients(t *testing.T) {
	s, _, a := startTLS(t, RequireCertificates)
	a.issue("alice", "alice")
	t.Run("go-redis", func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: s.TLSAddr().String(), TLSConfig: a.client("alice")})
		defer func() { _ = client.Close() }()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		value := strings.Repeat("x", 1<<20)
		if err := client.Set(ctx, "k", value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Get(ctx, "k").Result(); err != nil || got != value {
			t.Fatal(len(got), err)
		}
	})
	t.Run("redis-cli", func(t *testing.T) {
		cli, err := exec.LookPath("redis-cli")
		if err != nil {
			t.Skip("needs redis-cli: ", err)
		}
		_, port, _ := net.SplitHostPort(s.TLSAddr().String())
		run := func(options ...string) string {
			args := append([]string{"-p", port, "--tls", "--cacert", a.path("ca.crt")}, options...)
			out, err := exec.Command(cli, args...).CombinedOutput()
			if err != nil {
				t.Log(err)
			}
			return string(bytes.TrimSpace(out))
		}
		if got := run("--cert", a.path("alice.crt"), "--key", a.path("alice.key"), "ECHO", "hello"); got != "hello" {
			t.Errorf("got %q", got)
		}
		if got := run("ECHO", "hello"); got == "hello" {
			t.Error("one without a certificate is served")
		}
	})
}
