package peer

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// A victim is node 2 of a cluster of nodes 1, 2 and 3, whose other members do not run; attackers dial it.
func victim(t *testing.T, change func(cfg *Config)) *node {
	t.Helper()
	nobody := freeAddress(t)
	cfg := testConfig(t, 2, nobody, "127.0.0.1:0", nobody)
	if change != nil {
		change(&cfg)
	}
	return start(t, cfg)
}

// tcp connects to a node without saying anything.
func tcp(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// attacker is a hand-driven dialler with a cluster key.
type attacker struct {
	*tls.Conn
	proof *proof
}

// infiltrate does the TLS handshake as a node with that key would.
func infiltrate(t *testing.T, address string, key Key) *attacker {
	t.Helper()
	id, err := newIdentity([]Key{key})
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(tcp(t, address), id.tlsConfig())
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	p, err := newProof(id, conn.ConnectionState())
	if err != nil {
		t.Fatal(err)
	}
	return &attacker{conn, p}
}

// truthful is the hello of the real node 3 to node 2.
func truthful() *wire.Hello {
	return &wire.Hello{ClusterUuid: testCluster, From: 3, To: 2, NodeUuid: nodeUUID(3), MinFormat: minFormat, MaxFormat: maxFormat}
}

// hello sends h and returns the answer.
func (a *attacker) hello(t *testing.T, h *wire.Hello) *wire.Answer {
	t.Helper()
	if err := a.proof.write(a, frameHello, roleDialler, h, helloBodyBytes); err != nil {
		t.Fatal(err)
	}
	fields, err := a.proof.read(a, frameAnswer, roleAcceptor, helloBodyBytes)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := decodeAnswer(fields)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// awaitCut reads until the other end closes the connection.
func awaitCut(t *testing.T, conn io.Reader) {
	t.Helper()
	_, err := io.Copy(io.Discard, conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection was left open")
	}
}

// untouched makes sure that the attack brought the node neither a link nor a message.
func (n *node) untouched(t *testing.T) {
	t.Helper()
	for _, s := range n.Status() {
		if s.Links != 0 || s.MessagesReceived != 0 {
			t.Errorf("the attack got a link: %+v", s)
		}
	}
}

func TestWrongKeyIsRefusedByBothEnds(t *testing.T) {
	addressOne, addressTwo := freeAddress(t), freeAddress(t)
	one := testConfig(t, 1, addressOne, addressTwo)
	two := testConfig(t, 2, addressOne, addressTwo)
	one.Listen, two.Keys = addressOne, []Key{testKey(t, 2)}
	dialler, acceptor := start(t, two), start(t, one)
	dialler.log.await(t, "not of this cluster's key")
	acceptor.log.await(t, "do both nodes have the same cluster key?")
	dialler.untouched(t)
	acceptor.untouched(t)
}

// TestDiallerWithOldKeyIsRefused: the acceptor judges on its own, also when the dialler would be content.
func TestDiallerWithOldKeyIsRefused(t *testing.T) {
	addressOne, addressTwo := freeAddress(t), freeAddress(t)
	one := testConfig(t, 1, addressOne, addressTwo)
	one.Listen = addressOne // knows only 1
	two := testConfig(t, 2, addressOne, addressTwo)
	two.Keys = []Key{testKey(t, 2), testKey(t, 1)} // shows 2, accepts both
	dialler, acceptor := start(t, two), start(t, one)
	acceptor.log.await(t, "not of this cluster's key")
	dialler.log.await(t, "do both nodes have the same cluster key?")
	dialler.untouched(t)
	acceptor.untouched(t)
}

// TestKeysAreExchangedWithoutAnInterruption: nodes with {old, new} and {new, old} have a link.
func TestKeysAreExchangedWithoutAnInterruption(t *testing.T) {
	pair(t, func(cfg *Config) {
		cfg.Keys = []Key{testKey(t, int(cfg.Self)), testKey(t, 3-int(cfg.Self))}
	})
}

func TestOtherProtocolsAreRefused(t *testing.T) {
	garbage := make([]byte, 2000)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(garbage); err != nil {
		t.Fatal(err)
	}
	frame := appendFrame(nil, maxFormat, frameMessage, paxos.KindLearn, encode(t, paxos.Learn{From: 1}))
	for name, sent := range map[string][]byte{
		"plaintext frame":  frame,
		"redis":            []byte("*1\r\n$4\r\nPING\r\n"),
		"http":             []byte("GET / HTTP/1.1\r\n\r\n"),
		"garbage":          garbage,
		"nothing":          nil,
		"half a TLS hello": {22, 3, 1, 1, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, nil)
			conn := tcp(t, n.Addr().String())
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			awaitCut(t, conn)
			n.log.await(t, "peer connection refused")
			n.untouched(t)
		})
	}
}

