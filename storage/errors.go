package storage

import (
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// Corrupt says that what was synced is not there, or not as it was written. The node must not take part (rule D3).
type Corrupt = journal.Corrupt

// ErrClosed is returned by calls after Close.
var ErrClosed = journal.ErrClosed

// ErrDiskSpace says that there is no room for a checkpoint; the node goes on without.
var ErrDiskSpace = paxos.ErrDiskSpace
