//go:build !linux

package peer

import (
	"net"
	"time"
)

// setSocketOptions makes the kernel send at once. Connections that stall are found by the links' own deadlines.
func setSocketOptions(conn net.Conn, _ time.Duration) error {
	if tcp, ok := conn.(*net.TCPConn); ok {
		return tcp.SetNoDelay(true)
	}
	return nil
}