// TestOtherTLSIsRefused: everything a holder of the key could weaken about TLS.
func TestOtherTLSIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(cfg *tls.Config)
		want   string
	}{
		"TLS 1.2":          {func(cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }, "unsupported versions"},
		"no certificate":   {func(cfg *tls.Config) { cfg.Certificates = nil }, "didn't provide a certificate"},
		"no protocol":      {func(cfg *tls.Config) { cfg.NextProtos = nil }, "instead of \\\"paxredis-peer/1"},
		"another protocol": {func(cfg *tls.Config) { cfg.NextProtos = []string{"h2"} }, "application protocols"},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, nil)
			id, err := newIdentity([]Key{testKey(t, 1)})
			if err != nil {
				t.Fatal(err)
			}
			cfg := id.tlsConfig()
			cfg.VerifyConnection = nil
			test.change(cfg)
			conn := tls.Client(tcp(t, n.Addr().String()), cfg)
			if err := conn.Handshake(); err == nil { // in TLS 1.3 the refusal of a certificate comes later
				awaitCut(t, conn)
			}
			n.log.await(t, test.want)
			n.untouched(t)
		})
	}
}

func TestSessionsAreNeverResumed(t *testing.T) {
	n := victim(t, nil)
	id, err := newIdentity([]Key{testKey(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := id.tlsConfig()
	cfg.ServerName = "peer"
	stored := &sessions{ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	cfg.ClientSessionCache = stored
	for range 3 {
		conn := tls.Client(tcp(t, n.Addr().String()), cfg)
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		p, err := newProof(id, conn.ConnectionState())
		if err != nil {
			t.Fatal(err)
		}
		a := &attacker{conn, p}
		if answer := a.hello(t, truthful()); answer.Refused != "" { // reads, so a ticket would have come by now
			t.Fatal(answer.Refused)
		}
		if conn.ConnectionState().DidResume || stored.puts != 0 {
			t.Fatal("the node gave a ticket, or took one")
		}
	}
}

type sessions struct {
	tls.ClientSessionCache
	puts int
}

func (s *sessions) Put(key string, state *tls.ClientSessionState) {
	if state != nil {
		s.puts++
	}
	s.ClientSessionCache.Put(key, state)
}

// TestHellosThatAreRefused: the right key, and yet no link; the reason goes to both.
func TestHellosThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(h *wire.Hello)
		want   string
	}{
		"another cluster":     {func(h *wire.Hello) { h.ClusterUuid = "another" }, "belongs to cluster"},
		"another UUID":        {func(h *wire.Hello) { h.NodeUuid = "stolen" }, "met before as"},
		"no UUID":             {func(h *wire.Hello) { h.NodeUuid = "" }, "shows UUID"},
		"id 0":                {func(h *wire.Hello) { h.From = 0 }, "node 0 is not a member"},
		"an unknown id":       {func(h *wire.Hello) { h.From = 9 }, "node 9 is not a member (removed, or not yet added): add it with paxredis member add"},
		"the node itself":     {func(h *wire.Hello) { h.From, h.NodeUuid = 2, nodeUUID(2) }, "dialled itself"},
		"the node's own id":   {func(h *wire.Hello) { h.From = 2 }, "two nodes have id 2"},
		"meant for another":   {func(h *wire.Hello) { h.To = 4 }, "wants node 4, but this is node 2"},
		"a lower id":          {func(h *wire.Hello) { h.From, h.NodeUuid = 1, nodeUUID(1) }, "dialled by the higher id"},
		"formats to come":     {func(h *wire.Hello) { h.MinFormat, h.MaxFormat = 3, 4 }, "speaks formats 3 to 4, node 2 2 to 2; upgrade the older one"},
		"formats of the past": {func(h *wire.Hello) { h.MinFormat, h.MaxFormat = 1, 1 }, "speaks formats 1 to 1, node 2 2 to 2; upgrade the older one"},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, func(cfg *Config) {
				cfg.Meet = func(id paxos.NodeID, uuid string) error {
					if uuid != nodeUUID(id) {
						return fmt.Errorf("met before as %q", nodeUUID(id))
					}
					return nil
				}
			})
			a := infiltrate(t, n.Addr().String(), testKey(t, 1))
			h := truthful()
			test.change(h)
			if answer := a.hello(t, h); !strings.Contains(answer.Refused, test.want) {
				t.Errorf("the answer %q does not say %q", answer.Refused, test.want)
			}
			awaitCut(t, a)
			n.log.await(t, test.want)
			n.untouched(t)
		})
	}
}

