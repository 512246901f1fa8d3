package resp

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/brief"
)

// poller tells an event loop which of its sockets have something for it (epoll(7), edge-triggered). It waits as Go waits: the epoll
// descriptor is itself one that Go's runtime watches. A loop that waited in epoll_wait would hold a processor of Go's until the
// runtime's monitor notices and takes it away, which others had to wait for, and which was a fifth of a busy node's CPU time.
//
// All but wake and rest belongs to the loop's goroutine.
type poller struct {
	fd     int      // the epoll descriptor
	file   *os.File // the same, as Go's runtime knows it
	raw    syscall.RawConn
	events []pollEvent

	look  func(uintptr) bool // looks without waiting; made once, since it is needed at each turn
	found int
	err   error
}

// watched is what a loop is told about: that there is something to read, that there is room to write again, and that the peer has
// closed its half. Each is told once; a loop that is told must remember until a system call says that there is no more.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// hungUp are the events of a connection that is over.
const hungUp = unix.EPOLLHUP | unix.EPOLLERR

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Go's runtime watches only descriptors that do not block.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	p := &poller{fd: fd, file: os.NewFile(uintptr(fd), "epoll"), events: make([]pollEvent, pollEvents)}
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // which tells whether it is watched
	}
	if err != nil {
		return nil, closeAfter(p.file, err)
	}
	p.look = func(uintptr) bool {
		p.found, p.err = brief.EpollEvents(fd, p.events)
		if p.err == unix.EINTR {
			p.found, p.err = 0, nil
		}
		return p.found != 0 || p.err != nil
	}
	return p, nil
}

// wait returns what has happened since it was last asked, and waits until something has, or until wake, if block says so.
// The events are valid until the next call.
func (p *poller) wait(block bool) ([]pollEvent, error) {
	p.found, p.err = 0, nil
	if block {
		err := p.raw.Read(p.look)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, fmt.Errorf("waiting for sockets: %w", err)
		}
	}
	if p.found == 0 && p.err == nil {
		// Also after wake: whoever wakes often must not keep the sockets from being looked at.
		p.look(0)
	}
	if p.err != nil {
		return nil, os.NewSyscallError("epoll_wait", p.err)
	}
	return p.events[:p.found], nil
}

// wake ends wait, the one at hand or the next, and all until rest. It takes no system call: a deadline that has passed is what Go's
// runtime looks at without any. Safe for use by several goroutines.
func (p *poller) wake() error { return p.file.SetReadDeadline(passed) }

// rest takes wake back. Whoever calls it sees to it that nobody calls wake meanwhile.
func (p *poller) rest() error { return p.file.SetReadDeadline(time.Time{}) }

// add watches a socket.
func (p *poller) add(fd int) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: watched, Fd: int32(fd)}))
}

func (p *poller) close() error { return p.file.Close() }

// pollEvent is what has happened on a socket.
type pollEvent = unix.EpollEvent

// eventOf takes an event apart.
func eventOf(e *pollEvent) happening {
	return happening{
		fd:     int(e.Fd),
		input:  e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|hungUp) != 0,
		room:   e.Events&unix.EPOLLOUT != 0,
		ended:  e.Events&(unix.EPOLLRDHUP|hungUp) != 0,
		hungUp: e.Events&hungUp != 0,
	}
}
