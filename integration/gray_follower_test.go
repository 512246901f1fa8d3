package integration

import "testing"

// TestANodeWhoseDiskStandsStillKeepsNoLeader has a leader reach a majority only with a node that answers and stores nothing: another node, which
// reaches a majority that stores, must come to lead.
func TestANodeWhoseDiskStandsStillKeepsNoLeader(t *testing.T) {
	t.Parallel()
	c := startFaulty(t, 5)
	c.awaitWritten(c.leader(), 50)
	gray := c.follower()
	c.tell(gray, "disk", 2*limit)
	rest := c.without(gray)
	c.awaitWritten(rest.leader(), 50)
	c.awaitWritten(chain(rest), 50)
	c.heal()
	c.awaitServing()
	c.awaitEqual()
}