// TestConfiguredUUIDIsHeldTo: a UUID of the configuration needs no Meet.
func TestConfiguredUUIDIsHeldTo(t *testing.T) {
	n := victim(t, func(cfg *Config) { cfg.Configuration.Voters[2].UUID = "of the configuration" })
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := a.hello(t, truthful()); !strings.Contains(answer.Refused, `is known as "of the configuration"`) {
		t.Errorf("the answer is %q", answer.Refused)
	}
	n.log.await(t, "paxredis member replace 3")
	n.untouched(t)
}

// TestDiallerRefusesAnotherUUID: the dialler's refusal is in both logs too.
func TestDiallerRefusesAnotherUUID(t *testing.T) {
	addressOne, addressTwo := freeAddress(t), freeAddress(t)
	one := testConfig(t, 1, addressOne, addressTwo)
	one.Listen = addressOne
	two := testConfig(t, 2, addressOne, addressTwo)
	two.Meet = func(paxos.NodeID, string) error { return errors.New("met before as another") }
	dialler, acceptor := start(t, two), start(t, one)
	dialler.log.await(t, "met before as another")
	acceptor.log.await(t, "refused by the peer: node 1 shows UUID")
	dialler.untouched(t)
}

// TestNodeThatDialsItself: the address of a peer that is this node's own is named as such.
func TestNodeThatDialsItself(t *testing.T) {
	address := freeAddress(t)
	cfg := testConfig(t, 2, address, address)
	cfg.Listen = address
	n := start(t, cfg)
	n.log.await(t, "node 2 dialled itself")
	n.log.await(t, "refused by the peer: node 2 dialled itself")
	n.untouched(t)
}

// TestAnswerOfAnotherNode: an acceptor with the key that is not the one dialled, and does not say so.
func TestAnswerOfAnotherNode(t *testing.T) {
	for name, test := range map[string]struct {
		change func(a *wire.Answer)
		want   string
	}{
		"another id":      {func(a *wire.Answer) { a.From = 3 }, "the address of node 2 is that of node 3"},
		"another cluster": {func(a *wire.Answer) { a.ClusterUuid = "another" }, "belongs to cluster"},
		"for another":     {func(a *wire.Answer) { a.To = 3 }, "the answer is for node 3"},
		"another format":  {func(a *wire.Answer) { a.Format = 9 }, "chose format 9"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(Config{Self: 1, ClusterUUID: testCluster, NodeUUID: nodeUUID(1)})
			v := newView(paxos.Configuration{Voters: []paxos.Member{{ID: 2}, {ID: 3}}})
			answer := &wire.Answer{ClusterUuid: testCluster, From: 2, To: 1, NodeUuid: nodeUUID(2), Format: maxFormat}
			if no := d.judgeAnswer(v, 2, answer); no != nil {
				t.Fatal(no)
			}
			test.change(answer)
			if no := d.judgeAnswer(v, 2, answer); no == nil || !strings.Contains(no.reason, test.want) {
				t.Errorf("%v does not say %q", no, test.want)
			}
		})
	}
}

