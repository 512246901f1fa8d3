package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// joinOf is what a real node asks.
func joinOf() *wire.Join {
	return &wire.Join{MinFormat: minFormat, MaxFormat: maxFormat, NodeUuid: nodeUUID(9), Address: "127.0.0.1:9"}
}

// closedDoor is a victim that fails the test if anybody is admitted.
func closedDoor(t *testing.T) *node {
	return victim(t, func(cfg *Config) {
		cfg.Admit = func(_ context.Context, m paxos.Member) (paxos.Configuration, error) {
			t.Errorf("%+v was let in", m)
			return paxos.Configuration{}, errors.New("nobody is admitted")
		}
	})
}

// TestJoinWithAnotherKey is refused by whichever end does not know the other's.
func TestJoinWithAnotherKey(t *testing.T) {
	n := admitting(t, nil)
	if _, err := joiner(t, n, func(c *JoinConfig) { c.Keys = []Key{testKey(t, 2)} }); !errors.Is(err, errWrongKey) {
		t.Error(err)
	}
	_, err := joiner(t, n, func(c *JoinConfig) { c.Keys = []Key{testKey(t, 2), testKey(t, 1)} }) // it knows the node's, not the node its
	if err == nil || !strings.Contains(err.Error(), "do both nodes have the same cluster key?") {
		t.Error(err)
	}
	n.log.await(t, "not of this cluster's key")
}

// TestBadJoins: nothing but a whole Join, made for this connection and in this role, has anybody admitted.
func TestBadJoins(t *testing.T) {
	for name, test := range map[string]struct {
		send func(t *testing.T, a *attacker, n *node) error
		want string
	}{
		"a dialler's MAC": {func(_ *testing.T, a *attacker, _ *node) error {
			return a.proof.write(a, frameJoin, roleDialler, joinOf(), helloBodyBytes)
		}, "MAC does not match"},
		"the other end's MAC": {func(_ *testing.T, a *attacker, _ *node) error {
			return a.proof.write(a, frameJoin, roleAdmitter, joinOf(), helloBodyBytes)
		}, "MAC does not match"},
		"another connection's MAC": {func(t *testing.T, a *attacker, n *node) error {
			other := infiltrate(t, n.Addr().String(), testKey(t, 1))
			return other.proof.write(a, frameJoin, roleJoiner, joinOf(), helloBodyBytes)
		}, "MAC does not match"},
		"a joiner's MAC on a hello": {func(_ *testing.T, a *attacker, _ *node) error {
			return a.proof.write(a, frameHello, roleJoiner, truthful(), helloBodyBytes)
		}, "MAC does not match"},
		"an answer": {func(_ *testing.T, a *attacker, _ *node) error {
			return a.proof.write(a, frameJoined, roleJoiner, joinOf(), helloBodyBytes)
		}, "type 10 of"},
		"garbage": {func(_ *testing.T, a *attacker, _ *node) error {
			fields := []byte("\xff\xff\xff")
			_, err := a.Write(appendFrame(nil, handshakeFormat, frameJoin, 0, append(a.proof.mac(a.proof.own, roleJoiner, fields), fields...)))
			return err
		}, "bad frame: join"},
		"no MAC": {func(_ *testing.T, a *attacker, _ *node) error {
			_, err := a.Write(appendFrame(nil, handshakeFormat, frameJoin, 0, []byte("x")))
			return err
		}, "type 9 of 1 bytes"},
		"too long": {func(_ *testing.T, a *attacker, _ *node) error {
			_, err := a.Write(appendFrame(nil, handshakeFormat, frameJoin, 0, make([]byte, helloBodyBytes+1)))
			return err
		}, "length 1025 is above the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			n := closedDoor(t)
			a := infiltrate(t, n.Addr().String(), testKey(t, 1))
			if err := test.send(t, a, n); err != nil {
				t.Fatal(err)
			}
			awaitCut(t, a)
			n.log.await(t, test.want)
			n.untouched(t)
		})
	}
}

// TestJoinOfAnotherFormat is answered with which formats there are.
func TestJoinOfAnotherFormat(t *testing.T) {
	n := admitting(t, nil)
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	ask := joinOf()
	ask.MinFormat, ask.MaxFormat = 8, 9
	if err := a.proof.write(a, frameJoin, roleJoiner, ask, helloBodyBytes); err != nil {
		t.Fatal(err)
	}
	fields, err := a.proof.read(a, frameJoined, roleAdmitter, joinedBytes)
	if err != nil {
		t.Fatal(err)
	}
	var joined wire.Joined
	if err := proto.Unmarshal(fields, &joined); err != nil || !strings.Contains(joined.Refused, "speaks formats 8 to 9") {
		t.Error(joined.Refused, err)
	}
}

// impostor answers one Join by hand, as whoever holds the key can, and returns its address.
func impostor(t *testing.T, answer func(s *tls.Conn, p *proof) error) string {
	t.Helper()
	id, err := newIdentity([]Key{testKey(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Error("the impostor failed:", err)
		}
	})
	go func() { served <- serveOne(listener, id, answer) }()
	return listener.Addr().String()
}

