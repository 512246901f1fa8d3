package peer

import "github.com/paxredis/paxredis/replication/paxos"

// Codec is the links' message format without a link: for simulators, whose messages are to be what a peer would really get. The zero
// value is ready. It belongs to one goroutine.
type Codec struct {
	encoder encoder
	decoder decoder
	body    []byte
}

// Carry encodes a message as a link's writer does, and returns what a link's reader makes of that, and the encoding, which is valid
// until the next call.
func (c *Codec) Carry(m paxos.Message) (carried paxos.Message, body []byte, err error) {
	w, err := c.encoder.toWire(m)
	if err != nil {
		return nil, nil, err
	}
	c.body, err = appendWire(c.body[:0], w, w.SizeVT())
	c.encoder.release()
	if err != nil {
		return nil, nil, err
	}
	carried, err = c.decoder.decode(m.Kind(), c.body, false)
	return carried, c.body, err
}
