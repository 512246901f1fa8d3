package resp

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller tells an event loop which of its sockets have something for it (kqueue(2), each change once). It waits in the system call: Go's runtime
// cannot watch a kqueue as it watches an epoll descriptor, which costs time that a machine for development has.
//
// All but wake and rest belongs to the loop's goroutine.
type poller struct {
	fd     int
	events []pollEvent
	awake  atomic.Bool // from wake to rest: wait does not wait
}

// pollEvent is what has happened on a socket: that it can be read, or that it can be written.
type pollEvent = unix.Kevent_t

// wakeIdent is the event of wake among those of its kind.
const wakeIdent = 0

func newPoller() (*poller, error) {
	syscall.ForkLock.RLock() // no child between the two calls
	fd, err := unix.Kqueue()
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	p := &poller{fd: fd, events: make([]pollEvent, pollEvents)}
	if err := p.change(unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_CLEAR}); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// change tells the kernel what to watch.
func (p *poller) change(changes ...unix.Kevent_t) error {
	for {
		if _, err := unix.Kevent(p.fd, changes, nil, nil); err != unix.EINTR {
			return os.NewSyscallError("kevent", err)
		}
	}
}

// wait returns what has happened since it was last asked, and waits until something has, or until wake, if block says so.
// The events are valid until the next call.
func (p *poller) wait(block bool) ([]pollEvent, error) {
	var timeout *unix.Timespec // none: it waits
	if !block || p.awake.Load() {
		timeout = &unix.Timespec{}
	}
	// If wake comes right here, its event is there already, and ends the call.
	found, err := unix.Kevent(p.fd, nil, p.events, timeout)
	if err != nil && err != unix.EINTR {
		return nil, os.NewSyscallError("kevent", err)
	}
	sockets := p.events[:0]
	for _, e := range p.events[:max(found, 0)] {
		if e.Filter != unix.EVFILT_USER {
			sockets = append(sockets, e)
		}
	}
	return sockets, nil
}

// wake ends wait, the one at hand or the next, and all until rest. Safe for use by several goroutines.
func (p *poller) wake() error {
	if p.awake.Swap(true) {
		return nil
	}
	return p.change(unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER})
}

// rest takes wake back. Whoever calls it sees to it that nobody calls wake meanwhile. The event may still be there, and ends one wait more.
func (p *poller) rest() error {
	p.awake.Store(false)
	return nil
}

// add watches a socket.
func (p *poller) add(fd int) error {
	return p.change(
		unix.Kevent_t{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_ADD | unix.EV_CLEAR},
		unix.Kevent_t{Ident: uint64(fd), Filter: unix.EVFILT_WRITE, Flags: unix.EV_ADD | unix.EV_CLEAR},
	)
}

func (p *poller) close() error { return os.NewSyscallError("close", unix.Close(p.fd)) }

// eventOf takes an event apart: the end of what can be read is that of what the peer sends, and that of what can be written is that
// of the connection.
func eventOf(e *pollEvent) happening {
	end := e.Flags&unix.EV_EOF != 0
	over := end && (e.Filter == unix.EVFILT_WRITE || e.Fflags != 0) // with the error that ended it
	return happening{
		fd:     int(e.Ident),
		input:  e.Filter == unix.EVFILT_READ || over,
		room:   e.Filter == unix.EVFILT_WRITE,
		ended:  end,
		hungUp: over,
	}
}
