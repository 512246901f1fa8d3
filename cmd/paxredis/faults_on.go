//go:build faults

package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// faults are what a test build has go wrong. They are told as lines, each answered by a line once it holds, on the socket that
// PAXREDIS_TEST_FAULTS names:
//
//	link ID pass            what is sent to the peer arrives (again)
//	link ID drop            nothing does
//	link ID lose SHARE      this share does not
//	link ID delay DURATION  it arrives so much later, in order
//	disk DURATION           each write takes so much longer, until something else is told
//	disk fails              the next write cannot be synced
//	disk full               the next write finds no room
//	clock DURATION          the wall clock is so much ahead
//	count                   nothing changes; the answer is how many messages and writes have suffered so far
type faults struct {
	mu    sync.Mutex
	links map[paxos.NodeID]*faultyLink
	count int // of messages lost or late, and of writes late or failed
	disk  diskFault
	ahead time.Duration
}

// diskFault is what goes wrong with writes.
type diskFault struct {
	slow time.Duration
	fail error
	over chan struct{} // closed when something else is told
}

// faultyLink is one direction between two nodes.
type faultyLink struct {
	lose  float64
	delay time.Duration
	late  chan lateMessage // nil until something is delayed; then all messages go through it, so that they stay in order
}

type lateMessage struct {
	due     time.Time
	message paxos.Message
}

// maxLate bounds the messages of a link that are on their way; more are lost, as on a network.
const maxLate = 1 << 14

var injected = &faults{links: make(map[paxos.NodeID]*faultyLink), disk: diskFault{over: make(chan struct{})}}

func init() {
	path := os.Getenv("PAXREDIS_TEST_FAULTS")
	if path == "" {
		return
	}
	_ = os.Remove(path) // of the process before
	listener, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go injected.serve(conn)
		}
	}()
}

func (f *faults) serve(conn net.Conn) {
	defer conn.Close()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		answer, err := f.obey(strings.Fields(lines.Text()))
		if err != nil {
			answer = err.Error()
		}
		if _, err := fmt.Fprintln(conn, answer); err != nil {
			return
		}
	}
}

func (f *faults) obey(words []string) (answer string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(words) == 1 && words[0] == "count":
		return strconv.Itoa(f.count), nil
	case len(words) == 2 && words[0] == "disk":
		err = f.tellDisk(words[1])
	case len(words) == 2 && words[0] == "clock":
		f.ahead, err = time.ParseDuration(words[1])
	case len(words) >= 3 && words[0] == "link":
		var id uint64
		if id, err = strconv.ParseUint(words[1], 10, 32); err == nil {
			err = f.link(paxos.NodeID(id)).obey(words[2:])
		}
	default:
		err = fmt.Errorf("unknown: %q", words)
	}
	return "ok", err
}

// tellDisk changes what goes wrong with writes, those that wait included. The caller holds mu.
func (f *faults) tellDisk(word string) (err error) {
	next := diskFault{over: make(chan struct{})}
	switch word {
	case "fails":
		next.fail = &fs.PathError{Op: "sync", Path: "the journal", Err: syscall.EIO}
	case "full":
		next.fail = &fs.PathError{Op: "write", Path: "the journal", Err: syscall.ENOSPC}
	default:
		next.slow, err = time.ParseDuration(word)
	}
	if err == nil {
		close(f.disk.over)
		f.disk = next
	}
	return err
}

// link returns the link to a peer. The caller holds mu.
func (f *faults) link(to paxos.NodeID) *faultyLink {
	l := f.links[to]
	if l == nil {
		l = new(faultyLink)
		f.links[to] = l
	}
	return l
}

func (l *faultyLink) obey(words []string) (err error) {
	var lose float64
	var delay time.Duration
	switch {
	case len(words) == 1 && words[0] == "pass":
	case len(words) == 1 && words[0] == "drop":
		lose = 1
	case len(words) == 2 && words[0] == "lose":
		lose, err = strconv.ParseFloat(words[1], 64)
	case len(words) == 2 && words[0] == "delay":
		delay, err = time.ParseDuration(words[1])
	default:
		err = fmt.Errorf("unknown: %q", words)
	}
	if err == nil {
		l.lose, l.delay = lose, delay
	}
	return err
}

// faultySender puts the faults between a group and its links.
type faultySender struct{ replication.Transport }

func faultyTransport(t replication.Transport) replication.Transport { return faultySender{t} }

// Send implements replication.Transport.
func (s faultySender) Send(to paxos.NodeID, m paxos.Message) {
	injected.mu.Lock()
	l := injected.link(to)
	lost, due, late := l.lose > 0 && rand.Float64() < l.lose, time.Now().Add(l.delay), l.late
	if late == nil && l.delay > 0 {
		late = make(chan lateMessage, maxLate)
		l.late = late
		go s.deliver(to, late)
	}
	if lost || l.delay > 0 {
		injected.count++
	}
	injected.mu.Unlock()
	switch {
	case lost:
	case late == nil:
		s.Transport.Send(to, m)
	default:
		select {
		case late <- lateMessage{due, m}:
		default:
		}
	}
}

// SendAll implements replication.Transport.
func (s faultySender) SendAll(all []paxos.Envelope) {
	for _, e := range all {
		s.Send(e.To, e.Message)
	}
}

func (s faultySender) deliver(to paxos.NodeID, late <-chan lateMessage) {
	for l := range late {
		if wait := time.Until(l.due); wait > 0 {
			<-time.After(wait)
		}
		s.Transport.Send(to, l.message)
	}
}

// faultyDisk is a disk that takes its time, or fails.
type faultyDisk struct {
	replication.Storage
	failed bool // only the goroutine that saves looks at it
}

func faultyStorage(s replication.Storage) replication.Storage { return &faultyDisk{Storage: s} }

// Save implements replication.Storage. Of what it fails to write a part is there all the same, as on a disk.
func (d *faultyDisk) Save(writes []paxos.Write) error {
	if d.failed {
		panic("the journal is written again after a write has failed (rule D2)")
	}
	fault := injected.awaitDisk()
	if fault == nil {
		return d.Storage.Save(writes)
	}
	d.failed = true
	if some := writes[:len(writes)/2]; len(some) > 0 {
		if err := d.Storage.Save(some); err != nil {
			return err
		}
	}
	return fault
}

// awaitDisk returns when a write may go on, with what becomes of it. What is told meanwhile holds for it.
func (f *faults) awaitDisk() error {
	for {
		f.mu.Lock()
		disk := f.disk
		if disk.slow > 0 || disk.fail != nil {
			f.count++
		}
		f.mu.Unlock()
		if disk.slow == 0 {
			return disk.fail
		}
		select {
		case <-time.After(disk.slow):
			return nil
		case <-disk.over:
		}
	}
}

// faultyClock is a machine's whose wall clock is set.
type faultyClock struct{ replication.Clock }

func systemClock() replication.Clock { return faultyClock{replication.SystemClock{}} }

// Now implements replication.Clock.
func (c faultyClock) Now() paxos.Instant {
	now := c.Clock.Now()
	now.Real += ahead().Nanoseconds()
	return now
}

func wallClock() time.Time { return time.Now().Add(ahead()) }

func ahead() time.Duration {
	injected.mu.Lock()
	defer injected.mu.Unlock()
	return injected.ahead
}
