package main

import (
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
	"github.com/paxredis/paxredis/storage/backup"
)

// noCheckpointText begins the error for a checkpoint, or a base of changes, that a node does not have: another node may.
const noCheckpointText = "this node does not have "

// checkpoints are a node's checkpoints as clients may read them, for backups.
type checkpoints struct {
	store *storage.Store
	group *replication.Group
}

// Head implements resp.CheckpointSource.
func (c checkpoints) Head(slot uint64) (found uint64, head []byte, release func(), err error) {
	checkpoint, release, err := c.store.HoldCheckpoint(paxos.Slot(slot))
	if errors.Is(err, paxos.ErrNoCheckpoint) {
		return 0, nil, nil, fmt.Errorf(noCheckpointText+"the checkpoint of slot %d (0: any)", slot)
	}
	if err != nil {
		return 0, nil, nil, err
	}
	if head, err = backup.EncodeHead(c.store.Identity().ClusterUUID, checkpoint); err != nil {
		release()
		return 0, nil, nil, err
	}
	return uint64(checkpoint.Slot), head, release, nil
}

// Read implements resp.CheckpointSource.
func (c checkpoints) Read(slot uint64, cursor []byte, since uint64, maxBytes int) (data, next []byte, err error) {
	if since == 0 {
		data, next, err = c.store.ReadCheckpoint(paxos.Slot(slot), cursor, maxBytes)
	} else {
		data, next, err = c.store.ReadChanges(paxos.Slot(slot), paxos.Slot(since), cursor, maxBytes)
	}
	if errors.Is(err, paxos.ErrNoCheckpoint) {
		err = fmt.Errorf(noCheckpointText+"what changed up to slot %d since slot %d (0: all)", slot, since)
	}
	if errors.Is(err, paxos.ErrDamagedCheckpoint) {
		c.group.ReportDamage(paxos.Slot(slot), err)
	}
	return data, next, err
}
