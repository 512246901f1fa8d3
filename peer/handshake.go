package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/peer/internal/wire"
)

const (
	macBytes = sha256.Size
	// helloBodyBytes bounds the body of a hello and of its answer.
	helloBodyBytes = 1 << 10
	// reasonBytes bounds the text of a refusal.
	reasonBytes = 512
	// exporterLabel binds a MAC to the TLS connection it was made on (RFC 8446, 7.5).
	exporterLabel = "EXPORTER-paxredis-peer-hello-v1"
)

// The roles in a handshake: a MAC made in one is worth nothing in another.
const (
	roleDialler  byte = 'd'
	roleAcceptor byte = 'a'
	roleJoiner   byte = 'j'
	roleAdmitter byte = 'm'
)

// secure is a TLS connection whose peer holds the cluster key, before the hello.
type secure struct {
	*tls.Conn
	raw   *rawConn
	proof *proof
}

// handshake does TLS's part at either end.
func handshake(id *identity, raw *rawConn, conn *tls.Conn) (*secure, error) {
	if err := conn.Handshake(); err != nil {
		return nil, explain(err)
	}
	proof, err := newProof(id, conn.ConnectionState())
	return &secure{conn, raw, proof}, err
}

// explain adds to a TLS alert, which names no cause, the most likely one.
func explain(err error) error {
	var alert tls.AlertError
	var op *net.OpError
	if errors.As(err, &alert) || errors.As(err, &op) && op.Op == "remote error" {
		return fmt.Errorf("%w (%s)", errAlert, reasonOf(err))
	}
	return err
}

// proof makes and checks the MACs of one connection.
type proof struct {
	exporter []byte
	// own goes with the certificate this node showed, theirs with the one the peer showed.
	own, theirs []byte
}

func newProof(id *identity, state tls.ConnectionState) (*proof, error) {
	theirs, err := id.macKeyOf(state)
	if err != nil {
		return nil, err
	}
	exporter, err := state.ExportKeyingMaterial(exporterLabel, nil, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("TLS exporter: %w", err)
	}
	return &proof{exporter: exporter, own: id.own(), theirs: theirs}, nil
}

// mac covers the connection, the role and every field of the hello, ids included.
func (p *proof) mac(key []byte, role byte, fields []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("paxredis hello v1\x00"))
	h.Write(p.exporter)
	h.Write([]byte{role})
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(fields)))
	h.Write(length[:])
	h.Write(fields)
	return h.Sum(nil)
}

// write sends fields behind their MAC in one frame, whose body is at most limit bytes.
func (p *proof) write(w io.Writer, typ frameType, role byte, m wireMessage, limit int) error {
	fields, err := appendWire(nil, m, m.SizeVT())
	if err != nil {
		return err
	}
	if len(fields) > limit-macBytes {
		return fmt.Errorf("a handshake of %d bytes is longer than %d", len(fields), limit-macBytes)
	}
	body := append(p.mac(p.own, role, fields), fields...)
	_, err = w.Write(appendFrame(nil, handshakeFormat, typ, 0, body))
	return err
}

// read reads a frame that write made at the other end and returns its fields.
func (p *proof) read(r io.Reader, typ frameType, role byte, limit int) ([]byte, error) {
	f, err := readHandshakeFrame(r, limit)
	if err != nil {
		return nil, err
	}
	return p.open(f, typ, role)
}

// open returns the fields of a frame of that type that was made in that role.
func (p *proof) open(f frame, typ frameType, role byte) ([]byte, error) {
	if f.typ != typ || len(f.body) < macBytes {
		return nil, badFrame("type %d of %d bytes where a handshake has type %d", f.typ, len(f.body), typ)
	}
	fields := f.body[macBytes:]
	if !hmac.Equal(f.body[:macBytes], p.mac(p.theirs, role, fields)) {
		return nil, errBadMAC
	}
	return fields, nil
}

// readHandshakeFrame reads one frame of at most limit bytes of body from r, and not a byte more.
func readHandshakeFrame(r io.Reader, limit int) (frame, error) {
	buf := make([]byte, headerBytes, headerBytes+helloBodyBytes)
	if _, err := io.ReadFull(r, buf); err != nil {
		return frame{}, err
	}
	if err := checkHeader(buf, handshakeFormat, limit); err != nil {
		return frame{}, err
	}
	size := headerBytes + int(binary.BigEndian.Uint32(buf))
	buf = slices.Grow(buf, size-headerBytes)[:size]
	if _, err := io.ReadFull(r, buf[headerBytes:]); err != nil {
		return frame{}, err
	}
	f, _, err := parseFrame(buf, handshakeFormat, limit)
	return f, err
}

// decodeHello and decodeAnswer read fields that a MAC has vouched for.
func decodeHello(fields []byte) (*wire.Hello, error) {
	hello := &wire.Hello{}
	if err := proto.Unmarshal(fields, hello); err != nil { // checks that strings are UTF-8
		return nil, badFrame("hello: %v", err)
	}
	return hello, nil
}

func decodeAnswer(fields []byte) (*wire.Answer, error) {
	answer := &wire.Answer{}
	if err := proto.Unmarshal(fields, answer); err != nil {
		return nil, badFrame("answer: %v", err)
	}
	return answer, nil
}
