package integration

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// startFlood has that many clients, over all nodes, send as fast as they are let, and never read.
func startFlood(t *testing.T, nodes []*node, clients int, command traffic.Command) {
	t.Helper()
	addrs := make([]string, len(nodes))
	for i, n := range nodes {
		addrs[i] = n.address
	}
	f, err := traffic.StartFlood(addrs, clients, command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// awaitInput waits until the nodes have read so many bytes from clients.
func awaitInput(t *testing.T, nodes []*node, bytes int64) {
	t.Helper()
	await(t, fmt.Sprintf("%d bytes to be read", bytes), func() error {
		var sum int64
		for _, n := range nodes {
			info, err := infoOf(n, "stats")
			if err != nil {
				return err
			}
			read, err := strconv.ParseInt(info["total_net_input_bytes"], 10, 64)
			if err != nil {
				return err
			}
			sum += read
		}
		if sum < bytes {
			return fmt.Errorf("%d are", sum)
		}
		return nil
	})
}

// TestClientsThatSendWithoutReadingTakeBoundedMemory: many clients send writes as fast as they are taken, and read no reply. What the nodes hold
// stays within the bounds of their queues, however much is sent; none of the clients is disconnected; and others are served meanwhile.
func TestClientsThatSendWithoutReadingTakeBoundedMemory(t *testing.T) {
	// The queues of a node: its own commands on their way, those of two others, messages of peers, what is to be stored, and
	// what is to be applied (replication.Bounds). Go's collector lets garbage come to as much again.
	const clients = 210
	const most = 2*(16+2*32+64+80+80)<<20 + clients*(64<<10)
	const sent = 2 * most
	c := startCluster(t, 3)
	before := make([]int64, len(c.nodes))
	for i, n := range c.nodes {
		before[i] = n.processFigure("VmRSS")
	}
	startFlood(t, c.nodes, clients, traffic.Set(100, 4096))
	awaitInput(t, c.nodes, sent)
	for i, n := range c.nodes {
		expect(t, n, "OK", "SET", fmt.Sprint("other-", n.id), "v")
		n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == strconv.Itoa(clients/len(c.nodes)+1) })
		grown := n.processFigure("VmHWM") - before[i]
		t.Logf("node %d grew by %d MiB", n.id, grown>>20)
		if grown > most {
			t.Errorf("node %d has grown by %d MiB, and may by %d", n.id, grown>>20, most>>20)
		}
	}
}

// TestAFloodOfUnreadRepliesTakesBoundedMemory: many clients ask for more than they ever read. None is asked for more than it may leave unread, nor
// disconnected, and others are served.
func TestAFloodOfUnreadRepliesTakesBoundedMemory(t *testing.T) {
	const clients, outputLimit, value = 60, 1 << 20, 16 << 10
	// A quarter of the limit may be left unread, and replies are made in bites; buffers grow by doubling, and what they leave is garbage.
	const most = clients * 4 * (outputLimit/4 + 512<<10)
	n := startSingle(t, "--client-output-limit", strconv.Itoa(outputLimit))
	expect(t, n, "OK", "SET", "k", strings.Repeat("v", value))
	before := n.processFigure("VmRSS")
	startFlood(t, []*node{n}, clients, traffic.Fixed("GET", "k"))
	await(t, "every client to have replies that it does not take", func() error {
		list, err := n.rdb().ClientList(t.Context()).Result()
		if err != nil {
			return err
		}
		if full := strings.Count(list, " omem=") - strings.Count(list, " omem=0 "); full < clients {
			return fmt.Errorf("%d have", full)
		}
		return nil
	})
	grown := n.processFigure("VmHWM") - before
	t.Logf("the node grew by %d MiB", grown>>20)
	if grown > most {
		t.Errorf("the node has grown by %d MiB, and may by %d", grown>>20, most>>20)
	}
	expect(t, n, "OK", "SET", "k", "w")
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == strconv.Itoa(clients+1) })
}
