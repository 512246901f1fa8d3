package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
	"github.com/paxredis/paxredis/storage/state"
)

// Entry is one thing found in a data directory: its identity, something in its journal, or its checkpoint.
type Entry struct {
	Identity   *IdentityEntry   `json:"identity,omitempty"`
	Checkpoint *CheckpointEntry `json:"checkpoint,omitempty"`
	journal.Entry
}

// CheckpointEntry is the newest published checkpoint, all of whose records were read.
type CheckpointEntry struct {
	Slot       paxos.Slot `json:"slot"`
	Generation uint64     `json:"generation"`
	Records    uint64     `json:"records"`
	Bytes      uint64     `json:"bytes"` // of keys and values
	Sum        uint64     `json:"sum"`
	// Group is what the checkpoint holds of the group: sessions and configuration, which are opaque here.
	Group []byte `json:"group,omitempty"`
}

// IdentityEntry is the content of the identity file.
type IdentityEntry struct {
	ClusterUUID string       `json:"cluster_uuid"`
	NodeUUID    string       `json:"node_uuid"`
	NodeID      paxos.NodeID `json:"node_id"`
	Boot        uint64       `json:"boot"`
	// DataKey is the fingerprint of the data key that the directory is encrypted with; empty: it is not.
	DataKey string                  `json:"data_key,omitempty"`
	Joined  bool                    `json:"joined,omitempty"`
	Peers   map[paxos.NodeID]string `json:"peers,omitempty"`
	// First is the configuration the node began with, if it is known.
	First *paxos.Configuration `json:"first_configuration,omitempty"`
	// Recovered says, of the survivor of another cluster, what was taken over from there.
	Recovered *RecoverReport `json:"recovered,omitempty"`
}

// Inspect reads the data directory of a stopped node, and tells visit what it finds, damage included: the identity, then the journal as
// journal.Inspect does, then the newest checkpoint, each of whose records is given to record before, unless that is nil. The verdict of a start
// comes last. It changes nothing, and refuses a directory that a process uses. An error of visit or record ends it. One that is encrypted needs its
// key among keys.
func Inspect(dir string, keys []DataKey, visit func(Entry) error, record func(paxos.CheckpointRecord) error) (err error) {
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
	d := &directory{visit: visit}
	key, _, err := f.directoryKey(dir, keys)
	if errors.As(err, &damage) {
		return errors.Join(visit(Entry{Entry: journal.Entry{File: path, Problem: err.Error()}}), err)
	}
	if err != nil {
		return err
	}
	if d.encryption, err = newEncryption(key); err != nil {
		return err
	}
	if err := journal.Inspect(f.journalDir(dir), f.journalOptions(&d.encryption), d.journalEntry); err != nil {
		return err
	}
	if p := d.published; p != nil && !p.IsNone() {
		if err := d.checkpoint(filepath.Join(dir, stateName), *p, record); err != nil {
			return err
		}
	}
	return d.flush()
}

// directory is an inspection under way. The last entry of the journal, its verdict, waits for what is found in the checkpoint.
type directory struct {
	visit      func(Entry) error
	last       *Entry
	published  *journal.Published // the newest
	encryption encryption
}

func (d *directory) journalEntry(e journal.Entry) error {
	if err := d.flush(); err != nil {
		return err
	}
	if e.Frame == nil {
		d.last = &Entry{Entry: e}
		return nil
	}
	if p := e.Frame.Published; p != nil {
		opened, err := d.encryption.openHead(journal.Published{Slot: p.Slot, Generation: p.Generation, Head: p.Head})
		if err != nil {
			e.Problem = err.Error()
			return d.visit(Entry{Entry: e})
		}
		p.Head, d.published = opened.Head, &opened
	}
	return d.visit(Entry{Entry: e}) // its payloads can be read now only
}

func (d *directory) flush() error {
	if d.last == nil {
		return nil
	}
	e := *d.last
	d.last = nil
	return d.visit(e)
}

// checkpoint reads the newest checkpoint. That it is damaged is told, and no error.
func (d *directory) checkpoint(dir string, p journal.Published, record func(paxos.CheckpointRecord) error) error {
	bytes := uint64(0)
	var stopped error
	c, err := state.Inspect(dir, p, d.encryption.state, func(r paxos.CheckpointRecord) error {
		bytes += uint64(len(r.Key) + len(r.Value))
		if record != nil {
			stopped = record(r)
		}
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	e := Entry{Entry: journal.Entry{File: filepath.Join(dir, strconv.FormatUint(p.Generation, 10))}}
	if err != nil {
		e.Problem = err.Error()
		if d.last != nil && d.last.Problem == "" {
			d.last.Note = "the state is not sound, and must come from another node; the journal by itself is: " + d.last.Note
		}
		return d.visit(e)
	}
	e.Checkpoint = &CheckpointEntry{Slot: c.Slot, Generation: p.Generation, Records: c.Count, Bytes: bytes, Sum: c.Sum, Group: c.Group}
	return d.visit(e)
}

func (f *identityFile) entry() *IdentityEntry {
	e := &IdentityEntry{
		ClusterUUID: f.ClusterUUID.String(), NodeUUID: f.NodeUUID.String(), NodeID: f.NodeID, Boot: f.Boot, Joined: f.Joined, Peers: f.Peers,
	}
	if f.DataKey != nil {
		e.DataKey = f.DataKey.By
	}
	if c, ok := f.firstConfiguration(); ok {
		e.First = &c
	}
	if f.Recovery != nil {
		e.Recovered = &f.Recovery.Report
	}
	return e
}
