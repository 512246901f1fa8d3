package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
	"github.com/paxredis/paxredis/storage/state"
)

const (
	journalName = "journal"
	stateName   = "state"
)

// Options say whose data directory it is.
type Options struct {
	// NodeID is the node's id; a directory of another id is refused. 0: whichever an existing directory has.
	NodeID paxos.NodeID
	// ClusterUUID is the cluster's; a directory of another cluster is refused. Empty: a random one for a new directory, and
	// whichever an existing one has.
	ClusterUUID string
	// NodeUUID is the one a new directory gets, for a node that told it to a cluster before it had a directory; a directory of
	// another one is refused. Empty: a random one for a new directory, and whichever an existing one has.
	NodeUUID string
	// Configuration is the first one of a new directory: the first voters, or what a node was told that joined. It is recorded
	// once, and ignored from then on; see Store.FirstConfiguration.
	Configuration paxos.Configuration
	// Joined says that a new directory is that of a node that joined a running cluster; see Identity.Joined.
	Joined bool
	// DataKeys, if there are any, have a new directory encrypted. An encrypted one needs the key that its own is wrapped with; with the first it is
	// wrapped from then on. See ErrNoDataKey, ErrNotEncrypted and ErrOtherDataKey.
	DataKeys []DataKey
	// SegmentBytes is the size of a journal segment, 0 for 64 MiB. It may change from one start to the next.
	SegmentBytes int64
	// Logger, if not nil, gets what an operator should know: a torn frame dropped, a full disk ahead.
	Logger *slog.Logger

	files journal.FileSystem // nil: the operating system's
}

// Store is the open data directory of a node. Save and Close must not run beside each other; all else may be called from any goroutine.
type Store struct {
	dir      string
	files    journal.FileSystem
	lock     *lock
	journal  *journal.Journal
	state    *state.Checkpoints
	restored paxos.Restored
	// encryption does not change once the directory is open.
	encryption encryption
	pace       atomic.Pointer[func(worked time.Duration)]

	mu       sync.Mutex
	identity identityFile
	broken   error // the first failure to write the identity; sticky
}

// Open opens a data directory, making it first if there is none. It locks it against other processes, verifies all that is
// in it, repairs what a crash may have left, and raises the boot number. After damage the error is a *Corrupt.
func Open(dir string, o Options) (*Store, error) {
	if o.files == nil {
		o.files = journal.OS{}
	}
	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	l, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, files: o.files, lock: l}
	if err := s.open(&o); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return s, nil
}

// makeDirectory makes a directory and its parents, durably.
func makeDirectory(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("storage: the data directory %s is not a directory", dir)
		}
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: cannot use the data directory: %w", err)
	}
	parent := filepath.Dir(dir)
	if err := makeDirectory(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("storage: cannot make the data directory: %w", err)
	}
	if err := (journal.OS{}).SyncDir(parent); err != nil {
		return fmt.Errorf("storage: cannot sync directory %s: %w", parent, err)
	}
	return nil
}

// open does all that Open does under the lock.
func (s *Store) open(o *Options) error {
	found, err := loadIdentity(s.dir, o.NodeID)
	if err != nil {
		return err
	}
	if found == nil {
		if found, err = newIdentity(o); err != nil {
			return err
		}
	}
	s.identity = *found
	if err := finishRecovery(s.dir, s.files, &s.identity); err != nil {
		return err
	}
	if err := s.identity.check(s.dir, o); err != nil {
		return err
	}
	if s.identity.Forgotten != "" {
		return errors.New(s.identity.Forgotten)
	}
	if err := s.openDataKey(o); err != nil {
		return err
	}
	if err := s.identity.begin(&o.Configuration); err != nil {
		return err
	}
	if !s.identity.JournalMade {
		if err := s.makeJournal(o); err != nil {
			return err
		}
	}
	if err := s.openJournal(o); err != nil {
		return err
	}
	err = s.beginBoot()
	if err == nil {
		err = s.openState(o)
	}
	if err != nil {
		return errors.Join(err, s.journal.Close())
	}
	return nil
}

// makeJournal makes an empty journal between two writes of the identity: the first says whose it is, the second that
// it exists.
func (s *Store) makeJournal(o *Options) error {
	dir := filepath.Join(s.dir, journalName)
	if err := s.refuseSegments(dir); err != nil {
		return err
	}
	if err := s.writeIdentity(); err != nil {
		return err
	}
	if err := makeDirectory(dir); err != nil {
		return err
	}
	if err := journal.Create(dir, s.journalOptions(o)); err != nil {
		return err
	}
	s.identity.JournalMade = true
	return s.writeIdentity()
}

