package replication

import "github.com/paxredis/paxredis/replication/paxos"

// Storage is the acceptor's memory, which survives a crash.
type Storage interface {
	// Save appends all writes in order and returns once they are on stable storage: one write and one sync for all
	// of them. A Write that is empty but for its hint may stay unsynced. An error is fatal for the process (rule D2):
	// the group never calls Save again. Called from one goroutine.
	Save(writes []paxos.Write) error

	// Read returns the newest stored record of each slot in from..through, in slot order without gaps, as many as fit
	// in maxBytes of payload but at least one. It may run beside Save, from any goroutine. A slot that is missing or
	// damaged is an error.
	Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error)
}