// TestHelloIsBoundToItsConnection: a hello that was right on one connection is worth nothing on another.
func TestHelloIsBoundToItsConnection(t *testing.T) {
	n := victim(t, nil)
	first := infiltrate(t, n.Addr().String(), testKey(t, 1))
	fields, err := appendWire(nil, truthful(), truthful().SizeVT())
	if err != nil {
		t.Fatal(err)
	}
	recorded := appendFrame(nil, handshakeFormat, frameHello, 0, append(first.proof.mac(first.proof.own, roleDialler, fields), fields...))
	second := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if _, err := second.Write(recorded); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, second)
	n.log.await(t, "MAC does not match")
	n.untouched(t)
	if _, err := first.Write(recorded); err != nil {
		t.Fatal(err)
	}
	n.awaitUp(t, 3) // it was a good hello
}

// TestHelloIsBoundToItsRole: what the acceptor says cannot be said back to it.
func TestHelloIsBoundToItsRole(t *testing.T) {
	n := victim(t, nil)
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if err := a.proof.write(a, frameHello, roleAcceptor, truthful(), helloBodyBytes); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, a)
	n.log.await(t, "MAC does not match")
	n.untouched(t)
}

// TestAlteredHello: the MAC covers every field.
func TestAlteredHello(t *testing.T) {
	n := victim(t, nil)
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	fields, err := appendWire(nil, truthful(), truthful().SizeVT())
	if err != nil {
		t.Fatal(err)
	}
	body := append(a.proof.mac(a.proof.own, roleDialler, fields), fields...)
	body[len(body)-1] ^= 1
	if _, err := a.Write(appendFrame(nil, handshakeFormat, frameHello, 0, body)); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, a)
	n.log.await(t, "MAC does not match")
	n.untouched(t)
}

func TestBadFramesBeforeTheHello(t *testing.T) {
	longest := appendFrame(nil, handshakeFormat, frameHello, 0, make([]byte, 64))
	binary.BigEndian.PutUint32(longest, 1<<32-1)
	for name, test := range map[string]struct {
		sent []byte
		want string
	}{
		"longest length":   {longest, "length 4294967295 is above the limit"},
		"a message":        {appendFrame(nil, handshakeFormat, frameMessage, paxos.KindLearn, make([]byte, 64)), "where a handshake has type 1"},
		"another format":   {appendFrame(nil, maxFormat, frameHello, 0, make([]byte, 64)), "format version 2 instead of 1"},
		"shorter than MAC": {appendFrame(nil, handshakeFormat, frameHello, 0, []byte("x")), "type 1 of 1 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, nil)
			a := infiltrate(t, n.Addr().String(), testKey(t, 1))
			if _, err := a.Write(test.sent); err != nil {
				t.Fatal(err)
			}
			awaitCut(t, a)
			n.log.await(t, test.want)
			n.untouched(t)
		})
	}
}

