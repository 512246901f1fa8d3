package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"google.golang.org/protobuf/encoding/protowire"
)

// EtcdOperation is what clients of etcd do.
type EtcdOperation int

// Operations: writes and reads of keys by chance, one at a time; and writes of each key once, all clients together, for which the
// requests of a pipeline become one transaction, of at most 128.
const (
	EtcdPut EtcdOperation = iota
	EtcdRange
	EtcdFill
)

// DialEtcd connects clients to a server of etcd, in its own protocol: gRPC, here by the HTTP/2 of the standard library, one
// connection for each client. Reads are linearizable, which is etcd's default, and must find their keys.
func DialEtcd(address string, op EtcdOperation, keys int, value []byte) Dial {
	var next atomic.Int64
	return func(ctx context.Context, client int) (Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		c := &etcdConn{ctx: ctx, cancel: cancel, transport: newGRPCTransport(), address: address, op: op, keys: keys, value: value, next: &next,
			random: rand.New(rand.NewPCG(uint64(client), rand.Uint64())), key: appendKey(nil, keyPrefix, 0)}
		if _, err := c.read(); err != nil { // a call connects
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	}
}

// newGRPCTransport speaks HTTP/2 without TLS, on one connection.
func newGRPCTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{Protocols: protocols, DisableCompression: true}
}

// etcdConn is a client's connection to etcd.
type etcdConn struct {
	ctx       context.Context
	cancel    context.CancelFunc
	transport *http.Transport
	address   string
	op        EtcdOperation
	keys      int
	value     []byte
	next      *atomic.Int64
	random    *rand.Rand
	key, out  []byte
}

func (c *etcdConn) Close() error {
	c.cancel()
	c.transport.CloseIdleConnections()
	return nil
}

func (c *etcdConn) Do(requests int) error {
	if c.op == EtcdFill {
		return c.fill(requests)
	}
	if requests != 1 {
		return errors.New("etcd has no pipelines")
	}
	c.key = appendKey(c.key[:0], keyPrefix, c.random.IntN(c.keys))
	if c.op == EtcdRange {
		return c.get()
	}
	c.out = c.appendPut(c.out[:0])
	_, err := callGRPC(c.ctx, c.transport, c.address, "/etcdserverpb.KV/Put", c.out)
	return err
}

// appendPut adds an etcdserverpb.PutRequest: key and value.
func (c *etcdConn) appendPut(buf []byte) []byte {
	return appendBytesField(appendBytesField(buf, 1, c.key), 2, c.value)
}

// fill writes the next keys in a transaction without conditions.
func (c *etcdConn) fill(keys int) error {
	c.out = c.out[:0]
	first := int(c.next.Add(int64(keys))) - keys
	for number := first; number < first+keys; number++ {
		c.key = appendKey(c.key[:0], keyPrefix, number)
		op := appendBytesField(nil, 2, c.appendPut(nil)) // etcdserverpb.RequestOp: request_put
		c.out = appendBytesField(c.out, 2, op)           // etcdserverpb.TxnRequest: success
	}
	_, err := callGRPC(c.ctx, c.transport, c.address, "/etcdserverpb.KV/Txn", c.out)
	return err
}

// read makes the call that reads the key.
func (c *etcdConn) read() ([]byte, error) {
	c.out = appendBytesField(c.out[:0], 1, c.key) // etcdserverpb.RangeRequest: key
	return callGRPC(c.ctx, c.transport, c.address, "/etcdserverpb.KV/Range", c.out)
}

// get reads the key, which must be there.
func (c *etcdConn) get() error {
	reply, err := c.read()
	if err != nil {
		return err
	}
	found := false
	if err := fields(reply, func(number protowire.Number, _ uint64, _ []byte) { found = found || number == 2 }); err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("etcd has no key %s", c.key)
	}
	return nil
}

// EtcdLeads asks a server of etcd whether it leads.
func EtcdLeads(ctx context.Context, address string) (bool, error) {
	transport := newGRPCTransport()
	defer transport.CloseIdleConnections()
	reply, err := callGRPC(ctx, transport, address, "/etcdserverpb.Maintenance/Status", nil)
	if err != nil {
		return false, err
	}
	var member, leader uint64
	var inner error
	err = fields(reply, func(number protowire.Number, value uint64, bytes []byte) { // etcdserverpb.StatusResponse
		switch number {
		case 1: // header
			inner = fields(bytes, func(number protowire.Number, value uint64, _ []byte) {
				if number == 2 {
					member = value
				}
			})
		case 4:
			leader = value
		}
	})
	return leader != 0 && leader == member, errors.Join(err, inner)
}

// frameHead is what gRPC puts before a message: a byte that says whether it is compressed, and its length.
const frameHead = 5

// maxReply bounds a reply, in bytes.
const maxReply = 4 << 20

// callGRPC makes a call with one request and one reply.
func callGRPC(ctx context.Context, transport *http.Transport, address, method string, message []byte) ([]byte, error) {
	body := make([]byte, frameHead, frameHead+len(message))
	binary.BigEndian.PutUint32(body[1:], uint32(len(message)))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+method, bytes.NewReader(append(body, message...)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	status, text := response.Trailer.Get("Grpc-Status"), response.Trailer.Get("Grpc-Message")
	if status == "" { // a refusal has no body, and its trailers are its header
		status, text = response.Header.Get("Grpc-Status"), response.Header.Get("Grpc-Message")
	}
	if response.StatusCode != http.StatusOK || status != "0" {
		return nil, fmt.Errorf("%s: HTTP status %s, gRPC status %s: %s", method, response.Status, status, text)
	}
	if len(reply) < frameHead || reply[0] != 0 || int(binary.BigEndian.Uint32(reply[1:])) != len(reply)-frameHead {
		return nil, fmt.Errorf("%s: the reply is not one message without compression", method)
	}
	return reply[frameHead:], nil
}

// appendBytesField adds a field of protobuf's wire format.
func appendBytesField(buf []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(buf, number, protowire.BytesType), value)
}

// fields calls see for each field of a message: with the number or the bytes that it holds.
func fields(message []byte, see func(protowire.Number, uint64, []byte)) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var inner []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			inner, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		see(number, value, inner)
		message = message[n:]
	}
	return nil
}
