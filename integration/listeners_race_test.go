package integration

import (
	"sync"
	"testing"
)

// TestNodesHaveNoDataRacesWhileTheyTellClients has subscribers, caches and writers come and go on every node, with the race detector inside the
// nodes. A report of the detector in a node's log fails the test.
func TestNodesHaveNoDataRacesWhileTheyTellClients(t *testing.T) {
	c := newClusterOf(t, mustBuild(t, raceBinary), 3, "--event-loops", "2", "--notify-keyspace-events", "KEAmn",
		"--tracking-table-max-keys", "20", "--heartbeat", "200ms", "--lease", "1500ms", "--election-timeout-min", "2s", "--election-timeout-max", "4s")
	c.start()
	c.awaitServing()
	var clients sync.WaitGroup
	for _, n := range c.nodes {
		for _, script := range []string{
			"PSUBSCRIBE * __key*\r\nPING\r\nPUNSUBSCRIBE\r\nSUBSCRIBE news\r\nRESET\r\nQUIT\r\n",
			"HELLO 3\r\nCLIENT TRACKING ON\r\nSET k1 v\r\nMGET k1 k2 k3\r\nMULTI\r\nGET k4\r\nSET k4 v\r\nSUBSCRIBE news\r\nEXEC\r\nCLIENT LIST\r\nINFO\r\nQUIT\r\n",
			"HELLO 3\r\nCLIENT TRACKING ON BCAST PREFIX k NOLOOP\r\nSET k2 v PX 5\r\nPUBSUB CHANNELS\r\nCLIENT TRACKINGINFO\r\nCLIENT TRACKING OFF\r\nQUIT\r\n",
			"PUBLISH news hello\r\nSET k3 v\r\nDEL k4\r\nPUBSUB NUMSUB news\r\nFLUSHALL\r\nQUIT\r\n",
		} {
			clients.Go(func() {
				for range 25 {
					s := dial(t, n.address)
					s.send(script)
					s.rest()
				}
			})
		}
	}
	clients.Wait()
	c.awaitEqual()
}
