package storage

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// Entry is one thing found in a data directory: its identity, or something in its journal.
type Entry struct {
	Identity *IdentityEntry `json:"identity,omitempty"`
	journal.Entry
}

// IdentityEntry is the content of the identity file.
type IdentityEntry struct {
	ClusterUUID string                  `json:"cluster_uuid"`
	NodeUUID    string                  `json:"node_uuid"`
	NodeID      paxos.NodeID            `json:"node_id"`
	Boot        uint64                  `json:"boot"`
	Joined      bool                    `json:"joined,omitempty"`
	Peers       map[paxos.NodeID]string `json:"peers,omitempty"`
	// First is the configuration the node began with, if it is known.
	First *paxos.Configuration `json:"first_configuration,omitempty"`
	// Recovered says, of the survivor of another cluster, what was taken over from there.
	Recovered *RecoverReport `json:"recovered,omitempty"`
}

// Inspect reads the data directory of a stopped node, and tells visit what it finds, damage included: the identity, then the journal as
// journal.Inspect does. It changes nothing, and refuses a directory that a process uses. An error of visit ends it.
func Inspect(dir string, visit func(Entry) error) (err error) {
	l, err := lockShared(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	f, err := loadIdentity(dir, 0)
	path := filepath.Join(dir, identityName)
	var damage *Corrupt
	switch {
	case errors.As(err, &damage):
		// Without the UUIDs no frame can be told from other bytes.
		return errors.Join(visit(Entry{Entry: journal.Entry{File: path, Problem: err.Error()}}), err)
	case err != nil:
		return err
	case f == nil:
		return fmt.Errorf("storage: %s holds no data of a node", dir)
	}
	if err := visit(Entry{Identity: f.entry(), Entry: journal.Entry{File: path}}); err != nil {
		return err
	}
	return journal.Inspect(f.journalDir(dir), f.journalOptions(), func(e journal.Entry) error { return visit(Entry{Entry: e}) })
}

func (f *identityFile) entry() *IdentityEntry {
	e := &IdentityEntry{
		ClusterUUID: f.ClusterUUID.String(), NodeUUID: f.NodeUUID.String(), NodeID: f.NodeID, Boot: f.Boot, Joined: f.Joined, Peers: f.Peers,
	}
	if c, ok := f.firstConfiguration(); ok {
		e.First = &c
	}
	if f.Recovery != nil {
		e.Recovered = &f.Recovery.Report
	}
	return e
}
