package traffic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
)

// Flood is clients that send as fast as they are let, and never read a reply.
type Flood struct {
	conns   []net.Conn
	sending sync.WaitGroup
	ending  atomic.Bool
	sent    atomic.Int64
	closed  atomic.Int64
}

// floodBytes is about how much a client sends at once. Its kernel holds as much again and no more: what is not taken stays with the client.
const floodBytes = 64 << 10

// floodTexts is how many different texts there are for all clients: to make them anew would take the processor from the servers.
const floodTexts = 16

// StartFlood connects that many clients, spread evenly over the servers, and begins. The flood must be stopped.
func StartFlood(addrs []string, connections int, command Command) (*Flood, error) {
	f := &Flood{}
	for i := range connections {
		conn, err := net.DialTimeout("tcp", addrs[i%len(addrs)], dialLimit)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("traffic: %w", err), f.Stop())
		}
		f.conns = append(f.conns, conn)
		if tcp, ok := conn.(*net.TCPConn); ok {
			if err := tcp.SetWriteBuffer(floodBytes); err != nil {
				return nil, errors.Join(fmt.Errorf("traffic: %w", err), f.Stop())
			}
		}
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), 0))
	texts := make([][]byte, floodTexts)
	for i := range texts {
		for len(texts[i]) < floodBytes {
			texts[i] = command(random, texts[i])
		}
	}
	for i, conn := range f.conns {
		f.sending.Go(func() { f.send(conn, texts[i%len(texts)]) })
	}
	return f, nil
}

func (f *Flood) send(conn net.Conn, text []byte) {
	for {
		n, err := conn.Write(text)
		f.sent.Add(int64(n))
		if err != nil {
			if !f.ending.Load() {
				f.closed.Add(1)
			}
			return
		}
	}
}

// Sent is how many bytes the clients have been let send.
func (f *Flood) Sent() int64 { return f.sent.Load() }

// Closed is how many connections the servers have closed.
func (f *Flood) Closed() int { return int(f.closed.Load()) }

// Stop closes all connections.
func (f *Flood) Stop() error {
	f.ending.Store(true)
	var errs []error
	for _, conn := range f.conns {
		errs = append(errs, conn.Close())
	}
	f.sending.Wait()
	return errors.Join(errs...)
}
