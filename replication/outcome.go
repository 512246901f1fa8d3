package replication

// Outcome is what became of a command that got no reply from the log. Its String is the error a client reads.
type Outcome uint8

// The outcomes.
const (
	// NoLeader: there was no leader within the commit timeout; the command was sent nowhere and is not applied.
	NoLeader Outcome = 1
	// Uncertain: the command was sent to a leader, and was not applied here within the commit timeout.
	Uncertain Outcome = 2
	// Stopping: the node is shutting down; the command was sent nowhere and is not applied.
	Stopping Outcome = 3
	// Removed: the node is no member of the cluster any more; the command is not applied, and never will be.
	Removed Outcome = 4
	// Loading: the command reads, and the state is being restored, or replaced by a peer's, or one is being fetched from a peer.
	Loading Outcome = 5
)

// String is the error reply, without the leading '-'.
func (o Outcome) String() string {
	switch o {
	case NoLeader:
		return "CLUSTERDOWN no leader within the commit timeout: not applied"
	case Uncertain:
		return "UNCERTAIN no outcome within the commit timeout: the command may or may not be applied"
	case Stopping:
		return "CLUSTERDOWN no leader, this node is shutting down: not applied"
	case Removed:
		return "CLUSTERDOWN this node was removed from the cluster: not applied"
	case Loading:
		return "LOADING Redis is loading the dataset in memory"
	}
	return "ERR unknown outcome"
}
