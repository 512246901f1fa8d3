package monitor

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// ReadyLag is how many slots a node that is ready may be behind what it knows to be chosen. Under load it is always some behind.
const ReadyLag = 1000

// NotReady is why the node should get no clients now; nothing if it should. It does not wait for commands that are applied.
func (m *Monitor) NotReady() []string {
	p := m.parts.Load()
	if p == nil {
		return []string{"starting: the journal and the checkpoint are checked, or the node asks to join"}
	}
	var reasons []string
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	group, checkpoint := p.Group.Status(), p.Group.CheckpointStatus()
	if p.Clients.IsStopping() {
		add("stopping")
	}
	if loading, done, total := p.Group.Loading(); loading {
		add("loading: %d of %d records and slots are restored", done, total)
		return reasons // it knows nothing else yet
	}
	switch {
	case group.Role == paxos.RoleRemoved:
		add("removed: this node is no member of the cluster any more")
	case group.Leader == 0:
		add("no leader: there is no majority, or an election is going on")
	}
	switch lag := lagOf(&group); {
	case checkpoint.Fetching != 0:
		add("catching up: the checkpoint of slot %v is fetched, %d bytes are here", checkpoint.Fetching, checkpoint.Fetched)
	case lag > ReadyLag:
		add("catching up: %d slots behind", lag)
	}
	return reasons
}
