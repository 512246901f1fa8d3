package resp

// pollEvents is how many events a loop is told at once.
const pollEvents = 256

// happening is what a poller tells of a socket, in the terms that event loops need. Each system has its poller in a file of its own:
// epoll on Linux, kqueue on macOS.
type happening struct {
	fd    int
	input bool // there is something to read: bytes, the end, or an error
	room  bool // there is room to write again
	// ended: the peer sends no more. hungUp: it does not read either, or the connection has failed.
	ended, hungUp bool
}
