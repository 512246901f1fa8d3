package integration

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// ports hands out loopback ports below the range from which the kernel takes those of outgoing connections: a node
// that is down must find its port free when it comes back.
var ports = struct {
	sync.Mutex
	next int
}{next: 20000 + os.Getpid()%6000*2}

const (
	lowestPort  = 20000
	highestPort = 32000
)

// freePort returns a port nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	return freePorts(t, 1)
}

// freePorts returns the first of n ports in a row that are free, and whose neighbours so much higher are free as well.
func freePorts(t testing.TB, n int, offsets ...int) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range highestPort - lowestPort {
		first := ports.next
		ports.next += n
		if ports.next+slices.Max(append(offsets, 0)) > highestPort {
			ports.next = lowestPort
		}
		if !slices.ContainsFunc(append(offsets, 0), func(offset int) bool { return !allFree(first+offset, n) }) {
			return first
		}
	}
	t.Fatalf("no %d free ports in a row from %d to %d", n, lowestPort, highestPort)
	return 0
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return false
		}
		if l.Close() != nil {
			return false
		}
	}
	return true
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// portOf is the port of a host:port address, as redis-cli wants it.
func portOf(t testing.TB, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatalf("address %q: %v", address, err)
	}
	return port
}
