package peer

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unsentBytes is how much the kernel holds of what it has not sent yet. More would only be a queue in which a
// heartbeat waits behind bulk data.
const unsentBytes = 128 << 10

// setSocketOptions makes the kernel send at once and give up a connection whose bytes stay unacknowledged.
func setSocketOptions(conn net.Conn, stall time.Duration) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := tcp.SetNoDelay(true); err != nil {
		return err
	}
	sys, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = sys.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(stall.Milliseconds()))
		if failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		}
	})
	if err != nil {
		return err
	}
	return failed
}