// refuseSegments makes sure that a journal that is about to be made does not exist: making one takes no segment.
func (s *Store) refuseSegments(dir string) error {
	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return fmt.Errorf("storage: cannot list %s: %w", dir, err)
	}
	if len(segments) == 0 {
		return nil
	}
	return &Corrupt{
		What:  "the journal holds segments, but the identity says that it was never made: the identity file is an older copy",
		Where: filepath.Join(s.dir, identityName), Hint: journal.RejoinHint(s.identity.NodeID.String()),
	}
}

func (s *Store) openJournal(o *Options) (err error) {
	dir := filepath.Join(s.dir, journalName)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return &Corrupt{What: "the journal is missing", Where: dir, Hint: journal.RejoinHint(s.identity.NodeID.String())}
	}
	if s.journal, err = journal.Open(dir, s.journalOptions(o)); err != nil {
		return err
	}
	if s.restored, err = s.journal.Restored(); err != nil {
		return errors.Join(err, s.journal.Close())
	}
	return nil
}

func (s *Store) journalOptions(o *Options) journal.Options {
	of := s.identity.journalOptions(&s.encryption)
	of.SegmentBytes, of.Files, of.Logger = o.SegmentBytes, o.files, o.Logger
	return of
}

// beginBoot raises the boot number, first in the identity, then in the journal.
func (s *Store) beginBoot() error {
	s.identity.Boot++
	s.identity.MachineBoot = machineBoot()
	if err := s.writeIdentity(); err != nil {
		return err
	}
	return s.journal.BeginBoot(s.identity.Boot)
}

// writeIdentity puts the identity on stable storage.
func (s *Store) writeIdentity() error { return s.identity.write(s.files, s.dir, identityName) }

// Identity returns who the node is, and which boot this is.
func (s *Store) Identity() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity.public()
}

// FirstConfiguration returns the configuration that the node began with; ok is false for a directory that was never told one.
func (s *Store) FirstConfiguration() (c paxos.Configuration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity.firstConfiguration()
}

// Restored returns what the acceptor starts from: what was on stable storage when the directory was opened.
func (s *Store) Restored() paxos.Restored { return s.restored }

// Save implements replication.Storage: all writes in order, one write and one sync. Several are made only if together they are
// larger than a journal segment.
func (s *Store) Save(writes []paxos.Write) error { return s.journal.Append(writes) }

// Read implements replication.Storage. The error for slots that were cut off matches journal.ErrCut.
func (s *Store) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	return s.journal.Read(from, through, maxBytes)
}

// MeetPeer records durably the first UUID met for an id (rule D4). Another one later is an error that names both, and matches
// paxos.ErrOtherUUID.
func (s *Store) MeetPeer(id paxos.NodeID, peer string) error {
	parsed, err := uuid.Parse(peer)
	if err != nil {
		return fmt.Errorf("storage: node UUID %q of node %v: %w", peer, id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if met, known := s.identity.Peers[id]; known && met != parsed.String() {
		return otherUUID{fmt.Errorf("storage: node %v was met with UUID %s and now has UUID %s: its data directory is another one, and it may have forgotten its votes: re-join it with: paxredis member replace %v",
			id, met, parsed, id)}
	}
	return s.rememberPeer(id, parsed)
}

// ConfirmPeer records durably the UUID that the cluster's configuration has for an id, in place of another one met before: a node
// that lost its directory before it could vote keeps its id.
func (s *Store) ConfirmPeer(id paxos.NodeID, peer string) error {
	parsed, err := uuid.Parse(peer)
	if err != nil {
		return fmt.Errorf("storage: node UUID %q of node %v: %w", peer, id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	return s.rememberPeer(id, parsed)
}

// rememberPeer writes down a UUID unless it is known. s.mu is held.
func (s *Store) rememberPeer(id paxos.NodeID, peer uuid.UUID) error {
	if s.identity.Peers[id] == peer.String() {
		return nil
	}
	s.identity.Peers = maps.Clone(s.identity.Peers)
	if s.identity.Peers == nil {
		s.identity.Peers = make(map[paxos.NodeID]string)
	}
	s.identity.Peers[id] = peer.String()
	s.broken = s.writeIdentity()
	return s.broken
}

// Cut implements replication.CheckpointStorage. The checkpoint that covers what is cut must have been published before.
func (s *Store) Cut(below paxos.Slot) (first paxos.Slot, err error) { return s.journal.Cut(below) }

// JournalBytes implements replication.CheckpointStorage.
func (s *Store) JournalBytes() uint64 { return s.journal.Appended() }

// Usage returns the bytes that the journal's segments take.
func (s *Store) Usage() int64 { return s.journal.Bytes() }

// Close releases the directory. What was saved is on stable storage already; Close adds that nothing came after it.
func (s *Store) Close() error {
	stateErr := s.closeState()
	err := s.journal.Close()
	if errors.Is(err, ErrClosed) {
		return err
	}
	return errors.Join(stateErr, err, s.lock.release())
}