// TestBadFramesOnALink: an authenticated peer that sends what no correct one does loses its link, says the log, and
// what it sent is neither delivered nor allocated.
func TestBadFramesOnALink(t *testing.T) {
	good := func() []byte {
		return appendFrame(nil, maxFormat, frameMessage, paxos.KindLearn, encode(t, paxos.Learn{From: 1}))
	}
	alter := func(change func(b []byte)) []byte {
		b := good()
		change(b)
		return b
	}
	for name, test := range map[string]struct {
		sent []byte
		want string
	}{
		"longest length":          {alter(func(b []byte) { binary.BigEndian.PutUint32(b, 1<<32-1) }), "length 4294967295 is above"},
		"longest message":         {appendFrame(nil, maxFormat, frameFirst, paxos.KindAccept, firstPiece(1<<32-1, "x")), "a message of 4294967295 bytes"},
		"altered":                 {alter(func(b []byte) { b[len(b)-1] ^= 1 }), "checksum"},
		"another group":           {alter(func(b []byte) { b[11] = 1 }), "unknown group"},
		"another version":         {alter(func(b []byte) { b[4] = 9 }), "format version 9"},
		"unknown type":            {appendFrame(nil, maxFormat, 99, 0, nil), "type 99"},
		"unknown kind":            {appendFrame(nil, maxFormat, frameMessage, 99, nil), "unknown message kind 99"},
		"undecodable":             {appendFrame(nil, maxFormat, frameMessage, paxos.KindAccept, []byte("\x7a\xff")), "Accept of 2 bytes"},
		"a second hello":          {appendFrame(nil, maxFormat, frameHello, 0, make([]byte, 64)), "type 1 on a link that is up"},
		"a piece of nothing":      {appendFrame(nil, maxFormat, framePiece, 0, []byte("x")), "a piece of no message"},
		"pieces out of order":     {append(appendFrame(nil, maxFormat, framePiece, 0, []byte("b")), appendFrame(nil, maxFormat, frameFirst, 3, firstPiece(2, "a"))...), "a piece of no message"},
		"two messages mixed":      {append(appendFrame(nil, maxFormat, frameFirst, 3, firstPiece(9, "a")), appendFrame(nil, maxFormat, frameFirst, 3, firstPiece(9, "a"))...), "before the former"},
		"a ping of three bytes":   {appendFrame(nil, maxFormat, framePing, 0, []byte("abc")), "a ping of 3 bytes"},
		"an end of nothing":       {appendFrame(nil, maxFormat, frameEnd, 0, nil), "an end of 0 bytes"},
		"a part among bulk":       {appendFrame(nil, maxFormat, frameFirst, paxos.KindCheckpointPart, firstPiece(9, "a")), "CheckpointPart on stream 0 instead of 1"},
		"bulk among parts":        {onStream(1, frameFirst, paxos.KindAccept, firstPiece(9, "a")), "Accept on stream 1 instead of 0"},
		"a piece of no part":      {onStream(1, framePiece, 0, []byte("x")), "a piece of no message"},
		"a third stream":          {onStream(2, framePiece, 0, []byte("x")), "stream 2 of a frame of type 7"},
		"a long heartbeat":        {appendFrame(nil, maxFormat, frameFirst, paxos.KindHeartbeat, firstPiece(pieceBytes+1, "a")), "above the limit of 65536"},
		"a long part":             {onStream(1, frameFirst, paxos.KindCheckpointPart, firstPiece(1<<30, "a")), "a message of 1073741824 bytes is above"},
		"a long question":         {appendFrame(nil, maxFormat, frameFirst, paxos.KindAsk, firstPiece(2<<20, "a")), "a message of 2097152 bytes is above"},
		"a long cursor":           {appendFrame(nil, maxFormat, frameFirst, paxos.KindCheckpointAsk, firstPiece(1<<20, "a")), "a message of 1048576 bytes is above"},
		"a removal of no slot":    {appendFrame(nil, maxFormat, frameEnd, 0, []byte{byte(endRemoved), 1}), "an end of 2 bytes for a removal"},
		"a long end":              {appendFrame(nil, maxFormat, frameEnd, 0, make([]byte, 1000)), "an end of 1000 bytes"},
		"an end within a part":    {append(onStream(1, frameFirst, paxos.KindCheckpointPart, firstPiece(9, "a")), appendFrame(nil, maxFormat, frameEnd, 0, []byte{1})...), "an end within a message"},
		"an end within a message": {append(appendFrame(nil, maxFormat, frameFirst, 3, firstPiece(9, "a")), appendFrame(nil, maxFormat, frameEnd, 0, []byte{1})...), "an end within a message"},
	} {
		t.Run(name, func(t *testing.T) {
			n := victim(t, nil)
			a := infiltrate(t, n.Addr().String(), testKey(t, 1))
			if answer := a.hello(t, truthful()); answer.Refused != "" {
				t.Fatal(answer.Refused)
			}
			n.awaitUp(t, 3)
			before := allocated()
			if _, err := a.Write(append(test.sent, good()...)); err != nil {
				t.Fatal(err)
			}
			n.log.await(t, test.want)
			awaitCut(t, a)
			if grown := allocated() - before; grown > 8<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
			if e := n.next(t); !e.down {
				t.Errorf("%v was delivered", e.message)
			}
		})
	}
}

