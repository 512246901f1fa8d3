// Package store is a node's storage on a simulated disk: the real journal, and checkpoints that are published in it, as package storage
// has them, but kept in memory instead of in Badger.
package store

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/integration/sim/disk"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// Machine is what one machine's disk holds. It outlives the stores that are opened on it.
type Machine struct {
	Disk *disk.Disk
	// identity is what package storage keeps in a file of its own: it is written and synced at once.
	made      bool
	boot      uint64
	powerLost bool
	images    map[uint64]*image // by generation
	reception *reception
	// generations is how many images there ever were, full whether there is room for another one.
	generations uint64
	full        bool
	// rotten: see Rotten.
	rotten bool
	// published, rewritten, spoilt and received count checkpoints.
	published, rewritten, spoilt, received int
}

// Checkpoints returns how many were published here, and how many of those were written anew, and came from a peer; and how many were not published
// since damage was met as they were read back.
func (m *Machine) Checkpoints() (published, rewritten, received, spoilt int) {
	return m.published, m.rewritten, m.received, m.spoilt
}

// SetFull says that there is no room for checkpoints, or that there is again.
func (m *Machine) SetFull(full bool) { m.full = full }

// NewMachine returns a machine with an empty disk.
func NewMachine(d *disk.Disk) *Machine {
	return &Machine{Disk: d, images: map[uint64]*image{}}
}

// Crash ends whatever used the machine. What was not synced may be gone.
func (m *Machine) Crash(mode disk.Mode) {
	m.Disk.Crash(mode)
	if mode == disk.Kept {
		return
	}
	m.powerLost = true
	maps.DeleteFunc(m.images, func(_ uint64, i *image) bool { return !i.synced })
	m.reception = nil
}

// Options say whose storage it is.
type Options struct {
	Cluster, Node uuid.UUID
	NodeID        paxos.NodeID
	SegmentBytes  int64
}

const dir = "/journal"

// Store implements replication.Storage. It belongs to one goroutine.
type Store struct {
	machine *Machine
	journal *journal.Journal
	boot    uint64
	newest  *image // nil without a published checkpoint
	writing *image
	held    []*image
}

// Open opens what a machine holds, making it first if there is nothing.
func Open(m *Machine, o Options) (*Store, paxos.Restored, error) {
	jo := journal.Options{
		Cluster: o.Cluster, Node: o.Node, NodeID: o.NodeID, SegmentBytes: o.SegmentBytes, Boot: m.boot, PowerLost: m.powerLost,
		Files: m.Disk, Stepped: true,
	}
	if !m.made {
		if err := journal.Create(dir, jo); err != nil {
			return nil, paxos.Restored{}, err
		}
		m.made = true
	}
	j, err := journal.Open(dir, jo)
	if err != nil {
		return nil, paxos.Restored{}, err
	}
	restored, err := j.Restored()
	if err != nil {
		return nil, paxos.Restored{}, err
	}
	m.boot++
	s := &Store{machine: m, journal: j, boot: m.boot}
	if err := j.BeginBoot(m.boot); err != nil {
		return nil, paxos.Restored{}, err
	}
	m.powerLost = false
	s.find()
	return s, restored, nil
}

// find takes up the checkpoint that the journal names, and drops all others.
func (s *Store) find() {
	p, ok := s.journal.Published()
	if ok && !p.IsNone() {
		s.newest = s.machine.images[p.Generation]
		if s.newest == nil { // the description is there, and the records are gone: it is damaged
			c, err := paxos.DecodeCheckpoint(p.Head)
			if err == nil {
				s.newest = &image{generation: p.Generation, checkpoint: c}
			}
		}
	}
	maps.DeleteFunc(s.machine.images, func(_ uint64, i *image) bool { return i != s.newest })
}

// Boot is how often the machine's storage was opened.
func (s *Store) Boot() uint64 { return s.boot }

// Settle does what the journal does in the background.
func (s *Store) Settle() error { return s.journal.Settle() }

// Close ends the use of the storage gracefully.
func (s *Store) Close() error { return s.journal.Close() }

// Save implements replication.Storage.
func (s *Store) Save(writes []paxos.Write) error { return s.journal.Append(writes) }

// Read implements replication.Storage.
func (s *Store) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	return s.journal.Read(from, through, maxBytes)
}

// Cut implements replication.CheckpointStorage.
func (s *Store) Cut(below paxos.Slot) (first paxos.Slot, err error) { return s.journal.Cut(below) }

// JournalBytes implements replication.CheckpointStorage.
func (s *Store) JournalBytes() uint64 { return s.journal.Appended() }

// Pace implements replication.CheckpointStorage.
func (s *Store) Pace(func(worked time.Duration)) {}

// RoomForCheckpoint implements replication.CheckpointStorage.
func (s *Store) RoomForCheckpoint() error {
	if s.machine.Disk.HasFailed() {
		return disk.ErrFailed
	}
	if s.machine.full {
		return fmt.Errorf("the simulated disk is full: %w", paxos.ErrDiskSpace)
	}
	return nil
}