func serveOne(listener net.Listener, id *identity, answer func(s *tls.Conn, p *proof) error) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	s := tls.Server(conn, id.tlsConfig())
	if err := s.Handshake(); err != nil {
		return err
	}
	p, err := newProof(id, s.ConnectionState())
	if err != nil {
		return err
	}
	if _, err := p.read(s, frameJoin, roleJoiner, helloBodyBytes); err != nil {
		return err
	}
	return answer(s, p)
}

// TestBadAnswersToAJoiner: it believes nothing but a whole answer, in the other end's role, that makes it a member.
func TestBadAnswersToAJoiner(t *testing.T) {
	c := paxos.Configuration{Slot: 1, Voters: []paxos.Member{{ID: 1}, {ID: 4, UUID: nodeUUID(9)}}}
	encoded, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := func() *wire.Joined { return &wire.Joined{ClusterUuid: testCluster, Id: 4, Configuration: encoded} }
	write := func(role byte, j *wire.Joined) func(*tls.Conn, *proof) error {
		return func(s *tls.Conn, p *proof) error { return p.write(s, frameJoined, role, j, joinedBytes) }
	}
	altered := func(change func(j *wire.Joined)) func(*tls.Conn, *proof) error {
		j := good()
		change(j)
		return write(roleAdmitter, j)
	}
	for name, test := range map[string]struct {
		answer func(*tls.Conn, *proof) error
		want   string
	}{
		"good":               {write(roleAdmitter, good()), ""},
		"its own role":       {write(roleJoiner, good()), "MAC does not match"},
		"an acceptor's role": {write(roleAcceptor, good()), "MAC does not match"},
		"nothing":            {func(*tls.Conn, *proof) error { return nil }, "EOF"},
		"garbage": {func(s *tls.Conn, _ *proof) error {
			_, err := s.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			return err
		}, "bad frame"},
		"no configuration":     {altered(func(j *wire.Joined) { j.Configuration = nil }), "is none"},
		"a broken one":         {altered(func(j *wire.Joined) { j.Configuration = []byte("\xff") }), "configuration of 1 bytes"},
		"one without the node": {altered(func(j *wire.Joined) { j.Id = 5 }), "which its configuration does not have"},
		"no id":                {altered(func(j *wire.Joined) { j.Id = 0 }), "which its configuration does not have"},
		"no cluster":           {altered(func(j *wire.Joined) { j.ClusterUuid = "" }), "which its configuration does not have"},
		"a long cluster":       {altered(func(j *wire.Joined) { j.ClusterUuid = strings.Repeat("c", 65) }), "which its configuration does not have"},
		"too long": {func(s *tls.Conn, _ *proof) error {
			_, _ = s.Write(appendFrame(nil, handshakeFormat, frameJoined, 0, make([]byte, joinedBytes+1))) // cut after the header
			return nil
		}, "length 65537 is above the limit"},
		"a hello's answer": {func(s *tls.Conn, p *proof) error {
			return p.write(s, frameAnswer, roleAdmitter, &wire.Answer{}, helloBodyBytes)
		}, "type 2 of"},
	} {
		t.Run(name, func(t *testing.T) {
			address := impostor(t, test.answer)
			answer, err := Join(t.Context(), JoinConfig{Address: address, Keys: []Key{testKey(t, 1)}, Limits: quickLimits(),
				Member: paxos.Member{UUID: nodeUUID(9), Address: "127.0.0.1:9"}})
			switch {
			case test.want == "" && (err != nil || answer.Member.ID != 4):
				t.Errorf("%+v, %v", answer, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v does not say %q", err, test.want)
			}
		})
	}
}

// FuzzJoin feeds what either end of a join decodes, behind a right MAC.
func FuzzJoin(f *testing.F) {
	for _, m := range []wireMessage{joinOf(), &wire.Joined{ClusterUuid: testCluster, Id: 4, Refused: "why", Configuration: []byte("\x08\x01\x10\x01")}} {
		fields, err := appendWire(nil, m, m.SizeVT())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fields)
	}
	d := newDoor(Config{Self: 2, ClusterUUID: testCluster, NodeUUID: nodeUUID(2)})
	f.Fuzz(func(t *testing.T, fields []byte) {
		if join, err := decodeJoin(fields); err == nil {
			m := paxos.Member{ID: paxos.NodeID(join.Id), UUID: join.NodeUuid, Address: join.Address}
			if no := d.judgeJoin(join, m); no == nil && (m.ID == 2 || m.UUID == "" || checkJoiner(m) != nil) {
				t.Fatalf("accepted: %v", join)
			}
		}
		var joined wire.Joined
		if proto.Unmarshal(fields, &joined) == nil {
			if answer, err := toJoinAnswer(&joined); err == nil && !answer.Configuration.IsMember(answer.Member.ID) {
				t.Fatalf("%+v", answer)
			}
		}
	})
}