// onStream is a frame of a stream.
func onStream(s stream, typ frameType, kind paxos.MessageKind, body []byte) []byte {
	b := append(beginFrame(nil, maxFormat, typ, kind, s), body...)
	endFrame(b)
	return b
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestCutFrameIsNotDelivered: half a frame, and half a long message, are nothing.
func TestCutFrameIsNotDelivered(t *testing.T) {
	whole := appendFrame(nil, maxFormat, frameMessage, paxos.KindLearn, encode(t, paxos.Learn{From: 1}))
	for _, sent := range [][]byte{whole[:len(whole)-1], whole[:5], appendFrame(nil, maxFormat, frameFirst, paxos.KindForward, firstPiece(100, "half"))} {
		n := victim(t, nil)
		a := infiltrate(t, n.Addr().String(), testKey(t, 1))
		a.hello(t, truthful())
		n.awaitUp(t, 3)
		if _, err := a.Write(sent); err != nil {
			t.Fatal(err)
		}
		a.NetConn().Close()
		if e := n.next(t); !e.down {
			t.Errorf("%v was delivered", e.message)
		}
	}
}

// TestSeventeenthSilentConnectionIsRefused, and a node can still come once one of the sixteen is gone.
func TestSeventeenthSilentConnectionIsRefused(t *testing.T) {
	n := victim(t, nil)
	var silent []net.Conn
	for range 16 {
		silent = append(silent, tcp(t, n.Addr().String()))
	}
	awaitCut(t, tcp(t, n.Addr().String()))
	n.log.await(t, "too many connections")
	for _, conn := range silent[1:] {
		conn.Close()
	}
	n.log.await(t, "closed the connection") // at least one place is free again
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	if answer := a.hello(t, truthful()); answer.Refused != "" {
		t.Fatal(answer.Refused)
	}
	n.awaitUp(t, 3)
}

// TestOneAddressCannotKeepOthersOut: a newcomer from another address takes a place of the greediest.
func TestOneAddressCannotKeepOthersOut(t *testing.T) {
	n := victim(t, nil)
	oldest := tcp(t, n.Addr().String())
	for range 15 {
		tcp(t, n.Addr().String())
	}
	awaitCut(t, tcp(t, n.Addr().String())) // all sixteen have been accepted by now
	elsewhere := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := elsewhere.Dial("tcp", n.Addr().String())
	if err != nil {
		t.Skip("this machine has no second loopback address:", err)
	}
	defer conn.Close()
	awaitCut(t, oldest)
	id, err := newIdentity([]Key{testKey(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := tls.Client(conn, id.tlsConfig()).Handshake(); err != nil {
		t.Fatal(err)
	}
}

// TestSilentConnectionsAreCut: at the hello's deadline, whatever they have said by then.
func TestSilentConnectionsAreCut(t *testing.T) {
	n := victim(t, func(cfg *Config) { cfg.Limits.HelloTimeout = 100 * time.Millisecond })
	silent := tcp(t, n.Addr().String())
	half := tcp(t, n.Addr().String())
	if _, err := half.Write([]byte{22}); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, silent)
	awaitCut(t, half)
	n.log.await(t, "timeout")
	n.untouched(t)
}

// TestBytesBeforeTheHelloAreBounded: TLS would read 64 KiB of a first handshake message.
func TestBytesBeforeTheHelloAreBounded(t *testing.T) {
	n := victim(t, nil)
	conn := tcp(t, n.Addr().String())
	record := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0}, make([]byte, 16<<10-4)...)
	if _, err := conn.Write(record); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, conn)
	n.log.await(t, "more bytes than allowed before the hello")
	n.untouched(t)
}

// TestRefusalsDoNotFloodTheLog: a thousand attempts are a line or two.
func TestRefusalsDoNotFloodTheLog(t *testing.T) {
	n := victim(t, nil)
	for range 200 {
		conn := tcp(t, n.Addr().String())
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		awaitCut(t, conn)
	}
	if count := strings.Count(n.log.String(), "peer connection refused"); count == 0 || count > noticesPerInterval {
		t.Errorf("200 attempts are %d lines of log", count)
	}
}
